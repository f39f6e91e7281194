/* SPDX-License-Identifier: Apache-2.0 */
/* runner.h - the threads of a scheduler: one runs it, others wait, or are stuck in a handler.
 *
 * A scheduler begins with one runner. When a handler keeps its thread for too long, another runner
 * is given the scheduler (hog.c); the late thread waits for it at its next call into the library.
 * From then on the scheduler is passed between the two, since no stack ever changes its thread:
 * whoever is to go on on a stack of another runner's waits until that one has the scheduler.
 *
 * Invariant: exactly one thread touches a scheduler, and its runners, at a time: that of `holder`,
 * or, while it takes the scheduler from one thread and gives it to another, the monitor. */
#ifndef KSI_RUNTIME_RUNNER_H
#define KSI_RUNTIME_RUNNER_H
#include "runtime/stack.h"
#include "runtime/thread.h"
#include <pthread.h>
#include <sys/types.h>

struct ksi_process;
struct ksi_scheduler;
struct ksi_stall;

enum { KSI_STACK_CLASSES = 4 };
enum ksi_runner_state {
    KSI_RUNNER_WAITS, /* for the scheduler, or it has it */
    KSI_RUNNER_LATE   /* in a handler, without the scheduler */
};
struct ksi_runner {
    struct ksi_scheduler *scheduler;
    struct ksi_runner *next; /* of the same scheduler */
    struct ksi_stacks stacks;
    struct ksi_stacks apart[KSI_STACK_CLASSES]; /* of other sizes: apart.c */
    struct ksi_stack end;                       /* the thread's own: where the loop ends */
    _Atomic(uint8_t) state;                     /* enum ksi_runner_state */
    struct ksi_stack *stack;                    /* that it stands on, while it has no scheduler */
    struct ksi_process *process;  /* whose handler it runs, or came back from, without it */
    struct ksi_process *stranded; /* could go on on our stacks, if we were not late */
    struct ksi_stall *stall;      /* the monitor's: what it was doing when it became late */
    int64_t late_since_ns;        /* as well */
    pthread_t made;               /* of a further one: to be joined */
    /* --- set by the thread when it begins, thread last --- */
    pthread_t pthread;
    pid_t tid;
    _Atomic(struct ksi_thread *) thread;
    /* --- written by other threads below --- */
    _Atomic(struct ksi_runner *) returning_next; /* in the scheduler's list */
    _Atomic(uint32_t) turn;                      /* a futex; enum ksi_runner_turn */
    _Atomic(bool) demoted;                       /* the monitor lowered its priority */
};

enum ksi_runner_turn { KSI_TURN_NO, KSI_TURN_YES, KSI_TURN_QUIT };

/* --- scheduler.c ------------------------------------------------------------------------------ */
/* Stacks for a thread that is to run s. False: out of memory. */
bool ksi_runner_init(struct ksi_scheduler *s, struct ksi_runner *runner);

/* --- runner.c --------------------------------------------------------------------------------- */
/* Frees its stacks; its thread uses them no more. */
void ksi_runner_end(struct ksi_runner *runner);
/* p is to go on, on a stack of another runner than ours: the scheduler goes there, and the call
 * returns when it has come back; or p waits until that runner is not late any more. From the
 * loop. */
void ksi_run_elsewhere(struct ksi_scheduler *s, struct ksi_process *p);
/* p, whose handler runs without the scheduler, cannot end before its thread is back. True: it is
 * such a one, and was seen to. */
bool ksi_late_end(struct ksi_scheduler *s, struct ksi_process *p);
/* Its handler runs without the scheduler. */
bool ksi_is_late(const struct ksi_process *p);
/* Takes in late runners that want the scheduler back. From the loop. */
void ksi_take_returning(struct ksi_scheduler *s);
/* p is condemned: it need not wait for a late runner. */
void ksi_unstrand(struct ksi_process *p);
/* The runner that the scheduler began with is late: until it is back the scheduler cannot stop. */
bool ksi_is_first_late(const struct ksi_scheduler *s);
/* The scheduler, which is to stop, goes back to that runner. True: we are it. From the loop. */
bool ksi_run_first(struct ksi_scheduler *s);
/* By the monitor, which has taken s from its holder: the holder is late from now on. */
void ksi_runner_is_late(struct ksi_scheduler *s);
/* By the monitor, as well: the scheduler is that runner's. */
void ksi_runner_give(struct ksi_scheduler *s, struct ksi_runner *to);
/* The life of a further thread: waits for the scheduler, runs it, until it is told to quit. */
void ksi_runner_run(struct ksi_runner *runner);
/* The calling thread, which is ours, not the program's, is named after s, whose work it does. */
void ksi_runner_label(const struct ksi_scheduler *s);
/* The calling thread is that runner's from now on, and inside. */
void ksi_runner_begin(struct ksi_runner *runner);
/* Ends a further thread, which waits, and frees it. */
void ksi_runner_quit(struct ksi_runner *runner);
/* Ends the other threads of a scheduler that has stopped. */
void ksi_runners_quit(struct ksi_scheduler *s);
#endif
