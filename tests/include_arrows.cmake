# cmake -P include_arrows.cmake: every #include "..." of the rooms against the table of engine/README.md.
# This checks the project's own headers; that a room cannot include third-party headers it does not name, the build
# ensures.
cmake_policy(VERSION 3.22)
get_filename_component(top ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

# room, then what it may include beside its own headers and vgg16/*: other rooms, or single headers of theirs.
set(arrows
    "kernels vocabulary"
    "engine/vocabulary"
    "engine/files vocabulary"
    "engine/hdf5 vocabulary files"
    "engine/npy vocabulary files"
    "engine/network"
    "engine/image vocabulary"
    "engine/safetensors files"
    "engine/backend vocabulary network kernels"
    "engine/extract vocabulary backend network kernels/parallel.h"
    "engine/features vocabulary files hdf5 npy"
    "engine/learn/matrix vocabulary kernels/parallel.h kernels/sparse_products.h"
    "engine/learn/solve learn/matrix kernels/parallel.h kernels/sparse_products.h"
    "engine/learn/forest learn/matrix kernels/parallel.h"
    "engine/learn/flow learn/matrix learn/solve learn/forest vocabulary files safetensors kernels/parallel.h kernels/sparse_products.h"
    "engine/flows"
    "engine/c"
    "weights vocabulary network files hdf5 safetensors"
    "cli page"
    "cli/page")

set(wrong)
set(rooms)
foreach(arrow IN LISTS arrows)
  separate_arguments(allowed UNIX_COMMAND "${arrow}")
  list(POP_FRONT allowed folder)
  list(APPEND rooms ${folder})
  string(REGEX REPLACE "^engine/" "" room ${folder})
  file(GLOB sources ${top}/${folder}/*.h ${top}/${folder}/*.cpp ${top}/${folder}/*.inc ${top}/${folder}/*.cu
       ${top}/${folder}/*.cuh)
  if(NOT sources)
    list(APPEND wrong "${folder}: no sources; is the room gone?")
  endif()
  foreach(source IN LISTS sources)
    file(STRINGS ${source} includes REGEX "^ *# *include *\"")
    foreach(line IN LISTS includes)
      string(REGEX REPLACE ".*\"(.*)\".*" "\\1" header ${line})
      get_filename_component(from ${header} DIRECTORY)
      # An include without a folder is of a header in the file's own folder.
      if(NOT from STREQUAL "" AND NOT from STREQUAL room AND NOT from STREQUAL "vgg16" AND NOT from IN_LIST allowed
         AND NOT header IN_LIST allowed)
        file(RELATIVE_PATH name ${top} ${source})
        list(APPEND wrong "${name} includes \"${header}\"")
      endif()
    endforeach()
  endforeach()
endforeach()

# A room that is missing in the table would not be checked.
file(GLOB folders RELATIVE ${top} ${top}/engine/*/CMakeLists.txt ${top}/engine/*/*/CMakeLists.txt)
foreach(folder IN LISTS folders)
  file(STRINGS ${top}/${folder} room REGEX "^vgg16_room\\(")
  get_filename_component(folder ${folder} DIRECTORY)
  if(room AND NOT folder IN_LIST rooms)
    list(APPEND wrong "${folder} is not in the table")
  endif()
endforeach()

# The public headers need nothing but one another.
file(GLOB headers ${top}/engine/include/vgg16/*.h)
foreach(header IN LISTS headers)
  file(STRINGS ${header} includes REGEX "^ *# *include *(\"|<[^>]*[./])")
  foreach(line IN LISTS includes)
    if(NOT line MATCHES "\"vgg16/")
      list(APPEND wrong "${header}: ${line}")
    endif()
  endforeach()
endforeach()

if(wrong)
  list(JOIN wrong "\n  " wrong)
  message(FATAL_ERROR "includes that the table does not allow:\n  ${wrong}")
endif()
message(STATUS "every include follows the table")
