/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/tcp.h - TCP that looks blocking. The process waits, the thread does not.
 *
 * A socket belongs to one process and is closed when that process ends. Sending it in a message or
 * in start arguments moves it, with what was already received; if nobody takes it, it is closed.
 * A socket of somebody else, or a closed one, is answered with -EBADF.
 * In a handler no call waits longer than the request being handled may take: it gives KS_DEADLINE,
 * and the socket stays as it is. */
#ifndef KIOSK_TCP_H
#define KIOSK_TCP_H
#include "process.h"

typedef struct ks_tcp_options { /* NULL or zero: the default */
    uint32_t packet_max;  /* bytes: a longer line, or a fuller buffer, gives -EMSGSIZE; 64 KiB */
    uint32_t send_buffer; /* bytes: high-water mark, above it a writer waits; 64 KiB */
    /* A call that writes and waits longer gets KS_TIMEOUT, and the socket is closed; 30 s. */
    ks_ms send_timeout;
    int backlog; /* 1024 */
    bool delay;  /* Nagle's algorithm; off by default */
    bool reuse_port;
} ks_tcp_options;

/* Addresses are numeric: "127.0.0.1:6380", ":6380" (every address: say so on purpose), "[::1]:80".
 * KS_BADARG (not an address), -EADDRINUSE and other -errno. Options are inherited by what is
 * accepted. The size of the options goes along, so that a newer library accepts those of older
 * programs. */
static inline ks_status ks_tcp_listen(
    const char *address, const ks_tcp_options *options, ks_socket *ret_listener) KS_MUST_USE;
/* Blocks for at most timeout ms. KS_DRAINING: the program ends, close the listener
 * (drain.h). KS_TIMEOUT, -EMFILE and other -errno: it stays usable. */
KS_API ks_status ks_tcp_accept(
    ks_socket listener, ks_ms timeout, ks_socket *ret_socket) KS_MUST_USE;
static inline ks_status ks_tcp_connect(const char *address, const ks_tcp_options *options,
    ks_ms timeout, ks_socket *ret_socket) KS_MUST_USE;
KS_API void ks_close(ks_socket socket); /* sends what was written, as far as the kernel takes it */
/* The peer reads the end of the stream behind what was written; reading goes on. */
KS_API ks_status ks_shutdown_write(ks_socket socket);
/* "127.0.0.1:40312", "[::1]:80"; -ENOSPC: the buffer is too small (64 bytes are enough). */
KS_API ks_status ks_peer_name(ks_socket socket, char *buffer, size_t size);
KS_API ks_status ks_local_name(ks_socket socket, char *buffer, size_t size);

/* --- reading: KS_CLOSED when the peer ended the stream, KS_TIMEOUT, -errno; KS_DRAINING, once, to
 * who traps that (drain.h) --------------------------------------------------------------------- */
/* Whatever is there, at least a byte; borrowed until the next read of this socket. */
KS_API ks_status ks_read(ks_socket socket, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
/* Without CR LF or LF. */
KS_API ks_status ks_read_line(ks_socket socket, ks_ms timeout, ks_text *ret_line) KS_MUST_USE;
KS_API ks_status ks_read_exactly(
    ks_socket socket, size_t size, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
/* For parsers: all that is received and not yet consumed; waits until there are more than have
 * bytes. Borrowed until the next read of this socket. -EMSGSIZE: packet_max bytes are there. */
KS_API ks_status ks_peek(
    ks_socket socket, size_t have, ks_ms timeout, ks_text *ret_bytes) KS_MUST_USE;
KS_API void ks_consume(ks_socket socket, size_t size);

/* --- writing: blocks above the high-water mark only ------------------------------------------- */
/* What is written leaves when the process blocks or its handler returns, so small writes travel
 * together. KS_OK: taken, whole; KS_CLOSED, KS_TIMEOUT (closed by send_timeout), KS_NOMEM,
 * -errno. */
KS_API ks_status ks_write(ks_socket socket, ks_text bytes) KS_MUST_USE;
KS_API ks_status ks_writef(ks_socket socket, const char *format, ...) KS_PRINTF(2, 3) KS_MUST_USE;
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
