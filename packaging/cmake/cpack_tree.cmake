# SPDX-License-Identifier: MIT
# Run by CPack on the tree that it is about to pack. For Debian, gives each package the documents that Debian's policy
# asks for (sections 12.5 and 12.7) in the place of those that `cmake --install` puts into share/doc/tidewire.
function(add_debian_documents package root)
  get_filename_component(source ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
  set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH where that is set

  set(docs ${root}${CPACK_PACKAGING_INSTALL_PREFIX}/share/doc)
  file(REMOVE_RECURSE ${docs}/tidewire)
  file(MAKE_DIRECTORY ${docs}/${package})
  file(COPY_FILE ${source}/LICENSE ${docs}/${package}/copyright)
  file(CONFIGURE OUTPUT ${docs}/${package}/changelog.Debian CONTENT [[
tidewire (@version@) unstable; urgency=medium

  * Version @CPACK_PACKAGE_VERSION@.

 -- @CPACK_PACKAGE_CONTACT@  @date@
]] @ONLY)
  execute_process(COMMAND gzip -9n ${docs}/${package}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(CPACK_GENERATOR STREQUAL DEB)
  add_debian_documents(${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME} ${CPACK_TEMPORARY_DIRECTORY}/runtime)
  add_debian_documents(${CPACK_DEBIAN_DEV_PACKAGE_NAME} ${CPACK_TEMPORARY_DIRECTORY}/dev)
endif()
# The directories that CPack makes itself, and these files, have what the caller's umask leaves.
execute_process(COMMAND chmod -R u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY} COMMAND_ERROR_IS_FATAL ANY)
