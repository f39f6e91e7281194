/* SPDX-License-Identifier: Apache-2.0 */
/* hog_late_test - whoever is late may be suspended, killed, dying, on a stack of another size, or
 * of another priority; and short handlers are no hogs. In real time, on one scheduler. */
#define _GNU_SOURCE /* SCHED_IDLE */
#include "io/scenario.h"
#include <kiosk/info.h>
#include <kiosk/spawn.h>
#include <kiosk/test.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static atomic_bool stuck, released, gone_on, seen, others_done;

static void stick(void)
{
    atomic_store(&stuck, true);
    while (!atomic_load(&released)) {}
    (void)ks_self(); /* it is back */
}

/* Others run while somebody is stuck: this is a server, which keeps no stack. */
enum { LET_GO, SUSPEND, RESUME, WAKE_THEN_LET_GO, KILL_THEN_LET_GO };
KS_MODULE(helper, void);
struct helper {
    ks_int what;
};
KS_CAST(helper, act, ks_int);
static ks_pid late, other;

static void act(ks_int what)
{
    if (what == SUSPEND) ck_assert_int_eq(ks_suspend_process(late), KS_OK);
    if (what == RESUME) ck_assert_int_eq(ks_resume_process(late), KS_OK);
    if (what == WAKE_THEN_LET_GO) (void)ks_send(other, ks_int, &(ks_int){ 1 });
    if (what == KILL_THEN_LET_GO) ks_exit_process(late, KS_KILL);
    ks_sleep(20);
    atomic_store(&released, true);
}
static ks_next helper_handle_act(helper *self, const ks_int *what)
{
    self->what = *what;
    return ks_after(ks_noreply(), 1);
}
static ks_next helper_handle_timeout(helper *self)
{
    if (!atomic_load(&stuck)) return ks_after(ks_noreply(), 1);
    act(self->what);
    return ks_noreply();
}
KS_GEN_SERVER(helper, .handle_timeout = helper_handle_timeout, .ops = KS_OPS(helper, act));

static ks_pid helper_pid;
static void begin(void) { ck_assert_int_eq(ks_start(KS_CHILD(helper), &helper_pid), KS_OK); }
static void tell(ks_int what) { ck_assert_int_eq(helper_cast_act(helper_pid, &what), KS_OK); }
static void end(void) { ck_assert_int_eq(ks_stop_process(helper_pid, KS_SHUTDOWN, 5000), KS_OK); }

static void sticks_and_goes_on(void *arg)
{
    stick();
    atomic_store(&gone_on, true);
}

/* --- suspended -------------------------------------------------------------------------------- */
static void who_is_late_and_suspended_goes_on_when_it_is_resumed(void)
{
    begin();
    late = ks_spawn(sticks_and_goes_on, NULL);
    tell(SUSPEND);
    AWAIT(atomic_load(&released));
    ks_sleep(50);
    ck_assert(!atomic_load(&gone_on));
    tell(RESUME);
    AWAIT(atomic_load(&gone_on));
    end();
}

static void who_is_late_suspended_and_killed_ends(void)
{
    begin();
    late = ks_spawn(sticks_and_goes_on, NULL);
    ks_ref monitor = ks_monitor(late);
    tell(SUSPEND);
    AWAIT(atomic_load(&released));
    ks_sleep(50);
    ks_exit_process(late, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, 5000));
    ck_assert(!atomic_load(&gone_on));
    end();
}

/* --- what runs at the end of a turn, or of a process ------------------------------------------ */
static void sticks(void *resource)
{
    stick();
    atomic_store(&gone_on, true);
}

static void waits_then_tells(void *arg)
{
    (void)ks_receive(KS_INFINITY);
    atomic_store(&seen, true);
}

static void owns(void *arg) { (void)ks_own(sticks, NULL); }

/* The other is of high priority, so it has its turn first when the thread of both is back. */
static void a_late_release_hook_that_lets_others_go_first_is_finished(void)
{
    ks_spawn_options options = { .priority = KS_PRIORITY_HIGH };
    ck_assert_int_eq(ks_spawn_with(waits_then_tells, NULL, &options, &other), KS_OK);
    ks_sleep(1); /* it waits, on this thread */
    begin();
    late = ks_spawn(owns, NULL);
    ks_ref monitor = ks_monitor(late);
    tell(WAKE_THEN_LET_GO);
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, 5000));
    ck_assert(atomic_load(&gone_on));
    AWAIT(atomic_load(&seen));
    end();
}

static void defers(void *arg)
{
    ks_defer(sticks, NULL);
    ks_end_turn();
    atomic_store(&others_done, true);
}

static void a_late_deferred_function_is_finished_and_the_process_goes_on(void)
{
    begin();
    tell(LET_GO);
    ks_spawn(defers, NULL);
    AWAIT(atomic_load(&others_done));
    ck_assert(atomic_load(&gone_on));
    end();
}

/* --- format_status ---------------------------------------------------------------------------- */
KS_MODULE(formatter, void);
struct formatter {
    int unused;
};
KS_CALL(formatter, live, void, ks_int);
static ks_next formatter_handle_live(formatter *self, ks_int *reply)
{
    *reply = 1;
    return ks_reply();
}
static void formatter_format_status(const formatter *self, char *buffer, size_t size)
{
    stick();
    snprintf(buffer, size, "good");
}
KS_GEN_SERVER(formatter, .format_status = formatter_format_status, .ops = KS_OPS(formatter, live));

static void a_late_format_status_is_answered(void)
{
    char text[64];
    ks_int reply = 0;
    begin();
    tell(LET_GO);
    ck_assert_int_eq(ks_start(KS_CHILD(formatter), &late), KS_OK);
    ck_assert_int_eq(ks_format_status(late, text, sizeof text, 20000), KS_OK);
    ck_assert_str_eq(text, "good");
    ck_assert_int_eq(formatter_call_live(late, &reply, 5000), KS_OK);
    ck_assert_int_eq(ks_stop_process(late, KS_SHUTDOWN, 5000), KS_OK);
    end();
}

static void a_server_killed_in_its_late_format_status_ends(void)
{
    char text[64];
    begin();
    tell(KILL_THEN_LET_GO);
    ck_assert_int_eq(ks_start(KS_CHILD(formatter), &late), KS_OK);
    ks_ref monitor = ks_monitor(late);
    ck_assert_int_eq(ks_format_status(late, text, sizeof text, 20000), KS_OK); /* it answers yet */
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, 5000));
    end();
}

/* --- stacks of other sizes, priorities -------------------------------------------------------- */
static void late_with(const ks_spawn_options *options, int what)
{
    begin();
    ks_ref monitor;
    ks_spawn_options full = *options;
    full.ret_monitor = &monitor;
    ck_assert_int_eq(ks_spawn_with(waits_then_tells, NULL, options, &other), KS_OK);
    ks_sleep(1); /* it waits, on a stack like that of the late one */
    ck_assert_int_eq(ks_spawn_with(sticks_and_goes_on, NULL, &full, &late), KS_OK);
    tell(what);
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, 5000));
    ck_assert_int_eq(atomic_load(&gone_on), what != KILL_THEN_LET_GO);
    (void)ks_send(other, ks_int, &(ks_int){ 1 });
    AWAIT(atomic_load(&seen));
    end();
}

static const size_t sizes[] = { 0, 64 << 10, 1 << 20 };
static const ks_priority priorities[] = { KS_PRIORITY_NORMAL, KS_PRIORITY_LOW, KS_PRIORITY_HIGH };
static const int endings[] = { LET_GO, WAKE_THEN_LET_GO, KILL_THEN_LET_GO };
static int round_number;
static void on_any_stack_of_any_priority(void)
{
    ks_spawn_options options = { .stack_size = sizes[round_number / 9],
        .priority = priorities[round_number / 3 % 3] };
    late_with(&options, endings[round_number % 3]);
}

/* --- its own priority ------------------------------------------------------------------------- */
static bool may_be_idle(void)
{
    struct sched_param none = { 0 };
    return !sched_setscheduler(0, SCHED_IDLE, &none) && !sched_setscheduler(0, SCHED_OTHER, &none);
}

static atomic_int policy_late, policy_back;
static void looks_at_its_policy(void *arg)
{
    time_t until = time(NULL) + 20;
    while (sched_getscheduler(0) != SCHED_IDLE && time(NULL) < until) {}
    atomic_store(&policy_late, sched_getscheduler(0));
    ks_sleep(1);
    atomic_store(&policy_back, sched_getscheduler(0));
    atomic_store(&gone_on, true);
}

static void a_late_thread_has_the_lowest_priority_until_it_is_back(void)
{
    if (!may_be_idle()) return; /* not allowed here: it keeps its own */
    ks_spawn(looks_at_its_policy, NULL);
    AWAIT(atomic_load(&gone_on));
    ck_assert_int_eq(atomic_load(&policy_late), SCHED_IDLE);
    ck_assert_int_eq(atomic_load(&policy_back), SCHED_OTHER);
}

/* --- short handlers --------------------------------------------------------------------------- */
static atomic_int reports;
static void count_reports(const ks_log_event *event, void *arg)
{
    if (strstr(event->message.ptr, "keeps its thread")) atomic_fetch_add(&reports, 1);
}

/* Of the processor, not of the clock. */
static void compute_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    int64_t end = at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000 + ms;
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    while (at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000 < end);
}

KS_MODULE(worker, void);
struct worker {
    int done;
};
KS_CAST(worker, work, void);
KS_CALL(worker, done, void, ks_int);
static ks_next worker_handle_work(worker *self)
{
    compute_ms(1);
    self->done++;
    return ks_noreply();
}
static ks_next worker_handle_done(worker *self, ks_int *reply)
{
    *reply = self->done;
    return ks_reply();
}
KS_GEN_SERVER(worker, .ops = KS_OPS(worker, work, done));

static void many_short_handlers_of_a_server_are_no_hog(void)
{
    enum { CASTS = 200 };
    ks_pid busy;
    ks_int done = 0;
    ck_assert_int_eq(ks_start(KS_CHILD(worker), &busy), KS_OK);
    for (int i = 0; i < CASTS; i++) ck_assert_int_eq(worker_cast_work(busy), KS_OK);
    ck_assert_int_eq(worker_call_done(busy, &done, 20000), KS_OK);
    ck_assert_int_eq(done, CASTS);
    ck_assert_int_eq(ks_stop_process(busy, KS_SHUTDOWN, 5000), KS_OK);
    ck_assert_int_eq(atomic_load(&reports), 0);
}

enum { THROWS = 200 };
static void throws_back(void *arg)
{
    const ks_pid *from;
    while ((from = ks_receive_as(ks_pid, 200))) {
        compute_ms(1);
        ks_pid self = ks_self();
        (void)ks_send(*from, ks_pid, &self);
        ks_end_turn();
    }
}

static void plain_processes_that_hand_over_to_each_other_are_no_hog(void)
{
    ks_pid player = ks_spawn(throws_back, NULL), self = ks_self();
    for (int i = 0; i < THROWS; i++) {
        (void)ks_send(player, ks_pid, &self);
        ck_assert_ptr_nonnull(ks_receive_as(ks_pid, 5000));
        compute_ms(1);
        ks_end_turn();
    }
    ck_assert_int_eq(atomic_load(&reports), 0);
}

/* --- simulations inside ----------------------------------------------------------------------- */
static void never_run(void) { ck_abort_msg("a simulation inside a process"); }
static void a_simulation_inside_a_process_is_refused(void)
{
    ck_assert_int_eq(ks_simulate(NULL, never_run), 1);
}

/* --- all of them ------------------------------------------------------------------------------ */
static void (*const scenarios[])(void) = {
    who_is_late_and_suspended_goes_on_when_it_is_resumed,
    who_is_late_suspended_and_killed_ends,
    a_late_release_hook_that_lets_others_go_first_is_finished,
    a_late_deferred_function_is_finished_and_the_process_goes_on,
    a_late_format_status_is_answered,
    a_server_killed_in_its_late_format_status_ends,
    a_late_thread_has_the_lowest_priority_until_it_is_back,
    many_short_handlers_of_a_server_are_no_hog,
    plain_processes_that_hand_over_to_each_other_are_no_hog,
    a_simulation_inside_a_process_is_refused,
};

START_TEST(whoever_is_late)
{
    (void)ks_log_set_handler(count_reports, NULL);
    ck_assert_int_eq(run(&(ks_runtime_options){ .schedulers = 1 }, scenarios[_i]), KS_OK);
}
END_TEST

START_TEST(late_on_any_stack)
{
    round_number = _i;
    ck_assert_int_eq(
        run(&(ks_runtime_options){ .schedulers = 1 }, on_any_stack_of_any_priority), KS_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hog_late");
    TCase *tcase = tcase_create("hog_late");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, whoever_is_late, 0, (int)(sizeof scenarios / sizeof *scenarios));
    tcase_add_loop_test(tcase, late_on_any_stack, 0, 27);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
