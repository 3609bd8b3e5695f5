# The archives that the library is linked with, found by full path. Read by the build and, installed beside the package's
# configuration, by programs that use the library: the names of missing Debian packages go into VGG16_MISSING_PACKAGES.
macro(vgg16_need found package)
  if(NOT ${found})
    list(APPEND VGG16_MISSING_PACKAGES ${package})
  endif()
endmacro()

set(VGG16_MISSING_PACKAGES)
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

# vgg16_archive(NAME ARCHIVE INCLUDE [NEEDS library...]): an imported target, so that CMake knows which archive needs which
# and puts them in that order whoever else names them.
function(vgg16_archive name archive include)
  cmake_parse_arguments(ARCHIVE "" "" "NEEDS" ${ARGN})
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${archive})
  target_include_directories(${name} SYSTEM INTERFACE ${include})
  target_link_libraries(${name} INTERFACE ${ARCHIVE_NEEDS})
endfunction()

if(NOT VGG16_MISSING_PACKAGES AND NOT TARGET third_party_hdf5)
  vgg16_archive(third_party_zlib ${VGG16_ZLIB_LIBRARY} ${VGG16_ZLIB_INCLUDE})
  vgg16_archive(third_party_aec ${VGG16_AEC_LIBRARY} ${VGG16_HDF5_INCLUDE})
  vgg16_archive(third_party_sz ${VGG16_SZ_LIBRARY} ${VGG16_HDF5_INCLUDE} NEEDS third_party_aec)
  vgg16_archive(third_party_hdf5 ${VGG16_HDF5_LIBRARY} ${VGG16_HDF5_INCLUDE}
                NEEDS third_party_sz third_party_zlib ${CMAKE_DL_LIBS} m)
  vgg16_archive(third_party_jpeg ${VGG16_JPEG_LIBRARY} ${VGG16_JPEG_INCLUDE})
endif()
