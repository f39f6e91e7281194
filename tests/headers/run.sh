#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh INCLUDE_DIR - the public headers as strangers include them: each alone, and twice; all
# together, in either order; and beside another language in one program. As C11, as gnu17 and as
# C++17, with every compiler of gcc and clang that is installed, without a warning.
set -u
include=$1
here=$(cd "$(dirname "$0")" && pwd)
flags="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wno-unused-parameter -Werror"
failed=0
compiled=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# What stands in $work/lines, and something that C wants in a file. Not behind a pipe, where a
# failure would be forgotten.
compile() { # WHAT COMPILER LANGUAGE STANDARD-FLAGS
    { cat "$work/lines" && echo 'extern int a_file_needs_something;'; } >"$work/unit"
    # The flags are lists of words, so they are not quoted.
    # shellcheck disable=SC2086
    "$2" -x "$3" $4 $flags -fsyntax-only -I "$include" "$work/unit" ||
        { echo "FAILED: $2 $4 $1"; failed=1; }
    compiled=$((compiled + 1))
}

names=$(cd "$include" && ls kiosk/*.h)
lines() {
    for name in "$@"; do echo "#include <$name>"; done >"$work/lines"
}
ways() { # COMPILER LANGUAGE STANDARD-FLAGS
    command -v "$1" >/dev/null || { echo "headers: no $1 here, left out"; return; }
    for name in $names; do
        lines "$name" "$name"
        compile "<$name>" "$@"
    done
    # A list of words.
    # shellcheck disable=SC2086
    lines $names
    compile "all together" "$@"
    # shellcheck disable=SC2046
    lines $(echo "$names" | tac)
    compile "all together, the last first" "$@"
}

for cc in gcc clang; do
    ways $cc c -std=c11
    ways $cc c -std=gnu17
done
ways g++ c++ -std=c++17
ways clang++ c++ -std=c++17
# What a client needs of them in C++: the file beside this one.
for cc in g++ clang++; do
    command -v $cc >/dev/null || continue
    cp "$here/client.cpp" "$work/lines"
    compile client.cpp $cc c++ -std=c++17
done
echo "headers: $compiled compilations"
[ "$compiled" -gt 0 ] && [ "$failed" -eq 0 ]
