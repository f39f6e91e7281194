/* SPDX-License-Identifier: Apache-2.0 */
/* timeout_test - named time-outs: several at a time, set again, cancelled, also when they are over
 * and queued; nothing else cancels them. */
#include "support/scenario.h"
#include <kiosk/timer.h>

enum { A = 'A', B = 'B', C = 'C' };
typedef struct watch_args {
    trace *trace;
} watch_args;
KS_TYPE(watch_args, (local, trace));
typedef struct order {
    ks_int name;
    ks_ms time;
} order;
KS_TYPE(order, name, time);
KS_MODULE(watch, watch_args);
KS_CALL(watch, set, order, void);
KS_CALL(watch, set_at, order, void);
KS_CALL(watch, set_then_idle, order, void); /* and a callback time-out of half the time */
KS_CALL(watch, cancel, ks_int, ks_bool);
KS_CALL(watch, left, ks_int, ks_int);
KS_CALL(watch, cancel_when_queued, ks_int, ks_int); /* true: it was */
KS_CALL(watch, renew_when_queued, ks_int, void);
KS_CALL(watch, every, order, void);
KS_CALL(watch, in_handler, order, void); /* what the handler of the next time-out does */
KS_CALL(watch, fired, void, ks_int);     /* when the latest came */
KS_CAST(watch, note, void);
struct watch {
    trace *trace;
    ks_ms fired;
    order wish; /* in_handler: name SLEEPS for so long, CANCELS, or a time-out to set */
};
enum { SLEEPS = -1, CANCELS = -2 };

static ks_next watch_init(watch *self, const watch_args *args)
{
    self->trace = args->trace;
    return ks_ok();
}

static ks_next watch_handle_set(watch *self, const order *wish)
{
    ks_set_timeout((int)wish->name, wish->time);
    return ks_reply();
}

static ks_next watch_handle_set_at(watch *self, const order *wish)
{
    ks_set_timeout_at((int)wish->name, wish->time);
    return ks_reply();
}

static ks_next watch_handle_set_then_idle(watch *self, const order *wish)
{
    ks_set_timeout((int)wish->name, wish->time);
    return ks_after(ks_reply(), wish->time / 2);
}

static ks_next watch_handle_cancel(watch *self, const ks_int *name, ks_bool *reply)
{
    *reply = ks_cancel_timeout((int)*name);
    return ks_reply();
}

static ks_next watch_handle_left(watch *self, const ks_int *name, ks_int *reply)
{
    *reply = ks_timeout_left((int)*name);
    return ks_reply();
}

/* It is over while we sleep, and stands in the queue behind us. */
static ks_next watch_handle_cancel_when_queued(watch *self, const ks_int *name, ks_int *reply)
{
    ks_set_timeout((int)*name, 10);
    ks_sleep(50);
    ks_ms left = ks_timeout_left((int)*name);
    bool was_set = ks_cancel_timeout((int)*name);
    *reply = left == 0 && was_set && !ks_cancel_timeout((int)*name);
    return ks_reply();
}

static ks_next watch_handle_renew_when_queued(watch *self, const ks_int *name)
{
    ks_set_timeout((int)*name, 10);
    ks_sleep(50);
    ks_set_timeout((int)*name, 100);
    return ks_reply();
}

static ks_next watch_handle_every(watch *self, const order *wish)
{
    ks_set_timeout_every((int)wish->name, wish->time);
    return ks_reply();
}

static ks_next watch_handle_in_handler(watch *self, const order *wish)
{
    self->wish = *wish;
    return ks_reply();
}

static ks_next watch_handle_fired(watch *self, ks_int *reply)
{
    *reply = self->fired;
    return ks_reply();
}

static ks_next watch_handle_note(watch *self)
{
    trace_add(self->trace, 'n');
    return ks_noreply();
}

static ks_next watch_handle_timeout(watch *self)
{
    trace_add(self->trace, 'i');
    return ks_noreply();
}

static ks_next watch_handle_named_timeout(watch *self, int name)
{
    const order wish = self->wish;
    trace_add(self->trace, (char)name);
    self->fired = ks_now();
    self->wish = (order){ 0 };
    if (wish.name == SLEEPS) ks_sleep(wish.time);
    if (wish.name == CANCELS) KS_CHECK(ks_cancel_timeout(name));
    if (wish.name > 0) ks_set_timeout((int)wish.name, wish.time);
    return ks_noreply();
}

KS_GEN_SERVER(watch, .init = watch_init, .handle_timeout = watch_handle_timeout,
    .handle_named_timeout = watch_handle_named_timeout,
    .ops = KS_OPS(watch, set, set_at, set_then_idle, cancel, left, cancel_when_queued,
        renew_when_queued, every, in_handler, fired, note));

/* A server that sets one, and has no handler for it. */
KS_MODULE(mute, void);
KS_CAST(mute, set, void);
struct mute {
    int unused;
};

static ks_next mute_handle_set(mute *self)
{
    ks_set_timeout(A, 10);
    return ks_noreply();
}

KS_GEN_SERVER(mute, .ops = KS_OPS(mute, set));

/* --- the scenarios ---------------------------------------------------------------------------- */
static trace seen;

static ks_pid start(void)
{
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(watch, .trace = &seen), &server));
    return server;
}

static void set(ks_pid server, int name, ks_ms after)
{
    KS_CHECK_OK(watch_call_set(server, &(order){ name, after }, 1000));
}

static ks_ms fired(ks_pid server)
{
    ks_int when;
    KS_CHECK_OK(watch_call_fired(server, &when, 1000));
    return when;
}

static ks_ms left(ks_pid server, int name)
{
    ks_int ms;
    KS_CHECK_OK(watch_call_left(server, &(ks_int){ name }, &ms, 1000));
    return ms;
}

static bool cancel(ks_pid server, int name)
{
    ks_bool was_set;
    KS_CHECK_OK(watch_call_cancel(server, &(ks_int){ name }, &was_set, 1000));
    return was_set;
}

static void several_run_at_a_time(void)
{
    ks_pid server = start();
    ks_ms begin = ks_now();
    set(server, C, 300);
    set(server, A, 100);
    set(server, B, 200);
    KS_CHECK(left(server, B) > 100 && left(server, B) <= 201);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "ABC"));
    KS_CHECK(fired(server) >= begin + 300);
    KS_CHECK(left(server, B) == KS_INFINITY);
    kill_and_wait(server);
}

static void set_again_it_starts_anew(void)
{
    ks_pid server = start();
    ks_ms begin = ks_now();
    set(server, A, 100);
    ks_sleep(60);
    set(server, A, 100);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "A"));
    KS_CHECK(fired(server) >= begin + 160);
    kill_and_wait(server);
}

static void a_moment_may_be_named(void)
{
    ks_pid server = start();
    ks_ms moment = ks_now() + 100;
    KS_CHECK_OK(watch_call_set_at(server, &(order){ A, moment }, 1000));
    KS_CHECK_OK(watch_call_set_at(server, &(order){ B, ks_now() - 5 }, 1000));
    ks_sleep(20);
    KS_CHECK(trace_is(&seen, "B")); /* that moment has passed */
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "BA"));
    KS_CHECK(fired(server) >= moment);
    kill_and_wait(server);
}

static void cancelled_it_never_comes(void)
{
    ks_pid server = start();
    set(server, A, 100);
    set(server, B, 100);
    set(server, C, 100);
    KS_CHECK(cancel(server, B));
    KS_CHECK(!cancel(server, B));
    set(server, C, KS_INFINITY);
    KS_CHECK(!cancel(server, C));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "A"));
    KS_CHECK(!cancel(server, A));
    kill_and_wait(server);
}

static void cancelled_when_it_is_queued_it_never_comes(void)
{
    ks_pid server = start();
    ks_int was_queued;
    KS_CHECK_OK(watch_call_cancel_when_queued(server, &(ks_int){ A }, &was_queued, KS_INFINITY));
    KS_CHECK(was_queued);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, ""));
    kill_and_wait(server);
}

static void set_again_when_it_is_queued_it_comes_once(void)
{
    ks_pid server = start();
    ks_ms begin = ks_now();
    KS_CHECK_OK(watch_call_renew_when_queued(server, &(ks_int){ A }, KS_INFINITY));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "A"));
    KS_CHECK(fired(server) >= begin + 150);
    kill_and_wait(server);
}

static void messages_do_not_cancel_it(void)
{
    ks_pid server = start();
    set(server, A, 100);
    ks_sleep(50);
    watch_cast_note(server);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "nA"));
    kill_and_wait(server);
}

/* It runs beside ks_after, which it cancels like any event. */
static void a_callback_timeout_runs_beside_it(void)
{
    ks_pid server = start();
    KS_CHECK_OK(watch_call_set_then_idle(server, &(order){ A, 100 }, 1000));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "iA"));
    set(server, B, 50);
    KS_CHECK_OK(watch_call_set_then_idle(server, &(order){ A, 300 }, 1000));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "iABA"));
    kill_and_wait(server);
}

static void zero_comes_after_the_queue(void)
{
    ks_pid server = start();
    set(server, A, 0);
    ks_sleep(10);
    KS_CHECK(trace_is(&seen, "A"));
    kill_and_wait(server);
}

/* --- again and again -------------------------------------------------------------------------- */
static ks_pid start_every(ks_ms period)
{
    ks_pid server = start();
    KS_CHECK_OK(watch_call_every(server, &(order){ A, period }, 1000));
    return server;
}

static void next_time(ks_pid server, ks_int name, ks_ms time)
{
    KS_CHECK_OK(watch_call_in_handler(server, &(order){ name, time }, 1000));
}

static ks_ms fired_at(ks_pid server)
{
    ks_int fired;
    KS_CHECK_OK(watch_call_fired(server, &fired, 1000));
    return fired;
}

static void it_keeps_its_rhythm(void)
{
    ks_pid server = start_every(100);
    ks_ms begin = ks_now();
    ks_sleep(350);
    KS_CHECK(trace_is(&seen, "AAA") && fired_at(server) - begin < 320);
    ks_sleep(700);
    KS_CHECK(trace_is(&seen, "AAAAAAAAAA") && fired_at(server) - begin < 1020);
    kill_and_wait(server);
}

static void what_is_missed_is_skipped(void)
{
    ks_pid server = start_every(100);
    ks_ms begin = ks_now();
    next_time(server, SLEEPS, 230); /* from 100 to 330 */
    ks_sleep(390);
    KS_CHECK(trace_is(&seen, "A"));
    ks_sleep(30);
    KS_CHECK(trace_is(&seen, "AA") && fired_at(server) - begin < 420); /* at 400 */
    kill_and_wait(server);
}

static void its_own_handler_may_cancel_it(void)
{
    ks_pid server = start_every(100);
    next_time(server, CANCELS, 0);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "A"));
    kill_and_wait(server);
}

static void its_own_handler_may_set_it_once(void)
{
    ks_pid server = start_every(100);
    next_time(server, A, 250);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "AA"));
    kill_and_wait(server);
}

static void it_is_cancelled_as_any_other(void)
{
    ks_bool was;
    ks_pid server = start_every(100);
    ks_sleep(250);
    KS_CHECK_OK(watch_call_cancel(server, &(ks_int){ A }, &was, 1000));
    KS_CHECK(was);
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "AA"));
    KS_CHECK_OK(watch_call_every(server, &(order){ A, KS_INFINITY }, 1000));
    KS_CHECK_OK(watch_call_cancel(server, &(ks_int){ A }, &was, 1000));
    KS_CHECK(!was);
    KS_CHECK_OK(watch_call_every(server, &(order){ A, -5 }, 1000)); /* each ms */
    ks_sleep(10);
    KS_CHECK(seen.len > 8);
    kill_and_wait(server); /* while it repeats */
}

static void they_die_with_their_server(void)
{
    ks_pid server = start();
    set(server, A, 10);
    set(server, B, 100);
    kill_and_wait(server);
    KS_CHECK(nothing_comes());
    KS_CHECK(trace_is(&seen, ""));
}

static void without_a_handler_the_server_ends(void)
{
    ks_pid server;
    ks_ref monitor;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(mute), &server, &monitor));
    mute_cast_set(server);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_UNDEF);
    KS_CHECK(reported("mute has no handle_named_timeout", "undef"));
}

static void sets_one(void *arg) { ks_set_timeout(A, 10); }

static void a_plain_process_has_none(void)
{
    ks_ref monitor;
    forget_reports();
    ks_spawn_monitor(sets_one, NULL, &monitor);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_UNDEF);
    KS_CHECK(!ks_cancel_timeout(A) && ks_timeout_left(A) == KS_INFINITY);
}

int main(void)
{
    return run_scenarios("timeout", 100,
        SCENARIOS(SCENARIO(several_run_at_a_time), SCENARIO(set_again_it_starts_anew),
            SCENARIO(a_moment_may_be_named), SCENARIO(cancelled_it_never_comes),
            SCENARIO(cancelled_when_it_is_queued_it_never_comes),
            SCENARIO(set_again_when_it_is_queued_it_comes_once),
            SCENARIO(messages_do_not_cancel_it), SCENARIO(a_callback_timeout_runs_beside_it),
            SCENARIO(zero_comes_after_the_queue), SCENARIO(it_keeps_its_rhythm),
            SCENARIO(what_is_missed_is_skipped), SCENARIO(its_own_handler_may_cancel_it),
            SCENARIO(its_own_handler_may_set_it_once), SCENARIO(it_is_cancelled_as_any_other),
            SCENARIO(they_die_with_their_server), SCENARIO(without_a_handler_the_server_ends),
            SCENARIO(a_plain_process_has_none)));
}
