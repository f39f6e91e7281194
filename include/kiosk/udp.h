/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/udp.h - datagrams: UDP, and those of Unix sockets. The process waits, the thread does not.
 *
 * A datagram arrives whole, once, or not at all; what nobody reads in time the kernel drops. In a
 * handler no call waits longer than the request being handled may take: it gives KS_DEADLINE.
 *
 *     KS_INFO(pings, datagram, ks_datagram);
 *     static ks_next pings_handle_datagram(pings *self, const ks_datagram *d)
 *     {
 *         (void)ks_udp_send(d->socket, &d->from, ks_lit("pong"));
 *         return ks_noreply();
 *     } */
#ifndef KIOSK_UDP_H
#define KIOSK_UDP_H
#include "socket.h"

typedef struct ks_udp_options { /* NULL or zero: the default */
    uint32_t packet_max;        /* bytes of a datagram: a longer one is cut; 64 KiB */
    ks_ms send_timeout;         /* how long ks_udp_send waits for room in the kernel; 30 s */
    bool reuse_port;
    bool broadcast;                 /* may be sent */
    bool replace_stale;             /* Unix: see ks_tcp_options */
    uint32_t mode;                  /* Unix: see ks_tcp_options */
    uint32_t kernel_receive_buffer; /* bytes: what waits there to be read; 0: the kernel decides */
    uint32_t kernel_send_buffer;
} ks_udp_options;

/* From text's address, as in socket.h: "0.0.0.0:0" or "[::]:0" to ask others. A Unix socket that is
 * to be answered needs a name: "unix:@" will do. KS_BADARG (not an address), -EADDRINUSE and other
 * -errno. */
static inline ks_status ks_udp_open(
    const char *address, const ks_udp_options *options, ks_socket *ret_socket) KS_MUST_USE;
/* From now on only that peer is heard, and ks_udp_send may leave out the address. That nobody is
 * there is an error of a later call: -ECONNREFUSED, once. NULL: everybody again. */
KS_API ks_status ks_udp_connect(ks_socket socket, const ks_address *peer) KS_MUST_USE;
/* KS_OK: the kernel has it, no more is said. to NULL: the connected peer. Blocks only while the
 * kernel has no room, or the queue of a Unix peer is full: KS_TIMEOUT after send_timeout, nothing
 * was sent. -EMSGSIZE: too long for a datagram; -EDESTADDRREQ, -ECONNREFUSED (see above) and other
 * -errno. */
KS_API ks_status ks_udp_send(ks_socket socket, const ks_address *to, ks_text bytes) KS_MUST_USE;

/* Also a message, of an active socket: see ks_set_active. */
typedef struct ks_datagram {
    ks_socket socket;
    ks_text bytes;
    ks_address from; /* of a Unix peer without a name: one that cannot be answered */
    bool truncated;  /* it was longer than packet_max */
} ks_datagram;
KS_DECLARE_TYPE(ks_datagram);
/* The bytes are borrowed until the next ks_udp_receive of this socket. KS_TIMEOUT; -ECONNREFUSED
 * and other -errno, once: the socket stays usable; KS_CLOSED: after ks_shutdown_read. */
KS_API ks_status ks_udp_receive(
    ks_socket socket, ks_ms timeout, ks_datagram *ret_datagram) KS_MUST_USE;
/* What an active socket says in place of such a status; it stays active, and counted. */
typedef struct ks_socket_error {
    ks_socket socket;
    ks_status status;
} ks_socket_error;
KS_DECLARE_TYPE(ks_socket_error);

/* Hears what is sent to a group from now on: "224.0.0.251:0", "[ff02::fb%eth0]:0"; the port does
 * not matter. An IPv4 group is joined on the interface that has the address `on`, NULL: the
 * kernel's choice. */
KS_API ks_status ks_udp_join(
    ks_socket socket, const ks_address *group, const ks_address *on) KS_MUST_USE;
KS_API ks_status ks_udp_leave(ks_socket socket, const ks_address *group, const ks_address *on);

KS_API ks_status ks_udp_open_(
    const char *address, const ks_udp_options *options, size_t size, ks_socket *ret_socket);
static inline ks_status ks_udp_open(
    const char *address, const ks_udp_options *options, ks_socket *ret_socket)
{
    return ks_udp_open_(address, options, sizeof *options, ret_socket);
}
#endif
