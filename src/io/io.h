/* SPDX-License-Identifier: Apache-2.0 */
/* io.h - what a scheduler has for I/O: its poller, its sockets, who waits for which descriptor.
 *
 * Made before its runtime, which takes its seams, and ended after it. Used by the scheduler's
 * thread only, but for what poller.h says. */
#ifndef KSI_IO_IO_H
#define KSI_IO_IO_H
#include "io/poller.h"
#include "runtime/slots.h"

/* In a table of the runtime, so that a socket keeps its handle when it moves to another scheduler,
 * and perhaps back. */
struct ksi_socket_slot {
    /* Whose the socket is, and all that follows; NULL: nobody's, it is free, or its socket is in
     * flight. Changed by who is here, or, when it is nobody's, by who has its socket. */
    _Atomic(struct ksi_io *) io;
    struct ksi_socket *socket;
    uint32_t generation; /* 31 bits; of the tenant, or of the next one */
    uint32_t next;       /* free slots */
};
struct ksi_socket;
struct ksi_message;
struct ksi_waiting { /* of a descriptor number that is not one of our sockets */
    uint64_t pid;    /* who waits; 0: nobody */
    uint32_t serial; /* 31 bits; of the latest wait: events of earlier ones are not for it */
    uint32_t record; /* of who watches */
    bool registered; /* probably still known to epoll, disarmed */
    bool told;       /* a message was sent, and nobody has watched since */
    uint8_t events;  /* KS_READABLE, KS_WRITABLE: what is watched for */
    struct ksi_message *message; /* to be sent to who watches; NULL: the process is blocked */
};

struct ksi_io {
    struct ksi_poller poller;
    struct ksi_scheduler *scheduler;
    struct ksi_slots *sockets; /* of the runtime */
    struct ksi_slot_cache free_sockets;
    struct ksi_socket *unsent; /* written to since the scheduler flushed last */
    struct ksi_socket *asking; /* active, and perhaps there is something */
    char *scratch;             /* what is read there is copied at once */
    size_t scratch_size;
    struct ksi_waiting *waiting;
    uint32_t waiting_size;
    uint32_t unblocked;            /* successes in a row without giving the others a turn */
    void (*on_signals)(void *arg); /* of the program: main.c; NULL: it hears none here */
    void *signals_arg;
};

/* What epoll gives back: a socket's handle, or this bit, a serial and a descriptor. */
#define KSI_IO_FOREIGN (UINT64_C(1) << 63)
#define KSI_IO_SIGNALS (UINT64_MAX - 1) /* of the program's signalfd; no descriptor is so large */

/* *ret_io is to be given to ksi_io_free, before the table is. KS_OK, KS_NOMEM, -errno. */
ks_status ksi_io_new(struct ksi_slots *sockets, struct ksi_io **ret_io);
/* False: out of memory. */
bool ksi_sockets_init(struct ksi_slots *sockets);
/* The first of its sockets from a number on, which becomes the next number; NULL: there is none. */
struct ksi_socket *ksi_io_next_socket(const struct ksi_io *io, uint32_t *number);
/* Connects it with the scheduler that was made with its seams. */
void ksi_io_attach(struct ksi_io *io, struct ksi_scheduler *scheduler);
/* Closes all sockets; while the runtime is still there. */
void ksi_io_close_all(struct ksi_io *io);
/* NULL is fine. */
void ksi_io_free(struct ksi_io *io);

/* The one of the calling process; NULL: outside of a process, of a client, or a runtime without
 * I/O. */
static inline struct ksi_io *ksi_io_of(struct ksi_scheduler *s)
{
    return s && s->current && !s->client ? s->io : NULL;
}
/* After each success that did not block: now and then the others get a turn. */
void ksi_io_be_fair(struct ksi_io *io);

/* At least so many bytes, for the moment; NULL: out of memory. */
char *ksi_io_scratch(struct ksi_io *io, size_t size);

/* Puts the running process aside until an event wakes it, for at most timeout ms, and no longer
 * than the request that it handles may take: then KS_DEADLINE. */
ks_status ksi_io_block(struct ksi_io *io, ks_ms timeout);

/* --- wait.c ----------------------------------------------------------------------------------- */
void ksi_waiting_event(struct ksi_io *io, uint64_t data, uint32_t events);

#endif
