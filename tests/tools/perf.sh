#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# perf.sh CROWD - perf's call chains name the handler that works and what runs it,
# and end where its stack began. 77: no perf, or it may not record here.
set -u
crowd=$1
command -v perf >/dev/null || exit 77
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
perf record -q --call-graph dwarf,2048 -e cpu-clock:u -F 499 -o "$work/data" "$crowd" 1 \
    >"$work/said" 2>&1 || {
    grep -q -i -E 'permission|not supported|not permitted|no such' "$work/said" && exit 77
    cat "$work/said"
    exit 1
}
# A sample is a block of lines, the frames innermost first: address symbol (file).
perf script -i "$work/data" -F comm,ip,sym 2>/dev/null >"$work/samples"
awk -v RS= -v FS='\n' '
    / work_step/ {
        seen++
        inside = 0
        for (i = 2; i <= NF; i++) {
            if ($i ~ / clerk_(handle|invoke)_add/) inside++
            if ($i ~ / ksi_serve/) inside++
            last = $i
        }
        if (inside < 2) broken++
        if (last !~ / ksi_context_start/) open_ended++
    }
    END {
        printf "%d samples in the handler, %d without what called it, %d that do not end", seen,
            broken, open_ended
        print " at the start of their stack"
        # A sample in the prologue of a function misses the caller of that.
        exit !(seen >= 10 && broken <= seen / 20 && open_ended <= seen / 20)
    }' "$work/samples" && exit 0
grep -B 2 -A 20 -m 3 work_step "$work/samples"
exit 1
