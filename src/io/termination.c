/* SPDX-License-Identifier: Apache-2.0 */
/* termination.c - SIGTERM and SIGINT stop the program. See runtime.h. */
#include "io/runtime.h"
#include "runtime/overdue.h"
#include "runtime/scheduler.h"
#include <errno.h>
#include <kiosk/drain.h>
#include <kiosk/log.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

KS_TYPE(ksi_termination, number);

const char *ksi_termination_name(int number)
{
    switch (number) {
    case KSI_BY_PROGRAM: return "ks_stop_program";
    case KSI_BY_HOST: return "ks_runtime_stop";
    case SIGINT: return "SIGINT";
    default: return "SIGTERM";
    }
}

/* 0: none. */
static int next_signal(int fd)
{
    struct signalfd_siginfo info;
    ssize_t got = read(fd, &info, sizeof info);
    return got == sizeof info ? (int)info.ssi_signo : 0;
}

/* By the scheduler's loop: no process is needed for it, whose thread could be stuck. */
static void hear(void *arg)
{
    struct ks_runtime *runtime = arg;
    int number;
    while ((number = next_signal(runtime->signals))) {
        if (++runtime->signals_heard == 1) {
            ksi_end_by(runtime, runtime->options.stop_timeout);
            (void)ks_send(runtime->boot, ksi_termination, &(ksi_termination){ .number = number });
            continue;
        }
        runtime->at_once = true;
        ksi_end_by(runtime, 0);
        ks_log_warning("kiosk: %s again: everything is killed", ksi_termination_name(number));
        bool started = !ks_is_none(runtime->running);
        ks_exit_process(started ? runtime->running : runtime->boot, KS_KILL);
    }
}

ks_status ksi_signals_open(struct ks_runtime *runtime)
{
    if (!runtime->options.handle_termination) return KS_OK;
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    int error = pthread_sigmask(SIG_BLOCK, &both, &runtime->old_mask);
    if (error) return -error;
    runtime->signals = signalfd(-1, &both, SFD_CLOEXEC | SFD_NONBLOCK);
    if (runtime->signals >= 0) return KS_OK;
    ks_status status = -errno;
    (void)pthread_sigmask(SIG_SETMASK, &runtime->old_mask, NULL);
    return status;
}

ks_status ksi_signals_hear(struct ks_runtime *runtime)
{
    struct ksi_io *io = runtime->io[0];
    if (runtime->signals < 0) return KS_OK;
    io->on_signals = hear;
    io->signals_arg = runtime;
    return ksi_poller_set(&io->poller, EPOLL_CTL_ADD, runtime->signals, EPOLLIN, KSI_IO_SIGNALS);
}

void ksi_signals_close(struct ks_runtime *runtime)
{
    if (runtime->signals < 0) return;
    while (next_signal(runtime->signals)) {} /* what came late was meant for what has ended */
    close(runtime->signals);
    runtime->signals = -1;
    (void)pthread_sigmask(SIG_SETMASK, &runtime->old_mask, NULL);
}

ks_status ks_stop_program(void)
{
    KSI_INSIDE(s);
    uint64_t boot_id = s ? ksi_load_relaxed(&s->runtime->boot) : 0; /* a number, no more */
    if (!boot_id) return KS_DENIED;
    ksi_hogs_end_by(s->runtime, ks_now() + s->runtime->options.stop_timeout);
    return ks_send(ksi_pid(boot_id), ksi_termination, &(ksi_termination){ KSI_BY_PROGRAM });
}
