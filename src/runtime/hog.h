/* SPDX-License-Identifier: Apache-2.0 */
/* hog.h - the monitor: a thread that takes a scheduler away from a handler that keeps it for too
 * long.
 *
 * A handler that computes for long, or sits in a blocking call, keeps its thread, and loses the
 * scheduler to another thread (runner.h). The monitor looks every few milliseconds, as long as some
 * scheduler has work, and sleeps when all rest. docs/design/0003-hog-keeps-its-thread.md. */
#ifndef KSI_RUNTIME_HOG_H
#define KSI_RUNTIME_HOG_H
#include "base/atomic.h"
#include "runtime/runner.h"
#include <kiosk/types.h>

struct ksi_runtime;

/* DEAF: sleeps, and need not be told when a scheduler has work. */
enum ksi_hogs_word { KSI_HOGS_AWAKE, KSI_HOGS_ASLEEP, KSI_HOGS_DEAF, KSI_HOGS_QUIT };
struct ksi_hogs {
    pthread_t thread;
    bool started, looks;     /* looks: for hogs */
    bool ends_program;       /* when a handler does not return */
    bool can_demote;         /* a priority that was lowered may be restored */
    int64_t limit_ns;        /* of a turn */
    int64_t reported_ns;     /* the latest report */
    uint64_t unreported;     /* stalls since then */
    struct ksi_watch *watch; /* of each scheduler */
    int64_t overdue_ns;      /* when it last said who does not return */
    /* --- written by schedulers, too --- */
    _Alignas(64) _Atomic(uint32_t) word; /* a futex; enum ksi_hogs_word */
    _Atomic(int64_t) end_by_ns;          /* by then all should have ended; 0: no end was ordered */
};

/* Starts the monitor of a runtime whose schedulers are about to run. limit: of a turn, in ms;
 * KS_INFINITY: none. KS_OK also where the kernel lacks what it needs (membarrier): then hogs keep
 * their schedulers. ends_program: see overdue.h. KS_NOMEM, -errno. */
ks_status ksi_hogs_start(struct ksi_runtime *runtime, ks_ms limit, bool ends_program);
/* Before the runtime ends; nothing when it was not started. Any thread. */
void ksi_hogs_stop(struct ksi_runtime *runtime);
/* Something has happened that concerns a monitor which sleeps in that way: ASLEEP, a scheduler has
 * work again. True: it did. */
bool ksi_hogs_wake(struct ksi_hogs *hogs, uint32_t asleep);
/* By a late thread that has its scheduler again. */
void ksi_hog_restore(struct ksi_runner *runner);
#endif
