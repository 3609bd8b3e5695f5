# Warnings and sanitizers in one INTERFACE target that is never exported.
add_library(vgg16_flags INTERFACE)
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
             # GCC 12 reports overlaps in std::string + std::string that do not exist: bug 105651
             $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
             $<$<BOOL:${VGG16_WERROR}>:-Werror>)
# No -Wpedantic: nvcc passes generated code to the host compiler.
set(cuda_warnings -Xcompiler=-Wall,-Wextra $<$<BOOL:${VGG16_WERROR}>:-Werror=all-warnings>)
target_compile_options(vgg16_flags INTERFACE "$<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:${warnings}>"
                       "$<$<COMPILE_LANGUAGE:CUDA>:${cuda_warnings}>")
if(VGG16_SANITIZE)
  target_compile_options(vgg16_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                         -fno-omit-frame-pointer)
  target_link_options(vgg16_flags INTERFACE -fsanitize=address,undefined)
endif()

# vgg16_room(NAME SOURCES file... [USES target...])
# One room is one OBJECT library, vgg16_NAME: it sees the public headers and what USES names, so an include that the
# layout forbids does not compile. Every room is folded into the library `vgg16` (engine/CMakeLists.txt).
# Third-party targets in USES stay private to the room; rooms in USES lend their headers only. Only what the public
# headers declare is visible outside a shared library. GCC's unique symbols would keep one from being unloaded.
function(vgg16_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES" ${ARGN})
  add_library(vgg16_${name} OBJECT ${ROOM_SOURCES})
  set_target_properties(vgg16_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(vgg16_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>
                           $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fno-gnu-unique>)
  endif()
  target_include_directories(vgg16_${name} PRIVATE ${PROJECT_SOURCE_DIR}/engine/include)
  target_link_libraries(vgg16_${name} PRIVATE vgg16_flags)
  if(VGG16_SANITIZE)  # for what is tested; the tests themselves compile in half the time without
    target_compile_options(vgg16_${name} PRIVATE -O1)
  endif()
  foreach(used IN LISTS ROOM_USES)
    if(used MATCHES "^vgg16_")
      target_include_directories(vgg16_${name} PRIVATE $<TARGET_PROPERTY:${used},INTERFACE_INCLUDE_DIRECTORIES>)
    else()
      target_link_libraries(vgg16_${name} PRIVATE ${used})
    endif()
  endforeach()
  # Others name a room's private headers by its folder: #include "room/header.h", "learn/solve/header.h".
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(parent ${PROJECT_SOURCE_DIR})
  if(folder MATCHES "^engine/")
    set(parent ${PROJECT_SOURCE_DIR}/engine)
  endif()
  target_include_directories(vgg16_${name} PRIVATE ${parent} INTERFACE ${parent})
  set_property(GLOBAL APPEND PROPERTY VGG16_ROOMS vgg16_${name})
endfunction()
