# SPDX-License-Identifier: Apache-2.0
# Man pages, made of the comments of the public headers: one for each header, one that leads there
# for each name in it, and the overview, kiosk(7). Without python3 there are none.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
    message(NOTICE "kiosk: no man pages, since python3 is missing")
    return()
endif()

set(man_dir ${PROJECT_BINARY_DIR}/man)
set(man_script ${PROJECT_SOURCE_DIR}/scripts/man.py)
file(GLOB man_headers CONFIGURE_DEPENDS include/kiosk/*.h)
add_custom_command(OUTPUT ${man_dir}/man7/kiosk.7
    COMMAND ${Python3_EXECUTABLE} ${man_script} ${PROJECT_SOURCE_DIR} ${man_dir}
    DEPENDS ${man_script} ${man_headers} ${PROJECT_SOURCE_DIR}/docs/man/kiosk.7.in
        ${PROJECT_SOURCE_DIR}/examples/counter.c
    COMMENT "Man pages" VERBATIM)
add_custom_target(man ALL DEPENDS ${man_dir}/man7/kiosk.7)
if(KIOSK_INSTALL)
    install(DIRECTORY ${man_dir}/man3 ${man_dir}/man7 DESTINATION ${CMAKE_INSTALL_MANDIR})
endif()
