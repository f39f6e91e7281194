/* SPDX-License-Identifier: Apache-2.0 */
/* hog_throttle_test - a program that is stopped, starved or throttled has no hogs: its handlers of
 * 6 ms, by the processor's count, are never taken for one, however long they last by the clock. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <kiosk/kiosk.h>
#include <kiosk/log.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HANDLER_MS = 6 };

/* --- a quota of processor time ---------------------------------------------------------------- */
static char group[96]; /* none: empty */
static bool write_to(const char *file, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", group, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) close(fd);
    return good;
}

/* A tenth of a processor. False: not here. */
static bool make_group(void)
{
    snprintf(group, sizeof group, "/sys/fs/cgroup/kiosk-test-%d", (int)getpid());
    if (mkdir(group, 0755) == 0) {
        if (write_to("cpu.max", "10000 100000")) return true;
        rmdir(group);
    }
    snprintf(group, sizeof group, "/sys/fs/cgroup/cpu/kiosk-test-%d", (int)getpid());
    if (mkdir(group, 0755)) return false;
    if (write_to("cpu.cfs_period_us", "100000") && write_to("cpu.cfs_quota_us", "10000"))
        return true;
    rmdir(group);
    return false;
}

/* Before the runtime is there: to join a group may take the system longer than a handler may. */
static void be_throttled(void)
{
    if (!write_to("cgroup.procs", "0")) exit(99);
}

/* --- the program that is disturbed ------------------------------------------------------------ */
static atomic_int reports;
static void count_reports(const ks_log_event *event, void *arg)
{
    if (strstr(event->message.ptr, "keeps its thread")) atomic_fetch_add(&reports, 1);
}

static int64_t ms_of(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

KS_MODULE(worker, void);
struct worker {
    int unused;
};
KS_CALL(worker, work, void, ks_int);
static void (*prepare)(void); /* of the thread that works */
static ks_next worker_init(worker *self, const worker_args *args)
{
    if (prepare) prepare();
    return ks_ok();
}
/* Replies how long it took by the clock. */
static ks_next worker_handle_work(worker *self, ks_int *reply)
{
    int64_t began = ms_of(CLOCK_MONOTONIC), end = ms_of(CLOCK_THREAD_CPUTIME_ID) + HANDLER_MS;
    while (ms_of(CLOCK_THREAD_CPUTIME_ID) < end) {}
    *reply = ms_of(CLOCK_MONOTONIC) - began;
    return ks_reply();
}
KS_GEN_SERVER(worker, .init = worker_init, .ops = KS_OPS(worker, work));

static int handlers;
static int64_t longest;
KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    ks_pid pid;
    ks_int took;
    if (ks_start(KS_CHILD(worker), &pid)) exit(99);
    for (int i = 0; i < handlers; i++) {
        if (worker_call_work(pid, &took, KS_INFINITY)) exit(99);
        if (took > longest) longest = took;
    }
    (void)ks_stop_process(pid, KS_SHUTDOWN, KS_INFINITY);
}
KS_PROCESS(root);

/* Ends with the number of reports; 100: it was not disturbed at all. */
static pid_t start(int count, void (*prepare_fn)(void))
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid) return pid;
    handlers = count;
    prepare = prepare_fn;
    if (*group) be_throttled();
    (void)ks_log_set_handler(count_reports, NULL);
    ks_runtime_options options = { .schedulers = 1 };
    if (ks_run(&options, KS_CHILD(root))) _exit(99);
    _exit(longest < 3 * HANDLER_MS ? 100 : atomic_load(&reports));
}

static int end_of(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void sleep_ms(int ms)
{
    struct timespec time = { 0, ms * 1000000L };
    nanosleep(&time, NULL);
}

/* --- stopped ---------------------------------------------------------------------------------- */
START_TEST(a_program_that_is_stopped_now_and_then_has_no_hogs)
{
    pid_t pid = start(60, NULL);
    for (int i = 0; i < 10; i++) {
        sleep_ms(20 + i);
        kill(pid, SIGSTOP);
        sleep_ms(60);
        kill(pid, SIGCONT);
    }
    ck_assert_int_eq(end_of(pid), 0);
}
END_TEST

/* --- starved ---------------------------------------------------------------------------------- */
static size_t crowded; /* a processor that we may use */
static bool pin(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(crowded, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

/* The working thread only: the monitor is well, and sees that it gets nowhere. */
static void be_poor(void)
{
    if (!pin() || setpriority(PRIO_PROCESS, 0, 19)) exit(99);
}

static pid_t crowd(void)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid) return pid;
    if (!pin()) _exit(1);
    for (;;) {} /* until it is killed */
}

START_TEST(a_thread_that_others_crowd_out_is_no_hog)
{
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    while (!CPU_ISSET(crowded, &set)) crowded++;
    pid_t first = crowd(), second = crowd();
    int end = end_of(start(3, be_poor));
    kill(first, SIGKILL);
    kill(second, SIGKILL);
    (void)waitpid(first, NULL, 0);
    (void)waitpid(second, NULL, 0);
    ck_assert_int_eq(end, 0);
}
END_TEST

/* --- throttled -------------------------------------------------------------------------------- */
START_TEST(a_program_with_a_quota_has_no_hogs)
{
    if (!make_group()) {
        fprintf(
            stderr, "skipped: no control group with a quota can be made: %s\n", strerror(errno));
        return;
    }
    int end = end_of(start(30, NULL));
    for (int i = 0; i < 100 && rmdir(group); i++) sleep_ms(10); /* it is empty in a moment */
    ck_assert_int_eq(end, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hog_throttle");
    TCase *tcase = tcase_create("hog_throttle");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_program_that_is_stopped_now_and_then_has_no_hogs);
    tcase_add_test(tcase, a_thread_that_others_crowd_out_is_no_hog);
    tcase_add_test(tcase, a_program_with_a_quota_has_no_hogs);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
