/* SPDX-License-Identifier: Apache-2.0 */
/* home.c - processes that are held on a scheduler, which is chosen when they are made.
 *
 * Such a process is prepared like any other by the scheduler of its starter, where KSI_QUEUED keeps
 * it out of the run queue although messages may come; then it is let go, once, to its home. Used by
 * the scheduler that makes it. */
#include "runtime/scheduler.h"

ks_status ksi_hold(struct ksi_scheduler *s, struct ksi_process *p, uint32_t number)
{
    if (number > s->runtime->scheduler_count) return KS_BADARG;
    if (number) p->flags |= KSI_BOUND | KSI_QUEUED;
    return KS_OK;
}

void ksi_release_held(struct ksi_scheduler *s, struct ksi_process *p, uint32_t number)
{
    struct ksi_scheduler *home = s->runtime->schedulers[number - 1];
    p->flags &= ~(uint32_t)KSI_QUEUED;
    if (home == s)
        ksi_ready(s, p);
    else
        ksi_send_off(s, p, home);
}

/* Neither ever changes, so nobody need come in for them. */
uint32_t ks_scheduler_count(void)
{
    return ksi_this_scheduler ? ksi_this_scheduler->runtime->scheduler_count : 0;
}

uint32_t ks_scheduler_id(void)
{
    return ksi_this_scheduler && !ksi_this_scheduler->client ? ksi_this_scheduler->number + 1 : 0;
}
