# SPDX-License-Identifier: MIT
# An overlay port of the checkout that it stands in: vcpkg install tidewire --overlay-ports=packaging/vcpkg/ports
get_filename_component(SOURCE_PATH ${CURRENT_PORT_DIR}/../../../.. ABSOLUTE)

vcpkg_cmake_configure(SOURCE_PATH ${SOURCE_PATH} OPTIONS -DTW_BUILD_EXAMPLES=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/tidewire)
vcpkg_fixup_pkgconfig()

# The build makes both libraries; a triplet has one of them. tidewire-config.cmake offers what is there.
if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
  file(GLOB unwanted ${CURRENT_PACKAGES_DIR}/lib/*.a ${CURRENT_PACKAGES_DIR}/debug/lib/*.a
    ${CURRENT_PACKAGES_DIR}/share/tidewire/tidewire-static*.cmake)
else()
  file(GLOB unwanted ${CURRENT_PACKAGES_DIR}/lib/*.so* ${CURRENT_PACKAGES_DIR}/debug/lib/*.so*
    ${CURRENT_PACKAGES_DIR}/share/tidewire/tidewire-shared*.cmake)
endif()
file(REMOVE ${unwanted})
file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/debug/include ${CURRENT_PACKAGES_DIR}/debug/share
  ${CURRENT_PACKAGES_DIR}/share/doc)
file(INSTALL ${CURRENT_PORT_DIR}/usage DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT})
vcpkg_install_copyright(FILE_LIST ${SOURCE_PATH}/LICENSE)
