# What `cpack` makes in the build folder: one archive of all that is installed, which works wherever it is unpacked, and
# where dpkg-dev and file are, a Debian package for each component of install.cmake. package_documents.cmake adds what
# Debian wants beside what is installed.
set(CPACK_COMPONENTS_ALL library weights python development)
if(TARGET vgg16)
  list(PREPEND CPACK_COMPONENTS_ALL program)
endif()
set(CPACK_PACKAGE_NAME vgg16)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGE_FILE_NAME vgg16-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_CONTACT "The authors of vgg16 <authors@vgg16.invalid>")  # another one: cpack -D
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package_documents.cmake)
set(CPACK_STRIP_FILES ON)
set(CPACK_SOURCE_GENERATOR "")
set(CPACK_GENERATOR TGZ)
find_program(VGG16_SHLIBDEPS dpkg-shlibdeps)
find_program(VGG16_FILE file)
if(VGG16_SHLIBDEPS AND VGG16_FILE)
  list(APPEND CPACK_GENERATOR DEB)
endif()

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Instead of the script that calls ldconfig, which CPack adds too.
file(WRITE ${package}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${package}/triggers)
# What Python has written beside the module.
file(WRITE ${package}/prerm "#!/bin/sh\nset -e\nrm -rf /usr/share/vgg16/__pycache__\n"
     "rm -f /usr/lib/python3/dist-packages/__pycache__/vgg16.*.pyc\n")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${package}/prerm)

# vgg16_debian(COMPONENT NAME SECTION SUMMARY DESCRIPTION [DEPENDS package...] [ALL])
# DEPENDS beside what dpkg-shlibdeps finds; ALL: the same on every processor.
function(vgg16_debian component name section summary description)
  cmake_parse_arguments(DEB "ALL" "" "DEPENDS" ${ARGN})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${summary}\n${description}" PARENT_SCOPE)
  list(JOIN DEB_DEPENDS ", " depends)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${depends}" PARENT_SCOPE)
  if(DEB_ALL)
    set(CPACK_DEBIAN_${upper}_PACKAGE_ARCHITECTURE all PARENT_SCOPE)
  endif()
endfunction()

set(same "(= ${PROJECT_VERSION})")
set(library libvgg16-${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})  # named after its soname
vgg16_debian(program vgg16 science "trains a classifier on a folder of labelled pictures"
"Runs the convolution layers of VGG16 on every picture, trains a classifier on
what they give, and reports how good it is. The weights are built in.")
vgg16_debian(library ${library} libs "VGG16 features of pictures and classifiers: shared library"
"For programs in C++20, C and Python that classify pictures with a model of the
program vgg16, or train one.")
vgg16_debian(weights vgg16-weights science "convolution weights of VGG16 in half precision"
"Trained on ImageNet by the Visual Geometry Group, University of Oxford. For
programs that use the library; the program vgg16 does not need the file."
             ALL)
vgg16_debian(python python3-vgg16 python "VGG16 features of pictures and classifiers: module for Python"
"Gives features and probabilities of pictures as NumPy arrays."
             DEPENDS python3 python3-numpy "${library} ${same}" "vgg16-weights ${same}" ALL)
vgg16_debian(development libvgg16-dev libdevel "VGG16 features of pictures and classifiers: development files"
"Headers for C++20 and C, archives, and what CMake and pkg-config read."
             DEPENDS "${library} ${same}" "vgg16-weights ${same}" libhdf5-dev libjpeg-dev zlib1g-dev)
include(CPack)
