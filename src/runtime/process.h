/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - the control block of a process: 256 bytes, in a slot that is never another type.
 *
 * Invariants: a pid names a process exactly while its generation is that of the slot and the
 * slot is in use; only the scheduler of a process touches its fields, but for `inbox`, into
 * which anybody pushes, and generation, which anybody may read. A process has a stack exactly
 * while it is blocked in the middle of a handler, or running. */
#ifndef KSI_RUNTIME_PROCESS_H
#define KSI_RUNTIME_PROCESS_H
#include "runtime/message.h"
#include "runtime/timer_wheel.h"
#include <kiosk/start.h>
#include <stdatomic.h>

struct ksi_stack;
struct ksi_scheduler;

enum ksi_wait {
    KSI_WAIT_NOTHING,
    KSI_WAIT_REPLY,   /* a call or start; satisfied by its reply */
    KSI_WAIT_MESSAGE, /* receive; satisfied by any message */
    KSI_WAIT_EVENT,   /* a file descriptor */
    KSI_WAIT_TIME     /* sleep; satisfied by its timer only */
};

enum ksi_process_flag {
    KSI_QUEUED = 1,          /* in the run queue, or next */
    KSI_EXITING = 2,         /* exit_reason stands; nothing of its own runs any more, but hooks */
    KSI_TRAPS = 4,           /* trap_exit */
    KSI_STARTING = 8,        /* on_start has not returned */
    KSI_TIMED_OUT = 16,      /* its timer fired, and it was not yet told */
    KSI_IDLE_TIMEOUT = 32,   /* the timer is that of ks_after */
    KSI_IN_HOOK = 64,        /* a release hook runs: blocking is refused */
    KSI_PENDING_TIMER = 128, /* in the scheduler's list of timers to arm when the slice ends */
    KSI_OWN_END = 256,       /* it ended by its own doing: worth a crash report */
    KSI_LINK_STARTER = 512,  /* linked to the starter by ks_start_link */
    KSI_IN_WAKE_LIST = 1024,
    KSI_DYING = 2048,       /* its death began: nothing reaches it any more */
    KSI_TERMINATING = 4096, /* on_terminate was called */
    KSI_FORMATTING = 8192,  /* format_status runs, or did not come back */
    KSI_REPORTED = 16384,   /* its crash report was made */
    KSI_TRAPS_DRAIN = 32768,
    KSI_HEARD_DRAIN = 65536 /* a wait of it was interrupted by the drain */
};

/* A block of memory that is given back when a turn ends, or with the process. */
struct ksi_block {
    struct ksi_block *next;
    uint32_t size; /* as asked for */
    uint8_t size_class;
    bool defers; /* holds a struct ksi_defer that was not run */
};
struct ksi_defer {
    void (*fn)(void *arg);
    void *arg;
};

struct ksi_process {
    /* --- read by senders --- */
    uint32_t generation; /* of the tenant, or of the next one while the slot is free */
    uint32_t index;
    struct ksi_scheduler *scheduler;
    _Atomic(struct ksi_message *) inbox; /* signals from elsewhere, newest first; see signal.c */
    struct ksi_process *wake_next;       /* in the scheduler's wake list */
    const ks_module *module;
    void *state;
    uint32_t flags;     /* enum ksi_process_flag */
    uint16_t next_what; /* on_continue is due */
    uint8_t wait;       /* enum ksi_wait */
    bool in_use;
    uint32_t call_serial;  /* of the latest request */
    uint32_t queue_length; /* messages in the mailbox */

    /* --- the mailbox, and what runs --- */
    struct ksi_message *mailbox, **mailbox_end;
    struct ksi_process *queue_next; /* run queue, free list */
    uint64_t memory_used;           /* bytes: by ks_alloc, and borrowed by the turn */
    struct ksi_stack *stack;        /* while blocked */
    struct ksi_message *current;    /* the message being handled */
    struct ksi_message *received;   /* messages that the end of the turn gives back */
    struct ksi_block *turn;         /* memory that the end of the turn gives back, newest first */

    /* --- while it waits --- */
    struct ksi_timer timer; /* of what it waits for, or of ks_after */
    union {
        ks_ms timer_ms; /* its duration, while it is not armed yet, and to start it again */
        struct {
            int32_t reason_kind, reason_code; /* of its end, once it is exiting */
        };
    };
    struct ksi_process *pending_next, **pending_link; /* timers to arm when the slice ends */
    struct ksi_call *call;                            /* of a call or start, on its stack */
    struct ksi_message *request; /* what we wait for an answer to; NULL: it came */

    /* --- seldom --- */
    uint64_t parent; /* pid id */
    struct ksi_cold *cold;
    struct ksi_allocation *memory; /* ks_alloc, newest first */
    struct ksi_message *deferred;  /* requests to be answered later */
    struct ksi_context *context;   /* inherited */
    struct ksi_name *name;
    uint32_t links;    /* root of the tree of link records */
    uint32_t owned;    /* newest record that we own */
    uint32_t watchers; /* newest monitor that watches us */
    uint32_t mailbox_max;
};
_Static_assert(
    sizeof(void *) != 8 || sizeof(struct ksi_process) == 256, "budget of an idle process");

/* What a process that waits for a reply keeps on its stack. */
struct ksi_call {
    void *reply;     /* where the reply goes; NULL: nowhere */
    uint64_t target; /* pid id: of whom we wait for */
};

/* What few processes have; made on demand. */
struct ksi_cold {
    struct ksi_message *start;      /* the start request: its body is the arguments */
    struct ksi_message *last_reply; /* leaves after on_terminate */
    struct ksi_block *label;        /* text */
    struct ksi_block *reason_text;
    struct ksi_block *stop_texts; /* of all ks_stop, newest first */
    size_t memory_max;            /* 0: no limit */
    ks_status start_status;       /* what the starter hears when on_start failed */
};

_Static_assert(sizeof(struct ksi_cold) <= 64, "the smallest block");

/* True when p may have so many bytes more. */
static inline bool ksi_memory_allows(const struct ksi_process *p, size_t size)
{
    size_t max = p->cold ? p->cold->memory_max : 0;
    return size <= UINT32_MAX && (!max || p->memory_used + size <= max);
}

static inline uint64_t ksi_process_id(const struct ksi_process *p)
{
    return (uint64_t)p->generation << 32 | p->index;
}

#endif
