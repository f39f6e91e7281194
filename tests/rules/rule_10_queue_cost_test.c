/* SPDX-License-Identifier: Apache-2.0 */
/* rule_10_queue_cost_test - what is awaited by a new ref costs the same whatever the mailbox
 * holds: calls, requests, DOWNs, timers, aliases.
 *
 * CPU time of this thread, the best of many batches, taken in turn with and without: each form as
 * good with half a million messages as with few, but for a fifth. Looking at them would cost
 * thousands of times as much. Few are none for calls; else just as many as make a block keep the
 * place of a ref, some 20 ns, or very dear under a sanitizer. A batch is long, so that it counts
 * little that a busy machine has driven one process or the other out of the caches. */
#include "base/base.h"
#include "runtime/sanitizers.h"
#include "support/scenario.h"
#include <kiosk/timer.h>
#include <stdio.h>
#include <time.h>

enum { RUNS = 2, BATCHES = 30, BATCHES_MAX = 1500, TIMES = 300 };
enum { QUEUED = KSI_KNOB(500000, 900), FEW = 40 };

KS_MODULE(echo, void);
KS_CALL(echo, say, ks_int, ks_int);
struct echo {
    int unused;
};

static ks_next echo_handle_say(echo *self, const ks_int *request, ks_int *reply)
{
    *reply = *request;
    return ks_reply();
}

KS_GEN_SERVER(echo, .ops = KS_OPS(echo, say));

static ks_pid server;

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- the forms -------------------------------------------------------------------------------- */
static void call(void)
{
    ks_int reply;
    KS_CHECK_OK(echo_call_say(server, &(ks_int){ 1 }, &reply, 1000));
}

static void request(void)
{
    ks_int reply;
    echo_say_request sent = echo_send_say(server, &(ks_int){ 1 });
    KS_CHECK_OK(echo_wait_say(sent, &reply, 1000));
}

/* More of them than a process has marks, asked for at once. */
static void collection(void)
{
    enum { ASKED = 12 };
    ks_requests all = { 0 };
    ks_any_response response;
    for (int i = 0; i < ASKED; i++)
        KS_CHECK_OK(echo_collect_say(&all, (uint64_t)i, server, &(ks_int){ i }));
    for (int i = 0; i < ASKED; i++) KS_CHECK_OK(ks_wait_any(&all, &response, 1000));
    KS_CHECK(ks_wait_any(&all, &response, 1000) == KS_EMPTY);
}

static void abandoned_collection(void)
{
    ks_requests all = { 0 };
    KS_CHECK_OK(echo_collect_say(&all, 0, server, &(ks_int){ 1 }));
    ks_yield();
    ks_abandon_all(&all);
}

static void abandoned(void)
{
    echo_say_request sent = echo_send_say(server, &(ks_int){ 1 });
    ks_yield();
    ks_abandon(sent.raw);
}

static void returns(void *arg) {}

static void down(void)
{
    ks_ref monitor;
    ks_spawn_monitor(returns, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void flushed(void)
{
    ks_ref monitor;
    ks_spawn_monitor(returns, NULL, &monitor);
    ks_yield();
    ks_demonitor(monitor);
}

static void timer(void)
{
    ks_ref ref = ks_send_after(1, ks_self(), ks_int, &(ks_int){ 1 });
    KS_CHECK(ks_receive_ref(ref, 1000) != NULL);
}

static void alias(void)
{
    ks_pid once = ks_reply_alias();
    KS_CHECK_OK(ks_send(once, ks_int, &(ks_int){ 1 }));
    KS_CHECK(ks_receive_ref(ks_alias_ref(once), 1000) != NULL);
}

/* A ref of which nothing comes: each look begins where the last one ended. */
static void polled(void)
{
    ks_ref monitor = ks_monitor(server);
    for (int i = 0; i < 3; i++) KS_CHECK(ks_receive_ref(monitor, 0) == NULL);
    KS_CHECK(ks_demonitor(monitor));
}

static const struct {
    const char *name;
    void (*run)(void);
    ks_int few; /* what it is compared with */
} forms[] = { { "call", call, KSI_SANITIZED ? FEW : 0 },
    { "request", request, KSI_SANITIZED ? FEW : 0 }, { "abandoned request", abandoned, FEW },
    { "DOWN", down, FEW }, { "flushed DOWN", flushed, FEW }, { "timer", timer, FEW },
    { "alias", alias, FEW }, { "polled ref", polled, FEW }, { "collection", collection, FEW },
    { "abandoned collection", abandoned_collection, FEW } };

/* --- measuring -------------------------------------------------------------------------------- */
static int64_t batch_ns(void (*form)(void))
{
    int64_t begin = cpu_ns();
    for (int i = 0; i < TIMES; i++) form();
    return cpu_ns() - begin;
}

/* Takes the time where nothing, or next to nothing, is queued. */
KS_MODULE(meter, void);
KS_CALL(meter, batch, ks_int, ks_int);
struct meter {
    int unused;
};

static ks_next meter_handle_batch(meter *self, const ks_int *form, ks_int *reply)
{
    for (ks_int i = 0; i < forms[*form].few; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    *reply = batch_ns(forms[*form].run);
    return ks_reply();
}

static ks_next meter_handle_info(meter *self, const ks_msg *msg) { return ks_noreply(); }

KS_GEN_SERVER(meter, .handle_info = meter_handle_info, .ops = KS_OPS(meter, batch));

/* Until both have had a good moment: the machine may be busy with something else. */
static bool is_as_good(ks_pid other, ks_int form)
{
    int64_t full = INT64_MAX, empty = INT64_MAX;
    for (int i = 0; i < BATCHES_MAX; i++) {
        ks_int elsewhere;
        KS_CHECK_OK(meter_call_batch(other, &form, &elsewhere, 3600000));
        int64_t here = batch_ns(forms[form].run);
        ks_end_turn();
        if (elsewhere < empty) empty = elsewhere;
        if (here < full) full = here;
        if (i >= BATCHES && full <= empty + empty / 5) return true;
    }
    fprintf(stderr, "%s: %lld ns empty, %lld ns full\n", forms[form].name, (long long)empty,
        (long long)full);
    return false;
}

static void a_new_ref_costs_the_same(void)
{
    ks_pid other;
    KS_CHECK_OK(ks_start(KS_CHILD(echo), &server));
    KS_CHECK_OK(ks_start(KS_CHILD(meter), &other));
    for (ks_int i = 0; i < QUEUED; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    for (size_t i = 0; i < KSI_COUNT_OF(forms); i++) KS_CHECK(is_as_good(other, (ks_int)i));
    KS_CHECK(ks_mailbox_length(ks_self()) == QUEUED);
    kill_and_wait(other);
    kill_and_wait(server);
}

static int64_t poll_ns(ks_ref ref)
{
    int64_t begin = cpu_ns();
    KS_CHECK(ks_receive_ref(ref, 0) == NULL);
    return cpu_ns() - begin;
}

static void a_second_look_begins_where_the_first_ended(void)
{
    enum { BEFORE = 40, TIMES_LESS = 3 };
    KS_CHECK_OK(ks_start(KS_CHILD(echo), &server));
    for (ks_int i = 0; i < BEFORE; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    ks_ref monitor = ks_monitor(server);
    for (ks_int i = BEFORE; i < QUEUED; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    int64_t first = poll_ns(monitor), best = first;
    for (int i = 0; i < BATCHES; i++) {
        int64_t took = poll_ns(monitor);
        if (took < best) best = took;
    }
    KS_CHECK(best * TIMES_LESS <= first);
    KS_CHECK(ks_demonitor(monitor));
    kill_and_wait(server);
}

int main(void)
{
    return run_scenarios_on_one("rule 10: queues", RUNS,
        SCENARIOS(SCENARIO(a_new_ref_costs_the_same),
            SCENARIO(a_second_look_begins_where_the_first_ended)));
}
