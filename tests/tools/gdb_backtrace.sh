#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gdb_backtrace.sh PROGRAM - a backtrace inside a handler names the handler and what runs it, and
# ends where its stack began, without a complaint. 77: there is no gdb, or it may not trace here.
set -u
program=$1
command -v gdb >/dev/null || exit 77
out=$(gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'set confirm off' \
    -ex 'break stop_here' -ex run -ex 'backtrace 100' -ex kill "$program" 2>&1)
if echo "$out" | grep -q -i -E 'ptrace|could not trace|operation not permitted'; then exit 77; fi

frames=$(echo "$out" | grep '^#')
fail() {
    echo "gdb_backtrace: $1"
    echo "$out"
    exit 1
}
echo "$frames" | grep -q '^#0 .*stop_here' || fail "it does not begin where it stopped"
for name in station_handle_twice ksi_serve; do
    echo "$frames" | grep -q " $name " || fail "$name is missing"
done
echo "$frames" | tail -n 1 | grep -q 'ksi_context_start' || fail "the last frame is another one"
if echo "$out" | grep -q -i -E 'backtrace stopped|corrupt'; then fail "gdb complains"; fi
echo "$frames" | tail -n 2
