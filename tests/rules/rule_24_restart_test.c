/* SPDX-License-Identifier: Apache-2.0 */
/* rule_24_restart_test - a permanent child's clean exit is reported, counted, restarted. Shutdown,
 * with or without a text, is clean for a transient child. */
#include "support/scenario.h"

typedef struct mortal_args {
    ks_pid *pid; /* says who it is, at each start */
    int *starts;
} mortal_args;
KS_TYPE(mortal_args, (local, pid), (local, starts));
KS_MODULE(mortal, mortal_args);
KS_CAST(mortal, end, ks_reason);
KS_CALL(mortal, ping, void, void);
struct mortal {
    int unused;
};

static ks_next mortal_init(mortal *self, const mortal_args *args)
{
    *args->pid = ks_self();
    ++*args->starts;
    return ks_ok();
}

static ks_next mortal_handle_end(mortal *self, const ks_reason *reason) { return ks_stop(*reason); }

static ks_next mortal_handle_ping(mortal *self) { return ks_reply(); }

KS_GEN_SERVER(mortal, .init = mortal_init, .ops = KS_OPS(mortal, end, ping));

KS_SUPERVISOR(top, .strategy = KS_ONE_FOR_ONE, .max_restarts = 3, .max_seconds = 5);
KS_SUPERVISOR(dynamic, .strategy = KS_DYNAMIC, .max_restarts = 3, .max_seconds = 5);

/* --- a supervisor with one child -------------------------------------------------------------- */
struct tree {
    ks_pid supervisor, child;
    ks_ref monitor;
    int starts;
};

static void plant(struct tree *tree, const ks_child *supervisor, ks_restart restart)
{
    *tree = (struct tree){ 0 };
    KS_CHECK_OK(ks_start_monitor(supervisor, &tree->supervisor, &tree->monitor));
    const ks_child row = { KS_START(mortal, .pid = &tree->child, .starts = &tree->starts),
        .id = "child", .restart = restart };
    KS_CHECK_OK(ks_start_child(tree->supervisor, &row, NULL));
}

static void fell(struct tree *tree)
{
    KS_CHECK_OK(ks_stop_process(tree->supervisor, KS_SHUTDOWN, KS_INFINITY));
    KS_CHECK(ended_with(tree->monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(!ks_is_alive(tree->child));
}

/* Ends the child, by its own doing, and waits until all that follows has happened. */
static void end(struct tree *tree, ks_reason reason)
{
    mortal_cast_end(tree->child, &reason);
    ks_sleep(10);
}

static size_t children(struct tree *tree, ks_child_info *ret_info)
{
    size_t count;
    KS_CHECK_OK(ks_which_children(tree->supervisor, ret_info, 1, &count));
    return count;
}

/* --- permanent -------------------------------------------------------------------------------- */
static void a_permanent_child_is_restarted_after(ks_reason reason)
{
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_PERMANENT);
    ks_pid before = tree.child;
    end(&tree, reason);
    KS_CHECK(tree.starts == 2);
    KS_CHECK(!ks_same_pid(tree.child, before));
    KS_CHECK_OK(mortal_call_ping(tree.child, 1000));
    fell(&tree);
}

static void a_permanent_childs_clean_exit_is_followed_by_a_restart(void)
{
    a_permanent_child_is_restarted_after(KS_NORMAL);
    a_permanent_child_is_restarted_after(KS_SHUTDOWN);
    a_permanent_child_is_restarted_after(ks_shutdown("for today"));
    a_permanent_child_is_restarted_after(ks_error("no"));
}

static void permanent_is_the_default(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_RESTART_DEFAULT);
    end(&tree, KS_NORMAL);
    KS_CHECK(tree.starts == 2);
    fell(&tree);
}

static void a_permanent_childs_clean_exit_counts(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_PERMANENT);
    for (int i = 0; i < 3; i++) end(&tree, i % 2 ? KS_NORMAL : KS_SHUTDOWN);
    KS_CHECK(tree.starts == 4);
    KS_CHECK(ks_is_alive(tree.supervisor));
    mortal_cast_end(tree.child, &(ks_reason){ .kind = KS_REASON_NORMAL });
    KS_CHECK(ended_with(tree.monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(tree.starts == 4);
}

/* The server itself writes no crash report for a clean end: what is there is the supervisor's. */
static void a_permanent_childs_clean_exit_is_reported(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_PERMANENT);
    forget_reports();
    end(&tree, KS_NORMAL);
    KS_CHECK(report_count(KS_LOG_WARNING) == 1);
    KS_CHECK(reported("top", "child"));
    fell(&tree);
}

/* --- transient -------------------------------------------------------------------------------- */
static void a_transient_child_stays_down_after_a_clean_exit(void)
{
    const ks_reason clean[] = { KS_NORMAL, KS_SHUTDOWN, ks_shutdown("for today") };
    for (int i = 0; i < 3; i++) {
        struct tree tree;
        ks_child_info info;
        plant(&tree, KS_CHILD(top), KS_TRANSIENT);
        forget_reports();
        end(&tree, clean[i]);
        KS_CHECK(tree.starts == 1);
        KS_CHECK(!ks_is_alive(tree.child));
        KS_CHECK(report_count(KS_LOG_WARNING) == 0);
        KS_CHECK(children(&tree, &info) == 1 && info.state == KS_CHILD_STOPPED);
        KS_CHECK_OK(ks_restart_child(tree.supervisor, "child", NULL));
        KS_CHECK(tree.starts == 2);
        fell(&tree);
    }
}

static void a_transient_child_is_restarted_after_a_failure(void)
{
    const ks_reason unclean[] = { ks_error("no"), ks_because(KS_USER), KS_KILL };
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_TRANSIENT);
    for (int i = 0; i < 3; i++) {
        end(&tree, unclean[i]);
        KS_CHECK(tree.starts == 2 + i);
        KS_CHECK_OK(mortal_call_ping(tree.child, 1000));
    }
    fell(&tree);
}

static void a_transient_child_that_was_killed_is_restarted(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_TRANSIENT);
    ks_exit_process(tree.child, KS_KILL);
    ks_sleep(10);
    KS_CHECK(tree.starts == 2);
    fell(&tree);
}

static void clean_exits_of_transient_children_do_not_count(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(top), KS_TRANSIENT);
    for (int i = 0; i < 10; i++) {
        end(&tree, KS_NORMAL);
        KS_CHECK_OK(ks_restart_child(tree.supervisor, "child", NULL));
    }
    KS_CHECK(tree.starts == 11);
    fell(&tree);
}

/* --- temporary -------------------------------------------------------------------------------- */
static void a_temporary_child_is_forgotten_however_it_ends(void)
{
    const ks_reason reasons[] = { KS_NORMAL, KS_SHUTDOWN, ks_error("no") };
    for (int i = 0; i < 3; i++) {
        struct tree tree;
        ks_child_info info;
        plant(&tree, KS_CHILD(top), KS_TEMPORARY);
        end(&tree, reasons[i]);
        KS_CHECK(tree.starts == 1);
        KS_CHECK(children(&tree, &info) == 0);
        KS_CHECK(ks_restart_child(tree.supervisor, "child", NULL) == KS_NOT_FOUND);
        fell(&tree);
    }
}

/* --- the same under a dynamic supervisor ------------------------------------------------------ */
static void dynamic_children_follow_the_same_rules(void)
{
    struct tree tree;
    ks_child_info info;
    plant(&tree, KS_CHILD(dynamic), KS_PERMANENT);
    end(&tree, KS_NORMAL);
    KS_CHECK(tree.starts == 2 && children(&tree, &info) == 1);
    fell(&tree);

    plant(&tree, KS_CHILD(dynamic), KS_TRANSIENT);
    end(&tree, ks_error("no"));
    KS_CHECK(tree.starts == 2 && children(&tree, &info) == 1);
    end(&tree, ks_shutdown("for today"));
    KS_CHECK(tree.starts == 2 && children(&tree, &info) == 0);
    fell(&tree);

    plant(&tree, KS_CHILD(dynamic), KS_TEMPORARY);
    end(&tree, ks_error("no"));
    KS_CHECK(tree.starts == 1 && children(&tree, &info) == 0);
    fell(&tree);
}

int main(void)
{
    return run_scenarios("rule 24", 100,
        SCENARIOS(SCENARIO(a_permanent_childs_clean_exit_is_followed_by_a_restart),
            SCENARIO(permanent_is_the_default), SCENARIO(a_permanent_childs_clean_exit_counts),
            SCENARIO(a_permanent_childs_clean_exit_is_reported),
            SCENARIO(a_transient_child_stays_down_after_a_clean_exit),
            SCENARIO(a_transient_child_is_restarted_after_a_failure),
            SCENARIO(a_transient_child_that_was_killed_is_restarted),
            SCENARIO(clean_exits_of_transient_children_do_not_count),
            SCENARIO(a_temporary_child_is_forgotten_however_it_ends),
            SCENARIO(dynamic_children_follow_the_same_rules)));
}
