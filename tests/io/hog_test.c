/* SPDX-License-Identifier: Apache-2.0 */
/* hog_test - handlers that keep their thread for too long: everybody else goes on without it.
 *
 * A handler is stuck until another process, of the same scheduler, has done something; so each test
 * would hang if the scheduler stayed with the stuck thread. In real time, on one scheduler and on
 * two. */
#include "io/scenario.h"
#include "runtime/sanitizers.h"
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool released, reached;
static int ends[2]; /* a pipe */

/* --- who is stuck ----------------------------------------------------------------------------- */
typedef enum ksi_how { SPIN, READ, SPIN_TWICE } ksi_how;
KS_MODULE(hog, void);
struct hog {
    ks_pid sink;
};
KS_CALL(hog, stick, ks_int, ks_int);
KS_CALL(hog, stick_between, ks_int, void);
KS_CALL(hog, stick_and_tell, ks_int, void);

static void stick(ks_int how)
{
    char byte;
    if (how == READ) {
        ck_assert_int_eq(read(ends[0], &byte, 1), 1);
        return;
    }
    while (!atomic_load(&released)) {}
    atomic_store(&released, false);
}

static ks_next hog_handle_stick(hog *self, const ks_int *how, ks_int *reply)
{
    errno = EDOM;
    stick(*how);
    ks_pid me = ks_self();
    *reply = errno == EDOM && !ks_is_none(me);
    return ks_reply();
}

/* --- who sees in which order ------------------------------------------------------------------ */
KS_MODULE(sink, void);
struct sink {
    int64_t last;
    bool wrong;
};
KS_CAST(sink, take, ks_int);
KS_CALL(sink, sum, void, ks_int);
static ks_next sink_handle_take(sink *self, const ks_int *number)
{
    if (*number != self->last + 1) self->wrong = true;
    self->last = *number;
    return ks_noreply();
}
static ks_next sink_handle_sum(sink *self, ks_int *reply)
{
    *reply = self->wrong ? -1 : self->last;
    return ks_reply();
}
KS_GEN_SERVER(sink, .ops = KS_OPS(sink, take, sum));

static ks_next hog_handle_stick_between(hog *self, const ks_int *how)
{
    ks_int sum = 0;
    for (ks_int i = 1; i <= 20; i++) {
        ck_assert_int_eq(sink_cast_take(ks_named("sink"), &i), KS_OK);
        if (i % 10 == 5) stick(*how);
    }
    ck_assert_int_eq(sink_call_sum(ks_named("sink"), &sum, 5000), KS_OK);
    ck_assert_int_eq(sum, 20);
    return ks_reply();
}

static ks_next hog_handle_stick_and_tell(hog *self, const ks_int *how)
{
    stick(*how);
    (void)ks_self();
    atomic_store(&reached, true);
    return ks_reply();
}
KS_GEN_SERVER(hog, .ops = KS_OPS(hog, stick, stick_between, stick_and_tell));

/* --- who ends it ------------------------------------------------------------------------------ */
KS_MODULE(helper, void);
struct helper {
    ks_pid hog;
    bool first_killed;
};
KS_CAST(helper, release, ks_int);
KS_CAST(helper, kill_hog, void);
KS_CAST(helper, kill_waiting, ks_pid);
KS_CAST(helper, look, void);
KS_INFO(helper, down, ks_down);

static void release(void)
{
    while (atomic_load(&released)) ks_yield(); /* the one before has not been seen yet */
    atomic_store(&released, true);
}
static ks_next helper_handle_release(helper *self, const ks_int *how)
{
    if (*how == READ)
        ck_assert_int_eq(write(ends[1], "x", 1), 1);
    else
        atomic_store(&released, true);
    if (*how != SPIN_TWICE) return ks_noreply();
    while (atomic_load(&released)) ks_sleep(1);
    release();
    return ks_noreply();
}
static ks_next helper_handle_kill_hog(helper *self)
{
    ks_exit_process(ks_named("hog"), KS_KILL);
    atomic_store(&released, true);
    return ks_noreply();
}
static ks_next helper_handle_kill_waiting(helper *self, const ks_pid *waiting)
{
    (void)ks_monitor(*waiting);
    ks_exit_process(*waiting, KS_KILL);
    return ks_noreply();
}
static ks_next helper_handle_down(helper *self, const ks_down *down)
{
    ck_assert_int_eq(down->reason.kind, KS_REASON_KILLED);
    atomic_store(&released, true);
    return ks_noreply();
}
static ks_next helper_handle_look(helper *self)
{
    ks_process_snapshot info;
    ck_assert_int_eq(ks_process_info(ks_named("hog"), &info), KS_OK);
    ck_assert_int_eq(info.state, KS_PROCESS_RUNNING);
    ck_assert_str_eq(info.operation, "stick");
    atomic_store(&released, true);
    return ks_noreply();
}
KS_GEN_SERVER(helper, .ops = KS_OPS(helper, release, kill_hog, kill_waiting, look, down));

/* --- scenarios -------------------------------------------------------------------------------- */
static ks_pid hog_pid, helper_pid, sink_pid;
static void start_all(void)
{
    atomic_store(&released, false);
    atomic_store(&reached, false);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(ks_start(&(ks_child){ KS_START(hog), .name = "hog" }, &hog_pid), KS_OK);
    ck_assert_int_eq(ks_start(KS_CHILD(helper), &helper_pid), KS_OK);
    ck_assert_int_eq(ks_start(&(ks_child){ KS_START(sink), .name = "sink" }, &sink_pid), KS_OK);
}

static void stop_all(void)
{
    (void)ks_stop_process(hog_pid, KS_SHUTDOWN, 5000);
    ck_assert_int_eq(ks_stop_process(helper_pid, KS_SHUTDOWN, 5000), KS_OK);
    ck_assert_int_eq(ks_stop_process(sink_pid, KS_SHUTDOWN, 5000), KS_OK);
    close(ends[0]);
    close(ends[1]);
}

static void stick_by(ks_int how)
{
    ks_int good = 0;
    hog_stick_request request = hog_send_stick(hog_pid, &how);
    ck_assert_int_eq(helper_cast_release(helper_pid, &how), KS_OK);
    ck_assert_int_eq(hog_receive_stick(request, &good, 20000), KS_OK);
    ck_assert_int_eq(good, true);
}

static void others_go_on_while_a_handler_computes(void)
{
    start_all();
    for (int i = 0; i < 5; i++) stick_by(SPIN);
    stop_all();
}

static void others_go_on_while_a_handler_sits_in_a_system_call(void)
{
    start_all();
    for (int i = 0; i < 3; i++) stick_by(READ);
    stop_all();
}

static void a_late_handler_keeps_the_order_of_what_it_sends(void)
{
    ks_int how = SPIN_TWICE;
    start_all();
    hog_stick_between_request request = hog_send_stick_between(hog_pid, &how);
    ck_assert_int_eq(helper_cast_release(helper_pid, &how), KS_OK);
    ck_assert_int_eq(hog_receive_stick_between(request, 20000), KS_OK);
    stop_all();
}

static void a_late_handler_that_was_killed_ends_at_its_next_call(void)
{
    ks_int how = SPIN;
    start_all();
    ks_ref monitor = ks_monitor(hog_pid);
    hog_stick_and_tell_request request = hog_send_stick_and_tell(hog_pid, &how);
    ck_assert_int_eq(helper_cast_kill_hog(helper_pid), KS_OK);
    ck_assert_int_eq(hog_receive_stick_and_tell(request, 20000), KS_NOPROC);
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 5000));
    ck_assert_ptr_nonnull(down);
    ck_assert_int_eq(down->reason.kind, KS_REASON_KILLED);
    ck_assert(!atomic_load(&reached));
    stop_all();
}

static void wait_for_ever(void *arg) { (void)ks_receive(KS_INFINITY); }

static void who_is_blocked_on_a_stuck_thread_can_be_killed(void)
{
    ks_int how = SPIN, good;
    start_all();
    ks_pid waiting = ks_spawn(wait_for_ever, NULL);
    ks_sleep(1); /* it waits, on this thread */
    hog_stick_request request = hog_send_stick(hog_pid, &how);
    ck_assert_int_eq(helper_cast_kill_waiting(helper_pid, &waiting), KS_OK);
    ck_assert_int_eq(hog_receive_stick(request, &good, 20000), KS_OK);
    stop_all();
}

static void who_is_stuck_can_be_looked_at(void)
{
    ks_int how = SPIN, good;
    start_all();
    hog_stick_request request = hog_send_stick(hog_pid, &how);
    ck_assert_int_eq(helper_cast_look(helper_pid), KS_OK);
    ck_assert_int_eq(hog_receive_stick(request, &good, 20000), KS_OK);
    stop_all();
}

/* --- plain processes that never wait ---------------------------------------------------------- */
enum { BUSY = 6 };
static atomic_int over;
static void keep_busy(void *arg)
{
    while (!atomic_load(&released)) {}
    ks_sleep(1);
    atomic_fetch_add(&over, 1);
}

static void many_that_never_wait_do_not_stop_a_server(void)
{
    ks_int how = SPIN;
    start_all();
    atomic_store(&over, 0);
    for (int i = 0; i < BUSY; i++) ks_spawn(keep_busy, NULL);
    ck_assert_int_eq(helper_cast_release(helper_pid, &how), KS_OK);
    AWAIT(atomic_load(&over) == BUSY);
    stop_all();
}

/* --- the report ------------------------------------------------------------------------------- */
static char said[512];
static atomic_int reports;
static void keep_report(const ks_log_event *event, void *arg)
{
    ks_log_format bare = { .bare = true };
    char text[sizeof said];
    ks_log_text(event, &bare, text, sizeof text);
    if (!strstr(text, "keeps its thread")) return;
    if (atomic_fetch_add(&reports, 1) == 0) memcpy(said, text, sizeof said);
}

static void the_log_says_who_is_stuck_and_where(void)
{
    start_all();
    for (int i = 0; i < 3; i++) stick_by(SPIN);
    stop_all();
}

/* --- on one scheduler, and on two ------------------------------------------------------------- */
/* From another scheduler a kill may arrive when the handler has ended already, and a look shows
 * less: so two of them are for one scheduler only. */
static const struct {
    void (*fn)(void);
    uint32_t schedulers;
} scenarios[] = {
    { others_go_on_while_a_handler_computes, 1 },
    { others_go_on_while_a_handler_computes, 2 },
    { others_go_on_while_a_handler_sits_in_a_system_call, 1 },
    { others_go_on_while_a_handler_sits_in_a_system_call, 2 },
    { a_late_handler_keeps_the_order_of_what_it_sends, 1 },
    { a_late_handler_keeps_the_order_of_what_it_sends, 2 },
    { a_late_handler_that_was_killed_ends_at_its_next_call, 1 },
    { who_is_blocked_on_a_stuck_thread_can_be_killed, 1 },
    { who_is_blocked_on_a_stuck_thread_can_be_killed, 2 },
    { who_is_stuck_can_be_looked_at, 1 },
    { many_that_never_wait_do_not_stop_a_server, 1 },
    { many_that_never_wait_do_not_stop_a_server, 2 },
};

START_TEST(others_go_on)
{
    ks_runtime_options options = { .schedulers = scenarios[_i].schedulers };
    ck_assert_int_eq(run(&options, scenarios[_i].fn), KS_OK);
}
END_TEST

START_TEST(the_report_names_process_operation_message_place_and_duration)
{
    ks_log_handler old = ks_log_set_handler(keep_report, NULL);
    ck_assert_int_eq(run(NULL, the_log_says_who_is_stuck_and_where), KS_OK);
    (void)ks_log_set_handler(old.handle, old.arg);
    ck_assert_int_ge(atomic_load(&reports), 1); /* one a second */
    ck_assert_ptr_nonnull(strstr(said, "name=hog"));
    ck_assert_ptr_nonnull(strstr(said, "the call 'stick'"));
    ck_assert_ptr_nonnull(strstr(said, "message=0"));
    /* What gcc adds for ThreadSanitizer are calls, so the innermost function may be its. */
    bool in_tsan = KSI_THREAD_SANITIZER && strstr(said, "libtsan");
    ck_assert(strstr(said, "hog_test+0x") || in_tsan);
    ck_assert_ptr_nonnull(strstr(said, "so_far_ms="));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hog");
    TCase *tcase = tcase_create("hog");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, others_go_on, 0, (int)(sizeof scenarios / sizeof *scenarios));
    tcase_add_test(tcase, the_report_names_process_operation_message_place_and_duration);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
