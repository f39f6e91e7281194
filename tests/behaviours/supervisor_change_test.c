/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_change_test - found or started in one step; rows that are read, checked and replaced;
 * limits that come from arguments, or later. */
#include "behaviours/supervised.h"

KS_SUPERVISOR(app, .max_restarts = 100);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);
KS_SUPERVISOR(picky, .auto_shutdown = KS_ANY_SIGNIFICANT);

/* --- found or started ------------------------------------------------------------------------- */
enum { ASKERS = 200 };
static struct {
    ks_pid supervisor, pids[ASKERS];
    int answered;
} asked;

static void ask(void *pid)
{
    const ks_child row = { KS_START(child, .tag = 'r', .how = LATE), .id = "room" };
    KS_CHECK_OK(ks_start_or_get(asked.supervisor, &row, pid));
    asked.answered++;
}

static void many_who_ask_at_once_get_one_child(const ks_child *how)
{
    begin();
    memset(&asked, 0, sizeof asked);
    asked.supervisor = start(how);
    for (int i = 0; i < ASKERS; i++) (void)ks_spawn(ask, &asked.pids[i]);
    ks_sleep(HOUR / 6);
    KS_CHECK(asked.answered == ASKERS && happened_is("R"));
    for (int i = 1; i < ASKERS; i++) KS_CHECK(ks_same_pid(asked.pids[i], asked.pids[0]));
    KS_CHECK(ks_is_alive(asked.pids[0]) && counts_are(asked.supervisor, 1, 1));
    stop(asked.supervisor);
}

static void two_hundred_at_once_get_one_child(void)
{
    many_who_ask_at_once_get_one_child(KS_CHILD(app));
    many_who_ask_at_once_get_one_child(KS_CHILD(crowd));
}

static void the_next_one_is_started_when_the_first_is_gone(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd)), one, two;
    const ks_child row = { KS_START(child), .id = "room" };
    KS_CHECK_OK(ks_start_or_get(sup, &row, &one));
    ks_ref gone = ks_monitor(one);
    crash(one);
    (void)ks_receive_ref(gone, HOUR);
    KS_CHECK_OK(ks_start_or_get(sup, &row, &two));
    KS_CHECK(!ks_same_pid(one, two) && ks_is_alive(two));
    KS_CHECK(ks_start_child(sup, &row, &one) == KS_ALREADY_STARTED && ks_same_pid(one, two));
    KS_CHECK_OK(ks_terminate_child(sup, "room"));
    KS_CHECK(counts_are(sup, 0, 0) && ks_terminate_child(sup, "room") == KS_NOT_FOUND);
    KS_CHECK(ks_start_or_get(sup, KS_CHILD(child), &one) == KS_BADARG); /* which one? */
    stop(sup);
}

static void a_stopped_child_starts_by_the_row_it_was_kept_with(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), pid;
    ks_text note;
    add(sup, KS_CHILD(child, .note = ks_lit("kept")));
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    KS_CHECK_OK(ks_start_or_get(sup, KS_CHILD(child, .note = ks_lit("given")), &pid));
    KS_CHECK_OK(child_call_note(pid, &note, 5000));
    KS_CHECK(ks_text_eq(note, ks_lit("kept")));
    world.fails = 1;
    const ks_child bad = { KS_START(child, .how = FAILS), .id = "bad" };
    KS_CHECK(ks_start_or_get(sup, &bad, &pid) == KS_DENIED && counts_are(sup, 1, 1));
    ks_child named = { KS_START(child), .id = "named", .name = "name" };
    KS_CHECK_OK(ks_register("name", ks_self()));
    KS_CHECK(ks_start_or_get(sup, &named, &pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(pid, ks_self()));
    stop(sup);
}

/* --- rows ------------------------------------------------------------------------------------- */
static void a_row_can_be_read(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), many = start(KS_CHILD(crowd));
    ks_child row, same = { KS_START(child, .tag = 'x', .note = ks_lit("text")), .name = "name" };
    ks_pid pid = add(sup, &same);
    KS_CHECK_OK(ks_get_child(sup, "child", &row));
    KS_CHECK(row.module == &child_module && strcmp(row.id, "child") == 0);
    KS_CHECK(strcmp(row.name, "name") == 0 && row.restart == KS_PERMANENT && row.shutdown == 5000);
    const child_args *args = row.args;
    KS_CHECK(args->tag == 'x' && ks_text_eq(args->note, ks_lit("text")));
    KS_CHECK_OK(ks_get_child_pid(sup, pid, &row));
    KS_CHECK(strcmp(row.id, "child") == 0);
    KS_CHECK(ks_get_child(sup, "other", &row) == KS_NOT_FOUND);
    KS_CHECK(ks_get_child(sup, NULL, &row) == KS_BADARG);
    KS_CHECK(ks_get_child_pid(sup, ks_self(), &row) == KS_NOT_FOUND);
    pid = add(many, KS_CHILD(child, .tag = 'y'));
    KS_CHECK_OK(ks_get_child_pid(many, pid, &row));
    KS_CHECK(row.restart == KS_TEMPORARY && row.args == NULL);
    stop(sup);
    stop(many);
}

static void a_running_child_changes_with_its_next_start(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    ks_pid pid = add(sup, KS_CHILD(child, .tag = 'a', .note = ks_lit("old")));
    char note[] = "new";
    ks_child row = { KS_START(child, .tag = 'b', .note = ks_str(note)), .name = "name" };
    KS_CHECK_OK(ks_change_child(sup, &row));
    memset(note, 'x', 3);
    KS_CHECK(ks_is_alive(pid) && happened_is("A") && ks_is_none(ks_whereis("name")));
    crash(pid);
    settle();
    ks_text told;
    KS_CHECK(happened_is("B"));
    KS_CHECK_OK(child_call_note(ks_named("name"), &told, 5000));
    KS_CHECK(ks_text_eq(told, ks_lit("new")));
    KS_CHECK(info_of(sup, "child").restarts == 1 && counts_are(sup, 1, 1));
    stop(sup);
}

/* Read, changed in one field, and given back; whether it is restarted counts at once. */
static void what_was_read_can_be_given_back(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    ks_pid pid = add(sup, KS_CHILD(child, .tag = 'a', .note = ks_lit("same")));
    ks_child row;
    KS_CHECK_OK(ks_get_child(sup, "child", &row));
    row.restart = KS_TRANSIENT;
    row.shutdown = KS_BRUTAL_KILL;
    KS_CHECK_OK(ks_change_child(sup, &row));
    KS_CHECK_OK(child_cast_finish(pid, &KS_NORMAL));
    settle();
    KS_CHECK(info_of(sup, "child").state == KS_CHILD_STOPPED && happened_is("A"));
    KS_CHECK_OK(ks_restart_child(sup, "child", &pid));
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    KS_CHECK(happened_is("A")); /* killed: no terminate */
    KS_CHECK_OK(ks_get_child(sup, "child", &row));
    KS_CHECK(((const child_args *)row.args)->tag == 'a');
    stop(sup);
}

static void a_stopped_child_may_become_another_module(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), pid;
    add(sup, &(ks_child){ KS_START(child), .id = "x" });
    KS_CHECK_OK(ks_terminate_child(sup, "x"));
    KS_CHECK_OK(ks_change_child(sup, &(ks_child){ KS_START(crowd), .id = "x" }));
    ks_child_counts counts;
    KS_CHECK_OK(ks_count_children(sup, &counts));
    KS_CHECK(counts.supervisors == 1 && counts.workers == 0);
    KS_CHECK_OK(ks_restart_child(sup, "x", &pid));
    KS_CHECK(counts_are(pid, 0, 0) && ks_same_pid(info_of(sup, "x").pid, pid));
    stop(sup);
}

static void a_wrong_change_changes_nothing(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), pick = start(KS_CHILD(picky));
    ks_child row, wrong = { KS_START(child), .shutdown = -3 }, none = { .id = "child" };
    add(sup, KS_CHILD(child));
    KS_CHECK(ks_change_child(sup, &wrong) == KS_BADARG);
    KS_CHECK(ks_change_child(sup, &none) == KS_BADARG);
    KS_CHECK(ks_change_child(sup, &(ks_child){ KS_START(child), .id = "y" }) == KS_NOT_FOUND);
    KS_CHECK_OK(ks_get_child(sup, "child", &row));
    KS_CHECK(row.shutdown == 5000);
    row.significant = true;
    KS_CHECK(ks_change_child(sup, &row) == KS_BADARG); /* its supervisor never shuts down */
    add(pick, KS_CHILD(child));
    KS_CHECK(ks_change_child(pick, &row) == KS_BADARG); /* permanent */
    KS_CHECK_OK(ks_get_child(sup, "child", &row));
    row.restart = KS_TEMPORARY;
    KS_CHECK_OK(ks_change_child(sup, &row));
    KS_CHECK_OK(ks_get_child(sup, "child", &row));
    row.restart = KS_PERMANENT;
    KS_CHECK(row.args == NULL && ks_change_child(sup, &row) == KS_BADARG); /* how to start it? */
    KS_CHECK_OK(ks_change_child(sup, KS_CHILD(child)));
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    row.restart = KS_TEMPORARY;
    KS_CHECK(ks_change_child(sup, &row) == KS_BADARG); /* it would be forgotten */
    stop(sup);
    stop(pick);
}

static const ks_child *pair_of_rows(int how)
{
    static const ks_child rows[][2] = {
        { { .module = &child_module, .id = "a" }, { .module = &child_module } },
        { { .module = &child_module, .id = "child" }, { .module = &child_module } },
        { { .module = &child_module, .id = "a" }, { .id = "b" } },
    };
    return rows[how];
}

static void rows_can_be_checked_without_a_supervisor(void)
{
    size_t index;
    ks_supervisor_spec spec = { .children = { pair_of_rows(0), 2, sizeof(ks_child) } };
    KS_CHECK(ks_check_children(&spec, &index) == KS_OK && index == 2);
    spec.max_children = 1;
    KS_CHECK(ks_check_children(&spec, &index) == KS_FULL && index == 1);
    spec.max_children = 0;
    spec.max_seconds = -1;
    KS_CHECK(ks_check_children(&spec, NULL) == KS_BADARG);
    spec.max_seconds = 0;
    spec.children.items = pair_of_rows(1);
    KS_CHECK(ks_check_children(&spec, &index) == KS_ALREADY_PRESENT && index == 1);
    spec.children.items = pair_of_rows(2);
    KS_CHECK(ks_check_children(&spec, &index) == KS_BADARG && index == 1);
    spec = (ks_supervisor_spec){ .backoff = { .first_ms = -5 } };
    KS_CHECK(ks_check_children(&spec, &index) == KS_BADARG && index == 0);
}

/* --- limits ----------------------------------------------------------------------------------- */
typedef struct sized_args {
    int32_t restarts, seconds;
    uint32_t children;
} sized_args;
KS_TYPE(sized_args, restarts, seconds, children);
KS_MODULE(sized, sized_args);
static ks_status sized_init(const sized_args *args)
{
    return ks_supervisor_limit(&(ks_supervisor_limits){
        .max_restarts = args->restarts,
        .max_seconds = args->seconds,
        .max_children = args->children,
    });
}
KS_SUPERVISOR_INIT(sized, .strategy = KS_DYNAMIC, .max_restarts = 1);

static void limits_come_from_the_arguments(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(sized, .children = 2, .restarts = 5)), pid;
    ks_ref monitor = ks_monitor(sup);
    add(sup, KS_CHILD(child));
    add(sup, &(ks_child){ KS_START(child), .id = "x" });
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &pid) == KS_FULL);
    for (int i = 0; i < 5; i++) {
        crash(ks_child_of(sup, "x"));
        settle();
    }
    KS_CHECK(ks_is_alive(sup));
    crash(ks_child_of(sup, "x"));
    KS_CHECK(ks_receive_ref(monitor, HOUR) != NULL);
    KS_CHECK(ks_start_link(KS_CHILD(sized, .restarts = -2), &pid) == KS_BADARG);
    KS_CHECK(ks_supervisor_limit(&(ks_supervisor_limits){ 0 }) == KS_DENIED);
}

static void limits_can_be_changed_later(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(sized, .children = 5, .restarts = KS_NONE)), pid;
    add(sup, KS_CHILD(child));
    pid = add(sup, KS_CHILD(child));
    KS_CHECK(ks_change_limits(sup, &(ks_supervisor_limits){ .max_seconds = -1 }) == KS_BADARG);
    KS_CHECK_OK(ks_change_limits(sup, &(ks_supervisor_limits){ .max_children = 1 }));
    KS_CHECK(counts_are(sup, 2, 2));
    crash(pid); /* the one restart that the module allows */
    settle();
    KS_CHECK(counts_are(sup, 2, 2));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &pid) == KS_FULL);
    KS_CHECK_OK(ks_change_limits(sup, &(ks_supervisor_limits){ 0 }));
    add(sup, KS_CHILD(child));
    stop(sup);
}

int main(void)
{
    return RUN_ALL("supervisor_change", SCENARIO(two_hundred_at_once_get_one_child),
        SCENARIO(the_next_one_is_started_when_the_first_is_gone),
        SCENARIO(a_stopped_child_starts_by_the_row_it_was_kept_with), SCENARIO(a_row_can_be_read),
        SCENARIO(a_running_child_changes_with_its_next_start),
        SCENARIO(what_was_read_can_be_given_back),
        SCENARIO(a_stopped_child_may_become_another_module),
        SCENARIO(a_wrong_change_changes_nothing),
        SCENARIO(rows_can_be_checked_without_a_supervisor),
        SCENARIO(limits_come_from_the_arguments), SCENARIO(limits_can_be_changed_later));
}
