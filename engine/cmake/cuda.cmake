# Decides whether the CUDA engine is built: VGG16_CUDA is the user's option, VGG16_WITH_CUDA the result for the rest of
# the build. The build needs only nvcc and headers; the program looks for a GPU and for cuDNN when it runs.
set(VGG16_CUDA AUTO CACHE STRING "Build the CUDA engine: AUTO (where nvcc and cuDNN's headers are found), ON or OFF")
set_property(CACHE VGG16_CUDA PROPERTY STRINGS AUTO ON OFF)
option(VGG16_SYNC_LAUNCHES "Wait for each CUDA kernel, so that a failure is told by its name" OFF)
set(VGG16_WITH_CUDA OFF)

# vgg16_gpu_program(NAME [SHARED_RUNTIME]): a program that is copied to other machines; the target vgg16_gpu_programs
# puts all of them into one folder. SHARED_RUNTIME is for a program that links a shared C++ library: if it contained the
# C++ runtime, that library and cuDNN would use symbols from it mixed with those of the machine's own libstdc++.
function(vgg16_gpu_program name)
  set_target_properties(${name} PROPERTIES VGG16_ONE_FILE ON)
  if(NOT "SHARED_RUNTIME" IN_LIST ARGN)
    target_link_libraries(${name} PRIVATE vgg16_standalone)
  endif()
  if(NOT TARGET vgg16_gpu_programs)
    add_custom_target(vgg16_gpu_programs)
  endif()
  add_custom_target(${name}_copy COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/gpu
                    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${name}> ${PROJECT_BINARY_DIR}/gpu)
  add_dependencies(${name}_copy ${name})
  add_dependencies(vgg16_gpu_programs ${name}_copy)
endfunction()
set(VGG16_CUDA_OLDEST 12.8)  # the first that compiles for sm_100 and sm_120

if(NOT VGG16_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "VGG16_CUDA is ${VGG16_CUDA}; it must be AUTO, ON or OFF")
endif()
if(VGG16_CUDA STREQUAL "OFF")
  set(cuda_missing "switched off")
elseif(VGG16_CUDA STREQUAL "AUTO" AND VGG16_SANITIZE)
  set(cuda_missing "left out of builds with sanitizers")
else()
  find_program(VGG16_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(VGG16_NVCC)
    # nvcc's path is resolved, since /usr/local/cuda is often a link: the headers are beside the real compiler's folder.
    get_filename_component(cuda_root ${VGG16_NVCC} REALPATH)
    get_filename_component(cuda_root ${cuda_root}/../.. ABSOLUTE)
    execute_process(COMMAND ${VGG16_NVCC} --version OUTPUT_VARIABLE nvcc_version ERROR_QUIET)
    string(REGEX REPLACE ".*release ([0-9.]+).*" "\\1" nvcc_version "${nvcc_version}")
  endif()
  find_path(VGG16_CUDNN_INCLUDE cudnn_backend.h HINTS ${cuda_root}/include PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE})
  find_path(VGG16_CUDA_INCLUDE cuda_runtime_api.h HINTS ${cuda_root}/include)
  find_library(VGG16_CUDART_LIBRARY libcudart_static.a HINTS ${cuda_root}/lib64 ${cuda_root}/lib)  # see archives.cmake
  if(NOT VGG16_NVCC)
    set(cuda_missing "no nvcc")
  elseif(NOT nvcc_version MATCHES "^[0-9.]+$" OR nvcc_version VERSION_LESS ${VGG16_CUDA_OLDEST})
    set(cuda_missing "${VGG16_NVCC} is of CUDA ${nvcc_version}; ${VGG16_CUDA_OLDEST} or newer is needed")
  elseif(NOT VGG16_CUDNN_INCLUDE)
    set(cuda_missing "no cudnn_backend.h; set VGG16_CUDNN_INCLUDE to cuDNN 9's include folder")
  elseif(NOT VGG16_CUDA_INCLUDE OR NOT VGG16_CUDART_LIBRARY)
    set(cuda_missing "no cuda_runtime_api.h or libcudart_static.a beside ${VGG16_NVCC}")
  else()
    set(VGG16_WITH_CUDA ON)
  endif()
endif()

if(NOT VGG16_WITH_CUDA)
  if(VGG16_CUDA STREQUAL "ON")
    message(FATAL_ERROR "VGG16_CUDA is ON: ${cuda_missing}")
  endif()
  message(STATUS "CUDA engine: not built (${cuda_missing})")
  return()
endif()

# Machine code for A100, H100/H200, B200 and RTX 50. Other GPUs from compute capability 8.0 on run the code of their
# family or the PTX, which is for 8.0, so that all of them can compile it.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80 90-real 100-real 120-real)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${VGG16_NVCC})
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # archives.cmake names it, like every other archive
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 17)  # CMake 3.25 knows no C++20 for nvcc
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
add_library(third_party_cudnn INTERFACE)  # headers: the library is opened when the program runs
target_include_directories(third_party_cudnn SYSTEM INTERFACE ${VGG16_CUDNN_INCLUDE} ${VGG16_CUDA_INCLUDE})
message(STATUS "CUDA engine: CUDA ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}, "
               "cuDNN's headers in ${VGG16_CUDNN_INCLUDE}")
