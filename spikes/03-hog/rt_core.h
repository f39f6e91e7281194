/* SPDX-License-Identifier: Apache-2.0 */
/* rt_core.h - what rt.c and monitor.c share.
 *
 * Invariants:
 * - `revoked` of a thread: only the monitor writes 1 and 2, only the thread writes 0 over 2; 1
 * goes
 *    back to 0 by a CAS of either.  After a CAS 1 -> 2 the thread uses the scheduler no more.
 *  - everything in struct scheduler above `turn` belongs to the thread that has the scheduler,
 *    while that thread has in_runtime = 1.
 *  - a stack, and the pool of a thread, are touched by that thread only; others ask for a stack to
 *    go on through `resume`. */
#ifndef RT_CORE_H
#define RT_CORE_H
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "rt.h"

enum { MAX_THREADS = 8, MONITOR_PERIOD_US = 1000 };

/* The C++ runtime's list of caught exceptions, one per thread. */
struct exceptions {
    void *caught;
    unsigned int uncaught;
};
enum kind { MESSAGE, REPLY, BLOCKED, RETURNED, TIMER };

struct request { /* one signal; a call's lives until the reply */
    struct request *next;
    enum kind kind;
    struct process *to;
    struct process *caller; /* NULL: a thread that is no handler */
    struct request *call;   /* REPLY: whose */
    long value;
    bool wanted;            /* a call */
    _Atomic uint32_t done;  /* futex of a foreign caller */
};

struct process {
    rt_handler handler;
    void *state;
    struct request *head, **tail;
    struct process *run_next;
    struct stack *stack; /* blocked here, else NULL */
    struct process *timer_next;
    int64_t due_ns;
    bool queued; /* in the run queue, or running on any thread */
};

struct stack {
    ucontext_t context;
    struct stack *next;
    struct thread *thread; /* never changes */
    struct process *process;
    int saved_errno;
    struct exceptions saved_exceptions;
    void *hook_state;
};

struct scheduler { /* the work: run queue, timers, poller */
    struct process *run_head, **run_tail;
    struct process *timers;
    int poller, event;
    /* --- also used by others --- */
    _Atomic uint64_t turn; /* the monitor reads it */
    _Atomic(struct request *) inbox;
    _Atomic uint32_t parked;
    struct thread *thread; /* the monitor's */
};

struct thread {
    _Alignas(64) _Atomic int in_runtime; /* this thread writes, the monitor reads */
    _Atomic int revoked;                 /* 0, 1: asked, 2: the scheduler is gone */
    struct scheduler *scheduler;
    struct stack *current, *pool;
    ucontext_t base;
    /* --- also used by others --- */
    _Alignas(64) _Atomic(struct stack *) resume;
    _Atomic(struct scheduler *) given;
    _Atomic uint32_t wake; /* futex: counts */
    _Atomic int spare; /* 0 no, 1 yes, 2 chosen by the monitor */
    pthread_t id;
    _Atomic int tid;
};

extern struct rt_options rt_options;
extern struct thread rt_threads[MAX_THREADS];
extern struct scheduler rt_scheduler;
extern _Atomic bool rt_stopping;
extern _Atomic long rt_taken; /* hand-overs so far */

void *rt_monitor(void *unused);

static inline int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static inline void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif
