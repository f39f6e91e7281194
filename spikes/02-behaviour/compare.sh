#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# compare.sh OUT ROUNDS FEATURE... - runs the call in all builds, in turn, ROUNDS times. Prints the
# median of each, and the median of its paired difference to the whole.
out=$1 rounds=$2
shift 2
figures=$out/figures
: > "$figures"
run() { # NAME PROGRAM [ARGUMENT]
    name=$1
    shift
    echo "$round $name $("$@")" >> "$figures"
}
round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    run static "$out/plain/call"
    run shared "$out/plain/call-shared"
    run infinity "$out/plain/call" infinity
    for feature; do run "no-$feature" "$out/no-$feature/call"; done
done
for name in static shared infinity $(for feature; do echo "no-$feature"; done); do
    of() { awk -v n="$name" "$1" "$figures" | sort -n | awk '{ v[NR] = $1 } END {
        print v[int((NR + 1) / 2)] }'; }
    median=$(of '$2 == n { print $3 }')
    difference=$(of '$2 == "static" { whole[$1] = $3 } $2 == n { print $3 - whole[$1] }')
    printf '  %-14s %6.1f ns  %+5.1f\n' "$name" "$median" "$difference"
done
