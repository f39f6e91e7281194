#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# expand_run.sh [--update] - what the macros make of a small server is what expand_counter.golden
# says, by each compiler that is here. White space does not count: versions of clang-format differ.
set -u
here=$(cd "$(dirname "$0")" && pwd)
golden=$here/expand_counter.golden
fresh=$(mktemp) || exit 1
trap 'rm -f "$fresh"' EXIT
failed=0

bare() { tr -d '[:space:]' <"$1"; }

for cc in gcc clang; do
    command -v $cc >/dev/null || { echo "expand: no $cc here, left out"; continue; }
    CC=$cc "$here/../../tools/expand.sh" "$here/expand_counter.c" >"$fresh" || exit 1
    # The first compiler writes, the second one must agree.
    [ "${1-}" = --update ] && cp "$fresh" "$golden" && shift
    if [ -s "$fresh" ] && [ "$(bare "$fresh")" = "$(bare "$golden")" ]; then
        echo "expand $cc: ok"
    else
        echo "expand $cc: not as in $golden; if that is right: $0 --update"
        diff -u "$golden" "$fresh"
        failed=1
    fi
done
exit $failed
