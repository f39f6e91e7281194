/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - sockets: who owns one, what it has received, what it has still to send.
 *
 * Invariants: a socket has an owner, in whose list it is a resource, or it is in flight in a
 * message; only its owner waits for it. A handle names it exactly while its generation is that of
 * the slot. Registered with epoll once, edge-triggered; `readable` and `writable` say that the
 * kernel was not yet seen empty, or full, since it last reported.
 * Used by the scheduler's thread only. */
#ifndef KSI_IO_SOCKET_H
#define KSI_IO_SOCKET_H
#include "io/bytes.h"
#include "io/io.h"
#include "runtime/socket_hooks.h"
#include <kiosk/io.h>
#include <kiosk/tcp.h>

struct ksi_socket {
    int fd;
    uint32_t index, generation;
    uint32_t record; /* in the owner's list; 0: none */
    uint64_t owner;  /* pid id; 0: in flight */
    uint8_t waits;   /* KS_READABLE, KS_WRITABLE: what the owner is blocked for */
    bool readable, writable;
    bool hung_up; /* a short read says nothing: the end of the stream may be behind it */
    bool ended;   /* the end was read */
    bool listens;
    bool shut; /* nothing may be written any more; the kernel hears it when all is sent */
    uint8_t size_class;
    int receive_error, send_error;                 /* -errno; stay */
    struct ksi_socket *unsent_next, **unsent_link; /* in ksi_io.unsent; link NULL: not there */
    struct ksi_bytes in, out;
    uint32_t packet_max, send_buffer;
    ks_ms send_timeout;
};
_Static_assert(sizeof(void *) != 8 || sizeof(struct ksi_socket) <= 128, "budget of an idle socket");

/* How long a call may still wait: begins with its first wait. */
struct ksi_patience {
    ks_ms timeout;
    ks_ms until; /* 0: not begun */
};

extern const struct ksi_socket_hooks ksi_socket_hooks;

/* A socket of the running process; take_fd is closed on failure. KS_OK, KS_NOMEM, -errno. */
ks_status ksi_socket_new(
    struct ksi_io *io, int take_fd, const ks_tcp_options *options, struct ksi_socket **ret_socket);
/* Without a trace in its owner's list. Sends what the kernel takes. */
void ksi_socket_close(struct ksi_io *io, struct ksi_socket *socket);
/* The same, when its record is gone already. */
void ksi_socket_destroy(struct ksi_io *io, struct ksi_socket *socket);
/* The running process's own; NULL: it is not. */
struct ksi_socket *ksi_socket_mine(struct ksi_io *io, ks_socket handle);
static inline ks_socket ksi_socket_handle(const struct ksi_socket *socket)
{
    return (ks_socket){ (uint64_t)socket->generation << 32 | socket->index };
}

/* Blocks the owner, who runs, until `what` may have changed. KS_OK, KS_TIMEOUT, KS_DENIED,
 * KS_NOMEM; KS_DRAINING: see ks_trap_drain. */
ks_status ksi_socket_wait(
    struct ksi_io *io, struct ksi_socket *socket, int what, struct ksi_patience *patience);
void ksi_socket_event(struct ksi_io *io, uint64_t data, uint32_t events);

/* --- output.c --------------------------------------------------------------------------------- */
/* Sends what the kernel takes. */
void ksi_output_send(struct ksi_io *io, struct ksi_socket *socket);
/* It has something to be sent when the scheduler flushes. */
void ksi_output_mark(struct ksi_io *io, struct ksi_socket *socket);
void ksi_output_unmark(struct ksi_socket *socket);
/* Few enough bytes are left for a writer to go on. */
bool ksi_output_is_low(const struct ksi_socket *socket);

#endif
