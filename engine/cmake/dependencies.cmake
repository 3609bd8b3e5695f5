# Third-party libraries, linked statically by full path where the program ships them: the Release program depends on
# libc and libm alone. CMake's FindHDF5 in static mode would add libcurl and libcrypto for a driver (ros3) whose objects
# the linker never takes out of libhdf5.a, because nothing here calls it.
# Everything that is missing is told at once, by the name of the Debian package that brings it.
include(${CMAKE_CURRENT_LIST_DIR}/archives.cmake)

find_package(Threads REQUIRED)
find_package(Eigen3 3.4 QUIET NO_MODULE)
vgg16_need(Eigen3_FOUND libeigen3-dev)
find_package(CLI11 QUIET)
vgg16_need(CLI11_FOUND libcli11-dev)
find_package(nlohmann_json QUIET)
vgg16_need(nlohmann_json_FOUND nlohmann-json3-dev)
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

add_library(third_party_stb INTERFACE)
target_include_directories(third_party_stb SYSTEM INTERFACE ${VGG16_STB_INCLUDE})

# For a program that is copied to other machines: the compiler's own runtime goes into the file too. The sanitizers
# need the shared one.
add_library(vgg16_standalone INTERFACE)
if(NOT VGG16_SANITIZE)
  target_link_options(vgg16_standalone INTERFACE -static-libgcc -static-libstdc++)
endif()
