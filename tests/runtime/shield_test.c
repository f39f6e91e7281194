/* SPDX-License-Identifier: Apache-2.0 */
/* shield_test - where a deadline counts and where it does not: work under ks_shield, terminate,
 * casts, timers, deferred replies; an impatient client stops nobody. */
#include "support/scenario.h"

#include <kiosk/timer.h>

/* --- a chain: each works for a random while, and asks the next one ---------------------------- */
KS_MODULE(stage, ks_pid);
KS_CALL(stage, run, ks_int, ks_int); /* ms of work, at most */
struct stage {
    ks_pid next;
};
static int runs;

static ks_next stage_init(stage *self, const ks_pid *next)
{
    self->next = *next;
    return ks_ok();
}

static ks_next stage_handle_run(stage *self, const ks_int *most, ks_int *reply)
{
    ks_ms left = ks_time_left();
    KS_CHECK(left > 0); /* an expired request is not handled */
    ks_ms until = ks_now() + left;
    runs++;
    ks_sleep((ks_ms)ks_random((uint64_t)*most + 1));
    *reply = 1;
    if (ks_is_none(self->next)) return ks_reply();
    bool late = ks_time_left() == 0;
    ks_status status = stage_call_run(self->next, most, reply, KS_INFINITY);
    KS_CHECK(!late || status == KS_DEADLINE);
    KS_CHECK(status == KS_OK || status == KS_DEADLINE);
    KS_CHECK(late || ks_now() <= until + 1); /* never early, and no longer */
    KS_TRY(status);
    *reply += 1;
    return ks_reply();
}

KS_GEN_SERVER(stage, .init = stage_init, .ops = KS_OPS(stage, run));

enum { STAGES = 3, CLIENTS = 5, CALLS = 40 };
static int outcomes[2];

static void is_impatient(void *arg)
{
    ks_int reply;
    for (int i = 0; i < CALLS; i++) {
        ks_ms timeout = 1 + (ks_ms)ks_random(3);
        ks_status status = stage_call_run(*(const ks_pid *)arg, &(ks_int){ 1 }, &reply, timeout);
        KS_CHECK(status == KS_OK || status == KS_TIMEOUT);
        outcomes[status != KS_OK]++;
        ks_sleep((ks_ms)ks_random(3));
    }
}

/* The servers live, and serve whoever takes the time. */
static void an_impatient_client_stops_nobody(void)
{
    ks_pid stages[STAGES], next = { 0 };
    ks_ref monitors[CLIENTS], ends[STAGES];
    ks_int reply;
    for (int i = STAGES - 1; i >= 0; i--) {
        const ks_child row = { KS_START_WITH(stage, &next) };
        KS_CHECK_OK(ks_start_monitor(&row, &stages[i], &ends[i]));
        next = stages[i];
    }
    runs = outcomes[0] = outcomes[1] = 0;
    for (int i = 0; i < CLIENTS; i++) ks_spawn_monitor(is_impatient, &stages[0], &monitors[i]);
    for (int i = 0; i < CLIENTS; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    KS_CHECK(outcomes[0] > 0 && outcomes[1] > CLIENTS * CALLS / 4);
    KS_CHECK(runs < CLIENTS * CALLS * STAGES);
    ks_sleep(10);
    KS_CHECK_OK(stage_call_run(stages[0], &(ks_int){ 5 }, &reply, KS_INFINITY));
    KS_CHECK(reply == STAGES);
    for (int i = 0; i < STAGES; i++) {
        KS_CHECK(ks_mailbox_length(stages[i]) == 0);
        kill_and_wait(stages[i]);
        KS_CHECK(ended_with(ends[i], KS_REASON_KILLED)); /* until now */
    }
}

/* --- a cache over a slow source --------------------------------------------------------------- */
typedef struct cache_args {
    ks_pid source;
} cache_args;
KS_TYPE(cache_args, source);
KS_MODULE(cache, cache_args);
KS_CALL(cache, fill, ks_int, ks_int); /* shielded after as many ms */
KS_CALL(cache, plain, void, ks_int);  /* not */
KS_CALL(cache, tried, void, ks_int);  /* not, and KS_TRY */
KS_CALL(cache, left, void, ks_int);
KS_CALL(cache, state, void, ks_int);
KS_CALL(cache, status_of, ks_pid, ks_int);
KS_CALL(cache, fails, ks_int, void);
KS_CALL(cache, later, void, ks_int);
KS_CALL(cache, leave, void, void);
KS_CAST(cache, answer, void);
KS_CAST(cache, check, void);
KS_INFO(cache, number, ks_int);
struct cache {
    ks_pid source;
    ks_int filled, status, checks;
    cache_later_from from;
};
static ks_status at_end;

static bool has_none(void) { return ks_time_left() == KS_INFINITY; }

static ks_next cache_init(cache *self, const cache_args *args)
{
    self->source = args->source;
    ks_shield(); /* nothing here */
    KS_CHECK(has_none());
    return ks_continue(ks_ok(), 1);
}

static ks_next cache_handle_continue(cache *self, int what)
{
    KS_CHECK(has_none());
    return ks_noreply();
}

static ks_next cache_handle_fill(cache *self, const ks_int *after, ks_int *reply)
{
    ks_sleep(*after);
    ks_shield();
    KS_CHECK(has_none());
    self->status = cache_call_fill(self->source, &(ks_int){ 0 }, reply, 1000);
    KS_CHECK(has_none());
    ks_sleep(1);
    self->filled++;
    return ks_reply();
}

static ks_next cache_handle_plain(cache *self, ks_int *reply)
{
    self->status = cache_call_fill(self->source, &(ks_int){ 0 }, reply, 1000);
    return ks_reply();
}

static ks_next cache_handle_tried(cache *self, ks_int *reply)
{
    KS_TRY(cache_call_fill(self->source, &(ks_int){ 0 }, reply, 1000));
    return ks_reply();
}

static ks_next cache_handle_left(cache *self, ks_int *reply)
{
    *reply = ks_time_left();
    return ks_reply();
}

static ks_next cache_handle_state(cache *self, ks_int *reply)
{
    *reply = self->filled * 10000 + self->checks * 100 + self->status;
    return ks_reply();
}

static ks_next cache_handle_status_of(cache *self, const ks_pid *pid, ks_int *reply)
{
    char text[8];
    self->status = ks_format_status(*pid, text, sizeof text, KS_INFINITY);
    return ks_reply();
}

static ks_next cache_handle_fails(cache *self, const ks_int *status)
{
    return ks_fail((ks_status)*status);
}

static ks_next cache_handle_later(cache *self, ks_int *reply)
{
    self->from = cache_from_later();
    cache_cast_after_answer(100, ks_self());
    return ks_noreply();
}

static ks_next cache_handle_answer(cache *self)
{
    KS_CHECK(has_none()); /* whatever the request was that it answers */
    bool waits = cache_waits_later(self->from);
    KS_CHECK(cache_reply_later(self->from, &(ks_int){ 7 }) == waits);
    self->checks += waits;
    return ks_noreply();
}

static ks_next cache_handle_check(cache *self)
{
    ks_int reply;
    KS_CHECK(has_none());
    ks_shield();
    self->status = cache_call_fill(self->source, &(ks_int){ 0 }, &reply, 1000);
    self->checks++;
    return ks_noreply();
}

static ks_next cache_handle_number(cache *self, const ks_int *n)
{
    KS_CHECK(has_none());
    self->checks++;
    return ks_noreply();
}

static ks_next cache_handle_leave(cache *self) { return ks_stop(KS_SHUTDOWN); }

/* Longer than the request that made it stop could wait. */
static void cache_terminate(cache *self, ks_reason why)
{
    ks_int reply;
    KS_CHECK(has_none());
    at_end = cache_call_fill(self->source, &(ks_int){ 0 }, &reply, 1000);
}

KS_GEN_SERVER(cache, .init = cache_init, .handle_continue = cache_handle_continue,
    .terminate = cache_terminate,
    .ops = KS_OPS(cache, fill, plain, tried, left, state, status_of, fails, later, leave, answer,
        check, number));

/* The source of the cache serves the same operation, and takes 100 ms. */
static ks_next slowly(const ks_module *module, void *self, const ks_msg *msg)
{
    ks_from from = ks_from_(msg->op);
    ks_sleep(100);
    (void)ks_reply_(from, msg->op, &(ks_int){ 42 });
    return ks_noreply();
}
static const ks_behaviour source_behaviour = {
    .version = KS_BEHAVIOUR_VERSION, .name = "source", .on_message = slowly
};
static const ks_module source_module = {
    .version = KS_MODULE_VERSION, .name = "source", .behaviour = &source_behaviour
};

struct both {
    ks_pid source, cache;
};
static struct both start_both(void)
{
    struct both both;
    const ks_child source = { .module = &source_module };
    KS_CHECK_OK(ks_start(&source, &both.source));
    KS_CHECK_OK(ks_start(KS_CHILD(cache, .source = both.source), &both.cache));
    return both;
}
static void end_both(struct both both)
{
    kill_and_wait(both.cache);
    kill_and_wait(both.source);
}

static int state_of(ks_pid pid)
{
    ks_int state;
    KS_CHECK_OK(cache_call_state(pid, &state, KS_INFINITY));
    return (int)state;
}

static void shielded_work_goes_on(void)
{
    for (ks_int after = 0; after <= 40; after += 20) { /* before, at and after its deadline */
        struct both both = start_both();
        ks_int reply = 0;
        ks_ms begin = ks_now();
        KS_CHECK(cache_call_fill(both.cache, &after, &reply, 20) == KS_TIMEOUT);
        KS_CHECK(ks_now() <= begin + 21 && reply == 0); /* the caller gives up all the same */
        KS_CHECK(state_of(both.cache) == 10000 + KS_OK);
        KS_CHECK_OK(cache_call_fill(both.cache, &after, &reply, 1000));
        KS_CHECK(reply == 42);
        end_both(both);
    }
}

/* An answer that the server gives as its time is over may be here before our own timer, when it
 * runs on another scheduler. */
static bool timed_out(ks_status status)
{
    return status == KS_TIMEOUT || (status == KS_OK && ks_scheduler_count() > 1);
}

static void a_shield_ends_with_its_handler(void)
{
    struct both both = start_both();
    ks_int reply, left;
    KS_CHECK_OK(cache_call_fill(both.cache, &(ks_int){ 0 }, &reply, 1000));
    KS_CHECK_OK(cache_call_left(both.cache, &left, 300));
    KS_CHECK(left > 290 && left <= 300);
    KS_CHECK(timed_out(cache_call_plain(both.cache, &reply, 20)));
    KS_CHECK(state_of(both.cache) == 10000 + KS_DEADLINE);
    end_both(both);
}

static void a_try_of_a_late_request_does_not_stop_the_server(void)
{
    struct both both = start_both();
    ks_int reply;
    for (int i = 0; i < 3; i++) KS_CHECK(cache_call_tried(both.cache, &reply, 20) == KS_TIMEOUT);
    KS_CHECK(state_of(both.cache) == 0); /* it lives */
    ks_ref monitor = ks_monitor(both.cache);
    kill_and_wait(both.source);
    KS_CHECK(cache_call_tried(both.cache, &reply, 20) == KS_NOPROC); /* other trouble is its own */
    ks_reason reason = end_of(monitor);
    KS_CHECK(reason.kind == KS_REASON_STATUS && reason.code == KS_NOPROC);
    kill_and_wait(both.cache);
}

/* A server passes on that somebody else was late: no deadline of ours. */
typedef struct relay_args {
    ks_pid to;
} relay_args;
KS_TYPE(relay_args, to);
KS_MODULE(relay, relay_args);
KS_CALL(relay, ask, ks_int, ks_int);
struct relay {
    ks_pid to;
};
static ks_next relay_init(relay *self, const relay_args *args)
{
    self->to = args->to;
    return ks_ok();
}
static ks_next relay_handle_ask(relay *self, const ks_int *status, ks_int *reply)
{
    *reply = cache_call_fails(self->to, status, 5000);
    return ks_reply();
}
KS_GEN_SERVER(relay, .init = relay_init, .ops = KS_OPS(relay, ask));

static void a_time_out_that_the_server_says_is_none_of_ours(void)
{
    struct both both = start_both();
    ks_pid pid;
    ks_int reply;
    KS_CHECK_OK(ks_start(KS_CHILD(relay, .to = both.cache), &pid));
    KS_CHECK_OK(relay_call_ask(pid, &(ks_int){ KS_TIMEOUT }, &reply, 1000));
    KS_CHECK(reply == KS_TIMEOUT);
    KS_CHECK_OK(relay_call_ask(pid, &(ks_int){ KS_DEADLINE }, &reply, 1000));
    KS_CHECK(reply == KS_DEADLINE);
    kill_and_wait(pid);
    end_both(both);
}

static void a_status_is_asked_for_no_longer_than_the_request(void)
{
    struct both both = start_both();
    ks_pid other;
    ks_int reply;
    KS_CHECK_OK(ks_start(KS_CHILD(cache, .source = both.source), &other));
    cache_cast_check(other); /* busy for 100 ms */
    ks_sleep(1);
    KS_CHECK(timed_out(cache_call_status_of(both.cache, &other, &reply, 20)));
    KS_CHECK(state_of(both.cache) == KS_DEADLINE);
    KS_CHECK(state_of(other) == 100 + KS_OK);
    kill_and_wait(other);
    end_both(both);
}

static void casts_messages_and_timers_have_none(void)
{
    struct both both = start_both();
    KS_CHECK_OK(cache_cast_check(both.cache));
    KS_CHECK_OK(ks_send(both.cache, ks_int, &(ks_int){ 1 }));
    cache_cast_after_check(5, both.cache);
    ks_send_after(5, both.cache, ks_int, &(ks_int){ 1 });
    ks_sleep(500);
    KS_CHECK(state_of(both.cache) == 400 + KS_OK);
    end_both(both);
}

static void terminate_has_none(void)
{
    struct both both = start_both();
    ks_ref monitor = ks_monitor(both.cache);
    at_end = KS_NOPROC;
    ks_status status = cache_call_leave(both.cache, 20);
    KS_CHECK(status == KS_TIMEOUT); /* the answer comes with its end */
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(at_end == KS_OK);
    kill_and_wait(both.source);
}

static void a_deferred_reply_has_none(void)
{
    struct both both = start_both();
    ks_int reply = 0;
    KS_CHECK(cache_call_later(both.cache, &reply, 50) == KS_TIMEOUT);
    ks_sleep(200);
    KS_CHECK(state_of(both.cache) == 0 && reply == 0); /* nobody waited */
    KS_CHECK_OK(cache_call_later(both.cache, &reply, 150));
    KS_CHECK(reply == 7 && state_of(both.cache) == 100);
    end_both(both);
}

static void a_plain_process_has_no_shield(void)
{
    ks_shield();
    KS_CHECK(has_none());
}

int main(void)
{
    return run_scenarios("shield", 100,
        SCENARIOS(SCENARIO(an_impatient_client_stops_nobody), SCENARIO(shielded_work_goes_on),
            SCENARIO(a_shield_ends_with_its_handler),
            SCENARIO(a_try_of_a_late_request_does_not_stop_the_server),
            SCENARIO(a_time_out_that_the_server_says_is_none_of_ours),
            SCENARIO(a_status_is_asked_for_no_longer_than_the_request),
            SCENARIO(casts_messages_and_timers_have_none), SCENARIO(terminate_has_none),
            SCENARIO(a_deferred_reply_has_none), SCENARIO(a_plain_process_has_no_shield)));
}
