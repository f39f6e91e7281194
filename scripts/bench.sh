#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh [WORKLOAD...] - runs workloads of kiosk-bench, by default all, RUNS times (3) in turn,
# with as many schedulers as each is defined for. The lines go to build/bench/results.jsonl, a table
# of medians to standard output. BENCH_SCALE multiplies the counts. Needs `make` or `make bench`.
set -u
cd "$(dirname "$0")/.." || exit 1
program=${BENCH_PROGRAM:-build/bench/kiosk-bench}
out=${BENCH_OUT:-build/bench/results.jsonl}
runs=${RUNS:-3}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

scripts/bench-list.sh "$program" "$@" >"$work/list" || exit 1
: >"$out" || exit 1
round=1
while [ "$round" -le "$runs" ]; do
    while read -r name cores metric; do
        [ ! -t 2 ] || printf '\r%-60s\r' "round $round of $runs: $name" >&2
        PEER_CORES=$cores "$program" "$name" </dev/null >"$work/line" || {
            echo "bench: $name failed with exit status $?" >&2
            exit 1
        }
        grep '^{' "$work/line" >>"$out"
        sed -n "s/^{/run $round $cores $metric {/p" "$work/line" >>"$work/all"
    done <"$work/list"
    round=$((round + 1))
done
[ ! -t 2 ] || printf '\r%-60s\r' '' >&2
awk -v how=table -f scripts/bench.awk "$work/all"
echo "every line: $out"
