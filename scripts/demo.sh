#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh - starts the example store, which shows its supervision tree and says what to try.
set -u
cd "$(dirname "$0")/.." || exit 1
[ -x build/examples/store ] || { echo "demo: build/examples/store is not built" >&2; exit 1; }
exec build/examples/store --port "${PORT:-6380}" --demo
