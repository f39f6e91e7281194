/* SPDX-License-Identifier: Apache-2.0 */
/* timer_test - messages in the future: exact in virtual time, without drift, skipped when late. */
#include "support/scenario.h"

#include "test/virtual.h"
#include <kiosk/timer.h>

KS_MODULE(metronome, void);
KS_CAST(metronome, tick, ks_int);
KS_CALL(metronome, arm, ks_int, void);
KS_CALL(metronome, ticks, void, ks_int);
struct metronome {
    ks_ms start, slow;
    int64_t ticks;
    ks_ref timer;
};

/* Each tick comes at a multiple of the period. */
static ks_next metronome_handle_tick(metronome *self, const ks_int *period)
{
    self->ticks++;
    KS_CHECK((ks_now() - self->start) % *period == 0);
    return ks_noreply();
}

static ks_next metronome_handle_arm(metronome *self, const ks_int *period)
{
    self->start = ks_now();
    self->ticks = 0;
    self->timer = metronome_cast_every_tick(*period, ks_self(), period);
    return ks_reply();
}

static ks_next metronome_handle_ticks(metronome *self, ks_int *reply)
{
    *reply = self->ticks;
    return ks_reply();
}

KS_GEN_SERVER(metronome, .ops = KS_OPS(metronome, tick, arm, ticks));

static void periods_do_not_drift(void)
{
    for (ks_int period = 1; period < 1000; period = period * 3 + 4) {
        ks_pid server;
        ks_int ticks;
        KS_CHECK_OK(ks_start(KS_CHILD(metronome), &server));
        KS_CHECK_OK(metronome_call_arm(server, &period, 1000));
        ks_sleep(period * 50 + period / 2);
        KS_CHECK_OK(metronome_call_ticks(server, &ticks, 1000));
        /* with several schedulers it may be asked before its last timer is fired */
        KS_CHECK(ticks == 50 || (period == 1 && ks_scheduler_count() > 1 && ticks == 49));
        kill_and_wait(server);
    }
}

/* --- plain processes -------------------------------------------------------------------------- */
static void one_shot_timers_are_exact(void)
{
    static const ks_ms times[] = { 0, 1, 2, 63, 64, 65, 4095, 4096, 100000, 1000000 };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ks_ms start = ks_now();
        ks_ref timer = ks_send_after(times[i], ks_self(), ks_int, &(ks_int){ 7 });
        KS_CHECK(ks_timer_left(timer) == times[i]);
        const ks_msg *msg = ks_receive_ref(timer, times[i] + 100);
        KS_CHECK(msg && *ks_as(ks_int, msg) == 7);
        KS_CHECK(ks_now() == start + times[i]);
        KS_CHECK(ks_timer_left(timer) == 0 && !ks_cancel(timer));
    }
}

static void cancelled_timers_never_come(void)
{
    ks_ref timers[50];
    int cancelled = 0, came = 0;
    for (int i = 0; i < 50; i++)
        timers[i] = ks_send_after((ks_ms)ks_random(40), ks_self(), ks_int, &(ks_int){ i });
    ks_sleep((ks_ms)ks_random(40));
    for (int i = 0; i < 50; i += 2) {
        ks_ms left = ks_timer_left(timers[i]);
        bool success = ks_cancel(timers[i]);
        KS_CHECK(success || left == 0);
        KS_CHECK(!ks_cancel(timers[i]) && ks_timer_left(timers[i]) == 0);
        if (success) KS_CHECK(ks_receive_ref(timers[i], 0) == NULL);
        cancelled += success;
    }
    while (ks_receive(100)) came++;
    KS_CHECK(cancelled + came == 50);
    KS_CHECK(!ks_cancel((ks_ref){ { 0, 0 } }) && ks_timer_left((ks_ref){ { 0, 0 } }) == 0);
}

static void cancels(void *arg) { KS_CHECK(!ks_cancel(*(const ks_ref *)arg)); }

static void only_its_owner_cancels_a_timer(void)
{
    ks_ref monitor, timer = ks_send_after(100, ks_self(), ks_int, &(ks_int){ 1 });
    ks_spawn_monitor(cancels, &timer, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(ks_receive_ref(timer, 200) != NULL);
}

static void a_periodic_timer_ends_by_cancel(void)
{
    ks_ms start = ks_now();
    ks_ref timer = ks_send_every(10, ks_self(), ks_int, &(ks_int){ 1 });
    for (int i = 1; i <= 5; i++) {
        KS_CHECK(ks_receive_ref(timer, 11) != NULL);
        KS_CHECK(ks_now() == start + 10 * i);
        KS_CHECK(ks_timer_left(timer) == 10);
    }
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(nothing_comes());
}

static void arms_and_ends(void *arg)
{
    ks_send_after(50, ks_parent(), ks_int, &(ks_int){ 1 });
    ks_send_every(10, ks_parent(), ks_int, &(ks_int){ 2 });
    ks_sleep(35);
}

static void timers_die_with_their_owner(void)
{
    int count = 0;
    ks_spawn(arms_and_ends, NULL);
    while (ks_receive_as(ks_int, 1000)) count++;
    KS_CHECK(count == 3);
}

static void a_name_is_looked_up_when_the_time_has_come(void)
{
    ks_send_after(100, ks_named("late"), ks_int, &(ks_int){ 1 });
    ks_send_after(10, ks_named("late"), ks_int, &(ks_int){ 2 }); /* nobody, yet */
    ks_sleep(50);
    KS_CHECK_OK(ks_register("late", ks_self()));
    KS_CHECK(*ks_receive_as(ks_int, 100) == 1);
    KS_CHECK(nothing_comes());
}

/* --- moments and invalid times ---------------------------------------------------------------- */
static void a_moment_is_exact(void)
{
    for (ks_ms ahead = 0; ahead < 5000; ahead = ahead * 3 + 1) {
        ks_ms moment = ks_now() + ahead;
        ks_ref timer = ks_send_at(moment, ks_self(), ks_int, &(ks_int){ 7 });
        KS_CHECK(ks_timer_left(timer) == ahead);
        KS_CHECK(ks_receive_ref(timer, ahead + 1) != NULL && ks_now() == moment);
    }
    ks_ref timer = ks_send_at(ks_now() - 1000, ks_self(), ks_int, &(ks_int){ 8 });
    KS_CHECK(ks_receive_ref(timer, 1) != NULL);
    timer = ks_send_at(-1, ks_self(), ks_int, &(ks_int){ 9 });
    KS_CHECK(ks_receive_ref(timer, 1) != NULL);
}

static void a_wrong_time_is_refused(void)
{
    static const ks_int n = 1;
    KS_CHECK(ks_is_no_ref(ks_send_after(-1, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_after(INT64_MIN, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_every(-1, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_every(0, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_every_catch_up(0, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_exit_after(-1, ks_self(), KS_KILL)));
    KS_CHECK(ks_is_no_ref(metronome_cast_after_tick(-1, ks_self(), &n)));
    KS_CHECK(ks_is_no_ref(metronome_cast_every_tick(0, ks_self(), &n)));
    KS_CHECK(ks_is_no_ref(metronome_cast_every_catch_up_tick(-5, ks_self(), &n)));
    KS_CHECK(nothing_comes());
    ks_ref never = ks_send_after(INT64_MAX, ks_self(), ks_int, &n);
    KS_CHECK(!ks_is_no_ref(never) && ks_timer_left(never) >= KS_INFINITY);
    KS_CHECK(nothing_comes() && ks_cancel(never));
}

/* --- the runtime is behind -------------------------------------------------------------------- */
/* Computes, so that nobody else runs meanwhile. */
static void compute(ks_ms ms)
{
    struct ksi_virtual *world = ksi_virtual_of(ksi_this_scheduler);
    world->now_ns += ms * 1000000;
}

static int beats_in_the_queue(void)
{
    int count = 0;
    while (ks_receive_as(ks_int, 0)) count++;
    return count;
}

static void missed_beats_are_skipped_or_made_up_for(void)
{
    for (int catch_up = 0; catch_up < 2; catch_up++) {
        ks_ms start = ks_now();
        ks_ref timer = catch_up ? ks_send_every_catch_up(10, ks_self(), ks_int, &(ks_int){ 1 })
                                : ks_send_every(10, ks_self(), ks_int, &(ks_int){ 1 });
        ks_sleep(5);
        compute(1000);
        ks_sleep(1);
        KS_CHECK(ks_now() == start + 1006);
        KS_CHECK(beats_in_the_queue() == (catch_up ? 100 : 1));
        KS_CHECK(ks_timer_left(timer) == 4); /* the rhythm stays */
        KS_CHECK(ks_receive_ref(timer, 5) != NULL && ks_now() == start + 1010);
        KS_CHECK(ks_cancel(timer));
    }
}

/* --- nobody is there any more ----------------------------------------------------------------- */
static void waits(void *arg) { (void)ks_receive(KS_INFINITY); }

static void a_period_ends_with_its_receiver(void)
{
    ks_pid receiver = ks_spawn(waits, NULL), alias = ks_alias();
    ks_ref to_pid = ks_send_every(10, receiver, ks_int, &(ks_int){ 1 });
    ks_ref to_alias = ks_send_every(10, alias, ks_int, &(ks_int){ 2 });
    ks_ref to_name = ks_send_every(10, ks_named("later"), ks_int, &(ks_int){ 3 });
    ks_sleep(35);
    KS_CHECK(beats_in_the_queue() == 3);
    kill_and_wait(receiver);
    ks_unalias(alias);
    ks_sleep(20);
    KS_CHECK(!ks_cancel(to_pid) && !ks_cancel(to_alias));
    KS_CHECK_OK(ks_register("later", ks_self()));
    ks_sleep(15);
    KS_CHECK(beats_in_the_queue() >= 1);
    KS_CHECK(ks_cancel(to_name));
    KS_CHECK(nothing_comes());
}

/* --- exits ------------------------------------------------------------------------------------ */
static void an_exit_comes_later(void)
{
    ks_ref end;
    ks_ms start = ks_now();
    ks_pid pid = ks_spawn_monitor(waits, NULL, &end);
    char text[] = "too slow";
    ks_ref timer =
        ks_exit_after(100, pid, (ks_reason){ .kind = KS_REASON_ERROR, .code = 3, .text = text });
    text[0] = 0; /* it was copied */
    KS_CHECK(ks_timer_left(timer) == 100);
    const ks_down *down = ks_as(ks_down, ks_receive_ref(end, 1000));
    KS_CHECK(down && down->reason.kind == KS_REASON_ERROR && down->reason.code == 3);
    KS_CHECK(ks_text_eq(ks_str(down->reason.text), ks_str("too slow")));
    KS_CHECK(ks_now() == start + 100 && !ks_cancel(timer));
}

static void a_cancelled_exit_never_comes(void)
{
    ks_pid pid = ks_spawn(waits, NULL);
    ks_ref timer = ks_exit_after(100, pid, KS_KILL);
    ks_sleep(50);
    KS_CHECK(ks_timer_left(timer) == 50 && ks_cancel(timer));
    ks_sleep(100);
    KS_CHECK(ks_is_alive(pid));
    kill_and_wait(pid);
    (void)ks_exit_after(10, pid, KS_KILL);
    (void)ks_exit_after(10, ks_named("nobody"), ks_error("a text that nobody gets"));
    KS_CHECK(nothing_comes());
}

static void arms_an_exit_and_ends(void *arg)
{
    (void)ks_exit_after(50, *(const ks_pid *)arg, ks_error("from somebody who has ended"));
    ks_sleep(20);
}

static void exits_die_with_their_owner(void)
{
    ks_ref end;
    ks_pid pid = ks_spawn(waits, NULL);
    ks_spawn_monitor(arms_an_exit_and_ends, &pid, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    ks_sleep(100);
    KS_CHECK(ks_is_alive(pid));
    kill_and_wait(pid);
}

/* Chance and clocks are the simulation's. */
static void chance_and_clocks_belong_to_the_run(void)
{
    int counts[7] = { 0 };
    int64_t wall = ks_wall_clock_ns();
    for (int i = 0; i < 7000; i++) counts[ks_random(7)]++;
    for (int i = 0; i < 7; i++) KS_CHECK(counts[i] > 800 && counts[i] < 1200);
    KS_CHECK(ks_random(0) == 0 && ks_random(1) == 0);
    ks_sleep(1234);
    KS_CHECK(ks_wall_clock_ns() - wall == 1234000000);
    ks_ms moment = ks_now() + 5;
    KS_CHECK(ks_until(moment) == 5 && ks_until(moment - 100) == 0);
}

int main(void)
{
    return run_scenarios("timer", 50,
        SCENARIOS(SCENARIO(periods_do_not_drift), SCENARIO(one_shot_timers_are_exact),
            SCENARIO(cancelled_timers_never_come), SCENARIO(only_its_owner_cancels_a_timer),
            SCENARIO(a_periodic_timer_ends_by_cancel), SCENARIO(timers_die_with_their_owner),
            SCENARIO(a_name_is_looked_up_when_the_time_has_come), SCENARIO(a_moment_is_exact),
            SCENARIO(a_wrong_time_is_refused), SCENARIO(missed_beats_are_skipped_or_made_up_for),
            SCENARIO(a_period_ends_with_its_receiver), SCENARIO(an_exit_comes_later),
            SCENARIO(a_cancelled_exit_never_comes), SCENARIO(exits_die_with_their_owner),
            SCENARIO(chance_and_clocks_belong_to_the_run)));
}
