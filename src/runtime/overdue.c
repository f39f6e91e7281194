/* SPDX-License-Identifier: Apache-2.0 */
/* overdue.c - see overdue.h. */
#include "runtime/overdue.h"
#include "base/clock.h"
#include "runtime/scheduler.h"
#include "runtime/stall.h"
#include <kiosk/log.h>
#include <stdlib.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, LOG_TIMEOUT_MS = 1000 };
#define SECOND_NS ((int64_t)1000 * NS_PER_MS)
#define SAY_EVERY_NS (5 * SECOND_NS) /* who does not return */
int64_t ksi_overdue_grace_ns = 3 * SECOND_NS;

static bool is_overdue(const struct ksi_runner *runner, int64_t now)
{
    /* relaxed: who is late may stop to be so meanwhile */
    return ksi_load_relaxed(&runner->state) == KSI_RUNNER_LATE &&
        now - runner->late_since_ns >= ksi_overdue_grace_ns;
}

/* The handler could not be taken from it, or nobody looks for hogs. */
static bool stands_still(struct ksi_scheduler *s, int64_t now)
{
    uint32_t turns = ksi_load_relaxed(&s->turns); /* a count, no more */
    /* relaxed: a hint, we look again and again */
    if (s->still_turns != turns || !s->still_since_ns || ksi_load_relaxed(&s->resting)) {
        s->still_turns = turns;
        s->still_since_ns = now;
    }
    return now - s->still_since_ns >= ksi_overdue_grace_ns;
}

static int name_overdue(struct ksi_runtime *runtime, int64_t now, bool says)
{
    int count = 0;
    for (uint32_t i = 0; i < runtime->scheduler_count; i++) {
        struct ksi_scheduler *s = runtime->schedulers[i];
        bool still = stands_still(s, now);
        if (still && says) ksi_stall_still(&runtime->hogs, s->number);
        count += still;
        for (struct ksi_runner *runner = s->runners; runner; runner = runner->next) {
            if (!is_overdue(runner, now)) continue;
            if (says) ksi_stall_overdue(&runtime->hogs, runner);
            count++;
        }
    }
    return count;
}

bool ksi_overdue_look(struct ksi_runtime *runtime)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    int64_t end = ksi_load_relaxed(&hogs->end_by_ns); /* a number by itself */
    if (!end) return false;
    int64_t now = ksi_clock_monotonic();
    bool says = now >= end + ksi_overdue_grace_ns && now - hogs->overdue_ns >= SAY_EVERY_NS;
    if (!name_overdue(runtime, now, says) || !says) return true;
    hogs->overdue_ns = now;
    if (!hogs->ends_program) return true;
    (void)ks_log_flush(LOG_TIMEOUT_MS);
    _exit(EXIT_FAILURE); /* what runs at exit might wait for whom we do not wait for */
}

void ksi_hogs_end_by(struct ksi_runtime *runtime, ks_ms moment)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    ksi_store_relaxed(&hogs->end_by_ns, moment * NS_PER_MS); /* published by the fence */
    /* With the barrier after the monitor said that it sleeps: it sees the end, or we the sleep. */
    ksi_fence();
    if (!ksi_hogs_wake(hogs, KSI_HOGS_ASLEEP)) (void)ksi_hogs_wake(hogs, KSI_HOGS_DEAF);
}
