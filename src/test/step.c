/* SPDX-License-Identifier: Apache-2.0 */
/* step.c - servers in the hands of a test: each call from outside runs the runtime until it is
 * answered.
 *
 * One process of the test's makes the calls, so that what they return lives until the next one. One
 * runtime for each thread, in virtual time. */
#include <kiosk/test.h>

#include "base/base.h"
#include "runtime/signal.h"
#include "runtime/start.h"
#include "test/virtual.h"
#include <stdio.h>
#include <stdlib.h>

struct stepper {
    struct ksi_virtual world;
    struct ksi_runtime *runtime;
    uint64_t client; /* pid id */
    void (*fn)(void *arg);
    void *arg;
};
static _Thread_local struct stepper *stepper;

/* Runs what it is given, again and again. */
static void serve_test(void *arg)
{
    struct stepper *me = arg;
    struct ksi_scheduler *s = &me->runtime->scheduler;
    for (;;) { /* until ks_step_end kills it */
        ks_end_turn();
        if (me->fn) me->fn(me->arg);
        me->fn = NULL;
        ksi_scheduler_stop(s);
        (void)ksi_block(s, KSI_WAIT_EVENT, KS_INFINITY);
    }
}

static void stop_when_stuck(void *arg, int64_t timeout_ns)
{
    struct stepper *me = stepper;
    (void)arg;
    if (timeout_ns < INT64_MAX) {
        me->world.now_ns += timeout_ns;
    } else {
        fprintf(stderr, "step: the call waits for ever: nobody can run, no timer is armed\n");
        exit(1);
    }
}

static void outside(struct ksi_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    struct ksi_scheduler *s = &runtime->scheduler;
    struct ksi_process *client = ksi_process_of(s, stepper->client);
    stepper->fn = fn;
    stepper->arg = arg;
    if (client) {
        ksi_wake(s, client, KSI_WAIT_EVENT);
    } else {
        client = ksi_spawn(s, serve_test, stepper);
        KSI_ASSERT(client);
        stepper->client = ksi_process_id(client);
        ksi_ready(s, client);
    }
    ksi_scheduler_run(s);
}

static bool begin(void)
{
    if (stepper) return true;
    if (ksi_this_scheduler) return false; /* a process of another runtime calls */
    stepper = calloc(1, sizeof *stepper);
    if (!stepper) return false;
    ksi_virtual_init(&stepper->world, 1);
    stepper->runtime = ksi_virtual_runtime(&stepper->world, 1);
    if (!stepper->runtime) {
        free(stepper);
        stepper = NULL;
        return false;
    }
    stepper->runtime->scheduler.seams.poll = stop_when_stuck;
    stepper->runtime->outside = outside;
    ksi_this_scheduler = &stepper->runtime->scheduler;
    return true;
}

ks_status ks_step_start_(const ks_child *how, size_t size, ks_pid *ret_pid)
{
    if (!begin()) return KS_NOMEM;
    return ks_start_(how, size, 0, ret_pid, NULL);
}

static void sleep_inside(void *arg) { ks_sleep(*(const ks_ms *)arg); }

void ks_step_time(ks_ms forward)
{
    if (begin()) outside(stepper->runtime, sleep_inside, &forward);
}

struct stop {
    ks_pid server;
    ks_reason reason;
};

static void stop_inside(void *arg)
{
    struct stop *stop = arg;
    ks_ref monitor = ks_monitor(stop->server);
    ks_ask_to_stop(stop->server, stop->reason);
    const ks_msg *msg = ks_receive_ref(monitor, KS_INFINITY);
    const ks_down *down = msg ? ks_as(ks_down, msg) : NULL;
    stop->reason = down ? down->reason : ks_because(KS_NOMEM);
}

ks_reason ks_step_stop(ks_pid server, ks_reason reason)
{
    struct stop stop = { server, reason };
    if (!begin()) return ks_because(KS_NOMEM);
    outside(stepper->runtime, stop_inside, &stop);
    return stop.reason;
}

const void *ks_step_state_(ks_pid server, const ks_module *module)
{
    struct ksi_process *p = stepper ? ksi_resolve(&stepper->runtime->scheduler, server) : NULL;
    return p && p->module == module ? p->state : NULL;
}

static void kill_others(void *arg)
{
    struct ksi_scheduler *s = &stepper->runtime->scheduler;
    struct ksi_process_table *table = &stepper->runtime->processes;
    for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++)
        if (ksi_load_relaxed(&table->slots[i].in_use) && &table->slots[i] != s->current)
            ksi_condemn(s, &table->slots[i], (ks_reason){ .kind = KS_REASON_KILLED });
    ks_sleep(1);
    (void)arg;
}

void ks_step_end(void)
{
    if (!stepper) return;
    struct ksi_scheduler *s = &stepper->runtime->scheduler;
    outside(stepper->runtime, kill_others, NULL);
    struct ksi_process *client = ksi_process_of(s, stepper->client);
    ksi_condemn(s, client, (ks_reason){ .kind = KS_REASON_KILLED });
    ksi_scheduler_finish(s);
    ksi_this_scheduler = NULL;
    ksi_runtime_end(stepper->runtime);
    free(stepper);
    stepper = NULL;
}
