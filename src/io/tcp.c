/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.c - listen, accept, connect, close, names. See kiosk/tcp.h. */
#define _GNU_SOURCE /* accept4 */
#include "base/base.h"
#include "io/address.h"
#include "io/socket.h"
#include "runtime/drain.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_DEFAULT = 64 * 1024, BUFFER_MAX = 1 << 30, BACKLOG = 1024, SEND_TIMEOUT = 30000 };

/* --- options ---------------------------------------------------------------------------------- */
static bool complete(const ks_tcp_options *given, size_t size, ks_tcp_options *ret_options)
{
    ks_tcp_options options = { 0 };
    if (given) memcpy(&options, given, size < sizeof options ? size : sizeof options);
    if (!options.packet_max) options.packet_max = BUFFER_DEFAULT;
    if (!options.send_buffer) options.send_buffer = BUFFER_DEFAULT;
    if (!options.send_timeout) options.send_timeout = SEND_TIMEOUT;
    if (!options.backlog) options.backlog = BACKLOG;
    *ret_options = options;
    return options.packet_max <= BUFFER_MAX && options.send_buffer <= BUFFER_MAX &&
        options.send_timeout > 0 && options.backlog > 0;
}

static ks_status set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) ? -errno : KS_OK;
}

/* *ret_fd is the caller's also when an option failed; else -1. */
static ks_status open_stream(int family, const ks_tcp_options *options, int *ret_fd)
{
    *ret_fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*ret_fd < 0) return -errno;
    return options->delay ? KS_OK : set_option(*ret_fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/* --- listening -------------------------------------------------------------------------------- */
static ks_status bind_and_listen(
    int fd, const struct ksi_address *address, const ks_tcp_options *options)
{
    ks_status status = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!status && options->reuse_port) status = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!status && address->any.sa_family == AF_INET6)
        status = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address->every ? 0 : 1);
    if (status) return status;
    if (bind(fd, &address->any, address->size)) return -errno;
    return listen(fd, options->backlog) ? -errno : KS_OK;
}

static ks_status open_listener(
    const struct ksi_address *address, const ks_tcp_options *options, int *ret_fd)
{
    ks_status status = open_stream(address->any.sa_family, options, ret_fd);
    if (!status) status = bind_and_listen(*ret_fd, address, options);
    if (status && *ret_fd >= 0) close(*ret_fd);
    return status;
}

/* Every address of a machine without IPv6 is every IPv4 address. */
static ks_status open_every(
    const struct ksi_address *address, const ks_tcp_options *options, int *ret_fd)
{
    ks_status status = open_listener(address, options, ret_fd);
    if (status != -EAFNOSUPPORT && status != -EADDRNOTAVAIL) return status;
    struct ksi_address v4 = { .size = sizeof v4.v4, .every = true };
    v4.v4.sin_family = AF_INET;
    v4.v4.sin_port = address->v6.sin6_port;
    return open_listener(&v4, options, ret_fd);
}

ks_status ks_tcp_listen_(
    const char *text, const ks_tcp_options *given, size_t size, ks_socket *ret_listener)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    if (!io) return KS_DENIED;
    struct ksi_address address;
    ks_tcp_options options;
    if (!ksi_address_parse(text, &address) || !complete(given, size, &options)) return KS_BADARG;
    int fd;
    ks_status status = address.every ? open_every(&address, &options, &fd)
                                     : open_listener(&address, &options, &fd);
    struct ksi_socket *listener;
    if (!status) status = ksi_socket_new(io, fd, &options, &listener);
    if (status) return status;
    listener->listens = true;
    *ret_listener = ksi_socket_handle(listener);
    return KS_OK;
}

/* --- accepting -------------------------------------------------------------------------------- */
/* The one that was to be accepted is gone, or its network: the next may be there. */
static bool is_about_another(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP: return true;
    default: return false;
    }
}

/* Without waiting. KS_TIMEOUT: nobody is there. */
static ks_status accept_one(struct ksi_socket *listener, int *ret_fd)
{
    for (;;) { /* until the queue of the kernel is empty: it is bounded by the backlog */
        *ret_fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (*ret_fd >= 0) return KS_OK;
        if (errno == EAGAIN) return KS_TIMEOUT;
        if (!is_about_another(errno)) return -errno;
    }
}

static ks_status accept_next(
    struct ksi_io *io, struct ksi_socket *listener, struct ksi_patience *patience, int *ret_fd)
{
    if (patience->timeout <= 0) listener->readable = true;
    for (;;) { /* until somebody comes, or the patience is over */
        if (ksi_is_draining(io->scheduler)) return KS_DRAINING;
        if (listener->readable) {
            ks_status status = accept_one(listener, ret_fd);
            if (status != KS_TIMEOUT) return status;
            listener->readable = false;
        }
        ks_status status = ksi_socket_wait(io, listener, KS_READABLE, patience);
        if (status) return status;
    }
}

ks_status ks_tcp_accept(ks_socket handle, ks_ms timeout, ks_socket *ret_socket)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_patience patience = { .timeout = timeout };
    struct ksi_socket *listener = ksi_socket_mine(io, handle);
    if (!listener) return -EBADF;
    if (!listener->listens) return -EINVAL;
    ksi_io_be_fair(io);
    int fd;
    ks_status status = accept_next(io, listener, &patience, &fd);
    if (status) return status;
    ks_tcp_options options = { .packet_max = listener->packet_max,
        .send_buffer = listener->send_buffer,
        .send_timeout = listener->send_timeout };
    struct ksi_socket *socket;
    status = ksi_socket_new(io, fd, &options, &socket); /* TCP_NODELAY comes from the listener */
    if (!status) *ret_socket = ksi_socket_handle(socket);
    return status;
}

/* --- connecting ------------------------------------------------------------------------------- */
/* KS_OK: established, or on the way. */
static ks_status begin_connect(
    const struct ksi_address *address, const ks_tcp_options *options, int *ret_fd)
{
    ks_status status = open_stream(address->any.sa_family, options, ret_fd);
    if (!status && connect(*ret_fd, &address->any, address->size) && errno != EINPROGRESS &&
        errno != EINTR)
        status = -errno;
    if (status && *ret_fd >= 0) close(*ret_fd);
    return status;
}

static ks_status end_connect(struct ksi_io *io, struct ksi_socket *socket, ks_ms timeout)
{
    struct ksi_patience patience = { .timeout = timeout };
    struct ksi_address peer;
    for (;;) { /* until it is decided, or the patience is over */
        int error = 0;
        socklen_t size = sizeof error;
        if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &size)) return -errno;
        if (error) return -error;
        size = sizeof peer.v6;
        if (!getpeername(socket->fd, &peer.any, &size)) return KS_OK;
        if (errno != ENOTCONN) return -errno;
        ks_status status = ksi_socket_wait(io, socket, KS_WRITABLE, &patience);
        if (status) return status;
    }
}

ks_status ks_tcp_connect_(const char *text, const ks_tcp_options *given, size_t size, ks_ms timeout,
    ks_socket *ret_socket)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    if (!io) return KS_DENIED;
    struct ksi_address address;
    ks_tcp_options options;
    if (!ksi_address_parse(text, &address) || address.every || !complete(given, size, &options))
        return KS_BADARG;
    int fd;
    struct ksi_socket *socket;
    ks_status status = begin_connect(&address, &options, &fd);
    if (!status) status = ksi_socket_new(io, fd, &options, &socket);
    if (status) return status;
    status = end_connect(io, socket, timeout);
    if (status)
        ksi_socket_close(io, socket);
    else
        *ret_socket = ksi_socket_handle(socket);
    return status;
}

/* --- the rest --------------------------------------------------------------------------------- */
void ks_close(ks_socket handle)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    if (socket) ksi_socket_close(io, socket);
}

ks_status ks_shutdown_write(ks_socket handle)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    if (!socket) return -EBADF;
    if (socket->listens) return -ENOTCONN;
    if (socket->shut) return KS_OK;
    socket->shut = true;
    ksi_output_unmark(socket);
    ksi_output_send(io, socket); /* what is left now is followed by the end when it is sent */
    return KS_OK;
}

static ks_status print_name(ks_socket handle,
    int (*get)(int fd, struct sockaddr *address, socklen_t *size), char *buffer, size_t size)
{
    KSI_ENTER(s);
    struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(s), handle);
    if (!socket) return -EBADF;
    struct ksi_address address = { .size = sizeof address.v6 };
    if (get(socket->fd, &address.any, &address.size)) return -errno;
    return ksi_address_print(&address, buffer, size);
}

static int peer_of(int fd, struct sockaddr *address, socklen_t *size)
{
    return getpeername(fd, address, size);
}

static int own_of(int fd, struct sockaddr *address, socklen_t *size)
{
    return getsockname(fd, address, size);
}

ks_status ks_peer_name(ks_socket handle, char *buffer, size_t size)
{
    return print_name(handle, peer_of, buffer, size);
}

ks_status ks_local_name(ks_socket handle, char *buffer, size_t size)
{
    return print_name(handle, own_of, buffer, size);
}
