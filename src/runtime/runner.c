/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c - see runner.h. Each function says from where it is called. */
#define _GNU_SOURCE /* gettid */
#include "runtime/runner.h"
#include "base/futex.h"
#include "base/label.h"
#include "runtime/block.h"
#include "runtime/fault.h"
#include "runtime/hog.h"
#include "runtime/signal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- passing ---------------------------------------------------------------------------------- */
void ksi_runner_give(struct ksi_scheduler *s, struct ksi_runner *to)
{
    s->runner = to;
    /* release: the monitor looks at a runner that is complete */
    ksi_store_release(&s->holder, to);
    /* release: everything that was done to the scheduler; pairs with the acquire in wait_turn() */
    ksi_store_release(&to->turn, KSI_TURN_YES);
    ksi_futex_wake(&to->turn);
}

/* False: there will be no turn any more. */
static bool wait_turn(struct ksi_runner *me)
{
    uint32_t turn;
    /* acquire: what the others did to the scheduler; pairs with the release of who gives it */
    while ((turn = ksi_load_acquire(&me->turn)) == KSI_TURN_NO) /* ends: we are given it, or quit */
        (void)ksi_futex_wait(&me->turn, KSI_TURN_NO, INT64_MAX);
    if (turn == KSI_TURN_QUIT) return false;
    ksi_store_relaxed(&me->turn, KSI_TURN_NO); /* nobody else writes it while we have our turn */
    return true;
}

/* To another runner, until we have it again. From the loop, on a stack of our own. */
static void pass(struct ksi_scheduler *s, struct ksi_runner *to)
{
    struct ksi_runner *me = s->runner;
    me->stack = s->stack;
    ksi_runner_give(s, to);
    if (wait_turn(me)) {
        s->stack = me->stack;
        return;
    }
    ksi_stack_give(&me->stacks, me->stack);
    ksi_stack_switch(me->stack, &me->end); /* never comes back */
}

/* relaxed: of who has the scheduler, who alone changes it */
static bool is_late(const struct ksi_runner *runner)
{
    return ksi_load_relaxed(&runner->state) == KSI_RUNNER_LATE;
}

/* --- who waits for a late thread -------------------------------------------------------------- */
static void strand(struct ksi_runner *late, struct ksi_process *p)
{
    p->wait = KSI_WAIT_THREAD;
    p->queue_next = late->stranded;
    late->stranded = p;
}

void ksi_unstrand(struct ksi_process *p)
{
    struct ksi_process **link = &p->stack->runner->stranded;
    while (*link && *link != p) link = &(*link)->queue_next;
    if (*link) *link = p->queue_next;
}

void ksi_run_elsewhere(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_runner *other = p->stack->runner;
    s->current = NULL;
    if (is_late(other)) {
        strand(other, p);
        return;
    }
    if (s->next) { /* a reply from elsewhere, that came while p was picked */
        s->next->flags &= ~(uint32_t)KSI_QUEUED;
        ksi_ready(s, s->next);
    }
    p->flags |= KSI_QUEUED;
    s->next = p;
    pass(s, other);
}

bool ksi_is_late(const struct ksi_process *p) { return p->stack && p->stack->runner->process == p; }

bool ksi_late_end(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (!ksi_is_late(p)) return false;
    if (!is_late(p->stack->runner)) ksi_run_elsewhere(s, p);
    return true; /* else when it is back */
}

void ksi_take_returning(struct ksi_scheduler *s)
{
    /* relaxed: a hint, so that an empty list costs a load */
    if (KSI_LIKELY(!ksi_load_relaxed(&s->returning))) return;
    /* acquire: pairs with the release in come_back() */
    struct ksi_runner *late = ksi_exchange_acq_rel(&s->returning, NULL);
    while (late) {
        /* relaxed: published with the list */
        struct ksi_runner *next = ksi_load_relaxed(&late->returning_next);
        ksi_store_relaxed(&late->state, KSI_RUNNER_WAITS); /* we have the scheduler */
        late->process->wait = KSI_WAIT_NOTHING;
        ksi_ready(s, late->process);
        while (late->stranded) {
            struct ksi_process *p = late->stranded;
            late->stranded = p->queue_next;
            p->wait = KSI_WAIT_NOTHING;
            ksi_ready(s, p);
        }
        late = next;
    }
}

bool ksi_is_first_late(const struct ksi_scheduler *s) { return is_late(&s->first); }

bool ksi_run_first(struct ksi_scheduler *s)
{
    if (s->runner == &s->first) return true;
    pass(s, &s->first);
    return false;
}

/* --- being late ------------------------------------------------------------------------------- */
void ksi_runner_is_late(struct ksi_scheduler *s)
{
    struct ksi_runner *late = s->runner;
    struct ksi_process *p = s->current;
    KSI_ASSERT(p && !p->stack); /* only a handler runs outside */
    late->process = p;
    late->stack = p->stack = s->stack;
    /* release: both; pairs with the acquire of the late thread itself, in fault.c */
    ksi_store_release(&late->state, KSI_RUNNER_LATE);
    p->wait = KSI_WAIT_THREAD;
    s->current = NULL;
}

static void ask_back(struct ksi_scheduler *s, struct ksi_runner *me)
{
    struct ksi_runner *first = ksi_load_relaxed(&s->returning); /* a guess, for the exchange */
    do ksi_store_relaxed(&me->returning_next, first);           /* published by the exchange */
    /* release: publishes returning_next; pairs with the acquire in ksi_take_returning() */
    while (!ksi_cas_weak_acq_rel(&s->returning, &first, me));
    s->seams.unpark(s->seams.arg);
}

/* We have the scheduler, and p, whose handler we run, has its turn. */
static void go_on(struct ksi_scheduler *s, struct ksi_runner *me, struct ksi_process *p)
{
    s->next = NULL;
    p->flags &= ~(uint32_t)KSI_QUEUED;
    s->stack = p->stack;
    s->current = p;
    p->stack = NULL;
    me->process = NULL;
}

/* We have the scheduler, but another process of ours has its turn: p waits like any that blocked,
 * and our loop goes on. One stack is always left for this. Returns when p has its turn. */
static void let_go(struct ksi_scheduler *s, struct ksi_runner *me)
{
    struct ksi_stack *to = ksi_stack_get(&me->stacks);
    KSI_ASSERT(to);
    s->stack = me->stack;
    me->process = NULL;
    ksi_go_away(s, to, errno);
}

static void come_back(struct ksi_runner *me)
{
    struct ksi_scheduler *s = me->scheduler;
    ask_back(s, me);
    bool has = wait_turn(me);
    KSI_ASSERT(has); /* nobody quits while a process lives */
    struct ksi_process *p = me->process;
    ksi_store_relaxed(&ksi_this_thread.word, KSI_HAS); /* nobody else writes it any more */
    ksi_hog_restore(me);
    if (s->next == p)
        go_on(s, me, p);
    else
        let_go(s, me);
    ksi_check_exit(s);
}

void ksi_regain(void)
{
    struct ksi_thread *thread = &ksi_this_thread;
    uint32_t asked = KSI_ASKED;
    /* acq_rel: either we keep the scheduler, or see that it is gone */
    if (ksi_cas_acq_rel(&thread->word, &asked, KSI_HAS) || asked == KSI_HAS) return;
    int kept = errno;
    come_back(thread->runner);
    errno = kept;
}

/* --- further threads -------------------------------------------------------------------------- */
void ksi_runner_run(struct ksi_runner *runner)
{
    struct ksi_scheduler *s = runner->scheduler;
    struct ksi_fault_thread *faults = ksi_faults_enter(s);
    ksi_stack_of_thread(&runner->end);
    if (wait_turn(runner)) {
        s->stack = &runner->end;
        struct ksi_stack *first = ksi_stack_get(&runner->stacks);
        KSI_ASSERT(first);
        ksi_go_to(s, first);
    }
    ksi_faults_leave(s, faults);
}

void ksi_runner_label(const struct ksi_scheduler *s)
{
    char name[16];
    snprintf(name, sizeof name, "kiosk-%u", s->number);
    ksi_label_thread(name);
}

void ksi_runner_begin(struct ksi_runner *runner)
{
    bool again = ksi_load_relaxed(&runner->thread) == &ksi_this_thread; /* our own doing */
    if (!again) runner->pthread = pthread_self();
    if (!again) runner->tid = gettid();
    ksi_this_thread.scheduler = runner->scheduler;
    ksi_this_thread.runner = runner;
    /* relaxed: who looks at them has the runner from us */
    ksi_store_relaxed(&ksi_this_thread.inside, 1);
    ksi_store_relaxed(&ksi_this_thread.word, KSI_HAS);
    /* release: all of it; pairs with the acquire in look() of hog.c */
    ksi_store_release(&runner->thread, &ksi_this_thread);
}

void ksi_runner_quit(struct ksi_runner *runner)
{
    /* release: nothing of ours; the thread reads it by an acquire */
    ksi_store_release(&runner->turn, KSI_TURN_QUIT);
    ksi_futex_wake(&runner->turn);
    pthread_join(runner->made, NULL);
    ksi_runner_end(runner);
    free(runner);
}

void ksi_runners_quit(struct ksi_scheduler *s)
{
    while (s->runners && s->runners != &s->first) {
        struct ksi_runner *runner = s->runners;
        s->runners = runner->next;
        ksi_runner_quit(runner);
    }
}

void ksi_runner_end(struct ksi_runner *runner)
{
    ksi_stacks_end(&runner->stacks);
    ksi_apart_end(runner);
    free(runner->stall);
}
