/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - the control block of a process: 256 bytes, in a slot that is never another type.
 *
 * Invariants: a pid names a process exactly while its generation is that of the slot and the
 * slot is in use; only the scheduler of a process touches its fields, but for `inbox`, into
 * which anybody pushes, and generation, which anybody may read. A process has a stack exactly
 * while it is blocked in the middle of a handler, or running. */
#ifndef KSI_RUNTIME_PROCESS_H
#define KSI_RUNTIME_PROCESS_H
#include "base/atomic.h"
#include "base/probe.h"
#include "runtime/message.h"
#include "runtime/timer_wheel.h"
#include <kiosk/start.h>

struct ksi_stack;
struct ksi_scheduler;

enum ksi_wait {
    KSI_WAIT_NOTHING,
    KSI_WAIT_REPLY,   /* a call or start; satisfied by its reply. A cast for which there is no room:
                         by the word that it is in, or will never be */
    KSI_WAIT_MESSAGE, /* receive; satisfied by any message */
    KSI_WAIT_EVENT,   /* a file descriptor */
    KSI_WAIT_TIME,    /* sleep; satisfied by its timer only */
    KSI_WAIT_ARRIVAL, /* it moves, and has a timer to be armed at its new home */
    KSI_WAIT_THREAD   /* nothing, but its thread is stuck in a handler, its own or another's */
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
    KSI_BOUND = 1024,        /* something of it is tied to its scheduler: it never moves */
    KSI_DYING = 2048,        /* its death began: nothing reaches it any more */
    KSI_TERMINATING = 4096,  /* on_terminate was called */
    KSI_FORMATTING = 8192,   /* format_status runs, or did not come back */
    KSI_REPORTED = 16384,    /* its crash report was made */
    KSI_CUT = 32768,         /* a message was dropped from its mailbox: a receive begins again */
    KSI_LINE = 65536,        /* senders wait for room in its mailbox */
    KSI_MARKED = 1 << 17,    /* there are marks in its mailbox: mark.h */
    KSI_TRAPS_DRAIN = 1 << 18,
    KSI_HEARD_DRAIN = 1 << 19, /* a wait of it was interrupted by the drain */
    KSI_HIBERNATES = 1 << 20,  /* it is to sleep when nothing is queued */
    KSI_ASLEEP = 1 << 21,      /* it does */
    KSI_RESTS = 1 << 22,       /* it hibernates after a while of its own */
    KSI_REST_TIMER = 1 << 23,  /* the timer is that of hibernate_after */
    KSI_WAKES = 1 << 24,       /* a plain process: its state says what a message wakes */
    KSI_SUSPENDED = 1 << 25,
    KSI_LOW = 1 << 26, /* its priority; neither: normal */
    KSI_HIGH = 1 << 27,
    KSI_STACK_CLASS = 7 << 28 /* of its handlers' stacks: apart.c; 0: the default */
};
enum {
    KSI_STACK_CLASS_SHIFT = 28,
    KSI_RANKED = KSI_LOW | KSI_HIGH,
    KSI_UNUSUAL = KSI_EXITING | KSI_SUSPENDED | KSI_STACK_CLASS /* does not simply run */
};

/* A block of memory that is given back when a turn ends, or with the process. */
struct ksi_block {
    struct ksi_block *next;
    uint32_t size; /* as asked for */
    uint8_t size_class;
    bool defers;     /* holds a struct ksi_defer that was not run */
    bool is_failure; /* holds the call that failed: because.c */
};
struct ksi_defer {
    void (*fn)(void *arg);
    void *arg;
};

struct ksi_process {
    /* --- read by senders --- */
    uint32_t index; /* this and the next as one number: the pid id, see KSI_PROBED_PID */
    _Atomic(uint32_t) generation; /* of the tenant, or of the next one while the slot is free */
    _Atomic(struct ksi_scheduler *) scheduler; /* its home */
    _Atomic(uint64_t) inbox;        /* signals from elsewhere, newest first: see signal.h */
    struct ksi_process *wake_next;  /* in the scheduler's wake list */
    _Atomic(uint32_t) call_serial;  /* of the latest request */
    _Atomic(uint32_t) queue_length; /* messages in the mailbox */
    uint32_t flags;                 /* enum ksi_process_flag */
    uint16_t next_what;             /* on_continue is due */
    uint8_t wait;                   /* enum ksi_wait */
    _Atomic(bool) in_use;
    _Atomic(struct ksi_name *) name; /* changed under the lock of the names */
    /* --- zeroed for a new tenant, from here on --- */
    const ks_module *module;
    void *state;

    /* --- the mailbox, and what runs --- */
    struct ksi_message *mailbox, **mailbox_end;
    union {
        struct ksi_process *queue_next; /* run queue */
        uint32_t free_next;             /* among the free slots */
    };
    _Atomic(uint64_t) memory_used; /* bytes: by ks_alloc, and borrowed by the turn */
    struct ksi_stack *stack;       /* while blocked */
    struct ksi_message *current;   /* the message being handled */
    struct ksi_message *received;  /* messages that the end of the turn gives back */
    struct ksi_block *turn;        /* memory that the end of the turn gives back, newest first */

    /* --- while it waits --- */
    union {
        struct ksi_timer timer; /* of what it waits for, or of ks_after */
        struct {                /* KSI_PENDING_TIMER: timers to arm when the slice ends */
            struct ksi_process *pending_next, **pending_link;
        };
    };
    union {
        ks_ms timer_ms; /* its duration, while it is not armed yet, and to start it again */
        struct {
            int32_t reason_kind, reason_code; /* of its end, once it is exiting */
        };
    };
    struct ksi_call *call;           /* of a call or start, on its stack */
    struct ksi_message *request;     /* what we wait for an answer to; NULL: it came */
    _Atomic(uint32_t) mailbox_gate;  /* full from this length on: see mailbox.h */
    _Atomic(uint32_t) mailbox_extra; /* what its messages weigh beyond 64 bytes each, in 64 bytes */
    struct ksi_limits *limits;       /* NULL: the defaults */

    /* --- seldom --- */
    uint64_t parent; /* pid id */
    struct ksi_cold *cold;
    struct ksi_allocation *memory; /* ks_alloc, newest first */
    struct ksi_message *deferred;  /* requests to be answered later */
    struct ksi_context *context;   /* inherited */
    uint32_t links;                /* root of the tree of link records */
    uint32_t owned;                /* newest record that we own */
    uint32_t watchers;             /* newest monitor that watches us */
    _Atomic(uint32_t) refused;     /* messages that the mailbox limit turned away */
};
_Static_assert(
    sizeof(void *) != 8 || sizeof(struct ksi_process) == 256, "budget of an idle process");

/* What other threads must know of a process, beside its control block; of few of them, so that it
 * costs the others no memory. Like that block never another type. */
struct ksi_shared {
    /* While call_serial is odd: pid id, of whom it waits for. By its home. */
    _Atomic(uint64_t) waits_for;
    _Atomic(uint32_t) since;   /* and since when, by ksi_scheduler.stamp */
    _Atomic(uint32_t) dropped; /* messages of its mailbox that nobody was told of */
    /* What its row says of a full mailbox, for senders elsewhere; as in struct ksi_limits. */
    _Atomic(uint32_t) policy;
    _Atomic(ks_ms) timeout;
};

/* What a process that waits for a reply, or for room, keeps on its stack. */
struct ksi_call {
    void *reply;     /* where the reply goes; NULL: nowhere */
    uint64_t target; /* pid id: of whom we wait for */
    bool for_room;   /* it is a cast, and waits for room in the target's mailbox */
};

/* What few processes have; made on demand. */
struct ksi_cold {
    struct ksi_message *start;      /* the start request: its body is the arguments */
    struct ksi_message *last_reply; /* leaves after on_terminate */
    struct ksi_block *label;        /* text */
    struct ksi_block *reason_text;
    struct ksi_block *stop_texts;  /* of all ks_stop, newest first */
    size_t memory_max;             /* 0: no limit */
    struct ksi_bound *bound;       /* what it binds: see name.h */
    ks_status start_status;        /* what the starter hears when on_start failed */
    uint32_t suspensions;          /* records of others that suspend it */
    uint32_t marks;                /* record of its marks: mark.h */
    uint32_t timeouts;             /* the newest record of a named time-out */
    struct ksi_guard *guard;       /* around what runs now: guard.h */
    struct ksi_metadata *metadata; /* of its log events: log.h */
};

_Static_assert(sizeof(struct ksi_cold) <= 96, "the second smallest block");

/* True when p may have so many bytes more. By its home: relaxed, as only that changes them. */
static inline bool ksi_memory_allows(const struct ksi_process *p, size_t size)
{
    size_t max = p->cold ? p->cold->memory_max : 0;
    return size <= UINT32_MAX && (!max || ksi_load_relaxed(&p->memory_used) + size <= max);
}

/* A status as a reason, whatever this process did before; ks_because is for users. */
static inline ks_reason ksi_because(ks_status status)
{
    return (ks_reason){ .kind = KS_REASON_STATUS, .code = status };
}

static inline uint64_t ksi_process_id(const struct ksi_process *p)
{
    /* relaxed: the caller owns p, or checks it again by a signal */
    return (uint64_t)ksi_load_relaxed(&p->generation) << 32 | p->index;
}
/* The same for probes: where it stands, so that nothing is computed for them. */
typedef uint64_t __attribute__((may_alias)) ksi_probed_pid;
#define KSI_PROBED_PID(p) (*(const ksi_probed_pid *)(const void *)(p))

#endif
