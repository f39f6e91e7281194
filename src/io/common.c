/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - closing, halves, addresses, credentials, a look: what sockets of every kind have. See
 * kiosk/socket.h. */
#define _GNU_SOURCE /* struct ucred */
#include "base/base.h"
#include "io/address.h"
#include "io/limit.h"
#include "io/socket.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

enum { UNIT = 64 };

/* --- the end ---------------------------------------------------------------------------------- */
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
    if (socket->listens || socket->datagrams) return -ENOTCONN;
    if (socket->shut) return KS_OK;
    socket->shut = true;
    ksi_output_unmark(socket);
    ksi_output_send(io, socket); /* what is left now is followed by the end when it is sent */
    return KS_OK;
}

/* The kernel goes on receiving, as far as its buffers reach; the peer of a Unix stream hears it. */
ks_status ks_shutdown_read(ks_socket handle)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    if (!socket) return -EBADF;
    if (socket->listens) return -ENOTCONN;
    if (socket->deaf) return KS_OK;
    socket->deaf = true;
    ksi_bytes_settle(&socket->in);
    ksi_bytes_drop(&s->pool, &socket->in);
    if (socket->local && !socket->datagrams) (void)shutdown(socket->fd, SHUT_RD);
    if (socket->active) ksi_active_ask(io, socket);
    return KS_OK;
}

/* --- addresses -------------------------------------------------------------------------------- */
static ks_status address_of(ks_socket handle,
    int (*get)(int fd, struct sockaddr *address, socklen_t *size), struct ksi_address *ret_address)
{
    struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(ksi_this_scheduler), handle);
    if (!socket) return -EBADF;
    *ret_address = (struct ksi_address){ .size = KSI_ADDRESS_SIZE };
    return get(socket->fd, &ret_address->any, &ret_address->size) ? -errno : KS_OK;
}

static int peer_of(int fd, struct sockaddr *address, socklen_t *size)
{
    return getpeername(fd, address, size);
}

static int own_of(int fd, struct sockaddr *address, socklen_t *size)
{
    return getsockname(fd, address, size);
}

ks_status ks_peer_address(ks_socket handle, ks_address *ret_address)
{
    KSI_INSIDE(s);
    (void)s;
    struct ksi_address address;
    ks_status status = address_of(handle, peer_of, &address);
    if (!status) *ret_address = ksi_address_pack(&address);
    return status;
}

ks_status ks_local_address(ks_socket handle, ks_address *ret_address)
{
    KSI_INSIDE(s);
    (void)s;
    struct ksi_address address;
    ks_status status = address_of(handle, own_of, &address);
    if (!status) *ret_address = ksi_address_pack(&address);
    return status;
}

ks_status ks_peer_name(ks_socket handle, char *buffer, size_t size)
{
    KSI_INSIDE(s);
    (void)s;
    struct ksi_address address;
    ks_status status = address_of(handle, peer_of, &address);
    return status ? status : ksi_address_print(&address, buffer, size);
}

ks_status ks_local_name(ks_socket handle, char *buffer, size_t size)
{
    KSI_INSIDE(s);
    (void)s;
    struct ksi_address address;
    ks_status status = address_of(handle, own_of, &address);
    return status ? status : ksi_address_print(&address, buffer, size);
}

ks_status ks_peer_credentials(ks_socket handle, ks_credentials *ret_credentials)
{
    KSI_INSIDE(s);
    struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(s), handle);
    if (!socket) return -EBADF;
    if (!socket->local || socket->datagrams) return -EOPNOTSUPP;
    if (socket->listens) return -ENOTCONN;
    struct ucred found;
    socklen_t size = sizeof found;
    if (getsockopt(socket->fd, SOL_SOCKET, SO_PEERCRED, &found, &size)) return -errno;
    *ret_credentials = (ks_credentials){ .pid = found.pid, .user = found.uid, .group = found.gid };
    return KS_OK;
}

/* --- a look ----------------------------------------------------------------------------------- */
static size_t in_kernel(const struct ksi_socket *socket, unsigned long what)
{
    int count = 0;
    if (socket->listens || ioctl(socket->fd, what, &count) || count < 0) return 0;
    return (size_t)count;
}

static void look_at_tcp(const struct ksi_socket *socket, ks_socket_info *info)
{
    struct tcp_info tcp;
    socklen_t size = sizeof tcp;
    if (socket->local || socket->datagrams) return;
    if (getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO, &tcp, &size)) return;
    if (socket->listens) {
        info->waiting = tcp.tcpi_unacked;
        return;
    }
    info->rtt_us = tcp.tcpi_rtt;
    info->retransmissions = tcp.tcpi_total_retrans;
}

ks_status ks_socket_look_(ks_socket handle, ks_socket_info *ret_info, size_t size)
{
    KSI_INSIDE(s);
    const struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(s), handle);
    if (!socket) return -EBADF;
    ks_socket_info info = { .received = socket->received,
        .sent = socket->sent,
        .unread = ksi_bytes_count(&socket->in),
        .in_mailbox = (size_t)socket->queued * UNIT,
        .unsent = ksi_bytes_count(&socket->out),
        .kernel_unread = in_kernel(socket, SIOCINQ),
        .kernel_unsent = in_kernel(socket, SIOCOUTQ),
        .accepted = socket->listens ? ksi_limit_open(socket->limit) : 0,
        .active = (ks_active_mode)socket->active,
        .active_left = socket->active_left };
    look_at_tcp(socket, &info);
    memcpy(ret_info, &info, size < sizeof info ? size : sizeof info);
    return KS_OK;
}
