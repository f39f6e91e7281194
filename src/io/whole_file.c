/* SPDX-License-Identifier: Apache-2.0 */
/* whole_file.c - reading a file at once, and replacing one: kiosk/file.h. Called from inside a
 * process. */
#include "base/base.h"
#include "base/random.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BYTES = KSI_KNOB(4096, 4), MODE = 0666, TRIES = 8, SUFFIX_BYTES = 32 };

/* --- reading ---------------------------------------------------------------------------------- */
/* Room for size bytes and a NUL. */
static ks_status grow(struct ksi_file_job *job, size_t size)
{
    struct ksi_allocation *larger = ksi_file_block_new(size + 1);
    if (!larger) return KS_NOMEM;
    if (job->block) memcpy(larger + 1, job->block + 1, job->count);
    free(job->block);
    job->block = larger;
    job->size = size;
    return KS_OK;
}

/* One byte more than is allowed tells that there are too many: the size that was told at first may
 * have changed, and those of /proc have none. */
static ks_status read_until_end(struct ksi_file_job *job, size_t max, size_t told)
{
    size_t size = told < max ? told + 1 : max < SIZE_MAX ? max + 1 : max;
    ks_status status = grow(job, size < FIRST_BYTES ? FIRST_BYTES : size);
    while (!status) { /* ends: the file does, or it is too large */
        size_t got = 0, room = job->size - job->count;
        status = ksi_fd_read(job->fd, -1, (char *)(job->block + 1) + job->count, room, &got);
        job->count += got;
        if (!status && job->count > max) status = -EFBIG;
        if (status || got < room) break;
        status = job->size < PTRDIFF_MAX / 2 ? grow(job, job->size * 2) : -EFBIG;
    }
    return status;
}

static ks_status read_regular(struct ksi_file_job *job, size_t max)
{
    struct stat found;
    if (fstat(job->fd, &found)) return -errno;
    if (S_ISDIR(found.st_mode)) return -EISDIR;
    if (!S_ISREG(found.st_mode)) return -EINVAL;
    if ((uint64_t)found.st_size > max) return -EFBIG;
    ks_status status = read_until_end(job, max, (size_t)found.st_size);
    if (!status) ((char *)(job->block + 1))[job->count] = 0;
    return status;
}

/* Not blocking: a pipe that nobody writes to is refused, not waited for. */
static ks_status read_path(struct ksi_file_job *job)
{
    size_t max = job->count;
    job->count = 0;
    ks_status status = ksi_fd_open(job->path, O_RDONLY | O_NONBLOCK, 0, &job->fd);
    if (status) return status;
    status = read_regular(job, max);
    (void)ksi_fd_close(job->fd);
    return status;
}

ks_status ks_read_file(const char *path, size_t max, ks_ms timeout, ks_text *ret_text)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_file_job *job = ksi_path_job_new(s, read_path, path, NULL, (ks_text){ 0 }, &status);
    if (!job) return status;
    job->count = max;
    status = ksi_file_job_run(s, job, timeout);
    if (status) return status;
    ks_text text = { .len = job->count };
    job->size = job->count + 1;
    text.ptr = ksi_file_job_result(s, job);
    ksi_file_job_end(job);
    if (!text.ptr) return KS_NOMEM;
    *ret_text = text;
    return KS_OK;
}

/* --- replacing -------------------------------------------------------------------------------- */
/* Beside the target; *ret_path is to be freed. */
static ks_status open_beside(const char *target, char **ret_path, int *ret_fd)
{
    size_t size = strlen(target) + SUFFIX_BYTES;
    char *path = malloc(size);
    if (!path) return KS_NOMEM;
    ks_status status = -EEXIST;
    for (int i = 0; status == -EEXIST && i < TRIES; i++) {
        snprintf(path, size, "%s.%016llx.new", target, (unsigned long long)ksi_random_entropy());
        status = ksi_fd_open(path, O_WRONLY | O_CREAT | O_EXCL, MODE, ret_fd);
    }
    if (status)
        free(path);
    else
        *ret_path = path;
    return status;
}

static ks_status fill(const struct ksi_file_job *job, const char *target, int fd)
{
    struct stat old;
    const char *bytes = job->path + strlen(job->path) + 1;
    ks_status status = ksi_fd_write(fd, -1, bytes, job->size);
    if (!status && stat(target, &old) == 0 && fchmod(fd, old.st_mode & 07777)) status = -errno;
    if (!status && fsync(fd)) status = -errno;
    return status;
}

/* So that the new name, too, outlasts a crash. Where a folder cannot be synchronised, that has to
 * do. */
static ks_status sync_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    int fd;
    if (slash) slash[slash == path] = 0;
    ks_status status = ksi_fd_open(slash ? path : ".", O_RDONLY | O_DIRECTORY, 0, &fd);
    if (status) return status;
    if (fsync(fd) && errno != EINVAL) status = -errno;
    (void)ksi_fd_close(fd);
    return status;
}

static ks_status replace(const struct ksi_file_job *job, char *target)
{
    char *path;
    int fd;
    ks_status status = open_beside(target, &path, &fd);
    if (status) return status;
    status = fill(job, target, fd);
    ks_status closed = ksi_fd_close(fd);
    if (!status) status = closed;
    if (!status && rename(path, target)) status = -errno;
    if (status) (void)unlink(path);
    free(path);
    return status ? status : sync_folder_of(target);
}

static ks_status write_path(struct ksi_file_job *job)
{
    char *target = realpath(job->path, NULL);
    if (!target && errno == ENOENT) target = strdup(job->path);
    if (!target) return errno == ENOMEM ? KS_NOMEM : -errno;
    ks_status status = replace(job, target);
    free(target);
    return status;
}

ks_status ks_write_file(const char *path, ks_text bytes, ks_ms timeout)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_file_job *job = ksi_path_job_new(s, write_path, path, NULL, bytes, &status);
    return job ? ksi_file_job_finish(s, job, timeout) : status;
}
