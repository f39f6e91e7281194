/* SPDX-License-Identifier: Apache-2.0 */
/* elixir_supervisor_test - cases of Elixir's SupervisorTest. */
#include "conformance/supervisor.h"

KS_SUPERVISOR(stack_sup, .strategy = KS_ONE_FOR_ONE,
    .children = KS_CHILDREN({ KS_START(worker, .note = { "hello", 5 }), .name = "dyn_stack" }));

/* What the library fills in where a row says nothing; every field of it may be said. */
static void child_spec(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo));
    ks_child row;
    add(sup, KS_CHILD(worker));
    KS_CHECK_OK(ks_get_child(sup, "worker", &row));
    KS_CHECK(row.module == &worker_module && row.restart == KS_PERMANENT && row.shutdown == 5000);
    add(sup,
        &(ks_child){
            KS_START(worker), .id = "foo", .restart = KS_TEMPORARY, .shutdown = KS_INFINITY });
    KS_CHECK_OK(ks_get_child(sup, "foo", &row));
    KS_CHECK(row.restart == KS_TEMPORARY && row.shutdown == KS_INFINITY);
    KS_CHECK(ks_start_child(sup, &(ks_child){ .id = "other" }, NULL) == KS_BADARG);
    stop(sup);
}

/* One for one, three restarts in five seconds. */
static void init_2(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(stack_sup));
    for (int i = 0; i < 3; i++) end(ks_whereis("dyn_stack"), ABNORMAL);
    KS_CHECK(runs(sup, "worker"));
    ks_sleep(5 * SECOND);
    for (int i = 0; i < 3; i++) end(ks_whereis("dyn_stack"), ABNORMAL);
    KS_CHECK(runs(sup, "worker"));
    end(ks_whereis("dyn_stack"), ABNORMAL);
    KS_CHECK(gave_up(sup));
    sup = start(KS_CHILD(ofa, .intensity = 1, .period = 2));
    end(ADD(sup, "child"), ABNORMAL);
    end(pid_of(sup, "child"), ABNORMAL);
    KS_CHECK(gave_up(sup));
}

static void start_link_with_local(void)
{
    begin();
    size_t count;
    ks_pid sup = start(&(ks_child){ KS_START(ofo), .name = "my_sup" });
    KS_CHECK_OK(ks_which_children(ks_named("my_sup"), NULL, 0, &count));
    KS_CHECK(count == 0 && ks_same_pid(ks_whereis("my_sup"), sup));
    stop(ks_named("my_sup"));
}

static void a_stack_is_restarted(void)
{
    begin();
    ks_text note;
    ks_pid sup = start(KS_CHILD(stack_sup));
    KS_CHECK_OK(worker_call_note(ks_named("dyn_stack"), &note, 5000));
    KS_CHECK(ks_text_eq(note, ks_lit("hello")));
    end(ks_whereis("dyn_stack"), NORMAL);
    KS_CHECK_OK(worker_call_note(ks_named("dyn_stack"), &note, 5000));
    KS_CHECK(ks_text_eq(note, ks_lit("hello")));
    stop(sup);
    char long_name[300];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    const ks_child wrong = { KS_START(stack_sup), .name = long_name };
    KS_CHECK(ks_start_link(&wrong, NULL) == KS_BADARG);
}

static void with_an_invalid_row(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo));
    const ks_child wrong[] = { { .id = "1" }, { KS_START(worker), .shutdown = -1 },
        { KS_START(worker), .restart = (ks_restart)-1 } };
    for (int i = 0; i < 3; i++) KS_CHECK(ks_start_child(sup, &wrong[i], NULL) == KS_BADARG);
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    stop(sup);
}

static void with_a_valid_row(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo));
    for (int n = 0; n < 2; n++)
        end(ADD(sup, ks_format("%d", n), .shutdown = n ? n : KS_BRUTAL_KILL), SHUTDOWN);
    KS_CHECK(runs(sup, "0") && runs(sup, "1"));
    stop(sup);
}

static void life_cycle(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(ofo)), pid;
    ks_text note;
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    pid = add(sup, KS_CHILD(worker, .note = ks_lit("hello")));
    KS_CHECK_OK(worker_call_note(pid, &note, 5000));
    KS_CHECK(ks_same_pid(pid_of(sup, "worker"), pid) && counts(sup, 1, 1, 0, 1));
    KS_CHECK(ks_delete_child(sup, "worker") == KS_ALREADY_STARTED);
    KS_CHECK_OK(ks_terminate_child(sup, "worker"));
    KS_CHECK_OK(ks_restart_child(sup, "worker", &pid));
    KS_CHECK_OK(worker_call_note(pid, &note, 5000));
    KS_CHECK(ks_text_eq(note, ks_lit("hello")));
    KS_CHECK_OK(ks_terminate_child(sup, "worker"));
    KS_CHECK_OK(ks_delete_child(sup, "worker"));
    KS_CHECK(counts(sup, 0, 0, 0, 0));
    stop(sup);
}

int main(int argc, char **argv)
{
    return run_cases("Elixir SupervisorTest", argc, argv,
        SCENARIOS(NAMED("child_spec/2", child_spec), NAMED("init/2", init_2),
            NAMED("start_link/3 with local", start_link_with_local),
            NAMED("start_link/2", a_stack_is_restarted),
            NAMED("start_child/2: with invalid child spec", with_an_invalid_row),
            NAMED("start_child/2: with valid child spec", with_a_valid_row),
            NAMED("child life cycle", life_cycle)));
}
