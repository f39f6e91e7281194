#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# format.sh [--check] - puts the C files into the project's form, or says which are not in it.
set -u
cd "$(dirname "$0")/.." || exit 1
how=-i
[ "${1-}" = --check ] && how="--dry-run -Werror"
# shellcheck disable=SC2086
scripts/files.sh | xargs clang-format --style=file $how
