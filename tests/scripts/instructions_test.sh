#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# instructions_test.sh SOURCE - the hottest paths take no more instructions than
# bench/instructions.txt says (scripts/instructions.sh), and one that takes 5 % more would be found.
set -u
cd "$1" || exit 1
scripts/instructions.sh || exit $?

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
awk '/^call_1core / { $2 = int($2 / 1.05) } { print }' bench/instructions.txt >"$work/less.txt"
said=$(FILE="$work/less.txt" WORKLOADS=call_1core scripts/instructions.sh)
status=$?
if [ $status -ne 1 ] || ! echo "$said" | grep -q 'more than 3 % more'; then
    echo "5 % more were not found: $status, $said"
    exit 1
fi
