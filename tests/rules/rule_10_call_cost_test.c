/* SPDX-License-Identifier: Apache-2.0 */
/* rule_10_call_cost_test - the cost of a call does not grow with the caller's mailbox.
 *
 * The only tests of the rules that look at real time: CPU time of this thread, the best of several
 * batches, with a wide margin. A call that scanned the queue would be thousands of times slower. */
#include "base/base.h"
#include "support/scenario.h"
#include <stdio.h>
#include <time.h>

enum { BATCHES = 3, CALLS = 50, QUEUED = KSI_KNOB(20000, 900), MARGIN = 10 };

KS_MODULE(echo, void);
KS_CALL(echo, say, ks_int, ks_int);
KS_CALL(echo, never, void, void);
struct echo {
    echo_never_from from;
};

static ks_next echo_handle_say(echo *self, const ks_int *request, ks_int *reply)
{
    *reply = *request;
    return ks_reply();
}

static ks_next echo_handle_never(echo *self)
{
    self->from = echo_from_never(); /* to be answered later, which is never */
    return ks_noreply();
}

KS_GEN_SERVER(echo, .ops = KS_OPS(echo, say, never));

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void answered(ks_pid server)
{
    ks_int reply;
    KS_CHECK_OK(echo_call_say(server, &(ks_int){ 1 }, &reply, 1000));
}

static void timed_out(ks_pid server) { KS_CHECK(echo_call_never(server, 1) == KS_TIMEOUT); }

static int64_t best_batch_ns(void (*once)(ks_pid server), ks_pid server)
{
    int64_t best = INT64_MAX;
    for (int batch = 0; batch < BATCHES; batch++) {
        int64_t begin = cpu_ns();
        for (int i = 0; i < CALLS; i++) {
            once(server);
            ks_end_turn();
        }
        int64_t took = cpu_ns() - begin;
        if (took < best) best = took;
    }
    return best;
}

static void compare(void (*once)(ks_pid server))
{
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(echo), &server));
    int64_t empty = best_batch_ns(once, server);
    for (ks_int i = 0; i < QUEUED; i++) KS_CHECK_OK(ks_send(ks_self(), ks_int, &i));
    int64_t full = best_batch_ns(once, server);
    if (full > empty * MARGIN)
        fprintf(stderr, "%lld ns empty, %lld ns full\n", (long long)empty, (long long)full);
    KS_CHECK(full <= empty * MARGIN);
    KS_CHECK(ks_mailbox_length(ks_self()) == QUEUED);
    kill_and_wait(server);
}

static void a_call_costs_the_same(void) { compare(answered); }

static void a_time_out_costs_the_same(void) { compare(timed_out); }

int main(void)
{
    return run_scenarios("rule 10", 100,
        SCENARIOS(SCENARIO(a_call_costs_the_same), SCENARIO(a_time_out_costs_the_same)));
}
