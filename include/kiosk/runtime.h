/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/runtime.h - run a program's processes. With a main, threads or an event loop of one's own:
 * client.h. */
#ifndef KIOSK_RUNTIME_H
#define KIOSK_RUNTIME_H
#include "start.h"

typedef struct ks_runtime ks_runtime;
typedef struct ks_runtime_options { /* NULL or zero: the default */
    uint32_t processes_max;         /* 16 million */
    uint32_t stack_size;            /* bytes of each stack, in address space; 256 KiB */
    ks_ms stop_timeout;      /* for the whole ordered stop, then what is left is killed; 30 s */
    bool handle_termination; /* SIGTERM and SIGINT stop the root in order (ks_main says yes) */
    ks_ms drain_timeout;     /* of it, for all who finish their work: drain.h; two thirds of it */
    /* Threads that run processes; default: KIOSK_SCHEDULERS in the environment, else one for each
     * processor that the program may use by its affinity and the quotas of its control groups.
     * Handlers of different processes run at the same time, so what they share besides messages,
     * such as a static variable, needs atomics or locks. */
    uint32_t schedulers;
    /* A handler, or a plain process, that keeps its thread for longer than so many ms (10), since
     * it computes or sits in a blocking call of somebody else's, loses its scheduler to another
     * thread; the log says who. It goes on as it was, but waits for its turn at its next call into
     * the library. Who is blocked in the middle of a handler on that thread waits for it, as stacks
     * keep their threads; everybody else goes on. KS_INFINITY: nobody is looked for. */
    ks_ms hog_limit;
    /* Blocking work and files: blocking.h. */
    uint32_t blocking_threads;   /* at most; 64 */
    uint32_t blocking_queue_max; /* jobs that wait for a thread; 10,000 */
    /* A handler that overflows its stack, or faults in the program's own code, ends its process
     * only, by KS_STACK_OVERFLOW or KS_REASON_FAULT: see below. True, or KIOSK_FAULTS=die in the
     * environment: a fault ends the program, as in any other. */
    bool fatal_faults;
    bool host_driven; /* no thread runs processes, but the program's, in turns: client.h */
} ks_runtime_options;
/* Faults are contained by handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL. They are there while such
 * a runtime is; what is not theirs they hand on to who was there before.
 * Contained is a fault in a process, in the text of the program itself, with no function among its
 * callers but the program's and kiosk's. A function of a library may hold a lock, so a fault in it,
 * or in what it calls back, ends the program, with a report on standard error; so does abort().
 * Locks that the program holds, and what was not registered with ks_own, stay as they are. Memory
 * that a wild pointer has changed stays changed.
 * Nothing is contained when libc is linked statically, nor under AddressSanitizer or
 * ThreadSanitizer, nor in code without unwind tables. Compile with -fstack-clash-protection, as
 * kiosk's pkg-config file and CMake package say: without it a frame larger than the guard may step
 * over it, into the stack of somebody else. */

/* The whole life of a program: starts root, waits until it ends or SIGTERM/SIGINT comes, stops in
 * order, as drain.h says (a second signal: at once). Returns what main should: 0 for a clean end, 1
 * else, with a last word in the log. Blocks the calling thread, which becomes a scheduler. What
 * is logged is chosen by KIOSK_LOG in the environment, then by --kiosk-log=: words of
 * ks_log_configure. At the end standard error has a second to take what it did not take before.
 * When stop_timeout and some seconds more are over and a handler still has not returned, the log
 * names it, and _exit(1) ends the program. */
static inline int ks_main(int argc, char **argv, const ks_child *root);
/* The same with options, without a look at the command line; it waits for a handler that does not
 * return, and says so in the log every few seconds. KS_OK: root ended clean; KS_EXITED:
 * not; else what its start gave. */
static inline ks_status ks_run(const ks_runtime_options *options, const ks_child *root) KS_MUST_USE;

/* --- what a program may ask of the runtime that it runs in; zero outside ---------------------- */
KS_API uint64_t ks_process_count(void);
/* How many schedulers there are, and the number of the one that runs the caller, from 1: see
 * .scheduler of ks_child. A process that is not held may be on another one at its next turn. */
KS_API uint32_t ks_scheduler_count(void);
KS_API uint32_t ks_scheduler_id(void);
KS_API uint64_t ks_process_memory(
    ks_pid pid); /* bytes: control block, state, ks_alloc, queue; 0: dead */
/* Without a message to the process, so that who balances or sheds load can ask often. */
KS_API uint64_t ks_mailbox_length(ks_pid pid); /* messages */
KS_API uint64_t ks_mailbox_bytes(ks_pid pid);  /* as the limit counts them: see start.h */
KS_API ks_ms ks_mailbox_age(
    ks_pid pid); /* how long the oldest message waits, of those still wanted; 0: none */
KS_API uint64_t ks_mailbox_refused(ks_pid pid); /* turned away since it started; timers' included */
KS_API uint64_t ks_mailbox_dropped(ks_pid pid); /* by KS_DROP_NEWEST and KS_DROP_OLDEST */
typedef enum ks_guard_mode { KS_GUARD_NONE, KS_GUARD_PROTECT, KS_GUARD_INSTALL } ks_guard_mode;
KS_API ks_guard_mode ks_stack_guard_mode(
    void);                               /* how stack overflow is caught: mprotect, or madvise */
KS_API size_t ks_stack_guard_size(void); /* bytes below each stack that fault */

KS_API int ks_main_(int argc, char **argv, const ks_child *root, size_t size);
KS_API ks_status ks_run_(
    const ks_runtime_options *options, size_t options_size, const ks_child *root, size_t size);
static inline int ks_main(int argc, char **argv, const ks_child *root)
{
    return ks_main_(argc, argv, root, sizeof *root);
}
static inline ks_status ks_run(const ks_runtime_options *options, const ks_child *root)
{
    return ks_run_(options, sizeof *options, root, sizeof *root);
}
#endif
