/* SPDX-License-Identifier: Apache-2.0 */
/* register_test - the case of register_SUITE: a name is free when its holder has died. */
#include "support/scenario.h"

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void otp_8099(void)
{
    for (int i = 0; i < 500; i++) {
        ks_ref monitor;
        ks_pid pid = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
        KS_CHECK_OK(ks_register("otp_8099", pid));
        KS_CHECK(ks_same_pid(ks_whereis("otp_8099"), pid));
        ks_exit_process(pid, KS_KILL);
        KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
        KS_CHECK(ks_is_none(ks_whereis("otp_8099")));
        ks_end_turn();
    }
}

int main(int argc, char **argv)
{
    return run_cases("register_SUITE", argc, argv, SCENARIOS(SCENARIO(otp_8099)));
}
