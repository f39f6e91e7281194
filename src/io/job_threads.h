/* SPDX-License-Identifier: Apache-2.0 */
/* job_threads.h - the threads that do blocking work: one line of jobs, first come, first served.
 *
 * Threads are made when a job finds none that is idle, and end when they were idle for long. Any
 * thread may call, while the runtime lasts. */
#ifndef KSI_IO_JOB_THREADS_H
#define KSI_IO_JOB_THREADS_H
#include "io/job.h"
#include <kiosk/blocking.h>

struct ksi_job_threads;
/* NULL: out of memory. No thread is made yet. idle_max: how long one waits for work. */
struct ksi_job_threads *ksi_job_threads_new(
    uint32_t threads_max, uint32_t queue_max, ks_ms idle_max);
/* When no process is left but clients, whose jobs are refused from now on. Waits for what runs,
 * timeout at most: how many threads run on. Once. */
uint32_t ksi_job_threads_stop(struct ksi_job_threads *pool, ks_ms timeout);
/* When it was stopped, and nobody waits for a job. Who runs on is left behind, touches the runtime
 * no more, and frees the rest when it comes back. NULL is fine. */
void ksi_job_threads_free(struct ksi_job_threads *pool);
/* Into the line. KS_OK; KS_OVERLOAD: it is full; -EAGAIN: there is no thread; KS_TIMEOUT: it was
 * stopped. Else than KS_OK: it is the caller's still. */
ks_status ksi_job_threads_put(struct ksi_job_threads *pool, struct ksi_job *job);
/* Into the line, whatever its length: to be dropped. Without a thread it waits there for one. */
void ksi_job_threads_drop(struct ksi_job_threads *pool, struct ksi_job *job);
/* Nobody waits for it any more. True: it has run, and is the caller's; false: it is dropped, or
 * will be. *ret_word: what was not pushed, or NULL. */
bool ksi_job_threads_give_up(
    struct ksi_job_threads *pool, struct ksi_job *job, struct ksi_message **ret_word);
ks_blocking_info ksi_job_threads_info(struct ksi_job_threads *pool);

#endif
