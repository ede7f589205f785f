# SPDX-License-Identifier: MIT
# Run by CPack on the tree that it is about to pack: gives each Debian package the documents that Debian's policy asks
# for (sections 12.5 and 12.7), in the place of those that `cmake --install` puts into share/doc/tidewire.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()
get_filename_component(source ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
set(docs ${CPACK_PACKAGING_INSTALL_PREFIX}/share/doc)
file(READ ${source}/LICENSE licence)
string(REGEX REPLACE "^MIT License\n\nCopyright \\(c\\) ([^\n]*)\n\n(.*)\n$" "\\2" text "${licence}")
set(holder ${CMAKE_MATCH_1})
string(REGEX REPLACE "\n\n" "\n.\n" text "${text}")
string(REGEX REPLACE "\n" "\n " text "${text}")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH where that is set
set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})

foreach(component runtime dev)
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(tree ${CPACK_TEMPORARY_DIRECTORY}/${component}${docs})
  file(REMOVE_RECURSE ${tree}/tidewire)
  file(CONFIGURE OUTPUT ${tree}/${package}/copyright CONTENT [[
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tidewire

Files: *
Copyright: @holder@
License: Expat
 @text@
]] @ONLY)
  file(CONFIGURE OUTPUT ${tree}/${package}/changelog.Debian CONTENT [[
tidewire (@version@) unstable; urgency=medium

  * Version @CPACK_PACKAGE_VERSION@.

 -- @CPACK_PACKAGE_CONTACT@  @date@
]] @ONLY)
  execute_process(COMMAND gzip -9n ${tree}/${package}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
endforeach()
