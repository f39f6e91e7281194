/* SPDX-License-Identifier: Apache-2.0 */
/* rule_25_group_test - a group restart drops temporary siblings. If a later sibling does not start,
 * the retry is that sibling's: rest for one resumes from it, one for all begins the group again. */
#include "support/scenario.h"
#include <string.h>

/* --- a child that tells when it starts and ends, and may be kept from starting --------------- */
struct tree {
    trace trace;
    ks_pid supervisor;
    ks_ref monitor;
    char failing; /* whose starts fail, so many times */
    int failures;
};
typedef struct leaf_args {
    struct tree *tree;
    int32_t tag;
} leaf_args;
KS_TYPE(leaf_args, (local, tree), tag);
KS_MODULE(leaf, leaf_args);
struct leaf {
    struct tree *tree;
    char tag;
};
KS_CAST(leaf, crash, void);

static ks_next leaf_init(leaf *self, const leaf_args *args)
{
    *self = (leaf){ args->tree, (char)args->tag };
    ks_yield();
    if (self->tree->failing == self->tag && self->tree->failures > 0) {
        self->tree->failures--;
        trace_add(&self->tree->trace, '!');
        return ks_fail(KS_NOT_FOUND);
    }
    trace_add(&self->tree->trace, (char)(self->tag - 'a' + 'A'));
    return ks_ok();
}
static ks_next leaf_handle_crash(leaf *self)
{
    self->tag = 0;
    return ks_stop(ks_error("as told"));
}
static void leaf_terminate(leaf *self, ks_reason why)
{
    if (self->tag) trace_add(&self->tree->trace, self->tag);
}
KS_GEN_SERVER(leaf, .init = leaf_init, .terminate = leaf_terminate, .ops = KS_OPS(leaf, crash));

KS_SUPERVISOR(all, .strategy = KS_ONE_FOR_ALL, .max_restarts = 8, .max_seconds = 3600);
KS_SUPERVISOR(rest, .strategy = KS_REST_FOR_ONE, .max_restarts = 8, .max_seconds = 3600);

/* Children a to e; c is temporary. */
static void plant(struct tree *tree, const ks_child *supervisor)
{
    *tree = (struct tree){ .failing = 0 };
    KS_CHECK_OK(ks_start_monitor(supervisor, &tree->supervisor, &tree->monitor));
    for (char tag = 'a'; tag <= 'e'; tag++) {
        ks_child row = { KS_START(leaf, .tree = tree, .tag = tag), .id = (char[]){ tag, 0 },
            .restart = tag == 'c' ? KS_TEMPORARY : KS_PERMANENT };
        KS_CHECK_OK(ks_start_child(tree->supervisor, &row, NULL));
    }
    KS_CHECK(trace_is(&tree->trace, "ABCDE"));
    tree->trace.len = 0;
}

static void crash(struct tree *tree, const char *id)
{
    (void)leaf_cast_crash(ks_child_of(tree->supervisor, id));
    ks_sleep(20);
}

static bool happened(struct tree *tree, const char *events)
{
    bool is = trace_is(&tree->trace, events);
    tree->trace.len = 0;
    return is;
}

static bool has(struct tree *tree, int specs)
{
    ks_child_counts counts;
    KS_CHECK_OK(ks_count_children(tree->supervisor, &counts));
    return counts.specs == specs && counts.active == specs;
}

static void fell(struct tree *tree)
{
    KS_CHECK_OK(ks_stop_process(tree->supervisor, KS_SHUTDOWN, KS_INFINITY));
    KS_CHECK(ended_with(tree->monitor, KS_REASON_SHUTDOWN));
}

/* --- temporary siblings ---------------------------------------------------------------------- */
static void a_group_restart_drops_temporary_siblings(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(all));
    crash(&tree, "b");
    KS_CHECK(happened(&tree, "edcaABDE") && has(&tree, 4));
    fell(&tree);
    plant(&tree, KS_CHILD(rest));
    crash(&tree, "b");
    KS_CHECK(happened(&tree, "edcBDE") && has(&tree, 4));
    fell(&tree);
}

static void a_temporary_sibling_before_it_is_left_alone(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(rest));
    crash(&tree, "d");
    KS_CHECK(happened(&tree, "eDE") && has(&tree, 5));
    fell(&tree);
}

static void who_dropped_out_comes_back_by_request_only(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(all));
    crash(&tree, "a");
    KS_CHECK(ks_restart_child(tree.supervisor, "c", NULL) == KS_NOT_FOUND);
    ks_child row = { KS_START(leaf, .tree = &tree, .tag = 'c'), .id = "c" };
    KS_CHECK_OK(ks_start_child(tree.supervisor, &row, NULL));
    tree.trace.len = 0;
    crash(&tree, "a");
    KS_CHECK(happened(&tree, "cedbABDEC") && has(&tree, 5)); /* now last in start order */
    fell(&tree);
}

/* --- a sibling that does not start ----------------------------------------------------------- */
static void rest_for_one_resumes_from_it(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(rest));
    tree.failing = 'd';
    tree.failures = 3;
    crash(&tree, "b");
    KS_CHECK(happened(&tree, "edcB!!!DE") && has(&tree, 4));
    fell(&tree);
}

static void one_for_all_begins_again(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(all));
    tree.failing = 'd';
    tree.failures = 2;
    crash(&tree, "b");
    KS_CHECK(happened(&tree, "edcaAB!baAB!baABDE") && has(&tree, 4));
    fell(&tree);
}

static void who_crashed_may_be_who_does_not_start(const ks_child *supervisor, const char *events)
{
    struct tree tree;
    plant(&tree, supervisor);
    tree.failing = 'b';
    tree.failures = 2;
    crash(&tree, "b");
    KS_CHECK(happened(&tree, events) && has(&tree, 4));
    fell(&tree);
}

static void who_crashed_itself_does_not_start(void)
{
    who_crashed_may_be_who_does_not_start(KS_CHILD(rest), "edc!!BDE");
    who_crashed_may_be_who_does_not_start(KS_CHILD(all), "edcaA!aA!aABDE");
}

/* Each attempt counts, and what was started is stopped when it gives up. */
static void every_attempt_of_a_group_counts(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(rest));
    tree.failing = 'd';
    tree.failures = 1000;
    crash(&tree, "b");
    KS_CHECK(ended_with(tree.monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(happened(&tree, "edcB!!!!!!!!ba"));
}

static void a_sibling_that_ends_meanwhile_takes_over(void)
{
    struct tree tree;
    plant(&tree, KS_CHILD(rest));
    tree.failing = 'd';
    tree.failures = 1;
    (void)leaf_cast_crash(ks_child_of(tree.supervisor, "b"));
    (void)leaf_cast_crash(ks_child_of(tree.supervisor, "a"));
    ks_sleep(20);
    KS_CHECK(has(&tree, 4));
    fell(&tree);
}

int main(void)
{
    return run_scenarios("rule 25", 100,
        SCENARIOS(SCENARIO(a_group_restart_drops_temporary_siblings),
            SCENARIO(a_temporary_sibling_before_it_is_left_alone),
            SCENARIO(who_dropped_out_comes_back_by_request_only),
            SCENARIO(rest_for_one_resumes_from_it), SCENARIO(one_for_all_begins_again),
            SCENARIO(who_crashed_itself_does_not_start), SCENARIO(every_attempt_of_a_group_counts),
            SCENARIO(a_sibling_that_ends_meanwhile_takes_over)));
}
