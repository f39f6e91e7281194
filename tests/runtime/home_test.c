/* SPDX-License-Identifier: Apache-2.0 */
/* home_test - processes that are held on a scheduler: they start there, with everything that a
 * start promises, and never leave it. Real time: a simulation has one scheduler. */
#include "support/suite.h"

#include <kiosk/kiosk.h>
#include <kiosk/log.h>
#include <kiosk/spawn.h>
#include <stdatomic.h>
#include <string.h>

enum { SCHEDULERS = 2, ROUNDS = 300, WAIT = 20000 };

/* --- a scenario: the root of a runtime of two schedulers -------------------------------------- */
static void (*scenario)(void);
KS_MODULE(root, void);
static void root_main(const ks_none *args) { scenario(); }
KS_PROCESS(root);

static void run_with(uint32_t schedulers, void (*fn)(void))
{
    scenario = fn;
    ks_log_set_level(KS_LOG_NONE);
    const ks_runtime_options options = { .schedulers = schedulers };
    ck_assert_int_eq(ks_run(&options, KS_CHILD(root)), KS_OK);
}

#define SCENARIO(name)                                                                             \
    START_TEST(name##_test) { run_with(SCHEDULERS, name); }                                        \
    END_TEST

static bool nothing_came(void) { return ks_receive(5) == NULL; }

static void kill_and_wait(ks_pid pid)
{
    ks_ref end = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(end, WAIT));
}

/* --- a server that knows where it is ---------------------------------------------------------- */
typedef enum resident_end { COMES_UP, FAILS, IGNORES, EXITS, HANGS } resident_end;
typedef struct resident_args {
    int32_t how; /* resident_end: of its start */
} resident_args;
KS_TYPE(resident_args, how);
KS_MODULE(resident, resident_args);
struct resident {
    int64_t started_on, moves;
    bool busy;
};
KS_CALL(resident, started_on, void, ks_int);
KS_CALL(resident, moves, void, ks_int);
KS_CAST(resident, work, ks_bool);

static ks_next resident_init(resident *self, const resident_args *args)
{
    self->started_on = ks_scheduler_id();
    if (args->how == FAILS) return ks_fail(KS_USER + 7);
    if (args->how == IGNORES) return ks_ignore();
    if (args->how == EXITS) ks_exit(ks_error("not today"));
    if (args->how == HANGS) ks_sleep(KS_INFINITY);
    return ks_ok();
}

static void look_around(resident *self)
{
    self->moves += ks_scheduler_id() != (uint32_t)self->started_on;
}

static ks_next resident_handle_started_on(resident *self, ks_int *reply)
{
    look_around(self);
    *reply = self->started_on;
    return ks_reply();
}

static ks_next resident_handle_moves(resident *self, ks_int *reply)
{
    look_around(self);
    *reply = self->moves;
    return ks_reply();
}

/* Works until it is told to stop: there is always something to give to an idle scheduler. */
static ks_next resident_handle_work(resident *self, const ks_bool *on)
{
    look_around(self);
    bool goes_on = *on && (!self->busy || ks_mailbox_length(ks_self()) == 0);
    self->busy = goes_on;
    if (goes_on) ck_assert_int_eq(resident_cast_work(ks_self(), on), KS_OK);
    return ks_noreply();
}

KS_GEN_SERVER(resident, .init = resident_init, .ops = KS_OPS(resident, started_on, moves, work));

static uint32_t started_on(ks_pid pid)
{
    ks_int number;
    ck_assert_int_eq(resident_call_started_on(pid, &number, WAIT), KS_OK);
    return (uint32_t)number;
}

static int64_t moves(ks_pid pid)
{
    ks_int count;
    ck_assert_int_eq(resident_call_moves(pid, &count, WAIT), KS_OK);
    return count;
}

/* --- where it runs ---------------------------------------------------------------------------- */
static void init_and_handlers_run_where_the_row_says(void)
{
    ck_assert_uint_eq(ks_scheduler_count(), SCHEDULERS);
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t number = 1; number <= SCHEDULERS; number++) {
            ks_pid pid;
            const ks_child row = { KS_START(resident), .scheduler = number };
            ck_assert_int_eq(ks_start(&row, &pid), KS_OK);
            ck_assert_uint_eq(started_on(pid), number);
            ck_assert_int_eq(moves(pid), 0);
            ks_exit_process(pid, KS_KILL);
        }
    }
}
SCENARIO(init_and_handlers_run_where_the_row_says)

enum { CROWD = 40, CROWD_MS = 60 };
/* All of them are busy on the first scheduler while the others have nothing to do; how often one
 * was somewhere else afterwards. */
static int64_t moves_of_a_crowd(uint32_t held_on)
{
    ks_pid pids[CROWD];
    int64_t count = 0;
    const ks_child row = { KS_START(resident), .scheduler = held_on };
    for (int i = 0; i < CROWD; i++) ck_assert_int_eq(ks_start(&row, &pids[i]), KS_OK);
    for (int i = 0; i < CROWD; i++) (void)resident_cast_work(pids[i], &(ks_bool){ true });
    ks_sleep(CROWD_MS);
    for (int i = 0; i < CROWD; i++) (void)resident_cast_work(pids[i], &(ks_bool){ false });
    for (int i = 0; i < CROWD; i++) count += moves(pids[i]);
    for (int i = 0; i < CROWD; i++) kill_and_wait(pids[i]);
    return count;
}

static void who_is_held_never_moves(void)
{
    int64_t count = 0; /* those that are not held are given away, once the other has a processor */
    for (int i = 0; i < ROUNDS && !count; i++) count = moves_of_a_crowd(0);
    ck_assert_int_gt(count, 0);
    ck_assert_int_eq(moves_of_a_crowd(ks_scheduler_id()), 0);
}
SCENARIO(who_is_held_never_moves)

/* --- plain processes -------------------------------------------------------------------------- */
struct report {
    ks_pid to;
    uint32_t seen_on;
};

static void report_and_wait(void *arg)
{
    struct report *report = arg;
    report->seen_on = ks_scheduler_id();
    (void)ks_send(report->to, ks_int, &(ks_int){ report->seen_on });
    (void)ks_receive(KS_INFINITY);
    ks_exit(ks_because(KS_USER));
}

static void a_plain_process_has_its_options_there(void)
{
    (void)ks_trap_exit(true);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t number = (uint32_t)round % SCHEDULERS + 1;
        struct report report = { .to = ks_self() };
        ks_ref monitor;
        ks_pid pid;
        const ks_spawn_options options = { .name = "plain",
            .label = "held",
            .stack_size = 64 * 1024,
            .link = true,
            .ret_monitor = &monitor,
            .scheduler = number };
        ck_assert_int_eq(ks_spawn_with(report_and_wait, &report, &options, &pid), KS_OK);
        ck_assert(ks_same_pid(ks_whereis("plain"), pid));
        const ks_int *seen = ks_receive_as(ks_int, WAIT);
        ck_assert_ptr_nonnull(seen);
        ck_assert_int_eq(*seen, number);
        ck_assert_int_eq(ks_send(pid, ks_int, &(ks_int){ 0 }), KS_OK);
        const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, WAIT));
        ck_assert(down && down->reason.code == KS_USER);
        const ks_exited *exited = ks_receive_as(ks_exited, WAIT);
        ck_assert(exited && ks_same_pid(exited->pid, pid));
    }
    ck_assert(nothing_came());
}
SCENARIO(a_plain_process_has_its_options_there)

/* --- what cannot be --------------------------------------------------------------------------- */
static void never(void *arg) { ck_abort_msg("it was refused"); }

static void there_is_no_such_scheduler(void)
{
    uint32_t beyond = ks_scheduler_count() + 1;
    uint64_t processes = ks_process_count();
    ks_ref monitor = { { 7, 7 } };
    ks_pid pid = { .id = 7 };
    (void)ks_trap_exit(true);
    const ks_child row = { KS_START(resident), .name = "resident", .scheduler = beyond };
    ck_assert_int_eq(ks_start(&row, &pid), KS_BADARG);
    ck_assert_int_eq(ks_start_link_monitor(&row, &pid, &monitor), KS_BADARG);
    const ks_spawn_options options = {
        .name = "resident", .link = true, .ret_monitor = &monitor, .scheduler = UINT32_MAX
    };
    ck_assert_int_eq(ks_spawn_with(never, NULL, &options, &pid), KS_BADARG);
    ck_assert(pid.id == 7 && monitor.id[0] == 7);
    ck_assert(ks_is_none(ks_whereis("resident")));
    ck_assert_uint_eq(ks_process_count(), processes);
    ck_assert(nothing_came());
}
SCENARIO(there_is_no_such_scheduler)

static void a_start_that_is_refused_for_else_leaves_nothing(void)
{
    uint64_t processes = ks_process_count();
    for (uint32_t number = 1; number <= SCHEDULERS; number++) {
        const ks_child row = { KS_START(resident), .name = "", .scheduler = number };
        const ks_spawn_options options = { .name = "", .scheduler = number };
        ck_assert_int_eq(ks_start_link(&row, NULL), KS_BADARG);
        ck_assert_int_eq(ks_spawn_with(never, NULL, &options, NULL), KS_BADARG);
    }
    ck_assert_uint_eq(ks_process_count(), processes);
}
SCENARIO(a_start_that_is_refused_for_else_leaves_nothing)

static void the_only_one(void)
{
    ks_pid pid;
    const ks_child row = { KS_START(resident), .scheduler = 1 };
    ck_assert_uint_eq(ks_scheduler_count(), 1);
    ck_assert_uint_eq(ks_scheduler_id(), 1);
    ck_assert_int_eq(ks_start(&row, &pid), KS_OK);
    ck_assert_uint_eq(started_on(pid), 1);
}

START_TEST(one_scheduler_is_the_first)
{
    ck_assert_uint_eq(ks_scheduler_count(), 0);
    ck_assert_uint_eq(ks_scheduler_id(), 0);
    run_with(1, the_only_one);
    run_with(1, there_is_no_such_scheduler);
}
END_TEST

/* --- a start that fails there ----------------------------------------------------------------- */
static ks_status start_badly(resident_end how, uint32_t number)
{
    ks_pid pid = { .id = 7 };
    ks_ref monitor = { { 7, 7 } };
    const ks_child row = { KS_START(resident, .how = (int32_t)how), .name = "resident",
        .start_timeout = how == HANGS ? 5 : WAIT, .scheduler = number };
    ks_status status = ks_start_link_monitor(&row, &pid, &monitor);
    ck_assert(pid.id == 7 && monitor.id[0] == 7);
    ck_assert(ks_is_none(ks_whereis("resident")));
    return status;
}

static void a_failed_start_leaves_nothing(void)
{
    (void)ks_trap_exit(true);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t number = (uint32_t)round % SCHEDULERS + 1;
        ck_assert_int_eq(start_badly(FAILS, number), KS_USER + 7);
        ck_assert_int_eq(start_badly(IGNORES, number), KS_IGNORE);
        ck_assert_int_eq(start_badly(EXITS, number), KS_EXITED);
        if (round < 10) ck_assert_int_eq(start_badly(HANGS, number), KS_TIMEOUT);
    }
    ck_assert(nothing_came());
}
SCENARIO(a_failed_start_leaves_nothing)

/* The name is registered before the process is let go: messages from other schedulers come while it
 * is prepared. */
static atomic_bool enough;
static void disturb(void *arg)
{
    while (!atomic_load(&enough)) {
        (void)resident_cast_work(ks_named("resident"), &(ks_bool){ false });
        ks_exit_process(ks_named("resident"), KS_NORMAL);
        ks_yield();
    }
}

static void messages_may_come_before_it_is_let_go(void)
{
    ks_ref ends[SCHEDULERS];
    for (uint32_t i = 0; i < SCHEDULERS; i++) {
        const ks_spawn_options options = { .ret_monitor = &ends[i], .scheduler = i + 1 };
        ck_assert_int_eq(ks_spawn_with(disturb, NULL, &options, NULL), KS_OK);
    }
    for (int round = 0; round < ROUNDS * 5; round++) {
        ks_pid pid;
        ks_ref end;
        uint32_t number = (uint32_t)round % SCHEDULERS + 1;
        const ks_child row = { KS_START(resident), .name = "resident", .mailbox_max = 50,
            .scheduler = number };
        ck_assert_int_eq(ks_start_monitor(&row, &pid, &end), KS_OK);
        ks_int on;
        ks_status status = resident_call_started_on(pid, &on, WAIT);
        ck_assert(status == KS_OVERLOAD || (status == KS_OK && on == number));
        ks_exit_process(pid, KS_KILL);
        ck_assert_ptr_nonnull(ks_receive_ref(end, WAIT));
        ks_end_turn();
    }
    atomic_store(&enough, true);
    for (int i = 0; i < SCHEDULERS; i++) ck_assert_ptr_nonnull(ks_receive_ref(ends[i], WAIT));
}
SCENARIO(messages_may_come_before_it_is_let_go)

/* --- children --------------------------------------------------------------------------------- */
KS_SUPERVISOR(pair, .max_restarts = 1000,
    .children = KS_CHILDREN({ KS_START(resident), .id = "1", .scheduler = 1 },
        { KS_START(resident), .id = "2", .scheduler = 2 }));

static void await_another(ks_pid supervisor, const char *id, ks_pid old)
{
    for (int turns = 0; turns < WAIT; turns++) {
        ks_child_info children[SCHEDULERS + 1];
        size_t count;
        ck_assert_int_eq(ks_which_children(supervisor, children, SCHEDULERS + 1, &count), KS_OK);
        for (size_t i = 0; i < count; i++) {
            bool same = ks_text_eq(children[i].id, ks_str(id));
            if (same && !ks_is_none(children[i].pid) && !ks_same_pid(children[i].pid, old)) return;
        }
        ks_end_turn();
        ks_sleep(1);
    }
    ck_abort_msg("the child was not restarted");
}

static ks_pid pid_of_child(ks_pid supervisor, size_t index)
{
    ks_child_info children[SCHEDULERS + 1];
    size_t count;
    ck_assert_int_eq(ks_which_children(supervisor, children, SCHEDULERS + 1, &count), KS_OK);
    ck_assert_uint_lt(index, count);
    return children[index].pid;
}

static void a_child_is_restarted_where_it_was(void)
{
    ks_pid supervisor;
    ck_assert_int_eq(ks_start_link(KS_CHILD(pair), &supervisor), KS_OK);
    for (int round = 0; round < 20; round++) {
        for (uint32_t number = 1; number <= SCHEDULERS; number++) {
            const char *id = number == 1 ? "1" : "2";
            ks_pid pid = pid_of_child(supervisor, number - 1);
            ck_assert_uint_eq(started_on(pid), number);
            kill_and_wait(pid);
            await_another(supervisor, id, pid);
        }
    }
}
SCENARIO(a_child_is_restarted_where_it_was)

static void a_row_that_travels_keeps_it(void)
{
    ks_pid supervisor, pid;
    ks_child row = { KS_START(resident), .id = "3", .scheduler = 2 }, seen;
    ck_assert_int_eq(ks_start_link(KS_CHILD(pair), &supervisor), KS_OK);
    ck_assert_int_eq(ks_start_child(supervisor, &row, &pid), KS_OK);
    ck_assert_uint_eq(started_on(pid), 2);
    ck_assert_int_eq(ks_get_child(supervisor, "3", &seen), KS_OK);
    ck_assert_uint_eq(seen.scheduler, 2);
    row.id = "4";
    row.scheduler = SCHEDULERS + 1;
    ck_assert_int_eq(ks_start_child(supervisor, &row, &pid), KS_BADARG);
}
SCENARIO(a_row_that_travels_keeps_it)

int main(void)
{
    return run_suite("home", 120,
        TESTS(init_and_handlers_run_where_the_row_says_test, who_is_held_never_moves_test,
            a_plain_process_has_its_options_there_test, there_is_no_such_scheduler_test,
            a_start_that_is_refused_for_else_leaves_nothing_test, one_scheduler_is_the_first,
            a_failed_start_leaves_nothing_test, messages_may_come_before_it_is_let_go_test,
            a_child_is_restarted_where_it_was_test, a_row_that_travels_keeps_it_test));
}
