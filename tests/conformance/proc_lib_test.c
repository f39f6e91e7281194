/* SPDX-License-Identifier: Apache-2.0 */
/* proc_lib_test - cases of proc_lib_SUITE: synchronous start, its failures, stop, crash reports. */
#include "support/scenario.h"
#include <kiosk/timer.h>

/* --- a process whose start is watched --------------------------------------------------------- */
enum { ACK_EARLY, ACK_BY_RETURN, NACK, DIE, KILLED, NEVER };

struct seen {
    ks_pid child;
    bool started; /* its start has returned, by what the starter wrote */
    bool ready;
    int releases;
};
typedef struct child_args {
    int32_t how;
    struct seen *seen;
} child_args;
KS_TYPE(child_args, how, (local, seen));
KS_MODULE(child, child_args);
KS_CALL(child, ping, void, void);
KS_CALL(child, fail, ks_int, void);
struct child {
    struct seen *seen;
};

static void count_release(void *resource) { ((struct seen *)resource)->releases++; }

static ks_next child_init(child *self, const child_args *args)
{
    self->seen = args->seen;
    self->seen->child = ks_self();
    ks_own(count_release, self->seen);
    switch (args->how) {
    case NACK: return ks_fail(KS_USER + 3);
    case DIE: ks_exit(ks_error("before the acknowledgement"));
    case KILLED: ks_exit_process(ks_self(), KS_KILL); break;
    case NEVER: ks_sleep(KS_INFINITY); break;
    default: break;
    }
    if (!ks_receive_as(ks_int, 1000)) return ks_stop(ks_error("not told to go on"));
    KS_CHECK(!self->seen->started);
    self->seen->ready = true;
    if (args->how == ACK_EARLY) {
        ks_init_ack();
        ks_sleep(100);
        KS_CHECK(self->seen->started);
    }
    return ks_ok();
}

static ks_next child_handle_ping(child *self) { return ks_reply(); }

static ks_next child_handle_fail(child *self, const ks_int *code)
{
    return ks_stop(ks_because((ks_status)*code));
}

KS_GEN_SERVER(child, .init = child_init, .ops = KS_OPS(child, ping, fail));

enum relation { ALONE, LINKED, MONITORED, BOTH };

static ks_status start_as(
    enum relation relation, const ks_child *row, ks_pid *ret_pid, ks_ref *ret_monitor)
{
    if (relation == LINKED) return ks_start_link(row, ret_pid);
    if (relation == MONITORED) return ks_start_monitor(row, ret_pid, ret_monitor);
    if (relation == BOTH) return ks_start_link_monitor(row, ret_pid, ret_monitor);
    return ks_start(row, ret_pid);
}

/* --- synchronous start ------------------------------------------------------------------------ */
struct starter {
    enum relation relation;
    int32_t how;
    struct seen seen;
};

static void starts(void *arg)
{
    struct starter *starter = arg;
    const ks_child row = { KS_START(child, .how = starter->how, .seen = &starter->seen) };
    ks_pid pid;
    ks_ref monitor;
    ks_trap_exit(true);
    KS_CHECK_OK(start_as(starter->relation, &row, &pid, &monitor));
    starter->seen.started = true;
    KS_CHECK(starter->seen.ready);
    KS_CHECK_OK(child_call_ping(pid, 1000));
    KS_CHECK(ks_receive(0) == NULL);
    KS_CHECK(child_call_fail(pid, &(ks_int){ KS_USER }, 1000) == KS_NOPROC);
    if (starter->relation & LINKED) KS_CHECK(exit_came(pid, KS_REASON_STATUS, 1000));
    if (starter->relation & MONITORED) KS_CHECK(ended_with(monitor, KS_REASON_STATUS));
    KS_CHECK(nothing_comes());
}

/* Start does not return before the child has been told to go on. */
static void succeeds(enum relation relation, int32_t how)
{
    struct starter starter = { .relation = relation, .how = how };
    ks_ref monitor;
    ks_spawn_monitor(starts, &starter, &monitor);
    ks_sleep(200);
    KS_CHECK(!ks_is_none(starter.seen.child) && !starter.seen.started);
    ks_send(starter.seen.child, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(starter.seen.started);
    KS_CHECK(!ks_is_alive(starter.seen.child) && starter.seen.releases == 1);
}

/* Nothing is left at the starter, and the child is gone when its start returns. */
static void fails(enum relation relation, int32_t how, ks_status expected)
{
    struct seen seen = { .releases = 0 };
    const ks_child row = { KS_START(child, .how = how, .seen = &seen), .name = "child",
        .start_timeout = how == NEVER ? 100 : 0 };
    ks_ref monitor;
    ks_ms begin = ks_now();
    KS_CHECK(start_as(relation, &row, NULL, &monitor) == expected);
    ks_ms took = ks_now() - begin;
    KS_CHECK(how == NEVER ? took >= 100 && took < 200 : took < 100);
    KS_CHECK(!ks_is_alive(seen.child) && seen.releases == 1);
    KS_CHECK(ks_is_none(ks_whereis("child")));
    KS_CHECK(nothing_comes());
}

static void sync_start(enum relation relation)
{
    succeeds(relation, ACK_BY_RETURN);
    succeeds(relation, ACK_EARLY);
    for (int trap = 0; trap < 2; trap++) {
        ks_trap_exit(trap);
        fails(relation, NACK, KS_USER + 3);
        fails(relation, DIE, KS_EXITED);
        fails(relation, KILLED, KS_EXITED);
    }
}

static void sync_start_nolink(void) { sync_start(ALONE); }

static void sync_start_link(void) { sync_start(LINKED); }

static void sync_start_monitor(void) { sync_start(MONITORED); }

static void sync_start_monitor_link(void) { sync_start(BOTH); }

static void sync_start_timeout(void) { fails(ALONE, NEVER, KS_TIMEOUT); }

static void sync_start_link_timeout(void)
{
    fails(LINKED, NEVER, KS_TIMEOUT);
    ks_trap_exit(true);
    fails(LINKED, NEVER, KS_TIMEOUT);
}

static void sync_start_monitor_link_timeout(void)
{
    fails(BOTH, NEVER, KS_TIMEOUT);
    ks_trap_exit(true);
    fails(BOTH, NEVER, KS_TIMEOUT);
}

static void kills_the_child(void *arg)
{
    const struct seen *seen = arg;
    while (ks_is_none(seen->child)) ks_yield();
    ks_sleep((ks_ms)ks_random(20));
    ks_exit_process(seen->child, ks_error("from outside"));
}

/* Ended by itself, by a kill, and by another process while it initialises: start has no time-out,
 * and returns all the same. */
static void init_dont_hang(void)
{
    for (enum relation relation = ALONE; relation <= BOTH; relation++) {
        struct seen seen = { .releases = 0 };
        ks_ref monitor, killer;
        fails(relation, DIE, KS_EXITED);
        fails(relation, KILLED, KS_EXITED);
        ks_spawn_monitor(kills_the_child, &seen, &killer);
        KS_CHECK(start_as(relation, KS_CHILD(child, .how = NEVER, .seen = &seen), NULL, &monitor) ==
            KS_EXITED);
        KS_CHECK(ended_with(killer, KS_REASON_NORMAL));
        KS_CHECK(!ks_is_alive(seen.child));
        KS_CHECK(nothing_comes());
    }
}

/* --- stop ------------------------------------------------------------------------------------- */
enum { STOP_WELL, STOP_OTHERWISE, STOP_SLOWLY };
typedef struct stopping_args {
    int32_t how;
} stopping_args;
KS_TYPE(stopping_args, how);
KS_MODULE(stopping, stopping_args);
struct stopping {
    int32_t how;
};

static ks_next stopping_init(stopping *self, const stopping_args *args)
{
    self->how = args->how;
    return ks_ok();
}

static void stopping_terminate(stopping *self, ks_reason why)
{
    if (self->how == STOP_OTHERWISE) ks_exit(ks_because(KS_USER + 5));
    if (self->how == STOP_SLOWLY) ks_sleep(300);
}

KS_GEN_SERVER(stopping, .init = stopping_init, .terminate = stopping_terminate);

static ks_pid start_stopping(int32_t how)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(stopping, .how = how), &pid));
    return pid;
}

static void stop(void)
{
    ks_pid pid = start_stopping(STOP_WELL);
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, KS_INFINITY));
    KS_CHECK(!ks_is_alive(pid));
    KS_CHECK(ks_stop_process(pid, KS_NORMAL, KS_INFINITY) == KS_NOPROC);
    KS_CHECK(ks_stop_process(ks_named("nobody"), KS_NORMAL, KS_INFINITY) == KS_NOPROC);
    pid = start_stopping(STOP_WELL);
    KS_CHECK_OK(ks_stop_process(pid, ks_because(KS_USER), 1000));
    pid = start_stopping(STOP_OTHERWISE);
    KS_CHECK(ks_stop_process(pid, KS_NORMAL, 1000) == KS_EXITED);
    KS_CHECK(!ks_is_alive(pid));
    pid = start_stopping(STOP_SLOWLY);
    ks_ref monitor = ks_monitor(pid);
    KS_CHECK(ks_stop_process(pid, KS_NORMAL, 100) == KS_TIMEOUT);
    KS_CHECK(ks_is_alive(pid));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(nothing_comes());
}

/* --- crash reports ---------------------------------------------------------------------------- */
static void crashes(void *arg)
{
    KS_CHECK_OK(ks_register("crashing", ks_self()));
    ks_set_label("the label");
    while (ks_mailbox_length(ks_self()) < 2) ks_yield();
    ks_exit(ks_error("crashed on purpose"));
}

static void crash(void)
{
    ks_ref monitor;
    forget_reports();
    ks_pid pid = ks_spawn_monitor(crashes, NULL, &monitor);
    /* From here on it stays where it is, with the scheduler that knows its signals. */
    while (ks_is_none(ks_whereis("crashing"))) ks_yield();
    for (ks_int i = 0; i < 2; i++) ks_send(pid, ks_int, &i);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_WARNING) == 1);
    KS_CHECK(reported("crashed on purpose", "'crashing'"));
    KS_CHECK(reported("crashed on purpose", "the label"));
    KS_CHECK(reported("crashed on purpose", "ancestors: "));
    KS_CHECK(reported("crashed on purpose", "queue: 2"));
    KS_CHECK(reported("crashed on purpose", "last signals: "));
}

/* --- hibernation ------------------------------------------------------------------------------ */
static void fails_when_woken(void *arg)
{
    const ks_int *n = ks_receive_as(ks_int, 0);
    if (n && *n == 1) ks_hibernate_then(fails_when_woken, arg);
    ks_exit(ks_error("failed after it was woken"));
}

static void hibernates(void *arg)
{
    ks_set_label("hibernator");
    ks_hibernate_then(fails_when_woken, arg);
}

/* Reports are made as ever. */
static void hibernate(void)
{
    ks_ref monitor;
    forget_reports();
    ks_pid pid = ks_spawn_monitor(hibernates, NULL, &monitor);
    ks_sleep(10);
    for (ks_int n = 1; n <= 2; n++) {
        KS_CHECK(ks_is_hibernating(pid));
        ks_send(pid, ks_int, &n);
        ks_sleep(10);
    }
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
    KS_CHECK(reported("hibernator", "failed after it was woken"));
}

int main(int argc, char **argv)
{
    return run_cases("proc_lib_SUITE", argc, argv,
        SCENARIOS(SCENARIO(hibernate), SCENARIO(sync_start_nolink), SCENARIO(sync_start_link),
            SCENARIO(sync_start_monitor), SCENARIO(sync_start_timeout),
            SCENARIO(sync_start_link_timeout), SCENARIO(sync_start_monitor_link),
            SCENARIO(sync_start_monitor_link_timeout), SCENARIO(init_dont_hang), SCENARIO(stop),
            SCENARIO(crash)));
}
