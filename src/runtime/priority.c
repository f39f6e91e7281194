/* SPDX-License-Identifier: Apache-2.0 */
/* priority.c - who is next when not all processes are of normal priority.
 *
 * There is a queue for each priority. High goes before the others, normal before low; of
 * OTHERS_EVERY turns in a row one goes to the others, and of LOW_EVERY of these one to low. A turn
 * is what one process does until the scheduler looks for another. A call is handed over, past the
 * queue, unless its server is low or somebody high is ready. Programs in which all are normal pay
 * one test a turn. Used by the owning scheduler only. */
#include "runtime/scheduler.h"

enum { OTHERS_EVERY = 64, LOW_EVERY = 8 };

void ksi_ready_ranked(struct ksi_scheduler *s, struct ksi_process *p)
{
    bool high = p->flags & KSI_HIGH;
    p->flags |= KSI_QUEUED;
    ksi_queue_put(high ? &s->high : &s->low, p);
    s->ranked++;
    if (high) s->hand_offs_left = 0;
}

static struct ksi_queue *choose_other(struct ksi_scheduler *s)
{
    if (!s->low.first) return &s->queue;
    if (s->queue.first && ++s->low_waited < LOW_EVERY) return &s->queue;
    s->low_waited = 0;
    return &s->low;
}

struct ksi_queue *ksi_queue_choose(struct ksi_scheduler *s)
{
    bool others = s->queue.first || s->low.first;
    if (s->high.first && (!others || ++s->others_waited < OTHERS_EVERY)) return &s->high;
    s->others_waited = 0;
    return choose_other(s);
}

ks_status ksi_priority_set(struct ksi_process *p, ks_priority priority)
{
    uint32_t flags = p->flags & ~(uint32_t)KSI_RANKED;
    switch (priority) {
    case KS_PRIORITY_NORMAL: break;
    case KS_PRIORITY_LOW: flags |= KSI_LOW; break;
    case KS_PRIORITY_HIGH: flags |= KSI_HIGH; break;
    default: return KS_BADARG;
    }
    p->flags = flags;
    return KS_OK;
}

ks_priority ksi_priority_of(const struct ksi_process *p)
{
    if (p->flags & KSI_HIGH) return KS_PRIORITY_HIGH;
    return p->flags & KSI_LOW ? KS_PRIORITY_LOW : KS_PRIORITY_NORMAL;
}

ks_priority ks_set_priority(ks_priority priority)
{
    KSI_INSIDE(s);
    if (!s || !s->current) return KS_PRIORITY_NORMAL;
    ks_priority old = ksi_priority_of(s->current);
    (void)ksi_priority_set(s->current, priority); /* another value changes nothing */
    return old;
}
