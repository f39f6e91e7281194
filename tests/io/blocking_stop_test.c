/* SPDX-License-Identifier: Apache-2.0 */
/* blocking_stop_test - the end of a runtime while jobs run, and of threads that have nothing to do.
 */
#include "io/job_threads.h"
#include "io/scenario.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static sem_t gate;
static atomic_int begun, finished, released, given_up;
static int reported;

static void stand_at_gate(void *data)
{
    atomic_fetch_add(&begun, 1);
    while (sem_wait(&gate) != 0) {}
    atomic_fetch_add(&finished, 1);
}
static void count_release(void *data) { atomic_fetch_add(&released, 1); }
static void count_given_up(void *resource) { atomic_fetch_add(&given_up, 1); }
static void wait_at_gate(void *arg)
{
    int data = 1;
    (void)ks_own(count_given_up, NULL); /* released after the job */
    const ks_blocking_options options = { .timeout = KS_INFINITY, .release = count_release };
    (void)!ks_blocking_with(stand_at_gate, &data, sizeof data, &options);
}

static void watch_log(const ks_log_event *event, void *arg)
{
    if (event->level >= KS_LOG_ERROR && strstr(event->message.ptr, "blocking work")) reported++;
}

static ks_status run_stopping(ks_ms stop_timeout, void (*fn)(void))
{
    begun = finished = released = given_up = reported = 0;
    ck_assert_int_eq(sem_init(&gate, 0, 0), 0);
    ks_log_set_handler(watch_log, NULL);
    ks_runtime_options options = { .stop_timeout = stop_timeout, .blocking_threads = 2 };
    return run(&options, fn);
}

/* --- the end waits for what runs -------------------------------------------------------------- */
static void *open_later(void *arg)
{
    while (!given_up) sched_yield();
    nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL); /* the end is rather waiting now */
    sem_post(&gate);
    return NULL;
}

/* The processes that wait are killed when the root has ended. */
static void leave_three(void)
{
    for (int i = 0; i < 3; i++) ck_assert(!ks_is_none(ks_spawn(wait_at_gate, NULL)));
    AWAIT(begun == 2);
    AWAIT(ks_blocking_look().queued == 1);
}
static void leave_one(void)
{
    ck_assert(!ks_is_none(ks_spawn(wait_at_gate, NULL)));
    AWAIT(begun == 1);
}

START_TEST(the_end_waits_for_what_runs)
{
    pthread_t opener;
    ck_assert_int_eq(pthread_create(&opener, NULL, open_later, NULL), 0);
    ck_assert_int_eq(run_stopping(20000, leave_one), KS_OK);
    ck_assert_int_eq(finished, 1);
    ck_assert_int_eq(released, 1);
    ck_assert_int_eq(reported, 0);
    pthread_join(opener, NULL);
}
END_TEST

/* --- but not for ever ------------------------------------------------------------------------- */
START_TEST(what_hangs_is_left_behind)
{
    ck_assert_int_eq(run_stopping(50, leave_three), KS_OK);
    ck_assert_int_eq(begun, 2);
    ck_assert_int_eq(finished, 0);
    ck_assert_int_eq(reported, 1);
    /* They come back when there is no runtime any more: everything is released once, and freed. */
    sem_post(&gate);
    sem_post(&gate);
    while (released < 3) sched_yield();
    ck_assert_int_eq(finished, 2);
    ck_assert_int_eq(begun, 2);
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL); /* for who looks at memory */
}
END_TEST

static void use_once(void)
{
    int data = 1;
    sem_post(&gate);
    ck_assert_int_eq(ks_blocking(stand_at_gate, &data, sizeof data, KS_INFINITY), KS_OK);
}
START_TEST(another_runtime_has_threads_of_its_own)
{
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(run_stopping(0, use_once), KS_OK);
        ck_assert_int_eq(finished, 1);
        ck_assert_int_eq(reported, 0);
    }
}
END_TEST

/* --- threads ---------------------------------------------------------------------------------- */
static void drop_job(struct ksi_job *job)
{
    atomic_fetch_add(&released, 1);
    free(job);
}
static void put_to_drop(struct ksi_job_threads *threads)
{
    struct ksi_job *job = calloc(1, sizeof *job);
    job->drop = drop_job;
    job->heavy = true;
    ksi_job_threads_drop(threads, job);
}

START_TEST(threads_without_work_end)
{
    enum { ROUNDS = 20, JOBS = 10 };
    released = 0;
    struct ksi_job_threads *threads = ksi_job_threads_new(4, 100, 1);
    for (int i = 0; i < ROUNDS; i++) {
        for (int k = 0; k < JOBS; k++) put_to_drop(threads);
        ck_assert_int_le((int)ksi_job_threads_info(threads).threads, 4);
        while (released < (i + 1) * JOBS) sched_yield();
        while (ksi_job_threads_info(threads).threads) sched_yield();
    }
    ck_assert_int_eq((int)ksi_job_threads_stop(threads, 1000), 0);
    ksi_job_threads_free(threads);
    ksi_job_threads_free(NULL);
}
END_TEST

START_TEST(the_end_empties_the_line)
{
    enum { JOBS = 1000 };
    released = 0;
    struct ksi_job_threads *threads = ksi_job_threads_new(3, 100, 1000);
    for (int k = 0; k < JOBS; k++) put_to_drop(threads);
    ck_assert_int_eq((int)ksi_job_threads_stop(threads, 10000), 0);
    ck_assert_int_eq(released, JOBS);
    ksi_job_threads_free(threads);
}
END_TEST

RUN_SUITE("blocking_stop", the_end_waits_for_what_runs, what_hangs_is_left_behind,
    another_runtime_has_threads_of_its_own, threads_without_work_end, the_end_empties_the_line)
