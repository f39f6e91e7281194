#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM SOURCE - a chapter of the guide runs, and prints what stands behind `//=>` in its
# source, in that order and nothing else.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"$1" >printed 2>said || { echo "$1: exit status $?"; cat said; exit 1; }
sed -n 's|^.*//=> \{0,1\}||p' "$2" >expected
[ -s expected ] || { echo "$2: it promises nothing"; exit 1; }
diff -u expected printed
