/* SPDX-License-Identifier: Apache-2.0 */
/* rt.c - the small runtime of rt.h; invariants in rt_core.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "rt_core.h"

enum { STACK_SIZE = 256 * 1024 };

extern struct exceptions *__cxa_get_globals(void) __attribute__((weak));

struct rt_options rt_options;
struct thread rt_threads[MAX_THREADS];
struct scheduler rt_scheduler;
_Atomic bool rt_stopping;
_Atomic long rt_taken;
static pthread_t monitor_id;
static __thread struct thread *self; /* a stack never changes its thread: may be kept */

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

/* --- entry and exit: all that a healthy program pays --- */

#ifndef NO_CHECK
static __attribute__((noinline)) void enter_slow(struct thread *t)
{
    int asked = 1;
    /* acq_rel: either this CAS wins and the monitor's 1 -> 2 fails, or the scheduler is gone */
    if (atomic_compare_exchange_strong_explicit(&t->revoked, &asked, 0, memory_order_acq_rel,
                                                memory_order_acquire))
        return;
    if (asked == 0)
        return; /* the monitor gave up */
    t->scheduler = NULL;
    /* nobody looks until it is given */
    atomic_store_explicit(&t->revoked, 0, memory_order_relaxed);
}
#endif

static inline void enter(struct thread *t)
{
#ifndef NO_CHECK
    /* relaxed, compiler barrier: the monitor's membarrier between its store of `revoked` and its
     * load of `in_runtime` makes one of the two see the other. */
    atomic_store_explicit(&t->in_runtime, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(atomic_load_explicit(&t->revoked, memory_order_relaxed), 0))
        enter_slow(t);
#endif
}

static inline void leave(struct thread *t)
{
#ifndef NO_CHECK
    /* release: what this thread did to the scheduler; pairs with the acquire in hand_over() */
    atomic_store_explicit(&t->in_runtime, 0, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* --- signals from threads without the scheduler --- */

static void push(struct request *r)
{
    struct scheduler *s = &rt_scheduler;
    struct request *old = atomic_load_explicit(&s->inbox, memory_order_relaxed);
    do
        r->next = old;
    while (!atomic_compare_exchange_weak_explicit(
        /* release: the request; pairs with the acquire in drain() */
        &s->inbox, &old, r, memory_order_release, memory_order_relaxed));
    /* acq_rel: every change of `parked` is an exchange; pairs with park() */
    if (atomic_exchange_explicit(&s->parked, 0, memory_order_acq_rel))
        eventfd_write(s->event, 1);
}

static struct request *new_request(enum kind kind, struct process *to, long value)
{
    struct request *r = need(calloc(1, sizeof *r));
    r->kind = kind;
    r->to = to;
    r->value = value;
    return r;
}

/* --- the scheduler, for the thread that has it --- */

static void enqueue(struct scheduler *s, struct process *p)
{
    p->queued = true;
    p->run_next = NULL;
    *s->run_tail = p;
    s->run_tail = &p->run_next;
}

static struct process *dequeue(struct scheduler *s)
{
    struct process *p = s->run_head;
    if (p && !(s->run_head = p->run_next))
        s->run_tail = &s->run_head;
    return p;
}

static void arm(struct scheduler *s, struct process *p, int64_t due_ns)
{
    struct process **at = &s->timers;
    p->due_ns = due_ns;
    while (*at && (*at)->due_ns <= due_ns)
        at = &(*at)->timer_next;
    p->timer_next = *at;
    *at = p;
}

static void settle(struct scheduler *s, struct request *call, long value)
{
    call->value = value;
    if (call->caller) {
        atomic_store_explicit(&call->done, 1, memory_order_relaxed); /* resume carries it */
        if (!call->caller->queued)
            enqueue(s, call->caller);
    } else {
        /* release: the value; pairs with the acquire in call_foreign() */
        atomic_store_explicit(&call->done, 1, memory_order_release);
        futex_wake(&call->done);
    }
}

static void process_returned(struct scheduler *s, struct process *p)
{
    p->queued = false;
    if (p->head)
        enqueue(s, p);
}

static void deliver(struct scheduler *s, struct request *r)
{
    struct process *p = r->to;
    switch (r->kind) {
    case MESSAGE:
        r->next = NULL;
        *p->tail = r;
        p->tail = &r->next;
        if (!p->queued && !p->stack)
            enqueue(s, p);
        return;
    case REPLY:
        settle(s, r->call, r->value);
        break;
    case BLOCKED:
        p->queued = false;
        break;
    case RETURNED:
        process_returned(s, p);
        break;
    case TIMER:
        arm(s, p, r->value);
        break;
    }
    free(r);
}

static void drain(struct scheduler *s)
{
    struct request *r, *in_order = NULL;
    if (!atomic_load_explicit(&s->inbox, memory_order_relaxed))
        return;
    /* acquire: the requests and what their senders did before */
    r = atomic_exchange_explicit(&s->inbox, NULL, memory_order_acquire);
    while (r) {
        struct request *next = r->next;
        r->next = in_order;
        in_order = r;
        r = next;
    }
    while (in_order) {
        struct request *next = in_order->next;
        deliver(s, in_order);
        in_order = next;
    }
}

static void expire(struct scheduler *s)
{
    int64_t now = s->timers ? now_ns(CLOCK_MONOTONIC) : 0;
    while (s->timers && s->timers->due_ns <= now) {
        struct process *p = s->timers;
        s->timers = p->timer_next;
        p->due_ns = 0;
        if (!p->queued)
            enqueue(s, p);
    }
}

static void park(struct scheduler *s)
{
    int wait_ms = -1;
    struct epoll_event event;
    eventfd_t count;
    if (s->timers) {
        int64_t left = s->timers->due_ns - now_ns(CLOCK_MONOTONIC);
        wait_ms = left <= 0 ? 0 : (int)((left + 999999) / 1000000);
    }
    atomic_exchange_explicit(&s->parked, 1, memory_order_acq_rel); /* pairs with push() */
    if (!atomic_load_explicit(&s->inbox, memory_order_relaxed) && !atomic_load(&rt_stopping)) {
        if (epoll_wait(s->poller, &event, 1, wait_ms) > 0)
            eventfd_read(s->event, &count);
    }
    atomic_exchange_explicit(&s->parked, 0, memory_order_acq_rel);
}

/* --- stacks --- */

static void run_stack(void);

static struct stack *stack_new(struct thread *t)
{
    struct stack *k = need(calloc(1, sizeof *k));
    k->thread = t;
    getcontext(&k->context);
    k->context.uc_stack.ss_sp = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (k->context.uc_stack.ss_sp == MAP_FAILED)
        abort();
    k->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&k->context, run_stack, 0);
    return k;
}

static struct stack *stack_get(struct thread *t)
{
    struct stack *k = t->pool;
    if (!k)
        return stack_new(t);
    t->pool = k->next;
    return k;
}

static void stack_put(struct thread *t, struct stack *k)
{
    k->process = NULL;
    k->next = t->pool;
    t->pool = k;
}

/* Thread-local state that belongs to the handler, not to the thread. */
static void save_locals(struct stack *k, int error)
{
#ifndef NO_SAVE
    k->saved_errno = error;
    if (__cxa_get_globals) {
        struct exceptions *e = __cxa_get_globals();
        k->saved_exceptions = *e;
        *e = (struct exceptions){0};
    }
    k->hook_state = rt_options.hooks.save ? rt_options.hooks.save() : NULL;
#endif
}

static void restore_locals(struct stack *k)
{
#ifndef NO_SAVE
    if (rt_options.hooks.restore)
        rt_options.hooks.restore(k->hook_state);
    if (__cxa_get_globals)
        *__cxa_get_globals() = k->saved_exceptions;
    errno = k->saved_errno;
#endif
}

/* The current handler stops here until its process is resumed, on this thread. */
static void block(struct thread *t, int error)
{
    struct stack *me = t->current;
    save_locals(me, error);
    if (t->scheduler) {
        t->current = stack_get(t);
        swapcontext(&me->context, &t->current->context);
    } else {
        t->current = NULL;
        swapcontext(&me->context, &t->base);
    }
    if (t->scheduler)
        atomic_fetch_add_explicit(&t->scheduler->turn, 1, memory_order_relaxed);
    restore_locals(me);
}

/* --- running processes --- */

static void run_handler(struct thread *t, struct scheduler *s, struct process *p)
{
    struct request *r = p->head;
    if (!(p->head = r->next))
        p->tail = &p->head;
    bool wanted = r->wanted;
    t->current->process = p;
    atomic_fetch_add_explicit(&s->turn, 1, memory_order_relaxed);
    leave(t);
    p->handler(p, r, r->value);
    enter(t);
    if (!wanted)
        free(r);
    if (t->scheduler)
        process_returned(t->scheduler, p);
    else
        push(new_request(RETURNED, p, 0));
}

/* The process is blocked on a stack: go there, or ask the thread it belongs to. */
static void resume(struct thread *t, struct process *p)
{
    struct stack *k = p->stack, *me = t->current;
    p->stack = NULL;
    if (k->thread == t) {
        stack_put(t, me);
        t->current = k;
        swapcontext(&me->context, &k->context);
        return;
    }
    struct stack *old = atomic_load_explicit(&k->thread->resume, memory_order_relaxed);
    do
        k->next = old;
    while (!atomic_compare_exchange_weak_explicit(
        /* release: the reply; pairs with the acquire in run_resumed() */
        &k->thread->resume, &old, k, memory_order_release, memory_order_relaxed));
    atomic_fetch_add(&k->thread->wake, 1);
    futex_wake(&k->thread->wake);
}

/* A thread that got the scheduler may have own stacks which it was asked to resume before. */
static void requeue_resumed(struct thread *t, struct scheduler *s)
{
    struct stack *k = atomic_exchange_explicit(&t->resume, NULL, memory_order_acquire);
    for (; k; k = k->next) {
        k->process->stack = k;
        enqueue(s, k->process);
    }
}

/* Every pooled stack runs this loop; a handler runs on top of it. */
static void run_stack(void)
{
    struct thread *t = self;
    for (;;) { /* ends with the thread */
        struct scheduler *s = t->scheduler;
        if (!s || atomic_load(&rt_stopping)) {
            struct stack *me = t->current;
            stack_put(t, me);
            t->current = NULL;
            swapcontext(&me->context, &t->base);
            continue;
        }
        drain(s);
        expire(s);
        if (atomic_load_explicit(&t->resume, memory_order_relaxed))
            requeue_resumed(t, s);
        struct process *p = dequeue(s);
        if (!p)
            park(s);
        else if (p->stack)
            resume(t, p);
        else
            run_handler(t, s, p);
    }
}

/* --- threads --- */

/* Blocked stacks of a thread without a scheduler go on here, one at a time. */
static void run_resumed(struct thread *t)
{
    struct stack *k = atomic_exchange_explicit(&t->resume, NULL, memory_order_acquire);
    while (k) {
        struct stack *next = k->next;
        t->current = k;
        swapcontext(&t->base, &k->context);
        k = next;
    }
}

/* Before this thread runs a handler again, nobody may be about to give it a scheduler. */
static void stop_being_spare(struct thread *t)
{
    int yes = 1;
    while (!atomic_compare_exchange_strong(&t->spare, &yes, 0) && !atomic_load(&t->given)) {
        yes = 1;
        sched_yield(); /* chosen: the monitor decides within one membarrier */
    }
    atomic_store(&t->spare, 0);
}

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    self = t;
    atomic_store(&t->in_runtime, 1);
    atomic_store(&t->tid, gettid());
    while (!atomic_load(&rt_stopping)) {
        uint32_t seen = atomic_load(&t->wake);
        if (!t->scheduler && (t->scheduler = atomic_exchange(&t->given, NULL)))
            atomic_store(&t->revoked, 0);
        if (t->scheduler) {
            t->current = stack_get(t);
            swapcontext(&t->base, &t->current->context);
        } else if (atomic_load(&t->resume)) {
            run_resumed(t);
        } else {
            atomic_store(&t->spare, 1);
            futex_wait(&t->wake, seen);
            stop_being_spare(t);
        }
    }
    return NULL;
}

/* --- public --- */

void rt_start(const struct rt_options *given)
{
    struct scheduler *s = &rt_scheduler;
    struct epoll_event event = {.events = EPOLLIN};
    rt_options = *given;
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    s->run_tail = &s->run_head;
    s->poller = epoll_create1(EPOLL_CLOEXEC);
    s->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_ctl(s->poller, EPOLL_CTL_ADD, s->event, &event);
    s->thread = &rt_threads[0];
    rt_threads[0].given = s;
    for (int i = 0; i < rt_options.threads; i++)
        pthread_create(&rt_threads[i].id, NULL, thread_main, &rt_threads[i]);
    while (!atomic_load(&rt_threads[0].tid))
        sched_yield();
    if (rt_options.hog_us)
        pthread_create(&monitor_id, NULL, rt_monitor, NULL);
}

/* Call it when all handlers are done: blocked ones are dropped. */
void rt_stop(void)
{
    atomic_store(&rt_stopping, true);
    eventfd_write(rt_scheduler.event, 1);
    for (int i = 0; i < rt_options.threads; i++) {
        atomic_fetch_add(&rt_threads[i].wake, 1);
        futex_wake(&rt_threads[i].wake);
        pthread_join(rt_threads[i].id, NULL);
    }
    if (rt_options.hog_us)
        pthread_join(monitor_id, NULL);
}

struct process *rt_spawn(rt_handler handler, void *state)
{
    struct process *p = need(calloc(1, sizeof *p));
    p->handler = handler;
    p->state = state;
    p->tail = &p->head;
    return p;
}

void *rt_state(struct process *p)
{
    return p->state;
}

void rt_cast(struct process *to, long value)
{
    struct thread *t = self;
    struct request *r = new_request(MESSAGE, to, value);
    if (t)
        enter(t);
    if (t && t->scheduler)
        deliver(t->scheduler, r);
    else
        push(r);
    if (t)
        leave(t);
}

static long call_foreign(struct request *call)
{
    push(call);
    while (!atomic_load_explicit(&call->done, memory_order_acquire))
        futex_wait(&call->done, 0);
    return call->value;
}

/* The process waits from now on; a late one tells the scheduler so before what it waits for. */
static void process_blocks(struct thread *t)
{
    struct process *p = t->current->process;
    p->stack = t->current;
    if (t->scheduler)
        p->queued = false;
    else
        push(new_request(BLOCKED, p, 0));
}

long rt_call(struct process *to, long value)
{
    struct thread *t = self;
    int error = errno;
    struct request *call = new_request(MESSAGE, to, value);
    call->wanted = true;
    if (!t) {
        value = call_foreign(call);
        free(call);
        errno = error;
        return value;
    }
    enter(t);
    call->caller = t->current->process;
    process_blocks(t);
    if (t->scheduler)
        deliver(t->scheduler, call);
    else
        push(call);
    block(t, error);
    value = call->value;
    free(call);
    leave(t);
    return value;
}

void rt_reply(struct request *request, long value)
{
    struct thread *t = self;
    enter(t);
    if (t->scheduler) {
        settle(t->scheduler, request, value);
    } else {
        struct request *r = new_request(REPLY, NULL, value);
        r->call = request;
        push(r);
    }
    leave(t);
}

void rt_sleep(long us)
{
    struct thread *t = self;
    int error = errno;
    int64_t due = now_ns(CLOCK_MONOTONIC) + us * 1000;
    enter(t);
    struct process *p = t->current->process;
    process_blocks(t);
    if (t->scheduler)
        arm(t->scheduler, p, due);
    else
        push(new_request(TIMER, p, due));
    block(t, error);
    leave(t);
}

long rt_hand_overs(void)
{
    return atomic_load(&rt_taken);
}

bool rt_is_late(void)
{
    struct thread *t = self;
    enter(t);
    bool late = !t->scheduler;
    leave(t);
    return late;
}

int rt_working_tid(void)
{
    return rt_scheduler.thread->tid;
}

void rt_nothing(void)
{
    struct thread *t = self;
    enter(t);
    leave(t);
}
