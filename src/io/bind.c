/* SPDX-License-Identifier: Apache-2.0 */
/* bind.c - see bind.h.
 *
 * A socket's path outlives it. Such a stale one is a socket that refuses connections; but so does
 * one that is bound and does not listen yet. So whoever binds a path has its folder locked until it
 * listens, and whoever takes a stale one away does so under the same lock. The lock is the folder
 * itself, so nothing of it is left. */
#include "io/bind.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

ks_status ksi_set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) ? -errno : KS_OK;
}

ks_status ksi_open(int family, const struct ksi_binding *how, int *ret_fd)
{
    *ret_fd = socket(family, how->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*ret_fd < 0) return -errno;
    ks_status status = KS_OK;
    if (how->receive_buffer)
        status = ksi_set_option(*ret_fd, SOL_SOCKET, SO_RCVBUF, (int)how->receive_buffer);
    if (!status && how->send_buffer)
        status = ksi_set_option(*ret_fd, SOL_SOCKET, SO_SNDBUF, (int)how->send_buffer);
    return status;
}

/* --- a path ----------------------------------------------------------------------------------- */
/* *ret_lock: to be closed; -1: the folder may not be read. */
static ks_status lock_folder(const char *path, int *ret_lock)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path + 1] = ".";
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length) memcpy(folder, path, length);
    if (length) folder[length] = '\0';
    *ret_lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_lock < 0) return errno == EACCES ? KS_OK : -errno;
    if (!flock(*ret_lock, LOCK_EX | LOCK_NB)) return KS_OK;
    ks_status status = errno == EWOULDBLOCK ? KS_TIMEOUT : -errno;
    close(*ret_lock);
    return status;
}

/* KS_OK: nobody has it any more; -EADDRINUSE: somebody has, or it is no socket. */
static ks_status is_stale(const struct ksi_address *address, int type)
{
    struct stat about;
    if (lstat(ksi_address_path(address), &about)) return -errno;
    if (!S_ISSOCK(about.st_mode)) return -EADDRINUSE;
    int probe = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) return -errno;
    bool refused = connect(probe, &address->any, address->size) && errno == ECONNREFUSED;
    close(probe);
    return refused ? KS_OK : -EADDRINUSE;
}

static ks_status replace(int fd, const struct ksi_address *address, int type)
{
    ks_status status = is_stale(address, type);
    if (status) return status;
    if (unlink(ksi_address_path(address))) return -errno;
    return bind(fd, &address->any, address->size) ? -errno : KS_OK;
}

static ks_status finish(int fd, const struct ksi_binding *how)
{
    return how->type == SOCK_STREAM && listen(fd, how->backlog) ? -errno : KS_OK;
}

static ks_status bind_path(int fd, const struct ksi_address *address, const struct ksi_binding *how)
{
    int lock;
    if (how->mode && fchmod(fd, how->mode)) return -errno; /* bind gives the file these */
    ks_status status = lock_folder(ksi_address_path(address), &lock);
    if (status) return status;
    if (bind(fd, &address->any, address->size)) status = -errno;
    if (status == -EADDRINUSE && how->replace_stale)
        status = lock < 0 ? -EACCES : replace(fd, address, how->type);
    if (!status) status = finish(fd, how);
    if (lock >= 0) close(lock);
    return status;
}

/* --- the others ------------------------------------------------------------------------------- */
/* A port of TCP is free although connections of its last owner are not quite over; one of UDP that
 * is somebody's is not. */
static ks_status bind_to(int fd, const struct ksi_address *address, const struct ksi_binding *how)
{
    ks_status status = KS_OK;
    int family = address->any.sa_family;
    if (family == AF_UNIX && ksi_address_path(address)) return bind_path(fd, address, how);
    if (family != AF_UNIX && how->type == SOCK_STREAM)
        status = ksi_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!status && how->reuse_port && family != AF_UNIX)
        status = ksi_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!status && family == AF_INET6)
        status = ksi_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address->every ? 0 : 1);
    if (status) return status;
    return bind(fd, &address->any, address->size) ? -errno : finish(fd, how);
}

static ks_status open_at(
    const struct ksi_address *address, const struct ksi_binding *how, int *ret_fd)
{
    ks_status status = ksi_open(address->any.sa_family, how, ret_fd);
    if (!status) status = bind_to(*ret_fd, address, how);
    if (status && *ret_fd >= 0) close(*ret_fd);
    return status;
}

/* Every address of a machine without IPv6 is every IPv4 address. */
ks_status ksi_open_bound(
    const struct ksi_address *address, const struct ksi_binding *how, int *ret_fd)
{
    ks_status status = open_at(address, how, ret_fd);
    if (!address->every || (status != -EAFNOSUPPORT && status != -EADDRNOTAVAIL)) return status;
    struct ksi_address v4 = { .size = sizeof v4.v4 };
    v4.v4.sin_family = AF_INET;
    v4.v4.sin_port = address->v6.sin6_port;
    return open_at(&v4, how, ret_fd);
}
