#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# instructions.sh [write] - how many instructions the five hottest paths take, which does not depend
# on what else the machine does: a call with its reply, a cast, a pass of a token, a process from
# its start to its end, a timer armed and cancelled.
#
# Two runs of a workload of build/bench/kiosk-bench under callgrind, of which the second does twice
# as much; their difference is what it costs. Compared with bench/instructions.txt: more than
# TOLERANCE per cent above a figure there fails (1), less is for the author to write down. Another
# compiler than the file's, or no valgrind: 77, nothing is said. `write` writes the file. BENCH,
# FILE and WORKLOADS in the environment take the place of those.
set -u
cd "$(dirname "$0")/.." || exit 1
bench=${BENCH:-build/bench/kiosk-bench}
file=${FILE:-bench/instructions.txt}
workloads=${WORKLOADS:-call_1core cast_1core ring spawn_exit timers_cancel}
tolerance=3
cc=${CC:-cc}
compiler="$($cc -dumpfullversion 2>/dev/null) $($cc -dumpmachine 2>/dev/null)"

if ! command -v valgrind >/dev/null; then
    echo "instructions: valgrind is missing"
    exit 77
fi

# "n instructions" of a run.
run() {
    PEER_CORES=1 KIOSK_SCHEDULERS=1 BENCH_SCALE=$2 valgrind --tool=callgrind \
        --callgrind-out-file=/dev/null "$bench" "$1" 2>&1 |
        awk '/^{/ { sub(/.*"n":/, ""); sub(/,.*/, ""); n = $0 } /Collected :/ { print n, $NF }'
}

measure() {
    few=$(run "$1" 0.004)
    many=$(run "$1" 0.008)
    echo "$few $many" | awk 'NF == 4 && $3 > $1 { printf "%.0f\n", ($4 - $2) / ($3 - $1) }'
}

if [ "${1-}" = write ]; then
    {
        echo "# Instructions of an operation, by scripts/instructions.sh; of this compiler:"
        echo "compiler $compiler"
        for workload in $workloads; do echo "$workload $(measure "$workload")"; done
    } >"$file"
    cat "$file"
    exit 0
fi

expected=$(sed -n 's/^compiler //p' "$file")
if [ "$expected" != "$compiler" ]; then
    echo "instructions: the figures are those of $expected, not of $compiler"
    exit 77
fi
result=0
for workload in $workloads; do
    was=$(sed -n "s/^$workload //p" "$file")
    is=$(measure "$workload")
    if [ -z "$is" ]; then
        echo "$workload: not measured"
        result=1
    elif [ $((is * 100)) -gt $((was * (100 + tolerance))) ]; then
        echo "$workload: $is instructions, $was before: more than $tolerance % more"
        result=1
    else
        echo "$workload: $is instructions, $was before"
    fi
done
exit $result
