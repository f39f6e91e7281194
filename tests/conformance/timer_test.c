/* SPDX-License-Identifier: Apache-2.0 */
/* timer_test - cases of timer_SUITE and timer_simple_SUITE: messages later and at intervals. */
#include "support/scenario.h"
#include <kiosk/timer.h>

/* --- messages later --------------------------------------------------------------------------- */
struct taker {
    ks_int got;
    ks_ms came;
};

static void takes_one(void *arg)
{
    struct taker *taker = arg;
    const ks_int *number = ks_receive_as(ks_int, 5000);
    taker->got = number ? *number : -1;
    taker->came = ks_now();
}

/* To oneself: it comes once, in time. */
static void to_self(ks_ms after)
{
    ks_ms begin = ks_now();
    ks_send_after(after, ks_self(), ks_int, &(ks_int){ 11 });
    const ks_int *number = ks_receive_as(ks_int, 5000);
    KS_CHECK(number && *number == 11);
    KS_CHECK(ks_now() - begin >= after && ks_now() - begin < after + 200);
    KS_CHECK(nothing_comes());
}

/* To another process, by its pid or by its name. */
static void to_other(ks_ms after, bool by_name)
{
    struct taker taker = { .got = 0 };
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(takes_one, &taker, &monitor);
    if (by_name) KS_CHECK_OK(ks_register("taker", pid));
    ks_ms begin = ks_now();
    ks_send_after(after, by_name ? ks_named("taker") : pid, ks_int, &(ks_int){ 12 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(taker.got == 12);
    KS_CHECK(taker.came - begin >= after && taker.came - begin < after + 200);
    KS_CHECK(nothing_comes());
}

static void send_after1(void) { to_self(0); }

static void send_after2(void) { to_other(0, true); }

static void send_after4(void)
{
    to_self(500);
    to_other(500, false);
}

static void send_after5(void) { to_other(500, true); }

/* The name is held by nobody, then by another one, and at last by us, when it is looked up. */
static void send_after7(void)
{
    ks_send_after(500, ks_named("send_after7"), ks_int, &(ks_int){ 13 });
    struct taker taker = { .got = 0 };
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(takes_one, &taker, &monitor);
    KS_CHECK_OK(ks_register("send_after7", pid));
    ks_unregister("send_after7");
    KS_CHECK_OK(ks_register("send_after7", ks_self()));
    const ks_int *number = ks_receive_as(ks_int, 2000);
    KS_CHECK(number && *number == 13);
    kill_and_wait(pid);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    ks_unregister("send_after7");
    ks_send_after(100, ks_named("send_after7"), ks_int, &(ks_int){ 14 });
    KS_CHECK(nothing_comes());
}

/* --- intervals -------------------------------------------------------------------------------- */
struct counter {
    int count, limit;
    ks_ms last;
};

static void counts(void *arg)
{
    struct counter *counter = arg;
    while (counter->count < counter->limit && ks_receive_as(ks_int, 2000)) {
        counter->count++;
        counter->last = ks_now();
        ks_end_turn();
    }
}

static void send_interval1(void)
{
    ks_ms begin = ks_now();
    ks_ref timer = ks_send_every(100, ks_self(), ks_int, &(ks_int){ 21 });
    for (int i = 1; i <= 5; i++) {
        const ks_int *number = ks_receive_as(ks_int, 1000);
        KS_CHECK(number && *number == 21);
        KS_CHECK(ks_now() - begin >= 100 * i && ks_now() - begin < 100 * i + 90);
    }
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(nothing_comes());
}

static void interval_to_other(bool by_name)
{
    struct counter counter = { .limit = 3 };
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(counts, &counter, &monitor);
    if (by_name) KS_CHECK_OK(ks_register("counter", pid));
    ks_ms begin = ks_now();
    ks_ref timer = ks_send_every(200, by_name ? ks_named("counter") : pid, ks_int, &(ks_int){ 22 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(counter.count == 3);
    KS_CHECK(counter.last - begin >= 600 && counter.last - begin < 800);
    ks_cancel(timer);
    KS_CHECK(nothing_comes());
}

static void send_interval2(void) { interval_to_other(false); }

static void send_interval3(void) { interval_to_other(true); }

/* The receiver has ended: nobody has to cancel. */
static void send_interval5(void)
{
    struct counter counter = { .limit = 1 };
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(counts, &counter, &monitor);
    ks_ref timer = ks_send_every(500, pid, ks_int, &(ks_int){ 23 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(ks_timer_left(timer) > 0);
    ks_sleep(600);
    KS_CHECK(ks_timer_left(timer) == 0 && !ks_cancel(timer));
    KS_CHECK(counter.count == 1 && nothing_comes());
}

/* --- invalid times ---------------------------------------------------------------------------- */
static void send_after_invalid_args(void)
{
    static const ks_int n = 24;
    KS_CHECK(ks_is_no_ref(ks_send_after(-1, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_after(-1, ks_named("nobody"), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_after(INT64_MIN, ks_self(), ks_int, &n)));
    KS_CHECK(nothing_comes());
}

static void send_interval_invalid_args(void)
{
    static const ks_int n = 25;
    KS_CHECK(ks_is_no_ref(ks_send_every(-1, ks_self(), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_every(-1, ks_named("nobody"), ks_int, &n)));
    KS_CHECK(ks_is_no_ref(ks_send_every_catch_up(-1, ks_self(), ks_int, &n)));
    KS_CHECK(nothing_comes());
}

/* --- exits later ------------------------------------------------------------------------------ */
static void forever(void *arg) { (void)ks_receive(KS_INFINITY); }

/* Linked to us, who trap exits: it ends with that reason, when the second is over. */
static void ends_later(bool by_name, ks_reason reason, ks_reason_kind seen)
{
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_link(forever, NULL);
    if (by_name) KS_CHECK_OK(ks_register("ends_later", pid));
    ks_ms begin = ks_now();
    (void)ks_exit_after(1000, by_name ? ks_named("ends_later") : pid, reason);
    KS_CHECK(exit_came(pid, seen, 2000));
    KS_CHECK(ks_now() - begin >= 1000 && ks_now() - begin < 1200);
    KS_CHECK(nothing_comes());
}

static void exits_itself(void *arg)
{
    (void)ks_exit_after(1000, ks_self(), *(const ks_reason *)arg);
    forever(NULL);
}

static void ends_itself_later(ks_reason reason, ks_reason_kind seen)
{
    ks_trap_exit(true);
    ks_pid pid = ks_spawn_link(exits_itself, &reason);
    KS_CHECK(exit_came(pid, seen, 2000));
    KS_CHECK(nothing_comes());
}

static void exit_after1(void) { ends_later(false, ks_error("exit"), KS_REASON_ERROR); }

static void exit_after2(void) { ends_later(true, ks_error("exit"), KS_REASON_ERROR); }

static void exit_after3(void) { ends_itself_later(ks_error("exit"), KS_REASON_ERROR); }

static void exit_after4(void)
{
    ks_ref timer = ks_exit_after(0, ks_named("exit_after4"), ks_error("exit"));
    KS_CHECK(nothing_comes());
    KS_CHECK(!ks_cancel(timer));
}

static void kill_after1(void) { ends_later(false, KS_KILL, KS_REASON_KILLED); }

static void kill_after2(void) { ends_later(true, KS_KILL, KS_REASON_KILLED); }

static void kill_after3(void) { ends_itself_later(KS_KILL, KS_REASON_KILLED); }

/* --- functions later: a cast to a server, whose handler is the function ----------------------- */
KS_MODULE(applier, void);
KS_CAST(applier, apply, ks_pid);
KS_CAST(applier, overlap, ks_pid);
struct applier {
    ks_pid to;
};

static ks_next applier_handle_apply(applier *self, const ks_pid *to)
{
    ks_send(*to, ks_int, &(ks_int){ 26 });
    return ks_noreply();
}

static void takes_long(void *arg)
{
    ks_pid to = *(const ks_pid *)arg;
    ks_send(to, ks_int, &(ks_int){ 27 });
    ks_sleep(1000);
}

/* What takes longer than the period is a process of its own. */
static ks_next applier_handle_overlap(applier *self, const ks_pid *to)
{
    self->to = *to;
    ks_spawn(takes_long, &self->to);
    return ks_noreply();
}
KS_GEN_SERVER(applier, .ops = KS_OPS(applier, apply, overlap));

static ks_pid start_applier(void)
{
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(applier), &server));
    return server;
}

static void applied_once(ks_ms after)
{
    ks_pid self = ks_self(), server = start_applier();
    ks_ms begin = ks_now();
    (void)applier_cast_after_apply(after, server, &self);
    KS_CHECK(ks_receive_as(ks_int, after + 500) != NULL);
    KS_CHECK(ks_now() - begin >= after && ks_now() - begin < after + 200);
    KS_CHECK(nothing_comes());
    kill_and_wait(server);
}

static void apply_after1(void) { applied_once(0); }

static void apply_after2(void) { applied_once(500); }

/* Three come in three periods, none after the cancel. */
static void applied_in_rhythm(void)
{
    ks_pid self = ks_self(), server = start_applier();
    ks_ms begin = ks_now();
    ks_ref timer = applier_cast_every_apply(1000, server, &self);
    for (int i = 1; i <= 3; i++) {
        KS_CHECK(ks_receive_as(ks_int, 1500) != NULL);
        KS_CHECK(ks_now() - begin >= 1000 * i && ks_now() - begin < 1000 * i + 200);
    }
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(nothing_comes() && nothing_comes());
    kill_and_wait(server);
}

static void apply_interval1(void) { applied_in_rhythm(); }

static void apply_interval2(void)
{
    int count = 0;
    ks_pid self = ks_self(), server = start_applier();
    ks_ref timer = applier_cast_every_overlap(500, server, &self);
    ks_sleep(1800);
    KS_CHECK(ks_cancel(timer));
    while (ks_receive_as(ks_int, 200)) count++;
    KS_CHECK(count == 3);
    KS_CHECK(nothing_comes());
    kill_and_wait(server);
}

/* --- functions again and again, one after the other: a named time-out that repeats ------------ */
typedef struct repeater_args {
    ks_pid to;
    ks_ms period, takes;
} repeater_args;
KS_TYPE(repeater_args, to, period, takes);
KS_MODULE(repeater, repeater_args);
KS_CAST(repeater, cancel, void);
struct repeater {
    repeater_args args;
};

static ks_next repeater_init(repeater *self, const repeater_args *args)
{
    self->args = *args;
    ks_set_timeout_every(0, args->period);
    return ks_ok();
}

static ks_next repeater_handle_named_timeout(repeater *self, int name)
{
    ks_send(self->args.to, ks_int, &(ks_int){ 28 });
    if (self->args.takes) ks_sleep(self->args.takes);
    return ks_noreply();
}

static ks_next repeater_handle_cancel(repeater *self)
{
    KS_CHECK(ks_cancel_timeout(0));
    return ks_noreply();
}

KS_GEN_SERVER(repeater, .init = repeater_init,
    .handle_named_timeout = repeater_handle_named_timeout, .ops = KS_OPS(repeater, cancel));

static ks_pid start_repeater(ks_ms period, ks_ms takes)
{
    ks_pid server;
    const ks_child row = { KS_START(repeater, .to = ks_self(), .period = period, .takes = takes) };
    KS_CHECK_OK(ks_start(&row, &server));
    return server;
}

static void apply_repeatedly1(void)
{
    ks_ms begin = ks_now();
    ks_pid server = start_repeater(1000, 0);
    for (int i = 1; i <= 3; i++) {
        KS_CHECK(ks_receive_as(ks_int, 1500) != NULL);
        KS_CHECK(ks_now() - begin >= 1000 * i && ks_now() - begin < 1000 * i + 200);
    }
    KS_CHECK_OK(repeater_cast_cancel(server));
    KS_CHECK(nothing_comes() && nothing_comes());
    kill_and_wait(server);
}

/* Each takes a thousand periods, and none begins before the last one has ended. */
static void apply_repeatedly2(void)
{
    int count = 0;
    ks_pid one = start_repeater(1, 1000), two = start_repeater(1, 1000);
    ks_sleep(2500);
    KS_CHECK_OK(repeater_cast_cancel(one));
    KS_CHECK_OK(repeater_cast_cancel(two));
    while (ks_receive_as(ks_int, 1000)) count++;
    KS_CHECK(count == 6);
    KS_CHECK(nothing_comes() && nothing_comes());
    kill_and_wait(one);
    kill_and_wait(two);
}

/* --- cancel ----------------------------------------------------------------------------------- */
static void cancel3(void)
{
    ks_pid self = ks_self(), server = start_applier();
    ks_ref timer = applier_cast_after_apply(1000, server, &self);
    ks_sleep(500);
    KS_CHECK(ks_cancel(timer));
    KS_CHECK(nothing_comes() && nothing_comes());
    kill_and_wait(server);
}

static void cancel5(void)
{
    ks_pid self = ks_self(), server = start_applier();
    ks_ref timer = applier_cast_every_apply(500, server, &self);
    KS_CHECK(ks_receive_as(ks_int, 2000) != NULL);
    KS_CHECK(ks_cancel(timer));
    ks_send_after(600, self, ks_bool, &(ks_bool){ true });
    const ks_msg *msg = ks_receive(2000);
    KS_CHECK(ks_as(ks_bool, msg) != NULL);
    kill_and_wait(server);
}

/* The message of an instant timer was sent: it is there, whatever cancel says. */
static void cancel1(void)
{
    ks_ref timer = ks_send_after(0, ks_self(), ks_int, &(ks_int){ 31 });
    ks_sleep(10);
    KS_CHECK(!ks_cancel(timer));
    KS_CHECK(ks_receive_ref(timer, 0) != NULL);
    KS_CHECK(nothing_comes());
}

static void cancel2(void)
{
    struct taker taker = { .got = 0 };
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(takes_one, &taker, &monitor);
    ks_ref other = ks_send_after(500, pid, ks_int, &(ks_int){ 32 });
    ks_ref own = ks_send_after(500, ks_self(), ks_int, &(ks_int){ 33 });
    ks_sleep(100);
    KS_CHECK(ks_cancel(other) && ks_cancel(own));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(taker.got == -1);
    KS_CHECK(nothing_comes());
}

static void cancel4(void)
{
    ks_ref timer = ks_send_every(500, ks_self(), ks_int, &(ks_int){ 34 });
    KS_CHECK(ks_receive_as(ks_int, 2000) != NULL);
    KS_CHECK(ks_cancel(timer));
    ks_ref other = ks_send_after(600, ks_self(), ks_bool, &(ks_bool){ true });
    const ks_msg *msg = ks_receive(2000);
    KS_CHECK(ks_as(ks_bool, msg) != NULL);
    KS_CHECK(!ks_cancel(timer) && !ks_cancel(other));
    KS_CHECK(nothing_comes());
}

static void cancel6(void)
{
    ks_ref timer = ks_send_after(100, ks_self(), ks_int, &(ks_int){ 35 });
    KS_CHECK(!ks_cancel((ks_ref){ { timer.id[0] ^ 1, timer.id[1] } }));
    KS_CHECK(!ks_cancel((ks_ref){ { timer.id[0] + ((uint64_t)1 << 32), timer.id[1] } }));
    KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
    KS_CHECK(!ks_cancel(timer));
    KS_CHECK(nothing_comes());
}

/* --- sleep ------------------------------------------------------------------------------------ */
static void sleep1(void)
{
    ks_send(ks_self(), ks_int, &(ks_int){ 41 }); /* no message wakes it */
    for (ks_ms ms = 0; ms < 3000; ms = ms * 2 + 1) {
        ks_ms begin = ks_now();
        ks_sleep(ms);
        KS_CHECK(ks_now() - begin >= ms && ks_now() - begin <= ms + 50);
    }
    KS_CHECK(ks_receive_as(ks_int, 0) != NULL);
}

static void sleeps_long(void *arg) { ks_sleep(((ks_ms)1 << 32) + 10); }

static void sleep2(void)
{
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(sleeps_long, NULL, &monitor);
    KS_CHECK(ks_receive_ref(monitor, 1000000) == NULL);
    ks_exit_process(pid, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

/* --- forged references ------------------------------------------------------------------------ */
/* Whatever is made up fires nothing, and takes nobody's timer. */
static void nonexistent1(void)
{
    ks_ref timer = ks_send_after(300, ks_self(), ks_int, &(ks_int){ 51 });
    for (int i = 0; i < 200; i++) {
        ks_ref forged = { { ks_random(UINT64_MAX), ks_random(2) ? timer.id[1] : ks_random(100) } };
        if (ks_same_ref(forged, timer)) continue;
        KS_CHECK(!ks_cancel(forged));
        KS_CHECK(ks_timer_left(forged) == 0);
    }
    KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
    KS_CHECK(nothing_comes());
}

/* --- many of all kinds ------------------------------------------------------------------------ */
static void sleeps_and_waits(void *arg)
{
    for (int i = 0; i < 5; i++) {
        ks_ms ms = (ks_ms)ks_random(300), begin = ks_now();
        ks_sleep(ms);
        KS_CHECK(ks_now() - begin >= ms && ks_now() - begin <= ms + 100);
        begin = ks_now();
        ks_ref timer = ks_send_after(ms, ks_self(), ks_int, &(ks_int){ i });
        KS_CHECK(ks_receive_ref(timer, 1000) != NULL);
        KS_CHECK(ks_now() - begin >= ms && ks_now() - begin <= ms + 100);
        begin = ks_now();
        timer = ks_send_every(ms + 1, ks_self(), ks_int, &(ks_int){ i });
        for (int k = 1; k <= 3; k++) {
            KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
            KS_CHECK(ks_now() - begin >= k * (ms + 1));
        }
        KS_CHECK(ks_cancel(timer));
        while (ks_receive_as(ks_int, 0)) {}
        ks_end_turn();
    }
}

static void do_big_test(void)
{
    enum { PROCESSES = 100 };
    ks_ref ends[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) ks_spawn_monitor(sleeps_and_waits, NULL, &ends[i]);
    for (int i = 0; i < PROCESSES; i++) KS_CHECK(ended_with(ends[i], KS_REASON_NORMAL));
    KS_CHECK(nothing_comes());
}

int main(int argc, char **argv)
{
    return run_cases("timer_SUITE", argc, argv,
        SCENARIOS(SCENARIO(send_after1), SCENARIO(send_after2), SCENARIO(send_after4),
            SCENARIO(send_after5), SCENARIO(send_after7), SCENARIO(send_interval1),
            SCENARIO(send_interval2), SCENARIO(send_interval3), SCENARIO(send_interval5),
            SCENARIO(send_after_invalid_args), SCENARIO(send_interval_invalid_args),
            SCENARIO(exit_after1), SCENARIO(exit_after2), SCENARIO(exit_after3),
            SCENARIO(exit_after4), SCENARIO(kill_after1), SCENARIO(kill_after2),
            SCENARIO(kill_after3), SCENARIO(apply_after1), SCENARIO(apply_after2),
            SCENARIO(apply_interval1), SCENARIO(apply_interval2), SCENARIO(apply_repeatedly1),
            SCENARIO(apply_repeatedly2), SCENARIO(cancel3), SCENARIO(cancel5), SCENARIO(cancel1),
            SCENARIO(cancel2), SCENARIO(cancel4), SCENARIO(cancel6), SCENARIO(sleep1),
            SCENARIO(sleep2), SCENARIO(nonexistent1), SCENARIO(do_big_test)));
}
