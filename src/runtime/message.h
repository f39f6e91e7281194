/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - one block that travels from a sender to a mailbox: a message, a request or a signal.
 *
 * The header is 56 bytes, so that a small body shares its cache line. Invariants: `next` belongs to
 * whoever holds the block (inbox, mailbox, deferred list, turn); body points behind the header
 * or is NULL; a block is freed by the scheduler of the process that received it. Used by the
 * scheduler that owns the receiver only, but for the push into an inbox. */
#ifndef KSI_RUNTIME_MESSAGE_H
#define KSI_RUNTIME_MESSAGE_H
#include "base/base.h"
#include <kiosk/behaviour.h>

#include <string.h>

struct ksi_scheduler;

enum ksi_kind {
    KSI_MESSAGE,  /* info, cast or call, by op */
    KSI_START,    /* the request that waits for on_start */
    KSI_STOP,     /* system: asked to end, body is a ks_reason */
    KSI_STATUS,   /* system: a call for format_status */
    KSI_TRAPPED,  /* an exit that was trapped, body is a ks_exited */
    KSI_RESPONSE, /* to an asynchronous request, body is a struct ksi_response: request.h */
    KSI_TIMEOUT,  /* a named time-out; ref is the handle of its record */
    KSI_PACKET,   /* of its receiver's socket; the body begins with the handle, weight is not 0 */
    /* below: signals, applied on arrival, never queued in a mailbox */
    KSI_REPLY,
    KSI_EXIT,
    KSI_LINK,
    KSI_LINK_EXIT,
    KSI_UNLINK,
    KSI_UNLINK_ACK,
    KSI_MONITOR,
    KSI_DEMONITOR,
    KSI_DOWN,
    KSI_ALIASED, /* a message, by an alias: alias.h */
    KSI_DRAIN,   /* the runtime drains: who traps that hears of it */
    KSI_SETTLE,  /* somebody else decided a request: its server need not keep it */
    KSI_ANSWER,  /* to an asynchronous request, from another scheduler */
    KSI_ASK,     /* a question to the home of a process: ask.h */
    KSI_TOLD,    /* the same block, with the answer */
    KSI_RESUME,  /* a suspension is over */
    KSI_EVENT,   /* what the owner of a record waits for has happened; ref is its handle */
    /* of a request that is in no list: its server is done with it, and waits for KSI_SETTLE */
    KSI_ORPHAN,
    KSI_STANDING /* of a KSI_MESSAGE in the line of a full mailbox: overload.c */
};

enum ksi_message_flag {
    KSI_CANCELLED = 1, /* the caller waits no more */
    KSI_TAKEN = 2,     /* its from was taken: an answer may come later; of a cast or message: its
                          sender waits for the word that it is in the mailbox */
    KSI_ANSWERED = 4,  /* nobody waits for this request any more: it was answered */
    KSI_RELATIVE = 8,  /* deadline is a duration; it becomes a moment when the slice ends */
    KSI_DEFERRED = 16, /* in the deferred list of its process */
    KSI_MOVES = 32,    /* the body holds sockets in flight */
    KSI_ASYNC = 64,    /* a call that nobody blocks for: ref names the record of the request */
    KSI_COUNTED = 128  /* a reply in a turn: serial is what it counts as memory */
};

struct ksi_message {
    ks_msg public;
    struct ksi_message *next;
    uint64_t from;   /* pid id of the sender; 0: not a process */
    uint32_t serial; /* of a request that somebody blocks for, and its reply: the caller's count;
                        of a signal: a record; of others, in a mailbox: when it came, by
                        ksi_scheduler.stamp */
    uint8_t kind;
    uint8_t flags;
    uint8_t size_class;
    uint8_t weight; /* of block and body beyond 64 bytes: ksi_weight_of */
    union {
        ks_ms deadline; /* of a call that somebody blocks for */
        uint64_t ref;   /* of a DOWN, a timer's message, an asynchronous call and the response to
                           it: the handle of its record */
        int64_t code;   /* of a reply: its ks_status */
    };
    uint64_t body[];
};

/* Bytes in units of 64, beyond the first one, as a byte: exact up to 15 units, then rounded up to
 * four bits of precision. */
uint8_t ksi_weight_of(size_t bytes);
static inline uint32_t ksi_weight_units(uint8_t weight)
{
    return weight < 16 ? weight : (8u + (weight & 7u)) << ((weight >> 3) - 1);
}
/* Most bodies are one word; the rest is memcpy's. */
static inline void ksi_copy_flat(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else
        memcpy(to, from, size);
}

#endif
