/* SPDX-License-Identifier: Apache-2.0 */
/* deadline_test - the deadline of a call goes along with it; cycles of calls are said at once. */
#include "support/scenario.h"

#include <kiosk/timer.h>

/* A chain of servers: each works, then asks the next one with a time-out of its own. */
typedef struct job {
    ks_ms work;    /* of each */
    ks_ms timeout; /* of each nested call */
} job;
KS_TYPE(job, work, timeout);
typedef struct link_args {
    ks_pid next;
} link_args;
KS_TYPE(link_args, next);
KS_MODULE(link, link_args);
KS_CALL(link, run, job, ks_int);
KS_CALL(link, handled, void, ks_int);
KS_CALL(link, left, void, ks_int);
KS_CAST(link, start, job);
KS_CAST(link, point, ks_pid);
struct link {
    ks_pid next;
    int64_t handled;
    ks_status status;
};

static ks_next link_init(link *self, const link_args *args)
{
    self->next = args->next;
    KS_CHECK(ks_time_left() == KS_INFINITY && ks_is_none(ks_caller()));
    return ks_ok();
}

static ks_next link_handle_run(link *self, const job *request, ks_int *reply)
{
    self->handled++;
    ks_sleep(request->work);
    *reply = 1;
    if (ks_is_none(self->next)) return ks_reply();
    self->status = link_call_run(self->next, request, reply, request->timeout);
    *reply += 1;
    return self->status ? ks_fail(self->status) : ks_reply();
}

static ks_next link_handle_start(link *self, const job *request)
{
    ks_int reply;
    KS_CHECK(ks_time_left() == KS_INFINITY && ks_is_none(ks_caller()));
    self->status = link_call_run(self->next, request, &reply, request->timeout);
    return ks_noreply();
}

static ks_next link_handle_point(link *self, const ks_pid *next)
{
    self->next = *next;
    return ks_noreply();
}

static ks_next link_handle_handled(link *self, ks_int *reply)
{
    *reply = self->handled * 100 + self->status;
    return ks_reply();
}

static ks_next link_handle_left(link *self, ks_int *reply)
{
    KS_CHECK(!ks_is_none(ks_caller()) && !ks_same_pid(ks_caller(), ks_self()));
    *reply = ks_time_left();
    return ks_reply();
}

KS_GEN_SERVER(link, .init = link_init, .ops = KS_OPS(link, run, handled, left, start, point));

enum { LENGTH = 4 };

static void start_chain(ks_pid chain[LENGTH])
{
    for (int i = LENGTH - 1; i >= 0; i--) {
        ks_pid next = i + 1 < LENGTH ? chain[i + 1] : (ks_pid){ 0 };
        KS_CHECK_OK(ks_start(KS_CHILD(link, .next = next), &chain[i]));
    }
}

static void end_chain(ks_pid chain[LENGTH])
{
    for (int i = 0; i < LENGTH; i++) kill_and_wait(chain[i]);
}

static int asked(ks_pid server)
{
    ks_int answer;
    KS_CHECK_OK(link_call_handled(server, &answer, KS_INFINITY));
    return (int)answer;
}

static void a_chain_that_is_fast_enough_answers(void)
{
    ks_pid chain[LENGTH];
    ks_int reply, left;
    start_chain(chain);
    KS_CHECK_OK(link_call_run(chain[0], &(job){ 10, 1000 }, &reply, 1000));
    KS_CHECK(reply == LENGTH);
    KS_CHECK_OK(link_call_left(chain[0], &left, 300));
    KS_CHECK(left > 290 && left <= 300);
    KS_CHECK_OK(link_call_left(chain[0], &left, KS_INFINITY));
    KS_CHECK(left == KS_INFINITY);
    end_chain(chain);
}

/* Our own time-out, or the word of a server whose time ended at the same moment. */
static bool is_late(ks_status status) { return status == KS_TIMEOUT || status == KS_DEADLINE; }

/* Every nested call ends with the outermost one, however long it was to wait. */
static void nested_calls_do_not_outlive_the_request(void)
{
    ks_pid chain[LENGTH];
    ks_int reply;
    start_chain(chain);
    ks_ms start = ks_now();
    KS_CHECK(is_late(link_call_run(chain[0], &(job){ 40, KS_INFINITY }, &reply, 100)));
    KS_CHECK(ks_now() == start + 100);
    ks_sleep(1); /* they hear of it at the same moment */
    KS_CHECK(asked(chain[0]) == 100 + KS_DEADLINE);
    KS_CHECK(asked(chain[1]) == 100 + KS_DEADLINE);
    ks_sleep(200);
    KS_CHECK(asked(chain[2]) == 100 + KS_DEADLINE); /* at 120: there was nothing left */
    KS_CHECK(asked(chain[3]) == 0); /* an expired request never reaches the handler */
    end_chain(chain);
}

static void its_own_time_out_is_a_time_out(void)
{
    ks_pid chain[LENGTH];
    ks_int reply;
    start_chain(chain);
    KS_CHECK(link_call_run(chain[2], &(job){ 60, 30 }, &reply, 1000) == KS_TIMEOUT);
    KS_CHECK(asked(chain[2]) == 100 + KS_TIMEOUT);
    end_chain(chain);
}

static void casts_have_no_deadline(void)
{
    ks_pid chain[LENGTH];
    start_chain(chain);
    link_cast_start(chain[0], &(job){ 500, KS_INFINITY });
    ks_sleep(5000);
    KS_CHECK(asked(chain[0]) == KS_OK && asked(chain[3]) == 100);
    end_chain(chain);
}

static void expired_requests_never_reach_the_handler(void)
{
    ks_pid chain[LENGTH];
    ks_int reply;
    start_chain(chain);
    for (int i = 0; i < 5; i++) { /* the first one keeps it busy for 1 s */
        ks_status status = link_call_run(chain[3], &(job){ 1000, 1 }, &reply, 20);
        KS_CHECK(status == KS_TIMEOUT);
    }
    ks_sleep(5000);
    KS_CHECK(asked(chain[3]) == 100);
    end_chain(chain);
}

/* --- cycles ----------------------------------------------------------------------------------- */
static void a_cycle_of_calls_is_said_at_once(void)
{
    for (int length = 1; length <= LENGTH; length++) {
        ks_pid chain[LENGTH];
        ks_int reply;
        start_chain(chain);
        link_cast_point(chain[length - 1], &chain[0]);
        ks_ms start = ks_now();
        KS_CHECK(link_call_run(chain[0], &(job){ 1, KS_INFINITY }, &reply, KS_INFINITY) ==
            KS_CALLING_SELF);
        KS_CHECK(ks_now() - start <= length + 1);
        KS_CHECK(asked(chain[length - 1]) == 100 + KS_CALLING_SELF);
        end_chain(chain);
    }
}

static void calls_its_caller(void *arg)
{
    ks_int reply;
    ks_pid self = ks_self(), server = *(const ks_pid *)arg;
    link_cast_point(server, &self);
    KS_CHECK(
        link_call_run(server, &(job){ 1, KS_INFINITY }, &reply, KS_INFINITY) == KS_CALLING_SELF);
    KS_CHECK(link_call_run(self, &(job){ 1, 1 }, &reply, KS_INFINITY) == KS_CALLING_SELF);
}

static void a_plain_process_is_part_of_a_cycle(void)
{
    ks_pid server;
    ks_ref monitor;
    KS_CHECK_OK(ks_start(KS_CHILD(link), &server));
    ks_spawn_monitor(calls_its_caller, &server, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    kill_and_wait(server);
}

int main(void)
{
    return run_scenarios("deadline", 50,
        SCENARIOS(SCENARIO(a_chain_that_is_fast_enough_answers),
            SCENARIO(nested_calls_do_not_outlive_the_request),
            SCENARIO(its_own_time_out_is_a_time_out), SCENARIO(casts_have_no_deadline),
            SCENARIO(expired_requests_never_reach_the_handler),
            SCENARIO(a_cycle_of_calls_is_said_at_once),
            SCENARIO(a_plain_process_is_part_of_a_cycle)));
}
