/* SPDX-License-Identifier: Apache-2.0 */
/* rule_26_shutdown_test - child shutdown: monitor, exit, wait, kill; an unlinked child cannot hang
 * it. Dynamic children are told all at once. */
#include "support/scenario.h"

/* --- children of every temper ----------------------------------------------------------------- */
enum temper {
    POLITE,   /* a server that ends when asked */
    SLOW,     /* needs 100 ms in terminate */
    STUBBORN, /* never returns from terminate */
    UNLINKED, /* let go of its supervisor */
    BUSY      /* is in a handler that does not return */
};
typedef struct child_args {
    int32_t temper, letter;
    ks_pid *pid;
    trace *trace;
} child_args;
KS_TYPE(child_args, temper, letter, (local, pid), (local, trace));
KS_MODULE(child, child_args);
KS_CAST(child, block, void);
struct child {
    enum temper temper;
    char letter;
    trace *trace;
};

static ks_next child_init(child *self, const child_args *args)
{
    *self = (child){ (enum temper)args->temper, (char)args->letter, args->trace };
    *args->pid = ks_self();
    if (self->temper == UNLINKED) ks_unlink(ks_parent());
    if (self->temper == BUSY) child_cast_block(ks_self());
    return ks_ok();
}

static ks_next child_handle_block(child *self)
{
    ks_sleep(KS_INFINITY);
    return ks_noreply();
}

static void child_terminate(child *self, ks_reason why)
{
    KS_CHECK(why.kind == KS_REASON_SHUTDOWN);
    if (self->temper == SLOW) ks_sleep(100);
    if (self->temper == STUBBORN) ks_sleep(KS_INFINITY);
    trace_add(self->trace, self->letter);
}

KS_GEN_SERVER(child, .init = child_init, .terminate = child_terminate, .ops = KS_OPS(child, block));

/* A plain process that traps exits, and does not care for them. */
typedef struct deaf_args {
    ks_pid *pid;
} deaf_args;
KS_TYPE(deaf_args, (local, pid));
KS_MODULE(deaf, deaf_args);

static void deaf_main(const deaf_args *args)
{
    ks_trap_exit(true);
    *args->pid = ks_self();
    for (;;) ks_receive(KS_INFINITY);
}

KS_PROCESS(deaf);

KS_SUPERVISOR(top, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(dynamic, .strategy = KS_DYNAMIC);

/* --- a supervisor and what happened ----------------------------------------------------------- */
enum { CHILDREN = 12 };
static struct {
    ks_pid supervisor, pids[CHILDREN];
    ks_ref monitors[CHILDREN];
    int count;
    trace trace;
} now;

static void start(const ks_child *row)
{
    now.count = 0;
    now.trace = (trace){ 0 };
    KS_CHECK_OK(ks_start(row, &now.supervisor));
}

static const char *id_of(int index)
{
    static const char *const ids[CHILDREN] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
        "k", "l" };
    return ids[index];
}

static void add(enum temper temper, ks_ms shutdown)
{
    int i = now.count++;
    const ks_child row = { KS_START(child, .temper = (int32_t)temper, .letter = *id_of(i),
                               .pid = &now.pids[i], .trace = &now.trace),
        .id = id_of(i), .shutdown = shutdown };
    KS_CHECK_OK(ks_start_child(now.supervisor, &row, NULL));
    ks_sleep(1);
    now.monitors[i] = ks_monitor(now.pids[i]);
}

static void add_deaf(ks_ms shutdown)
{
    int i = now.count++;
    const ks_child row = { KS_START(deaf, .pid = &now.pids[i]), .id = id_of(i),
        .shutdown = shutdown };
    KS_CHECK_OK(ks_start_child(now.supervisor, &row, NULL));
    ks_sleep(1);
    now.monitors[i] = ks_monitor(now.pids[i]);
}

/* Stops the supervisor; how long it took. */
static ks_ms stop(void)
{
    ks_ms begin = ks_now();
    KS_CHECK_OK(ks_stop_process(now.supervisor, KS_SHUTDOWN, KS_INFINITY));
    for (int i = 0; i < now.count; i++) KS_CHECK(!ks_is_alive(now.pids[i]));
    return ks_now() - begin;
}

/* --- one child -------------------------------------------------------------------------------- */
static void a_polite_child_is_asked_and_waited_for(void)
{
    start(KS_CHILD(top));
    add(SLOW, 1000);
    ks_ms took = stop();
    KS_CHECK(took >= 100 && took < 500);
    KS_CHECK(ended_with(now.monitors[0], KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&now.trace, "a"));
}

static void who_takes_too_long_is_killed(void)
{
    for (int kind = 0; kind < 3; kind++) {
        start(KS_CHILD(top));
        if (kind == 0) add(STUBBORN, 200);
        if (kind == 1) add(BUSY, 200);
        if (kind == 2) add_deaf(200);
        ks_ms took = stop();
        KS_CHECK(took >= 200 && took < 300);
        KS_CHECK(ended_with(now.monitors[0], KS_REASON_KILLED));
        KS_CHECK(trace_is(&now.trace, ""));
    }
}

static void a_brutal_kill_does_not_ask(void)
{
    for (int is_deaf = 0; is_deaf < 2; is_deaf++) {
        start(KS_CHILD(top));
        if (is_deaf)
            add_deaf(KS_BRUTAL_KILL);
        else
            add(SLOW, KS_BRUTAL_KILL);
        KS_CHECK(stop() < 50);
        KS_CHECK(ended_with(now.monitors[0], KS_REASON_KILLED));
        KS_CHECK(trace_is(&now.trace, ""));
    }
}

static void infinity_waits(void)
{
    start(KS_CHILD(top));
    add(SLOW, KS_INFINITY);
    ks_ms took = stop();
    KS_CHECK(took >= 100 && took < 500);
    KS_CHECK(ended_with(now.monitors[0], KS_REASON_SHUTDOWN));
}

static void the_default_is_five_seconds(void)
{
    start(KS_CHILD(top));
    add(STUBBORN, 0);
    ks_ms took = stop();
    KS_CHECK(took >= 5000 && took < 5200);
    KS_CHECK(ended_with(now.monitors[0], KS_REASON_KILLED));
}

/* --- a child without its link ----------------------------------------------------------------- */
static void an_unlinked_child_cannot_hang_a_stop(void)
{
    start(KS_CHILD(top));
    add(UNLINKED, 1000);
    KS_CHECK(stop() < 500);
    KS_CHECK(ended_with(now.monitors[0], KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&now.trace, "a"));
}

static void an_unlinked_child_can_be_terminated(void)
{
    start(KS_CHILD(top));
    add(UNLINKED, 1000);
    ks_ms begin = ks_now();
    KS_CHECK_OK(ks_terminate_child(now.supervisor, "a"));
    KS_CHECK(ks_now() - begin < 500);
    KS_CHECK(!ks_is_alive(now.pids[0]));
    KS_CHECK(stop() < 100);
    end_of(now.monitors[0]);
}

/* It let go, and died: nobody told the supervisor, which must not wait for somebody who is gone. */
static void an_unlinked_child_that_is_gone_cannot_hang_a_stop(void)
{
    start(KS_CHILD(top));
    add(UNLINKED, KS_INFINITY);
    ks_exit_process(now.pids[0], KS_KILL);
    end_of(now.monitors[0]);
    KS_CHECK(stop() < 100);
}

static void a_child_that_ends_during_the_stop_is_no_trouble(void)
{
    start(KS_CHILD(top));
    for (int i = 0; i < 3; i++) add(POLITE, 1000);
    ks_pid supervisor = now.supervisor;
    ks_ref monitor = ks_monitor(supervisor);
    ks_ask_to_stop(supervisor, KS_SHUTDOWN);
    for (int i = 0; i < 3; i++) ks_exit_process(now.pids[i], KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    for (int i = 0; i < 3; i++) end_of(now.monitors[i]);
    KS_CHECK(nothing_comes());
}

/* --- several ---------------------------------------------------------------------------------- */
static void children_go_in_reverse_order(void)
{
    start(KS_CHILD(top));
    add(SLOW, 1000);
    add(POLITE, 1000);
    add(SLOW, 1000);
    add(POLITE, 1000);
    ks_ms took = stop();
    KS_CHECK(took >= 200 && took < 600);
    KS_CHECK(trace_is(&now.trace, "dcba"));
    for (int i = 0; i < 4; i++) KS_CHECK(ended_with(now.monitors[i], KS_REASON_SHUTDOWN));
}

static void dynamic_children_go_all_at_once(void)
{
    start(KS_CHILD(dynamic));
    for (int i = 0; i < CHILDREN; i++) add(SLOW, 1000);
    ks_ms took = stop();
    KS_CHECK(took >= 100 && took < 200);
    KS_CHECK(now.trace.len == CHILDREN);
    for (int i = 0; i < CHILDREN; i++) KS_CHECK(ended_with(now.monitors[i], KS_REASON_SHUTDOWN));
}

static void late_dynamic_children_are_killed_at_their_own_time(void)
{
    start(KS_CHILD(dynamic));
    for (int i = 0; i < 4; i++) add(SLOW, 1000);
    for (int i = 0; i < 4; i++) add(STUBBORN, 300);
    for (int i = 0; i < 4; i++) add_deaf(KS_BRUTAL_KILL);
    ks_ms took = stop();
    KS_CHECK(took >= 300 && took < 400);
    KS_CHECK(now.trace.len == 4);
    for (int i = 0; i < CHILDREN; i++)
        KS_CHECK(ended_with(now.monitors[i], i < 4 ? KS_REASON_SHUTDOWN : KS_REASON_KILLED));
}

static void a_dynamic_child_is_terminated_by_its_pid(void)
{
    start(KS_CHILD(dynamic));
    for (int i = 0; i < 3; i++) add(POLITE, 1000);
    KS_CHECK_OK(ks_terminate_child_pid(now.supervisor, now.pids[1]));
    KS_CHECK(ended_with(now.monitors[1], KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&now.trace, "b"));
    KS_CHECK(ks_terminate_child_pid(now.supervisor, now.pids[1]) == KS_NOT_FOUND);
    KS_CHECK(ks_is_alive(now.pids[0]) && ks_is_alive(now.pids[2]));
    stop();
    end_of(now.monitors[0]);
    end_of(now.monitors[2]);
}

int main(void)
{
    return run_scenarios("rule 26", 100,
        SCENARIOS(SCENARIO(a_polite_child_is_asked_and_waited_for),
            SCENARIO(who_takes_too_long_is_killed), SCENARIO(a_brutal_kill_does_not_ask),
            SCENARIO(infinity_waits), SCENARIO(the_default_is_five_seconds),
            SCENARIO(an_unlinked_child_cannot_hang_a_stop),
            SCENARIO(an_unlinked_child_can_be_terminated),
            SCENARIO(an_unlinked_child_that_is_gone_cannot_hang_a_stop),
            SCENARIO(a_child_that_ends_during_the_stop_is_no_trouble),
            SCENARIO(children_go_in_reverse_order), SCENARIO(dynamic_children_go_all_at_once),
            SCENARIO(late_dynamic_children_are_killed_at_their_own_time),
            SCENARIO(a_dynamic_child_is_terminated_by_its_pid)));
}
