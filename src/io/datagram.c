/* SPDX-License-Identifier: Apache-2.0 */
/* datagram.c - datagrams, of UDP and of Unix sockets. See kiosk/udp.h.
 *
 * One is read into memory of the scheduler, and copied out in its own size; so a socket that waits
 * has no buffer. Called from inside the process that owns the socket, but for ksi_datagram_next. */
#include "base/base.h"
#include "io/address.h"
#include "io/bind.h"
#include "io/socket.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PACKET_DEFAULT = 1 << 16, PACKET_MAX = 1 << 20, BUFFER_MAX = 1 << 30, MODE_MAX = 0777 };
enum { SEND_TIMEOUT = 30000, RETRY_MS = 5 };

/* --- opening ---------------------------------------------------------------------------------- */
static bool complete(const ks_udp_options *given, size_t size, ks_udp_options *ret_options)
{
    ks_udp_options options = { 0 };
    if (given) memcpy(&options, given, size < sizeof options ? size : sizeof options);
    if (!options.packet_max) options.packet_max = PACKET_DEFAULT;
    if (!options.send_timeout) options.send_timeout = SEND_TIMEOUT;
    *ret_options = options;
    return options.packet_max <= PACKET_MAX && options.send_timeout > 0 &&
        options.mode <= MODE_MAX && options.kernel_receive_buffer <= BUFFER_MAX &&
        options.kernel_send_buffer <= BUFFER_MAX;
}

static ks_status open_at(struct ksi_io *io, const struct ksi_address *address,
    const ks_udp_options *options, ks_socket *ret_socket)
{
    const struct ksi_binding how = { .type = SOCK_DGRAM,
        .reuse_port = options->reuse_port,
        .replace_stale = options->replace_stale,
        .mode = options->mode,
        .receive_buffer = options->kernel_receive_buffer,
        .send_buffer = options->kernel_send_buffer };
    const struct ksi_socket like = { .datagrams = true,
        .local = address->any.sa_family == AF_UNIX,
        .packet_max = options->packet_max,
        .send_timeout = options->send_timeout };
    int fd;
    ks_status status = ksi_open_bound(address, &how, &fd);
    if (status) return status;
    if (options->broadcast) status = ksi_set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (status) close(fd);
    struct ksi_socket *socket;
    if (!status) status = ksi_socket_new(io, fd, &like, &socket);
    if (!status) *ret_socket = ksi_socket_handle(socket);
    return status;
}

ks_status ks_udp_open_(
    const char *text, const ks_udp_options *given, size_t size, ks_socket *ret_socket)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    if (!io) return KS_DENIED;
    struct ksi_address address;
    ks_udp_options options;
    if (!ksi_address_parse(text, &address) || !complete(given, size, &options)) return KS_BADARG;
    ks_status status = KS_TIMEOUT;
    for (int i = 0; status == KS_TIMEOUT && i < KSI_BIND_TRIES; i++) {
        if (i) ks_sleep(1);
        status = open_at(io, &address, &options, ret_socket);
    }
    return status == KS_TIMEOUT ? -EBUSY : status;
}

/* NULL: *ret_status says why. */
static struct ksi_socket *begin(struct ksi_io *io, ks_socket handle, ks_status *ret_status)
{
    struct ksi_socket *socket = ksi_socket_mine(io, handle);
    *ret_status = !socket ? -EBADF : socket->datagrams ? KS_OK : -EPROTOTYPE;
    return *ret_status ? NULL : socket;
}

ks_status ks_udp_connect(ks_socket handle, const ks_address *peer)
{
    KSI_ENTER(s);
    ks_status status;
    struct ksi_socket *socket = begin(ksi_io_of(s), handle, &status);
    if (!socket) return status;
    struct ksi_address address = { .any.sa_family = AF_UNSPEC, .size = sizeof address.any };
    if (peer && !ksi_address_unpack(peer, &address)) return KS_BADARG;
    if (connect(socket->fd, &address.any, address.size)) return -errno;
    socket->connected = peer != NULL;
    return KS_OK;
}

/* --- sending ---------------------------------------------------------------------------------- */
/* KS_TIMEOUT: there is no room now. */
static ks_status send_one(struct ksi_socket *socket, const struct ksi_address *to, ks_text bytes)
{
    ssize_t sent;
    do
        sent = sendto(socket->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT,
            to ? &to->any : NULL, to ? to->size : 0);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) return errno == EAGAIN ? KS_TIMEOUT : -errno;
    socket->sent += (uint64_t)sent;
    return KS_OK;
}

/* The queue that is full may be that of a Unix peer: an event for ours comes at once, and in vain,
 * with each attempt. */
static ks_status wait_for_room(
    struct ksi_io *io, struct ksi_socket *socket, struct ksi_patience *patience)
{
    if (!socket->local || socket->connected)
        return ksi_socket_wait(io, socket, KS_WRITABLE, patience);
    ks_ms left = ksi_patience_left(io->scheduler, patience);
    if (left <= 0) return KS_TIMEOUT;
    struct ksi_patience pause = { .timeout = left < RETRY_MS ? left : RETRY_MS };
    ks_status status = ksi_socket_wait(io, socket, 0, &pause);
    return status == KS_TIMEOUT ? KS_OK : status;
}

ks_status ks_udp_send(ks_socket handle, const ks_address *to, ks_text bytes)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    ks_status status;
    struct ksi_socket *socket = begin(io, handle, &status);
    if (!socket) return status;
    struct ksi_address address;
    if (to && !ksi_address_unpack(to, &address)) return -EDESTADDRREQ;
    ksi_io_be_fair(io);
    struct ksi_patience patience = { .timeout = socket->send_timeout };
    while ((status = send_one(socket, to ? &address : NULL, bytes)) == KS_TIMEOUT) {
        status = wait_for_room(io, socket, &patience);
        if (status) return status;
    }
    return status;
}

/* --- receiving -------------------------------------------------------------------------------- */
ks_status ksi_datagram_next(struct ksi_io *io, struct ksi_socket *socket, ks_datagram *ret_datagram)
{
    if (socket->deaf) return KS_CLOSED;
    if (!socket->readable) return KS_TIMEOUT;
    char *scratch = ksi_io_scratch(io, socket->packet_max);
    if (!scratch) return KS_NOMEM;
    struct ksi_address from = { .size = 0 };
    struct iovec piece = { scratch, socket->packet_max };
    struct msghdr header = {
        .msg_name = &from.any, .msg_namelen = KSI_ADDRESS_SIZE, .msg_iov = &piece, .msg_iovlen = 1
    };
    ssize_t got;
    do got = recvmsg(socket->fd, &header, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        socket->readable = false;
        return KS_TIMEOUT;
    }
    if (got < 0) return -errno;
    socket->received += (uint64_t)got;
    from.size = header.msg_namelen;
    *ret_datagram = (ks_datagram){ .socket = ksi_socket_handle(socket),
        .bytes = { scratch, (size_t)got },
        .from = ksi_address_pack(&from),
        .truncated = header.msg_flags & MSG_TRUNC };
    return KS_OK;
}

static ks_status receive(struct ksi_io *io, struct ksi_socket *socket,
    struct ksi_patience *patience, ks_datagram *ret_datagram)
{
    ks_status status;
    if (patience->timeout <= 0)
        socket->readable = true; /* an event may be there, not yet fetched */
    while ((status = ksi_datagram_next(io, socket, ret_datagram)) == KS_TIMEOUT) {
        status = ksi_socket_wait(io, socket, KS_READABLE, patience);
        if (status) return status;
    }
    return status;
}

ks_status ks_udp_receive(ks_socket handle, ks_ms timeout, ks_datagram *ret_datagram)
{
    KSI_ENTER(s);
    struct ksi_io *io = ksi_io_of(s);
    struct ksi_patience patience = { .timeout = timeout };
    ks_status status;
    struct ksi_socket *socket = begin(io, handle, &status);
    if (!socket) return status;
    if (socket->active) return -EINVAL;
    ksi_io_be_fair(io);
    ksi_bytes_drop(&s->pool, &socket->in); /* what was lent */
    ks_datagram datagram = { .socket = handle };
    status = receive(io, socket, &patience, &datagram);
    if (!status) status = ksi_bytes_append(&s->pool, &socket->in, datagram.bytes);
    if (status) return status;
    datagram.bytes = ksi_bytes_take(&socket->in, (uint32_t)datagram.bytes.len, 0);
    *ret_datagram = datagram;
    return KS_OK;
}

/* --- groups ----------------------------------------------------------------------------------- */
static ks_status set_v4(
    struct ksi_socket *socket, const struct ksi_address *group, const ks_address *on, bool joins)
{
    struct ip_mreq request = { .imr_multiaddr = group->v4.sin_addr };
    struct ksi_address interface;
    if (on && (!ksi_address_unpack(on, &interface) || interface.any.sa_family != AF_INET))
        return KS_BADARG;
    if (on) request.imr_interface = interface.v4.sin_addr;
    int name = joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
    return setsockopt(socket->fd, IPPROTO_IP, name, &request, sizeof request) ? -errno : KS_OK;
}

static ks_status set_v6(struct ksi_socket *socket, const struct ksi_address *group, bool joins)
{
    struct ipv6_mreq request = { .ipv6mr_multiaddr = group->v6.sin6_addr,
        .ipv6mr_interface = group->v6.sin6_scope_id };
    int name = joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    return setsockopt(socket->fd, IPPROTO_IPV6, name, &request, sizeof request) ? -errno : KS_OK;
}

static ks_status set_group(struct ksi_scheduler *s, ks_socket handle, const ks_address *group,
    const ks_address *on, bool joins)
{
    ks_status status;
    struct ksi_socket *socket = begin(ksi_io_of(s), handle, &status);
    struct ksi_address address;
    if (!socket) return status;
    if (!ksi_address_unpack(group, &address)) return KS_BADARG;
    if (address.any.sa_family == AF_INET) return set_v4(socket, &address, on, joins);
    return address.any.sa_family == AF_INET6 ? set_v6(socket, &address, joins) : KS_BADARG;
}

ks_status ks_udp_join(ks_socket handle, const ks_address *group, const ks_address *on)
{
    KSI_ENTER(s);
    return set_group(s, handle, group, on, true);
}

ks_status ks_udp_leave(ks_socket handle, const ks_address *group, const ks_address *on)
{
    KSI_ENTER(s);
    return set_group(s, handle, group, on, false);
}
