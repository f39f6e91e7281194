/* SPDX-License-Identifier: Apache-2.0 */
/* move.c - processes that change their home: work goes to who has none.
 *
 * Only the home of a process gives it away, between two turns, so nobody is ever surprised by a
 * move. A process may be moved when nothing of it is tied to the thread: it has no stack, no timer,
 * no socket, and few messages. The new home finds it in `moved`. Used by the scheduler that gives,
 * and by the one that takes in. */
#include "base/base.h"
#include "runtime/signal.h"

enum { LOOKED_AT = KSI_KNOB(256, 4), MESSAGES_MAX = 64, NS_PER_MS = 1000000 };

void ksi_move(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_scheduler *to)
{
    p->flags |= KSI_QUEUED; /* so that the new home leaves queue_next alone until it takes it in */
    /* release: everything we did to it; pairs with the acquire in ksi_is_home() */
    ksi_store_release(&p->scheduler, to);
    struct ksi_process *first = ksi_load_relaxed(&to->moved); /* a guess, for the exchange */
    do p->queue_next = first;
    /* release: publishes queue_next; pairs with the acquire in ksi_take_moved() */
    while (!ksi_cas_weak_acq_rel(&to->moved, &first, p));
    to->seams.unpark(to->seams.arg);
}

void ksi_take_moved(struct ksi_scheduler *s)
{
    /* relaxed: a hint, so that an empty list costs a load */
    if (KSI_LIKELY(!ksi_load_relaxed(&s->moved))) return;
    /* acquire: pairs with the release in ksi_move() */
    struct ksi_process *p = ksi_exchange_acq_rel(&s->moved, NULL), *oldest = NULL;
    while (p) {
        struct ksi_process *next = p->queue_next;
        p->queue_next = oldest;
        oldest = p;
        p = next;
    }
    while (oldest) {
        struct ksi_process *next = oldest->queue_next;
        oldest->flags &= ~(uint32_t)KSI_QUEUED;
        if (ksi_load_relaxed(&oldest->in_use)) /* relaxed: it is ours */
            ksi_ready(s, oldest);
        else
            ksi_slot_returned(s, oldest);
        oldest = next;
    }
}

/* Nothing of p is tied to this thread. */
static bool may_move(const struct ksi_process *p)
{
    return !p->stack && !(p->flags & (KSI_EXITING | KSI_BOUND | KSI_PENDING_TIMER | KSI_LINE)) &&
        !ksi_timer_armed(&p->timer) && ksi_load_relaxed(&p->queue_length) <= MESSAGES_MAX;
}

/* Time-outs of requests that count from the end of this slice become moments. */
static void fix_deadlines(struct ksi_scheduler *s, struct ksi_process *p)
{
    for (struct ksi_message *m = p->mailbox; m; m = m->next) {
        if (!(m->flags & KSI_RELATIVE)) continue;
        m->flags &= (uint8_t)~KSI_RELATIVE;
        m->deadline += ksi_fresh_ns(s) / NS_PER_MS + 1;
    }
}

/* Up to count of those at the front of the queue that may move. */
static void give(struct ksi_scheduler *s, struct ksi_scheduler *to, uint32_t count)
{
    struct ksi_process **link = &s->queue.first;
    for (int i = 0; i < LOOKED_AT && *link && count; i++) {
        struct ksi_process *p = *link;
        if (!may_move(p)) {
            link = &p->queue_next;
            continue;
        }
        *link = p->queue_next;
        if (!*link) s->queue.end = link;
        s->queue.length--;
        fix_deadlines(s, p);
        ksi_move(s, p, to);
        count--;
    }
}

void ksi_share(struct ksi_scheduler *s)
{
    struct ksi_runtime *runtime = s->runtime;
    for (uint32_t i = 0; i < runtime->scheduler_count && s->queue.length > 1; i++) {
        struct ksi_scheduler *other = runtime->schedulers[i];
        bool hungry = true;
        /* acq_rel: one giver feeds it; the flag carries no data */
        if (other == s || !ksi_load_relaxed(&other->hungry) ||
            !ksi_cas_acq_rel(&other->hungry, &hungry, false))
            continue;
        give(s, other, s->queue.length / 2);
    }
}
