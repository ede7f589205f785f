# SPDX-License-Identifier: MIT
# Finds the compression library; TW_ZLIB is its target. Included by whoever adds this directory, because imported targets
# are scoped to the directory that finds them.
option(TW_ZLIB_NG "Compress with zlib-ng, which must be installed, instead of zlib" OFF)

if(TW_ZLIB_NG)
  find_package(zlib-ng CONFIG QUIET)
endif()
if(TW_ZLIB_NG AND TARGET zlib-ng::zlib)
  set(TW_ZLIB zlib-ng::zlib)
else()
  find_package(ZLIB REQUIRED)
  set(TW_ZLIB ZLIB::ZLIB)
  if(TW_ZLIB_NG)
    # zlib-ng built to take the place of zlib says so in zlib's header.
    find_file(TW_ZLIB_HEADER zlib.h PATHS ${ZLIB_INCLUDE_DIRS} NO_CACHE REQUIRED NO_DEFAULT_PATH)
    file(STRINGS ${TW_ZLIB_HEADER} TW_ZLIBNG_LINE REGEX "^#define ZLIBNG_VERSION ")
    if(NOT TW_ZLIBNG_LINE)
      message(FATAL_ERROR "TW_ZLIB_NG is on, but there is no zlib-ng: neither its CMake package nor, in the place of zlib, "
                          "its compatible build (${TW_ZLIB_HEADER} is zlib's). Set CMAKE_PREFIX_PATH or turn TW_ZLIB_NG off.")
    endif()
  endif()
endif()
