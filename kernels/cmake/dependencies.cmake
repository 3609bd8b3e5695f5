# Third-party libraries, linked statically by full path where the program ships them: the Release program depends on
# libc and libm alone. CMake's FindHDF5 in static mode would add libcurl and libcrypto for a driver (ros3) whose objects
# the linker never takes out of libhdf5.a, because nothing here calls it.
# Everything that is missing is told at once, by the name of the Debian package that brings it.
set(VGG16_MISSING_PACKAGES)
macro(vgg16_need found package)
  if(NOT ${found})
    list(APPEND VGG16_MISSING_PACKAGES ${package})
  endif()
endmacro()

find_package(Threads REQUIRED)
find_package(Eigen3 3.4 QUIET NO_MODULE)
vgg16_need(Eigen3_FOUND libeigen3-dev)
find_package(CLI11 QUIET)
vgg16_need(CLI11_FOUND libcli11-dev)
find_package(nlohmann_json QUIET)
vgg16_need(nlohmann_json_FOUND nlohmann-json3-dev)

find_path(VGG16_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
vgg16_need(VGG16_HDF5_INCLUDE libhdf5-dev)
find_library(VGG16_HDF5_LIBRARY NAMES libhdf5.a PATH_SUFFIXES hdf5/serial ${CMAKE_LIBRARY_ARCHITECTURE}/hdf5/serial)
vgg16_need(VGG16_HDF5_LIBRARY libhdf5-dev)
find_library(VGG16_SZ_LIBRARY NAMES libsz.a)
vgg16_need(VGG16_SZ_LIBRARY libaec-dev)
find_library(VGG16_AEC_LIBRARY NAMES libaec.a)
vgg16_need(VGG16_AEC_LIBRARY libaec-dev)
find_path(VGG16_ZLIB_INCLUDE zlib.h)
vgg16_need(VGG16_ZLIB_INCLUDE zlib1g-dev)
find_library(VGG16_ZLIB_LIBRARY NAMES libz.a)
vgg16_need(VGG16_ZLIB_LIBRARY zlib1g-dev)
find_path(VGG16_JPEG_INCLUDE jpeglib.h)
vgg16_need(VGG16_JPEG_INCLUDE libjpeg62-turbo-dev)
find_library(VGG16_JPEG_LIBRARY NAMES libjpeg.a)
vgg16_need(VGG16_JPEG_LIBRARY libjpeg62-turbo-dev)
find_path(VGG16_STB_INCLUDE stb_image.h PATH_SUFFIXES stb)
vgg16_need(VGG16_STB_INCLUDE libstb-dev)

if(VGG16_TESTS)
  find_package(GTest QUIET)
  vgg16_need(GTest_FOUND libgtest-dev)
  if(NOT TARGET GTest::gmock)
    list(APPEND VGG16_MISSING_PACKAGES libgmock-dev)
  endif()
endif()
if(VGG16_BENCH)
  find_package(benchmark QUIET)
  vgg16_need(benchmark_FOUND libbenchmark-dev)
endif()

if(VGG16_MISSING_PACKAGES)
  list(REMOVE_DUPLICATES VGG16_MISSING_PACKAGES)
  list(JOIN VGG16_MISSING_PACKAGES " " missing)
  message(FATAL_ERROR "Libraries are missing. On Debian 12 this installs them:\n  apt-get install ${missing}\n"
                      "-DVGG16_TESTS=OFF and -DVGG16_BENCH=OFF leave out what only the tests and the benchmarks need.")
endif()

# vgg16_archive(NAME ARCHIVE INCLUDE [NEEDS library...]): an imported target, so that CMake knows which archive needs which
# and puts them in that order whoever else names them.
function(vgg16_archive name archive include)
  cmake_parse_arguments(ARCHIVE "" "" "NEEDS" ${ARGN})
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${archive})
  target_include_directories(${name} SYSTEM INTERFACE ${include})
  target_link_libraries(${name} INTERFACE ${ARCHIVE_NEEDS})
endfunction()

vgg16_archive(third_party_zlib ${VGG16_ZLIB_LIBRARY} ${VGG16_ZLIB_INCLUDE})
vgg16_archive(third_party_aec ${VGG16_AEC_LIBRARY} ${VGG16_HDF5_INCLUDE})
vgg16_archive(third_party_sz ${VGG16_SZ_LIBRARY} ${VGG16_HDF5_INCLUDE} NEEDS third_party_aec)
vgg16_archive(third_party_hdf5 ${VGG16_HDF5_LIBRARY} ${VGG16_HDF5_INCLUDE}
              NEEDS third_party_sz third_party_zlib ${CMAKE_DL_LIBS} m)
vgg16_archive(third_party_jpeg ${VGG16_JPEG_LIBRARY} ${VGG16_JPEG_INCLUDE})

add_library(third_party_stb INTERFACE)
target_include_directories(third_party_stb SYSTEM INTERFACE ${VGG16_STB_INCLUDE})

# For a program that is copied to other machines: the compiler's own runtime goes into the file too. The sanitizers
# need the shared one.
add_library(vgg16_standalone INTERFACE)
if(NOT VGG16_SANITIZE)
  target_link_options(vgg16_standalone INTERFACE -static-libgcc -static-libstdc++)
endif()
