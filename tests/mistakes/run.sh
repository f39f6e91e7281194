#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh [CC...] - each mistake in mistakes.c must be reported, in words that name it; correct code
# must compile in silence. Tried as a user compiles: with the flags of kiosk.pc, and with the
# headers both as the user's own (-I) and as the system's (-isystem), where compilers hide warnings.
set -u
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include
flags="-std=gnu17 -Wall -Wextra -Wno-unused-parameter"
[ $# -gt 0 ] || set -- gcc clang
failed=0
table=$(mktemp) || exit 1
trap 'rm -f "$table"' EXIT

# What the messages have in common is what we wrote, so that is what is looked for: MISTAKE REGEX.
cat >"$table" <<'TABLE'
1 error: .*KS_TYPE.put_req, ...\) must list every field
2 error: .*(_Generic|controlling expression).*'char \*'.* not compatible
3 error: (macro "KS_CALL" requires 4 arguments|too few arguments provided to function-like macro)
4 error: conflicting types for 'box_handle_put'
5 error: (invalid initializer|initializing 'box_get_from'.* 'box_put_from')
6 error: .*(passing argument 2 of 'box_reply_get'|incompatible pointer types passing 'ks_int \*')
7 warning: .*'box_handle_reset' .*(never defined|has internal linkage but is not defined)
8 error: .*(returning type 'int' but 'ks_next'|returning 'int' from a function)
9 error: .*'box_resett_op'
10 error: .*handle_tineout
11 error: .*(passing argument 3 of 'box_call_put'|incompatible pointer types passing 'int32_t \*')
12 error: implicit declaration of function 'box_cast_put'
13 error: .*limits
14 error: .*(_Generic|controlling expression).*'ks_int \*'.* not compatible
15 warning: ignoring return value of .*warn_unused_result
16 error: .*(type for argument 1 of 'box_call_put'|passing 'int' to parameter .*'ks_pid')
17 error: .*(_Generic|controlling expression).*'(enum colour|colour|shape)'.* not compatible
18 error: .*(_Generic|controlling expression).*'const (struct )?put_req \*'.* not compatible
19 error: .*(_Generic|controlling expression).*'ks_int \*'.* not compatible
20 error: (invalid initializer|initializing 'box_get_request'.* 'box_put_request')
21 error: .*(_Generic|controlling expression).*'struct undescribed'.* not compatible
22 error: .*(_Generic|controlling expression).*'ks_int \*'.* not compatible
24 error: conflicting types for 'boxes_add_arguments'
23 warning: .*(format '%s' expects a matching|more '%' conversions than data)
TABLE

# In the C locale, where both compilers quote 'so'.
say() { # COMPILER HOW MISTAKE
    # The flags are a list of words, so they are not quoted.
    # shellcheck disable=SC2086
    LC_ALL=C "$1" $flags "$2" "$include" -DM="$3" -c "$here/mistakes.c" -o /dev/null 2>&1
}

for cc in "$@"; do
    command -v "$cc" >/dev/null || { echo "mistakes: no $cc here, left out"; continue; }
    for how in -I -isystem; do
        said=$(say "$cc" $how 0)
        [ -z "$said" ] || { echo "mistake 0 $cc $how: not silent"; echo "$said"; failed=1; }
        while read -r number regex; do
            said=$(say "$cc" $how "$number")
            if echo "$said" | grep -Eq "$regex"; then
                echo "mistake $number $cc $how: ok"
            else
                echo "mistake $number $cc $how: NOT REPORTED"
                echo "$said" | head -5
                failed=1
            fi
        done <"$table"
    done
done
exit $failed
