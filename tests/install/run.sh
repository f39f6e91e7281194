#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD_DIR - installs into a scratch root, then builds and runs a program against it in the
# two ways a user has: pkg-config and CMake's find_package.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
DESTDIR=$root/stage cmake --install "$build" >"$root/log" || { cat "$root/log"; exit 1; }
pc=$(find "$root/stage" -name kiosk.pc)
lib=$(dirname "$(dirname "$pc")")

export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root/stage"
# pkg-config's answer is a list of words.
# shellcheck disable=SC2046
cc -o "$root/by_pc" "$here/program.c" $(pkg-config --cflags --libs kiosk)
echo "pkg-config: kiosk $(LD_LIBRARY_PATH=$lib "$root/by_pc")"
test "$(LD_LIBRARY_PATH=$lib "$root/by_pc")" = "$(pkg-config --modversion kiosk)"
test -L "$lib/libkiosk.so.0"
# Where gdb looks for commands: under auto-load/, by the full name that the library will have.
auto_load=$(find "$root/stage" -path '*/gdb/auto-load' -type d)
test -f "$auto_load${lib#"$root/stage"}/$(basename "$(readlink -f "$lib/libkiosk.so")")-gdb.py"
share=$(dirname "$(dirname "$auto_load")")/kiosk
test -f "$share/kiosk-gdb.py" && test -f "$share/bpftrace/calls.bt"

{
    cmake -S "$here" -B "$root/build" -DCMAKE_PREFIX_PATH="$root/stage$prefix"
    cmake --build "$root/build"
} >"$root/log" || { cat "$root/log"; exit 1; }
for program in shared static; do
    echo "CMake: kiosk $("$root/build/$program") ($program)"
done
