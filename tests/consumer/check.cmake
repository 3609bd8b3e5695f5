# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DCC=... -DCXX=... -DFLAGS=... -DPREFIX=... -DGENERATOR=... -P check.cmake
# Installs the build into a folder, moves that folder elsewhere, as an archive is unpacked elsewhere, and builds and runs
# the programs beside this script against it: by CMake and by hand with pkg-config, against the archive and the shared
# library, and as plug-ins. PREFIX is where the build found its libraries, if not in the system's folders. With
# INSTALLED=/usr instead of BUILD it takes what packages have installed there (tests/packages).
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(run_consumer)
  run(${ARGV})
  if(NOT output MATCHES "^64 numbers, the first [0-9.]+\nmissing.h5: no such file\n$")
    message(FATAL_ERROR "${ARGV} printed:\n${output}")
  endif()
endfunction()

if(PREFIX)
  set(ENV{CMAKE_PREFIX_PATH} ${PREFIX})
endif()
file(REMOVE_RECURSE ${WORK})
if(INSTALLED)
  set(installed ${INSTALLED})
else()
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
  set(installed ${WORK}/installed)
  file(RENAME ${WORK}/first ${installed})
endif()
run(${installed}/bin/vgg16 --version)
file(GLOB headers ${installed}/include/vgg16.h ${installed}/include/vgg16/*.h)
list(FILTER headers EXCLUDE REGEX "embedded_weights.h$")
file(GLOB library ${installed}/lib*/libvgg16.so ${installed}/lib/*/libvgg16.so)
get_filename_component(lib ${library} DIRECTORY)

# In three projects: two that find the package, one of them in C, and one that has the sources as a part, which is only
# configured.
set(compilers -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_C_FLAGS=${FLAGS} -DCMAKE_CXX_FLAGS=${FLAGS}
    -G ${GENERATOR})
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consumer -B ${WORK}/build ${compilers} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_PREFIX_PATH=${installed})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run_consumer(${WORK}/build/consumer_vgg16)
run_consumer(${WORK}/build/consumer_shared)
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consumer/c -B ${WORK}/c ${compilers} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_PREFIX_PATH=${installed})
run(${CMAKE_COMMAND} --build ${WORK}/c)
run_consumer(${WORK}/c/consumer)
if(NOT FLAGS)  # with sanitizers, everything stays in memory
  run(${WORK}/build/host ${WORK}/build/libplugin_vgg16.so ${WORK}/build/libplugin_shared.so)
  message(STATUS "${output}")
endif()
if(NOT INSTALLED)
  run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consumer/parent -B ${WORK}/parent ${compilers} -DVGG16_SOURCE=${SOURCE})
endif()

find_program(PKG_CONFIG NAMES pkg-config pkgconf)
if(PKG_CONFIG)
  set(ENV{PKG_CONFIG_PATH} ${lib}/pkgconfig)
  foreach(package vgg16 vgg16-static)
    run(${PKG_CONFIG} --variable=weights ${package})
    string(STRIP "${output}" weights)
    run(${PKG_CONFIG} --cflags --libs ${package})
    separate_arguments(flags UNIX_COMMAND "${output} ${FLAGS}")
    run(${CXX} -std=c++20 -DWEIGHTS="${weights}" ${SOURCE}/tests/consumer/main.cpp -o ${WORK}/${package} ${flags}
        -Wl,-rpath,${lib})
    run_consumer(${WORK}/${package})
    run(${CC} -std=c99 -DWEIGHTS="${weights}" ${SOURCE}/tests/consumer/c/main.c -o ${WORK}/${package}-c ${flags}
        -Wl,-rpath,${lib})
    run_consumer(${WORK}/${package}-c)
  endforeach()
else()
  message(STATUS "pkg-config is not installed: what it says about the library is not checked")
endif()

find_program(PYTHON python3)
if(PYTHON AND NOT FLAGS)
  run(${PYTHON} ${SOURCE}/tests/consumer/exported_names.py ${CUDA} ${library} ${headers})
  message(STATUS "${output}")
else()
  message(STATUS "python3 is not installed, or this is a build with sanitizers: exported names are not checked")
endif()
# The Python module.
if(DEFINED ENV{VGG16_TEST_PYTHON} AND NOT FLAGS)
  run($ENV{VGG16_TEST_PYTHON} ${SOURCE}/tests/python/check_module.py ${installed}/share/vgg16
      ${SOURCE}/README.md)
  message(STATUS "${output}")
else()
  message(STATUS "VGG16_TEST_PYTHON is not set, or this is a build with sanitizers: the Python module is not checked")
endif()
message(STATUS "installed, found, linked and run")
