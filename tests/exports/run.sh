#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh SHARED STATIC - the shared library exports ks_ names and nothing else; in the static one,
# where hidden names are visible to the linker, ksi_ names are allowed beside them.
set -u
failed=0

check() { # WHAT PATTERN, symbols on standard input
    strange=$(awk 'NF >= 3 && $2 ~ /[BCDRTVWG]/ { sub(/@.*/, "", $3); print $3 }' |
        grep -v -E "$2" | sort -u)
    [ -z "$strange" ] && return
    echo "$1 has names outside the project's prefix:"
    echo "$strange" | sed 's/^/    /'
    failed=1
}

dynamic=$(nm -D --defined-only "$1") || exit 1
archive=$(nm -g --defined-only "$2") || exit 1
echo "$dynamic" | grep -q ' T ks_version' || { echo "$1: ks_version is not exported"; failed=1; }
check "$1" '^ks_' <<END
$dynamic
END
# The latter is what static probes have in common.
check "$2" '^ksi?_|^_\.stapsdt\.base$' <<END
$archive
END
exit $failed
