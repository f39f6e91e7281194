/* SPDX-License-Identifier: Apache-2.0 */
/* file_job.c - jobs on files: making, running, ending. See file.h. */
#include "base/base.h"
#include "io/open_file.h"
#include <stdlib.h>
#include <string.h>

static void work(struct ksi_job *base)
{
    struct ksi_file_job *job = KSI_CONTAINER_OF(base, struct ksi_file_job, job);
    job->status = job->work(job);
}

void ksi_file_job_end(struct ksi_file_job *job)
{
    if (job->file) ksi_file_unshare(job->file);
    free(job->block);
    free(job);
}

static void drop(struct ksi_job *base)
{
    ksi_file_job_end(KSI_CONTAINER_OF(base, struct ksi_file_job, job));
}

struct ksi_file_job *ksi_file_job_new(
    struct ksi_scheduler *s, size_t size, ks_status (*fn)(struct ksi_file_job *job))
{
    if (size > PTRDIFF_MAX - sizeof(struct ksi_file_job)) return NULL;
    struct ksi_file_job *job = ksi_job_new(s, sizeof *job + size);
    if (!job) return NULL;
    *job = (struct ksi_file_job){ .job = { .run = work, .drop = drop, .heavy = true },
        .work = fn,
        .fd = -1,
        .offset = -1,
        .size = size };
    return job;
}

struct ksi_file_job *ksi_path_job_new(struct ksi_scheduler *s,
    ks_status (*fn)(struct ksi_file_job *job), const char *path, const char *to, ks_text bytes,
    ks_status *ret_status)
{
    *ret_status = !ksi_may_block(s) ? KS_DENIED : !path ? KS_BADARG : KS_NOMEM;
    if (*ret_status != KS_NOMEM) return NULL;
    size_t path_size = strlen(path) + 1, to_size = to ? strlen(to) + 1 : 0;
    if (bytes.len > PTRDIFF_MAX / 2) return NULL;
    struct ksi_file_job *job = ksi_file_job_new(s, path_size + to_size + bytes.len, fn);
    if (!job) return NULL;
    job->path = memcpy(job->bytes, path, path_size);
    if (to) job->to = memcpy(job->bytes + path_size, to, to_size);
    job->size = bytes.len;
    if (bytes.len) memcpy(job->bytes + path_size + to_size, bytes.ptr, bytes.len);
    return job;
}

ks_status ksi_file_job_run(struct ksi_scheduler *s, struct ksi_file_job *job, ks_ms timeout)
{
    ks_status status = ksi_job_run(s, &job->job, timeout);
    if (status) return status;
    status = job->status;
    if (status) ksi_file_job_end(job);
    return status;
}

void *ksi_file_job_result(struct ksi_scheduler *s, struct ksi_file_job *job)
{
    struct ksi_allocation *block = job->block;
    if (!ksi_memory_adopt(s, s->current, block, job->size)) return NULL;
    job->block = NULL;
    return block + 1;
}

ks_status ksi_file_job_finish(struct ksi_scheduler *s, struct ksi_file_job *job, ks_ms timeout)
{
    ks_status status = ksi_file_job_run(s, job, timeout);
    if (!status) ksi_file_job_end(job);
    return status;
}
