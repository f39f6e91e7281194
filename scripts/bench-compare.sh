#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench-compare.sh REV [WORKLOAD...] - kiosk-bench of this tree beside that of a commit, which is
# built in a worktree of its own, in a temporary folder: RUNS pairs (7, and no fewer), whose order
# changes from pair to pair, so that what else the machine does meets both. Prints medians and
# ratios. By default all workloads; each program is that of its own commit, with its own
# definitions. Needs build/bench/kiosk-bench of this tree.
set -u
cd "$(dirname "$0")/.." || exit 1
new=$PWD/build/bench/kiosk-bench
runs=${RUNS:-7}

fail() {
    echo "bench-compare: $*" >&2
    exit 1
}

[ $# -ge 1 ] || fail "which commit? usage: $0 REV [WORKLOAD...]"
[ "$runs" -ge 7 ] || fail "$runs pairs say too little: at least 7"
[ -x "$new" ] || fail "$new is not built"
commit=$(git rev-parse --quiet --verify "$1^{commit}") || fail "there is no commit $1"
shift

work=$(mktemp -d) || exit 1
finish() {
    git worktree remove --force "$work/tree" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

scripts/bench-list.sh "$new" "$@" >"$work/list" || exit 1

build_old() {
    git worktree add --quiet --detach "$work/tree" "$commit" &&
        cmake -S "$work/tree" -B "$work/tree/build" -DKIOSK_TESTS=OFF &&
        cmake --build "$work/tree/build" -j "${JOBS:-2}" --target bench
}
echo "bench-compare: building $commit" >&2
build_old >"$work/build.log" 2>&1 || {
    tail -n 20 "$work/build.log" >&2
    fail "$commit does not build"
}
old=$work/tree/build/bench/kiosk-bench

# One workload, one side. What a program does not know is left out.
measure() { # SIDE PROGRAM ROUND NAME SCHEDULERS METRIC
    PEER_CORES=$5 "$2" "$4" </dev/null >"$work/line" 2>"$work/error"
    status=$?
    [ "$status" -eq 2 ] && return
    [ "$status" -eq 0 ] || fail "$1 $4: exit status $status: $(cat "$work/error")"
    sed -n "s/^{/$1 $3 $5 $6 {/p" "$work/line" >>"$work/all"
}

: >"$work/all"
round=1
while [ "$round" -le "$runs" ]; do
    while read -r name cores metric; do
        [ ! -t 2 ] || printf '\r%-60s\r' "pair $round of $runs: $name" >&2
        [ $((round % 2)) -eq 0 ] || measure old "$old" "$round" "$name" "$cores" "$metric"
        measure new "$new" "$round" "$name" "$cores" "$metric"
        [ $((round % 2)) -eq 1 ] || measure old "$old" "$round" "$name" "$cores" "$metric"
    done <"$work/list"
    round=$((round + 1))
done
[ ! -t 2 ] || printf '\r%-60s\r' '' >&2
awk -v how=compare -f scripts/bench.awk "$work/all"
