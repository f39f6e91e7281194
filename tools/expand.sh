#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# expand.sh FILE.c [FLAGS...] - the C that the macros of a server's file stand for: its own lines
# after the preprocessor, without those of the headers. The long choice of a field's kind by its
# type is left as KS_KIND_OF(field). CC chooses the compiler; where clang-format is missing, the
# text is right but in long lines.
set -eu
[ $# -gt 0 ] || { echo "usage: $0 FILE.c [FLAGS...]" >&2; exit 2; }
file=$1
shift
include=$(cd "$(dirname "$0")/../include" && pwd)

tidy() {
    if command -v clang-format >/dev/null; then
        clang-format --style='{BasedOnStyle: LLVM, IndentWidth: 4, ColumnLimit: 100,
            BreakBeforeBraces: Linux, Cpp11BracedListStyle: false}'
    else
        cat
    fi
}

expanded=$("${CC:-cc}" -std=gnu17 -I "$include" "$@" -E "$file")
# A line `# 12 "file.c"` says where the next lines come from; it may also stand in the middle of
# one, whose parts are then put together again. Pragmas keep their lines.
echo "$expanded" |
    awk -v own="\"$file\"" '
        /^# [0-9]+ "/ { keep = index($0, own); joined = 1; next }
        !keep { next }
        /^#/ { printf "\n%s\n", $0; joined = 1; next }
        { printf "%s%s", joined ? " " : "\n", $0; joined = 0 }' |
    sed -e 's/_Generic((\([^,]*\)), *_Bool *: KS_KIND_BOOL[^)]*KS_KIND_BLOB)/KS_KIND_OF(\1)/g' \
        -e 's/{ \.name = /\n    &/g' |
    tidy | sed 's|  *$||' | cat -s
