/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - sockets: who owns one, what it has received, what it has still to send.
 *
 * Invariants: a socket has an owner, in whose list it is a resource, or it is in flight in a
 * message; only its owner waits for it. A handle names it exactly while its generation is that of
 * the slot. Registered with epoll once, edge-triggered; `readable` and `writable` say that the
 * kernel was not yet seen empty, or full, since it last reported. `queued` is what its messages
 * weigh that stand in its owner's mailbox; while it is in flight they are `carried`.
 * Used by the scheduler's thread only. */
#ifndef KSI_IO_SOCKET_H
#define KSI_IO_SOCKET_H
#include "io/bytes.h"
#include "io/io.h"
#include "runtime/socket_hooks.h"
#include <kiosk/io.h>
#include <kiosk/tcp.h>
#include <kiosk/udp.h>

struct ksi_limit;
struct ksi_socket {
    int fd;
    uint32_t index, generation;
    uint32_t record; /* in the owner's list; 0: none */
    uint64_t owner;  /* pid id; 0: in flight */
    uint8_t waits;   /* KS_READABLE, KS_WRITABLE: what the owner is blocked for */
    bool readable, writable;
    bool hung_up;  /* a short read says nothing: the end of the stream may be behind it */
    bool ended;    /* the end was read */
    bool deaf;     /* its owner wants to read no more */
    bool shut;     /* nothing may be written any more; the kernel hears it when all is sent ... */
    bool end_told; /* ... once: it reports an event each time */
    bool listens, datagrams;
    bool local;          /* of Unix */
    bool connected;      /* datagrams: to one peer */
    bool tells_writable; /* its owner hears when the low mark is reached */
    uint8_t packet;      /* enum ks_packet */
    uint8_t active;      /* enum ks_active_mode */
    uint8_t size_class;
    int32_t active_left;           /* messages, of KS_ACTIVE_COUNTED */
    int receive_error, send_error; /* -errno; stay */
    uint32_t queued;               /* units of 64 bytes */
    uint32_t packet_max, high_watermark, low_watermark;
    ks_ms send_timeout;
    uint64_t received, sent;                       /* bytes so far */
    struct ksi_limit *limit;                       /* of a listener, or of what it has accepted */
    struct ksi_socket *unsent_next, **unsent_link; /* in ksi_io.unsent; link NULL: not there */
    struct ksi_socket *asking_next, **asking_link; /* in ksi_io.asking; likewise */
    struct ksi_message *carried;
    struct ksi_bytes in, out;
};
_Static_assert(sizeof(void *) != 8 || sizeof(struct ksi_socket) <= 192, "budget of an idle socket");

/* How long a call may still wait: begins with its first wait. */
struct ksi_patience {
    ks_ms timeout;
    ks_ms until; /* 0: not begun */
};

extern const struct ksi_socket_hooks ksi_socket_hooks;

/* A socket of the running process, with the settings of `like`, which may be on the stack, and a
 * share of its limit; take_fd is closed on failure. KS_OK, KS_NOMEM, -errno. */
ks_status ksi_socket_new(
    struct ksi_io *io, int take_fd, const struct ksi_socket *like, struct ksi_socket **ret_socket);
/* Without a trace in its owner's list and mailbox. Sends what the kernel takes. */
void ksi_socket_close(struct ksi_io *io, struct ksi_socket *socket);
/* The same, when its record is gone already, and its mailbox is going. */
void ksi_socket_destroy(struct ksi_io *io, struct ksi_socket *socket);
/* NULL: the handle is of none. */
struct ksi_socket *ksi_socket_find(struct ksi_io *io, uint64_t handle);
/* The running process's own; NULL: it is not. */
struct ksi_socket *ksi_socket_mine(struct ksi_io *io, ks_socket handle);
static inline ks_socket ksi_socket_handle(const struct ksi_socket *socket)
{
    return (ks_socket){ (uint64_t)socket->generation << 32 | socket->index };
}

/* What is left, which begins to run; 0: nothing. */
ks_ms ksi_patience_left(struct ksi_scheduler *s, struct ksi_patience *patience);
/* Blocks the owner, who runs, until `what` may have changed. KS_OK, KS_TIMEOUT, KS_DENIED,
 * KS_NOMEM; KS_DRAINING: see ks_trap_drain. */
ks_status ksi_socket_wait(
    struct ksi_io *io, struct ksi_socket *socket, int what, struct ksi_patience *patience);
void ksi_socket_event(struct ksi_io *io, uint64_t data, uint32_t events);

/* --- stream.c --------------------------------------------------------------------------------- */
struct
    ksi_frame { /* of what was received: skip bytes, length bytes that are the packet, cut bytes */
    uint32_t skip, length, cut;
};
/* The next packet, as far as that is known without waiting. KS_OK; KS_TIMEOUT: nothing is there
 * now; KS_CLOSED, -EMSGSIZE, KS_NOMEM, -errno. */
ks_status ksi_stream_next(
    struct ksi_io *io, struct ksi_socket *socket, struct ksi_frame *ret_frame);

/* --- datagram.c ------------------------------------------------------------------------------- */
/* The same; the bytes stand in the scheduler's memory, until the next one. */
ks_status ksi_datagram_next(
    struct ksi_io *io, struct ksi_socket *socket, ks_datagram *ret_datagram);

/* --- output.c --------------------------------------------------------------------------------- */
/* Sends what the kernel takes. */
void ksi_output_send(struct ksi_io *io, struct ksi_socket *socket);
/* It has something to be sent when the scheduler flushes. */
void ksi_output_mark(struct ksi_io *io, struct ksi_socket *socket);
void ksi_output_unmark(struct ksi_socket *socket);
/* Few enough bytes are left for a writer to go on. */
static inline bool ksi_output_is_low(const struct ksi_socket *socket)
{
    return ksi_bytes_count(&socket->out) <= socket->low_watermark;
}
/* When the scheduler puts the running process aside it looks at both lists. */
void ksi_output_flush(struct ksi_scheduler *s);

/* --- active.c --------------------------------------------------------------------------------- */
/* Makes messages of what has come, as many as the mode and the window allow. */
void ksi_active_deliver(struct ksi_io *io, struct ksi_socket *socket);
/* The same when the scheduler flushes. */
void ksi_active_ask(struct ksi_io *io, struct ksi_socket *socket);
void ksi_active_unask(struct ksi_socket *socket);
/* The low mark is reached, and somebody wants to hear it. */
void ksi_active_tell_writable(struct ksi_io *io, struct ksi_socket *socket);
void ksi_active_taken(struct ksi_scheduler *s, const struct ksi_message *m);
/* What stands in its owner's mailbox is carried from now on. */
void ksi_active_pick_up(struct ksi_io *io, struct ksi_socket *socket);
/* What is carried stands in its new owner's mailbox. */
void ksi_active_put_down(struct ksi_io *io, struct ksi_socket *socket);
/* What is carried is dropped. */
void ksi_active_drop(struct ksi_io *io, struct ksi_socket *socket);

#endif
