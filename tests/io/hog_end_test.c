/* SPDX-License-Identifier: Apache-2.0 */
/* hog_end_test - a program ends although a handler does not return: it is named in the log, ks_main
 * ends the program, and ks_run waits, and says so. In real time; only ks_main's program has the
 * seconds of grace that all others have, too. */
#define _GNU_SOURCE /* gettid */
#include "io/scenario.h"
#include "runtime/overdue.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_bool stuck, released;
static int64_t grace;
static void be_impatient(void)
{
    grace = ksi_overdue_grace_ns;
    ksi_overdue_grace_ns = grace / 8;
}
static void never_returns(void *arg)
{
    atomic_store(&stuck, true);
    while (!atomic_load(&released)) {}
}

/* --- what the log said ------------------------------------------------------------------------ */
static char overdue[512], last[512];
static atomic_int overdues;
/* Whoever is named is let go, so that ks_run can return. */
static void keep_and_release(const ks_log_event *event, void *arg)
{
    ks_log_format bare = { .bare = true };
    char text[sizeof overdue];
    ks_log_text(event, &bare, text, sizeof text);
    if (strstr(text, "ended:")) memcpy(last, text, sizeof last);
    if (!strstr(text, "ks_run waits for it")) return;
    if (atomic_fetch_add(&overdues, 1) == 0) memcpy(overdue, text, sizeof overdue);
    atomic_store(&released, true);
}

/* --- a root without a stack of its own: it is not stuck with the thread ----------------------- */
KS_MODULE(quiet, void);
struct quiet {
    int unused;
};
static bool ends_itself;
static atomic_bool terminated;
static ks_next quiet_init(quiet *self, const quiet_args *args)
{
    ks_spawn_options options = { .name = "stuck" };
    ks_status status = ks_spawn_with(never_returns, NULL, &options, NULL);
    return status ? ks_fail(status) : ks_after(ks_ok(), 20);
}
static ks_next quiet_handle_timeout(quiet *self)
{
    if (!atomic_load(&stuck)) return ks_after(ks_noreply(), 20);
    if (ends_itself) return ks_stop(KS_NORMAL);
    kill(getpid(), SIGTERM);
    return ks_noreply();
}
static void quiet_terminate(quiet *self, ks_reason why) { atomic_store(&terminated, true); }
KS_GEN_SERVER(quiet, .init = quiet_init, .handle_timeout = quiet_handle_timeout,
    .terminate = quiet_terminate);

/* --- ks_run ----------------------------------------------------------------------------------- */
START_TEST(ks_run_names_who_keeps_it_from_returning)
{
    ks_runtime_options options = { .schedulers = (uint32_t)_i, .stop_timeout = 100 };
    ends_itself = true;
    (void)ks_log_set_handler(keep_and_release, NULL);
    ck_assert_int_eq(ks_run(&options, KS_CHILD(quiet)), KS_OK);
    ck_assert_int_eq(atomic_load(&overdues), 1);
    ck_assert_ptr_nonnull(strstr(overdue, "name=stuck"));
    ck_assert_ptr_nonnull(strstr(overdue, "its function"));
}
END_TEST

/* The thread that called ks_run is stuck: what stops the others must not stand on it. */
START_TEST(a_signal_stops_the_others_in_order_while_the_first_thread_is_stuck)
{
    ks_runtime_options options = { .stop_timeout = 1000, .handle_termination = true };
    (void)ks_log_set_handler(keep_and_release, NULL);
    ck_assert_int_eq(ks_run(&options, KS_CHILD(quiet)), KS_OK);
    ck_assert(atomic_load(&terminated));
    ck_assert_ptr_nonnull(strstr(last, "root 'quiet' ended: shutdown"));
    ck_assert_int_eq(atomic_load(&overdues), 1);
}
END_TEST

/* --- nobody looks for hogs -------------------------------------------------------------------- */
static pid_t main_thread;
static void is_stuck_elsewhere(void *arg)
{
    if (gettid() != main_thread) never_returns(arg);
}
static void somebody_is_stuck_on_the_other_scheduler(void)
{
    main_thread = gettid();
    for (int i = 0; i < 2000 && !atomic_load(&stuck); i++) {
        for (int j = 0; j < 4; j++) ks_spawn(is_stuck_elsewhere, NULL);
        ks_sleep(1);
    }
    ck_assert(atomic_load(&stuck));
}

START_TEST(a_scheduler_that_stands_still_is_named_without_the_look_for_hogs)
{
    ks_runtime_options options = { .schedulers = 2, .stop_timeout = 100, .hog_limit = KS_INFINITY };
    (void)ks_log_set_handler(keep_and_release, NULL);
    ck_assert_int_eq(run(&options, somebody_is_stuck_on_the_other_scheduler), KS_OK);
    ck_assert_ptr_nonnull(strstr(overdue, "scheduler 1 is in one turn"));
}
END_TEST

/* --- ks_main ---------------------------------------------------------------------------------- */
static int reading; /* what the program says */

static pid_t start_program(void)
{
    int ends[2];
    char *argv[] = { "program", NULL };
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        (void)ks_log_set_handler(ks_log_to_text, NULL);
        exit(ks_main(1, argv, KS_CHILD(quiet)));
    }
    close(ends[1]);
    reading = ends[0];
    return pid;
}

static void read_until(const char *text)
{
    static char all[16384];
    size_t length = strlen(all);
    while (!strstr(all, text)) {
        ck_assert_uint_lt(length, sizeof all - 1);
        ssize_t got = read(reading, all + length, sizeof all - 1 - length);
        if (got <= 0) ck_abort_msg("'%s' was not said, but: %s", text, all);
        length += (size_t)got;
        all[length] = 0;
    }
}

START_TEST(ks_main_ends_the_program_without_who_does_not_return)
{
    int status;
    ksi_overdue_grace_ns = grace;
    pid_t pid = start_program();
    read_until("root 'quiet' ended"); /* it sent itself the first signal */
    kill(pid, SIGTERM);
    read_until("SIGTERM again");
    read_until("a handler does not return: the program ends without it");
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    close(reading);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hog_end");
    TCase *tcase = tcase_create("hog_end");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, be_impatient, NULL);
    tcase_add_loop_test(tcase, ks_run_names_who_keeps_it_from_returning, 1, 3);
    tcase_add_test(tcase, a_signal_stops_the_others_in_order_while_the_first_thread_is_stuck);
    tcase_add_test(tcase, a_scheduler_that_stands_still_is_named_without_the_look_for_hogs);
    tcase_add_test(tcase, ks_main_ends_the_program_without_who_does_not_return);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
