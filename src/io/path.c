/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - what is done to a path, and what is in a folder: kiosk/file.h. Called from inside a
 * process. */
#include "base/base.h"
#include "base/buf.h"
#include "io/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER_MODE = 0777 };

static ks_status status_of(int result) { return result ? -errno : KS_OK; }

/* --- one call of the system's ----------------------------------------------------------------- */
static ks_status stat_path(struct ksi_file_job *job)
{
    struct stat found;
    if (stat(job->path, &found)) return -errno;
    job->stat = ksi_stat_of(&found);
    return KS_OK;
}

static ks_status rename_path(struct ksi_file_job *job)
{
    return status_of(rename(job->path, job->to));
}

static ks_status unlink_path(struct ksi_file_job *job) { return status_of(unlink(job->path)); }

static ks_status make_folder(struct ksi_file_job *job)
{
    return status_of(mkdir(job->path, FOLDER_MODE));
}

static ks_status remove_folder(struct ksi_file_job *job) { return status_of(rmdir(job->path)); }

static ks_status do_to_path(struct ksi_scheduler *s, ks_status (*work)(struct ksi_file_job *job),
    const char *path, const char *to, ks_ms timeout)
{
    ks_status status;
    struct ksi_file_job *job = ksi_path_job_new(s, work, path, to, (ks_text){ 0 }, &status);
    return job ? ksi_file_job_finish(s, job, timeout) : status;
}

ks_status ks_path_stat(const char *path, ks_ms timeout, ks_stat *ret_stat)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_file_job *job = ksi_path_job_new(s, stat_path, path, NULL, (ks_text){ 0 }, &status);
    if (!job) return status;
    status = ksi_file_job_run(s, job, timeout);
    if (status) return status;
    *ret_stat = job->stat;
    ksi_file_job_end(job);
    return KS_OK;
}

ks_status ks_path_rename(const char *from, const char *to, ks_ms timeout)
{
    KSI_ENTER(s);
    return to ? do_to_path(s, rename_path, from, to, timeout) : KS_BADARG;
}

ks_status ks_path_unlink(const char *path, ks_ms timeout)
{
    KSI_ENTER(s);
    return do_to_path(s, unlink_path, path, NULL, timeout);
}

ks_status ks_path_make_folder(const char *path, ks_ms timeout)
{
    KSI_ENTER(s);
    return do_to_path(s, make_folder, path, NULL, timeout);
}

ks_status ks_path_remove_folder(const char *path, ks_ms timeout)
{
    KSI_ENTER(s);
    return do_to_path(s, remove_folder, path, NULL, timeout);
}

/* --- a folder --------------------------------------------------------------------------------- */
static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* The names one behind another, each with its NUL. */
static ks_status collect(DIR *folder, size_t max, struct ksi_buf *names, size_t *ret_count)
{
    size_t count = 0;
    for (;;) { /* until the end of the folder */
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry) break;
        if (is_dots(entry->d_name)) continue;
        if (count++ >= max) return KS_FULL;
        ks_status status = ksi_buf_append(names, entry->d_name, strlen(entry->d_name) + 1);
        if (status) return status;
    }
    *ret_count = count;
    return -errno;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pointers first, then what they point at: as one block. */
static ks_status arrange(struct ksi_file_job *job, const struct ksi_buf *names, size_t count)
{
    size_t before = count * sizeof(char *);
    job->size = before + names->len;
    job->block = ksi_file_block_new(job->size);
    if (!job->block) return KS_NOMEM;
    const char **items = (const char **)(void *)(job->block + 1);
    char *name = (char *)(job->block + 1) + before;
    if (names->len) memcpy(name, names->ptr, names->len);
    for (size_t i = 0; i < count; i++) {
        items[i] = name;
        name += strlen(name) + 1;
    }
    if (count) qsort(items, count, sizeof *items, compare);
    job->count = count;
    return KS_OK;
}

static ks_status list_folder(struct ksi_file_job *job)
{
    DIR *folder = opendir(job->path); /* close-on-exec */
    if (!folder) return -errno;
    struct ksi_buf names;
    size_t count = 0;
    ksi_buf_init(&names, SIZE_MAX / 2);
    ks_status status = collect(folder, job->count, &names, &count);
    closedir(folder);
    if (!status) status = arrange(job, &names, count);
    ksi_buf_free(&names);
    return status;
}

ks_status ks_path_list(const char *path, size_t max, ks_ms timeout, ks_path_names *ret_names)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_file_job *job =
        ksi_path_job_new(s, list_folder, path, NULL, (ks_text){ 0 }, &status);
    if (!job) return status;
    job->count = max;
    status = ksi_file_job_run(s, job, timeout);
    if (status) return status;
    ks_path_names names = { .count = job->count };
    names.items = ksi_file_job_result(s, job);
    ksi_file_job_end(job);
    if (!names.items) return KS_NOMEM;
    *ret_names = names;
    return KS_OK;
}
