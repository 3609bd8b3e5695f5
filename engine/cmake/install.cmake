# What `cmake --install` installs: the program; the archive, the public headers and a package for find_package(vgg16);
# the weights with the page that names their authors and licence.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vgg16)
set(share_dir ${CMAKE_INSTALL_DATADIR}/vgg16)

install(TARGETS vgg16 RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS vgg16_library EXPORT vgg16-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY engine/include/vgg16 DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES weights/vgg16-f16.safetensors DESTINATION ${share_dir})
install(FILES weights/README.md DESTINATION ${share_dir} RENAME weights.md)

install(EXPORT vgg16-targets NAMESPACE vgg16:: DESTINATION ${package_dir})
configure_package_config_file(engine/cmake/vgg16-config.cmake.in ${PROJECT_BINARY_DIR}/package/vgg16-config.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS share_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/vgg16-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/vgg16-config.cmake ${PROJECT_BINARY_DIR}/package/vgg16-config-version.cmake
              engine/cmake/archives.cmake cli/packages.txt DESTINATION ${package_dir})
