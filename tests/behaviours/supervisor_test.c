/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_test - how a supervisor starts, and what it answers: every function, every status. */
#include "behaviours/supervised.h"

KS_SUPERVISOR(app, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(few, .max_children = 2);
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY);
KS_SUPERVISOR(small_crowd, .strategy = KS_DYNAMIC, .max_children = 2);
KS_SUPERVISOR(three,
    .children = KS_CHILDREN({ KS_START(child, .tag = 'a'), .id = "a" },
        { KS_START(child, .tag = 'b'), .id = "b" }, { KS_START(child, .tag = 'c'), .id = "c" }));
KS_SUPERVISOR(tree,
    .children = KS_CHILDREN({ KS_START(three), .name = "trunk" }, { KS_START(child), .id = "leaf" },
        { KS_START(child, .how = IGNORES), .id = "bud" }));

/* --- starting --------------------------------------------------------------------------------- */
static void children_start_in_order_and_stop_in_reverse(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three));
    KS_CHECK(happened_is("ABC"));
    KS_CHECK(counts_are(sup, 3, 3));
    stop(sup);
    KS_CHECK(happened_is("cba"));
}

typedef struct made_args { /* of a supervisor whose init adds what the arguments say */
    int32_t how;
    int32_t pause;
    int32_t restart;
    int32_t twice;
    int32_t fails;
} made_args;
KS_MODULE(made, made_args);
KS_TYPE(made_args, how, pause, restart, twice, fails);

static ks_status made_init(const made_args *args)
{
    const child_args odd = { .tag = 'd', .how = args->how, .note = ks_lit("odd") };
    KS_CHECK(ks_add_child(&(ks_child){ .id = "nothing" }) == KS_BADARG);
    KS_CHECK(ks_add_child(&(ks_child){ KS_START(child), .shutdown = -3 }) == KS_BADARG);
    KS_CHECK(ks_add_child(&(ks_child){ KS_START(child), .restart = (ks_restart)9 }) == KS_BADARG);
    KS_CHECK_OK(ks_add_child(&(ks_child){ KS_START(child, .tag = 'c'), .id = "c" }));
    if (args->pause) ks_sleep(args->pause);
    KS_CHECK_OK(ks_add_child(&(ks_child){
        KS_START_WITH(child, &odd), .id = "d", .restart = (ks_restart)args->restart }));
    if (args->twice) return ks_add_child(&(ks_child){ KS_START(child), .id = "c" });
    return args->fails;
}
KS_SUPERVISOR_INIT(made, .children = KS_CHILDREN({ KS_START(child, .tag = 'b'), .id = "b" }));

static void init_adds_children(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(made));
    KS_CHECK(happened_is("BCD"));
    KS_CHECK(info_of(sup, "d").state == KS_CHILD_RUNNING);
    ks_text note;
    KS_CHECK_OK(child_call_note(info_of(sup, "d").pid, &note, 5000));
    KS_CHECK(ks_text_eq(note, ks_lit("odd")));
    stop(sup);
    KS_CHECK(ks_add_child(KS_CHILD(child)) == KS_DENIED);
}

static void start_made(void *pid)
{
    KS_CHECK_OK(ks_start_link(KS_CHILD(made, .pause = 100), pid));
    ks_sleep(1000);
    KS_CHECK(counts_are(*(ks_pid *)pid, 3, 3));
    stop(*(ks_pid *)pid);
}

static void inits_that_block_at_the_same_time_add_to_their_own(void)
{
    begin();
    ks_pid pids[4];
    for (int i = 0; i < 4; i++) (void)ks_spawn(start_made, &pids[i]);
    ks_sleep(5000);
    for (int i = 0; i < 4; i++) KS_CHECK(!ks_is_alive(pids[i]));
}

static void a_supervisor_killed_in_its_init_is_forgotten(void)
{
    begin();
    ks_pid pid;
    ks_child row = { KS_START(made, .pause = 1000), .start_timeout = 100 };
    KS_CHECK(ks_start_link(&row, &pid) == KS_TIMEOUT);
    KS_CHECK(ks_add_child(KS_CHILD(child)) == KS_DENIED);
    stop(start(KS_CHILD(made)));
}

static void a_failing_init_fails_the_start(void)
{
    begin();
    ks_pid pid;
    KS_CHECK(ks_start_link(KS_CHILD(made, .fails = KS_DENIED), &pid) == KS_DENIED);
    KS_CHECK(ks_start_link(KS_CHILD(made, .fails = KS_IGNORE), &pid) == KS_IGNORE);
    KS_CHECK(ks_start_link(KS_CHILD(made, .twice = 1), &pid) == KS_ALREADY_PRESENT);
    KS_CHECK(happened_is(""));
}

static void a_failing_child_fails_the_start_and_ends_the_others(void)
{
    begin();
    ks_pid pid;
    world.fails = 1;
    KS_CHECK(ks_start_link(KS_CHILD(made, .how = FAILS), &pid) == KS_DENIED);
    KS_CHECK(happened_is("BCcb"));
    KS_CHECK(reported("supervisor 'made': child 'd' did not start: "));
    KS_CHECK(ks_start_link(KS_CHILD(made, .how = CRASHES), &pid) == KS_EXITED);
    KS_CHECK(happened_is("BCcb"));
    KS_CHECK(ks_receive(100) == NULL); /* and no trace of it */
}

static void a_child_that_ignores_stays_as_a_row(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(made, .how = IGNORES));
    KS_CHECK(info_of(sup, "d").state == KS_CHILD_STOPPED);
    KS_CHECK(ks_is_none(info_of(sup, "d").pid));
    KS_CHECK(counts_are(sup, 3, 2));
    stop(sup);
    sup = start(KS_CHILD(made, .how = IGNORES, .restart = KS_TEMPORARY));
    KS_CHECK(counts_are(sup, 2, 2));
    stop(sup);
}

KS_SUPERVISOR(wrong_rows, .children = KS_CHILDREN({ KS_START(child) }, { KS_START(child) }));
KS_SUPERVISOR(wrong_strategy, .strategy = (ks_strategy)9);
KS_SUPERVISOR(wrong_restarts, .max_restarts = -2);
KS_SUPERVISOR(wrong_seconds, .max_seconds = -1);
KS_SUPERVISOR(wrong_crowd, .strategy = KS_DYNAMIC,
    .children = KS_CHILDREN({ KS_START(child) }, { KS_START(child) }));

static void a_wrong_spec_is_refused(void)
{
    begin();
    ks_pid pid;
    KS_CHECK(ks_start_link(KS_CHILD(wrong_rows), &pid) == KS_ALREADY_PRESENT);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_strategy), &pid) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_restarts), &pid) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_seconds), &pid) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(wrong_crowd), &pid) == KS_BADARG);
}

/* --- ks_start_child --------------------------------------------------------------------------- */
static void start_child_copies_the_row(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    char id[] = "id", name[] = "name", note[] = "note";
    ks_child row = { KS_START(child, .note = ks_str(note)), .id = id, .name = name };
    add(sup, &row);
    memset(id, 'x', 2);
    memset(name, 'x', 4);
    memset(note, 'x', 4);
    crash(ks_named("name"));
    settle();
    ks_text told;
    KS_CHECK_OK(child_call_note(ks_named("name"), &told, 5000));
    KS_CHECK(ks_text_eq(told, ks_lit("note")));
    KS_CHECK(ks_same_pid(info_of(sup, "id").pid, ks_whereis("name")));
    stop(sup);
}

static void start_child_refuses(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(few)), one = add(sup, KS_CHILD(child)), pid = { 0 };
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(pid, one));
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &pid) == KS_ALREADY_PRESENT);
    add(sup, &(ks_child){ KS_START(child), .id = "second" });
    KS_CHECK(ks_start_child(sup, &(ks_child){ KS_START(child), .id = "third" }, &pid) == KS_FULL);
    KS_CHECK(ks_start_child(sup, &(ks_child){ .id = "none" }, &pid) == KS_BADARG);
    ks_child wrong = { KS_START(child), .shutdown = -5 };
    KS_CHECK(ks_start_child(sup, &wrong, NULL) == KS_BADARG);
    stop(sup);
}

static void a_child_that_does_not_start_leaves_nothing(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), pid;
    world.fails = 1;
    KS_CHECK(ks_start_child(sup, KS_CHILD(child, .how = FAILS), &pid) == KS_DENIED);
    KS_CHECK(ks_start_child(sup, KS_CHILD(child, .how = CRASHES), &pid) == KS_EXITED);
    ks_child late = { KS_START(child, .how = LATE), .start_timeout = 100 };
    KS_CHECK(ks_start_child(sup, &late, NULL) == KS_TIMEOUT);
    KS_CHECK(counts_are(sup, 0, 0));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child, .how = IGNORES), &pid) == KS_IGNORE);
    KS_CHECK(counts_are(sup, 1, 0));
    ks_child temporary = { KS_START(child, .how = IGNORES), .id = "t", .restart = KS_TEMPORARY };
    KS_CHECK(ks_start_child(sup, &temporary, &pid) == KS_IGNORE);
    KS_CHECK(counts_are(sup, 1, 0));
    settle();
    KS_CHECK(counts_are(sup, 1, 0) && world.errors == 0);
    stop(sup);
}

static void who_has_the_name_already_is_told_and_not_adopted(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), pid;
    ks_pid outsider = start(&(ks_child){ KS_START(child), .name = "taken" });
    ks_child row = { KS_START(child), .name = "taken" };
    KS_CHECK(ks_start_child(sup, &row, &pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(pid, outsider));
    KS_CHECK(counts_are(sup, 0, 0));
    stop(sup);
    stop(outsider);
}

static void temporary_children_keep_no_arguments(void)
{
    begin();
    enum { NOTE = 10000 };
    char note[NOTE];
    memset(note, 'n', sizeof note);
    ks_pid sup = start(KS_CHILD(crowd));
    uint64_t before = ks_process_memory(sup);
    for (int i = 0; i < 20; i++) add(sup, KS_CHILD(child, .note = { note, NOTE }));
    uint64_t temporary = ks_process_memory(sup) - before;
    KS_CHECK(temporary < 20 * 512);
    ks_child row = { KS_START(child, .note = { note, NOTE }), .restart = KS_PERMANENT };
    add(sup, &row);
    KS_CHECK(ks_process_memory(sup) - before - temporary > NOTE);
    stop(sup);
}

static void start_slowly(void *sup)
{
    KS_CHECK_OK(ks_start_child(*(ks_pid *)sup, KS_CHILD(child, .how = LATE), NULL));
}

static void who_asks_may_be_gone_before_the_answer(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), asking = ks_spawn(start_slowly, &sup);
    settle();
    ks_exit_process(asking, KS_KILL);
    KS_CHECK(counts_are(sup, 1, 1)); /* waits for the init, too */
    stop(sup);
}

/* --- the other operations --------------------------------------------------------------------- */
static void terminate_restart_delete(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(three)), pid = { 0 }, b = info_of(sup, "b").pid;
    KS_CHECK(ks_restart_child(sup, "b", &pid) == KS_ALREADY_STARTED && ks_same_pid(pid, b));
    KS_CHECK(ks_delete_child(sup, "b") == KS_ALREADY_STARTED);
    KS_CHECK_OK(ks_terminate_child(sup, "b"));
    KS_CHECK_OK(ks_terminate_child(sup, "b")); /* nothing to do */
    KS_CHECK(!ks_is_alive(b) && counts_are(sup, 3, 2));
    KS_CHECK_OK(ks_restart_child(sup, "b", &pid));
    KS_CHECK(ks_same_pid(info_of(sup, "b").pid, pid) && counts_are(sup, 3, 3));
    KS_CHECK_OK(ks_terminate_child_pid(sup, pid));
    KS_CHECK(ks_terminate_child_pid(sup, pid) == KS_NOT_FOUND);
    KS_CHECK_OK(ks_delete_child(sup, "b"));
    KS_CHECK(counts_are(sup, 2, 2));
    KS_CHECK(ks_terminate_child(sup, "b") == KS_NOT_FOUND);
    KS_CHECK(ks_restart_child(sup, "b", NULL) == KS_NOT_FOUND);
    KS_CHECK(ks_delete_child(sup, "b") == KS_NOT_FOUND);
    KS_CHECK(happened_is("ABCbBb"));
    KS_CHECK(ks_terminate_child(sup, NULL) == KS_BADARG);
    settle();
    KS_CHECK(world.errors == 0);
    stop(sup);
}

static void a_restart_that_fails_changes_nothing(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), pid;
    add(sup, KS_CHILD(child, .how = FAILS));
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    world.fails = 1;
    KS_CHECK(ks_restart_child(sup, "child", &pid) == KS_DENIED);
    KS_CHECK(info_of(sup, "child").state == KS_CHILD_STOPPED);
    KS_CHECK_OK(ks_restart_child(sup, "child", &pid));
    stop(sup);
}

static void temporary_children_are_forgotten_when_terminated(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app));
    add(sup, &(ks_child){ KS_START(child), .restart = KS_TEMPORARY });
    KS_CHECK_OK(ks_terminate_child(sup, "child"));
    KS_CHECK(counts_are(sup, 0, 0));
    stop(sup);
}

static void dynamic_children_have_no_ids(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(small_crowd)), pid;
    ks_pid first = add(sup, KS_CHILD(child)), second = add(sup, KS_CHILD(child));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child), &pid) == KS_FULL);
    KS_CHECK(ks_terminate_child(sup, "child") == KS_NOT_FOUND);
    KS_CHECK(ks_restart_child(sup, "child", &pid) == KS_NOT_FOUND);
    KS_CHECK(ks_delete_child(sup, "child") == KS_NOT_FOUND);
    KS_CHECK_OK(ks_terminate_child_pid(sup, first));
    KS_CHECK(counts_are(sup, 1, 1) && ks_is_alive(second));
    KS_CHECK(ks_start_child(sup, KS_CHILD(child, .how = IGNORES), &pid) == KS_IGNORE);
    KS_CHECK(counts_are(sup, 1, 1));
    stop(sup);
}

static void many_dynamic_children_are_found_by_pid(void)
{
    enum { MANY = 200 };
    ks_pid pids[MANY];
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    for (int i = 0; i < MANY; i++) pids[i] = add(sup, KS_CHILD(child));
    for (int i = 0; i < MANY; i += 2) KS_CHECK_OK(ks_terminate_child_pid(sup, pids[i]));
    for (int i = 1; i < MANY; i += 4) (void)child_cast_finish(pids[i], &KS_NORMAL);
    settle();
    KS_CHECK(counts_are(sup, MANY / 4, MANY / 4));
    for (int i = 0; i < MANY; i++) {
        ks_status expected = i % 4 == 3 ? KS_OK : KS_NOT_FOUND;
        KS_CHECK(ks_terminate_child_pid(sup, pids[i]) == expected);
    }
    KS_CHECK(counts_are(sup, 0, 0));
    stop(sup);
}

static void which_children_lists_in_order(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(tree));
    ks_child_info infos[3] = { 0 };
    ks_child_counts counts;
    size_t count = 0;
    KS_CHECK_OK(ks_which_children(sup, infos, 2, &count));
    KS_CHECK(count == 3 && !infos[2].id.ptr);
    KS_CHECK_OK(ks_which_children(sup, NULL, 0, &count));
    KS_CHECK_OK(ks_which_children(sup, infos, 3, NULL));
    KS_CHECK(infos[0].is_supervisor && ks_same_pid(infos[0].pid, ks_whereis("trunk")));
    KS_CHECK(ks_text_eq(infos[0].id, ks_lit("three")));
    KS_CHECK(ks_text_eq(infos[1].id, ks_lit("leaf")));
    KS_CHECK(ks_text_eq(infos[1].name, ks_lit("child")) && !infos[1].is_supervisor);
    KS_CHECK(infos[2].state == KS_CHILD_STOPPED && ks_is_none(infos[2].pid));
    KS_CHECK_OK(ks_count_children(sup, &counts));
    KS_CHECK(counts.specs == 3 && counts.active == 2);
    KS_CHECK(counts.supervisors == 1 && counts.workers == 2);
    stop(sup);
}

KS_MODULE(foreign, void);
struct foreign {
    char unused;
};
KS_CALL(foreign, ask, void, void);
static ks_next foreign_handle_ask(foreign *self) { return ks_reply(); }
KS_GEN_SERVER(foreign, .ops = KS_OPS(foreign, ask));

static void strange_requests_do_no_harm(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(app)), other = start(KS_CHILD(child));
    ks_child_counts counts;
    KS_CHECK(ks_count_children(other, &counts) == KS_UNDEF);
    KS_CHECK(ks_count_children(ks_named("nobody"), &counts) == KS_NOPROC);
    KS_CHECK(foreign_call_ask(sup, 1000) == KS_UNDEF);
    (void)child_cast_finish(sup, &KS_NORMAL);
    (void)ks_send(sup, ks_int, &(ks_int){ 7 });
    settle();
    KS_CHECK(counts_are(sup, 0, 0));
    stop(other);
    stop(sup);
}

/* --- the tree as text ------------------------------------------------------------------------- */
/* Pids as <>, so that a text can be expected. */
static const char *without_pids(char *text)
{
    char *to = text;
    bool inside = false;
    for (const char *from = text; *from; from++) {
        if (*from == '>') inside = false;
        if (!inside) *to++ = *from;
        if (*from == '<') inside = true;
    }
    *to = 0;
    return text;
}

static void the_tree_is_shown(void)
{
    char text[1000], cut[20];
    begin();
    ks_pid sup = start(&(ks_child){ KS_START(tree), .name = "root" });
    size_t length = ks_format_tree(sup, text, sizeof text);
    KS_CHECK(length == strlen(text));
    KS_CHECK(ks_format_tree(ks_named("root"), cut, sizeof cut) == length);
    KS_CHECK(strlen(cut) == sizeof cut - 1 && strncmp(cut, text, sizeof cut - 1) == 0);
    KS_CHECK(ks_format_tree(sup, NULL, 0) == length);
    KS_CHECK(strcmp(without_pids(text),
                 "tree <> supervisor\n"
                 "|- three <> supervisor\n"
                 "|  |- a <> child\n"
                 "|  |- b <> child\n"
                 "|  `- c <> child\n"
                 "|- leaf <> child\n"
                 "`- bud stopped child\n") == 0);
    stop(sup);
    KS_CHECK(ks_format_tree(sup, text, sizeof text) == 0 && text[0] == 0);
}

static void of_many_children_twenty_are_shown(void)
{
    char text[4000];
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    for (int i = 0; i < 25; i++) add(sup, KS_CHILD(child));
    (void)ks_format_tree(sup, text, sizeof text);
    int lines = 0;
    for (const char *at = text; *at; at++) lines += *at == '\n';
    KS_CHECK(lines == 22);
    KS_CHECK(strstr(text, "\n... and 5 more\n") != NULL);
    stop(sup);
}

int main(void)
{
    return RUN_ALL("supervisor", SCENARIO(children_start_in_order_and_stop_in_reverse),
        SCENARIO(init_adds_children), SCENARIO(inits_that_block_at_the_same_time_add_to_their_own),
        SCENARIO(a_supervisor_killed_in_its_init_is_forgotten),
        SCENARIO(a_failing_init_fails_the_start),
        SCENARIO(a_failing_child_fails_the_start_and_ends_the_others),
        SCENARIO(a_child_that_ignores_stays_as_a_row), SCENARIO(a_wrong_spec_is_refused),
        SCENARIO(start_child_copies_the_row), SCENARIO(start_child_refuses),
        SCENARIO(a_child_that_does_not_start_leaves_nothing),
        SCENARIO(who_has_the_name_already_is_told_and_not_adopted),
        SCENARIO(temporary_children_keep_no_arguments),
        SCENARIO(who_asks_may_be_gone_before_the_answer), SCENARIO(terminate_restart_delete),
        SCENARIO(a_restart_that_fails_changes_nothing),
        SCENARIO(temporary_children_are_forgotten_when_terminated),
        SCENARIO(dynamic_children_have_no_ids), SCENARIO(many_dynamic_children_are_found_by_pid),
        SCENARIO(which_children_lists_in_order), SCENARIO(strange_requests_do_no_harm),
        SCENARIO(the_tree_is_shown), SCENARIO(of_many_children_twenty_are_shown));
}
