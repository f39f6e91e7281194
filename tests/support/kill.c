/* SPDX-License-Identifier: Apache-2.0 */
/* kill - the killer of kill.h, a plain process, and the sweep. Used inside scenarios only. */
#include "support/kill.h"

static void kill_when_due(void *arg)
{
    struct kill *kill = arg;
    for (int i = 0; i < kill->yields; i++) ks_yield();
    if (kill->ms > 0) ks_sleep(kill->ms);
    ks_exit_process(kill->name ? ks_named(kill->name) : kill->victim, KS_KILL);
}

void kill_arm(struct kill *kill) { ks_spawn_monitor(kill_when_due, kill, &kill->killer); }

void kill_done(struct kill *kill) { KS_CHECK(ended_with(kill->killer, KS_REASON_NORMAL)); }

void kill_sweep(int yields_max, ks_ms ms_max, void (*story)(struct kill *kill))
{
    for (int yields = 0; yields <= yields_max; yields++) story(&(struct kill){ .yields = yields });
    for (ks_ms ms = 1; ms <= ms_max; ms++) story(&(struct kill){ .ms = ms });
}

void ended_or_killed(ks_ref monitor)
{
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_KILLED || end.kind == KS_REASON_NORMAL ||
        (end.kind == KS_REASON_STATUS && end.code == KS_NOPROC));
}

void clear_name(const char *name)
{
    ks_pid holder = ks_whereis(name);
    if (!ks_is_none(holder)) kill_and_wait(holder);
    KS_CHECK(ks_is_none(ks_whereis(name)));
}
