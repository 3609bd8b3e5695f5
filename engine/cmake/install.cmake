# What `cmake --install` installs: the program; the library as archive and as shared library, its public headers, and
# packages for CMake's find_package(vgg16) and for pkg-config; the weights with the page that names their authors and
# licence, as a file and as a library; the module for Python, beside the weights. The installed folder may be moved: every path in it is relative.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vgg16)
set(share_dir ${CMAKE_INSTALL_DATADIR}/vgg16)

if(TARGET vgg16)
  install(TARGETS vgg16 RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set(manual ${PROJECT_BINARY_DIR}/cli)
  install(FILES ${manual}/vgg16.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${manual}/vgg16.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME vgg16)
  install(FILES ${manual}/_vgg16 DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${manual}/vgg16.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
install(TARGETS vgg16_library EXPORT vgg16-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS vgg16_shared EXPORT vgg16-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS vgg16_embedded_weights EXPORT vgg16-weights ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/engine/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/weights/vgg16-f16.safetensors ${PROJECT_SOURCE_DIR}/engine/c/vgg16.py
        DESTINATION ${share_dir})
install(FILES ${PROJECT_SOURCE_DIR}/weights/README.md DESTINATION ${share_dir} RENAME weights.md)

foreach(component static shared weights)
  install(EXPORT vgg16-${component} NAMESPACE vgg16:: DESTINATION ${package_dir})
endforeach()
set(package ${PROJECT_BINARY_DIR}/package)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vgg16-config.cmake.in ${package}/vgg16-config.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS share_dir)
write_basic_package_version_file(${package}/vgg16-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${package}/vgg16-config.cmake ${package}/vgg16-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/archives.cmake ${PROJECT_SOURCE_DIR}/cli/packages.txt DESTINATION ${package_dir})

# For pkg-config. What the archive needs is listed as the files that this build found.
string(REGEX REPLACE "[^/]+" ".." pc_up ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(pc_archive_needs)
foreach(library hdf5 jpeg zlib cudart)
  if(TARGET third_party_${library})
    get_target_property(file third_party_${library}_shared IMPORTED_LOCATION)
    list(APPEND pc_archive_needs ${file})
  endif()
endforeach()
list(JOIN pc_archive_needs " " pc_archive_needs)
string(APPEND pc_archive_needs " -lstdc++ -lm -pthread -ldl -lrt")
foreach(name vgg16 vgg16-static)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${package}/${name}.pc @ONLY)
  install(FILES ${package}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
