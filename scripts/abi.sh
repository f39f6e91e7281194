#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# abi.sh check|write LIBRARY [DESCRIPTION] - compares the binary interface of a libkiosk.so that has
# debug information with the description in abi/, or writes that, and the list of symbols for the
# Debian package. A fact that is gone or different is a break, which docs/install.md speaks of; a
# new one is none, nor is the growth of a struct whose size travels with it. 77: no gdb here.
set -eu
cd "$(dirname "$0")/.."
how=${1-} library=$(realpath "${2:?usage: abi.sh check|write LIBRARY}")
machine=$(uname -m)
description=${3:-abi/$machine.txt}
# The library takes their size from the program, or fills in no more than that.
sized="ks_child ks_runtime_options ks_spawn_options ks_tcp_options ks_monitor_options
    ks_supervisor_limits ks_thread_state ks_log_event ks_log_format ks_log_handler
    ks_blocking_options ks_process_snapshot"

command -v gdb >/dev/null || { echo "abi: no gdb here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    for header in include/kiosk/*.h; do echo "#include <kiosk/${header##*/}>"; done
    echo 'int abi_probe;'
} >"$work/probe.c"
gcc -g -fno-eliminate-unused-debug-types -Iinclude -c -o "$work/probe.o" "$work/probe.c"
ABI_LIBRARY=$library ABI_OUT=$work/now gdb -nx -q -batch -ex 'set debuginfod enabled off' \
    -x scripts/abi.py "$work/probe.o" >"$work/said" 2>&1 || true
[ -s "$work/now" ] || { cat "$work/said"; exit 1; }

# Old symbols keep the version that they came with.
write_symbols() {
    abi=$(sed -n 's/^set(KIOSK_ABI \([0-9]*\))$/\1/p' CMakeLists.txt)
    version=$(awk '/define KS_VERSION_(MAJOR|MINOR|PATCH)/ { printf "%s%s", d, $3; d = "." }' \
        include/kiosk/version.h)
    list=debian/libkiosk$abi.symbols
    touch "$list"
    {
        echo "libkiosk.so.$abi libkiosk$abi #MINVER#"
        echo "* Build-Depends-Package: libkiosk-dev"
        echo " KIOSK_$abi@KIOSK_$abi 0.1.0"
        sed -n 's/^\(function\|object\) \(ks_[a-z0-9_]*\):.*/\2/p' "$work/now" |
            awk -v list="$list" -v node="KIOSK_$abi" -v version="$version" '
                BEGIN {
                    while ((getline line < list) > 0) {
                        split(line, f, /[ @]+/)
                        old[f[2]] = f[4]
                    }
                }
                { print " " $1 "@" node " " ($1 in old ? old[$1] : version) }'
    } >"$work/symbols"
    cp "$work/symbols" "$list"
}

case $how in
write)
    cp "$work/now" "$description"
    write_symbols
    echo "abi: $(wc -l <"$description") facts in $description"
    exit
    ;;
check) ;;
*) echo "usage: abi.sh check|write LIBRARY [DESCRIPTION]" >&2 && exit 2 ;;
esac

[ -f "$description" ] || { echo "abi: nothing is known of $machine"; exit 77; }
LC_ALL=C comm -23 "$description" "$work/now" >"$work/gone"
LC_ALL=C comm -13 "$description" "$work/now" >"$work/new"
# What has merely grown is taken off the list of what is gone.
awk -v sized="$sized" '
    BEGIN { split(sized, names); for (i in names) may[names[i] ":"] = 1 }
    FILENAME == ARGV[1] { if ($1 == "struct" && $4 == "bytes") now[$2] = $3; next }
    $1 == "struct" && $4 == "bytes" && may[$2] && now[$2] > $3 { next }
    { print }' "$work/new" "$work/gone" >"$work/broken"
if [ -s "$work/broken" ]; then
    echo "abi: these facts do not hold any more:"
    sed 's/^/    /' "$work/broken"
    echo "abi: programs that exist would break; docs/install.md says what to do"
    exit 1
fi
[ ! -s "$work/new" ] || { echo "abi: new:"; sed 's/^/    /' "$work/new"; }
echo "abi: $(wc -l <"$description") facts hold"
