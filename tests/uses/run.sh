#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM EXPECTED - runs a use case and compares what it prints with the file EXPECTED.
set -u
actual=$(mktemp) || exit 1
trap 'rm -f "$actual"' EXIT
"$1" >"$actual" || { echo "$1: exit status $?"; exit 1; }
diff -u "$2" "$actual"
