#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# probes.sh LIBRARY HAS - the shared library has all probes that src/base/probe.h names, with as
# many arguments. HAS: 1, it was built with them, or 0: then it has none. 77: there is no readelf.
set -u
library=$1 has=$2
command -v readelf >/dev/null || exit 77
notes=$(readelf -n "$library" 2>&1)
if [ "$has" = 0 ]; then
    echo "$notes" | grep -q 'Provider: kiosk' || exit 0
    echo "probes that nobody asked for"
    exit 1
fi
failed=0
for probe in spawn:3 exit:3 send:3 call:3 reply:2 block:2 wake:3 stall:3; do
    name=${probe%:*} count=${probe#*:}
    found=$(echo "$notes" | awk -v name="$name" '
        $1 == "Provider:" { ours = $2 == "kiosk" }
        $1 == "Name:" { wanted = ours && $2 == name }
        $1 == "Arguments:" && wanted { print NF - 1 }' | sort -u)
    [ "$found" = "$count" ] && continue
    echo "probe $name: $count arguments expected, found: ${found:-none}"
    failed=1
done
exit $failed
