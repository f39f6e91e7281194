/* SPDX-License-Identifier: Apache-2.0 */
/* rule_04_order_test - signals from one sender to one receiver keep their order across all kinds:
 * DOWN comes after every earlier message, also when sent by name or alias. */
#include "support/scenario.h"

enum { MESSAGES = 20 };

struct context {
    ks_pid scenario, alias;
    trace trace;
};

/* Takes n numbers, 1 to n, each at once: they were sent before what was already awaited. */
static void numbers_are_there(ks_int n)
{
    for (ks_int i = 1; i <= n; i++) {
        const ks_int *number = ks_receive_as(ks_int, 0);
        KS_CHECK(number != NULL);
        KS_CHECK(*number == i);
    }
    KS_CHECK(ks_receive_as(ks_int, 0) == NULL);
}

/* --- DOWN and EXIT after messages ------------------------------------------------------------- */
/* By pid, name and alias in turn: three addresses of one receiver. */
static void sends_by_all_ways(void *arg)
{
    const struct context *context = arg;
    const ks_pid ways[] = { context->scenario, ks_named("watcher"), context->alias };
    for (ks_int i = 1; i <= MESSAGES; i++) ks_send(ways[i % 3], ks_int, &i);
}

static struct context watcher(void)
{
    KS_CHECK_OK(ks_register("watcher", ks_self()));
    return (struct context){ .scenario = ks_self(), .alias = ks_alias() };
}

static void down_comes_after_all_messages(void)
{
    struct context context = watcher();
    ks_ref monitor;
    ks_spawn_monitor(sends_by_all_ways, &context, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    numbers_are_there(MESSAGES);
}

static void exit_comes_after_all_messages(void)
{
    ks_trap_exit(true);
    struct context context = watcher();
    ks_pid sender = ks_spawn_link(sends_by_all_ways, &context);
    KS_CHECK(exit_came(sender, KS_REASON_NORMAL, 1000));
    numbers_are_there(MESSAGES);
}

static void the_mailbox_has_the_down_last(void)
{
    struct context context = watcher();
    ks_ref monitor;
    ks_spawn_monitor(sends_by_all_ways, &context, &monitor);
    for (ks_int i = 1; i <= MESSAGES; i++) {
        const ks_msg *msg = ks_receive(1000);
        KS_CHECK(msg && ks_as(ks_int, msg) && *ks_as(ks_int, msg) == i);
    }
    const ks_msg *last = ks_receive(1000);
    KS_CHECK(last && ks_as(ks_down, last));
    KS_CHECK(nothing_comes());
}

/* --- exit signals among messages -------------------------------------------------------------- */
static void mixes_exits_and_messages(void *arg)
{
    const struct context *context = arg;
    for (ks_int i = 1; i <= MESSAGES; i++) {
        if (i % 2)
            ks_send(context->scenario, ks_int, &i);
        else
            ks_exit_process(context->scenario, ks_because(KS_USER + (ks_status)i));
    }
}

static void trapped_exits_keep_their_places(void)
{
    ks_trap_exit(true);
    struct context context = { .scenario = ks_self() };
    ks_spawn(mixes_exits_and_messages, &context);
    for (int i = 1; i <= MESSAGES; i++) {
        const ks_msg *msg = ks_receive(1000);
        KS_CHECK(msg != NULL);
        if (i % 2)
            KS_CHECK(ks_as(ks_int, msg) && *ks_as(ks_int, msg) == i);
        else
            KS_CHECK(ks_as(ks_exited, msg) && ks_as(ks_exited, msg)->reason.code == KS_USER + i);
    }
    KS_CHECK(nothing_comes());
}

static void takes_numbers(void *arg)
{
    struct context *context = arg;
    while (ks_receive_as(ks_int, KS_INFINITY)) trace_add(&context->trace, 'm');
}

/* A call in between proves that the receiver saw what was sent before; the exit must not wait. */
static void an_exit_ends_at_once_what_was_sent_to_before(void)
{
    struct context context = { .scenario = ks_self() };
    ks_ref monitor;
    ks_pid receiver = ks_spawn_monitor(takes_numbers, &context, &monitor);
    for (int i = 0; i < 3; i++) ks_send(receiver, ks_int, &(ks_int){ i });
    ks_sleep(100);
    KS_CHECK(trace_is(&context.trace, "mmm"));
    ks_send(receiver, ks_int, &(ks_int){ 3 });
    ks_exit_process(receiver, KS_SHUTDOWN);
    ks_send(receiver, ks_int, &(ks_int){ 4 });
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(context.trace.len <= 4);
}

static void whoever_was_killed_is_dead_for_the_killer(void)
{
    ks_pid victim = ks_spawn(takes_numbers, &(struct context){ .scenario = ks_self() });
    ks_yield();
    ks_exit_process(victim, KS_KILL);
    KS_CHECK(!ks_is_alive(victim));
}

/* --- links and monitors among messages -------------------------------------------------------- */
static void fails_when_told(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit(ks_because(KS_USER));
}

static void a_monitor_made_before_a_message_sees_what_it_caused(void)
{
    ks_pid victim = ks_spawn(fails_when_told, NULL);
    ks_ref monitor = ks_monitor(victim);
    ks_send(victim, ks_int, &(ks_int){ 0 });
    KS_CHECK(end_of(monitor).code == KS_USER);
}

static void a_link_made_before_a_message_sees_what_it_caused(void)
{
    ks_trap_exit(true);
    ks_pid victim = ks_spawn(fails_when_told, NULL);
    ks_link(victim);
    ks_send(victim, ks_int, &(ks_int){ 0 });
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && exited->reason.code == KS_USER);
}

struct pair {
    ks_pid other;
    bool unlink;
};

/* Links (and unlinks), then fails: the other dies exactly when the link stood at the end. */
static void links_and_fails(void *arg)
{
    const struct pair *pair = arg;
    ks_link(pair->other);
    if (pair->unlink) ks_unlink(pair->other);
    ks_exit(ks_because(KS_USER));
}

static void a_link_is_there_before_the_exit_that_follows(void)
{
    ks_ref monitor;
    struct context context = { .scenario = ks_self() };
    ks_pid other = ks_spawn_monitor(takes_numbers, &context, &monitor);
    ks_spawn(links_and_fails, &(struct pair){ .other = other });
    KS_CHECK(end_of(monitor).code == KS_USER);
}

static void an_unlink_is_there_before_the_exit_that_follows(void)
{
    ks_ref monitor;
    struct context context = { .scenario = ks_self() };
    ks_pid other = ks_spawn(takes_numbers, &context);
    ks_spawn_monitor(links_and_fails, &(struct pair){ .other = other, .unlink = true }, &monitor);
    KS_CHECK(end_of(monitor).code == KS_USER);
    ks_sleep(1000);
    KS_CHECK(ks_is_alive(other));
    kill_and_wait(other);
}

/* --- servers: infos, casts, calls and replies are one stream ---------------------------------- */
typedef struct recorder_args {
    trace *trace;
} recorder_args;
KS_TYPE(recorder_args, (local, trace));
KS_MODULE(recorder, recorder_args);
struct recorder {
    trace *trace;
};
KS_CALL(recorder, ask, void, ks_int);
KS_CAST(recorder, tell, void);
KS_INFO(recorder, number, ks_int);

static ks_next recorder_init(recorder *self, const recorder_args *args)
{
    self->trace = args->trace;
    return ks_ok();
}

/* What it sends to the caller before the reply must be there when the call returns. */
static ks_next recorder_handle_ask(recorder *self, ks_int *reply)
{
    trace_add(self->trace, 'a');
    for (ks_int i = 1; i <= 3; i++) ks_send(ks_caller(), ks_int, &i);
    *reply = 3;
    return ks_reply();
}

static ks_next recorder_handle_tell(recorder *self)
{
    trace_add(self->trace, 't');
    return ks_noreply();
}

static ks_next recorder_handle_number(recorder *self, const ks_int *number)
{
    trace_add(self->trace, 'n');
    return ks_noreply();
}

KS_GEN_SERVER(recorder, .init = recorder_init, .ops = KS_OPS(recorder, ask, tell, number));

static void calls_casts_and_infos_keep_their_order(void)
{
    trace seen = { 0 };
    ks_pid server;
    ks_int reply;
    KS_CHECK_OK(ks_start(KS_CHILD(recorder, .trace = &seen), &server));
    KS_CHECK_OK(ks_register("recorder", server));
    for (int round = 0; round < 3; round++) {
        recorder_cast_tell(server);
        ks_send(ks_named("recorder"), ks_int, &(ks_int){ 1 });
        recorder_cast_tell(ks_named("recorder"));
        KS_CHECK_OK(recorder_call_ask(server, &reply, 1000));
        numbers_are_there(3);
    }
    KS_CHECK(trace_is(&seen, "tntatntatnta"));
    kill_and_wait(server);
}

static void a_stop_comes_after_earlier_casts(void)
{
    trace seen = { 0 };
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(recorder, .trace = &seen), &server));
    for (int i = 0; i < 3; i++) recorder_cast_tell(server);
    KS_CHECK_OK(ks_stop_process(server, KS_SHUTDOWN, 1000));
    KS_CHECK(trace_is(&seen, "ttt"));
}

int main(void)
{
    return run_scenarios("rule 4", 100,
        SCENARIOS(SCENARIO(down_comes_after_all_messages), SCENARIO(exit_comes_after_all_messages),
            SCENARIO(the_mailbox_has_the_down_last), SCENARIO(trapped_exits_keep_their_places),
            SCENARIO(an_exit_ends_at_once_what_was_sent_to_before),
            SCENARIO(whoever_was_killed_is_dead_for_the_killer),
            SCENARIO(a_monitor_made_before_a_message_sees_what_it_caused),
            SCENARIO(a_link_made_before_a_message_sees_what_it_caused),
            SCENARIO(a_link_is_there_before_the_exit_that_follows),
            SCENARIO(an_unlink_is_there_before_the_exit_that_follows),
            SCENARIO(calls_casts_and_infos_keep_their_order),
            SCENARIO(a_stop_comes_after_earlier_casts)));
}
