/* SPDX-License-Identifier: Apache-2.0 */
/* elixir_dynamic_supervisor_test - cases of Elixir's DynamicSupervisorTest. */
#include "conformance/supervisor.h"
#include <kiosk/info.h>

/* --- starting --------------------------------------------------------------------------------- */
KS_SUPERVISOR(family, .children = KS_CHILDREN({ KS_START(dyn), .name = "direct" }));

static void can_be_supervised_directly(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(family));
    KS_CHECK(counts(sup, 1, 1, 1, 0) && counts(ks_named("direct"), 0, 0, 0, 0));
    add(ks_named("direct"), KS_CHILD(worker));
    stop(sup);
}

KS_SUPERVISOR(families,
    .children = KS_CHILDREN({ KS_START(dyn), .id = "a", .name = "sup a" },
        { KS_START(dyn), .id = "b", .name = "sup b" }));

static void several_can_be_told_apart(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(families));
    KS_CHECK(ks_same_pid(pid_of(sup, "a"), ks_whereis("sup a")));
    KS_CHECK(ks_same_pid(pid_of(sup, "b"), ks_whereis("sup b")) && counts(sup, 2, 2, 2, 0));
    stop(sup);
}

static void default_options(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn)), pid = ADD(sup, "child");
    for (int i = 0; i < 3; i++) end(ks_child_of(sup, "child"), ABNORMAL);
    KS_CHECK(runs(sup, "child") && !ks_is_alive(pid));
    for (int i = 0; i < 100; i++) add(sup, KS_CHILD(worker)); /* no limit */
    end(ks_child_of(sup, "child"), ABNORMAL);
    KS_CHECK(gave_up(sup));
}

KS_SUPERVISOR(unknown, .strategy = (ks_strategy)55);
KS_SUPERVISOR(automatic, .strategy = KS_DYNAMIC, .auto_shutdown = KS_ANY_SIGNIFICANT);
KS_MODULE(ignores, void);
static ks_status ignores_init(const ignores_args *args) { return KS_IGNORE; }
KS_SUPERVISOR_INIT(ignores, .strategy = KS_DYNAMIC);

static void with_non_ok_init(void)
{
    begin();
    KS_CHECK(ks_start_link(KS_CHILD(unknown), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(dyn, .intensity = -2), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(dyn, .period = -1), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(automatic), NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(ignores), NULL) == KS_IGNORE);
    KS_CHECK(nothing_comes());
}

static void with_registered_process(void)
{
    begin();
    ks_pid sup = start(&(ks_child){ KS_START(dyn), .name = "me" });
    KS_CHECK(ks_same_pid(ks_whereis("me"), sup));
    KS_CHECK_OK(ks_stop_process(ks_named("me"), KS_NORMAL, KS_INFINITY));
    KS_CHECK(exit_came(sup, KS_REASON_NORMAL, 0));
}

/* What holds of a process that runs can be read from outside. */
static void with_spawn_opt(void)
{
    begin();
    ks_process_snapshot snapshot;
    ks_pid sup = start(&(ks_child){ KS_START(dyn), .priority = KS_PRIORITY_HIGH });
    KS_CHECK_OK(ks_process_info(sup, &snapshot));
    KS_CHECK(snapshot.priority == KS_PRIORITY_HIGH);
    stop(sup);
}

static void same_as_a_regular_supervisor(void)
{
    begin();
    ks_process_snapshot regular, dynamic;
    ks_pid one = start(KS_CHILD(ofo)), two = start(KS_CHILD(dyn));
    KS_CHECK_OK(ks_process_info(one, &regular));
    KS_CHECK_OK(ks_process_info(two, &dynamic));
    KS_CHECK(strcmp(regular.behaviour, "supervisor") == 0);
    KS_CHECK(strcmp(dynamic.behaviour, "supervisor") == 0);
    KS_CHECK(strcmp(regular.module, "ofo") == 0 && strcmp(dynamic.module, "dyn") == 0);
    stop(one);
    stop(two);
}

static void other_limits(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    ADD(sup, "child");
    KS_CHECK_OK(ks_change_limits(sup, &(ks_supervisor_limits){ .max_children = 1 }));
    KS_CHECK(counts(sup, 1, 1, 0, 1));
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker), NULL) == KS_FULL);
    KS_CHECK(ks_change_limits(sup, &(ks_supervisor_limits){ .max_restarts = -2 }) == KS_BADARG);
    KS_CHECK(ks_change_limits(sup, &(ks_supervisor_limits){ .max_seconds = -2 }) == KS_BADARG);
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker), NULL) == KS_FULL);
    stop(sup);
}

/* --- extra arguments -------------------------------------------------------------------------- */
typedef struct room_args {
    ks_pid parent; /* the supervisor knows */
    ks_int number;
    ks_text name;
} room_args;
KS_TYPE(room_args, parent, number, name);
KS_MODULE(room, room_args);
static void room_main(const room_args *args)
{
    KS_CHECK(args->number == 3 && ks_text_eq(args->name, ks_lit("room 3")));
    ks_pid self = ks_self();
    ks_send(args->parent, ks_pid, &self);
    (void)ks_receive(KS_INFINITY);
}
KS_PROCESS(room);

typedef struct rooms_args {
    ks_pid parent;
    ks_text prefix;
} rooms_args;
KS_TYPE(rooms_args, parent, prefix);
KS_MODULE(rooms, rooms_args);
static ks_status rooms_init(const rooms_args *args) { return KS_OK; }
KS_EXTRA_ARGUMENTS(rooms, room);
static void rooms_add_arguments(const rooms_args *own, room_args *args)
{
    args->parent = own->parent;
    args->name = ks_str(ks_format(KS_TEXT_FMT " %d", KS_TEXT_ARG(own->prefix), (int)args->number));
}
KS_SUPERVISOR_INIT(rooms, .strategy = KS_DYNAMIC, .extra_arguments = &rooms_extra_arguments);

static bool from_child(ks_pid child)
{
    const ks_pid *told = ks_receive_as(ks_pid, 1000);
    return told && ks_same_pid(*told, child);
}

static ks_pid start_rooms(void)
{
    char prefix[] = "room";
    ks_pid sup = start(KS_CHILD(rooms, .parent = ks_self(), .prefix = ks_str(prefix)));
    memset(prefix, 'x', sizeof prefix);
    return sup;
}

static void supports_extra_arguments(void)
{
    begin();
    ks_pid sup = start_rooms();
    const ks_child row = { KS_START(room, .number = 3), .restart = KS_TEMPORARY };
    KS_CHECK(from_child(add(sup, &row)));
    add(sup, KS_CHILD(worker)); /* another module: nothing is added */
    KS_CHECK(nothing_comes());
    stop(sup);
}

static void restarting_with_extra_arguments(void)
{
    begin();
    ks_pid sup = start_rooms();
    const ks_child row = { KS_START(room, .number = 3), .id = "3", .restart = KS_TRANSIENT };
    ks_child kept;
    ks_pid pid = add(sup, &row);
    KS_CHECK(from_child(pid) && counts(sup, 1, 1, 0, 1));
    kill_and_wait(pid);
    settle();
    KS_CHECK(from_child(pid_of(sup, "3")) && counts(sup, 1, 1, 0, 1));
    KS_CHECK_OK(ks_get_child(sup, "3", &kept)); /* it was not added to the row */
    KS_CHECK(((const room_args *)kept.args)->name.len == 0);
    stop(sup);
}

/* --- children --------------------------------------------------------------------------------- */
static void with_invalid_child_spec(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    const ks_child wrong[] = { { .id = "1" }, { KS_START(worker), .shutdown = -1 },
        { KS_START(worker), .significant = true, .restart = KS_TEMPORARY } };
    for (int i = 0; i < 3; i++) KS_CHECK(ks_start_child(sup, &wrong[i], NULL) == KS_BADARG);
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    stop(sup);
}

static void with_different_returns(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    add(sup, KS_CHILD(worker));
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker, .how = IGNORES), NULL) == KS_IGNORE);
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker, .how = FAILS), NULL) == KS_NOT_FOUND);
    KS_CHECK(counts(sup, 1, 1, 0, 1));
    stop(sup);
}

static void with_throw_error_exit(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker, .how = STOPS), NULL) == KS_EXITED);
    KS_CHECK(ks_is_alive(sup) && counts(sup, 0, 0, 0, 0));
    stop(sup);
}

static void with_max_children(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, .max_children = 1));
    add(sup, KS_CHILD(worker));
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker), NULL) == KS_FULL && counts(sup, 1, 1, 0, 1));
    stop(sup);
}

static void ends(ks_restart restart, ks_reason reason, bool restarted)
{
    ks_pid sup = start(KS_CHILD(dyn));
    end(add(sup, &(ks_child){ KS_START(worker), .restart = restart }), reason);
    KS_CHECK(counts(sup, restarted, restarted, 0, restarted));
    stop(sup);
}

static void temporary_child(void)
{
    begin();
    ends(KS_TEMPORARY, SHUTDOWN, false);
    ends(KS_TEMPORARY, ABNORMAL, false);
}

static void transient_child(void)
{
    begin();
    ends(KS_TRANSIENT, NORMAL, false);
    ends(KS_TRANSIENT, SHUTDOWN, false);
    ends(KS_TRANSIENT, SHUTDOWN_INFO, false);
    ends(KS_TRANSIENT, ABNORMAL, true);
}

static void permanent_child(void)
{
    begin();
    ends(KS_PERMANENT, SHUTDOWN, true);
    ends(KS_PERMANENT, SHUTDOWN_INFO, true);
    ends(KS_PERMANENT, ABNORMAL, true);
}

static void restarted_with_different_values(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, .intensity = 100000));
    end(add(sup, KS_CHILD(worker)), SHUTDOWN);
    KS_CHECK(counts(sup, 1, 1, 0, 1));
    ks_pid one = add(sup, KS_CHILD(worker, .how = IGNORES_AGAIN));
    ks_pid two = add(sup, KS_CHILD(worker, .how = FAILS_AGAIN));
    KS_CHECK(counts(sup, 3, 3, 0, 3));
    world.again = true;
    end(one, SHUTDOWN);
    KS_CHECK(counts(sup, 2, 2, 0, 2));
    end(two, SHUTDOWN);
    ks_sleep(20);
    KS_CHECK(counts(sup, 2, 1, 0, 2));
    KS_CHECK(info(sup, "worker").state == KS_CHILD_RUNNING);
    stop(sup);
}

static ks_pid with_one_restarting(ks_pid *ret_former)
{
    ks_pid sup = start(KS_CHILD(dyn, .intensity = 100000, .max_children = 1));
    *ret_former = add(sup, KS_CHILD(worker, .how = FAILS_AGAIN));
    world.again = true;
    end(*ret_former, SHUTDOWN);
    ks_sleep(20);
    return sup;
}

static void restarting_on_init_counts(void)
{
    begin();
    ks_pid former, sup = with_one_restarting(&former);
    KS_CHECK(counts(sup, 1, 0, 0, 1));
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker), NULL) == KS_FULL);
    stop(sup);
}

static void restarting_on_exit_counts(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, .intensity = 100000, .max_children = 1));
    end(add(sup, KS_CHILD(worker)), SHUTDOWN);
    KS_CHECK(counts(sup, 1, 1, 0, 1));
    KS_CHECK(ks_start_child(sup, KS_CHILD(worker), NULL) == KS_FULL);
    stop(sup);
}

static void restarted_when_trying_again(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, .intensity = 2));
    ks_pid pid = add(sup, KS_CHILD(worker, .how = FAILS_AGAIN));
    world.again = true;
    (void)worker_cast_end(pid, &SHUTDOWN);
    while (world.failures == 0) ks_yield();
    world.again = false;
    ks_sleep(20);
    KS_CHECK(world.failures == 1 && counts(sup, 1, 1, 0, 1));
    stop(sup);
}

static void it_gives_up(int intensity)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn, .intensity = intensity));
    ks_pid pid = add(sup, KS_CHILD(worker, .how = FAILS_AGAIN));
    world.again = true;
    end(pid, SHUTDOWN);
    KS_CHECK(gave_up(sup) && world.failures == intensity);
}
static void maximum_restarts(void) { it_gives_up(1); }
static void maximum_intensity_when_trying_again(void) { it_gives_up(10); }

static void with_valid_shutdown(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    end(add(sup, &(ks_child){ KS_START(worker), .shutdown = KS_BRUTAL_KILL }), SHUTDOWN);
    end(add(sup, &(ks_child){ KS_START(worker), .shutdown = 1 }), SHUTDOWN);
    KS_CHECK(counts(sup, 2, 2, 0, 2));
    stop(sup);
}

static void with_invalid_shutdown(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    const ks_child row = { KS_START(worker), .shutdown = -1 };
    KS_CHECK(ks_start_child(sup, &row, NULL) == KS_BADARG);
    stop(sup);
}

/* --- the end of all --------------------------------------------------------------------------- */
typedef struct leaver_args {
    ks_reason reason;
} leaver_args;
KS_TYPE(leaver_args, reason);
KS_MODULE(leaver, leaver_args);
static void leaver_main(const leaver_args *args)
{
    (void)ks_trap_exit(true);
    (void)ks_receive_as(ks_exited, KS_INFINITY);
    ks_exit(args->reason);
}
KS_PROCESS(leaver);

/* Three of them are told at once, and all end in that way. */
static void three_end(const ks_child *row, ks_reason_kind kind, int errors)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    ks_ref monitors[3];
    for (int i = 0; i < 3; i++) monitors[i] = ks_monitor(add(sup, row));
    settle();
    stop(sup);
    for (int i = 0; i < 3; i++) KS_CHECK(ended_with(monitors[i], kind));
    KS_CHECK(report_count(KS_LOG_ERROR) == errors);
}

static void ends_with_brutal_kill(void)
{
    const ks_child row = { KS_START(worker), .shutdown = KS_BRUTAL_KILL };
    three_end(&row, KS_REASON_KILLED, 0);
}

static void ends_with_infinity(void)
{
    const ks_child row = { KS_START(worker), .shutdown = KS_INFINITY };
    three_end(&row, KS_REASON_SHUTDOWN, 0);
}

static void ends_with_infinity_and_abnormal_reason(void)
{
    const ks_child row = { KS_START(leaver, .reason = SHUTDOWN_INFO), .shutdown = KS_INFINITY };
    three_end(&row, KS_REASON_SHUTDOWN, 0);
}

static void ends_with_integer(void)
{
    const ks_child row = { KS_START(worker), .shutdown = 1000 };
    three_end(&row, KS_REASON_SHUTDOWN, 0);
}

static void ends_with_integer_and_abnormal_reason(void)
{
    const ks_child row = { KS_START(leaver, .reason = SHUTDOWN_INFO), .shutdown = 1000 };
    three_end(&row, KS_REASON_SHUTDOWN, 0);
}

static void ends_with_expired_integer(void)
{
    const ks_child row = { KS_START(worker, .how = SLEEPS), .shutdown = 1 };
    three_end(&row, KS_REASON_KILLED, 3);
}

static void permanent_ends_with_normal(void)
{
    const ks_child row = { KS_START(leaver, .reason = NORMAL), .shutdown = KS_INFINITY };
    three_end(&row, KS_REASON_NORMAL, 3);
    KS_CHECK(reported("was told to shut down and ended: normal", "shutdown error"));
}

static void ends_with_mixed_children(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    ks_ref one = ks_monitor(ADD(sup, "1", .shutdown = KS_INFINITY));
    ks_ref two = ks_monitor(ADD(sup, "2", .shutdown = KS_BRUTAL_KILL));
    stop(sup);
    KS_CHECK(ended_with(one, KS_REASON_SHUTDOWN) && ended_with(two, KS_REASON_KILLED));
}

static void one_is_terminated(ks_ms shutdown, ks_reason_kind kind)
{
    begin();
    ks_pid sup = start(KS_CHILD(dyn));
    ks_pid pid = add(sup, &(ks_child){ KS_START(worker), .shutdown = shutdown });
    ks_ref monitor = ks_monitor(pid);
    KS_CHECK_OK(ks_terminate_child_pid(sup, pid));
    KS_CHECK(ended_with(monitor, kind));
    KS_CHECK(ks_terminate_child_pid(sup, pid) == KS_NOT_FOUND && counts(sup, 0, 0, 0, 0));
    stop(sup);
}
static void terminates_with_brutal_kill(void)
{
    one_is_terminated(KS_BRUTAL_KILL, KS_REASON_KILLED);
}
static void terminates_with_integer(void) { one_is_terminated(1000, KS_REASON_SHUTDOWN); }

static void terminates_restarting_child(void)
{
    begin();
    ks_pid former, sup = with_one_restarting(&former);
    KS_CHECK_OK(ks_terminate_child_pid(sup, former));
    KS_CHECK(ks_terminate_child_pid(sup, former) == KS_NOT_FOUND && counts(sup, 0, 0, 0, 0));
    stop(sup);
}

int main(int argc, char **argv)
{
    return run_cases("Elixir DynamicSupervisorTest", argc, argv,
        SCENARIOS(NAMED("can be supervised directly", can_be_supervised_directly),
            NAMED("multiple supervisors can be supervised and identified with simple child spec",
                several_can_be_told_apart),
            NAMED("init/1 set default options", default_options),
            NAMED("start_link/3 with non-ok init", with_non_ok_init),
            NAMED("start_link/3 with registered process", with_registered_process),
            NAMED("start_link/3 with spawn_opt", with_spawn_opt),
            NAMED("start_link/3 sets initial call to the same as a regular supervisor",
                same_as_a_regular_supervisor),
            NAMED("code_change/3 with ok init", other_limits),
            NAMED("start_child/2 supports extra arguments", supports_extra_arguments),
            NAMED("restarting a child with extra_arguments successfully restarts child",
                restarting_with_extra_arguments),
            NAMED("start_child/2 with invalid child spec", with_invalid_child_spec),
            NAMED("start_child/2 with different returns", with_different_returns),
            NAMED("start_child/2 with throw/error/exit", with_throw_error_exit),
            NAMED("start_child/2 with max_children", with_max_children),
            NAMED("temporary child is not restarted regardless of reason", temporary_child),
            NAMED("transient child is restarted unless normal/shutdown/{shutdown, _}",
                transient_child),
            NAMED("permanent child is restarted regardless of reason", permanent_child),
            NAMED("child is restarted with different values", restarted_with_different_values),
            NAMED("restarting on init children counted in max_children", restarting_on_init_counts),
            NAMED("restarting on exit children counted in max_children", restarting_on_exit_counts),
            NAMED("child is restarted when trying again", restarted_when_trying_again),
            NAMED("child triggers maximum restarts", maximum_restarts),
            NAMED("child triggers maximum intensity when trying again",
                maximum_intensity_when_trying_again),
            NAMED("with valid shutdown", with_valid_shutdown),
            NAMED("with invalid valid shutdown", with_invalid_shutdown),
            NAMED("terminates children with brutal kill", ends_with_brutal_kill),
            NAMED("terminates children with infinity shutdown", ends_with_infinity),
            NAMED("terminates children with infinity shutdown and abnormal reason",
                ends_with_infinity_and_abnormal_reason),
            NAMED("terminates children with integer shutdown", ends_with_integer),
            NAMED("terminates children with integer shutdown and abnormal reason",
                ends_with_integer_and_abnormal_reason),
            NAMED("terminates children with expired integer shutdown", ends_with_expired_integer),
            NAMED("terminates children with permanent restart and normal reason",
                permanent_ends_with_normal),
            NAMED("terminates with mixed children", ends_with_mixed_children),
            NAMED(
                "terminate_child/2 terminates child with brutal kill", terminates_with_brutal_kill),
            NAMED("terminate_child/2 terminates child with integer shutdown",
                terminates_with_integer),
            NAMED("terminate_child/2 terminates restarting child", terminates_restarting_child)));
}
