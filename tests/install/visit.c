/* SPDX-License-Identifier: Apache-2.0 */
/* visit.c - the consumer in C: calls a supervised server, sees it end, and calls its successor. */
#include "till.h"
#include <stdio.h>

static void must(ks_status status)
{
    if (status) ks_exit(ks_because(status));
}

void visit(void)
{
    int64_t before = 0, after = 0;
    char why[80] = "";
    must(till_add(ks_named("till"), 20, &before));
    ks_ref monitor = ks_monitor(ks_named("till"));
    till_break(ks_named("till"));
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 5000));
    if (down) ks_reason_text(down->reason, why, sizeof why);
    while (ks_is_none(ks_whereis("till"))) ks_sleep(1);
    must(till_add(ks_named("till"), 3, &after));
    printf("kiosk %s: %lld, %s, %lld\n", ks_version(), (long long)before, why, (long long)after);
}

int main(int argc, char **argv)
{
    return ks_main(argc, argv, &(const ks_child){ .module = &shop_module });
}
