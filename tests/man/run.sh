#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PAGES LIBRARY INCLUDE - the man pages are in order, by mandoc and by man itself, where they
# are installed; and nothing public is without one: no function and no object that the library
# exports, no inline function, no macro.
set -eu
pages=$1 library=$(realpath "$2") include=$(realpath "$3")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
cd "$pages"

complain() {
    echo "man: $*"
    failed=1
}

for page in man3/kiosk_*.3 man7/kiosk.7; do
    if command -v mandoc >/dev/null; then
        mandoc -T lint -W warning "$page" || complain "$page: see above"
    fi
    if command -v man >/dev/null && command -v groff >/dev/null; then
        MANWIDTH=80 man --warnings=w -l "$page" 2>"$scratch/said" >"$scratch/$(basename "$page")"
        [ ! -s "$scratch/said" ] || complain "$page: $(cat "$scratch/said")"
    fi
done

# Names with an underscore at their end are for macros; those that have a page have it in addition.
{
    nm -D --defined-only "$library" | awk '$3 ~ /^ks_/ { sub(/@.*/, "", $3); print $3 }' |
        grep -v -e '_type$' # objects of KS_DECLARE_TYPE: their structs have pages
    cat "$include"/kiosk/*.h | sed -n 's/^static inline .*[ *]\(ks_[a-z0-9_]*\)(.*/\1/p'
    cat "$include"/kiosk/*.h | sed -n 's/^#define \(ks_[a-z_]*\).*/\1/p'
    echo KS_CALL KS_CAST KS_INFO KS_GEN_SERVER KS_SUPERVISOR KS_TYPE KS_ENUM KS_TIMEOUT |
        tr ' ' '\n'
} | grep -v '_$' | sort -u >"$scratch/names"
[ "$(wc -l <"$scratch/names")" -gt 150 ] || complain "there must be more public names than that"
while read -r name; do
    page=$(sed -n 's/^\.so //p' "man3/$name.3" 2>/dev/null) || true
    if [ -z "$page" ]; then
        complain "$name has no page"
    elif ! grep -q -F "\\fB$name\\fP" "$page"; then
        complain "$name is not in $page"
    fi
done <"$scratch/names"

echo "man: $(wc -l <"$scratch/names") names"
exit $failed
