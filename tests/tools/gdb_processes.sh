#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gdb_processes.sh CROWD ROOT - the commands of tools/kiosk-gdb.py say the same of a live program
# and of its core file: two runtimes, whose processes wait in every way. 77: no gdb, or it may not
# trace.
set -u
crowd=$1 root=$2
command -v gdb >/dev/null || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
out=

# Arguments for gdb; what it prints goes to $out.
run_gdb() {
    out=$(gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'set confirm off' \
        -ex "source $root/tools/kiosk-gdb.py" "$@" 2>&1 </dev/null)
    echo "$out" | grep -q -i -E 'ptrace:|could not trace|operation not permitted' && exit 77
    return 0
}

fail() {
    echo "gdb_processes: $1"
    echo "$out"
    exit 1
}

# Each pattern must be somewhere.
has() {
    for pattern; do
        echo "$out" | grep -q -E -e "$pattern" || fail "no line like: $pattern"
    done
}

# The same questions to a program and to its core. ARGUMENT... that come before and after them
ask() {
    run_gdb "$@" -ex 'ks ps' -ex 'ks schedulers' -ex 'ks bt 0.4.1 pusher stuck' \
        -ex 'ks bt crowd idle' -ex 'ks bt -full sleeper' -ex 'ks bt 0.4.77' -ex 'ks bt nobody' \
        -ex 'ks bt' -ex 'ks in busy frame function nap_deep_inside' -ex 'ks in idle bt' \
        -ex 'ks ps listener' -ex 'ks bt all' -ex 'bt'
}

check() {
    has '^runtime 1, 0x' '^runtime 2, 0x' '^4 processes' '^12 processes' '^1 processes'
    has '^<0\.4\.1> +[01] +late +0 +stuck +process$' '^<0\.4\.1> stuck: late$'
    has '^#[0-9]+ .*reads_natively' '^<0\.3\.1> listener: waiting, waits for a message$'
    has '^<0\.3\.1> +0 +idle +0 +idle +clerk$' '^<0\.2\.1> +0 +running +0 +crowd +crowd$'
    has '^<0\.4\.1> +0 +waiting +1 +busy +clerk +handles call nap of <0.6.1>; waits for [0-9]+ ms$'
    has 'asker of busy +process +waits for call nap by <0\.4\.1> busy$'
    has 'listener +process +waits for a message$' 'sleeper +process +waits for [0-9]+ ms$'
    has 'reader +process +waits for descriptor [0-9]+$'
    has 'pusher +process +waits for room in the mailbox of <0\.5\.1> full, at most [0-9]+ ms$'
    has '^SCHED +THREAD +RUNS' '^0 +1 \(LWP [0-9]+\) +<0\.2\.1> crowd'
    has '^1 +[0-9] \(LWP [0-9]+\) +- '
    has '^<0\.4\.1> busy: waiting' '^#[0-9]+ .*clerk_handle_nap' '^#[0-9]+ .*ksi_serve'
    has '^#[0-9]+ .*ksi_context_start' '^#[0-9]+ .*waits_for_room'
    has '^<0\.10\.1> sleeper' '^ +.* = ' '^#[0-9]+ .*crowd_main'
    has '^#[0-9]+ .*nap_deep_inside \(duration=.*' '^no stack: it is between two messages'
    has '^kiosk: 0\.4\.77 has ended; somebody else has its slot' '^kiosk: no process nobody'
    has '^kiosk: ks bt PID' '^kiosk: <0\.3\.1> has no stack'
    [ "$(echo "$out" | tail -n 20 | grep -c '^#0 .*crowd_stands')" = 1 ] ||
        fail "frame 0 is not what it was"
    if echo "$out" | grep -q -i -E 'backtrace stopped|corrupt|traceback|python exception'; then
        fail "gdb complains"
    fi
}

run_gdb -ex 'ks ps' "$crowd"
has '^kiosk: no program runs here'
ask -ex 'break crowd_stands' -ex run "$crowd"
check

# The stacks are in the core, and guarded again afterwards.
run_gdb -ex 'break crowd_stands' -ex run -ex "ks gcore $work/core" -ex 'ks ps' \
    -ex 'python guards = list(Gcore("gcore").guards())' \
    -ex 'python gdb.selected_inferior().read_memory(guards[0][0] + guards[0][1], 1)' \
    -ex 'python print("%d guards" % len(guards))' \
    -ex 'python gdb.selected_inferior().read_memory(guards[0][0], 1)' -ex kill "$crowd"
has '^Saved corefile' '^12 processes'
if echo "$out" | grep -q '^0 guards'; then
    echo "this kernel has no guards that a core file could lack"
else
    has '^[0-9]+ guards' 'Cannot access memory'
fi
[ "$(echo "$out" | grep -c 'Cannot access memory')" -le 1 ] || fail "the stacks are not there"
ask "$crowd" "$work/core"
check

# Found by gdb itself, beside the library, where the user trusts the folder.
library=$(ldd "$crowd" | awk '$1 ~ /^libkiosk/ { print $3 }')
out=$(gdb -nx -q -batch -iex "add-auto-load-safe-path $(dirname "$library")" \
    -ex 'set debuginfod enabled off' -ex 'break crowd_stands' -ex run -ex 'ks ps' -ex kill \
    "$crowd" 2>&1 </dev/null)
has '^12 processes'

# A library without debug information, and one without symbols, say so.
for strip in --strip-debug --strip-all; do
    objcopy $strip "$library" "$work/$(basename "$library")" || exit 1
    run_gdb -ex "set environment LD_LIBRARY_PATH $work" -ex 'break crowd_stands' -ex run \
        -ex 'ks ps' -ex 'ks gcore core' -ex kill "$crowd"
    case $strip in
    --strip-debug) has '^kiosk: libkiosk has no debug information' ;;
    --strip-all) has '^kiosk: .*libkiosk.* is stripped' ;;
    esac
    [ "$(echo "$out" | grep -c '^kiosk: .*lib')" -eq 2 ] || fail "one command said nothing"
done
run_gdb -ex 'ks ps' -ex 'break main' -ex run -ex 'ks ps' "$(command -v sleep)"
has '^kiosk: no program runs here'
echo "asked"
