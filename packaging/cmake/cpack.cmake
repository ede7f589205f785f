# SPDX-License-Identifier: MIT
# Packages: libtidewire1 and libtidewire-dev for Debian, and one archive with everything. SOURCE_DATE_EPOCH makes them
# the same to the byte from one build to the next.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_VENDOR "The tidewire authors")
# There is no address; one who publishes packages gives his own: cpack -D CPACK_PACKAGE_CONTACT="..."
set(CPACK_PACKAGE_CONTACT "The tidewire authors <maintainers@tidewire.invalid>")
set(CPACK_PACKAGE_FILE_NAME tidewire-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)

set(TW_DEBIAN_ABOUT "A WebSocket engine (RFC 6455, RFC 7692) that owns no socket, clock, file or
thread: the program hands in the bytes that it read, gets events in memory that
it provides, and writes the bytes that the engine shows it.")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own, in the first line
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "WebSocket engine without I/O - shared library\n${TW_DEBIAN_ABOUT}")
set(CPACK_DEBIAN_DEV_DESCRIPTION "WebSocket engine without I/O - development files\n${TW_DEBIAN_ABOUT}\n
This package has the headers, the static library, and what pkg-config and CMake
look for.")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE tidewire)
set(CPACK_DEBIAN_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON) # not the umask's
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libtidewire${TW_ABI_MAJOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/symbols ${PROJECT_BINARY_DIR}/debian/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libtidewire-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libtidewire${TW_ABI_MAJOR} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS zlib1g-dev) # only the static library needs it

# The first release with each version of the binary interface: packages of programs depend on the one that they need.
# What is unstable ties them to this release.
set(TW_SINCE_1.0 0.1.0)
set(TW_SINCE_1.1 0.2.0)
math(EXPR patch ${PROJECT_VERSION_PATCH}+1)
set(TW_SINCE_unstable "${PROJECT_VERSION} 1")
set(TW_NEXT ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}.${patch})
file(STRINGS capi/symbols.txt lines)
list(TRANSFORM lines REPLACE "^.* " "" OUTPUT_VARIABLE nodes)
list(REMOVE_DUPLICATES nodes)
list(TRANSFORM nodes REPLACE "(.+)" "TW_\\1 \\1" OUTPUT_VARIABLE nodes)
set(TW_DEBIAN_SYMBOLS "")
foreach(line ${nodes} ${lines})
  string(REGEX MATCH "^(.+) (.+)$" _ ${line})
  if(NOT DEFINED TW_SINCE_${CMAKE_MATCH_2})
    message(FATAL_ERROR "packaging/cmake/cpack.cmake: which release is the first with version ${CMAKE_MATCH_2}?")
  endif()
  string(APPEND TW_DEBIAN_SYMBOLS " ${CMAKE_MATCH_1}@TW_${CMAKE_MATCH_2} ${TW_SINCE_${CMAKE_MATCH_2}}\n")
endforeach()
file(CONFIGURE OUTPUT debian/symbols CONTENT [[
libtidewire.so.@TW_ABI_MAJOR@ libtidewire@TW_ABI_MAJOR@ #MINVER#
| libtidewire@TW_ABI_MAJOR@ #MINVER#, libtidewire@TW_ABI_MAJOR@ (<< @TW_NEXT@~)
* Build-Depends-Package: libtidewire-dev
@TW_DEBIAN_SYMBOLS@]] @ONLY)

file(CONFIGURE OUTPUT debian/triggers CONTENT "activate-noawait ldconfig\n" @ONLY)

set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/cmake/cpack_tree.cmake)
include(CPack)
