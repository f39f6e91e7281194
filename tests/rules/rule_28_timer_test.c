/* SPDX-License-Identifier: Apache-2.0 */
/* rule_28_timer_test - timers are never early; a cancel that reports success means no message ever;
 * names resolve at expiry; a pid's timers die with it. */
#include "support/scenario.h"

static const ks_ref no_ref;

/* --- never early ------------------------------------------------------------------------------ */
static void a_message_is_not_early(void)
{
    static const ks_ms delays[] = { 0, 1, 2, 7, 63, 64, 65, 1000, 4095, 4096, 100000, 3000000 };
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        ks_sleep((ks_ms)ks_random(5));
        ks_ms begin = ks_now();
        ks_ref timer = ks_send_after(delays[i], ks_self(), ks_int, &(ks_int){ (ks_int)i });
        KS_CHECK(ks_receive_ref(timer, KS_INFINITY) != NULL);
        KS_CHECK(ks_now() - begin >= delays[i]);
        KS_CHECK(ks_now() - begin <= delays[i] + 100);
    }
    KS_CHECK(nothing_comes());
}

static void sleeps_and_time_outs_are_not_early(void)
{
    for (ks_ms ms = 1; ms < 5000; ms = ms * 3 + 1) {
        ks_ms begin = ks_now();
        ks_sleep(ms);
        KS_CHECK(ks_now() - begin >= ms);
        begin = ks_now();
        KS_CHECK(ks_receive(ms) == NULL);
        KS_CHECK(ks_now() - begin >= ms);
    }
}

/* The order of expiry is the order of time, whatever the order of making. */
static void earlier_ones_come_first(void)
{
    enum { TIMERS = 50 };
    for (int i = 0; i < TIMERS; i++) {
        ks_int ms = 1 + (i * 37) % 101 * 10;
        KS_CHECK(!ks_same_ref(ks_send_after(ms, ks_self(), ks_int, &ms), no_ref));
    }
    ks_int last = 0;
    for (int i = 0; i < TIMERS; i++) {
        const ks_int *ms = ks_receive_as(ks_int, 10000);
        KS_CHECK(ms && *ms >= last);
        last = *ms;
    }
    KS_CHECK(nothing_comes());
}

/* Ten periods end ten periods after the start: no drift, however slowly we take them. */
static void a_period_does_not_drift(void)
{
    ks_ms begin = ks_now();
    ks_ref timer = ks_send_every(100, ks_self(), ks_int, &(ks_int){ 0 });
    for (int i = 1; i <= 10; i++) {
        KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
        KS_CHECK(ks_now() - begin >= 100 * i && ks_now() - begin < 100 * i + 90);
        ks_sleep((ks_ms)ks_random(50));
    }
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(nothing_comes());
}

/* --- cancel ----------------------------------------------------------------------------------- */
static void a_cancelled_timer_never_comes(void)
{
    ks_ref timer = ks_send_after(50, ks_self(), ks_int, &(ks_int){ 0 });
    KS_CHECK(ks_timer_left(timer) > 0 && ks_timer_left(timer) <= 50);
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(!ks_cancel(timer));
    KS_CHECK(ks_timer_left(timer) == 0);
    KS_CHECK(nothing_comes());
}

/* Cancelled around the moment of its expiry: true and no message, or false and one message. */
static void true_means_none_and_false_means_one(void)
{
    for (ks_ms wait = 48; wait <= 52; wait++) {
        ks_ref timer = ks_send_after(50, ks_self(), ks_int, &(ks_int){ 0 });
        ks_sleep(wait);
        bool cancelled = ks_cancel(timer);
        if (wait < 50)
            KS_CHECK(cancelled || ks_receive_ref(timer, 0) != NULL);
        else if (!cancelled)
            KS_CHECK(ks_receive_ref(timer, 10) != NULL);
        KS_CHECK(nothing_comes());
    }
}

static void an_old_ref_does_not_cancel_a_new_timer(void)
{
    ks_ref old = ks_send_after(1, ks_self(), ks_int, &(ks_int){ 1 });
    KS_CHECK(ks_receive_ref(old, 1000) != NULL);
    for (int i = 0; i < 3; i++) {
        ks_ref recent = ks_send_after(50, ks_self(), ks_int, &(ks_int){ 2 });
        KS_CHECK(!ks_cancel(old));
        KS_CHECK(ks_receive_ref(recent, 1000) != NULL);
    }
    KS_CHECK(!ks_cancel(no_ref));
    KS_CHECK(nothing_comes());
}

static void a_cancelled_period_ends(void)
{
    ks_ref timer = ks_send_every(10, ks_self(), ks_int, &(ks_int){ 0 });
    KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
    ks_sleep((ks_ms)ks_random(30));
    KS_CHECK(ks_cancel(timer));
    while (ks_receive_as(ks_int, 0)) {}
    KS_CHECK(nothing_comes());
}

/* --- names ------------------------------------------------------------------------------------ */
static void takes_one(void *arg)
{
    const ks_int *number = ks_receive_as(ks_int, 500);
    *(ks_int *)arg = number ? *number : -1;
}

/* The name belongs to nobody, then to one, then to another, who gets what expires then. */
static void a_name_is_resolved_at_expiry(void)
{
    ks_int first = 0, second = 0;
    ks_ref ends[2];
    ks_send_after(10, ks_named("later"), ks_int, &(ks_int){ 1 });
    ks_send_after(100, ks_named("later"), ks_int, &(ks_int){ 2 });
    ks_send_after(200, ks_named("later"), ks_int, &(ks_int){ 3 });
    ks_sleep(50);
    ks_pid a = ks_spawn_monitor(takes_one, &first, &ends[0]);
    ks_pid b = ks_spawn_monitor(takes_one, &second, &ends[1]);
    KS_CHECK_OK(ks_register("later", a));
    ks_sleep(100);
    end_of(ends[0]);
    KS_CHECK_OK(ks_register("later", b));
    end_of(ends[1]);
    KS_CHECK(first == 2);
    KS_CHECK(second == 3);
    KS_CHECK(nothing_comes());
}

static void a_name_that_nobody_holds_loses_the_message(void)
{
    ks_ref timer = ks_send_after(10, ks_named("nobody"), ks_int, &(ks_int){ 1 });
    ks_sleep(50);
    KS_CHECK(!ks_cancel(timer));
    KS_CHECK_OK(ks_register("nobody", ks_self()));
    KS_CHECK(nothing_comes());
}

/* --- the end of a process --------------------------------------------------------------------- */
struct sets {
    ks_pid to;
    bool every;
};

static void sets_a_timer(void *arg)
{
    const struct sets *sets = arg;
    if (sets->every)
        ks_send_every(50, sets->to, ks_int, &(ks_int){ 0 });
    else
        ks_send_after(50, sets->to, ks_int, &(ks_int){ 0 });
    ks_receive(KS_INFINITY);
}

static void the_timers_of_a_process_die_with_it(void)
{
    for (int every = 0; every < 2; every++) {
        ks_pid setter = ks_spawn(sets_a_timer, &(struct sets){ ks_self(), every });
        ks_sleep(every ? 120 : 20);
        kill_and_wait(setter);
        int came = 0;
        while (ks_receive_as(ks_int, 0)) came++;
        KS_CHECK(came == (every ? 2 : 0));
        KS_CHECK(nothing_comes());
    }
}

/* A stale pid must not bring the message to a new tenant of the slot. */
static void timers_to_a_dead_process_reach_nobody(void)
{
    ks_int numbers[20];
    ks_ref ends[20];
    ks_pid gone = ks_spawn(takes_one, &numbers[0]);
    ks_send_after(50, gone, ks_int, &(ks_int){ 7 });
    kill_and_wait(gone);
    for (int i = 0; i < 20; i++) ks_spawn_monitor(takes_one, &numbers[i], &ends[i]);
    for (int i = 0; i < 20; i++) end_of(ends[i]);
    for (int i = 0; i < 20; i++) KS_CHECK(numbers[i] == -1);
}

int main(void)
{
    return run_scenarios("rule 28", 100,
        SCENARIOS(SCENARIO(a_message_is_not_early), SCENARIO(sleeps_and_time_outs_are_not_early),
            SCENARIO(earlier_ones_come_first), SCENARIO(a_period_does_not_drift),
            SCENARIO(a_cancelled_timer_never_comes), SCENARIO(true_means_none_and_false_means_one),
            SCENARIO(an_old_ref_does_not_cancel_a_new_timer), SCENARIO(a_cancelled_period_ends),
            SCENARIO(a_name_is_resolved_at_expiry),
            SCENARIO(a_name_that_nobody_holds_loses_the_message),
            SCENARIO(the_timers_of_a_process_die_with_it),
            SCENARIO(timers_to_a_dead_process_reach_nobody)));
}
