/* SPDX-License-Identifier: Apache-2.0 */
/* rule_06_oneself_test - linking or monitoring oneself makes no record. Demonitor of a foreign or
 * fired reference is a no-op. */
#include "support/scenario.h"

static const ks_ref no_ref;

static void links_itself_and_fails(void *arg)
{
    ks_trap_exit(true);
    ks_link(ks_self());
    ks_link(ks_self());
    KS_CHECK(nothing_comes());
    ks_exit(ks_because(KS_USER));
}

static void a_link_to_oneself_is_nothing(void)
{
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(links_itself_and_fails, NULL, &monitor);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_USER);
    KS_CHECK(!ks_is_alive(pid));
    ks_unlink(ks_self());
    KS_CHECK(nothing_comes());
}

static void a_link_to_oneself_costs_nothing(void)
{
    uint64_t before = ks_process_memory(ks_self());
    for (int i = 0; i < 100; i++) {
        ks_link(ks_self());
        ks_monitor(ks_self());
    }
    KS_CHECK(ks_process_memory(ks_self()) == before);
}

static void monitors_itself(void *arg)
{
    KS_CHECK_OK(ks_register("self", ks_self()));
    KS_CHECK(ks_same_ref(ks_monitor(ks_self()), no_ref));
    KS_CHECK(ks_same_ref(ks_monitor(ks_named("self")), no_ref));
    KS_CHECK(nothing_comes());
}

static void a_monitor_of_oneself_is_the_zero_ref(void)
{
    ks_ref monitor;
    ks_spawn_monitor(monitors_itself, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    ks_demonitor(no_ref);
}

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void demonitors(void *arg) { ks_demonitor(*(const ks_ref *)arg); }

static void a_foreign_demonitor_changes_nothing(void)
{
    ks_ref monitor, stranger;
    ks_pid peer = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_spawn_monitor(demonitors, &monitor, &stranger);
    KS_CHECK(ended_with(stranger, KS_REASON_NORMAL));
    ks_exit_process(peer, KS_SHUTDOWN);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
}

/* The record of a fired monitor may be used again: its old ref must not touch the new one. */
static void a_fired_ref_changes_nothing(void)
{
    ks_ref old, recent;
    ks_pid peer = ks_spawn_monitor(waits_for_ever, NULL, &old);
    kill_and_wait(peer);
    KS_CHECK(ended_with(old, KS_REASON_KILLED));
    peer = ks_spawn_monitor(waits_for_ever, NULL, &recent);
    for (int i = 0; i < 3; i++) ks_demonitor(old);
    ks_exit_process(peer, KS_SHUTDOWN);
    KS_CHECK(ended_with(recent, KS_REASON_SHUTDOWN));
}

static void demonitor_twice_is_once(void)
{
    ks_pid peer = ks_spawn(waits_for_ever, NULL);
    ks_ref first = ks_monitor(peer);
    ks_demonitor(first);
    ks_ref second = ks_monitor(peer);
    ks_demonitor(first);
    ks_exit_process(peer, KS_SHUTDOWN);
    KS_CHECK(ended_with(second, KS_REASON_SHUTDOWN));
    KS_CHECK(nothing_comes());
}

static void refs_of_other_kinds_are_no_monitors(void)
{
    ks_ref monitor;
    ks_pid peer = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_ref own = ks_own(demonitors, &monitor);
    ks_demonitor(own);
    ks_disown(own);
    ks_ref made_up = { .id = { 12345, 67890 } };
    ks_demonitor(made_up);
    ks_exit_process(peer, KS_SHUTDOWN);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
}

static void a_missing_target_gives_one_down_with_noproc(void)
{
    ks_pid gone = ks_spawn(waits_for_ever, NULL), none = { 0 };
    kill_and_wait(gone);
    const ks_pid targets[] = { gone, ks_named("nobody"), none };
    for (int i = 0; i < 3; i++) {
        ks_ref monitor = ks_monitor(targets[i]);
        KS_CHECK(!ks_same_ref(monitor, no_ref));
        const ks_msg *msg = ks_receive(1000);
        const ks_down *down = msg ? ks_as(ks_down, msg) : NULL;
        KS_CHECK(down && ks_same_ref(down->ref, monitor) && ks_same_pid(down->pid, targets[i]));
        KS_CHECK(down->reason.kind == KS_REASON_STATUS && down->reason.code == KS_NOPROC);
    }
    KS_CHECK(nothing_comes());
}

int main(void)
{
    return run_scenarios("rule 6", 100,
        SCENARIOS(SCENARIO(a_link_to_oneself_is_nothing), SCENARIO(a_link_to_oneself_costs_nothing),
            SCENARIO(a_monitor_of_oneself_is_the_zero_ref),
            SCENARIO(a_foreign_demonitor_changes_nothing), SCENARIO(a_fired_ref_changes_nothing),
            SCENARIO(demonitor_twice_is_once), SCENARIO(refs_of_other_kinds_are_no_monitors),
            SCENARIO(a_missing_target_gives_one_down_with_noproc)));
}
