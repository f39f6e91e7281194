/* SPDX-License-Identifier: Apache-2.0 */
/* timer_bif_test - cases of timer_bif_SUITE: messages in the future, cancel, what is left. */
#include "support/scenario.h"
#include <kiosk/timer.h>

static const ks_ref no_ref;

/* A month: more milliseconds than 31 bits hold. */
static const ks_ms big = (ks_ms)30 * 24 * 3600 * 1000;

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

/* --- one timer -------------------------------------------------------------------------------- */
static void start_timer_1(void)
{
    ks_ms begin = ks_now();
    ks_ref first = ks_send_after(200, ks_self(), ks_int, &(ks_int){ 1 });
    ks_ref second = ks_send_after(100, ks_self(), ks_int, &(ks_int){ 2 });
    KS_CHECK(!ks_same_ref(first, second) && !ks_same_ref(first, no_ref));
    const ks_msg *msg = ks_receive_ref(first, 1000); /* by its ref, past the other one */
    KS_CHECK(ks_as(ks_int, msg) && *ks_as(ks_int, msg) == 1);
    KS_CHECK(ks_now() - begin >= 200 && ks_now() - begin < 400);
    msg = ks_receive_ref(second, 0);
    KS_CHECK(ks_as(ks_int, msg) && *ks_as(ks_int, msg) == 2);
    KS_CHECK(nothing_comes());
}

static void send_after_1(void)
{
    ks_ms begin = ks_now();
    ks_send_after(3, ks_self(), ks_int, &(ks_int){ 7 });
    const ks_int *number = ks_receive_as(ks_int, 1000);
    KS_CHECK(number && *number == 7);
    KS_CHECK(ks_now() - begin >= 3 && ks_now() - begin < 200);
    KS_CHECK(nothing_comes());
}

static void send_after_2(void)
{
    static const ks_int delays[] = { 300, 0, 100, 400, 200, 150, 1 };
    static const ks_int sorted[] = { 0, 1, 100, 150, 200, 300, 400 };
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
        ks_send_after(delays[i], ks_self(), ks_int, &delays[i]);
    for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++) {
        const ks_int *number = ks_receive_as(ks_int, 1000);
        KS_CHECK(number && *number == sorted[i]);
    }
    KS_CHECK(nothing_comes());
}

static void cancel_timer_1(void)
{
    ks_ref timer = ks_send_after(1000, ks_self(), ks_int, &(ks_int){ 1 });
    ks_sleep(300);
    KS_CHECK(ks_timer_left(timer) > 0 && ks_timer_left(timer) <= 700);
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(!ks_cancel(timer) && ks_timer_left(timer) == 0);
    KS_CHECK(ks_receive(2000) == NULL);
    timer = ks_send_after(10, ks_self(), ks_int, &(ks_int){ 2 });
    KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
    KS_CHECK(!ks_cancel(timer));
    KS_CHECK(nothing_comes());
}

struct foreign {
    ks_ref timer;
    bool cancelled;
    ks_ms left;
};

static void cancels(void *arg)
{
    struct foreign *foreign = arg;
    foreign->left = ks_timer_left(foreign->timer);
    foreign->cancelled = ks_cancel(foreign->timer);
}

static void cancel_timer_e(void)
{
    ks_ref timer = ks_send_after(500, ks_self(), ks_int, &(ks_int){ 1 }), monitor;
    struct foreign foreign = { .timer = timer };
    KS_CHECK(!ks_cancel(no_ref));
    KS_CHECK(!ks_cancel((ks_ref){ { UINT64_MAX, UINT64_MAX } }));
    KS_CHECK(!ks_cancel((ks_ref){ { timer.id[0] + 1, timer.id[1] } }));
    ks_pid other = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    KS_CHECK(!ks_cancel(monitor));
    ks_exit_process(other, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    ks_spawn_monitor(cancels, &foreign, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(!foreign.cancelled && foreign.left == 0);
    KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
    KS_CHECK(nothing_comes());
}

/* --- beyond 32 bits --------------------------------------------------------------------------- */
static void far_away(ks_ms after)
{
    ks_ref timer = ks_send_after(after, ks_self(), ks_int, &(ks_int){ 1 });
    KS_CHECK(!ks_same_ref(timer, no_ref));
    KS_CHECK(ks_timer_left(timer) <= after && ks_timer_left(timer) >= after - 10);
    KS_CHECK(ks_receive(60000) == NULL);
    KS_CHECK(ks_timer_left(timer) <= after - 60000 && ks_timer_left(timer) >= after - 61000);
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(nothing_comes());
}

static void start_timer_big(void) { far_away(big); }

static void send_after_big(void)
{
    far_away((ks_ms)1 << 32);
    far_away(((ks_ms)1 << 32) + 1);
    far_away((ks_ms)1 << 31);
}

static void huge_timeout(void) { far_away((ks_ms)1 << 45); }

/* --- what is left ----------------------------------------------------------------------------- */
static void read_timer_trivial(void)
{
    KS_CHECK(ks_timer_left(no_ref) == 0);
    KS_CHECK(ks_timer_left((ks_ref){ { 12345, 6789 } }) == 0);
}

static void read_timer(void)
{
    ks_ref timer = ks_send_after(500, ks_self(), ks_int, &(ks_int){ 1 });
    ks_ms before = ks_timer_left(timer);
    KS_CHECK(before > 400 && before <= 500);
    ks_sleep(100);
    ks_ms after = ks_timer_left(timer);
    KS_CHECK(after <= before - 100 && after > 200);
    KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
    KS_CHECK(ks_timer_left(timer) == 0);
    KS_CHECK(nothing_comes());
}

/* --- the owner and the receiver --------------------------------------------------------------- */
static void arms_many(void *arg)
{
    for (ks_int i = 0; i < 100; i++) ks_send_after(100 + i, *(const ks_pid *)arg, ks_int, &i);
    ks_receive(KS_INFINITY);
}

/* The timers of a process that is gone send nothing. */
static void cleanup(void)
{
    ks_pid self = ks_self();
    ks_pid armed = ks_spawn(arms_many, &self);
    ks_sleep(50);
    kill_and_wait(armed);
    KS_CHECK(nothing_comes());
    armed = ks_spawn(arms_many, &self); /* half of them have fired */
    ks_ms begin = ks_now();
    for (int i = 0; i < 50; i++) KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
    KS_CHECK(ks_now() - begin >= 100);
    kill_and_wait(armed);
    while (ks_receive_as(ks_int, 0)) {}
    KS_CHECK(nothing_comes());
}

static void takes_one(void *arg)
{
    const ks_int *number = ks_receive_as(ks_int, 1000);
    *(ks_int *)arg = number ? *number : -1;
}

/* The name has had another holder when the timer was made. */
static void registered_process(void)
{
    ks_int got = 0;
    ks_ref monitor;
    ks_pid old = ks_spawn(waits_for_ever, NULL);
    KS_CHECK_OK(ks_register("timed", old));
    ks_send_after(100, ks_named("timed"), ks_int, &(ks_int){ 5 });
    kill_and_wait(old);
    ks_pid taker = ks_spawn_monitor(takes_one, &got, &monitor);
    KS_CHECK_OK(ks_register("timed", taker));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(got == 5);
    KS_CHECK(nothing_comes());
}

/* --- many at once ----------------------------------------------------------------------------- */
enum { MANY = 500 };

static int take_all(void)
{
    int taken = 0;
    while (ks_receive_as(ks_int, 0)) taken++;
    ks_end_turn();
    return taken;
}

/* All are due at one instant: each comes, once. */
static void same_time_yielding(void)
{
    ks_ms due = ks_now() + 500;
    for (ks_int i = 0; i < MANY; i++) ks_send_after(ks_until(due), ks_self(), ks_int, &i);
    KS_CHECK(take_all() == 0);
    ks_sleep(2000);
    KS_CHECK(take_all() == MANY);
    KS_CHECK(nothing_comes());
}

static void same_time_yielding_with_cancel(void)
{
    ks_ref timers[MANY];
    ks_ms due = ks_now() + 500;
    int cancelled = 0;
    for (ks_int i = 0; i < MANY; i++)
        timers[i] = ks_send_after(ks_until(due), ks_self(), ks_int, &i);
    ks_sleep(ks_until(due) - (ks_ms)ks_random(3));
    for (int i = 0; i < MANY; i += 2) {
        cancelled += ks_cancel(timers[i]);
        if (ks_random(50) == 0) ks_yield();
    }
    ks_sleep(2000);
    KS_CHECK(take_all() == MANY - cancelled);
    KS_CHECK(nothing_comes());
}

/* The owner of all ends at the instant at which they are due: none comes twice, none later. */
static void auto_cancel_yielding(void)
{
    ks_pid self = ks_self();
    ks_pid armed = ks_spawn(arms_many, &self);
    ks_sleep(100 + (ks_ms)ks_random(100));
    kill_and_wait(armed);
    KS_CHECK(take_all() <= 100);
    KS_CHECK(nothing_comes());
}

static void arms_and_cancels(void *arg)
{
    for (ks_int i = 0; i < 200; i++) {
        ks_ref timer = ks_send_after((ks_ms)ks_random(20), ks_self(), ks_int, &i);
        if (ks_random(2)) ks_sleep((ks_ms)ks_random(10));
        if (!ks_cancel(timer)) KS_CHECK(ks_receive_ref(timer, 100) != NULL);
        ks_end_turn();
    }
    KS_CHECK(ks_receive(100) == NULL);
}

static void evil_timers(void)
{
    ks_ref ends[10];
    for (int i = 0; i < 10; i++) ks_spawn_monitor(arms_and_cancels, NULL, &ends[i]);
    for (int i = 0; i < 10; i++) KS_CHECK(ended_with(ends[i], KS_REASON_NORMAL));
}

static void counts_turns(void *arg)
{
    for (;;) {
        ++*(int *)arg;
        ks_yield();
    }
}

/* Zero timers, each made when the one before has come: others get their turns all the while. */
static void multizero_timeout_in_timeout(void)
{
    int turns = 0;
    ks_pid other = ks_spawn(counts_turns, &turns);
    for (int i = 0; i < 100; i++) {
        ks_ref timers[3];
        for (int k = 0; k < 3; k++) timers[k] = ks_send_after(0, ks_self(), ks_int, &(ks_int){ k });
        for (int k = 2; k >= 0; k--) KS_CHECK(ks_receive_ref(timers[k], 1000) != NULL);
        ks_end_turn();
    }
    KS_CHECK(turns >= 20);
    kill_and_wait(other);
    KS_CHECK(nothing_comes());
}

int main(int argc, char **argv)
{
    return run_cases("timer_bif_SUITE", argc, argv,
        SCENARIOS(SCENARIO(start_timer_1), SCENARIO(send_after_1), SCENARIO(send_after_2),
            SCENARIO(cancel_timer_1), SCENARIO(cancel_timer_e), SCENARIO(start_timer_big),
            SCENARIO(send_after_big), SCENARIO(huge_timeout), SCENARIO(read_timer_trivial),
            SCENARIO(read_timer), SCENARIO(cleanup), SCENARIO(registered_process),
            SCENARIO(same_time_yielding), SCENARIO(same_time_yielding_with_cancel),
            SCENARIO(auto_cancel_yielding), SCENARIO(evil_timers),
            SCENARIO(multizero_timeout_in_timeout)));
}
