#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# blocks.sh ROOT - no block of code in a document is one that nobody compiles. The guide is woven
# from programs, README.md's blocks are the program of run.sh; here: C++ is compiled, CMake is part
# of the project in tests/install, and what is neither bears no language.
set -u
root=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "$1"
    failed=1
}

# The blocks of a language, with what stands in them. FILE LANGUAGE
blocks() {
    awk -v fence="\`\`\`$2" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' "$1"
}

# In a function, behind a module of somebody's.
compile_cpp() {
    {
        echo '#include <kiosk/kiosk.h>'
        echo 'extern "C" { KS_MODULE(shop, void); }'
        echo 'int in_main(int argc, char **argv) {'
        blocks "$1" cpp
        echo '}'
    } >"$work/block.cpp"
    ${CXX:-c++} -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I "$root/include" \
        "$work/block.cpp" || fail "$1: its C++ does not compile"
}

# Each command, whatever its target, its folder and the variant behind `#` are called.
look_up_cmake() {
    blocks "$1" cmake | sed 's/ *#.*//' | while read -r line; do
        case $line in
        target_link_libraries\(program\ PRIVATE\ kiosk::*) command='target_link_libraries(' ;;
        add_subdirectory\(*) command='add_subdirectory(' ;;
        *) command=$line ;;
        esac
        grep -q -F "$command" "$root/tests/install/CMakeLists.txt" || echo "$1: untested: $line"
    done
}

for page in "$root"/*.md "$root"/docs/*.md "$root"/docs/*/*.md "$root"/examples/*/*.md; do
    case $page in "$root"/docs/guide/* | "$root/README.md") continue ;; esac
    # shellcheck disable=SC2013 # each line is one word
    for language in $(sed -n 's/^```\([a-z]\{1,\}\)$/\1/p' "$page" | sort -u); do
        case $language in
        cpp) compile_cpp "$page" ;;
        cmake) look_up_cmake "$page" >"$work/untested" ;;
        text) ;;
        *) fail "$page: nobody compiles a block of $language" ;;
        esac
        [ ! -s "$work/untested" ] || { cat "$work/untested"; failed=1; }
    done
done
exit $failed
