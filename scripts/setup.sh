#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# setup.sh demo|test|long|deb|dev - installs the Debian packages that a target needs and this
# machine lacks.
# Nothing missing: one line, nothing touched. Exit status 3: something is missing and may not be
# installed from here; 4: apt-get failed.
set -u

set_demo="gcc make cmake pkg-config libc6-dev python3"
set_test="clang libclang-rt-14-dev g++ check clang-format clang-tidy redis-tools gdb valgrind \
libc6-dbg libssl-dev systemtap-sdt-dev linux-perf spin gcc-aarch64-linux-gnu shellcheck libuv1-dev \
python3-redis node-redis mandoc man-db groff-base"
set_deb="gcc make cmake pkgconf libc6-dev g++ python3 dpkg-dev debhelper fakeroot lintian xz-utils \
systemtap-sdt-dev valgrind libuv1-dev"
# For `make test-all`; Check for aarch64 comes with its step of the gate.
set_long="qemu-user bpftrace $set_deb"
set_dev="git strace"
# What tells that a package's job is done where there is no dpkg to ask.
tools_demo="gcc make cmake pkg-config python3"
tools_test="clang g++ clang-format clang-tidy redis-cli gdb valgrind spin aarch64-linux-gnu-gcc \
shellcheck node mandoc man groff"
tools_deb="gcc make cmake pkg-config g++ python3 dpkg-buildpackage dh fakeroot lintian xz"
tools_long="qemu-aarch64 bpftrace $tools_deb"
tools_dev="git strace"

case ${1-} in
demo) packages=$set_demo tools=$tools_demo ;;
test) packages="$set_demo $set_test" tools="$tools_demo $tools_test" ;;
deb) packages=$set_deb tools=$tools_deb ;;
long) packages="$set_demo $set_test $set_long" tools="$tools_demo $tools_test $tools_long" ;;
dev)
    packages="$set_demo $set_test $set_long $set_dev"
    tools="$tools_demo $tools_test $tools_long $tools_dev"
    ;;
*)
    echo "usage: $0 demo|test|long|deb|dev" >&2
    exit 2
    ;;
esac

nothing() {
    echo "setup: nothing to install"
    exit 0
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    for tool in $tools; do
        command -v "$tool" >/dev/null || {
            echo "setup: $tool is missing; needs Debian 12 (or a system with these packages):" \
                "$packages" >&2
            exit 3
        }
    done
    nothing
fi

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -x installed)
    [ -n "$state" ] || missing="$missing $package"
done
[ -n "$missing" ] || nothing

if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
elif command -v sudo >/dev/null && [ -t 0 ]; then
    as_root="sudo env"
else
    echo "setup: may not install here; an administrator can:" \
        "apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 3
fi

log=$(mktemp) || exit 4
trap 'rm -f "$log"' EXIT
apt() {
    # Words to split: the way to become root, and the packages.
    # shellcheck disable=SC2086
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" \
        >>"$log" 2>&1 </dev/null || {
        echo "setup: apt-get $1 failed:" >&2
        tail -n 5 "$log" >&2
        exit 4
    }
}

echo "setup: installing$missing"
apt update
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing
echo "setup: done"
