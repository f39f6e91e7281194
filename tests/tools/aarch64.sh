#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# aarch64.sh ROOT - the switch of stacks for aarch64 assembles; with a cross compiler and qemu, a
# program of many stacks runs there, too. Emulation shows no weak memory: that is not tested here.
# 77: nothing to assemble with.
set -u
root=$1
cross=${CROSS:-aarch64-linux-gnu-}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
switch=$root/src/runtime/context_aarch64.S

command -v "${cross}as" >/dev/null || exit 77
${CC:-cc} -E -P -x assembler-with-cpp -U__x86_64__ -D__aarch64__ "$switch" >"$work/switch.s" ||
    exit 1
"${cross}as" -o "$work/switch.o" "$work/switch.s" || exit 1
for name in ksi_context_switch ksi_context_start; do
    "${cross}nm" "$work/switch.o" | grep -q " T $name\$" || { echo "$name is missing"; exit 1; }
done
echo "assembled"

command -v "${cross}gcc" >/dev/null && command -v qemu-aarch64 >/dev/null || exit 0
echo 'int main(void) { return 0; }' >"$work/empty.c"
"${cross}gcc" -static -o "$work/empty" "$work/empty.c" 2>/dev/null || exit 0
set -- "$root/tests/tools/program.c"
for layer in base type runtime behaviours test; do
    set -- "$@" "$root/src/$layer"/*.c
done
"${cross}gcc" -std=gnu17 -O1 -g -static -pthread -I "$root/include" -I "$root/src" \
    -o "$work/program" "$@" "$switch" || exit 1
[ "$(qemu-aarch64 "$work/program")" = ok ] || { echo "the program failed"; exit 1; }
echo "ran under qemu"
