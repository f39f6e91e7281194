#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD - the C blocks of README.md, put together, are a program that builds and runs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:?usage: run.sh build-folder}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$root/README.md" >"$scratch/readme.c"
${CC:-cc} -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter \
    -I"$root/include" "$scratch/readme.c" "$build/lib/libkiosk.a" -lpthread -o "$scratch/readme"
# It runs until it is told to end; what it has to say is said after 300 ms.
printed=$(timeout --preserve-status -s TERM 2 "$scratch/readme" 2>/dev/null) || {
    echo "README's program ended with $?"
    exit 1
}
expected='counted to 1
counted to 3
counted to 6'
[ "$printed" = "$expected" ] || { printf 'README printed:\n%s\n' "$printed"; exit 1; }
