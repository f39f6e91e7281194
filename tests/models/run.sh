#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh MODEL.pml - checks the whole space of a model, and for endless running about (a cycle
# without a label `progress`, under weak fairness; with -DSMALL), which -DSMALL -DBRIEF bound. With
# FULL=1 without those bounds, and that it can fail: each variant BREAK_n that the file names must
# end with an error, and each BUSY_n with such a cycle. 77: spin or a compiler is missing. KEEP=dir
# keeps the files.
set -u
model=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
name=$(basename "$model" .pml)
cc=${CC:-gcc}
bounds=-DSMALL
small=
[ -n "${FULL-}" ] || small="-DSMALL -DBRIEF" bounds="-DSMALL -DBRIEF"
seconds=${SECONDS_MAX:-60} # of processor time, each check
for tool in spin "$cc"; do
    command -v "$tool" >/dev/null || {
        echo "models: skipped, $tool is not installed (scripts/setup.sh test installs it)"
        exit 77
    }
done
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
[ -n "${KEEP-}" ] || trap 'rm -rf "$work"' EXIT
failed=0

# Leaves the verdict in $work/VARIANT/verdict. VARIANT SPIN-FLAG COMPILE-FLAG PAN-FLAGS
check() {
    mkdir -p "$work/$1"
    (
        cd "$work/$1" || exit 1
        # Empty flags and lists of words; dash, bash and busybox all have ulimit -t.
        # shellcheck disable=SC2086,SC3045
        spin -a $2 "$model" >spin.log 2>&1 &&
            $cc -w -DMEMLIM=2000 -DNFAIR=3 $3 -o pan pan.c 2>>spin.log &&
            ulimit -t "$seconds" && ./pan -m2000000 $4 >verdict 2>&1
    ) || echo "(did not end by itself: $?)" >>"$work/$1/verdict"
}

states() {
    sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$1" | head -n 1
}

# The whole space was seen, and nothing was found. VARIANT
demand_good() {
    verdict=$work/$1/verdict
    if grep -q 'errors: 0' "$verdict" && ! grep -q -E 'did not end|too small|not completed' \
        "$verdict"; then
        echo "$name $1: holds, $(states "$verdict") states"
        return
    fi
    echo "$name $1: DOES NOT HOLD, or was not finished"
    tail -n 30 "$verdict" "$work/$1/spin.log"
    failed=1
}

# An error of the model, not of the tools. VARIANT
demand_broken() {
    verdict=$work/$1/verdict
    if grep -q 'errors: [1-9]' "$verdict"; then
        echo "$name $1: fails, as it must: $(sed -n 's/^pan:1: *//p' "$verdict" | head -n 1)"
        return
    fi
    echo "$name $1: NOT FOUND"
    tail -n 30 "$verdict" "$work/$1/spin.log"
    failed=1
}

check good "$small" "-O1 -DSAFETY" "" # of O2 the compiler is slower, and the check no faster
demand_good good
check progress "$bounds" "-O1 -DNP" "-l -f"
demand_good progress
[ -n "${FULL-}" ] || exit $failed
variants=$(grep -o 'ifn*def BREAK_[0-9]*' "$model" | sed 's/.* //' | sort -u)
[ -n "$variants" ] || { echo "$name: no variant that must fail"; failed=1; }
for variant in $variants; do
    check "$variant" "-D$variant" -DSAFETY ""
    demand_broken "$variant"
done
busy=$(grep -o 'ifn*def BUSY_[0-9]*' "$model" | sed 's/.* //' | sort -u)
for variant in $busy; do
    check "$variant" "-D$variant $bounds" -DNP "-l -f"
    demand_broken "$variant"
done
exit $failed
