/* SPDX-License-Identifier: Apache-2.0 */
/* after_test - cases of after_SUITE: the time-outs of receive. */
#include "support/scenario.h"
#include <kiosk/timer.h>

enum { SLACK = 50 }; /* of virtual time: other processes may be put aside */

static void is_after(ks_ms begin, ks_ms timeout)
{
    KS_CHECK(ks_now() - begin >= timeout);
    KS_CHECK(ks_now() - begin <= timeout + SLACK);
}

static void sends_later(void *arg)
{
    ks_sleep(20);
    ks_send(*(const ks_pid *)arg, ks_float, &(ks_float){ 1.0 });
}

/* Neither an empty queue, nor one of other messages, nor one that comes meanwhile, changes it. */
static void t_after(void)
{
    ks_pid self = ks_self();
    ks_ms begin = ks_now();
    KS_CHECK(ks_receive(100) == NULL);
    is_after(begin, 100);
    ks_send(ks_self(), ks_int, &(ks_int){ 1 });
    ks_spawn(sends_later, &self);
    begin = ks_now();
    KS_CHECK(ks_receive_as(ks_bool, 100) == NULL);
    is_after(begin, 100);
    KS_CHECK(ks_receive_as(ks_int, 0) && ks_receive_as(ks_float, 0));
    KS_CHECK(nothing_comes());
}

static void receive_after(void)
{
    for (ks_ms timeout = 1; timeout < 70; timeout += 3) {
        ks_ms begin = ks_now();
        KS_CHECK(ks_receive(timeout) == NULL);
        is_after(begin, timeout);
    }
}

/* A message ends a wait that would have been long, and its time-out never fires. */
static void receive_after_big(void)
{
    static const ks_ms big[] = { (ks_ms)1 << 31, (ks_ms)1 << 40, KS_INFINITY };
    ks_pid self = ks_self();
    for (int i = 0; i < 3; i++) {
        ks_ms begin = ks_now();
        ks_spawn(sends_later, &self);
        KS_CHECK(ks_receive_as(ks_float, big[i]) != NULL);
        is_after(begin, 20);
        KS_CHECK(nothing_comes());
    }
}

static void waits_long(void *arg) { ks_receive(*(const ks_ms *)arg); }

/* Just above what 32 bits hold: it is not taken for a short time. */
static void receive_after_32bit(void)
{
    static const ks_ms timeouts[] = { ((ks_ms)1 << 32) - 1, (ks_ms)1 << 32, ((ks_ms)1 << 32) + 1,
        ((ks_ms)1 << 31) + 1 };
    ks_pid pids[4];
    for (int i = 0; i < 4; i++) {
        ks_ms timeout = timeouts[i];
        ks_ref monitor;
        pids[i] = ks_spawn_monitor(waits_long, &timeout, &monitor);
        KS_CHECK(ks_receive_ref(monitor, 600000) == NULL);
        ks_demonitor(monitor);
        KS_CHECK(ks_is_alive(pids[i]));
        kill_and_wait(pids[i]);
    }
}

/* Zero, as a constant or not: what is queued is taken, nothing is waited for. */
static void zero(ks_ms timeout)
{
    ks_ms begin = ks_now();
    KS_CHECK(ks_receive(timeout) == NULL);
    KS_CHECK(ks_receive_as(ks_int, timeout) == NULL);
    for (ks_int i = 0; i < 3; i++) ks_send(ks_self(), ks_int, &i);
    ks_send(ks_self(), ks_bool, &(ks_bool){ true });
    KS_CHECK(ks_receive_as(ks_bool, timeout) != NULL);
    for (ks_int i = 0; i < 3; i++) {
        const ks_int *number = ks_receive_as(ks_int, timeout);
        KS_CHECK(number && *number == i);
    }
    KS_CHECK(ks_receive(timeout) == NULL);
    KS_CHECK(ks_now() - begin < SLACK);
}

static void receive_zero(void) { zero(0); }

static void receive_var_zero(void)
{
    for (ks_ms past = 0; past < 3; past++) zero(ks_until(ks_now() - past));
}

struct waiter {
    ks_ms timeout, waited;
};

static void waits_and_measures(void *arg)
{
    struct waiter *waiter = arg;
    ks_ms begin = ks_now();
    KS_CHECK(ks_receive(waiter->timeout) == NULL);
    waiter->waited = ks_now() - begin;
}

static void waiters(int count, ks_ms (*timeout)(int))
{
    enum { WAITERS = 200 };
    struct waiter waiter[WAITERS];
    ks_ref ends[WAITERS];
    for (int i = 0; i < count; i++) {
        waiter[i] = (struct waiter){ .timeout = timeout(i) };
        ks_spawn_monitor(waits_and_measures, &waiter[i], &ends[i]);
    }
    for (int i = 0; i < count; i++) {
        KS_CHECK(ended_with(ends[i], KS_REASON_NORMAL));
        KS_CHECK(waiter[i].waited >= waiter[i].timeout);
        KS_CHECK(waiter[i].waited <= waiter[i].timeout + SLACK);
    }
}

static ks_ms spread(int i) { return 10 + i * 7 % 300; }

static ks_ms same(int i) { return 100; }

static void multi_timeout(void) { waiters(200, spread); }

static void receive_after_blast(void) { waiters(200, same); }

int main(int argc, char **argv)
{
    return run_cases("after_SUITE", argc, argv,
        SCENARIOS(SCENARIO(t_after), SCENARIO(receive_after), SCENARIO(receive_after_big),
            SCENARIO(receive_after_32bit), SCENARIO(receive_zero), SCENARIO(receive_var_zero),
            SCENARIO(multi_timeout), SCENARIO(receive_after_blast)));
}
