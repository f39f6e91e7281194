/* SPDX-License-Identifier: Apache-2.0 */
/* rt.h - a small runtime of one scheduler, to try what happens to a handler that keeps its thread.
 *
 * A handler runs on a pooled stack of the thread that has the scheduler.  A stack never changes its
 * thread.  rt_call and rt_sleep block the handler; another stack of the thread goes on.  When a
 * handler keeps its thread for longer than the hog limit, the monitor gives the scheduler to
 * another thread; the late handler finds out at its next call, and goes on as a foreign thread
 * does.
 *
 * rt_cast, rt_call: any thread.  rt_reply, rt_sleep: handlers. */
#ifndef RT_H
#define RT_H
#include <stdbool.h>
#ifdef __cplusplus
extern "C" {
#endif

struct process;
struct request;
typedef void (*rt_handler)(struct process *self, struct request *request, long value);

/* What handlers leave in thread-local state of other libraries; NULL: none. */
struct rt_hooks {
    void *(*save)(void);          /* a handler blocks: take it away; NULL if there is nothing */
    void (*restore)(void *saved); /* it goes on */
};

struct rt_options {
    int threads;        /* one works, the others are spare */
    long hog_us;        /* 0: no monitor */
    bool trust_lateness; /* false leaves out the test whether the monitor itself was late */
    bool trust_cpu;      /* false leaves out the test whether the thread had the processor */
    struct rt_hooks hooks;
};

void rt_start(const struct rt_options *options);
void rt_stop(void);
struct process *rt_spawn(rt_handler handler, void *state); /* before the first message */
void *rt_state(struct process *self);
void rt_cast(struct process *to, long value);
long rt_call(struct process *to, long value);
void rt_reply(struct request *request, long value);
void rt_sleep(long us);
long rt_hand_overs(void);
bool rt_is_late(void); /* the caller's thread has no scheduler now */
int rt_working_tid(void); /* the thread that has the scheduler */
void rt_nothing(void); /* enters and leaves: to measure */
#ifdef __cplusplus
}
#endif
#endif
