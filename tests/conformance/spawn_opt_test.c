/* SPDX-License-Identifier: Apache-2.0 */
/* spawn_opt_test - the case spawn_opt of proc_lib_SUITE. */
#include "support/scenario.h"

#include <kiosk/info.h>
#include <string.h>

KS_MODULE(lodger, ks_int);

static void lodger_main(const ks_int *args)
{
    ks_set_label("moved");
    for (;;) ks_receive_as(ks_exited, KS_INFINITY);
}

KS_PROCESS(lodger);

/* However it is started, and whatever it calls itself: what it is can be read. */
static void spawn_opt(void)
{
    const ks_child rows[] = { { KS_START(lodger, 1) },
        { KS_START(lodger, 2), .priority = KS_PRIORITY_LOW },
        { KS_START(lodger, 3), .stack_size = 1 << 20, .priority = KS_PRIORITY_HIGH } };
    for (int i = 0; i < 6; i++) {
        ks_pid pid;
        ks_process_snapshot info;
        KS_CHECK_OK(i < 3 ? ks_start(&rows[i], &pid) : ks_start_link(&rows[i - 3], &pid));
        ks_sleep(10);
        KS_CHECK_OK(ks_process_info(pid, &info));
        KS_CHECK(strcmp(info.module, "lodger") == 0 && strcmp(info.label, "moved") == 0);
        KS_CHECK(info.priority == rows[i % 3].priority);
        if (rows[i % 3].stack_size) KS_CHECK(info.stack_size == rows[i % 3].stack_size);
        ks_unlink(pid);
        kill_and_wait(pid);
    }
}

int main(int argc, char **argv)
{
    return run_cases("proc_lib_SUITE", argc, argv, SCENARIOS(SCENARIO(spawn_opt)));
}
