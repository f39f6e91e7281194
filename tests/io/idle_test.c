/* SPDX-License-Identifier: Apache-2.0 */
/* idle_test - a program that has nothing to do does nothing: none of its threads wakes. What the
 * kernel counts of them is read from outside. */
#include <check.h>
#include <dirent.h>
#include <kiosk/kiosk.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 1000, WATCHED_MS = 2000, WAKES_MAX = 2 };
#if defined(__SANITIZE_THREAD__)
#define OTHERS_WAKE true /* a thread of ThreadSanitizer's */
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OTHERS_WAKE true
#endif
#endif
#ifndef OTHERS_WAKE
#define OTHERS_WAKE false
#endif

KS_MODULE(quiet, void);
struct quiet {
    int unused;
};
KS_CALL(quiet, ask, void, ks_int);
static ks_next quiet_handle_ask(quiet *self, ks_int *reply)
{
    *reply = 1;
    return ks_reply();
}
KS_GEN_SERVER(quiet, .ops = KS_OPS(quiet, ask));

static bool hogs_before;
KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    ks_pid pid;
    ks_int reply;
    if (ks_start(KS_CHILD(quiet), &pid) || quiet_call_ask(pid, &reply, 1000)) exit(2);
    time_t until = time(NULL) + 2; /* the monitor and its threads have had something to do */
    while (hogs_before && time(NULL) < until) {}
    (void)ks_receive(KS_INFINITY);
}
KS_PROCESS(root);

/* How often the threads of a process have gone to sleep: each wake is followed by that. */
static long sleeps_of(pid_t pid)
{
    char path[300], line[256];
    long sum = 0, count;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    for (struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, task->d_name);
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status))
            if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1) sum += count;
        if (status) fclose(status);
    }
    closedir(tasks);
    return sum;
}

static void sleep_ms(int ms)
{
    struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&time, NULL);
}

static void run_idle(uint32_t schedulers, bool hogs, int settle_ms)
{
    if (OTHERS_WAKE) return;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        hogs_before = hogs;
        ks_runtime_options options = { .schedulers = schedulers };
        _exit(ks_run(&options, KS_CHILD(root)) ? 1 : 0);
    }
    sleep_ms(settle_ms);
    long before = sleeps_of(pid);
    sleep_ms(WATCHED_MS);
    long wakes = sleeps_of(pid) - before;
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    ck_assert_int_gt(before, 0);
    ck_assert_int_le(wakes, WAKES_MAX);
}

START_TEST(an_idle_program_does_not_wake) { run_idle((uint32_t)_i, false, SETTLE_MS); }
END_TEST
START_TEST(nor_after_a_hog) { run_idle(2, true, 2 * SETTLE_MS + SETTLE_MS); }
END_TEST

int main(void)
{
    Suite *suite = suite_create("idle");
    TCase *tcase = tcase_create("idle");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, an_idle_program_does_not_wake, 1, 3);
    tcase_add_test(tcase, nor_after_a_hog);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
