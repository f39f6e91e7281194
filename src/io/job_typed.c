/* SPDX-License-Identifier: Apache-2.0 */
/* job_typed.c - KS_BLOCKING: a request is copied into the job, a reply to the process.
 *
 * One block holds the job, the request with all it points at, and the reply. What the reply points
 * at is the job's, too, until both are dropped together. */
#include "base/base.h"
#include "io/job.h"
#include "runtime/signal.h"
#include "type/type.h"
#include <errno.h>
#include <kiosk/blocking.h>
#include <stdlib.h>
#include <string.h>

struct piece { /* of ks_job_alloc */
    struct piece *next;
    _Alignas(16) char bytes[];
};
struct ks_job {
    struct ksi_job job;
    ks_status (*fn)(ks_job *job, const void *request, void *reply);
    const ks_type *request_type, *reply_type;
    void *request, *reply; /* behind us; request NULL: there is none */
    ks_status status;
    struct piece *pieces;
    _Alignas(16) char bytes[];
};

void *ks_job_alloc(ks_job *job, size_t size)
{
    struct piece *piece =
        size < PTRDIFF_MAX - sizeof *piece ? calloc(1, sizeof *piece + size) : NULL;
    if (!piece) return NULL;
    piece->next = job->pieces;
    job->pieces = piece;
    return piece->bytes;
}

static void run_typed(struct ksi_job *base)
{
    ks_job *job = KSI_CONTAINER_OF(base, ks_job, job);
    job->status = job->fn(job, job->request, job->reply);
}

static void drop_typed(struct ksi_job *base)
{
    ks_job *job = KSI_CONTAINER_OF(base, ks_job, job);
    if (job->request) ksi_type_release(job->request_type, job->request);
    ksi_type_release(job->reply_type, job->reply);
    while (job->pieces) {
        struct piece *next = job->pieces->next;
        free(job->pieces);
        job->pieces = next;
    }
    free(job);
}

static size_t rounded(size_t size) { return (size + 15) & ~(size_t)15; }

static ks_job *new_typed(struct ksi_scheduler *s, const ks_type *request_type, const void *request,
    const ks_type *reply_type)
{
    size_t struct_size = (request_type->size + 7u) & ~(size_t)7;
    size_t tail = request ? ksi_type_tail(request_type, request) : 0;
    if (tail >= KSI_TYPE_TAIL_MAX) return NULL;
    size_t before = request ? rounded(struct_size + tail) : 0;
    ks_job *job = ksi_job_new(s, sizeof *job + before + reply_type->size);
    if (!job) return NULL;
    *job = (ks_job){ .job = { .run = run_typed, .drop = drop_typed },
        .request_type = request_type,
        .reply_type = reply_type,
        .request = request ? job->bytes : NULL,
        .reply = job->bytes + before };
    if (request) ksi_type_copy(request_type, job->request, request, job->bytes + struct_size);
    memset(job->reply, 0, reply_type->size);
    return job;
}

ks_status ks_blocking_typed_(ks_status (*fn)(ks_job *job, const void *request, void *reply),
    const ks_type *request_type, const void *request, const ks_type *reply_type, void *ret_reply,
    ks_ms timeout)
{
    KSI_ENTER(s);
    if (!ksi_may_block(s)) return KS_DENIED;
    ks_job *job = new_typed(s, request_type, request, reply_type);
    if (!job) return KS_NOMEM;
    job->fn = fn;
    ks_status status = ksi_job_run(s, &job->job, timeout);
    if (status) return status;
    status = job->status;
    if (!status && ret_reply)
        status = ksi_turn_copy(s, s->current, reply_type, job->reply, ret_reply);
    int error = job->job.error;
    drop_typed(&job->job);
    errno = error;
    return status;
}
