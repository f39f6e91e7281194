#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# aarch64_root.sh FOLDER - puts Check for aarch64 there, from the archive that this machine's apt
# knows, without a change to its packages. Already there: nothing is done. Exit status 3: there is
# no apt-get; 4: it failed.
set -u
root=${1:?usage: aarch64_root.sh FOLDER}
[ -f "$root/usr/lib/aarch64-linux-gnu/libcheck_pic.a" ] && exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "aarch64_root: no apt-get: put Check for aarch64 into $root" >&2
    exit 3
fi
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
mkdir -p "$root" "$work/state/lists/partial" "$work/cache/archives/partial" || exit 4
root=$(cd "$root" && pwd)

# A package system of its own, that holds nothing.
apt() {
    apt-get -q -o Dir::State="$work/state" -o Dir::State::status=/dev/null \
        -o Dir::Cache="$work/cache" -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o APT::Sandbox::User=root "$@" >>"$work/log" 2>&1 || {
        echo "aarch64_root: apt-get $1 failed:" >&2
        tail -n 5 "$work/log" >&2
        exit 4
    }
}
cd "$work" || exit 4
apt update
apt download check libsubunit-dev
for package in *.deb; do dpkg-deb -x "$package" "$root" || exit 4; done
