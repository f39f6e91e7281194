#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench-list.sh PROGRAM [WORKLOAD...] - what is to be run: a line for each workload (by default all)
# and number of schedulers, NAME SCHEDULERS METRIC.
set -u
program=$1
shift
known=$("$program" --list) || {
    echo "bench: $program does not run" >&2
    exit 1
}
for name in "$@"; do
    echo "$known" | grep -q "^$name " || {
        echo "bench: there is no workload $name" >&2
        exit 1
    }
done
echo "$known" | awk -v wanted=" $* " '
    wanted != "  " && !index(wanted, " " $1 " ") { next }
    { n = split($2, cores, ","); for (i = 1; i <= n; i++) print $1, cores[i], $3 }'
