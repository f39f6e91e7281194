/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - jobs on files and paths: what the calls of kiosk/file.h have in common.
 *
 * A job works on a copy of everything: paths and bytes stand behind it, and of an open file it has
 * a share, so that the number is not closed, and taken by another file, while it works. */
#ifndef KSI_IO_FILE_H
#define KSI_IO_FILE_H
#include "io/job.h"
#include "runtime/memory.h"
#include <kiosk/file.h>
#include <sys/stat.h>

struct ksi_file;
struct ksi_file_job {
    struct ksi_job job;
    ks_status (*work)(struct ksi_file_job *job); /* on a thread of the pool */
    ks_status status;                            /* what it gave */
    struct ksi_file *file;                       /* our share of it; NULL: none */
    int fd, flags;
    int64_t offset; /* -1: from where the latest one ended */
    size_t size, count;
    ks_stat stat;
    struct ksi_allocation *block; /* a result, to be adopted by the process */
    const char *path, *to;
    _Alignas(16) char bytes[];
};

/* A job with room for size bytes; NULL: out of memory. */
struct ksi_file_job *ksi_file_job_new(
    struct ksi_scheduler *s, size_t size, ks_status (*fn)(struct ksi_file_job *job));
/* The same with copies of one or two paths (to may be NULL), then of bytes. *ret_status: KS_DENIED,
 * KS_BADARG, KS_NOMEM, when it is NULL. */
struct ksi_file_job *ksi_path_job_new(struct ksi_scheduler *s,
    ks_status (*fn)(struct ksi_file_job *job), const char *path, const char *to, ks_text bytes,
    ks_status *ret_status);
/* Blocks until it is done. KS_OK: the job is the caller's, to be ended by ksi_file_job_end(); else
 * it is gone. */
ks_status ksi_file_job_run(struct ksi_scheduler *s, struct ksi_file_job *take_job, ks_ms timeout);
void ksi_file_job_end(struct ksi_file_job *job);
/* Its block, of job->size bytes, becomes memory of the running process; NULL: more than it may
 * have. */
void *ksi_file_job_result(struct ksi_scheduler *s, struct ksi_file_job *job);
/* Runs it, and that was all: its status. */
ks_status ksi_file_job_finish(
    struct ksi_scheduler *s, struct ksi_file_job *take_job, ks_ms timeout);

/* --- on a thread of the pool: KS_OK or -errno ------------------------------------------------- */
/* As open(2), close-on-exec, and again when a signal interrupts it. *ret_fd. */
ks_status ksi_fd_open(const char *path, int flags, mode_t mode, int *ret_fd);
/* Until size bytes, or the end; offset -1: where it stands. */
ks_status ksi_fd_read(int fd, int64_t offset, void *buffer, size_t size, size_t *ret_count);
ks_status ksi_fd_write(int fd, int64_t offset, const char *bytes, size_t size);
/* On Linux the number is free afterwards, whatever close gave. */
ks_status ksi_fd_close(int fd);
ks_stat ksi_stat_of(const struct stat *found);
/* A result of so many bytes behind the head; NULL: out of memory. */
struct ksi_allocation *ksi_file_block_new(size_t size);

#endif
