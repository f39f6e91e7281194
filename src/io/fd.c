/* SPDX-License-Identifier: Apache-2.0 */
/* fd.c - the system's calls on descriptors, whole: see file.h. They block; any thread. */
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PERMISSIONS = 07777, NS_PER_S = 1000000000 };
enum { PIECE_BYTES = 1 << 30 }; /* what one call moves at most: Linux stops below 2 GiB */

ks_status ksi_fd_open(const char *path, int flags, mode_t mode, int *ret_fd)
{
    int fd;
    do fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return -errno;
    *ret_fd = fd;
    return KS_OK;
}

ks_status ksi_fd_close(int fd) { return close(fd) && errno != EINTR ? -errno : KS_OK; }

static size_t piece(size_t left) { return left < PIECE_BYTES ? left : PIECE_BYTES; }

ks_status ksi_fd_read(int fd, int64_t offset, void *buffer, size_t size, size_t *ret_count)
{
    size_t count = 0;
    while (count < size) {
        char *to = (char *)buffer + count;
        size_t part = piece(size - count);
        ssize_t got = offset < 0 ? read(fd, to, part) : pread(fd, to, part, offset + (off_t)count);
        if (got == 0) break;
        if (got > 0)
            count += (size_t)got;
        else if (errno != EINTR)
            return -errno;
    }
    *ret_count = count;
    return KS_OK;
}

ks_status ksi_fd_write(int fd, int64_t offset, const char *bytes, size_t size)
{
    size_t count = 0;
    while (count < size) {
        size_t part = piece(size - count);
        ssize_t written = offset < 0 ? write(fd, bytes + count, part)
                                     : pwrite(fd, bytes + count, part, offset + (off_t)count);
        if (written > 0)
            count += (size_t)written;
        else if (written == 0)
            return -EIO;
        else if (errno != EINTR)
            return -errno;
    }
    return KS_OK;
}

static ks_file_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode)) return KS_FILE_REGULAR;
    return S_ISDIR(mode) ? KS_FILE_FOLDER : KS_FILE_OTHER;
}

ks_stat ksi_stat_of(const struct stat *found)
{
    return (ks_stat){ .kind = kind_of(found->st_mode),
        .mode = found->st_mode & PERMISSIONS,
        .size = (uint64_t)found->st_size,
        .modified_ns = (int64_t)found->st_mtim.tv_sec * NS_PER_S + found->st_mtim.tv_nsec,
        .device = found->st_dev,
        .inode = found->st_ino,
        .user = found->st_uid,
        .group = found->st_gid };
}

struct ksi_allocation *ksi_file_block_new(size_t size)
{
    struct ksi_allocation *block;
    return size < PTRDIFF_MAX - sizeof *block ? malloc(sizeof *block + size) : NULL;
}
