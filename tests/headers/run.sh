#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh INCLUDE_DIR - every public header compiles alone, and twice, as C11, as gnu17 and as C++17,
# with every compiler of gcc and clang that is installed, without a warning.
set -u
include=$1
flags="-Wall -Wextra -Wpedantic -Wno-unused-parameter -Wno-unused-function -Werror -fsyntax-only"
failed=0
compiled=0
rest=$(mktemp) || exit 1
trap 'rm -f "$rest"' EXIT
echo 'extern int a_file_needs_something;' >"$rest"

compile() { # COMPILER LANGUAGE STANDARD-FLAGS
    command -v "$1" >/dev/null || { echo "headers: no $1 here, left out"; return; }
    for header in "$include"/kiosk/*.h; do
        name=kiosk/${header##*/}
        # The flags are lists of words, so they are not quoted.
        # shellcheck disable=SC2086
        printf '#include <%s>\n' "$name" "$name" | cat - "$rest" |
            "$1" -x "$2" $3 $flags -I "$include" - || { echo "FAILED: $1 $3 <$name>"; failed=1; }
        compiled=$((compiled + 1))
    done
}

for cc in gcc clang; do
    compile $cc c "-std=c11 -D_DEFAULT_SOURCE"
    compile $cc c -std=gnu17
done
compile g++ c++ -std=c++17
compile clang++ c++ -std=c++17
# What a client needs of them in C++: the file beside this one.
for cc in g++ clang++; do
    command -v $cc >/dev/null || continue
    # shellcheck disable=SC2086
    $cc -std=c++17 $flags -I "$include" "${0%/*}/client.cpp" ||
        { echo "FAILED: $cc client.cpp"; failed=1; }
    compiled=$((compiled + 1))
done
echo "headers: $compiled compilations"
[ "$compiled" -gt 0 ] && [ "$failed" -eq 0 ]
