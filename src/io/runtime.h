/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.h - a runtime as its users hold it: options, threads, life, clients.
 *
 *     options.c      what was asked for
 *     runtime.c      made, given up; start and stop for programs with a main of their own
 *     life.c         from the start of root until nothing is left
 *     threads.c      of the schedulers
 *     boot.c         the first process: it starts root, and waits for its end
 *     termination.c  SIGTERM and SIGINT
 *     host.c         turns that the program lends
 *     client.c       its threads that are processes
 *     main.c         ks_run and ks_main
 *
 * Used by the thread that runs the first scheduler, but for what says otherwise. */
#ifndef KSI_IO_RUNTIME_H
#define KSI_IO_RUNTIME_H
#include "io/io.h"
#include <kiosk/client.h>
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

typedef struct ksi_termination { /* SIGTERM or SIGINT came, or somebody asks for it */
    int32_t number;              /* of the signal, or one of these: */
} ksi_termination;
enum { KSI_BY_PROGRAM = 0, KSI_BY_HOST = -1 };
extern const ks_type ksi_termination_type;

enum ksi_state { /* in this order */
    KSI_BEGINS,
    KSI_RUNS, /* root has started */
    KSI_ENDS, /* root has ended, or did not start */
    KSI_OVER  /* nothing runs any more */
};

struct ks_runtime {
    struct ksi_runtime *core;
    ks_runtime_options options;
    pid_t process; /* of the system: a child of it has no use for us */
    _Atomic(uint32_t) references;

    /* --- life.c --- */
    ks_child root;                 /* module NULL: none */
    char name[64];                 /* of root, for people; cut */
    ks_pid boot, sweeper, running; /* running: root, once it was started */
    bool is_main;                  /* the operating system's process is ours to end */
    bool at_once;                  /* a second signal came */
    bool swept;                    /* nothing is left but clients */
    bool jobs_ended;               /* see ksi_life_end_jobs() */
    ks_status start_status;        /* of root */
    ks_status status;
    struct ksi_message *order; /* to stop: made before, so that it cannot fail; NULL: was given */

    /* --- threads and descriptors --- */
    struct ksi_io *io[KSI_SCHEDULERS_MAX]; /* of the schedulers */
    struct ksi_slots sockets;
    pthread_t threads[KSI_SCHEDULERS_MAX]; /* of all but the first */
    uint32_t threads_started;
    pthread_t first; /* that of the first scheduler, when it is ours */
    int signals;     /* signalfd, or -1 */
    int signals_heard;
    sigset_t old_mask;
    int timer;                 /* host-driven: timerfd, or -1 */
    int64_t timer_tick;        /* what it is set to; INT64_MAX: nothing */
    struct ksi_thread *driver; /* host-driven: the thread that lends turns */

    /* --- any thread, under the lock --- */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the state */
    enum ksi_state state;
    bool started, stopped;          /* by ks_runtime_start, and ks_runtime_stop was called */
    struct ks_client *clients_free; /* theirs can be used again */
    _Atomic(bool) looking;          /* a client does: parker.h */
};

/* --- options.c -------------------------------------------------------------------------------- */
/* False: they cannot be. */
bool ksi_options(const ks_runtime_options *given, size_t size, ks_runtime_options *ret_options);

/* --- runtime.c -------------------------------------------------------------------------------- */
/* root: of that size, or NULL. KS_OK, KS_BADARG, KS_NOMEM, -errno. One reference. */
ks_status ksi_handle_new(const ks_runtime_options *options, const ks_child *root, size_t size,
    struct ks_runtime **ret_runtime);
/* Makes the schedulers. KS_OK, KS_NOMEM, -errno. */
ks_status ksi_handle_open(struct ks_runtime *runtime);
/* Any thread. */
enum ksi_state ksi_state_of(struct ks_runtime *runtime);
void ksi_set_state(struct ks_runtime *runtime, enum ksi_state state);

/* --- life.c ----------------------------------------------------------------------------------- */
/* Makes the process that starts root, and ends by stopping the first scheduler when nothing is left
 * but clients. False: out of memory. */
bool ksi_life_begin(struct ks_runtime *runtime);
/* A process that stays with the first scheduler; by that, or before any runs. False: out of memory.
 */
bool ksi_start_first(struct ks_runtime *runtime, void (*fn)(void *runtime));
/* That process has ended: what is left is swept away. By the first scheduler. */
void ksi_life_sweep(struct ks_runtime *runtime);
/* From then on the log names whose handler does not return, and a program of ks_main ends. Any
 * thread. */
void ksi_end_by(struct ks_runtime *runtime, ks_ms after);
/* It is stopped: no process is left, nor does any thread but this one run processes. Any thread. */
void ksi_life_end(struct ks_runtime *runtime);
/* What was sent to it since is given up. No thread runs anything of it. Any thread. */
void ksi_life_settle(struct ks_runtime *runtime);
/* A whole life, on the calling thread. */
void ksi_live(struct ks_runtime *runtime);

/* Waits for blocking work that was given up, for as long as an ordered stop may take; nothing the
 * second time. After ksi_life_end(). Any thread. */
void ksi_life_end_jobs(struct ks_runtime *runtime);

/* --- boot.c ----------------------------------------------------------------------------------- */
/* Makes it. False: out of memory. */
bool ksi_boot_start(struct ks_runtime *runtime);

/* --- threads.c -------------------------------------------------------------------------------- */
/* With all signals blocked, but those of faults. KS_OK or -errno. Any thread. */
ks_status ksi_thread_start(pthread_t *ret_thread, void *(*fn)(void *arg), void *arg);
/* The other schedulers, which run until ksi_threads_stop(), and the monitor of hogs. KS_OK or
 * -errno. */
ks_status ksi_threads_start(struct ks_runtime *runtime);
void ksi_threads_stop(struct ks_runtime *runtime);

/* --- termination.c ---------------------------------------------------------------------------- */
/* "SIGTERM", or what else asked for the end. */
const char *ksi_termination_name(int number);
/* The calling thread's mask, as long as the program runs: no handler is installed. */
ks_status ksi_signals_open(struct ks_runtime *runtime);
/* Once there are schedulers: the first one hears them. The first signal goes to boot, a second one
 * kills. KS_OK or -errno. */
ks_status ksi_signals_hear(struct ks_runtime *runtime);
void ksi_signals_close(struct ks_runtime *runtime);

/* --- host.c ----------------------------------------------------------------------------------- */
/* By the thread that will lend turns. KS_OK or -errno. */
ks_status ksi_host_open(struct ks_runtime *runtime);
/* The first scheduler runs on the calling thread, for a slice. True: more is ready. */
bool ksi_host_turn(struct ks_runtime *runtime);
/* Waits until a turn would do something. */
void ksi_host_wait(struct ks_runtime *runtime, int64_t timeout_ns);
/* Turns, and waits between them, until it is in that state. */
void ksi_host_drive(struct ks_runtime *runtime, enum ksi_state until);

/* --- client.c --------------------------------------------------------------------------------- */
/* Frees those that are closed. */
void ksi_clients_free(struct ks_runtime *runtime);

#endif
