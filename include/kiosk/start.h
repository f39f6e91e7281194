/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/start.h - how any process is started: a module, and one row that says how to start it.
 *
 * The same row serves ks_start_link, a supervisor, ks_start_child, ks_main and the tests:
 *     { KS_START(stack, .idle_ms = 5000), .name = "stack", .restart = KS_TRANSIENT }
 * A zero field means the default. */
#ifndef KIOSK_START_H
#define KIOSK_START_H
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
typedef enum ks_overload {
    KS_REFUSE /* calls fail with KS_OVERLOAD; casts and infos too, where the sender looks */
} ks_overload;
#define KS_NONE (-1) /* where zero would mean the default but none is meant */
#define KS_BRUTAL_KILL ((ks_ms)-2)

typedef struct ks_child {
    const ks_module *module;
    const void
        *args;      /* typed by KS_START; copied at start; the copy lives as long as the process */
    const char *id; /* for supervisors; default: the module's name */
    const char *name;     /* registered before init runs */
    ks_restart restart;   /* default: the supervisor's .restart, else permanent */
    ks_ms shutdown;       /* default 5000 (a supervisor: infinity); KS_BRUTAL_KILL, KS_INFINITY */
    uint32_t mailbox_max; /* messages; signals and replies are never refused; default 1 million */
    ks_overload overload;
    size_t memory_max;   /* bytes, by ks_alloc and the turn; more ends the process; 0: no limit */
    ks_ms start_timeout; /* for init; 0: no limit */
    bool significant;    /* its end may end its supervisor: see .auto_shutdown there */
    /* When the program drains: how long it may finish its work and end by itself, before it is told
     * to shut down; 0: not at all; KS_INFINITY: as long as the program. See drain.h. In a dynamic
     * supervisor the longest of its children counts for all. */
    ks_ms drain;
} ks_child;

/* Module and arguments of a row; the fields are checked against stack_args. */
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
 * ret_pid may be NULL. Called from inside a process. */
static inline ks_status ks_start(const ks_child *how, ks_pid *ret_pid) KS_MUST_USE;
static inline ks_status ks_start_link(const ks_child *how, ks_pid *ret_pid) KS_MUST_USE;
static inline ks_status ks_start_monitor(
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
#define KS_PROCESS(P)                                                                              \
    static void P##_entry_(const void *args) { P##_main(args); }                                   \
    const ks_module P##_module = { .version = KS_MODULE_VERSION,                                   \
        .name = #P,                                                                                \
        .behaviour = &ks_process_behaviour,                                                        \
        .args = P##_args_type_,                                                                    \
        .main = P##_entry_ }

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
#endif
