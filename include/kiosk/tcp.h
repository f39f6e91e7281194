/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/tcp.h - streams: TCP, and those of Unix sockets. They look blocking: the process waits, the
 * thread does not. What all sockets have is in socket.h.
 *
 * In a handler no call waits longer than the request being handled may take: it gives KS_DEADLINE,
 * and the socket stays as it is. */
#ifndef KIOSK_TCP_H
#define KIOSK_TCP_H
#include "socket.h"

/* What ks_read_packet gives, and an active socket sends as ks_received. Headers count what follows,
 * the highest byte first; neither they nor the ends of lines are in a packet. */
typedef enum ks_packet {
    KS_PACKET_RAW,  /* whatever is there, at least a byte */
    KS_PACKET_LINE, /* up to CR LF or LF */
    KS_PACKET_1,    /* behind a header of one byte */
    KS_PACKET_2,
    KS_PACKET_4
} ks_packet;

typedef struct ks_tcp_options { /* NULL or zero: the default */
    uint32_t packet_max;     /* bytes: a longer line, or a fuller buffer, gives -EMSGSIZE; 64 KiB */
    uint32_t high_watermark; /* bytes that are not sent yet: above it a writer waits; 64 KiB ... */
    uint32_t low_watermark;  /* ... until no more than so many are left; half of high_watermark */
    /* A call that writes and waits longer gets KS_TIMEOUT, and the socket is closed, since the peer
     * has half of it; 30 s. */
    ks_ms send_timeout;
    ks_packet packet;
    int backlog; /* 1024 */
    bool delay;  /* Nagle's algorithm; off by default */
    bool keepalive;
    bool reuse_port;
    /* Listening at "unix:/...": a socket that somebody left there is taken away. One that anybody
     * listens at, or another kind of file, never is: -EADDRINUSE. */
    bool replace_stale;
    uint32_t mode; /* of that file: 0600; less what the umask takes; 0: 0777 */
    uint32_t
        connections_max; /* accepted and open at a time: above it ks_tcp_accept waits; no limit */
    uint32_t kernel_receive_buffer; /* bytes; 0: the kernel decides, which is best for TCP */
    uint32_t kernel_send_buffer;
    const char *local; /* connecting: from this address; NULL: the kernel decides */
} ks_tcp_options;

/* Addresses as in socket.h: "127.0.0.1:6380", ":6380", "unix:/run/app.sock".
 * KS_BADARG (not an address), -EADDRINUSE and other -errno. Options are inherited by what is
 * accepted. The size of the options goes along, so that a newer library accepts those of older
 * programs. */
static inline ks_status ks_tcp_listen(
    const char *address, const ks_tcp_options *options, ks_socket *ret_listener) KS_MUST_USE;
/* Blocks for at most timeout ms. KS_DRAINING: the program ends, close the listener
 * (drain.h). KS_TIMEOUT, -EMFILE and other -errno: it stays usable. */
KS_API ks_status ks_tcp_accept(
    ks_socket listener, ks_ms timeout, ks_socket *ret_socket) KS_MUST_USE;
/* Blocks for at most timeout ms: KS_TIMEOUT, -ECONNREFUSED and other -errno. */
static inline ks_status ks_tcp_connect(const char *address, const ks_tcp_options *options,
    ks_ms timeout, ks_socket *ret_socket) KS_MUST_USE;

/* --- reading: KS_CLOSED when the peer ended the stream, KS_TIMEOUT, -errno; KS_DRAINING, once, to
 * who traps that (drain.h) --------------------------------------------------------------------- */
/* Whatever is there, at least a byte; borrowed until the next read of this socket, or until it is
 * active. */
KS_API ks_status ks_read(ks_socket socket, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
/* Without CR LF or LF. */
KS_API ks_status ks_read_line(ks_socket socket, ks_ms timeout, ks_text *ret_line) KS_MUST_USE;
KS_API ks_status ks_read_exactly(
    ks_socket socket, size_t size, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
/* The next one, by the option `packet`. -EMSGSIZE: it has more than packet_max bytes. */
KS_API ks_status ks_read_packet(ks_socket socket, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
/* For parsers: all that is received and not yet consumed; waits until there are more than have
 * bytes. Borrowed until the next read of this socket. -EMSGSIZE: packet_max bytes are there. */
KS_API ks_status ks_peek(
    ks_socket socket, size_t have, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
KS_API void ks_consume(ks_socket socket, size_t size);

/* --- writing: blocks above high_watermark only ------------------------------------------------ */
/* What is written leaves when the process blocks or its handler returns, so small writes travel
 * together. KS_OK: taken, whole; KS_CLOSED, KS_TIMEOUT (closed by send_timeout), KS_NOMEM,
 * -errno. */
KS_API ks_status ks_write(ks_socket socket, ks_text bytes) KS_MUST_USE;
KS_API ks_status ks_writef(ks_socket socket, const char *format, ...) KS_PRINTF(2, 3) KS_MUST_USE;
/* With the header that the option `packet` asks for. -EMSGSIZE: it cannot count so many. */
KS_API ks_status ks_write_packet(ks_socket socket, ks_text bytes) KS_MUST_USE;
/* Never blocks: whole, or nothing. KS_FULL: high_watermark would be passed, and when no more than
 * low_watermark bytes are left one ks_socket_writable comes. -EMSGSIZE: more than high_watermark
 * bytes at once. For whoever serves many, of whom one may be slow. */
KS_API ks_status ks_write_now(ks_socket socket, ks_text bytes) KS_MUST_USE;
/* Blocks until the kernel has taken everything. */
KS_API ks_status ks_flush(ks_socket socket) KS_MUST_USE;

KS_API ks_status ks_tcp_listen_(
    const char *address, const ks_tcp_options *options, size_t size, ks_socket *ret_listener);
KS_API ks_status ks_tcp_connect_(const char *address, const ks_tcp_options *options, size_t size,
    ks_ms timeout, ks_socket *ret_socket);
static inline ks_status ks_tcp_listen(
    const char *address, const ks_tcp_options *options, ks_socket *ret_listener)
{
    return ks_tcp_listen_(address, options, sizeof *options, ret_listener);
}
static inline ks_status ks_tcp_connect(
    const char *address, const ks_tcp_options *options, ks_ms timeout, ks_socket *ret_socket)
{
    return ks_tcp_connect_(address, options, sizeof *options, timeout, ret_socket);
}
#endif
