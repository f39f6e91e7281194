/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - a piece of work that blocks its thread, and the process that waits for it.
 *
 * A job owns all that its work touches: it may outlive its process. Whoever waits for it is a
 * record of that process, so that its death, too, lets go of the job. Exactly one of two things
 * happens: ksi_job_run() gives it back to its caller, or it is dropped. Used by the process's
 * scheduler; run and drop happen on a thread of the pool. */
#ifndef KSI_IO_JOB_H
#define KSI_IO_JOB_H
#include "runtime/scheduler.h"

enum ksi_job_state {
    KSI_JOB_NEW,     /* its caller's; the same again when it was given back */
    KSI_JOB_QUEUED,  /* in the line */
    KSI_JOB_RUNNING, /* a thread has it */
    KSI_JOB_DONE     /* it has run, and its process was told */
};
struct ksi_job {
    void (*run)(struct ksi_job *job);
    /* Gives back what it holds, and itself; it may have run or not. */
    void (*drop)(struct ksi_job *job);
    bool heavy; /* drop may block: never on the thread of a scheduler */
    int error;  /* errno that run left */
    /* --- of whom waits, and of the threads, under their lock --- */
    uint8_t state; /* enum ksi_job_state */
    bool dropped;  /* nobody waits for it any more */
    struct ksi_process *slot;
    struct ksi_message *word;     /* to be pushed there when it has run; then NULL */
    struct ksi_job *next, **link; /* in the line */
};

/* Memory for a job, from malloc; NULL: out of memory. */
void *ksi_job_new(struct ksi_scheduler *s, size_t size);
/* Blocks the running process until the job has run. KS_OK: it has, and is the caller's again. Else
 * it is dropped, now or later: KS_TIMEOUT, KS_DEADLINE, KS_OVERLOAD, KS_NOMEM, -EAGAIN. */
ks_status ksi_job_run(struct ksi_scheduler *s, struct ksi_job *take_job, ks_ms timeout);
/* Drops a job that nobody waits for. Blocks nothing. */
void ksi_job_discard(struct ksi_scheduler *s, struct ksi_job *take_job);

#endif
