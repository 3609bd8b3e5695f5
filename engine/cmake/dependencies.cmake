# Third-party libraries. If all of them exist as archives, the Release program depends on libc and libm alone. Whatever
# is missing is reported in one message, by the names of the packages that contain it.
set(VGG16_PACKAGE_NAMES ${PROJECT_SOURCE_DIR}/cli/packages.txt)
include(${CMAKE_CURRENT_LIST_DIR}/archives.cmake)

find_package(Threads REQUIRED)
find_package(Eigen3 QUIET NO_MODULE)  # whose 5 would not answer to a request for 3.4
if(Eigen3_VERSION VERSION_LESS 3.4)
  set(Eigen3_FOUND FALSE)
endif()
vgg16_need(Eigen3_FOUND libeigen3-dev)
find_package(nlohmann_json QUIET)
vgg16_need(nlohmann_json_FOUND nlohmann-json3-dev)
if(VGG16_CLI OR VGG16_TESTS)
  find_package(CLI11 QUIET)
  vgg16_need(CLI11_FOUND libcli11-dev)
endif()

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
  vgg16_how_to_install(command ${VGG16_MISSING_PACKAGES})
  message(FATAL_ERROR "Libraries are missing. This installs them:\n  ${command}\n"
                      "A prefix of your own does as well: -DCMAKE_PREFIX_PATH=FOLDER. "
                      "-DVGG16_TESTS=OFF and -DVGG16_BENCH=OFF leave out what only the tests and the benchmarks need.")
endif()

# Prints what was found. VGG16_SHARED_LIBRARIES are the libraries that must be present where the program runs.
file(STRINGS ${VGG16_HDF5_INCLUDE}/H5public.h version REGEX "define H5_VERS_(MAJOR|MINOR|RELEASE) ")
string(REGEX REPLACE "#define H5_VERS_[A-Z]+ +([0-9]+)[^;]*" "\\1" version "${version}")
list(JOIN version "." version)
string(PREPEND version " ")
foreach(library HDF5 JPEG ZLIB)
  set(VGG16_${library}_LINKAGE static)
  if(NOT VGG16_${library}_LIBRARY MATCHES "\\.a$")
    set(VGG16_${library}_LINKAGE shared)
  endif()
  message(STATUS "${library}${version}, ${VGG16_${library}_LINKAGE}: ${VGG16_${library}_LIBRARY}")
  set(version)
endforeach()
set(VGG16_SHARED_LIBRARIES)
foreach(file ${VGG16_HDF5_LIBRARY} ${VGG16_JPEG_LIBRARY} ${VGG16_ZLIB_LIBRARY} ${VGG16_SZIP})
  if(NOT file MATCHES "\\.a$")
    get_filename_component(name ${file} NAME_WE)
    list(APPEND VGG16_SHARED_LIBRARIES ${name})
  endif()
endforeach()

# For a program that is copied to other machines: links the compiler's runtime statically and drops unused sections
# (std::random_device, unused, would require a newer C library). The sanitizers need the shared runtime.
add_library(vgg16_standalone INTERFACE)
if(NOT VGG16_SANITIZE)
  target_sources(vgg16_standalone INTERFACE ${PROJECT_SOURCE_DIR}/cli/find_object.cpp)
  target_link_options(vgg16_standalone INTERFACE -static-libgcc -static-libstdc++ -Wl,--gc-sections)
endif()
# How a program that links libvgg16.a gets the libraries (pkg-config): by name from the system's folders, else by path.
# What is installed finds shared ones in the user's own prefix, too. Of the system's folders no path is recorded, which
# Debian's packages must not have.
set(VGG16_ARCHIVE_NEEDS)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH OFF)
foreach(library hdf5 jpeg zlib cudart)
  if(TARGET third_party_${library}_shared)
    get_target_property(file third_party_${library}_shared IMPORTED_LOCATION)
    file(REAL_PATH ${file} real_file)
    get_filename_component(folder ${real_file} DIRECTORY)
    if(folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
      string(REGEX REPLACE ".*/lib([^.]+)\\..*" "-l\\1" file ${real_file})
    elseif(NOT file MATCHES "\\.a$")
      set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
    endif()
    list(APPEND VGG16_ARCHIVE_NEEDS ${file})
  endif()
endforeach()
