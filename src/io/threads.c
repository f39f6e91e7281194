/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c - the threads of a runtime: one for each scheduler, but for the caller's, and the
 * monitor's. */
#include "io/runtime.h"
#include "runtime/scheduler.h"
#include <kiosk/log.h>

/* Signals are the program's, and handled on its threads; who faults is told on the spot. */
static void block_signals(sigset_t *ret_old)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    (void)pthread_sigmask(SIG_SETMASK, &all, ret_old);
}

ks_status ksi_thread_start(pthread_t *ret_thread, void *(*fn)(void *arg), void *arg)
{
    sigset_t old;
    block_signals(&old);
    int error = pthread_create(ret_thread, NULL, fn, arg);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -error;
}

static void *run_scheduler(void *arg)
{
    ksi_runner_label(arg);
    ksi_scheduler_serve(arg);
    return NULL;
}

/* It makes threads of its own when it must, with the same signals blocked. */
static void watch_hogs(struct ks_runtime *runtime)
{
    sigset_t old;
    block_signals(&old);
    ks_status status = ksi_hogs_start(runtime->core, runtime->options.hog_limit, runtime->is_main);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (status) ks_log_warning("kiosk: hogs are not looked for: %s", ks_status_text(status));
}

ks_status ksi_threads_start(struct ks_runtime *runtime)
{
    struct ksi_runtime *core = runtime->core;
    for (uint32_t i = 1; i < core->scheduler_count; i++) {
        ks_status status =
            ksi_thread_start(&runtime->threads[i], run_scheduler, core->schedulers[i]);
        if (status) return status;
        runtime->threads_started++;
    }
    watch_hogs(runtime);
    return KS_OK;
}

void ksi_threads_stop(struct ks_runtime *runtime)
{
    for (uint32_t i = 1; i <= runtime->threads_started; i++) {
        ksi_scheduler_stop(runtime->core->schedulers[i]);
        pthread_join(runtime->threads[i], NULL);
    }
    runtime->threads_started = 0;
}
