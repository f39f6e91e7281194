/* SPDX-License-Identifier: Apache-2.0 */
/* drain_test - a program that drains: acceptors, readers, signals, limits and exit codes. */
#include "io/scenario.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- the log ---------------------------------------------------------------------------------- */
static char log_text[4096];
static void keep(const ks_log_event *event, void *arg)
{
    size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof log_text - used, "%.*s\n", KS_TEXT_ARG(event->message));
}

static int64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- accepting and reading -------------------------------------------------------------------- */
static ks_status accepted, accepted_again;
static void accept_one(void *arg)
{
    char address[64];
    ks_socket socket, listener = listen_with(NULL, address, sizeof address);
    accepted = ks_tcp_accept(listener, KS_INFINITY, &socket);
    accepted_again = ks_tcp_accept(listener, 0, &socket);
}

static ks_status read_status, read_again;
static char read_text[8];
static void read_twice(void *arg)
{
    struct pair pair = connected(NULL);
    ks_text text;
    (void)ks_trap_drain(true);
    read_status = ks_read(pair.here, KS_INFINITY, &text);
    write_text(pair.there, "late");
    read_again = ks_read(pair.here, 1000, &text);
    snprintf(read_text, sizeof read_text, "%.*s", KS_TEXT_ARG(text));
}

static ks_status other_status, other_again;
static void read_untold(void *arg)
{
    struct pair pair = connected(NULL);
    ks_text text;
    other_status = ks_read(pair.here, 100, &text);
    ck_assert(ks_draining());
    other_again = ks_read(pair.here, 20, &text);
}

static void wait_for_all(void)
{
    ks_ref ends[3];
    (void)ks_trap_exit(true);
    ks_spawn_monitor(accept_one, NULL, &ends[0]);
    ks_spawn_monitor(read_twice, NULL, &ends[1]);
    ks_spawn_monitor(read_untold, NULL, &ends[2]);
    ks_sleep(10);
    ck_assert_int_eq(ks_stop_program(), KS_OK);
    for (int i = 0; i < 3; i++) ck_assert_ptr_nonnull(ks_receive_ref(ends[i], 5000));
    ck_assert(ks_draining() && ks_drain_left() > 0);
    const ks_exited *exited = ks_receive_as(ks_exited, 5000);
    ck_assert(exited && exited->reason.kind == KS_REASON_SHUTDOWN);
}

START_TEST(who_accepts_is_woken_and_who_asked_to_be)
{
    ks_log_set_level(KS_LOG_CRITICAL);
    ck_assert_int_eq(run(NULL, wait_for_all), KS_OK);
    ck_assert_int_eq(accepted, KS_DRAINING);
    ck_assert_int_eq(accepted_again, KS_DRAINING);
    ck_assert_int_eq(read_status, KS_DRAINING);
    ck_assert_int_eq(read_again, KS_OK);
    ck_assert_str_eq(read_text, "late");
    ck_assert_int_eq(other_status, KS_TIMEOUT);
    ck_assert_int_eq(other_again, KS_TIMEOUT);
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */
typedef struct job_args {
    ks_ms takes; /* once the program drains */
    bool stubborn;
} job_args;
KS_MODULE(job, job_args);
KS_TYPE(job_args, takes, stubborn);
static void job_main(const job_args *args)
{
    (void)ks_trap_drain(true);
    (void)ks_trap_exit(args->stubborn);
    ks_status status = ks_stop_program();
    ck_assert_int_eq(status, KS_OK);
    ck_assert_ptr_nonnull(ks_receive_as(ks_drain, KS_INFINITY));
    ks_sleep(args->takes);
}
KS_PROCESS(job);

static ks_child job_row;
KS_MODULE(jobs, void);
static ks_status jobs_init(const ks_none *args) { return ks_add_child(&job_row); }
KS_SUPERVISOR_INIT(jobs, .strategy = KS_ONE_FOR_ONE);

/* ks_run, of a tree of one job. */
static ks_status run_job(const ks_child *row, const ks_runtime_options *options, int64_t *ret_took)
{
    job_row = *row;
    log_text[0] = 0;
    ks_log_set_handler(keep, NULL);
    int64_t begin = real_ms();
    ks_status status = ks_run(options, KS_CHILD(jobs));
    *ret_took = real_ms() - begin;
    return status;
}

START_TEST(finished_work_is_a_clean_end)
{
    int64_t took;
    ks_child row = { KS_START(job, .takes = 100), .drain = 60000 };
    ck_assert_int_eq(run_job(&row, NULL, &took), KS_OK);
    ck_assert_int_ge(took, 100);
    ck_assert_ptr_nonnull(strstr(log_text, "ks_stop_program: stopping"));
    ck_assert_ptr_null(strstr(log_text, "in time"));
}
END_TEST

START_TEST(unfinished_work_is_cut_by_the_limit_of_all)
{
    int64_t took;
    ks_child row = { KS_START(job, .takes = 60000), .drain = KS_INFINITY };
    ks_runtime_options options = { .drain_timeout = 50 };
    ck_assert_int_eq(run_job(&row, &options, &took), KS_OK);
    ck_assert_int_ge(took, 50);
    ck_assert_int_lt(took, 20000);
    ck_assert_ptr_nonnull(strstr(log_text, "has not finished its work in time"));
}
END_TEST

START_TEST(a_limit_that_kills_is_no_clean_end)
{
    int64_t took;
    ks_child row = { KS_START(job, .takes = 60000, .stubborn = true), .drain = 20, .shutdown = 20 };
    ck_assert_int_eq(run_job(&row, NULL, &took), KS_EXITED);
    ck_assert_int_lt(took, 20000);
    ck_assert_ptr_nonnull(strstr(log_text, "was killed"));
    ck_assert_int_eq(
        ks_run(&(ks_runtime_options){ .drain_timeout = -1 }, KS_CHILD(jobs)), KS_BADARG);
}
END_TEST

START_TEST(everything_ends_with_the_stop_timeout)
{
    int64_t took;
    ks_child row = { KS_START(job, .takes = 60000), .drain = KS_INFINITY };
    ks_runtime_options options = { .stop_timeout = 50, .drain_timeout = 60000 };
    ck_assert_int_eq(run_job(&row, &options, &took), KS_EXITED);
    ck_assert_int_lt(took, 20000);
    ck_assert_ptr_nonnull(strstr(log_text, "did not stop within 50 ms"));
}
END_TEST

/* --- the second signal ------------------------------------------------------------------------ */
static void live_on(void *arg)
{
    (void)ks_trap_exit(true);
    for (;;) (void)ks_receive(KS_INFINITY); /* ends by kill only */
}

static void signal_twice(void)
{
    (void)ks_trap_exit(true);
    (void)ks_trap_drain(true);
    (void)ks_spawn(live_on, NULL);
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
    ck_assert_ptr_nonnull(ks_receive_as(ks_drain, KS_INFINITY));
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
    ks_sleep(KS_INFINITY);
}

START_TEST(a_second_signal_waits_for_nobody)
{
    int64_t begin = real_ms();
    ks_log_set_level(KS_LOG_CRITICAL);
    ks_runtime_options options = { .handle_termination = true, .stop_timeout = 60000 };
    ck_assert_int_eq(run(&options, signal_twice), KS_EXITED);
    ck_assert_int_lt(real_ms() - begin, 20000);
}
END_TEST

RUN_SUITE("drain", who_accepts_is_woken_and_who_asked_to_be, finished_work_is_a_clean_end,
    unfinished_work_is_cut_by_the_limit_of_all, a_limit_that_kills_is_no_clean_end,
    everything_ends_with_the_stop_timeout, a_second_signal_waits_for_nobody)
