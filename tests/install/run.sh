#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD_DIR - installs into a scratch root, looks at what is there, and builds and runs
# programs against it.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
DESTDIR=$root cmake --install "$build" >"$root/log" || { cat "$root/log"; exit 1; }
lib=$(dirname "$(dirname "$(find "$root" -name kiosk.pc)")")
share=$root$prefix/share
fail() {
    echo "install: $*"
    exit 1
}

# The number of the interface is said in two places: the soname, and the node of the symbols.
shared=$(readlink -f "$lib/libkiosk.so")
soname=$(readelf -d "$shared" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
[ -L "$lib/$soname" ] || fail "no link for the soname $soname"
objdump -p "$shared" | grep -q " KIOSK_${soname##*.}\$" || fail "no node KIOSK_${soname##*.}"
[ -f "$lib/libkiosk.a" ] || fail "no static library"
for header in "$here"/../../include/kiosk/*.h; do
    cmp -s "$header" "$root$prefix/include/kiosk/${header##*/}" || fail "no ${header##*/}"
done
# Where gdb looks for commands: under auto-load/, by the full name that the library will have.
[ -f "$share/gdb/auto-load${lib#"$root"}/${shared##*/}-gdb.py" ] || fail "gdb will find no commands"
for file in kiosk/kiosk-gdb.py kiosk/bpftrace/calls.bt man/man7/kiosk.7 man/man3/ks_spawn.3; do
    [ -f "$share/$file" ] || fail "no $file"
done
# Nothing may tell of this machine but what belongs to the prefix.
! grep -r -l -F "$(cd "$build" && pwd)" "$lib/pkgconfig" "$lib/cmake" "$share" ||
    fail "these name the folder of the build"

"$here/consumers.sh" "$root" "$prefix"
