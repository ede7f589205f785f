# SPDX-License-Identifier: MIT
# Builds against musl with Debian's packages clang, musl-dev and libc++-dev. Of the C++ library the engine takes headers
# only, and links nothing of it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER clang-14)
set(CMAKE_CXX_COMPILER clang++-14)
set(CMAKE_C_COMPILER_TARGET x86_64-linux-musl)
set(CMAKE_CXX_COMPILER_TARGET x86_64-linux-musl)
set(llvm /usr/lib/llvm-14)
set(musl /usr/lib/x86_64-linux-musl)
set(includes "-isystem ${llvm}/lib/clang/14.0.6/include -isystem /usr/include/x86_64-linux-musl")
set(CMAKE_C_FLAGS_INIT "-nostdinc ${includes}")
set(CMAKE_CXX_FLAGS_INIT "-nostdinc -nostdinc++ -isystem ${llvm}/include/c++/v1 ${includes} -D_LIBCPP_HAS_MUSL_LIBC")
set(link "-B${musl} -L${musl} -static-libgcc -nostdlib++ -Wno-unused-command-line-argument")
set(CMAKE_EXE_LINKER_FLAGS_INIT ${link})
set(CMAKE_SHARED_LINKER_FLAGS_INIT ${link})
# What is made for glibc is not for us.
set(CMAKE_FIND_ROOT_PATH ${CMAKE_CURRENT_LIST_DIR}/../../build/musl-root)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
