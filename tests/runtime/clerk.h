/* SPDX-License-Identifier: Apache-2.0 */
/* clerk.h - a server for tests of its mailbox: busy when it is told to be, and it knows in which
 * order it was told things. For one file each: the state of the latest clerk is a static. */
#ifndef CLERK_H
#define CLERK_H
#include "support/scenario.h"

enum { LIMIT = 5, NOTES = 400 };
KS_MODULE(clerk, void);
KS_CALL(clerk, count, void, ks_int);
KS_CALL(clerk, pass_on, ks_pid, ks_int); /* casts to somebody; the status is the reply */
KS_CALL(clerk, ask, ks_pid, ks_int);     /* calls somebody; the same */
KS_CAST(clerk, work, ks_int);
KS_CAST(clerk, note, ks_int);
KS_CAST(clerk, owe, ks_pid); /* arranges for a timer, a DOWN and a word to itself, then works */
KS_CAST(clerk, tell_yourself, ks_int);
KS_CAST(clerk, watch, ks_pid);
KS_INFO(clerk, down, ks_down);
struct clerk {
    ks_int notes[NOTES];
    int count, downs;
};
static const struct clerk *watched; /* the state of the latest one */
static ks_int told;                 /* what it was told by itself: its status */

static ks_next clerk_init(clerk *self, const clerk_args *args)
{
    watched = self;
    return ks_ok();
}

static ks_next clerk_handle_count(clerk *self, ks_int *reply)
{
    *reply = self->count;
    return ks_reply();
}

static ks_next clerk_handle_pass_on(clerk *self, const ks_pid *to, ks_int *reply)
{
    *reply = clerk_cast_note(*to, &(ks_int){ 1 });
    return ks_reply();
}

static ks_next clerk_handle_ask(clerk *self, const ks_pid *to, ks_int *reply)
{
    ks_int count;
    *reply = clerk_call_count(*to, &count, KS_INFINITY);
    return ks_reply();
}

static ks_next clerk_handle_work(clerk *self, const ks_int *duration)
{
    ks_sleep(*duration);
    return ks_noreply();
}

static ks_next clerk_handle_note(clerk *self, const ks_int *n)
{
    KS_CHECK(self->count < NOTES);
    self->notes[self->count++] = *n;
    return ks_noreply();
}

static ks_next clerk_handle_owe(clerk *self, const ks_pid *victim)
{
    ks_monitor(*victim);
    ks_exit_process(*victim, KS_KILL);
    clerk_cast_after_note(10, ks_self(), &(ks_int){ 1000 });
    KS_CHECK_OK(clerk_cast_note(ks_self(), &(ks_int){ 2000 }));
    ks_sleep(1000);
    return ks_noreply();
}

static ks_next clerk_handle_watch(clerk *self, const ks_pid *pid)
{
    ks_monitor(*pid);
    return ks_noreply();
}

static ks_next clerk_handle_tell_yourself(clerk *self, const ks_int *duration)
{
    ks_sleep(*duration);
    told = clerk_cast_note(ks_self(), &(ks_int){ 3000 });
    return ks_noreply();
}

static ks_next clerk_handle_down(clerk *self, const ks_down *down)
{
    self->downs++;
    return ks_noreply();
}

KS_GEN_SERVER(clerk, .init = clerk_init,
    .ops = KS_OPS(clerk, count, pass_on, ask, work, note, owe, tell_yourself, watch, down));

static inline ks_pid start_clerk(ks_overload policy, ks_ms timeout)
{
    ks_pid pid;
    const ks_child row = { KS_START(clerk), .name = "clerk", .mailbox_max = LIMIT,
        .overload = policy, .overload_timeout = timeout };
    KS_CHECK_OK(ks_start(&row, &pid));
    return pid;
}

/* What is under way has arrived: time passes when nobody can run. */
static inline void settle(void) { ks_sleep(1); }

static inline void note(ks_pid to, ks_int n, ks_status expected)
{
    KS_CHECK(clerk_cast_note(to, &n) == expected);
    settle();
}

static inline void keep_busy(ks_pid desk, ks_ms duration)
{
    KS_CHECK_OK(clerk_cast_work(desk, &duration));
    settle();
    KS_CHECK(ks_mailbox_length(desk) == 0);
}

/* Busy for a second, and notes 0 to 4 behind it. */
static inline ks_pid full_clerk(ks_overload policy, ks_ms timeout)
{
    ks_pid desk = start_clerk(policy, timeout);
    keep_busy(desk, 1000);
    for (int i = 0; i < LIMIT; i++) note(desk, i, KS_OK);
    KS_CHECK(ks_mailbox_length(desk) == LIMIT);
    return desk;
}

/* Everything is handled: these notes were. */
static inline void noted(ks_pid desk, int first, int count)
{
    ks_sleep(3000);
    KS_CHECK(ks_mailbox_length(desk) == 0);
    KS_CHECK(watched->count == count);
    for (int i = 0; i < count; i++) KS_CHECK(watched->notes[i] == first + i);
    kill_and_wait(desk);
}

/* --- a client that waits for an answer as long as it takes -------------------------------- */
struct asker {
    ks_pid desk;
    ks_status status;
    ks_ms took;
};

static inline void asks(void *arg)
{
    struct asker *me = arg;
    ks_int count;
    ks_ms begin = ks_now();
    me->status = clerk_call_count(me->desk, &count, KS_INFINITY);
    me->took = ks_now() - begin;
}
#endif
