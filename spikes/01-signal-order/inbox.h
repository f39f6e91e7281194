/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.h - signals through the target's own inbox: the protocol of inbox.pml in C11 atomics.
 *
 * Invariants:
 *  - `home` equals a scheduler only by that scheduler's own doing: it alone writes its address
 * there and it alone takes it away.  So `p->home == me` read by `me` is stable and needs no
 * order.
 *  - head, tail, queued, rq_next, held belong to the home; in transit (home NULL) to the mover.
 *  - the wake token of a process is in one place: in the inbox (SLEEP), with the pusher that
 * replaced SLEEP, in one wake list, or with the home (`held`).  So wake_next is never in two
 * lists.
 *  - a process changes home only while its token is held: who holds it can rely on `home`.
 *
 * push, post: any thread.  Everything else: the home scheduler's thread.
 *
 * Faults for the mean builds: NO_DRAIN, NO_HANDOFF_CHECK, BLIND_IDLE, NO_WAKE, RELAXED_PUSH.
 * SLOW_WAKE is no fault: it widens the window between a push and its wake. */
#ifndef INBOX_H
#define INBOX_H
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct message {
    struct message *next;
    uint32_t from;
    uint32_t number;
    uint64_t body[6];
};

struct scheduler;

struct process {
    /* --- written by other schedulers --- */
    _Alignas(64) _Atomic(struct message *) inbox; /* newest first, NULL or SLEEP */
    _Atomic(struct scheduler *) home;             /* NULL: in transit */
    struct process *wake_next;
    /* --- the home's own --- */
    _Alignas(64) struct message *head;
    struct message **tail;
    struct process *rq_next;
    bool queued; /* in the run queue, or running */
    bool held;   /* the wake token is here */
    uint32_t id;
};

struct scheduler {
    struct process *rq_head;
    struct process **rq_tail;
    uint32_t id;
    /* --- written by other schedulers --- */
    _Alignas(64) _Atomic(struct process *) wake; /* processes woken or arriving, newest first */
    _Atomic uint32_t parked;
};

static struct message sleep_mark; /* its address is the value SLEEP */
#define SLEEP (&sleep_mark)

#ifdef RELAXED_PUSH
#define PUBLISH memory_order_relaxed
#else
#define PUBLISH memory_order_acq_rel
#endif

#ifdef SLOW_WAKE
#include <time.h>
static void slow(void)
{
    static _Atomic uint32_t count;
    if (atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) % 4 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}
#define SLOW() slow()
#else
#define SLOW() ((void)0)
#endif

static void unpark(struct scheduler *s)
{
    /* acq_rel: every change of `parked` is an exchange, so of two threads the later one sees what
     * the earlier one did before: either this one finds 1 and wakes, or park() finds the list. */
    if (atomic_exchange_explicit(&s->parked, 0, memory_order_acq_rel))
        syscall(SYS_futex, &s->parked, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Give the token, and with it the process if its home is NULL, to scheduler `s`. */
static void post(struct scheduler *s, struct process *p)
{
    struct process *old = atomic_load_explicit(&s->wake, memory_order_relaxed);
    do
        p->wake_next = old;
    while (!atomic_compare_exchange_weak_explicit(
        /* release: all of p that the giver owned; pairs with the acquire in take_wakes() */
        &s->wake, &old, p, memory_order_release, memory_order_relaxed));
    unpark(s);
}

/* Any thread: hand `newest` .. `oldest`, already linked newest first, to p. */
static inline void push_chain(struct process *p, struct message *newest, struct message *oldest)
{
    struct message *old = atomic_load_explicit(&p->inbox, memory_order_relaxed);
    do
        oldest->next = old == SLEEP ? NULL : old;
    while (!atomic_compare_exchange_weak_explicit(
        /* release: the messages; pairs with the acquire in drain().  acquire: whoever replaced
         * SLEEP reads the home stored before SLEEP was; pairs with the release in go_idle(). */
        &p->inbox, &old, newest, PUBLISH, memory_order_relaxed));
#ifndef NO_WAKE
    if (old == SLEEP) {
        SLOW();
        /* relaxed: home is frozen while this thread has the token, and the acquire above saw it */
        post(atomic_load_explicit(&p->home, memory_order_relaxed), p);
    }
#endif
}

static inline void push(struct process *p, struct message *m)
{
    push_chain(p, m, m);
}

static inline void append(struct process *p, struct message *m)
{
    m->next = NULL;
    *p->tail = m;
    p->tail = &m->next;
}

static inline struct message *take(struct process *p)
{
    struct message *m = p->head;
    if (m && !(p->head = m->next))
        p->tail = &p->head;
    return m;
}

static inline void enqueue(struct scheduler *s, struct process *p)
{
    p->queued = true;
    p->rq_next = NULL;
    *s->rq_tail = p;
    s->rq_tail = &p->rq_next;
}

static inline struct process *dequeue(struct scheduler *s)
{
    struct process *p = s->rq_head;
    if (p && !(s->rq_head = p->rq_next))
        s->rq_tail = &s->rq_head;
    return p;
}

/* True if other threads have pushed something that is not in the private list yet. */
static inline bool pending(struct process *p)
{
    /* relaxed: what this sender pushed earlier, from whichever thread, happened before and is
     * seen by coherence; what others push at the same time has no order to keep. */
    struct message *m = atomic_load_explicit(&p->inbox, memory_order_relaxed);
    return m != NULL && m != SLEEP;
}

static __attribute__((noinline)) void drain_slow(struct process *p)
{
    /* acquire: the messages.  Never takes SLEEP: only the home puts it there. */
    struct message *m = atomic_exchange_explicit(&p->inbox, NULL, memory_order_acquire);
    struct message *in_order = NULL;
    while (m) {
        struct message *next = m->next;
        m->next = in_order;
        in_order = m;
        m = next;
    }
    while (in_order) {
        struct message *next = in_order->next;
        append(p, in_order);
        in_order = next;
    }
}

static inline void drain(struct process *p)
{
    if (__builtin_expect(pending(p), 0))
        drain_slow(p);
}

static inline void send_local(struct scheduler *me, struct process *p, struct message *m)
{
#ifndef NO_DRAIN
    drain(p); /* the sender may have pushed from another scheduler before it came here */
#endif
    append(p, m);
    if (!p->queued)
        enqueue(me, p);
}

/* Any thread of the runtime passes its scheduler, a foreign thread NULL. */
static inline void send(struct scheduler *me, struct process *p, struct message *m)
{
    if (me && atomic_load_explicit(&p->home, memory_order_relaxed) == me)
        send_local(me, p, m);
    else
        push(p, m);
}

/* May a call be handed straight to p, past both its lists? */
static inline bool may_hand_off(struct scheduler *me, struct process *p)
{
    return atomic_load_explicit(&p->home, memory_order_relaxed) == me && !p->queued && !p->head
#ifndef NO_HANDOFF_CHECK
           && !pending(p)
#endif
        ;
}

/* The private list is empty.  False: something came meanwhile, run p again. */
static inline bool go_idle(struct process *p)
{
    p->queued = false;
    if (!p->held)
        return true; /* the token is in the inbox, or on its way: a wake will come */
#ifdef BLIND_IDLE
    p->held = false;
    atomic_store_explicit(&p->inbox, SLEEP, memory_order_release);
    return true;
#else
    struct message *empty = NULL;
    p->held = false;
    if (atomic_compare_exchange_strong_explicit(
            /* release: home and the private fields, for the pusher that takes the token */
            &p->inbox, &empty, SLEEP, memory_order_release, memory_order_relaxed))
        return true;
    p->held = true;
    return false;
#endif
}

/* Move p, which has no stack and is not in the run queue, to another scheduler. */
static inline bool give(struct process *p, struct scheduler *to)
{
    struct message *mark = SLEEP;
    if (!p->held) {
        /* relaxed: the token comes from this very thread */
        if (!atomic_compare_exchange_strong_explicit(&p->inbox, &mark, NULL, memory_order_relaxed,
                                                     memory_order_relaxed))
            return false; /* a wake is on its way to this home */
        p->held = true;
    }
    /* relaxed: `me` stops being the home before post() publishes p; senders meanwhile push */
    atomic_store_explicit(&p->home, NULL, memory_order_relaxed);
    post(to, p);
    return true;
}

/* Newest first: the order of processes is free, only the order of signals is not. */
static inline void take_wakes(struct scheduler *me)
{
    if (!atomic_load_explicit(&me->wake, memory_order_relaxed))
        return; /* relaxed: a hint; park() looks again */
    struct process *p = atomic_exchange_explicit(&me->wake, NULL, memory_order_acquire);
    while (p) {
        struct process *next = p->wake_next;
        p->held = true;
        if (atomic_load_explicit(&p->home, memory_order_relaxed) != me) {
            p->queued = false; /* it arrives */
            atomic_store_explicit(&p->home, me, memory_order_relaxed);
        }
        if (!p->queued)
            enqueue(me, p);
        p = next;
    }
}

static inline void park(struct scheduler *me, _Atomic bool *stop)
{
    /* acq_rel: pairs with the exchange in unpark() */
    atomic_exchange_explicit(&me->parked, 1, memory_order_acq_rel);
    /* relaxed: behind the exchange, which has acquired what the earlier posters did */
    if (!atomic_load_explicit(&me->wake, memory_order_relaxed) &&
        !atomic_load_explicit(stop, memory_order_relaxed))
        syscall(SYS_futex, &me->parked, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    atomic_exchange_explicit(&me->parked, 0, memory_order_acq_rel);
}

static inline void process_init(struct process *p, uint32_t id, struct scheduler *home)
{
    *p = (struct process){.id = id, .tail = &p->head};
    atomic_store_explicit(&p->inbox, SLEEP, memory_order_relaxed);
    atomic_store_explicit(&p->home, home, memory_order_relaxed);
}
#endif
