#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# files.sh - the C files whose form clang-format decides, one a line: ours, without experiments.
set -u
cd "$(dirname "$0")/.." || exit 1
find include src tests examples bench docs -name '*.[ch]' 2>/dev/null | sort
