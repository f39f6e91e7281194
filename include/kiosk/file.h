/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/file.h - files. The calls look blocking; the process waits, on a thread of the pool of
 * blocking.h the disk does.
 *
 * A file belongs to the process that opened it, and is closed when that process ends. Its number
 * never reaches another program: always close-on-exec. What is read or written passes through
 * memory of the job, so nothing is written to a process that has ended or given up.
 *
 * Each call blocks for at most timeout ms, and in a handler no longer than the request may take:
 * KS_TIMEOUT, KS_DEADLINE. What had begun then runs to its end: it may have happened, or not, or
 * happen later. Other statuses: -errno of the system's call; KS_OVERLOAD, -EAGAIN: as of
 * ks_blocking; KS_NOMEM; KS_DENIED: not inside a process. */
#ifndef KIOSK_FILE_H
#define KIOSK_FILE_H
#include "process.h"

typedef struct ks_file { /* of no use to another process */
    uint64_t id;
} ks_file;

/* flags: those of open(2), from fcntl.h: O_RDONLY, O_WRONLY | O_CREAT | O_APPEND... A new file may
 * be read and written by all whom the umask allows, with KS_FILE_PRIVATE by its owner only. */
enum { KS_FILE_PRIVATE = 1 << 30 };
KS_API ks_status ks_file_open(
    const char *path, int flags, ks_ms timeout, ks_file *ret_file) KS_MUST_USE;
/* Whatever it returns, the file is not the caller's any more, and closed now or soon. An operation
 * on it that was given up ends first. */
KS_API ks_status ks_file_close(ks_file file, ks_ms timeout);

/* --- reading and writing: -EBADF: not a file of the caller's; -EBUSY: what was given up before is
 * still going on ---------------------------------------------------------------------------------
 */
/* As many bytes as there are until the end, at most size; fewer only at the end. From where the
 * latest read or write ended, or from offset. */
KS_API ks_status ks_file_read(
    ks_file file, void *buffer, size_t size, ks_ms timeout, size_t *ret_count) KS_MUST_USE;
KS_API ks_status ks_file_read_at(ks_file file, int64_t offset, void *buffer, size_t size,
    ks_ms timeout, size_t *ret_count) KS_MUST_USE;
/* Everything; after a failure a part of it may have been written. */
KS_API ks_status ks_file_write(ks_file file, ks_text bytes, ks_ms timeout) KS_MUST_USE;
KS_API ks_status ks_file_write_at(
    ks_file file, int64_t offset, ks_text bytes, ks_ms timeout) KS_MUST_USE;
/* What was written is on the disk: fsync. */
KS_API ks_status ks_file_sync(ks_file file, ks_ms timeout) KS_MUST_USE;

typedef enum ks_file_kind {
    KS_FILE_REGULAR,
    KS_FILE_FOLDER,
    KS_FILE_OTHER /* a pipe, a device... */
} ks_file_kind;
typedef struct ks_stat {
    ks_file_kind kind;
    uint32_t mode;          /* permissions: 0644 */
    uint64_t size;          /* bytes */
    int64_t modified_ns;    /* by the wall clock */
    uint64_t device, inode; /* the same file has the same two */
    uint32_t user, group;
} ks_stat;
KS_API ks_status ks_file_stat(ks_file file, ks_ms timeout, ks_stat *ret_stat) KS_MUST_USE;

/* --- paths -------------------------------------------------------------------------------------
 */
KS_API ks_status ks_path_stat(const char *path, ks_ms timeout, ks_stat *ret_stat) KS_MUST_USE;
/* What stood at `to` is replaced, at once and whole. */
KS_API ks_status ks_path_rename(const char *from, const char *to, ks_ms timeout) KS_MUST_USE;
KS_API ks_status ks_path_unlink(const char *path, ks_ms timeout) KS_MUST_USE;
KS_API ks_status ks_path_make_folder(const char *path, ks_ms timeout) KS_MUST_USE;
KS_API ks_status ks_path_remove_folder(const char *path, ks_ms timeout) KS_MUST_USE;
typedef struct ks_path_names {
    const char **items; /* one block of memory: ks_free(names.items) */
    size_t count;
} ks_path_names;
/* What is in a folder, without . and .., sorted by bytes; in memory of the caller. KS_FULL: more
 * than max. */
KS_API ks_status ks_path_list(
    const char *path, size_t max, ks_ms timeout, ks_path_names *ret_names) KS_MUST_USE;

/* --- whole files --------------------------------------------------------------------------------
 */
/* A regular file, those of /proc included, into memory of the caller, with a NUL behind it:
 * ks_free((void *)text.ptr). -EFBIG: more than max bytes; -EISDIR, -EINVAL: something else. */
KS_API ks_status ks_read_file(
    const char *path, size_t max, ks_ms timeout, ks_text *ret_text) KS_MUST_USE;
/* Puts a file with these bytes into the place of what stands there: whoever reads it, also after a
 * crash of the system, sees the old or the new one, whole. It is written beside it, synchronised,
 * renamed, and the folder synchronised, too. Permissions are kept, owner and links are not; a
 * symbolic link is followed. */
KS_API ks_status ks_write_file(const char *path, ks_text bytes, ks_ms timeout) KS_MUST_USE;
#endif
