# SPDX-License-Identifier: Apache-2.0
# Compiler flags. kiosk_flags carries what every C file of this tree is compiled with; sanitizers
# go to everything in the build, because one program cannot mix them.

# Optimised with symbols, and without NDEBUG: the runtime's own assertions stay on in every build.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
    set(CMAKE_ASM_FLAGS_RELWITHDEBINFO "-O2 -g")
endif()

# Large frames are touched page by page, so that none steps over the guard of a stack. Programs get
# it from the package, too.
include(CheckCCompilerFlag)
check_c_compiler_flag("-fstack-clash-protection -Werror" KIOSK_HAS_STACK_CLASH)
set(KIOSK_STACK_CLASH "")
if(KIOSK_HAS_STACK_CLASH)
    set(KIOSK_STACK_CLASH -fstack-clash-protection)
endif()

add_library(kiosk_flags INTERFACE)
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-declarations -Wvla -Wno-unused-parameter
    -Werror=incompatible-pointer-types -Werror=implicit-function-declaration
    -Werror=int-conversion)
if(KIOSK_WERROR)
    list(APPEND warnings -Werror)
endif()
# Sanitizers find who called whom by frame pointers. Profilers can do without (docs/debugging.md),
# and switching among many stacks is a tenth faster when each frame is shorter.
set(frame_pointers "")
if(KIOSK_FRAME_POINTERS OR KIOSK_MEAN OR NOT KIOSK_SANITIZE STREQUAL "none")
    set(frame_pointers -fno-omit-frame-pointer)
endif()
target_compile_options(kiosk_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:C>:${warnings};${frame_pointers};${KIOSK_STACK_CLASH}>")
if(KIOSK_MEAN)
    target_compile_definitions(kiosk_flags INTERFACE KSI_MEAN=1)
endif()

if(KIOSK_SANITIZE STREQUAL "address")
    set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(KIOSK_SANITIZE STREQUAL "thread")
    set(sanitize -fsanitize=thread)
elseif(KIOSK_SANITIZE STREQUAL "none")
    set(sanitize "")
else()
    message(FATAL_ERROR "KIOSK_SANITIZE is none, address or thread, not ${KIOSK_SANITIZE}")
endif()
if(sanitize)
    add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:${sanitize}>")
    add_link_options(${sanitize})
endif()
