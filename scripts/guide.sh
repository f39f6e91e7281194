#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guide.sh OUT - weaves docs/guide/*.c to OUT/*.md, in the order of their names.
set -eu
out=$(realpath "${1:?usage: guide.sh OUT}")
cd "$(dirname "$0")/../docs/guide"
before=
set -- *.c
while [ $# -gt 0 ]; do
    name=${1%.c}
    after=${2+${2%.c}.md}
    awk -v before="$before" -v after="${after-}" -f ../../scripts/guide.awk "$1" >"$out/$name.md"
    before=$name.md
    shift
done
