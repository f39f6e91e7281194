/* SPDX-License-Identifier: Apache-2.0 */
/* move.c - processes that change their home: work goes to who has none.
 *
 * Only the home of a process gives it away, between two turns, so nobody is ever surprised by a
 * move. A process may be moved when nothing of it is tied to the thread: it has no stack, no
 * socket, no named time-out, and few messages. It is moved to who has nothing to do, or to who
 * calls it all the time. The new home finds it in `moved`. Used by the scheduler that gives, and by
 * the one that takes in. */
#include "base/base.h"
#include "runtime/signal.h"
#include "runtime/timer.h"

enum { LOOKED_AT = KSI_KNOB(256, 4), MESSAGES_MAX = 64 };
/* Of the average turn, and of all that waits, to be worth a move. */
enum { TURN_NS_MIN = KSI_KNOB(500, 1), WORK_NS_MIN = KSI_KNOB(5000, 1) };
/* A long queue is not looked through each time, and who waits in it while turns are long loses
 * little. */
enum { LOOKS_A_TURN = 8, LOOKS_A_LONG_TURN = 2, LONG_TURN_NS = 4000 };
enum { UNEVEN = KSI_KNOB(16, 1) };    /* fewer are no reason to move any */
enum { TALKS_MIN = KSI_KNOB(16, 2) }; /* calls in a row, from one caller to one server */

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

/* Nothing of p is tied to this thread, but perhaps a timer of its own, which moves along. */
static bool may_move(const struct ksi_process *p)
{
    return !p->stack && !(p->flags & (KSI_EXITING | KSI_BOUND | KSI_LINE)) &&
        ksi_load_relaxed(&p->queue_length) <= MESSAGES_MAX;
}

/* Time-outs of requests that count from the end of this slice become moments. */
static void fix_deadlines(struct ksi_scheduler *s, struct ksi_process *p)
{
    for (struct ksi_message *m = p->mailbox; m; m = m->next) {
        if (!(m->flags & KSI_RELATIVE)) continue;
        m->flags &= (uint8_t)~KSI_RELATIVE;
        m->deadline = ksi_deadline(ksi_fresh_ns(s), m->deadline);
    }
}

/* The moment when its timer is due goes along in the timer. */
static void pack_timer(struct ksi_scheduler *s, struct ksi_process *p)
{
    bool pending = p->flags & KSI_PENDING_TIMER;
    if (!pending && !ksi_timer_armed(&p->timer)) return;
    int64_t due = pending ? ksi_due(ksi_fresh_ns(s), p->timer_ms) : p->timer.due;
    ksi_cancel_timer(s, p);
    p->timer.due = due;
    p->wait = KSI_WAIT_ARRIVAL;
}

static void unpack_timer(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (KSI_LIKELY(p->wait != KSI_WAIT_ARRIVAL)) return;
    p->wait = KSI_WAIT_NOTHING;
    ksi_wheel_arm(&s->wheel, &p->timer, p->timer.due);
}

void ksi_send_off(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_scheduler *to)
{
    fix_deadlines(s, p);
    pack_timer(s, p);
    ksi_move(s, p, to);
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
        unpack_timer(s, oldest);
        if (ksi_load_relaxed(&oldest->in_use)) /* relaxed: it is ours */
            ksi_ready(s, oldest);
        else
            ksi_slot_returned(s, oldest);
        oldest = next;
    }
}

/* --- spreading -------------------------------------------------------------------------------- */
/* Points at the first one that may move, from *link on, of so many; NULL: there is none. */
static struct ksi_process **movable(struct ksi_process **link, int *looks)
{
    for (; *link && *looks > 0; --*looks) {
        if (may_move(*link)) return link;
        link = &(*link)->queue_next;
    }
    return NULL;
}

/* Up to count of those at the front of the queue that may move. */
static void give(struct ksi_scheduler *s, struct ksi_scheduler *to, uint32_t count)
{
    struct ksi_process **link = &s->queue.first;
    int looks = LOOKED_AT;
    for (; count && (link = movable(link, &looks)); count--) {
        struct ksi_process *p = *link;
        *link = p->queue_next;
        if (!*link) s->queue.end = link;
        s->queue.length--;
        ksi_send_off(s, p, to);
        ksi_add_relaxed(&to->load, 1); /* a guess; its owner knows better soon */
    }
}

/* A move costs both sides some 100 ns, and who calls it from here a microsecond each time; what is
 * done sooner is kept. */
static bool is_worth_it(const struct ksi_scheduler *s)
{
    return s->turn_ns >= TURN_NS_MIN && (s->queue.length - 1) * s->turn_ns >= WORK_NS_MIN;
}

/* How many of ours another one should have: half, when it has nothing to do; half of what it has
 * less, once in a slice, when that is much. */
static uint32_t wanted_by(const struct ksi_scheduler *s, const struct ksi_scheduler *other)
{
    /* relaxed: guesses */
    if (ksi_load_relaxed(&other->hungry)) return s->queue.length / 2;
    if (s->shared_ns == s->now_ns) return 0;
    uint32_t here = s->queue.length, there = ksi_load_relaxed(&other->load);
    return here < 2 * there + UNEVEN ? 0 : (here - there) / 2;
}

/* Whoever is hungry is fed by one. */
static bool takes(struct ksi_scheduler *other)
{
    bool hungry = true;
    if (!ksi_load_relaxed(&other->hungry)) return true; /* a guess, as in wanted_by() */
    /* acq_rel: one giver feeds it; the flag carries no data */
    return ksi_cas_acq_rel(&other->hungry, &hungry, false);
}

/* One process, anywhere, under a seeded runner. */
static void share_by_lot(struct ksi_scheduler *s)
{
    struct ksi_scheduler *to = s->simulator->moves_to(s->simulator);
    if (to && to != s) give(s, to, 1);
}

/* Who waits here has a stack. What they call would be handed over to, and never wait: so it has to
 * stand in the queue, where it can be given away. */
static void keep_all(struct ksi_scheduler *s, int looked_at)
{
    s->kept = looked_at / (s->turn_ns < LONG_TURN_NS ? LOOKS_A_TURN : LOOKS_A_LONG_TURN);
    s->hand_offs_left = 0;
}

void ksi_share(struct ksi_scheduler *s)
{
    if (KSI_UNLIKELY(s->simulator != NULL)) {
        share_by_lot(s);
        return;
    }
    if (!is_worth_it(s)) return;
    if (s->kept) { /* a look in vain is not repeated at once */
        s->kept--;
        s->hand_offs_left = 0;
        return;
    }
    int looks = LOOKED_AT;
    for (uint32_t i = 0; i < s->runtime->scheduler_count && s->queue.length > 1; i++) {
        struct ksi_scheduler *other = s->runtime->schedulers[i];
        uint32_t count = other == s ? 0 : wanted_by(s, other);
        if (!count) continue;
        if (!movable(&s->queue.first, &looks)) {
            keep_all(s, LOOKED_AT - looks);
            return;
        }
        if (takes(other)) give(s, other, count);
    }
    s->shared_ns = s->now_ns;
}

/* --- keeping together ------------------------------------------------------------------------- */
/* The caller waits for p, so nothing is lost when one scheduler does both, unless it has others to
 * run. A call to elsewhere costs ten times one at home. */
bool ksi_follow(struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m)
{
    struct ksi_talk *talk = &s->talks[p->index % KSI_TALKS];
    if (talk->to != p->index || talk->from != m->from) {
        *talk = (struct ksi_talk){ .from = m->from, .to = p->index };
        return false;
    }
    if (++talk->count < TALKS_MIN) return false;
    talk->count = 0;
    struct ksi_process *caller = ksi_process_of(s, m->from);
    /* acquire: as in announce() */
    struct ksi_scheduler *home = caller ? ksi_load_acquire(&caller->scheduler) : s;
    /* relaxed: how much is to do there is a guess anyway */
    uint32_t there = ksi_load_relaxed(&home->load), here = s->queue.length;
    if (home == s || home->client || there > (here > 1 ? here : 1)) return false;
    if (!may_move(p) || (p->flags & KSI_QUEUED) || p == s->current) return false;
    ksi_send_off(s, p, home);
    return true;
}
