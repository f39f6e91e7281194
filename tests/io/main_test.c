/* SPDX-License-Identifier: Apache-2.0 */
/* main_test - the life of a program: how root ends, signals, what is left. */
#include "io/scenario.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- how root ends ---------------------------------------------------------------------------- */
static void return_at_once(void) {}
static void end_by_error(void) { ks_exit(ks_error("disk full")); }
static void end_by_shutdown(void) { ks_exit(KS_SHUTDOWN); }
static void be_killed(void) { ks_exit_process(ks_self(), KS_KILL); }

START_TEST(the_end_of_root_is_the_result)
{
    ks_log_set_level(KS_LOG_CRITICAL);
    ck_assert_int_eq(run(NULL, return_at_once), KS_OK);
    ck_assert_int_eq(run(NULL, end_by_shutdown), KS_OK);
    ck_assert_int_eq(run(NULL, end_by_error), KS_EXITED);
    ck_assert_int_eq(run(NULL, be_killed), KS_EXITED);
}
END_TEST

static ks_next refuse(const ks_module *module, void *self, const void *args)
{
    return ks_fail(KS_USER + 7);
}

START_TEST(a_failed_start_is_the_result)
{
    static const ks_behaviour behaviour = {
        .version = KS_BEHAVIOUR_VERSION, .name = "refuser", .on_start = refuse
    };
    static const ks_module module = {
        .version = KS_MODULE_VERSION, .name = "refuser", .behaviour = &behaviour
    };
    ks_log_set_level(KS_LOG_CRITICAL);
    ks_child root = { .module = &module };
    ck_assert_int_eq(ks_run(NULL, &root), KS_USER + 7);
    ck_assert_int_eq(ks_main(0, NULL, &root), 1);
    root.module = NULL;
    ck_assert_int_eq(ks_run(NULL, &root), KS_BADARG);
    root.module = &module;
    ck_assert_int_eq(ks_run(&(ks_runtime_options){ .stop_timeout = -1 }, &root), KS_BADARG);
}
END_TEST

/* A row of an older program ends earlier; what is behind it must not be read. */
START_TEST(a_short_row_is_filled_up)
{
    scenario = return_at_once;
    ks_child root;
    memset(&root, 0xff, sizeof root);
    root.module = &scenario_module;
    root.args = NULL;
    ck_assert_int_eq(ks_run_(NULL, 0, &root, offsetof(ks_child, id)), KS_OK);
}
END_TEST

static void run_within(void)
{
    ks_child root = { .module = &scenario_module };
    ck_assert_int_eq(ks_run(NULL, &root), KS_DENIED);
}
SCENARIO(run_within)

/* --- what is left ----------------------------------------------------------------------------- */
static char log_text[4096];
static void keep(const ks_log_event *event, void *arg)
{
    size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof log_text - used, "%.*s\n", KS_TEXT_ARG(event->message));
}

static _Atomic(int) released;
static void count_release(void *arg) { released++; }

static void live_on(void *arg)
{
    (void)ks_trap_exit(true);
    (void)ks_own(count_release, NULL);
    for (;;) (void)ks_receive(KS_INFINITY); /* ends by kill only */
}

static void leave_others(void)
{
    ck_assert_int_eq(ks_register("obstinate", ks_spawn(live_on, NULL)), KS_OK);
    for (int i = 0; i < 20; i++) (void)ks_spawn(live_on, NULL);
    (void)connected(NULL);
    ks_yield();
}

START_TEST(what_is_left_is_killed_and_named)
{
    ks_log_set_handler(keep, NULL);
    ck_assert_int_eq(run(&(ks_runtime_options){ .stop_timeout = 50 }, leave_others), KS_OK);
    ck_assert_int_eq(released, 21);
    ck_assert_ptr_nonnull(strstr(log_text, "root 'scenario' ended: normal"));
    ck_assert_ptr_nonnull(strstr(log_text, "'obstinate' was left"));
    ck_assert_ptr_nonnull(strstr(log_text, "13 more were left"));
}
END_TEST

/* --- signals ---------------------------------------------------------------------------------- */
static void await_exit(void)
{
    (void)ks_trap_exit(true);
    const ks_msg *msg = ks_receive(KS_INFINITY);
    const ks_exited *exited = ks_as(ks_exited, msg);
    ck_assert(exited && exited->reason.kind == KS_REASON_SHUTDOWN);
    printf("stopping\n");
    fflush(stdout);
    ks_exit(exited->reason);
}

static void ignore_exit(void)
{
    (void)ks_trap_exit(true);
    printf("ready\n");
    fflush(stdout);
    for (;;) { /* ends by kill only */
        (void)ks_receive(KS_INFINITY);
        printf("told\n");
        fflush(stdout);
    }
}

static void say_ready(void)
{
    printf("ready\n");
    fflush(stdout);
    await_exit();
}

/* A child runs fn under ks_main, or ks_run with a time-out; what it says goes to *ret_output. */
static pid_t start_child(void (*fn)(void), ks_ms stop_timeout, FILE **ret_output)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        ks_log_set_level(KS_LOG_CRITICAL);
        dup2(ends[1], 1);
        scenario = fn;
        ks_child root = { .module = &scenario_module };
        ks_runtime_options options = { .handle_termination = true, .stop_timeout = stop_timeout };
        if (!stop_timeout) _exit(ks_main(0, NULL, &root));
        _exit(ks_run(&options, &root) + 10);
    }
    close(ends[1]);
    *ret_output = fdopen(ends[0], "r");
    char line[64] = "";
    ck_assert_ptr_nonnull(fgets(line, sizeof line, *ret_output));
    ck_assert_str_eq(line, "ready\n");
    return child;
}

static int status_of(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

START_TEST(a_signal_stops_in_order)
{
    const int signals[] = { SIGTERM, SIGINT };
    for (int i = 0; i < 2; i++) {
        FILE *output;
        char line[64] = "";
        pid_t child = start_child(say_ready, 0, &output);
        ck_assert_int_eq(kill(child, signals[i]), 0);
        ck_assert_ptr_nonnull(fgets(line, sizeof line, output));
        ck_assert_str_eq(line, "stopping\n");
        int status = status_of(child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
        fclose(output);
    }
}
END_TEST

START_TEST(a_second_signal_kills)
{
    FILE *output;
    char line[64] = "";
    pid_t child = start_child(ignore_exit, 60000, &output);
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, output));
    ck_assert_str_eq(line, "told\n");
    ck_assert_int_eq(kill(child, SIGINT), 0);
    int status = status_of(child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 10 + KS_EXITED, "%d", status);
    fclose(output);
}
END_TEST

START_TEST(who_does_not_stop_in_time_is_killed)
{
    FILE *output;
    pid_t child = start_child(ignore_exit, 30, &output);
    ck_assert_int_eq(kill(child, SIGTERM), 0);
    int status = status_of(child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 10 + KS_EXITED, "%d", status);
    fclose(output);
}
END_TEST

static void check_mask(void)
{
    sigset_t mask;
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    ck_assert_int_eq(sigismember(&mask, SIGTERM), 1);
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
    (void)ks_receive(KS_INFINITY);
}

static void check_no_mask(void)
{
    sigset_t mask;
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
}

START_TEST(the_signals_are_given_back)
{
    sigset_t before = { { 0 } }, after = { { 0 } };
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    ck_assert_int_eq(run(NULL, check_no_mask), KS_OK);
    ck_assert_int_eq(run(&(ks_runtime_options){ .handle_termination = true }, check_mask), KS_OK);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    ck_assert_int_eq(memcmp(&before, &after, sizeof before), 0);
    struct sigaction action;
    ck_assert_int_eq(sigaction(SIGPIPE, NULL, &action), 0);
    ck_assert(action.sa_handler == SIG_DFL);
}
END_TEST

/* --- the command line ------------------------------------------------------------------------- */
START_TEST(ks_main_reads_what_to_log)
{
    scenario = return_at_once;
    ks_child root = { .module = &scenario_module };
    char *good[] = { "program", "--other", "--kiosk-log=info,text,scenario=alert,error", "file" };
    ck_assert_int_eq(ks_main(4, good, &root), 0);
    ck_assert_int_eq(ks_log_set_level(KS_LOG_CRITICAL), KS_LOG_ERROR);
    char *bad[] = { "program", "--kiosk-log=loud" };
    ck_assert_int_eq(ks_main(2, bad, &root), 1);
}
END_TEST

/* Of an environment, which is for many programs: what is not understood does not keep one from its
 * start. The command line has the last word. */
START_TEST(ks_main_reads_the_environment_first)
{
    scenario = return_at_once;
    ks_child root = { .module = &scenario_module };
    char *line[] = { "program", "--kiosk-log=alert" };
    (void)setenv("KIOSK_LOG", "critical", 1);
    ck_assert_int_eq(ks_main(1, line, &root), 0);
    ck_assert_int_eq(ks_log_set_level(KS_LOG_NONE), KS_LOG_CRITICAL);
    ck_assert_int_eq(ks_main(2, line, &root), 0);
    ck_assert_int_eq(ks_log_set_level(KS_LOG_NONE), KS_LOG_ALERT);
    (void)setenv("KIOSK_LOG", "loud", 1);
    ck_assert_int_eq(ks_main(1, line, &root), 0);
    ck_assert_int_eq(ks_log_set_level(KS_LOG_NONE), KS_LOG_NONE);
}
END_TEST

RUN_SUITE("main", the_end_of_root_is_the_result, a_failed_start_is_the_result,
    a_short_row_is_filled_up, run_within_test, what_is_left_is_killed_and_named,
    a_signal_stops_in_order, a_second_signal_kills, who_does_not_stop_in_time_is_killed,
    the_signals_are_given_back, ks_main_reads_what_to_log, ks_main_reads_the_environment_first)
