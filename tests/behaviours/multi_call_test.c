/* SPDX-License-Identifier: Apache-2.0 */
/* multi_call_test - collections of requests, calls to many at once, casts to many. */
#include "support/scenario.h"
#include <kiosk/timer.h>

enum { SERVERS = 5 };
typedef struct task {
    ks_int value;
    ks_ms delay; /* before the answer; KS_INFINITY: never */
} task;
KS_TYPE(task, value, delay);
KS_MODULE(worker, ks_int);
KS_CALL(worker, run, task, ks_int);   /* value times the server's number */
KS_CALL(worker, name, void, ks_text); /* a reply that owns memory */
KS_CALL(worker, refuse, void, void);
KS_CALL(worker, noted, void, ks_int);
KS_CAST(worker, note, ks_int);
KS_CAST(worker, leave, void);
struct worker {
    ks_int number, noted;
};

static ks_next worker_init(worker *self, const ks_int *number)
{
    self->number = *number;
    return ks_ok();
}

static ks_next worker_handle_run(worker *self, const task *work, ks_int *reply)
{
    ks_sleep(work->delay);
    *reply = work->value * self->number;
    return ks_reply();
}

static ks_next worker_handle_name(worker *self, ks_text *reply)
{
    *reply = ks_str(ks_format("worker %d", (int)self->number));
    return ks_reply();
}

static ks_next worker_handle_refuse(worker *self) { return ks_fail(KS_USER + 3); }

static ks_next worker_handle_noted(worker *self, ks_int *reply)
{
    *reply = self->noted;
    return ks_reply();
}

static ks_next worker_handle_note(worker *self, const ks_int *n)
{
    self->noted += *n;
    return ks_noreply();
}

static ks_next worker_handle_leave(worker *self) { return ks_stop(KS_SHUTDOWN); }

KS_GEN_SERVER(
    worker, .init = worker_init, .ops = KS_OPS(worker, run, name, refuse, noted, note, leave));

static void start_all(ks_pid *pids)
{
    for (int i = 0; i < SERVERS; i++) {
        const ks_int number = i + 1;
        KS_CHECK_OK(ks_start(&(ks_child){ KS_START_WITH(worker, &number) }, &pids[i]));
    }
}

static void end_all(const ks_pid *pids)
{
    for (int i = 0; i < SERVERS; i++) kill_and_wait(pids[i]);
    KS_CHECK(nothing_comes());
}

static const task *after(ks_ms delay)
{
    static task work;
    work = (task){ 10, delay };
    return &work;
}

/* --- collections ------------------------------------------------------------------------------ */
/* Later servers answer first. */
static void collect(ks_requests *all, const ks_pid *pids)
{
    for (int i = 0; i < SERVERS; i++)
        KS_CHECK_OK(worker_collect_run(all, (uint64_t)i, pids[i], after((SERVERS - i) * 100)));
    KS_CHECK(all->count == SERVERS);
}

static void the_first_response_is_given_with_its_label(void)
{
    ks_pid pids[SERVERS];
    ks_requests all = { 0 };
    ks_any_response response;
    ks_int reply;
    start_all(pids);
    collect(&all, pids);
    for (int i = SERVERS; i-- > 0;) {
        KS_CHECK_OK(ks_wait_any(&all, &response, KS_INFINITY));
        KS_CHECK(response.label == (uint64_t)i && response.status == KS_OK);
        KS_CHECK_OK(worker_response_run(&response, &reply));
        KS_CHECK(reply == 10 * (i + 1));
        KS_CHECK(all.count == (uint32_t)i);
    }
    KS_CHECK(ks_wait_any(&all, &response, KS_INFINITY) == KS_EMPTY);
    end_all(pids);
}

/* Dead servers, failures, requests of several operations. */
static void each_request_has_a_response(void)
{
    ks_pid pids[SERVERS];
    ks_requests all = { 0 };
    ks_any_response response;
    ks_text name;
    int seen = 0;
    start_all(pids);
    kill_and_wait(pids[0]);
    KS_CHECK_OK(worker_collect_name(&all, 0, pids[0]));
    KS_CHECK_OK(worker_collect_refuse(&all, 1, pids[1]));
    KS_CHECK_OK(worker_collect_name(&all, 2, pids[2]));
    KS_CHECK_OK(worker_collect_name(&all, 3, ks_named("nobody")));
    KS_CHECK_OK(worker_collect_run(&all, 4, pids[4], after(KS_INFINITY)));
    ks_exit_process(pids[4], KS_KILL);
    while (ks_receive_any(&all, &response, 1000) == KS_OK) {
        static const ks_status expected[] = { KS_NOPROC, KS_USER + 3, KS_OK, KS_NOPROC, KS_NOPROC };
        KS_CHECK(response.status == expected[response.label]);
        KS_CHECK(worker_response_name(&response, &name) == response.status);
        seen += 1 << response.label;
    }
    KS_CHECK(seen == 31);
    KS_CHECK(ks_text_eq(name, ks_lit("worker 3")));
    end_all(pids);
}

static void wait_keeps_them_and_receive_abandons_them(void)
{
    ks_pid pids[SERVERS];
    ks_requests all = { 0 };
    ks_any_response response;
    start_all(pids);
    collect(&all, pids);
    KS_CHECK(ks_wait_any(&all, &response, 0) == KS_TIMEOUT);
    KS_CHECK(ks_wait_any(&all, &response, 50) == KS_TIMEOUT);
    KS_CHECK(all.count == SERVERS);
    KS_CHECK_OK(ks_wait_any(&all, &response, 1000));
    KS_CHECK_OK(ks_receive_any(&all, &response, 1000));
    ks_sleep(120); /* one more is queued */
    KS_CHECK_OK(ks_receive_any(&all, &response, 0));
    KS_CHECK(ks_receive_any(&all, &response, 0) == KS_TIMEOUT);
    KS_CHECK(all.count == 0);
    KS_CHECK(ks_receive_any(&all, &response, 0) == KS_EMPTY);
    end_all(pids);
}

static void abandoned_nothing_of_them_comes(void)
{
    ks_pid pids[SERVERS];
    ks_requests all = { 0 };
    start_all(pids);
    collect(&all, pids);
    ks_sleep(250); /* some are queued */
    ks_abandon_all(&all);
    KS_CHECK(all.count == 0);
    end_all(pids);
}

static void what_is_in_it_can_be_listed(void)
{
    ks_pid pids[SERVERS];
    ks_requests all = { 0 };
    ks_any_response response;
    ks_request requests[SERVERS + 1];
    uint64_t labels[SERVERS + 1];
    start_all(pids);
    collect(&all, pids);
    KS_CHECK_OK(ks_wait_any(&all, &response, 1000)); /* the last one is out */
    ks_sleep(120);                                   /* the one before is queued */
    KS_CHECK(ks_requests_list(&all, requests, labels, SERVERS + 1) == SERVERS - 1);
    uint64_t sum = 0;
    for (int i = 0; i < SERVERS - 1; i++) sum += labels[i];
    KS_CHECK(sum == 0 + 1 + 2 + 3);
    KS_CHECK(ks_requests_list(&all, requests, labels, 2) == 2);
    ks_abandon_all(&all);
    KS_CHECK(ks_requests_list(&all, requests, labels, SERVERS) == 0);
    end_all(pids);
}

static void a_request_may_be_added_later(void)
{
    ks_pid pids[SERVERS];
    ks_requests all = { 0 }, other = { 0 };
    ks_any_response response;
    start_all(pids);
    for (ks_int i = 0; i < 40; i++) ks_send(ks_self(), ks_int, &i); /* long enough for marks */
    worker_name_request early = worker_send_name(pids[0]);
    worker_run_request late = worker_send_run(pids[1], after(100));
    worker_name_request apart = worker_send_name(pids[2]);
    ks_text name;
    ks_sleep(50); /* the first response is queued */
    KS_CHECK_OK(ks_requests_add(&all, early.raw, 7));
    KS_CHECK_OK(ks_requests_add(&all, late.raw, 8));
    KS_CHECK(ks_requests_add(&other, late.raw, 8) == KS_ALREADY_PRESENT);
    KS_CHECK_OK(ks_wait_any(&all, &response, 1000));
    KS_CHECK(response.label == 7 && ks_same_ref(response.request.ref, early.raw.ref));
    KS_CHECK_OK(ks_wait_any(&all, &response, 1000));
    KS_CHECK(response.label == 8 && ks_same_ref(response.request.ref, late.raw.ref));
    KS_CHECK(ks_requests_add(&all, late.raw, 9) == KS_NOT_FOUND);
    KS_CHECK(ks_requests_add(&all, (ks_request){ 0 }, 9) == KS_NOMEM);
    KS_CHECK(all.count == 0 && other.count == 0);
    KS_CHECK_OK(worker_wait_name(apart, &name, 1000)); /* was in none */
    for (int i = 0; i < 40; i++) KS_CHECK(ks_receive_as(ks_int, 0) != NULL);
    end_all(pids);
}

/* Two collections, and messages that are none of theirs. */
static void collections_are_apart(void)
{
    ks_pid pids[SERVERS];
    ks_requests one = { 0 }, two = { 0 };
    ks_any_response response;
    start_all(pids);
    KS_CHECK_OK(worker_collect_name(&one, 1, pids[0]));
    KS_CHECK_OK(worker_collect_name(&two, 2, pids[0]));
    ks_send(ks_self(), ks_int, &(ks_int){ 3 });
    KS_CHECK_OK(ks_wait_any(&two, &response, 1000));
    KS_CHECK(response.label == 2);
    const ks_msg *msg = ks_receive(1000);
    if (ks_as(ks_int, msg)) {
        KS_CHECK(!ks_check_any(&one, msg, &response));
        msg = ks_receive(1000);
    }
    KS_CHECK(!ks_check_any(&two, msg, &response));
    KS_CHECK(ks_check_any(&one, msg, &response));
    KS_CHECK(response.label == 1 && one.count == 0);
    (void)ks_receive_as(ks_int, 0);
    end_all(pids);
}

/* --- many at once ----------------------------------------------------------------------------- */
static void all_are_asked_at_once(void)
{
    ks_pid pids[SERVERS];
    ks_int replies[SERVERS];
    ks_status statuses[SERVERS];
    start_all(pids);
    ks_ms begin = ks_now();
    KS_CHECK(worker_multi_call_run(pids, SERVERS, after(100), replies, statuses, 1000) == SERVERS);
    KS_CHECK(ks_now() - begin < 200);
    for (int i = 0; i < SERVERS; i++) KS_CHECK(statuses[i] == KS_OK && replies[i] == 10 * (i + 1));
    end_all(pids);
}

static void texts_are_readable_side_by_side(void)
{
    ks_pid pids[SERVERS];
    ks_text names[SERVERS];
    ks_status statuses[SERVERS];
    start_all(pids);
    KS_CHECK(worker_multi_call_name(pids, SERVERS, names, statuses, 1000) == SERVERS);
    KS_CHECK(ks_text_eq(names[0], ks_lit("worker 1")));
    KS_CHECK(ks_text_eq(names[4], ks_lit("worker 5")));
    end_all(pids);
}

static void one_timeout_is_for_all(void)
{
    ks_pid pids[SERVERS];
    ks_int replies[SERVERS] = { 0 };
    ks_status statuses[SERVERS];
    start_all(pids);
    worker_run_request busy = worker_send_run(pids[3], after(400));
    kill_and_wait(pids[1]);
    ks_pid asked[SERVERS] = { pids[0], pids[1], ks_self(), pids[3], ks_named("nobody") };
    ks_ms begin = ks_now();
    KS_CHECK(worker_multi_call_run(asked, SERVERS, after(10), replies, statuses, 200) == 1);
    KS_CHECK(ks_now() - begin >= 200 && ks_now() - begin < 300);
    KS_CHECK(statuses[0] == KS_OK && replies[0] == 10);
    KS_CHECK(statuses[1] == KS_NOPROC && replies[1] == 0);
    KS_CHECK(statuses[2] == KS_CALLING_SELF);
    KS_CHECK(statuses[3] == KS_TIMEOUT && replies[3] == 0);
    KS_CHECK(statuses[4] == KS_NOPROC);
    ks_int reply;
    KS_CHECK_OK(worker_wait_run(busy, &reply, 1000));
    end_all(pids);
}

static void of_calls_without_a_reply_the_statuses_are_left(void)
{
    ks_pid pids[SERVERS];
    ks_status statuses[SERVERS];
    start_all(pids);
    KS_CHECK(worker_multi_call_refuse(pids, SERVERS, statuses, 1000) == 0);
    for (int i = 0; i < SERVERS; i++) KS_CHECK(statuses[i] == KS_USER + 3);
    KS_CHECK(worker_multi_call_refuse(NULL, 0, NULL, 1000) == 0);
    end_all(pids);
}

static void a_cast_goes_to_all(void)
{
    ks_pid pids[SERVERS];
    ks_int noted[SERVERS];
    ks_status statuses[SERVERS];
    start_all(pids);
    KS_CHECK(worker_abcast_note(pids, SERVERS, &(ks_int){ 4 }) == SERVERS);
    kill_and_wait(pids[2]);
    KS_CHECK(worker_abcast_note(pids, SERVERS, &(ks_int){ 1 }) == SERVERS); /* to nobody: fine */
    KS_CHECK(worker_multi_call_noted(pids, SERVERS, noted, statuses, 1000) == SERVERS - 1);
    for (int i = 0; i < SERVERS; i++) KS_CHECK(i == 2 || noted[i] == 5);
    end_all(pids);
}

int main(void)
{
    return run_scenarios("multi_call", 100,
        SCENARIOS(SCENARIO(the_first_response_is_given_with_its_label),
            SCENARIO(each_request_has_a_response),
            SCENARIO(wait_keeps_them_and_receive_abandons_them),
            SCENARIO(abandoned_nothing_of_them_comes), SCENARIO(what_is_in_it_can_be_listed),
            SCENARIO(a_request_may_be_added_later), SCENARIO(collections_are_apart),
            SCENARIO(all_are_asked_at_once), SCENARIO(texts_are_readable_side_by_side),
            SCENARIO(one_timeout_is_for_all),
            SCENARIO(of_calls_without_a_reply_the_statuses_are_left),
            SCENARIO(a_cast_goes_to_all)));
}
