# Run by cpack between installing a package's files and packing them (CPACK_PRE_BUILD_SCRIPTS). Adds the copyright, and to
# Debian packages a changelog, what lintian has to know, and the link by which Python finds the module.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
if(NOT CPACK_GENERATOR STREQUAL DEB)
  configure_file(${here}/copyright ${root}/share/doc/vgg16/copyright COPYONLY)
  return()
endif()

# The changelog's date is that of the packages. SOURCE_DATE_EPOCH, if set, makes it the same each time.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  set(name ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(documents ${root}/${component}/usr/share/doc/${name})
  configure_file(${here}/copyright ${documents}/copyright COPYONLY)
  file(WRITE ${documents}/changelog "vgg16 (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n"
       "  * Version ${CPACK_PACKAGE_VERSION}.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(GLOB pages ${root}/${component}/usr/share/man/man1/*)
  execute_process(COMMAND gzip --best --no-name ${documents}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# lintian(COMPONENT REASON TAG...): what Debian's checker calls errors, and is meant to be as it is.
function(lintian component reason)
  string(TOUPPER ${component} upper)
  set(name ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  if(NOT component IN_LIST CPACK_COMPONENTS_ALL)
    return()
  endif()
  list(TRANSFORM ARGN PREPEND "${name}: ")
  list(JOIN ARGN "\n" tags)
  file(WRITE ${root}/${component}/usr/share/lintian/overrides/${name} "# ${reason}\n${tags}\n")
endfunction()
lintian(program "One file that is copied to machines without these libraries; it is built again when one of them is mended."
        "embedded-library libjpeg [usr/bin/vgg16]" "embedded-library zlib [usr/bin/vgg16]")
lintian(development "The weights as data inside a program; there is no code in it."
        "no-code-sections [usr/lib/*libvgg16_weights.a]")

# Where Debian's Python looks for modules. Through the link, the module finds the weights beside it.
file(MAKE_DIRECTORY ${root}/python/usr/lib/python3/dist-packages)
file(CREATE_LINK ../../../share/vgg16/vgg16.py ${root}/python/usr/lib/python3/dist-packages/vgg16.py SYMBOLIC)
