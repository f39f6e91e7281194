/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_significant_test - supervisors that end when their significant children have ended. */
#include "behaviours/supervised.h"

KS_SUPERVISOR(never, .strategy = KS_ONE_FOR_ONE);
KS_SUPERVISOR(any, .auto_shutdown = KS_ANY_SIGNIFICANT);
KS_SUPERVISOR(every, .auto_shutdown = KS_ALL_SIGNIFICANT);
KS_SUPERVISOR(group, .strategy = KS_ONE_FOR_ALL, .auto_shutdown = KS_ANY_SIGNIFICANT);
KS_SUPERVISOR(dynamic, .strategy = KS_DYNAMIC, .auto_shutdown = KS_ANY_SIGNIFICANT);

static const child_args good; /* lives as long as any row */

static ks_child row_of(const char *id, ks_restart restart, bool significant)
{
    return (ks_child){ KS_START_WITH(child, &good), .id = id, .restart = restart,
        .significant = significant };
}

static ks_pid add_row(ks_pid sup, const char *id, ks_restart restart, bool significant)
{
    ks_child row = row_of(id, restart, significant);
    return add(sup, &row);
}

static void finish(ks_pid pid)
{
    (void)child_cast_finish(pid, &KS_NORMAL);
    settle();
}

static void one_of_any_ends_it(void)
{
    begin();
    for (int how = KS_TRANSIENT; how <= KS_TEMPORARY; how++) {
        ks_pid sup = start(KS_CHILD(any));
        ks_pid pid = add_row(sup, "s", (ks_restart)how, true);
        ks_pid other = add_row(sup, "o", KS_TRANSIENT, true);
        finish(add_row(sup, "n", (ks_restart)how, false));
        KS_CHECK(ks_is_alive(sup));
        finish(pid);
        KS_CHECK(!ks_is_alive(sup) && !ks_is_alive(other));
    }
}

static void the_last_of_all_ends_it(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(every));
    ks_pid first = add_row(sup, "1", KS_TRANSIENT, true);
    ks_pid last = add_row(sup, "2", KS_TEMPORARY, true);
    (void)add_row(sup, "3", KS_PERMANENT, false);
    finish(first);
    KS_CHECK(ks_is_alive(sup));
    crash(last);
    settle();
    KS_CHECK(!ks_is_alive(sup));
}

static void restarts_and_terminations_do_not(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(any));
    crash(add_row(sup, "1", KS_TRANSIENT, true));
    settle();
    KS_CHECK_OK(ks_terminate_child(sup, "1"));
    KS_CHECK(counts_are(sup, 1, 0));
    stop(sup);
}

static void siblings_that_are_stopped_do_not(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(group));
    (void)add_row(sup, "1", KS_TEMPORARY, true);
    crash(add_row(sup, "2", KS_PERMANENT, false));
    settle();
    KS_CHECK(counts_are(sup, 1, 1));
    stop(sup);
}

static void wrong_ones_are_refused(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(any)), plain = start(KS_CHILD(never));
    ks_child permanent = row_of("p", KS_PERMANENT, true), usual = row_of("u", 0, true);
    ks_child transient = row_of("t", KS_TRANSIENT, true);
    KS_CHECK(ks_start_child(sup, &permanent, NULL) == KS_BADARG);
    KS_CHECK(ks_start_child(sup, &usual, NULL) == KS_BADARG);
    KS_CHECK(ks_start_child(plain, &transient, NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(KS_CHILD(dynamic), NULL) == KS_BADARG);
    stop(sup);
    stop(plain);
}

static void it_travels_up(void)
{
    begin();
    ks_pid top = start(KS_CHILD(any)), inner;
    KS_CHECK_OK(ks_start_child(
        top, &(ks_child){ KS_START(every), .restart = KS_TRANSIENT, .significant = true }, &inner));
    finish(add_row(inner, "s", KS_TRANSIENT, true));
    KS_CHECK(!ks_is_alive(inner) && !ks_is_alive(top) && world.errors == 0);
}

int main(void)
{
    return RUN_ALL("supervisor_significant", SCENARIO(one_of_any_ends_it),
        SCENARIO(the_last_of_all_ends_it), SCENARIO(restarts_and_terminations_do_not),
        SCENARIO(siblings_that_are_stopped_do_not), SCENARIO(wrong_ones_are_refused),
        SCENARIO(it_travels_up));
}
