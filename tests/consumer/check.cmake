# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DCXX=... -DFLAGS=... -DPREFIX=... -P check.cmake
# Installs the build into a folder, moves that folder elsewhere, as an archive is unpacked elsewhere, and builds and runs
# the program beside this script against it. PREFIX is where the build found its libraries, if not in the system's folders.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

if(PREFIX)
  set(ENV{CMAKE_PREFIX_PATH} ${PREFIX})
endif()
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/installed)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${CXX}
    -DCMAKE_CXX_FLAGS=${FLAGS} -DCMAKE_PREFIX_PATH=${WORK}/installed)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
if(NOT output MATCHES "^64 numbers, the first [0-9.]+\nmissing.h5: no such file\n$")
  message(FATAL_ERROR "the consumer printed:\n${output}")
endif()
run(${WORK}/installed/bin/vgg16 --version)
message(STATUS "installed, moved, found, linked and run")
