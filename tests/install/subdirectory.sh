#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# subdirectory.sh ROOT - kiosk as a folder of somebody's CMake project, which builds for debugging:
# its programs build and run, and what the project installs is its own.
set -eu
root=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
    cmake -S "$here" -B "$work/build" -DKIOSK_SOURCE="$root" \
        -DCMAKE_INSTALL_PREFIX="$work/there" -DCMAKE_BUILD_TYPE=Debug
    cmake --build "$work/build" -j2
    cmake --install "$work/build"
} >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for program in c_kiosk cpp_kiosk c_kiosk_static cpp_kiosk_static; do
    said=$(KIOSK_LOG=none timeout 60 "$work/build/$program")
    case $said in
    kiosk\ *': 120, error: broken with 120 in it, 103') echo "subdirectory: $program: ok" ;;
    *) echo "subdirectory: $program said: $said" && exit 1 ;;
    esac
done
installed=$(cd "$work/there" && find . -type f)
[ "$installed" = ./bin/c_kiosk ] || { echo "subdirectory: installed, too: $installed"; exit 1; }
