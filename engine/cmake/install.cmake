# What `cmake --install` installs: the program; the library as archive and as shared library, its public headers, and
# packages for CMake's find_package(vgg16) and for pkg-config; the weights with the page that names their authors and
# licence, as a file and as a library; the module for Python, beside the weights. The installed folder may be moved: every
# path in it is relative. Each COMPONENT is a Debian package (packages.cmake).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vgg16)
set(share_dir ${CMAKE_INSTALL_DATADIR}/vgg16)

if(TARGET vgg16)
  install(TARGETS vgg16 RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  set(manual ${PROJECT_BINARY_DIR}/cli)
  install(FILES ${manual}/vgg16.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
  install(FILES ${manual}/vgg16.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME vgg16
          COMPONENT program)
  install(FILES ${manual}/_vgg16 DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program)
  install(FILES ${manual}/vgg16.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
endif()
install(TARGETS vgg16_shared EXPORT vgg16-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT library NAMELINK_COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/weights/vgg16-f16.safetensors DESTINATION ${share_dir} COMPONENT weights)
install(FILES ${PROJECT_SOURCE_DIR}/weights/README.md DESTINATION ${share_dir} RENAME weights.md COMPONENT weights)
install(FILES ${PROJECT_SOURCE_DIR}/engine/c/vgg16.py DESTINATION ${share_dir} COMPONENT python)

# The rest is for those who build programs.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
install(TARGETS vgg16_library EXPORT vgg16-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS vgg16_embedded_weights EXPORT vgg16-weights ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/engine/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
foreach(component static shared weights)
  install(EXPORT vgg16-${component} NAMESPACE vgg16:: DESTINATION ${package_dir})
endforeach()
set(package ${PROJECT_BINARY_DIR}/package)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vgg16-config.cmake.in ${package}/vgg16-config.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS share_dir)
write_basic_package_version_file(${package}/vgg16-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${package}/vgg16-config.cmake ${package}/vgg16-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/archives.cmake ${PROJECT_SOURCE_DIR}/cli/packages.txt DESTINATION ${package_dir})

# For pkg-config.
string(REGEX REPLACE "[^/]+" ".." pc_up ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
list(JOIN VGG16_ARCHIVE_NEEDS " " pc_archive_needs)
string(APPEND pc_archive_needs " -lstdc++ -lm -pthread -ldl -lrt")
foreach(name vgg16 vgg16-static)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${package}/${name}.pc @ONLY)
  install(FILES ${package}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

include(${CMAKE_CURRENT_LIST_DIR}/packages.cmake)
