/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/start.h - how any process is started: a module, and one row that says how to start it.
 *
 * The same row serves ks_start_link, a supervisor, ks_start_child, ks_main and the tests:
 *     { KS_START(stack, .idle_ms = 5000), .name = "stack", .restart = KS_TRANSIENT }
 * A zero field means the default. */
#ifndef KIOSK_START_H
#define KIOSK_START_H
#include "backoff.h"
#include "behaviour.h"

/* In the header of a module: its name and the type of its arguments (or void). Declares
 * stack_module and the state type `stack`, which stays incomplete for clients. */
#define KS_MODULE(P, Args)                                                                         \
    typedef struct P P;                                                                            \
    typedef KS_NONVOID(Args) P##_args;                                                             \
    KS_API const ks_type KS_TYPE_NAME(Args);                                                       \
    KS_STUB const ks_type *P##_args_type_(void) { return KS_DESC(Args); }                          \
    KS_API const ks_module P##_module

typedef enum ks_restart {
    KS_RESTART_DEFAULT,
    KS_PERMANENT, /* always restarted */
    KS_TRANSIENT, /* restarted unless it ended clean (ks_is_clean) */
    KS_TEMPORARY  /* never */
} ks_restart;
/* What a full mailbox does with one more call, cast or message. A refused or dropped call fails
 * with KS_OVERLOAD; an asynchronous one has that as its response. */
typedef enum ks_overload {
    KS_REFUSE,      /* casts and messages return KS_OVERLOAD, too */
    KS_DROP_NEWEST, /* casts and messages return KS_OK, and are gone */
    KS_DROP_OLDEST, /* the oldest makes room: its call fails, a cast or message is gone */
    KS_BLOCK        /* senders wait, in order; see .overload_timeout */
} ks_overload;
#define KS_BRUTAL_KILL ((ks_ms)-2)
enum { KS_STACK_SIZE_MAX = 8 << 20 };

typedef struct ks_child {
    const ks_module *module;
    const void
        *args;      /* typed by KS_START; copied at start; the copy lives as long as the process */
    const char *id; /* for supervisors; default: the module's name */
    const char *name;   /* registered before init runs */
    ks_restart restart; /* default: the supervisor's .restart, else permanent */
    ks_ms shutdown;     /* default 5000 (a supervisor: infinity); KS_BRUTAL_KILL, KS_INFINITY */
    /* Limits of the mailbox: what happens when one is reached, see below. */
    uint32_t mailbox_max;     /* messages; default 1 million */
    size_t mailbox_bytes_max; /* default 256 MiB; SIZE_MAX: no limit */
    ks_overload overload;     /* default KS_REFUSE */
    ks_ms overload_timeout;   /* KS_BLOCK: of each cast and message; default 5000; KS_INFINITY */
    size_t memory_max;   /* bytes, by ks_alloc and the turn; more ends the process; 0: no limit */
    ks_ms start_timeout; /* for init; 0: no limit */
    bool significant;    /* its end may end its supervisor: see .auto_shutdown there */
    size_t stack_size;   /* of its handlers, with some 1 KiB for the runtime, at most
                            KS_STACK_SIZE_MAX; rounded up to 64 or 256 KiB, 1 or 8 MiB; 0: as of the
                            runtime's options. Who needs more overflows: see runtime.h */
    ks_priority priority;
    ks_backoff backoff; /* for supervisors: restarts wait; default: the supervisor's .backoff */
    /* When the program drains: how long it may finish its work and end by itself, before it is told
     * to shut down; 0: not at all; KS_INFINITY: as long as the program. See drain.h. In a dynamic
     * supervisor the longest of its children counts for all. */
    ks_ms drain;
    /* 1, 2...: it runs on that one of the runtime's schedulers and never moves to another, init and
     * restarts included; more than there are (ks_scheduler_count): KS_BADARG. 0: on any. For what
     * must not run at the same time as its kin, one of each on every scheduler. */
    uint32_t scheduler;
} ks_child;

/* The limits of a mailbox, exactly.
 * Counted: all that stands in it, in messages and in blocks of 64 bytes: at least one each, with
 * all that it points at (each ks_bin in full, wherever else it is; large ones rounded up by an
 * eighth).
 * Exempt, so never refused or dropped: exits, links, monitors and what comes of them (ks_down,
 * ks_exited), replies, responses to asynchronous requests, requests to stop or to format the
 * status, and the message of a timer of a single shot to the process that made it.
 * Soft: the last message may pass the limit of bytes, by its own size; what is under way between
 * schedulers is not counted before it arrives; what is exempt may pass both.
 * KS_DROP_OLDEST does not drop what a process sent to itself, nor its timers' messages; when the
 * oldest 64 are such or exempt, it refuses. A message to oneself is refused by every policy.
 * KS_BLOCK: a call waits for room as long as for its reply, a cast or message .overload_timeout
 * at most, and no longer than the request being handled may take (KS_DEADLINE); then it was not
 * sent: KS_OVERLOAD. Sent to a process that ends meanwhile: KS_OK. Who cannot wait is refused: a
 * timer, a release hook, an asynchronous request; a cast that would close a cycle of processes
 * which wait for each other, at once. From another scheduler the limit is looked at when the
 * message arrives: a call that would have to wait is refused, a cast is refused and counted, though
 * its sender heard KS_OK.
 * What can be read: ks_mailbox_length and its kin, runtime.h. */

/* Module and arguments of a row; the fields are checked against stack_args. The arguments stand in
 * the enclosing block: a function that returns such a row returns a pointer to what is gone. Let
 * the caller write the row, or point .args at something that stays. */
#define KS_START(...) KS_START_(__VA_ARGS__, )
#define KS_START_(P, ...)                                                                          \
    .module = &P##_module, .args = __extension__ & (const P##_args) { __VA_ARGS__ }
/* A row of nothing but module and arguments: ks_start_link(KS_CHILD(stack, .idle_ms = 5000),
 * &pid). */
#define KS_CHILD(...) (&(const ks_child){ KS_START(__VA_ARGS__) })
/* With arguments that exist already: { KS_START_WITH(stack, args), .name = "stack" } */
#define KS_START_WITH(P, ...) .module = &P##_module, .args = KS_CHECKED(P##_args, __VA_ARGS__)

/* Block until init has returned; on failure nothing is left behind: no name, no EXIT, no DOWN.
 * KS_OK; what init failed with; KS_IGNORE; KS_EXITED (init stopped or died); KS_ALREADY_STARTED
 * (*ret_pid is the holder of the name), KS_TIMEOUT (the process was killed), KS_BADARG, KS_NOMEM.
 * When the start fails, sockets in the arguments are the caller's again, unless init has closed
 * them or given them away.
 * ret_pid may be NULL. Called from inside a process. */
static inline ks_status ks_start(const ks_child *how, ks_pid *ret_pid) KS_MUST_USE;
static inline ks_status ks_start_link(const ks_child *how, ks_pid *ret_pid) KS_MUST_USE;
static inline ks_status ks_start_monitor(
    const ks_child *how, ks_pid *ret_pid, ks_ref *ret_monitor) KS_MUST_USE;
static inline ks_status ks_start_link_monitor(
    const ks_child *how, ks_pid *ret_pid, ks_ref *ret_monitor) KS_MUST_USE;
/* Orderly end from outside, with terminate; blocks until it is gone. KS_OK: it ended with that
 * reason; KS_EXITED: with another one; KS_TIMEOUT (it lives on), KS_NOPROC, KS_CALLING_SELF,
 * KS_NOMEM. */
KS_API ks_status ks_stop_process(ks_pid pid, ks_reason reason, ks_ms timeout);

/* The same, not waited for. A plain process gets an exit signal. */
KS_API void ks_ask_to_stop(ks_pid pid, ks_reason reason);
/* What format_status of a server says, cut to size; empty when it has none. KS_UNDEF: a plain
 * process; KS_EXITED: format_status failed, the server lives; else as a call. */
KS_API ks_status ks_format_status(ks_pid pid, char *buffer, size_t size, ks_ms timeout);

/* A plain process as a module: KS_PROCESS(ticker) after `static void ticker_main(const ticker_args
 * *args)`. It counts as started before its function runs. */
#define KS_PROCESS(P) KS_PROCESS_(P, false)
/* The same, but main says itself when it counts as started: ks_init_ack(), when it has what it
 * needs, or ks_init_fail(status), which is what the starter gets: -EADDRINUSE... Until then the
 * starter waits; when main ends before, it gets KS_EXITED. */
#define KS_PROCESS_ACKS(P) KS_PROCESS_(P, true)
#define KS_PROCESS_(P, acks)                                                                       \
    static void P##_entry_(const void *args) { P##_main(args); }                                   \
    const ks_module P##_module = { .version = KS_MODULE_VERSION,                                   \
        .name = #P,                                                                                \
        .behaviour = &ks_process_behaviour,                                                        \
        .args = P##_args_type_,                                                                    \
        .main = P##_entry_,                                                                        \
        .acknowledges = (acks) }

/* The size of the row goes along, so that a newer library accepts rows of older programs. */
KS_API ks_status ks_start_(
    const ks_child *how, size_t size, int relation, ks_pid *ret_pid, ks_ref *ret_monitor);
static inline ks_status ks_start(const ks_child *how, ks_pid *ret_pid)
{
    return ks_start_(how, sizeof *how, 0, ret_pid, NULL);
}
static inline ks_status ks_start_link(const ks_child *how, ks_pid *ret_pid)
{
    return ks_start_(how, sizeof *how, 1, ret_pid, NULL);
}
static inline ks_status ks_start_monitor(const ks_child *how, ks_pid *ret_pid, ks_ref *ret_monitor)
{
    return ks_start_(how, sizeof *how, 2, ret_pid, ret_monitor);
}
static inline ks_status ks_start_link_monitor(
    const ks_child *how, ks_pid *ret_pid, ks_ref *ret_monitor)
{
    return ks_start_(how, sizeof *how, 3, ret_pid, ret_monitor);
}
#endif
