# SPDX-License-Identifier: Apache-2.0
# Programs of the tree that use the library as a stranger would: through its public headers.

function(kiosk_program folder name library)
    set(target ${folder}_${name})
    add_executable(${target} ${ARGN})
    target_link_libraries(${target} PRIVATE kiosk_flags ${library})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
    add_dependencies(${folder} ${target})
endfunction()

# Of folder/NAME.c; NAME_libuv.c only where that library is.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(LIBUV QUIET IMPORTED_TARGET libuv)
endif()
function(kiosk_program_of_file folder name library file)
    if(name MATCHES "_libuv$" AND NOT LIBUV_FOUND)
        return()
    endif()
    kiosk_program(${folder} ${name} ${library} ${file})
    if(name MATCHES "_libuv$")
        target_link_libraries(${folder}_${name} PRIVATE PkgConfig::LIBUV)
    endif()
endfunction()

# folder/NAME/*.c is one program; folder/NAME.c is one, too, unless the folder NAME has it already.
# All land in build/folder/; the target `folder` builds them all.
function(kiosk_programs folder library)
    add_custom_target(${folder})
    set(taken "")
    file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true ${folder}/*)
    foreach(entry IN LISTS entries)
        file(GLOB sources CONFIGURE_DEPENDS ${entry}/*.c)
        if(IS_DIRECTORY ${entry} AND sources)
            get_filename_component(name ${entry} NAME)
            list(APPEND taken ${name})
            kiosk_program(${folder} ${name} ${library} ${sources})
        endif()
    endforeach()
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.c)
    foreach(file IN LISTS files)
        get_filename_component(name ${file} NAME_WE)
        if(NOT name IN_LIST taken)
            kiosk_program_of_file(${folder} ${name} ${library} ${file})
        endif()
    endforeach()
endfunction()
