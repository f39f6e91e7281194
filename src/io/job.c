/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - waiting for a job, on a pool of threads or in virtual time; ks_blocking. See job.h. */
#include "io/job.h"
#include "base/base.h"
#include "io/job_threads.h"
#include "runtime/client.h"
#include "runtime/signal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VIRTUAL_MS = 20 }; /* the longest wait for a thread, and the longest job, of a simulation */

void *ksi_job_new(struct ksi_scheduler *s, size_t size)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    return malloc(size);
}

/* --- in virtual time: on this thread ---------------------------------------------------------- */
/* For so long it is one without a scheduler. */
static void outside(void (*fn)(struct ksi_job *job), struct ksi_job *job)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    ksi_this_scheduler = NULL;
    fn(job);
    ksi_this_scheduler = s;
}

static ks_status pass(struct ksi_scheduler *s, ks_ms duration, ks_ms *timeout)
{
    bool enough = duration < *timeout;
    ks_ms passes = enough ? duration : *timeout;
    *timeout -= passes;
    ks_status status = passes > 0 ? ksi_block(s, KSI_WAIT_EVENT, passes) : KS_TIMEOUT;
    return status == KS_TIMEOUT && enough ? KS_OK : status;
}

static ks_ms drawn(struct ksi_scheduler *s)
{
    return (ks_ms)(s->seams.random(s->seams.arg) % (VIRTUAL_MS + 1));
}

static ks_status wait_virtually(struct ksi_scheduler *s, struct ksi_job *job, ks_ms timeout)
{
    job->state = KSI_JOB_QUEUED;
    ks_status status = pass(s, drawn(s), &timeout);
    if (status) return status;
    job->state = KSI_JOB_RUNNING;
    errno = 0;
    outside(job->run, job);
    job->error = errno;
    status = pass(s, drawn(s), &timeout);
    if (!status) job->state = KSI_JOB_DONE;
    return status;
}

void ksi_job_discard(struct ksi_scheduler *s, struct ksi_job *job)
{
    if (!s->runtime->jobs || s->client) /* whose thread may be blocked */
        outside(job->drop, job);
    else if (job->heavy)
        ksi_job_threads_drop(s->runtime->jobs, job);
    else
        job->drop(job);
}

/* --- a process waits -------------------------------------------------------------------------- */
/* True: it has run, and is ours again; false: it is dropped. */
static bool end_wait(struct ksi_scheduler *s, struct ksi_job *job)
{
    if (!s->runtime->jobs) {
        if (job->state == KSI_JOB_DONE) return true;
        outside(job->drop, job);
        return false;
    }
    struct ksi_message *word;
    bool done = ksi_job_threads_give_up(s->runtime->jobs, job, &word);
    if (word) ksi_message_free(s, word);
    return done;
}

/* The process that waits ends. */
static void release(void *resource)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    if (end_wait(s, resource)) ksi_job_discard(s, resource);
}

/* *ret_begun: it is, or was, in the line. */
static ks_status wait_on_threads(
    struct ksi_scheduler *s, struct ksi_job *job, uint64_t handle, ks_ms timeout, bool *ret_begun)
{
    uint8_t size_class;
    if (ksi_client_is_cut(s)) return KS_TIMEOUT;
    struct ksi_message *word = ksi_pool_get(&s->pool, sizeof *word, &size_class);
    if (!word) return KS_NOMEM;
    *word = (struct ksi_message){ .kind = KSI_EVENT, .size_class = size_class, .ref = handle };
    job->word = word;
    job->slot = s->current;
    ks_status status = ksi_job_threads_put(s->runtime->jobs, job);
    *ret_begun = status == KS_OK;
    if (!status) return ksi_block(s, KSI_WAIT_EVENT, timeout);
    ksi_message_free(s, word);
    return status;
}

static ks_status wait_for(struct ksi_scheduler *s, struct ksi_job *job, ks_ms timeout)
{
    struct ksi_process *self = s->current;
    struct ksi_record *record = ksi_record_new(s, self, KSI_RECORD_RESOURCE);
    ks_status status = KS_NOMEM;
    bool begun = false;
    if (record) {
        record->own.release = release;
        record->own.resource = job;
        begun = s->runtime->jobs == NULL;
        status = begun ? wait_virtually(s, job, timeout)
                       : wait_on_threads(s, job, ksi_record_handle(s, record), timeout, &begun);
        ksi_record_remove(s, self, record);
        ksi_record_free(s, record);
    }
    if (begun) return end_wait(s, job) ? KS_OK : status;
    ksi_job_discard(s, job);
    return status;
}

ks_status ksi_job_run(struct ksi_scheduler *s, struct ksi_job *job, ks_ms timeout)
{
    KSI_ASSERT(ksi_may_block(s));
    ks_ms left = ksi_time_left(s);
    ks_ms limit = left < timeout ? left : timeout;
    ks_status status = KS_TIMEOUT;
    job->state = KSI_JOB_NEW;
    job->dropped = false;
    job->word = NULL;
    if (limit > 0)
        status = wait_for(s, job, limit);
    else
        ksi_job_discard(s, job);
    return status == KS_TIMEOUT && left < timeout ? KS_DEADLINE : status;
}

/* --- a function and its data ------------------------------------------------------------------ */
struct plain {
    struct ksi_job job;
    void (*fn)(void *data);
    void (*release)(void *data);
    size_t size;
    _Alignas(16) char data[];
};

static void run_plain(struct ksi_job *job)
{
    struct plain *plain = KSI_CONTAINER_OF(job, struct plain, job);
    plain->fn(plain->data);
}

static void drop_plain(struct ksi_job *job)
{
    struct plain *plain = KSI_CONTAINER_OF(job, struct plain, job);
    if (plain->release) plain->release(plain->data);
    free(plain);
}

static struct plain *new_plain(struct ksi_scheduler *s, void (*fn)(void *data), const void *data,
    size_t size, void (*release_data)(void *data))
{
    struct plain *plain = ksi_job_new(s, sizeof *plain + size);
    if (!plain) return NULL;
    *plain = (struct plain){ .job = { .run = run_plain, .drop = drop_plain },
        .fn = fn,
        .release = release_data,
        .size = size };
    plain->job.heavy = release_data != NULL;
    if (size) memcpy(plain->data, data, size);
    return plain;
}

static ks_status run_copy(struct ksi_scheduler *s, struct plain *plain, void *data, ks_ms timeout)
{
    ks_status status = ksi_job_run(s, &plain->job, timeout);
    if (status) return status;
    if (plain->size) memcpy(data, plain->data, plain->size);
    int error = plain->job.error;
    free(plain);
    errno = error;
    return KS_OK;
}

ks_status ks_blocking_with_(void (*fn)(void *data), void *data, size_t size,
    const ks_blocking_options *options, size_t options_size)
{
    KSI_ENTER(s);
    ks_blocking_options chosen = { 0 };
    if (options)
        memcpy(&chosen, options, options_size < sizeof chosen ? options_size : sizeof chosen);
    if (!chosen.timeout) chosen.timeout = KS_DEFAULT_TIMEOUT;
    ks_status status = ksi_may_block(s) ? KS_NOMEM : KS_DENIED;
    struct plain *plain = NULL;
    if (status == KS_NOMEM) plain = new_plain(s, fn, data, size, chosen.release);
    if (plain) return run_copy(s, plain, data, chosen.timeout);
    ksi_go_out();
    if (chosen.release) chosen.release(data);
    ksi_come_in();
    return status;
}

ks_status ks_blocking(void (*fn)(void *data), void *data, size_t size, ks_ms timeout)
{
    const ks_blocking_options options = { .timeout = timeout > 0 ? timeout : -1 };
    return ks_blocking_with_(fn, data, size, &options, sizeof options);
}

ks_blocking_info ks_blocking_look(void)
{
    KSI_INSIDE(s);
    struct ksi_job_threads *threads = s ? s->runtime->jobs : NULL;
    return threads ? ksi_job_threads_info(threads) : (ks_blocking_info){ 0 };
}
