/* SPDX-License-Identifier: Apache-2.0 */
/* demo - see demo.h. The last child of the tree, so that it sees all others. */
#include "demo.h"

#include <stdio.h>
#include <string.h>

KS_TYPE(demo_args, address);

static void demo_main(const demo_args *args)
{
    char tree[8192];
    const char *port = strrchr(args->address, ':') + 1;
    ks_format_tree(ks_named("store"), tree, sizeof tree);
    printf("\nThe supervision tree:\n%s\n", tree);
    printf(
        "Try, in another terminal:\n"
        "  redis-cli -p %s set greeting hello\n"
        "  redis-cli -p %s get greeting\n"
        "  redis-cli -p %s debug crash-shard greeting    its shard dies and is restarted, empty\n"
        "  redis-cli -p %s info kiosk\n"
        "  redis-benchmark -p %s -t set,get -n 100000 -P 16 -q\n"
        "Ctrl-C stops the server in order.\n",
        port, port, port, port, port);
    fflush(stdout);
}
KS_PROCESS(demo);
