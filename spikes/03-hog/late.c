/* SPDX-License-Identifier: Apache-2.0 */
/* late.c - who is taken for a hog: a handler that computes, one in a system call; and who is not: a
 * short handler in a program that is stopped as a whole, or kept from the processor by others.
 * Usage: late CASE [no-lateness] [no-cpu]; prints the hand-overs.
 * Cases: compute, native, stopped, starved. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rt.h"

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* By work done and not by the clock: a stopped program does not get on. */
static void compute(long rounds)
{
    for (volatile long i = 0; i < rounds; i++)
        ;
}

static long rounds_per_ms(void)
{
    enum { ROUNDS = 4000000 };
    struct timespec a, b;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    compute(ROUNDS);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    return (long)(ROUNDS / ms);
}

static void worker(struct process *self, struct request *request, long ms)
{
    long per_ms = *(long *)rt_state(self);
    if (ms < 0)
        sleep_ms(-ms);
    else
        compute(ms * per_ms);
    rt_reply(request, 0);
}

static void pin_to_0(pid_t tid)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)0, &set);
    sched_setaffinity(tid, sizeof set, &set);
}

/* Before any thread exists: a child that stops the parent now and then, or takes its processor. */
static pid_t start_trouble(const char *what)
{
    pid_t parent = getpid(), child;
    if (strcmp(what, "stopped") != 0 && strcmp(what, "starved") != 0)
        return 0;
    if ((child = fork()) != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (strcmp(what, "starved") == 0) {
        pin_to_0(0);
        for (;;) /* until the parent kills it */
            compute(1000000);
    }
    for (int i = 0; i < 10; i++) {
        sleep_ms(20);
        kill(parent, SIGSTOP);
        sleep_ms(60);
        kill(parent, SIGCONT);
    }
    _exit(0);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    struct rt_options options = {.threads = 8, .hog_us = 10000, .trust_lateness = true,
                                 .trust_cpu = true};
    const char *what = argc > 1 ? argv[1] : "compute";
    long per_ms = rounds_per_ms();
    pid_t child = start_trouble(what);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "no-lateness") == 0)
            options.trust_lateness = false;
        if (strcmp(argv[i], "no-cpu") == 0)
            options.trust_cpu = false;
    }
    struct process *p = rt_spawn(worker, &per_ms);
    rt_start(&options);
    if (strcmp(what, "starved") == 0) {
        pin_to_0(rt_working_tid());
        setpriority(PRIO_PROCESS, (id_t)rt_working_tid(), 19);
    }
    bool hog = strcmp(what, "compute") == 0 || strcmp(what, "native") == 0;
    long ms = strcmp(what, "compute") == 0 ? 30 : strcmp(what, "native") == 0 ? -30 : 6;
    int calls = 0;
    for (double end = now_ms() + (hog ? 100 : 800); now_ms() < end; calls++)
        rt_call(p, ms);
    long taken = rt_hand_overs();
    if (child) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    printf("  %-8s handler of %2ld ms, limit 10 ms, %3d calls%s%s: %ld taken for a hog\n", what,
           labs(ms), calls, options.trust_lateness ? "" : ", own lateness not looked at",
           options.trust_cpu ? "" : ", processor time not looked at", taken);
    fflush(stdout);
    _exit(0);
}
