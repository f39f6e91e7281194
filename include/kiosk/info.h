/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/info.h - a look at processes from outside, without their doing: for tools and debugging.
 *
 * A process that is blocked or suspended is seen like any other, and one that runs does not notice:
 * the answer is its scheduler's. What the asker sent before has arrived. Called from inside a
 * process, which waits for the answer when the other lives on another scheduler: as long as a
 * handler runs there, at most a second, nor longer than the asker's own call may take. A pid may be
 * a name or an alias. */
#ifndef KIOSK_INFO_H
#define KIOSK_INFO_H
#include "process.h"

typedef enum ks_process_state {
    KS_PROCESS_WAITING,   /* for what `waits_for` says */
    KS_PROCESS_RUNNABLE,  /* ready; its turn has not come yet */
    KS_PROCESS_RUNNING,   /* it is the asker, or formats or releases something now */
    KS_PROCESS_SUSPENDED, /* by ks_suspend_process */
    KS_PROCESS_EXITING,   /* its end has begun, or will when its turn comes */
    KS_PROCESS_UNKNOWN    /* no answer in time: see ks_process_info */
} ks_process_state;
typedef enum ks_waits_for {
    KS_WAITS_FOR_NOTHING,
    KS_WAITS_FOR_MESSAGE, /* a server between two handlers, or a receive */
    KS_WAITS_FOR_REPLY,   /* of a call, a start or a stop: see `calls` */
    KS_WAITS_FOR_IO,
    KS_WAITS_FOR_TIME, /* sleep */
    KS_WAITS_FOR_ROOM  /* in the mailbox that it sends to */
} ks_waits_for;

/* What is known of a process at one moment. Names and labels are copies; the other texts are names
 * that stand in the program. Times are in ms, sizes in bytes. */
typedef struct ks_process_snapshot {
    ks_pid pid, parent; /* the parent may be gone; none: the first process */
    char name[256];     /* empty: none */
    char label[64];
    const char *module;    /* "process": a plain one without a module */
    const char *behaviour; /* "gen_server"... */
    ks_process_state state;
    ks_waits_for waits_for;
    ks_ms wait_left;       /* until the wait, or an idle time-out, is over; KS_INFINITY: no end */
    ks_ms waited;          /* since it began; known if it has an end, else -1 */
    const char *operation; /* of the call or cast whose handler has begun; NULL: none */
    const char *message_type; /* of the message whose handler has begun; NULL: none, or no body */
    ks_pid caller;            /* of the call whose handler has begun; none: no call */
    ks_ms deadline_left;      /* until that caller gives up; KS_INFINITY: never */
    ks_pid calls;             /* whose reply it waits for; none: nobody's */
    uint64_t queue_length;    /* messages in its mailbox */
    size_t memory_process;    /* control block and its extension */
    size_t memory_state;      /* of its module */
    size_t memory_allocated;  /* by ks_alloc and its kin */
    size_t memory_turn;       /* borrowed until the turn ends; what was received does not count */
    size_t stack_size;        /* of the stack that its handlers get */
    size_t stack_used;        /* now; 0: it owns none, as any server between two handlers */
    ks_priority priority;
    bool traps_exits;
    bool starting; /* init has not returned */
} ks_process_snapshot;

/* KS_OK; KS_NOPROC: no such process; KS_DENIED: the calling thread runs no runtime. When there is
 * no answer in time, or the caller may not block, the state is KS_PROCESS_UNKNOWN, and pid, name
 * and queue_length are all that is known. */
static inline ks_status ks_process_info(ks_pid pid, ks_process_snapshot *ret_info) KS_MUST_USE;
/* All processes but those that are exiting, in no order; the return is how many there are, and the
 * first max of them are in ret_pids. */
KS_API size_t ks_processes(ks_pid *ret_pids, size_t max);
/* The messages in its mailbox, the next one first, a line each ("call add 5 from <0.3.1>"), at most
 * messages_max; secrets are ***, long values cut. Never more than size bytes, a NUL at the end.
 * KS_OK, KS_NOPROC, KS_DENIED; KS_TIMEOUT: no answer; KS_NOMEM. */
KS_API ks_status ks_format_mailbox(ks_pid pid, char *buffer, size_t size, size_t messages_max);

/* --- debugging -------------------------------------------------------------------------------- */
/* Keeps a process from running until as many calls of ks_resume_process, or the end of the caller.
 * Messages and time-outs gather; it can be killed. KS_OK, KS_NOPROC, KS_CALLING_SELF, KS_NOMEM,
 * KS_DENIED; KS_TIMEOUT: no answer, it is not kept. */
KS_API ks_status ks_suspend_process(ks_pid pid) KS_MUST_USE;
/* KS_OK; KS_NOT_FOUND: the caller does not suspend it; KS_NOPROC, KS_DENIED. */
KS_API ks_status ks_resume_process(ks_pid pid);

KS_API ks_status ks_process_info_(ks_pid pid, ks_process_snapshot *ret_info, size_t size);
static inline ks_status ks_process_info(ks_pid pid, ks_process_snapshot *ret_info)
{
    return ks_process_info_(pid, ret_info, sizeof *ret_info);
}
#endif
