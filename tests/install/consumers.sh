#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# consumers.sh STAGE PREFIX - builds and runs programs against what was installed below the folder
# STAGE, for PREFIX, in each way that docs/install.md names: pkg-config, shared and static, in C and
# C++; CMake's package, with both libraries, in C and C++. Each is a supervised server and somebody
# who sees it end and come back.
set -eu
stage=$1 prefix=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pc=$(find "$stage$prefix" -name kiosk.pc)
[ -f "$pc" ] || { echo "consumers: no kiosk.pc below $stage$prefix"; exit 1; }
lib=$(dirname "$(dirname "$pc")")
# Below /usr, pkg-config would leave out what every compiler looks into, were it not for the stage.
export PKG_CONFIG_LIBDIR="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$stage"
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
version=$(pkg-config --modversion kiosk)

runs() { # WHAT PROGRAM
    said=$(KIOSK_LOG=none LD_LIBRARY_PATH=$lib timeout 60 "$2") ||
        { echo "consumers: $1: exit status $?"; exit 1; }
    [ "$said" = "kiosk $version: 120, error: broken with 120 in it, 103" ] ||
        { echo "consumers: $1 said: $said"; exit 1; }
    echo "consumers: $1: ok"
}
needs() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror"
# The flags, and what pkg-config says, are lists of words.
# shellcheck disable=SC2046,SC2086
by_pkg_config() { # CC CXX
    $1 -std=c11 $warnings -o "$work/shared" "$here/visit.c" "$here/till.c" \
        $(pkg-config --cflags --libs kiosk)
    needs "$work/shared" | grep -q -x 'libkiosk\.so\.[0-9]*' || { echo "not shared"; exit 1; }
    runs "pkg-config, shared, $1" "$work/shared"

    $1 -std=c11 $warnings -static -o "$work/static" "$here/visit.c" "$here/till.c" \
        $(pkg-config --static --cflags --libs kiosk)
    [ -z "$(needs "$work/static")" ] || { echo "not static"; exit 1; }
    runs "pkg-config, static, $1" "$work/static"

    $1 -std=c11 $warnings -o "$work/mixed" "$here/visit.c" "$here/till.c" \
        $(pkg-config --cflags kiosk) -L"$lib" -Wl,-Bstatic -lkiosk -Wl,-Bdynamic -pthread
    if needs "$work/mixed" | grep -q kiosk; then echo "not static"; exit 1; fi
    runs "static kiosk, shared libc, $1" "$work/mixed"

    command -v "$2" >/dev/null || { echo "consumers: no $2 here, left out"; return; }
    $1 -std=c11 $warnings -c -o "$work/till.o" "$here/till.c" $(pkg-config --cflags kiosk)
    $2 -std=c++17 $warnings -o "$work/cpp" "$here/visit.cpp" "$work/till.o" \
        $(pkg-config --cflags --libs kiosk)
    runs "pkg-config, shared, $2" "$work/cpp"
}

by_pkg_config gcc g++
if command -v clang >/dev/null; then by_pkg_config clang clang++; fi

{
    cmake -S "$here" -B "$work/build" -DCMAKE_PREFIX_PATH="$stage$prefix"
    cmake --build "$work/build"
} >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for program in c_kiosk cpp_kiosk c_kiosk_static cpp_kiosk_static; do
    runs "CMake package, $program" "$work/build/$program"
done
if needs "$work/build/c_kiosk_static" | grep -q kiosk; then echo "not static"; exit 1; fi
