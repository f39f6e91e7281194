/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/socket.h - what streams, listeners (tcp.h) and datagram sockets (udp.h) have in common.
 *
 * A socket belongs to one process and is closed when that process ends. Sending it in a message or
 * in start arguments moves it, with what was already received; if nobody takes it, it is closed.
 * A socket of somebody else, or a closed one, is answered with -EBADF.
 *
 * What a peer sends is held in bounded memory: in the socket at most packet_max bytes, and as much
 * again in the mailbox of its owner, when it is active. Then the kernel's buffers fill up, and the
 * peer of a stream waits. */
#ifndef KIOSK_SOCKET_H
#define KIOSK_SOCKET_H
#include "process.h"

/* --- addresses: numeric only ------------------------------------------------------------------ */
/* "127.0.0.1:6380", "[::1]:80", "[fe80::1%eth0]:80"; ":6380": every address of this machine, say so
 * on purpose; "unix:/run/app.sock" and "unix:@name" (Linux's abstract names, which are no files):
 * this machine only. Port 0, and "unix:@", is one that the kernel chooses.
 * A plain value: keep it, compare it, put it into messages. Zero is none. */
typedef struct ks_address {
    uint8_t size;       /* bytes that count */
    uint8_t bytes[111]; /* a struct sockaddr; the rest is 0 */
} ks_address;
KS_DECLARE_TYPE(ks_address);
enum { KS_ADDRESS_TEXT_MAX = 128 }; /* bytes that are always enough for an address as a text */
/* KS_OK, KS_BADARG. Any thread, as the next three. */
KS_API ks_status ks_address_parse(const char *text, ks_address *ret_address) KS_MUST_USE;
/* As ks_address_parse reads it, but that an IPv4 address in IPv6 form is shown as what it is, and
 * odd bytes of a name as '?'. "unix:" is one without a name, "none" the zero one; cut to size;
 * returns buffer. */
KS_API const char *ks_address_text(const ks_address *address, char *buffer, size_t size);
KS_API bool ks_same_address(const ks_address *a, const ks_address *b);
/* Of an IP address; 0: of another one. */
KS_API uint16_t ks_address_port(const ks_address *address);
/* -ENOTCONN: it has no peer. */
KS_API ks_status ks_peer_address(ks_socket socket, ks_address *ret_address) KS_MUST_USE;
KS_API ks_status ks_local_address(ks_socket socket, ks_address *ret_address) KS_MUST_USE;
/* The same as a text; -ENOSPC: the buffer is too small. */
KS_API ks_status ks_peer_name(ks_socket socket, char *buffer, size_t size);
KS_API ks_status ks_local_name(ks_socket socket, char *buffer, size_t size);
typedef struct ks_credentials {
    int32_t pid;
    uint32_t user, group;
} ks_credentials;
/* Who connected, or listened: as the kernel knows it, at that moment. Unix streams only:
 * -EOPNOTSUPP. */
KS_API ks_status ks_peer_credentials(ks_socket socket, ks_credentials *ret_credentials) KS_MUST_USE;

/* --- the end ---------------------------------------------------------------------------------- */
/* Sends what was written, as far as the kernel takes it. No message of the socket comes any more.
 * The path of a Unix socket stays. */
KS_API void ks_close(ks_socket socket);
/* Half of it. The peer reads the end of the stream behind what was written; reading goes on. */
KS_API ks_status ks_shutdown_write(ks_socket socket);
/* Reading gives KS_CLOSED from now on, whatever the peer sends; writing goes on. */
KS_API ks_status ks_shutdown_read(ks_socket socket);

/* --- active sockets: what is received comes as messages --------------------------------------- */
/* A socket is passive at first: ks_read and its kin fetch. An active one sends its owner a message
 * for each packet (tcp.h says what that is; ks_datagram in udp.h), and reading is -EINVAL.
 *     KS_ACTIVE_ONCE  one message, then it is passive again: each is asked for, and a peer is read
 *                     no faster than it is served
 *     KS_ACTIVE       without end; while packet_max bytes of it wait in the mailbox of its owner,
 *                     nothing more is read
 * In a server: KS_INFO(session, received, ks_received). The messages are exempt from the mailbox
 * limit. Of all that is received and no message yet, nothing is lost when the mode changes.
 * KS_OK; -ENOTCONN: a listener. */
typedef enum ks_active_mode {
    KS_PASSIVE,
    KS_ACTIVE,
    KS_ACTIVE_ONCE,
    KS_ACTIVE_COUNTED
} ks_active_mode;
KS_API ks_status ks_set_active(ks_socket socket, ks_active_mode mode);
/* {active, N}: allows count messages more, of those that ks_received and ks_datagram are; when none
 * is left the socket is passive, and says so by a ks_socket_passive. A negative count takes some
 * back. One that is not counted begins with 0. -EINVAL: more than 32767, or less. */
KS_API ks_status ks_set_active_count(ks_socket socket, int count);

typedef struct ks_received { /* from a stream */
    ks_socket socket;
    ks_text bytes;
} ks_received;
typedef struct ks_socket_passive {
    ks_socket socket;
} ks_socket_passive;
/* Nothing more can be read. KS_CLOSED: the peer ended the stream; -EMSGSIZE: a packet of more than
 * packet_max bytes; other -errno. The socket is passive then; it can still be written to, and stays
 * until ks_close. */
typedef struct ks_socket_closed {
    ks_socket socket;
    ks_status status;
} ks_socket_closed;
/* There is room again: see ks_write_now. */
typedef struct ks_socket_writable {
    ks_socket socket;
} ks_socket_writable;
/* In these messages `socket` names the receiver's own; sent on, they do not move it. */
KS_DECLARE_TYPE(ks_received);
KS_DECLARE_TYPE(ks_socket_passive);
KS_DECLARE_TYPE(ks_socket_closed);
KS_DECLARE_TYPE(ks_socket_writable);

/* Gives a socket away: its new owner gets it by a message of type ks_socket, and in the same mode.
 * Messages that it has sent and nobody has taken go along, and come after that one; so do those of
 * a socket that moves in another way. KS_OK; KS_NOPROC, KS_NOMEM: it stays the caller's. One whose
 * receiver ends before it has taken it is closed. */
KS_API ks_status ks_controlling_process(ks_socket socket, ks_pid to) KS_MUST_USE;

/* --- options of an open socket ---------------------------------------------------------------- */
/* Sizes are bytes, times ms (the kernel counts some in whole seconds: rounded up), switches 0 or 1.
 * Of the kernel: */
typedef enum ks_socket_option {
    KS_SOCKET_NODELAY,            /* no Nagle's algorithm; TCP */
    KS_SOCKET_KEEPALIVE,          /* ask a silent peer whether it is there; TCP */
    KS_SOCKET_KEEPALIVE_IDLE,     /* ... after so long */
    KS_SOCKET_KEEPALIVE_INTERVAL, /* ... again and again */
    KS_SOCKET_KEEPALIVE_COUNT,    /* ... so often */
    KS_SOCKET_USER_TIMEOUT, /* how long what was sent may go unacknowledged; 0: as it is; TCP */
    /* -1: a close goes on in the background; 0: it resets the connection, and what was not sent is
     * lost. Others are refused: a close never blocks, ks_flush does. */
    KS_SOCKET_LINGER,
    KS_SOCKET_RECEIVE_BUFFER, /* the kernel's: it gives twice what it is told */
    KS_SOCKET_SEND_BUFFER,
    KS_SOCKET_REUSE_ADDRESS, /* to be read: said when it is opened */
    KS_SOCKET_REUSE_PORT,
    KS_SOCKET_V6ONLY,    /* to be read: an address that begins with "[" is, ":80" is not */
    KS_SOCKET_BROADCAST, /* datagrams */
    KS_SOCKET_HOP_LIMIT, /* IP: ttl */
    KS_SOCKET_PRIORITY,
    /* The library's own: see ks_tcp_options. */
    KS_SOCKET_PACKET,
    KS_SOCKET_PACKET_MAX,
    KS_SOCKET_HIGH_WATERMARK,
    KS_SOCKET_LOW_WATERMARK,
    KS_SOCKET_SEND_TIMEOUT
} ks_socket_option;
/* KS_OK; KS_BADARG, -EINVAL: not such a value; -EOPNOTSUPP, -ENOPROTOOPT: not of such a socket. */
KS_API ks_status ks_socket_set(ks_socket socket, ks_socket_option option, int64_t value);
KS_API ks_status ks_socket_get(
    ks_socket socket, ks_socket_option option, int64_t *ret_value) KS_MUST_USE;

/* --- a look at what is queued ----------------------------------------------------------------- */
typedef struct ks_socket_info {
    uint64_t received, sent;  /* bytes so far, from the kernel and to it */
    size_t unread;            /* bytes that were received and are no message and not read yet */
    size_t in_mailbox;        /* bytes of its messages that the owner has not taken, roughly */
    size_t unsent;            /* bytes that were written and the kernel has not taken */
    size_t kernel_unread;     /* bytes, of a datagram socket those of the next one */
    size_t kernel_unsent;     /* bytes that the peer has not acknowledged */
    uint32_t accepted;        /* listener with connections_max: open ones; else 0 */
    uint32_t waiting;         /* listener of TCP: connections to be accepted */
    uint32_t rtt_us;          /* TCP */
    uint32_t retransmissions; /* TCP: segments so far */
    ks_active_mode active;
    int32_t active_left; /* messages, of KS_ACTIVE_COUNTED */
} ks_socket_info;
static inline ks_status ks_socket_look(ks_socket socket, ks_socket_info *ret_info) KS_MUST_USE;

KS_API ks_status ks_socket_look_(ks_socket socket, ks_socket_info *ret_info, size_t size);
static inline ks_status ks_socket_look(ks_socket socket, ks_socket_info *ret_info)
{
    return ks_socket_look_(socket, ret_info, sizeof *ret_info);
}
#endif
