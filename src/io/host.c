/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - a runtime without threads, in the event loop of its program. See kiosk/client.h.
 *
 * Between turns its poller rests, so that whoever has work for it makes the descriptor readable;
 * a timerfd stands for the wheel. Both are told by the edge: a turn that looks for I/O takes them
 * back. Used by the thread that started the runtime. */
#define _GNU_SOURCE /* ppoll */
#include "base/base.h"
#include "io/runtime.h"
#include "runtime/scheduler.h"
#include <errno.h>
#include <kiosk/log.h>
#include <poll.h>
#include <sys/timerfd.h>

enum { NS_PER_S = 1000000000 };

ks_status ksi_host_open(struct ks_runtime *runtime)
{
    runtime->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (runtime->timer < 0) return -errno;
    runtime->timer_tick = INT64_MAX;
    runtime->driver = &ksi_this_thread;
    runtime->core->scheduler.hosted = true;
    return ksi_poller_add_bell(&runtime->io[0]->poller, runtime->timer);
}

static void set_timer(struct ks_runtime *runtime)
{
    int64_t next = ksi_wheel_next(&runtime->core->scheduler.wheel);
    if (next == runtime->timer_tick) return;
    struct itimerspec when = { .it_value = { 0 } }; /* never */
    if (next <= INT64_MAX / KSI_TICK_NS)
        when.it_value =
            (struct timespec){ next * KSI_TICK_NS / NS_PER_S, next * KSI_TICK_NS % NS_PER_S };
    int failed = timerfd_settime(runtime->timer, TFD_TIMER_ABSTIME, &when, NULL);
    KSI_ASSERT(!failed); /* only for what is no timer, or no time */
    runtime->timer_tick = next;
}

bool ksi_host_turn(struct ks_runtime *runtime)
{
    struct ksi_scheduler *s = &runtime->core->scheduler;
    struct ksi_poller *poller = &runtime->io[0]->poller;
    ksi_poller_wakes(poller);
    s->rounds_left = 0;
    s->slices_left = 1;
    ksi_scheduler_finish(s);
    if (runtime->swept) {
        ksi_life_end(runtime);
        return false;
    }
    if (ksi_has_work(s) || !ksi_poller_rests(poller)) {
        ksi_poller_ring(poller);
        return true;
    }
    set_timer(runtime);
    return false;
}

void ksi_host_wait(struct ks_runtime *runtime, int64_t timeout_ns)
{
    struct pollfd one = { .fd = runtime->io[0]->poller.epoll, .events = POLLIN };
    struct timespec timeout = { timeout_ns / NS_PER_S, timeout_ns % NS_PER_S };
    (void)ppoll(
        &one, 1, timeout_ns == INT64_MAX ? NULL : &timeout, NULL); /* interrupted: as well */
}

void ksi_host_drive(struct ks_runtime *runtime, enum ksi_state until)
{
    while (ksi_state_of(runtime) < until) /* ends: start and stop do */
        if (!ksi_host_turn(runtime) && ksi_state_of(runtime) < until)
            ksi_host_wait(runtime, INT64_MAX);
}

int ks_runtime_fd(const ks_runtime *runtime)
{
    return runtime->driver ? runtime->io[0]->poller.epoll : -1;
}

/* NULL: it may. */
static const char *refuse_turn(const struct ks_runtime *runtime)
{
    if (!runtime->driver) return "of a runtime that has threads";
    if (runtime->driver != &ksi_this_thread) return "on another thread";
    if (ksi_this_scheduler && !ksi_this_scheduler->client) return "in a process";
    return NULL;
}

bool ks_runtime_turn(ks_runtime *runtime)
{
    const char *refused = refuse_turn(runtime);
    if (refused) ks_log_error("kiosk: ks_runtime_turn %s: nothing is done", refused);
    return !refused && ksi_state_of(runtime) < KSI_OVER && ksi_host_turn(runtime);
}
