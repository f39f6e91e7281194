/* SPDX-License-Identifier: Apache-2.0 */
/* desk.c - see desk.h. */
#include "desk.h"

enum { WAITING_MAX = 16 };
KS_CALL(desk, ask, void, ks_int);
KS_CALL(desk, slow, ks_int, ks_int);
KS_CALL(desk, later, void, ks_int);
KS_CALL(desk, relay, ks_pid, void);
KS_CALL(desk, murder, void, ks_int);
KS_CALL(desk, waiting, void, ks_int);
KS_CALL(desk, last_word, void, ks_int);
KS_CAST(desk, answer, void);
KS_CAST(desk, crash, void);
KS_CAST(desk, finish, void);

struct desk {
    desk_later_from from[WAITING_MAX];
    int count;
};

static ks_next desk_handle_ask(desk *self, ks_int *reply)
{
    *reply = 1;
    return ks_reply();
}

static ks_next desk_handle_slow(desk *self, const ks_int *takes, ks_int *reply)
{
    ks_sleep(*takes);
    *reply = *takes;
    return ks_reply();
}

static ks_next desk_handle_later(desk *self, ks_int *reply)
{
    if (self->count == WAITING_MAX) return ks_fail(KS_FULL);
    self->from[self->count++] = desk_from_later();
    return ks_noreply();
}

static ks_next desk_handle_relay(desk *self, const ks_pid *to)
{
    return ks_fail(desk_later(*to, KS_INFINITY));
}

static ks_next desk_handle_murder(desk *self, ks_int *reply)
{
    ks_exit_process(ks_caller(), KS_KILL);
    return ks_reply();
}

static ks_next desk_handle_waiting(desk *self, ks_int *reply)
{
    for (int i = 0; i < self->count; i++) *reply += desk_waits_later(self->from[i]);
    return ks_reply();
}

static ks_next desk_handle_last_word(desk *self, ks_int *reply)
{
    ks_exit_process(ks_caller(), KS_KILL);
    return ks_reply_stop(KS_NORMAL);
}

static ks_next desk_handle_answer(desk *self)
{
    ks_int value = 7;
    for (int i = 0; i < self->count; i++) (void)desk_reply_later(self->from[i], &value);
    self->count = 0;
    return ks_noreply();
}

static ks_next desk_handle_crash(desk *self) { return ks_stop(ks_error("told to")); }

static ks_next desk_handle_finish(desk *self) { return ks_stop(KS_NORMAL); }

KS_GEN_SERVER(desk, .ops = NULL);

ks_status desk_ask(ks_pid server, ks_ms timeout)
{
    ks_int reply;
    return desk_call_ask(server, &reply, timeout);
}

ks_status desk_slow(ks_pid server, ks_ms takes, ks_ms timeout)
{
    ks_int reply;
    return desk_call_slow(server, &takes, &reply, timeout);
}

ks_status desk_later(ks_pid server, ks_ms timeout)
{
    ks_int reply;
    return desk_call_later(server, &reply, timeout);
}

ks_status desk_relay(ks_pid server, ks_pid behind, ks_ms timeout)
{
    return desk_call_relay(server, &behind, timeout);
}

ks_status desk_murder(ks_pid server, ks_ms timeout)
{
    ks_int reply;
    return desk_call_murder(server, &reply, timeout);
}

ks_status desk_last_word(ks_pid server, ks_ms timeout)
{
    ks_int reply;
    return desk_call_last_word(server, &reply, timeout);
}

int64_t desk_waiting(ks_pid server)
{
    ks_int reply = -1;
    return desk_call_waiting(server, &reply, KS_INFINITY) ? -1 : reply;
}

void desk_answer(ks_pid server) { (void)desk_cast_answer(server); }

void desk_crash(ks_pid server) { (void)desk_cast_crash(server); }

void desk_finish(ks_pid server) { (void)desk_cast_finish(server); }
