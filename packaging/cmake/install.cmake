# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, in two components: `runtime` is the shared library under the name that programs
# load, `dev` is all that a build needs. Nothing installed names a directory of this build or the prefix: the tree may
# be moved.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(TW_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tidewire)

# Two export sets, because only the static library needs the compression library of its user.
set_target_properties(tw_static PROPERTIES EXPORT_NAME static)
install(TARGETS tidewire EXPORT tidewire-shared INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev)
install(TARGETS tw_static EXPORT tidewire-static INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
foreach(kind shared static)
  install(EXPORT tidewire-${kind} NAMESPACE tidewire:: DESTINATION ${TW_CMAKE_DIR} COMPONENT dev)
endforeach()
install(DIRECTORY capi/include/tidewire DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev FILES_MATCHING PATTERN *.h)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev)

# The version that find_package compares is the library's. A newer one serves as long as the binary interface keeps its
# major version, and it has had version 1 from the first release on.
string(REGEX REPLACE "::.*" "" TW_ZLIB_PACKAGE ${TW_ZLIB})
configure_package_config_file(packaging/cmake/tidewire-config.cmake.in tidewire-config.cmake
  INSTALL_DESTINATION ${TW_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(tidewire-config-version.cmake COMPATIBILITY AnyNewerVersion)
install(FILES ${PROJECT_BINARY_DIR}/tidewire-config.cmake ${PROJECT_BINARY_DIR}/tidewire-config-version.cmake
  DESTINATION ${TW_CMAKE_DIR} COMPONENT dev)

# Requires.private would ask for zlib's own .pc file even where the shared library is linked.
set(TW_PC_LIBS_PRIVATE -lz)
if(TW_ZLIB STREQUAL "zlib-ng::zlib")
  set(TW_PC_LIBS_PRIVATE -lz-ng)
endif()
file(RELATIVE_PATH TW_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" TW_PC_PREFIX ${TW_PC_PREFIX})
configure_file(packaging/cmake/tidewire.pc.in tidewire.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tidewire.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
