#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# woven.sh ROOT - the pages of the guide are what its programs say now, all of them are in the list
# of chapters, and each link of the documents leads somewhere.
set -u
root=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
"$root/scripts/guide.sh" "$work" || exit 1
for page in "$work"/*.md; do
    name=${page##*/}
    cmp -s "$page" "$root/docs/guide/$name" || { echo "$name: see make guide"; failed=1; }
    grep -q -F "($name)" "$root/docs/guide/README.md" || { echo "$name: not listed"; failed=1; }
done
for page in "$root"/docs/guide/*.md; do
    [ "${page##*/}" = README.md ] || [ -f "$work/${page##*/}" ] || {
        echo "${page##*/}: no program for it"
        failed=1
    }
done

# Links between the files of the tree; anchors are not looked at.
for page in "$root"/*.md "$root"/docs/*.md "$root"/docs/*/*.md "$root"/examples/*/*.md; do
    grep -o -E '\]\([^)# ]+' "$page" | sed 's/^](//' | grep -v -E '^[a-z]+:' |
        while read -r link; do
            [ -e "${page%/*}/$link" ] || echo "${page#"$root"/}: no $link"
        done
done >"$work/broken"
[ ! -s "$work/broken" ] || { cat "$work/broken"; failed=1; }
exit $failed
