/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - open files: kiosk/file.h. A handle is that of the record by which the process owns the
 * file. Called from inside a process. */
#include "base/base.h"
#include "io/open_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODE = 0666, PRIVATE_MODE = 0600 };

/* --- closing ---------------------------------------------------------------------------------- */
static void close_now(struct ksi_job *job)
{
    struct ksi_file *file = KSI_CONTAINER_OF(job, struct ksi_file, closing);
    if (file->fd >= 0) file->status = ksi_fd_close(file->fd);
    file->fd = -1;
}

static void drop_file(struct ksi_job *job)
{
    close_now(job);
    free(KSI_CONTAINER_OF(job, struct ksi_file, closing));
}

/* True: it was the last. */
static bool let_go(struct ksi_file *file)
{
    /* acq_rel: what the others did to the file is seen by who closes it */
    return ksi_sub_acq_rel(&file->shares, 1) == 1;
}

void ksi_file_unshare(struct ksi_file *file)
{
    if (let_go(file)) drop_file(&file->closing);
}

/* Its process ends. */
static void release_file(void *resource)
{
    struct ksi_file *file = resource;
    if (let_go(file)) ksi_job_discard(ksi_this_scheduler, &file->closing);
}

static bool is_busy(struct ksi_file *file)
{
    /* acquire: what the job did is done; pairs with let_go() */
    return ksi_load_acquire(&file->shares) > 1;
}

/* --- handles ---------------------------------------------------------------------------------- */
static struct ksi_record *record_of(struct ksi_scheduler *s, ks_file handle)
{
    struct ksi_record *record = ksi_record_find(s, handle.id, KSI_RECORD_RESOURCE);
    if (!record || ksi_record_owner(record) != ksi_process_id(s->current)) return NULL;
    return record->own.release == release_file ? record : NULL;
}

/* Its one share goes to the process. */
static ks_status own(struct ksi_scheduler *s, struct ksi_file *file, ks_file *ret_file)
{
    struct ksi_record *record = ksi_record_new(s, s->current, KSI_RECORD_RESOURCE);
    if (!record) {
        ksi_job_discard(s, &file->closing);
        return KS_NOMEM;
    }
    record->own.release = release_file;
    record->own.resource = file;
    ret_file->id = ksi_record_handle(s, record);
    return KS_OK;
}

static ks_status open_path(struct ksi_file_job *job)
{
    mode_t mode = job->flags & KS_FILE_PRIVATE ? PRIVATE_MODE : MODE;
    return ksi_fd_open(job->path, job->flags & ~KS_FILE_PRIVATE, mode, &job->file->fd);
}

/* The file is the job's until it is open: nobody else has it when the process ends meanwhile. */
static bool add_file(struct ksi_scheduler *s, struct ksi_file_job *job)
{
    struct ksi_file *file = job->file = ksi_job_new(s, sizeof *file);
    if (!file) return false;
    *file = (struct ksi_file){
        .closing = { .run = close_now, .drop = drop_file, .heavy = true }, .fd = -1, .shares = 1
    };
    return true;
}

ks_status ks_file_open(const char *path, int flags, ks_ms timeout, ks_file *ret_file)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_file_job *job = ksi_path_job_new(s, open_path, path, NULL, (ks_text){ 0 }, &status);
    if (!job) return status;
    job->flags = flags;
    if (!add_file(s, job)) {
        ksi_file_job_end(job);
        return KS_NOMEM;
    }
    status = ksi_file_job_run(s, job, timeout);
    if (status) return status;
    struct ksi_file *file = job->file;
    job->file = NULL;
    ksi_file_job_end(job);
    return own(s, file, ret_file);
}

ks_status ks_file_close(ks_file handle, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!ksi_may_block(s)) return KS_DENIED;
    struct ksi_record *record = record_of(s, handle);
    if (!record) return -EBADF;
    struct ksi_file *file = record->own.resource;
    ksi_record_remove(s, s->current, record);
    ksi_record_free(s, record);
    if (!let_go(file)) return KS_OK; /* by the job that still has it */
    ks_status status = ksi_job_run(s, &file->closing, timeout);
    if (status) return status;
    status = file->status;
    free(file);
    return status;
}

/* --- work on an open file --------------------------------------------------------------------- */
static ks_status read_some(struct ksi_file_job *job)
{
    return ksi_fd_read(job->file->fd, job->offset, job->bytes, job->size, &job->count);
}

static ks_status write_all(struct ksi_file_job *job)
{
    return ksi_fd_write(job->file->fd, job->offset, job->bytes, job->size);
}

static ks_status sync_file(struct ksi_file_job *job)
{
    return fsync(job->file->fd) ? -errno : KS_OK;
}

static ks_status stat_file(struct ksi_file_job *job)
{
    struct stat found;
    if (fstat(job->file->fd, &found)) return -errno;
    job->stat = ksi_stat_of(&found);
    return KS_OK;
}

/* *ret_job: with a share of the file, and room for size bytes. */
static ks_status new_job(struct ksi_scheduler *s, ks_file handle, size_t size,
    ks_status (*work)(struct ksi_file_job *job), struct ksi_file_job **ret_job)
{
    if (!ksi_may_block(s)) return KS_DENIED;
    struct ksi_record *record = record_of(s, handle);
    if (!record) return -EBADF;
    struct ksi_file *file = record->own.resource;
    if (is_busy(file)) return -EBUSY;
    struct ksi_file_job *job = ksi_file_job_new(s, size, work);
    if (!job) return KS_NOMEM;
    ksi_add_relaxed(&file->shares, 1); /* relaxed: we hold one ourselves */
    job->file = file;
    *ret_job = job;
    return KS_OK;
}

static ks_status read_from(struct ksi_scheduler *s, ks_file file, int64_t offset, void *buffer,
    size_t size, ks_ms timeout, size_t *ret_count)
{
    struct ksi_file_job *job;
    ks_status status = new_job(s, file, size, read_some, &job);
    if (status) return status;
    job->offset = offset;
    status = ksi_file_job_run(s, job, timeout);
    if (status) return status;
    if (job->count) memcpy(buffer, job->bytes, job->count);
    *ret_count = job->count;
    ksi_file_job_end(job);
    return KS_OK;
}

static ks_status write_to(
    struct ksi_scheduler *s, ks_file file, int64_t offset, ks_text bytes, ks_ms timeout)
{
    struct ksi_file_job *job;
    ks_status status = new_job(s, file, bytes.len, write_all, &job);
    if (status) return status;
    job->offset = offset;
    if (bytes.len) memcpy(job->bytes, bytes.ptr, bytes.len);
    return ksi_file_job_finish(s, job, timeout);
}

ks_status ks_file_read(ks_file file, void *buffer, size_t size, ks_ms timeout, size_t *ret_count)
{
    KSI_ENTER(s);
    return read_from(s, file, -1, buffer, size, timeout, ret_count);
}

ks_status ks_file_read_at(
    ks_file file, int64_t offset, void *buffer, size_t size, ks_ms timeout, size_t *ret_count)
{
    KSI_ENTER(s);
    if (offset < 0) return KS_BADARG;
    return read_from(s, file, offset, buffer, size, timeout, ret_count);
}

ks_status ks_file_write(ks_file file, ks_text bytes, ks_ms timeout)
{
    KSI_ENTER(s);
    return write_to(s, file, -1, bytes, timeout);
}

ks_status ks_file_write_at(ks_file file, int64_t offset, ks_text bytes, ks_ms timeout)
{
    KSI_ENTER(s);
    if (offset < 0) return KS_BADARG;
    return write_to(s, file, offset, bytes, timeout);
}

ks_status ks_file_sync(ks_file file, ks_ms timeout)
{
    KSI_ENTER(s);
    struct ksi_file_job *job;
    ks_status status = new_job(s, file, 0, sync_file, &job);
    return status ? status : ksi_file_job_finish(s, job, timeout);
}

ks_status ks_file_stat(ks_file file, ks_ms timeout, ks_stat *ret_stat)
{
    KSI_ENTER(s);
    struct ksi_file_job *job;
    ks_status status = new_job(s, file, 0, stat_file, &job);
    if (!status) status = ksi_file_job_run(s, job, timeout);
    if (status) return status;
    *ret_stat = job->stat;
    ksi_file_job_end(job);
    return KS_OK;
}
