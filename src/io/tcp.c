/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.c - streams: listen, accept, connect. See kiosk/tcp.h. */
#define _GNU_SOURCE /* accept4 */
#include "base/base.h"
#include "io/address.h"
#include "io/bind.h"
#include "io/limit.h"
#include "io/socket.h"
#include "runtime/drain.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_DEFAULT = 64 * 1024, BUFFER_MAX = 1 << 30, BACKLOG = 1024, SEND_TIMEOUT = 30000 };
enum { MODE_MAX = 0777, RETRY_MS = 5 };

/* --- options ---------------------------------------------------------------------------------- */
static bool fits(const ks_tcp_options *options)
{
    return options->packet_max <= BUFFER_MAX && options->high_watermark <= BUFFER_MAX &&
        options->low_watermark < options->high_watermark && options->send_timeout > 0 &&
        options->backlog > 0 && options->packet <= KS_PACKET_4 && options->mode <= MODE_MAX &&
        options->kernel_receive_buffer <= BUFFER_MAX && options->kernel_send_buffer <= BUFFER_MAX;
}

static bool complete(const ks_tcp_options *given, size_t size, ks_tcp_options *ret_options)
{
    ks_tcp_options options = { 0 };
    if (given) memcpy(&options, given, size < sizeof options ? size : sizeof options);
    if (!options.packet_max) options.packet_max = BUFFER_DEFAULT;
    if (!options.high_watermark) options.high_watermark = BUFFER_DEFAULT;
    if (!options.low_watermark) options.low_watermark = options.high_watermark / 2;
    if (!options.send_timeout) options.send_timeout = SEND_TIMEOUT;
    if (!options.backlog) options.backlog = BACKLOG;
    *ret_options = options;
    return fits(&options);
}

static struct ksi_socket settings_of(
    const struct ksi_address *address, const ks_tcp_options *options)
{
    return (struct ksi_socket){ .local = address->any.sa_family == AF_UNIX,
        .packet = (uint8_t)options->packet,
        .packet_max = options->packet_max,
        .high_watermark = options->high_watermark,
        .low_watermark = options->low_watermark,
        .send_timeout = options->send_timeout };
}

static struct ksi_binding binding_of(const ks_tcp_options *options)
{
    return (struct ksi_binding){ .type = SOCK_STREAM,
        .backlog = options->backlog,
        .reuse_port = options->reuse_port,
        .replace_stale = options->replace_stale,
        .mode = options->mode,
        .receive_buffer = options->kernel_receive_buffer,
        .send_buffer = options->kernel_send_buffer };
}

/* Of TCP; what is accepted has them from its listener. */
static ks_status set_options(int fd, int family, const ks_tcp_options *options)
{
    ks_status status = KS_OK;
    if (family == AF_UNIX) return KS_OK;
    if (!options->delay) status = ksi_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (!status && options->keepalive) status = ksi_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    return status;
}

/* --- listening -------------------------------------------------------------------------------- */
static ks_status set_limit(struct ksi_io *io, struct ksi_socket *listener, uint32_t max)
{
    if (!max) return KS_OK;
    listener->limit = ksi_limit_new(io->scheduler, max);
    if (listener->limit) return KS_OK;
    ksi_socket_close(io, listener);
    return KS_NOMEM;
}

static ks_status listen_at(struct ksi_io *io, const struct ksi_address *address,
    const ks_tcp_options *options, ks_socket *ret_listener)
{
    int fd;
    struct ksi_binding how = binding_of(options);
    ks_status status = ksi_open_bound(address, &how, &fd);
    if (status) return status;
    status = set_options(fd, address->any.sa_family, options);
    if (status) close(fd);
    if (status) return status;
    struct ksi_socket *listener, like = settings_of(address, options);
    status = ksi_socket_new(io, fd, &like, &listener);
    if (status) return status;
    listener->listens = true;
    status = set_limit(io, listener, options->connections_max);
    if (!status) *ret_listener = ksi_socket_handle(listener);
    return status;
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
    ks_status status = KS_TIMEOUT;
    for (int i = 0; status == KS_TIMEOUT && i < KSI_BIND_TRIES; i++) {
        if (i) ks_sleep(1);
        status = listen_at(io, &address, &options, ret_listener);
    }
    return status == KS_TIMEOUT ? -EBUSY : status;
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
        if (!ksi_limit_has_room(listener->limit)) {
            ks_status status = ksi_limit_wait(io, listener, patience);
            if (status) return status;
            continue;
        }
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
    struct ksi_socket *socket; /* the kernel's options, too, come from the listener */
    status = ksi_socket_new(io, fd, listener, &socket);
    if (!status) *ret_socket = ksi_socket_handle(socket);
    return status;
}

/* --- connecting ------------------------------------------------------------------------------- */
/* With the local address that it is to have. */
static ks_status open_to_connect(const struct ksi_address *address, const ks_tcp_options *options,
    const struct ksi_address *local, int *ret_fd)
{
    struct ksi_binding how = binding_of(options);
    ks_status status = ksi_open(address->any.sa_family, &how, ret_fd);
    if (!status) status = set_options(*ret_fd, address->any.sa_family, options);
    if (!status && options->local && bind(*ret_fd, &local->any, local->size)) status = -errno;
    if (status && *ret_fd >= 0) close(*ret_fd);
    return status;
}

/* KS_OK: established; KS_TIMEOUT: on the way, there will be an event; -EAGAIN: a Unix listener has
 * its queue full, of which no event tells. */
static ks_status begin_connect(const struct ksi_socket *socket, const struct ksi_address *address)
{
    if (!connect(socket->fd, &address->any, address->size)) return KS_OK;
    return errno == EINPROGRESS || errno == EINTR ? KS_TIMEOUT : -errno;
}

static ks_status wait_a_little(
    struct ksi_io *io, struct ksi_socket *socket, struct ksi_patience *patience)
{
    ks_ms left = ksi_patience_left(io->scheduler, patience);
    if (left <= 0) return KS_TIMEOUT;
    struct ksi_patience pause = { .timeout = left < RETRY_MS ? left : RETRY_MS };
    ks_status status = ksi_socket_wait(io, socket, 0, &pause);
    return status == KS_TIMEOUT ? KS_OK : status;
}

static ks_status end_connect(
    struct ksi_io *io, struct ksi_socket *socket, struct ksi_patience *patience)
{
    struct ksi_address peer;
    for (;;) { /* until it is decided, or the patience is over */
        int error = 0;
        socklen_t size = sizeof error;
        if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &size)) return -errno;
        if (error) return -error;
        size = KSI_ADDRESS_SIZE;
        if (!getpeername(socket->fd, &peer.any, &size)) return KS_OK;
        if (errno != ENOTCONN) return -errno;
        ks_status status = ksi_socket_wait(io, socket, KS_WRITABLE, patience);
        if (status) return status;
    }
}

static ks_status connect_to(
    struct ksi_io *io, struct ksi_socket *socket, const struct ksi_address *address, ks_ms timeout)
{
    struct ksi_patience patience = { .timeout = timeout };
    ks_status status;
    while ((status = begin_connect(socket, address)) == -EAGAIN && socket->local) {
        status = wait_a_little(io, socket, &patience);
        if (status) return status;
    }
    if (!status && socket->local) socket->hung_up = false; /* it was, before it was connected */
    return status == KS_TIMEOUT ? end_connect(io, socket, &patience) : status;
}

ks_status ks_tcp_connect_(const char *text, const ks_tcp_options *given, size_t size, ks_ms timeout,
    ks_socket *ret_socket)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    if (!io) return KS_DENIED;
    struct ksi_address address, local;
    ks_tcp_options options;
    if (!ksi_address_parse(text, &address) || address.every || !complete(given, size, &options))
        return KS_BADARG;
    if (options.local && !ksi_address_parse(options.local, &local)) return KS_BADARG;
    int fd;
    struct ksi_socket *socket, like = settings_of(&address, &options);
    ks_status status = open_to_connect(&address, &options, &local, &fd);
    if (!status) status = ksi_socket_new(io, fd, &like, &socket);
    if (status) return status;
    status = connect_to(io, socket, &address, timeout);
    if (status)
        ksi_socket_close(io, socket);
    else
        *ret_socket = ksi_socket_handle(socket);
    return status;
}
