# Third-party libraries, linked statically by full path where the program ships them: the Release program depends on
# libc and libm alone. CMake's FindHDF5 in static mode would add libcurl and libcrypto for a driver nobody calls.
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)

set(VGG16_MULTIARCH ${CMAKE_LIBRARY_ARCHITECTURE})
find_path(VGG16_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
find_library(VGG16_HDF5_LIBRARY NAMES libhdf5.a PATH_SUFFIXES hdf5/serial ${VGG16_MULTIARCH}/hdf5/serial REQUIRED)
find_library(VGG16_SZ_LIBRARY NAMES libsz.a REQUIRED)
find_library(VGG16_AEC_LIBRARY NAMES libaec.a REQUIRED)
find_library(VGG16_ZLIB_LIBRARY NAMES libz.a REQUIRED)
find_path(VGG16_ZLIB_INCLUDE zlib.h REQUIRED)
find_path(VGG16_JPEG_INCLUDE jpeglib.h REQUIRED)
find_library(VGG16_JPEG_LIBRARY NAMES libjpeg.a REQUIRED)
find_path(VGG16_STB_INCLUDE stb_image.h PATH_SUFFIXES stb REQUIRED)

add_library(third_party_zlib INTERFACE)
target_include_directories(third_party_zlib SYSTEM INTERFACE ${VGG16_ZLIB_INCLUDE})
target_link_libraries(third_party_zlib INTERFACE ${VGG16_ZLIB_LIBRARY})

add_library(third_party_hdf5 INTERFACE)
target_include_directories(third_party_hdf5 SYSTEM INTERFACE ${VGG16_HDF5_INCLUDE})
target_link_libraries(third_party_hdf5 INTERFACE ${VGG16_HDF5_LIBRARY} ${VGG16_SZ_LIBRARY} ${VGG16_AEC_LIBRARY}
                      third_party_zlib ${CMAKE_DL_LIBS} m)

add_library(third_party_jpeg INTERFACE)
target_include_directories(third_party_jpeg SYSTEM INTERFACE ${VGG16_JPEG_INCLUDE})
target_link_libraries(third_party_jpeg INTERFACE ${VGG16_JPEG_LIBRARY})

add_library(third_party_stb INTERFACE)
target_include_directories(third_party_stb SYSTEM INTERFACE ${VGG16_STB_INCLUDE})
