#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bpftrace.sh CROWD ROOT HAS - the scripts of tools/bpftrace see what a program does. HAS: 1, it has
# probes. 77: it has none, there is no bpftrace, or it may not trace here.
set -u
crowd=$1 root=$2
[ "$3" = 1 ] || exit 77
command -v bpftrace >/dev/null || exit 77
bpftrace -e 'BEGIN { printf("may trace\n"); exit(); }' 2>&1 | grep -q 'may trace' || exit 77
work=$(mktemp -d) || exit 1
pid=
# It may have ended by itself.
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT

"$crowd" 60 >"$work/said" 2>/dev/null &
pid=$!
for _ in $(seq 100); do
    grep -q busy "$work/said" && break
    sleep 0.1
done

# Runs a script until its output has all patterns. SCRIPT PATTERN...
sees() {
    script=$1
    shift
    for seconds in 4 8 16; do
        timeout -s INT $seconds bpftrace -p "$pid" "$root/tools/bpftrace/$script.bt" \
            >"$work/$script" 2>&1
        grep -q -i -E 'permission|not permitted' "$work/$script" && exit 77
        all=yes
        for pattern; do grep -q -E "$pattern" "$work/$script" || all=$pattern; done
        [ "$all" = yes ] && return
    done
    echo "$script.bt did not print $all:"
    cat "$work/$script"
    exit 1
}
sees processes '^@spawned\[process\]: [0-9]' '^@ended\[normal\]: [0-9]'
sees messages '^@calls\[add\]: [0-9]' '^@messages\[note\]: [0-9]'
sees calls '^@us\[add\]:' '^\[[0-9]+.* [1-9][0-9]* +\|@'
echo "traced"
