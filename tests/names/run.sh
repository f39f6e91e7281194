#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh INCLUDE_DIR - the headers take no name but ks_ and KS_ ones: no macro (guards are
# KIOSK_NAME_H), no type, tag, constant, function or object. What rows such as KS_CALL make has the
# user's names. Then it shows that it would see others.
set -eu
include=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Macros: what is there with all headers, and was not with those of the C library that they take.
macros() { # FOLDER
    (cd "$1" && grep -h -E '^#include <' kiosk/*.h | grep -v '<kiosk/' | sort -u) >"$work/system"
    (cd "$1" && for name in kiosk/*.h; do echo "#include <$name>"; done) >"$work/all"
    for unit in system all; do
        cc -x c -std=c11 -I "$1" -dM -E "$work/$unit" | awk '{ sub(/\(.*/, "", $2); print $2 }' |
            sort -u >"$work/$unit.macros"
    done
    comm -13 "$work/system.macros" "$work/all.macros" | grep -v -E '^(KS_|ks_|KIOSK_[A-Z_]+_H$)' ||
        true
}

# Everything else, as clang reads it.
others() { # FOLDER
    command -v clang >/dev/null || return 0
    clang -x c -std=c11 -I "$1" -fsyntax-only -Xclang -ast-dump=json "$work/all" |
        python3 "$here/names.py" "$1" | grep -v -E '^(KS_|ks_)' || true
}

strange=$(macros "$include" && others "$include")
[ -z "$strange" ] || { echo "names: not ours to take: $strange"; exit 1; }

mkdir -p "$work/bad/kiosk"
cat >"$work/bad/kiosk/bad.h" <<'END'
#include <stddef.h>
#define MAX 1
#define KS_FINE 2
typedef struct tag { int ks_field; } ks_fine;
enum { KS_ALSO_FINE, RED };
extern size_t size_of_it(void);
static inline int ks_good(int parameter) { int local = parameter; return local; }
END
found=$(macros "$work/bad" && others "$work/bad")
expected="MAX"
if command -v clang >/dev/null; then expected="MAX tag RED size_of_it"; fi
[ "$(echo "$found" | tr '\n' ' ')" = "$expected " ] ||
    { echo "names: it would see only: $found"; exit 1; }
