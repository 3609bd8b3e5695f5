# Finds the third-party libraries that vgg16 is linked with, by full path. Included by the build and, installed beside
# the package's configuration, by programs that use the library. Appends the names of missing Debian packages to
# VGG16_MISSING_PACKAGES, and sets VGG16_THIRD_PARTY to the targets that libvgg16 needs.
#
# Each target third_party_NAME stands for two files: the archive, for programs that are copied to other machines as one
# file and set the property VGG16_ONE_FILE; and the shared library beside it, for everything else, because Debian's
# archives are not position-independent and cannot be part of a shared library. Where one is missing, the other is taken.
include(CheckCXXSourceCompiles)

macro(vgg16_need found package)
  if(NOT ${found})
    list(APPEND VGG16_MISSING_PACKAGES ${package})
  endif()
endmacro()

# vgg16_need_library(VARIABLE NAME PACKAGE): looks for archive and shared library in one folder before the next, so that
# the user's CMAKE_PREFIX_PATH comes before the system's folders.
macro(vgg16_need_library variable name package)
  find_library(${variable} NAMES lib${name}.a ${name} NAMES_PER_DIR
               PATH_SUFFIXES hdf5/serial ${CMAKE_LIBRARY_ARCHITECTURE}/hdf5/serial)
  vgg16_need(${variable} ${package})
endmacro()

set(VGG16_MISSING_PACKAGES)
find_path(VGG16_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
vgg16_need(VGG16_HDF5_INCLUDE libhdf5-dev)
vgg16_need_library(VGG16_HDF5_LIBRARY hdf5 libhdf5-dev)
find_path(VGG16_ZLIB_INCLUDE zlib.h)
vgg16_need(VGG16_ZLIB_INCLUDE zlib1g-dev)
find_path(VGG16_ZLIB_CONFIG_INCLUDE zconf.h)  # in a folder of the processor's on Ubuntu
vgg16_need(VGG16_ZLIB_CONFIG_INCLUDE zlib1g-dev)
vgg16_need_library(VGG16_ZLIB_LIBRARY z zlib1g-dev)
find_path(VGG16_JPEG_INCLUDE jpeglib.h)
vgg16_need(VGG16_JPEG_INCLUDE libjpeg-dev)
find_path(VGG16_JPEG_CONFIG_INCLUDE jconfig.h)  # in a folder of the processor's on Debian
vgg16_need(VGG16_JPEG_CONFIG_INCLUDE libjpeg-dev)
vgg16_need_library(VGG16_JPEG_LIBRARY jpeg libjpeg-dev)
if(VGG16_WITH_CUDA)
  find_path(VGG16_CUDA_INCLUDE cuda_runtime_api.h HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES include)
  vgg16_need(VGG16_CUDA_INCLUDE cuda-cudart-dev)
  find_library(VGG16_CUDART_LIBRARY libcudart_static.a HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES lib64 lib)
  vgg16_need(VGG16_CUDART_LIBRARY cuda-cudart-dev)
endif()

# vgg16_hdf5_links(RESULT library...): whether a program that calls HDF5 links with these libraries. CMake caches the
# answer.
function(vgg16_hdf5_links result)
  set(CMAKE_REQUIRED_INCLUDES ${VGG16_HDF5_INCLUDE})
  set(CMAKE_REQUIRED_LIBRARIES ${ARGN})
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("#include <hdf5.h>
                             int main() { return H5Fopen(\"\", 0, 0) < 0; }" ${result})
endfunction()

# HDF5's archive is used only if it needs nothing but zlib and perhaps szip. Some are built with a driver for S3, which
# needs curl, OpenSSL and their dependencies: then the shared library beside it is used.
set(VGG16_SZIP)
if(VGG16_HDF5_LIBRARY MATCHES "\\.a$" AND NOT VGG16_MISSING_PACKAGES)
  set(needs ${VGG16_ZLIB_LIBRARY} ${CMAKE_DL_LIBS} m)
  vgg16_hdf5_links(VGG16_HDF5_LINKS ${VGG16_HDF5_LIBRARY} ${needs})
  if(NOT VGG16_HDF5_LINKS)
    find_library(VGG16_SZ_LIBRARY NAMES libsz.a sz NAMES_PER_DIR)
    find_library(VGG16_AEC_LIBRARY NAMES libaec.a aec NAMES_PER_DIR)
    if(VGG16_SZ_LIBRARY AND VGG16_AEC_LIBRARY)
      set(VGG16_SZIP ${VGG16_SZ_LIBRARY} ${VGG16_AEC_LIBRARY})
      vgg16_hdf5_links(VGG16_HDF5_LINKS_WITH_SZIP ${VGG16_HDF5_LIBRARY} ${VGG16_SZIP} ${needs})
    endif()
    if(NOT VGG16_HDF5_LINKS_WITH_SZIP)
      string(REGEX REPLACE "\\.a$" "${CMAKE_SHARED_LIBRARY_SUFFIX}" VGG16_HDF5_LIBRARY ${VGG16_HDF5_LIBRARY})
      if(NOT EXISTS ${VGG16_HDF5_LIBRARY})
        list(APPEND VGG16_MISSING_PACKAGES libhdf5-dev)
      endif()
    endif()
  endif()
endif()

# vgg16_shared_beside(RESULT FILE): the shared library beside an archive, or FILE if there is none.
function(vgg16_shared_beside result file)
  string(REGEX REPLACE "\\.a$" "${CMAKE_SHARED_LIBRARY_SUFFIX}" shared ${file})
  if(NOT EXISTS ${shared})
    set(shared ${file})
  endif()
  set(${result} ${shared} PARENT_SCOPE)
endfunction()

# vgg16_third_party(NAME FILE INCLUDES [NEEDS library...]): an imported target. From NEEDS, CMake derives the order of
# archives on the linker's command line. A shared library records its dependencies itself.
function(vgg16_third_party name file includes)
  cmake_parse_arguments(LIBRARY "" "" "NEEDS" ${ARGN})
  vgg16_shared_beside(shared ${file})
  set(files ${file} ${shared})
  foreach(target ${name}_archive ${name}_shared)
    list(POP_FRONT files location)
    add_library(${target} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${location})
    if(location MATCHES "\\.a$")
      target_link_libraries(${target} INTERFACE ${LIBRARY_NEEDS})
    endif()
  endforeach()
  add_library(${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${name} SYSTEM INTERFACE ${includes})
  target_link_libraries(${name} INTERFACE
    $<IF:$<BOOL:$<TARGET_PROPERTY:VGG16_ONE_FILE>>,${name}_archive,${name}_shared>)
endfunction()

set(VGG16_THIRD_PARTY third_party_hdf5 third_party_jpeg third_party_zlib)
if(VGG16_WITH_CUDA)
  list(APPEND VGG16_THIRD_PARTY third_party_cudart)
endif()
if(NOT VGG16_MISSING_PACKAGES AND NOT TARGET third_party_hdf5)
  vgg16_third_party(third_party_zlib ${VGG16_ZLIB_LIBRARY} "${VGG16_ZLIB_INCLUDE};${VGG16_ZLIB_CONFIG_INCLUDE}")
  vgg16_third_party(third_party_hdf5 ${VGG16_HDF5_LIBRARY} ${VGG16_HDF5_INCLUDE}
                    NEEDS ${VGG16_SZIP} third_party_zlib ${CMAKE_DL_LIBS} m)
  vgg16_third_party(third_party_jpeg ${VGG16_JPEG_LIBRARY} "${VGG16_JPEG_INCLUDE};${VGG16_JPEG_CONFIG_INCLUDE}")
  if(VGG16_WITH_CUDA)
    vgg16_third_party(third_party_cudart ${VGG16_CUDART_LIBRARY} ${VGG16_CUDA_INCLUDE} NEEDS rt ${CMAKE_DL_LIBS})
  endif()
endif()

# vgg16_how_to_install(RESULT package...): the command that installs these Debian packages, or their counterparts on
# this distribution, from the table in cli/packages.txt, whose path is VGG16_PACKAGE_NAMES.
function(vgg16_how_to_install result)
  find_program(VGG16_PACKAGE_MANAGER NAMES apt-get dnf zypper pacman)
  get_filename_component(manager "${VGG16_PACKAGE_MANAGER}" NAME)
  file(STRINGS ${VGG16_PACKAGE_NAMES} rows REGEX "^[^#]")
  list(GET rows 0 managers)
  separate_arguments(managers UNIX_COMMAND "${managers}")
  list(FIND managers "${manager}" column)
  set(names)
  foreach(name IN LISTS ARGN)
    foreach(row IN LISTS rows)
      separate_arguments(row UNIX_COMMAND "${row}")
      list(GET row 0 key)
      if(key STREQUAL name AND column GREATER 0)
        list(GET row ${column} name)
      endif()
    endforeach()
    list(APPEND names ${name})
  endforeach()
  list(REMOVE_DUPLICATES names)
  list(JOIN names " " names)
  if(column LESS 0)
    set(command "the packages that Debian calls ${names}")
  elseif(manager STREQUAL "pacman")
    set(command "pacman -S ${names} (untried)")
  elseif(column GREATER 0)
    set(command "${manager} install ${names} (untried)")
  else()
    set(command "apt-get install ${names}")
  endif()
  set(${result} "${command}" PARENT_SCOPE)
endfunction()
