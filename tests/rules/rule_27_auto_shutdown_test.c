/* SPDX-License-Identifier: Apache-2.0 */
/* rule_27_auto_shutdown_test - automatic shutdown ignores restarts, sibling kills and
 * ks_terminate_child; only an end by itself and for good counts. */
#include "support/scenario.h"

KS_MODULE(leaf, void);
struct leaf {
    int unused;
};
KS_CAST(leaf, end, ks_reason);
static int failing; /* so many starts fail */
static ks_next leaf_init(leaf *self, const leaf_args *args)
{
    ks_yield();
    return failing > 0 && failing-- ? ks_fail(KS_NOT_FOUND) : ks_ok();
}
static ks_next leaf_handle_end(leaf *self, const ks_reason *reason) { return ks_stop(*reason); }
KS_GEN_SERVER(leaf, .init = leaf_init, .ops = KS_OPS(leaf, end));

#define USUAL .max_restarts = 10, .max_seconds = 3600
KS_SUPERVISOR(any, .auto_shutdown = KS_ANY_SIGNIFICANT, USUAL);
KS_SUPERVISOR(every, .auto_shutdown = KS_ALL_SIGNIFICANT, USUAL);
KS_SUPERVISOR(any_of_all, .auto_shutdown = KS_ANY_SIGNIFICANT, .strategy = KS_ONE_FOR_ALL, USUAL);
KS_SUPERVISOR(
    every_of_rest, .auto_shutdown = KS_ALL_SIGNIFICANT, .strategy = KS_REST_FOR_ONE, USUAL);
KS_SUPERVISOR(waiting, .auto_shutdown = KS_ALL_SIGNIFICANT, USUAL,
    .backoff = { .first_ms = 1000, .jitter = KS_NONE });

static const ks_reason crashed = { .kind = KS_REASON_ERROR, .text = "as told" };
static ks_ref monitor;

static ks_pid plant(const ks_child *supervisor)
{
    ks_pid pid;
    failing = 0;
    KS_CHECK_OK(ks_start_monitor(supervisor, &pid, &monitor));
    return pid;
}

static void add(ks_pid supervisor, const char *id, ks_restart restart, bool significant)
{
    ks_child row = { KS_START(leaf), .id = id, .restart = restart, .significant = significant };
    KS_CHECK_OK(ks_start_child(supervisor, &row, NULL));
}

static void end(ks_pid supervisor, const char *id, ks_reason reason)
{
    (void)leaf_cast_end(ks_child_of(supervisor, id), &reason);
    ks_sleep(20);
}

static void fell(ks_pid supervisor)
{
    KS_CHECK(ks_is_alive(supervisor));
    KS_CHECK_OK(ks_stop_process(supervisor, KS_SHUTDOWN, KS_INFINITY));
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
}

static void an_end_by_itself_and_for_good_counts(void)
{
    ks_pid sup = plant(KS_CHILD(any));
    add(sup, "a", KS_TRANSIENT, true);
    end(sup, "a", KS_NORMAL);
    KS_CHECK(!ks_is_alive(sup) && ended_with(monitor, KS_REASON_SHUTDOWN));
    sup = plant(KS_CHILD(any));
    add(sup, "a", KS_TEMPORARY, true);
    end(sup, "a", crashed);
    KS_CHECK(!ks_is_alive(sup) && ended_with(monitor, KS_REASON_SHUTDOWN));
}

static void a_restart_does_not(void)
{
    ks_pid sup = plant(KS_CHILD(any));
    add(sup, "a", KS_TRANSIENT, true);
    end(sup, "a", crashed);
    failing = 3; /* nor one that takes some attempts */
    end(sup, "a", crashed);
    KS_CHECK(ks_is_alive(ks_child_of(sup, "a")));
    fell(sup);
}

static void a_termination_does_not(void)
{
    ks_pid sup = plant(KS_CHILD(any));
    add(sup, "a", KS_TRANSIENT, true);
    add(sup, "b", KS_TEMPORARY, true);
    KS_CHECK_OK(ks_terminate_child(sup, "a"));
    KS_CHECK_OK(ks_delete_child(sup, "a"));
    KS_CHECK_OK(ks_terminate_child(sup, "b"));
    fell(sup);
}

static void siblings_that_are_stopped_do_not(void)
{
    ks_pid sup = plant(KS_CHILD(any_of_all));
    add(sup, "a", KS_PERMANENT, false);
    add(sup, "b", KS_TRANSIENT, true);
    add(sup, "c", KS_TEMPORARY, true);
    end(sup, "a", crashed);
    KS_CHECK(ks_is_alive(ks_child_of(sup, "b")) && !ks_is_alive(ks_child_of(sup, "c")));
    fell(sup);
    sup = plant(KS_CHILD(every_of_rest));
    add(sup, "a", KS_PERMANENT, false);
    add(sup, "b", KS_TEMPORARY, true);
    end(sup, "a", crashed);
    fell(sup);
}

/* The last one by itself ends it, also when others were terminated. */
static void of_all_the_last_one_counts(void)
{
    ks_pid sup = plant(KS_CHILD(every));
    add(sup, "a", KS_TRANSIENT, true);
    add(sup, "b", KS_TEMPORARY, true);
    add(sup, "c", KS_TRANSIENT, true);
    add(sup, "d", KS_PERMANENT, false);
    KS_CHECK_OK(ks_terminate_child(sup, "a"));
    end(sup, "b", KS_NORMAL);
    KS_CHECK(ks_is_alive(sup));
    end(sup, "c", KS_NORMAL);
    KS_CHECK(!ks_is_alive(sup) && ended_with(monitor, KS_REASON_SHUTDOWN));
}

static void who_waits_for_a_restart_is_not_gone(void)
{
    ks_pid sup = plant(KS_CHILD(waiting));
    add(sup, "a", KS_TRANSIENT, true);
    add(sup, "b", KS_TRANSIENT, true);
    end(sup, "a", crashed);
    KS_CHECK(!ks_is_alive(ks_child_of(sup, "a")));
    end(sup, "b", KS_NORMAL);
    KS_CHECK(ks_is_alive(sup));
    ks_sleep(2000);
    end(sup, "a", KS_NORMAL);
    KS_CHECK(!ks_is_alive(sup) && ended_with(monitor, KS_REASON_SHUTDOWN));
}

int main(void)
{
    return run_scenarios("rule 27", 100,
        SCENARIOS(SCENARIO(an_end_by_itself_and_for_good_counts), SCENARIO(a_restart_does_not),
            SCENARIO(a_termination_does_not), SCENARIO(siblings_that_are_stopped_do_not),
            SCENARIO(of_all_the_last_one_counts), SCENARIO(who_waits_for_a_restart_is_not_gone)));
}
