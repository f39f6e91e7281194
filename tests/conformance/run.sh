#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh RESULTS DOCUMENT [write] - holds cases.txt against the results of the last run: a case that
# is said to pass has a test that passed, and a test has a case that is said to pass. Then the table
# made of both must be what the document says; `write` writes it instead.
set -u
results=$1
document=$2
here=$(cd "$(dirname "$0")" && pwd)
table=$(mktemp) || exit 1
trap 'rm -f "$table"' EXIT

if ! cat "$results"/*.results | awk -f "$here/table.awk" - "$here/cases.txt" >"$table"; then
    echo "conformance: the above does not fit" >&2
    exit 1
fi
if [ "${3-}" = write ]; then
    cp "$table" "$document"
    chmod 644 "$document"
elif ! diff -u "$document" "$table"; then
    echo "conformance: $document is not what the tests say: make conformance" >&2
    exit 1
fi
