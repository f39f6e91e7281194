/* SPDX-License-Identifier: Apache-2.0 */
/* job_threads.c - see job_threads.h.
 *
 * Invariants, under the lock: a job is in the line exactly while it is KSI_JOB_QUEUED; a thread is
 * in `alive` until it is about to return, then in `over` until somebody has joined it; with jobs in
 * the line there is a thread that will look at it, unless none could be made. A process is told
 * with the lock held, so that when the pool has ended nobody touches the runtime any more. */
#define _GNU_SOURCE /* pthread_setname_np */
#include "io/job_threads.h"
#include "base/base.h"
#include "runtime/signal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

struct thread {
    struct ksi_job_threads *pool;
    pthread_t id;
    struct thread *next, **link; /* alive: in that list; over: next only */
};

struct ksi_job_threads {
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t work;  /* for the idle */
    pthread_cond_t gone;  /* for who ends the pool */
    uint32_t threads_max, queue_max;
    ks_ms idle_max;
    struct ksi_job *first, **end; /* the line */
    uint32_t length;              /* of it */
    uint32_t dropped;             /* jobs in it that are only to be dropped */
    uint32_t count, idle, busy;   /* threads */
    uint32_t running, left;       /* see ks_blocking_info */
    struct thread *alive, *over;
    bool ending;
    bool abandoned; /* the last thread frees everything */
};

/* --- the line --------------------------------------------------------------------------------- */
static void append(struct ksi_job_threads *pool, struct ksi_job *job)
{
    job->state = KSI_JOB_QUEUED;
    job->next = NULL;
    job->link = pool->end;
    *pool->end = job;
    pool->end = &job->next;
    pool->length++;
    pool->dropped += job->dropped;
}

static void take_out(struct ksi_job_threads *pool, struct ksi_job *job)
{
    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    else
        pool->end = job->link;
    pool->length--;
    pool->dropped -= job->dropped;
}

/* --- one job ---------------------------------------------------------------------------------- */
/* Without the lock. The job is gone. */
static void drop_one(struct ksi_job_threads *pool, struct ksi_job *job)
{
    pthread_mutex_unlock(&pool->lock);
    job->drop(job);
    pthread_mutex_lock(&pool->lock);
}

static void run_wanted(struct ksi_job_threads *pool, struct ksi_job *job)
{
    job->state = KSI_JOB_RUNNING;
    pool->running++;
    pthread_mutex_unlock(&pool->lock);
    errno = 0;
    job->run(job);
    job->error = errno;
    pthread_mutex_lock(&pool->lock);
    if (job->dropped) {
        drop_one(pool, job);
        pool->left--;
    } else {
        struct ksi_message *word = job->word;
        struct ksi_process *slot = job->slot;
        job->state = KSI_JOB_DONE;
        job->word = NULL;
        ksi_block_push(slot, 0, word); /* from now on the job is not ours */
    }
    pool->running--;
}

static void run_one(struct ksi_job_threads *pool, struct ksi_job *job)
{
    take_out(pool, job);
    pool->busy++;
    if (job->dropped)
        drop_one(pool, job);
    else
        run_wanted(pool, job);
    pool->busy--;
}

/* --- threads ---------------------------------------------------------------------------------- */
static struct timespec moment_after(ks_ms ms)
{
    enum { DAY_MS = 24 * 3600 * MS_PER_S };
    struct timespec moment;
    if (ms > DAY_MS) ms = DAY_MS;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += ms / MS_PER_S;
    moment.tv_nsec += ms % MS_PER_S * NS_PER_MS;
    if (moment.tv_nsec >= MS_PER_S * NS_PER_MS) {
        moment.tv_nsec -= MS_PER_S * NS_PER_MS;
        moment.tv_sec++;
    }
    return moment;
}

/* False: nothing came for long, or nothing will. */
static bool wait_for_job(struct ksi_job_threads *pool)
{
    struct timespec until = moment_after(pool->idle_max);
    int error = 0;
    pool->idle++;
    while (!pool->first && !pool->ending && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
    pool->idle--;
    return pool->first != NULL;
}

static void join_all(struct thread *over)
{
    while (over) {
        struct thread *next = over->next;
        pthread_join(over->id, NULL);
        free(over);
        over = next;
    }
}

static void free_pool(struct ksi_job_threads *pool)
{
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    free(pool);
}

/* Joins those that ended before, so that no scheduler ever waits for one. */
static void retire(struct ksi_job_threads *pool, struct thread *self)
{
    struct thread *over = pool->over;
    *self->link = self->next;
    if (self->next) self->next->link = self->link;
    self->next = NULL;
    pool->over = pool->abandoned ? NULL : self; /* an abandoned one is detached */
    bool last = --pool->count == 0, abandoned = pool->abandoned;
    pthread_cond_signal(&pool->gone);
    pthread_mutex_unlock(&pool->lock);
    join_all(over);
    if (abandoned) free(self);
    if (abandoned && last) free_pool(pool);
}

static void *work(void *arg)
{
    struct thread *self = arg;
    struct ksi_job_threads *pool = self->pool;
    pthread_setname_np(pthread_self(), "kiosk-block");
    pthread_mutex_lock(&pool->lock);
    while (wait_for_job(pool)) run_one(pool, pool->first);
    retire(pool, self);
    return NULL;
}

/* Every signal is somebody else's. */
static int create(struct thread *thread)
{
    sigset_t all, old;
    sigfillset(&all);
    int error = pthread_sigmask(SIG_SETMASK, &all, &old);
    if (error) return error;
    error = pthread_create(&thread->id, NULL, work, thread);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

static void make_thread(struct ksi_job_threads *pool)
{
    struct thread *thread = malloc(sizeof *thread);
    if (!thread) return;
    thread->pool = pool;
    if (create(thread)) {
        free(thread);
        return;
    }
    thread->next = pool->alive;
    thread->link = &pool->alive;
    if (thread->next) thread->next->link = &thread->next;
    pool->alive = thread;
    pool->count++;
}

/* For what is in the line. False: there is no thread at all. */
static bool provide(struct ksi_job_threads *pool)
{
    if (pool->length > pool->idle && pool->count < pool->threads_max) make_thread(pool);
    if (pool->idle) pthread_cond_signal(&pool->work);
    return pool->count > 0;
}

/* --- what schedulers call --------------------------------------------------------------------- */
ks_status ksi_job_threads_put(struct ksi_job_threads *pool, struct ksi_job *job)
{
    ks_status status = KS_OK;
    pthread_mutex_lock(&pool->lock);
    uint64_t room = (uint64_t)pool->queue_max + pool->threads_max - pool->busy;
    if (pool->ending) {
        status = KS_TIMEOUT;
    } else if (pool->length - pool->dropped >= room) {
        status = KS_OVERLOAD;
    } else {
        append(pool, job);
        if (!provide(pool)) {
            take_out(pool, job);
            status = -EAGAIN;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

void ksi_job_threads_drop(struct ksi_job_threads *pool, struct ksi_job *job)
{
    pthread_mutex_lock(&pool->lock);
    job->dropped = true;
    append(pool, job);
    (void)provide(pool);
    pthread_mutex_unlock(&pool->lock);
}

bool ksi_job_threads_give_up(
    struct ksi_job_threads *pool, struct ksi_job *job, struct ksi_message **ret_word)
{
    pthread_mutex_lock(&pool->lock);
    bool done = job->state == KSI_JOB_DONE, now = false;
    *ret_word = job->word;
    job->word = NULL;
    if (!done) job->dropped = true;
    if (job->state == KSI_JOB_RUNNING) {
        pool->left++;
    } else if (job->state == KSI_JOB_QUEUED) {
        pool->dropped++;
        now = !job->heavy; /* a heavy one waits for a thread */
        if (now) take_out(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
    if (now) job->drop(job);
    return done;
}

ks_blocking_info ksi_job_threads_info(struct ksi_job_threads *pool)
{
    pthread_mutex_lock(&pool->lock);
    ks_blocking_info info = { .threads = pool->count,
        .running = pool->running,
        .queued = pool->length - pool->dropped,
        .left = pool->left };
    pthread_mutex_unlock(&pool->lock);
    return info;
}

/* --- from its beginning to its end ------------------------------------------------------------ */
struct ksi_job_threads *ksi_job_threads_new(
    uint32_t threads_max, uint32_t queue_max, ks_ms idle_max)
{
    struct ksi_job_threads *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->threads_max = threads_max;
    pool->queue_max = queue_max;
    pool->idle_max = idle_max;
    pool->end = &pool->first;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, &attributes);
    pthread_cond_init(&pool->gone, &attributes);
    pthread_condattr_destroy(&attributes);
    return pool;
}

/* What waits to be dropped, and found no thread. */
static void drop_rest(struct ksi_job_threads *pool)
{
    while (pool->first && pool->count == 0) run_one(pool, pool->first);
}

uint32_t ksi_job_threads_stop(struct ksi_job_threads *pool, ks_ms timeout)
{
    struct timespec until = moment_after(timeout);
    int error = 0;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->count && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&pool->gone, &pool->lock, &until);
    drop_rest(pool);
    uint32_t left = pool->count;
    pthread_mutex_unlock(&pool->lock);
    return left;
}

void ksi_job_threads_free(struct ksi_job_threads *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    drop_rest(pool);
    struct thread *over = pool->over;
    pool->over = NULL;
    pool->abandoned = pool->count > 0;
    for (struct thread *thread = pool->alive; thread; thread = thread->next)
        pthread_detach(thread->id);
    bool last = !pool->abandoned; /* else it may be gone when we have given up the lock */
    pthread_mutex_unlock(&pool->lock);
    join_all(over);
    if (last) free_pool(pool);
}
