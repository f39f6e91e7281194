#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh ROOT LIBRARY - the binary interface is the one that abi/ describes, or has only grown.
# Then: what would break programs is seen, what would not is let through. 77: cannot be told here.
set -u
root=$1 library=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$root/scripts/abi.sh" check "$library" || exit $?

truth=$root/abi/$(uname -m).txt
failed=0
expect() { # STATUS PATTERN SED-SCRIPT: the description, changed like that
    sed "$3" "$truth" | LC_ALL=C sort >"$work/changed"
    said=$("$root/scripts/abi.sh" check "$library" "$work/changed" 2>&1)
    status=$?
    [ $status -eq "$1" ] && echo "$said" | grep -q "$2" && return
    echo "abi: after $3: exit status $status: $said"
    failed=1
}
expect 1 'ks_gone' '1s/$/\nfunction ks_gone: void ()/'
expect 1 'ks_sleep' 's/^\(function ks_sleep: void (\)ks_ms/\1int/'
expect 1 'KS_OVERLOAD = 99' 's/^constant KS_OVERLOAD = .*/constant KS_OVERLOAD = 99/'
expect 1 'ks_pid: 8 bytes' 's/^struct ks_pid: .*/struct ks_pid: 8 bytes/' # grown: not sized
expect 1 'ks_child.name' 's/^struct ks_child.name: at [0-9]*/struct ks_child.name: at 4/'
expect 0 'facts hold' 's/^struct ks_child: .*/struct ks_child: 96 bytes/' # grown: sized
expect 1 'ks_child: 9999' 's/^struct ks_child: .*/struct ks_child: 9999 bytes/'
expect 0 'function ks_sleep' '/^function ks_sleep:/d'
exit $failed
