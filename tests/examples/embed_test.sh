#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed_test.sh PROGRAM EXPECTED - runs a program in whose loop kiosk is a guest, with two lines of
# input, and compares what it prints with the file EXPECTED.
set -u
actual=$(mktemp) || exit 1
trap 'rm -f "$actual"' EXIT
printf 'one\ntwo\n' | "$1" >"$actual" || { echo "$1: exit status $?"; exit 1; }
diff -u "$2" "$actual"
