/* SPDX-License-Identifier: Apache-2.0 */
/* rule_02_kill_test - `kill` as a signal is untrappable and watchers see `killed`; a process that
 * exits with reason `kill` propagates a trappable `kill`. */
#include "support/scenario.h"

static void traps_for_ever(void *arg)
{
    ks_trap_exit(true);
    for (;;) ks_receive(KS_INFINITY);
}

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void exits_with_kill(void *arg)
{
    ks_receive(KS_INFINITY);
    ks_exit(KS_KILL);
}

static void a_kill_ends_a_trapper_and_watchers_see_killed(void)
{
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(traps_for_ever, NULL, &monitor);
    ks_yield();
    ks_exit_process(victim, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

static void a_linked_trapper_sees_killed_and_lives(void)
{
    ks_trap_exit(true);
    ks_pid victim = ks_spawn_link(traps_for_ever, NULL);
    ks_exit_process(victim, KS_KILL);
    KS_CHECK(exit_came(victim, KS_REASON_KILLED, 1000));
    KS_CHECK(nothing_comes());
}

static void linked_to(void *arg)
{
    ks_link(*(const ks_pid *)arg);
    ks_receive(KS_INFINITY);
}

static void a_linked_non_trapper_dies_as_killed_too(void)
{
    ks_ref first, second;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &first);
    ks_spawn_monitor(linked_to, &victim, &second);
    ks_sleep(10);
    ks_exit_process(victim, KS_KILL);
    KS_CHECK(ended_with(first, KS_REASON_KILLED));
    KS_CHECK(ended_with(second, KS_REASON_KILLED));
}

static void kills_itself(void *arg)
{
    ks_trap_exit(true);
    ks_exit_process(ks_self(), KS_KILL);
    for (;;) ks_receive(KS_INFINITY);
}

static void a_kill_to_oneself_is_no_different(void)
{
    ks_ref monitor;
    ks_spawn_monitor(kills_itself, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

static void killed_as_a_signal_is_trappable(void)
{
    ks_trap_exit(true);
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(traps_for_ever, NULL, &monitor);
    ks_sleep(1);
    ks_exit_process(victim, (ks_reason){ .kind = KS_REASON_KILLED });
    ks_sleep(10);
    KS_CHECK(ks_is_alive(victim));
    kill_and_wait(victim);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

static void exiting_with_kill_is_seen_as_kill(void)
{
    ks_ref monitor;
    ks_pid leaver = ks_spawn_monitor(exits_with_kill, NULL, &monitor);
    ks_send(leaver, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_KILL));
}

static void exiting_with_kill_is_trappable_for_the_linked(void)
{
    ks_trap_exit(true);
    ks_pid leaver = ks_spawn_link(exits_with_kill, NULL);
    ks_send(leaver, ks_int, &(ks_int){ 0 });
    KS_CHECK(exit_came(leaver, KS_REASON_KILL, 1000));
    KS_CHECK(nothing_comes());
}

static void exiting_with_kill_ends_linked_non_trappers_with_kill(void)
{
    ks_ref first, second;
    ks_pid leaver = ks_spawn_monitor(exits_with_kill, NULL, &first);
    ks_spawn_monitor(linked_to, &leaver, &second);
    ks_sleep(10);
    ks_send(leaver, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(first, KS_REASON_KILL));
    KS_CHECK(ended_with(second, KS_REASON_KILL));
}

/* A chain of links: `kill` travels as a reason, and stops at the first trapper. */
static void a_chain_ends_at_the_trapper(void)
{
    ks_ref monitors[3];
    ks_pid pids[3];
    ks_trap_exit(true);
    pids[0] = ks_spawn_monitor(exits_with_kill, NULL, &monitors[0]);
    for (int i = 1; i < 3; i++) pids[i] = ks_spawn_monitor(linked_to, &pids[i - 1], &monitors[i]);
    ks_link(pids[2]);
    ks_sleep(10);
    ks_send(pids[0], ks_int, &(ks_int){ 0 });
    for (int i = 0; i < 3; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_KILL));
    KS_CHECK(exit_came(pids[2], KS_REASON_KILL, 1000));
}

int main(void)
{
    return run_scenarios("rule 2", 100,
        SCENARIOS(SCENARIO(a_kill_ends_a_trapper_and_watchers_see_killed),
            SCENARIO(a_linked_trapper_sees_killed_and_lives),
            SCENARIO(a_linked_non_trapper_dies_as_killed_too),
            SCENARIO(a_kill_to_oneself_is_no_different), SCENARIO(killed_as_a_signal_is_trappable),
            SCENARIO(exiting_with_kill_is_seen_as_kill),
            SCENARIO(exiting_with_kill_is_trappable_for_the_linked),
            SCENARIO(exiting_with_kill_ends_linked_non_trappers_with_kill),
            SCENARIO(a_chain_ends_at_the_trapper)));
}
