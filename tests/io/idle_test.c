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

enum { HOG_MS = 1000, SETTLE_MS = 1000, WATCHED_MS = 2000, WAKES_MAX = 2 };
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
static int said[2];    /* a pipe: a byte of each that has done what it had to do */
static ks_ms now(void) /* without a call into the library, which would end the hog */
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (ks_ms)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}
KS_MODULE(root, void);
static void root_main(const root_args *args)
{
    ks_pid pid;
    ks_int reply;
    if (ks_start(KS_CHILD(quiet), &pid) || quiet_call_ask(pid, &reply, 1000)) exit(2);
    ks_ms until = now() + HOG_MS; /* the monitor and its threads have had something to do */
    while (hogs_before && now() < until) {}
    if (write(said[1], "", 1) != 1) exit(2);
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

struct program {
    const char *name;
    uint32_t schedulers;
    bool hogs;
    pid_t pid;
    long sleeps;
};
static struct program programs[] = { { .name = "one scheduler", .schedulers = 1 },
    { .name = "two", .schedulers = 2 },
    { .name = "two, after a hog", .schedulers = 2, .hogs = true } };
enum { PROGRAMS = sizeof programs / sizeof programs[0] };

static void start(struct program *program)
{
    program->pid = fork();
    ck_assert_int_ge(program->pid, 0);
    if (program->pid) return;
    hogs_before = program->hogs;
    ks_runtime_options options = { .schedulers = program->schedulers };
    _exit(ks_run(&options, KS_CHILD(root)) ? 1 : 0);
}

static void end(struct program *program)
{
    kill(program->pid, SIGKILL);
    (void)waitpid(program->pid, NULL, 0);
}

/* All at once: it takes its time. */
START_TEST(an_idle_program_does_not_wake_nor_after_a_hog)
{
    if (OTHERS_WAKE) return;
    ck_assert_int_eq(pipe(said), 0);
    for (int i = 0; i < PROGRAMS; i++) start(&programs[i]);
    for (char byte, i = 0; i < PROGRAMS; i++) ck_assert_int_eq(read(said[0], &byte, 1), 1);
    sleep_ms(SETTLE_MS);
    for (int i = 0; i < PROGRAMS; i++) programs[i].sleeps = sleeps_of(programs[i].pid);
    sleep_ms(WATCHED_MS);
    for (int i = 0; i < PROGRAMS; i++) {
        long wakes = sleeps_of(programs[i].pid) - programs[i].sleeps;
        ck_assert_int_gt(programs[i].sleeps, 0);
        ck_assert_msg(wakes <= WAKES_MAX, "%s: %ld", programs[i].name, wakes);
    }
    for (int i = 0; i < PROGRAMS; i++) end(&programs[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("idle");
    TCase *tcase = tcase_create("idle");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_idle_program_does_not_wake_nor_after_a_hog);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
