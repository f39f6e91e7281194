/* SPDX-License-Identifier: Apache-2.0 */
/* option.c - options of an open socket. See kiosk/socket.h. */
#include "io/bind.h"
#include "io/socket.h"
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <string.h>

enum { BUFFER_MAX = 1 << 30, DATAGRAM_MAX = 1 << 20, MS_PER_S = 1000 };

/* --- the kernel's ----------------------------------------------------------------------------- */
enum unit { SWITCH, NUMBER, SECONDS, LINGER };
struct row {
    int level, name;
    enum unit unit;
    bool fixed; /* said when the socket is opened */
};
static const struct row rows[] = {
    [KS_SOCKET_NODELAY] = { IPPROTO_TCP, TCP_NODELAY, SWITCH, false },
    [KS_SOCKET_KEEPALIVE] = { SOL_SOCKET, SO_KEEPALIVE, SWITCH, false },
    [KS_SOCKET_KEEPALIVE_IDLE] = { IPPROTO_TCP, TCP_KEEPIDLE, SECONDS, false },
    [KS_SOCKET_KEEPALIVE_INTERVAL] = { IPPROTO_TCP, TCP_KEEPINTVL, SECONDS, false },
    [KS_SOCKET_KEEPALIVE_COUNT] = { IPPROTO_TCP, TCP_KEEPCNT, NUMBER, false },
    [KS_SOCKET_USER_TIMEOUT] = { IPPROTO_TCP, TCP_USER_TIMEOUT, NUMBER, false },
    [KS_SOCKET_LINGER] = { SOL_SOCKET, SO_LINGER, LINGER, false },
    [KS_SOCKET_RECEIVE_BUFFER] = { SOL_SOCKET, SO_RCVBUF, NUMBER, false },
    [KS_SOCKET_SEND_BUFFER] = { SOL_SOCKET, SO_SNDBUF, NUMBER, false },
    [KS_SOCKET_REUSE_ADDRESS] = { SOL_SOCKET, SO_REUSEADDR, SWITCH, true },
    [KS_SOCKET_REUSE_PORT] = { SOL_SOCKET, SO_REUSEPORT, SWITCH, true },
    [KS_SOCKET_V6ONLY] = { IPPROTO_IPV6, IPV6_V6ONLY, SWITCH, true },
    [KS_SOCKET_BROADCAST] = { SOL_SOCKET, SO_BROADCAST, SWITCH, false },
    [KS_SOCKET_HOP_LIMIT] = { IPPROTO_IP, IP_TTL, NUMBER, false },
    [KS_SOCKET_PRIORITY] = { SOL_SOCKET, SO_PRIORITY, NUMBER, false },
};
#define IS_OURS(option) ((size_t)(option) >= sizeof rows / sizeof rows[0])

/* The hop limit has a name for each family. */
static struct row row_of(const struct ksi_socket *socket, ks_socket_option option)
{
    struct row row = rows[option];
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    if (option != KS_SOCKET_HOP_LIMIT) return row;
    if (getsockname(socket->fd, (struct sockaddr *)&own, &size) || own.ss_family != AF_INET6)
        return row;
    row.level = IPPROTO_IPV6;
    row.name = IPV6_UNICAST_HOPS;
    return row;
}

static ks_status set_linger(int fd, int64_t value)
{
    struct linger linger = { .l_onoff = value == 0 };
    if (value != 0 && value != -1) return -EINVAL;
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) ? -errno : KS_OK;
}

static ks_status set_row(const struct ksi_socket *socket, const struct row *row, int64_t value)
{
    if (row->fixed) return -EINVAL;
    if (row->unit == LINGER) return set_linger(socket->fd, value);
    if (value < 0 || value > INT_MAX || (row->unit == SWITCH && value > 1)) return KS_BADARG;
    if (row->unit == SECONDS) value = (value + MS_PER_S - 1) / MS_PER_S;
    return ksi_set_option(socket->fd, row->level, row->name, (int)value);
}

static ks_status get_row(const struct ksi_socket *socket, const struct row *row, int64_t *ret_value)
{
    union {
        int value;
        struct linger linger;
    } found = { 0 };
    socklen_t size = row->unit == LINGER ? sizeof found.linger : sizeof found.value;
    if (getsockopt(socket->fd, row->level, row->name, &found, &size)) return -errno;
    switch (row->unit) {
    case SWITCH: *ret_value = found.value != 0; break;
    case NUMBER: *ret_value = found.value; break;
    case SECONDS: *ret_value = (int64_t)found.value * MS_PER_S; break;
    case LINGER: *ret_value = found.linger.l_onoff ? 0 : -1; break;
    }
    return KS_OK;
}

/* --- ours ------------------------------------------------------------------------------------- */
static ks_status set_packet(struct ksi_socket *socket, int64_t value)
{
    if (value < 0 || value > KS_PACKET_4) return KS_BADARG;
    if (socket->datagrams) return -EOPNOTSUPP;
    socket->packet = (uint8_t)value;
    if (socket->active) ksi_active_ask(ksi_this_scheduler->io, socket);
    return KS_OK;
}

static ks_status set_packet_max(struct ksi_socket *socket, int64_t value)
{
    if (value < 1 || value > (socket->datagrams ? DATAGRAM_MAX : BUFFER_MAX)) return KS_BADARG;
    if (value < ksi_bytes_count(&socket->in)) return -EBUSY;
    socket->packet_max = (uint32_t)value;
    return KS_OK;
}

static ks_status set_watermarks(struct ksi_socket *socket, int64_t low, int64_t high)
{
    if (socket->datagrams) return -EOPNOTSUPP;
    if (low < 0 || high > BUFFER_MAX || low >= high) return KS_BADARG;
    socket->low_watermark = (uint32_t)low;
    socket->high_watermark = (uint32_t)high;
    return KS_OK;
}

static ks_status set_send_timeout(struct ksi_socket *socket, int64_t value)
{
    if (value < 1) return KS_BADARG;
    socket->send_timeout = value;
    return KS_OK;
}

static ks_status set_own(struct ksi_socket *socket, ks_socket_option option, int64_t value)
{
    switch (option) {
    case KS_SOCKET_PACKET: return set_packet(socket, value);
    case KS_SOCKET_PACKET_MAX: return set_packet_max(socket, value);
    case KS_SOCKET_HIGH_WATERMARK: return set_watermarks(socket, socket->low_watermark, value);
    case KS_SOCKET_LOW_WATERMARK: return set_watermarks(socket, value, socket->high_watermark);
    case KS_SOCKET_SEND_TIMEOUT: return set_send_timeout(socket, value);
    default: return KS_BADARG;
    }
}

static ks_status get_own(
    const struct ksi_socket *socket, ks_socket_option option, int64_t *ret_value)
{
    bool of_streams = option != KS_SOCKET_PACKET_MAX && option != KS_SOCKET_SEND_TIMEOUT;
    if (socket->datagrams && of_streams) return -EOPNOTSUPP;
    switch (option) {
    case KS_SOCKET_PACKET: *ret_value = socket->packet; break;
    case KS_SOCKET_PACKET_MAX: *ret_value = socket->packet_max; break;
    case KS_SOCKET_HIGH_WATERMARK: *ret_value = socket->high_watermark; break;
    case KS_SOCKET_LOW_WATERMARK: *ret_value = socket->low_watermark; break;
    case KS_SOCKET_SEND_TIMEOUT: *ret_value = socket->send_timeout; break;
    default: return KS_BADARG;
    }
    return KS_OK;
}

/* --- the calls -------------------------------------------------------------------------------- */
ks_status ks_socket_set(ks_socket handle, ks_socket_option option, int64_t value)
{
    KSI_ENTER(s);
    struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(s), handle);
    if (!socket) return -EBADF;
    if (IS_OURS(option)) return set_own(socket, option, value);
    struct row row = row_of(socket, option);
    return set_row(socket, &row, value);
}

ks_status ks_socket_get(ks_socket handle, ks_socket_option option, int64_t *ret_value)
{
    KSI_ENTER(s);
    const struct ksi_socket *socket = ksi_socket_mine(ksi_io_of(s), handle);
    if (!socket) return -EBADF;
    if (IS_OURS(option)) return get_own(socket, option, ret_value);
    struct row row = row_of(socket, option);
    return get_row(socket, &row, ret_value);
}
