/* SPDX-License-Identifier: Apache-2.0 */
/* rule_05_unlink_test - after unlink, or demonitor, has returned, no EXIT or DOWN arrives.
 * Simultaneous link and unlink from both sides settle. */
#include "support/scenario.h"
#include <kiosk/timer.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void ends_soon(void *arg)
{
    ks_yield();
    ks_exit(ks_because(KS_USER));
}

/* Somewhere between at once and after everything has settled. */
static void wait_a_little(void)
{
    for (uint64_t i = ks_random(4); i > 0; i--) ks_yield();
    if (ks_random(4) == 0) ks_sleep(1);
}

static bool any_exit(const ks_msg *msg, void *arg) { return ks_as(ks_exited, msg) != NULL; }

/* One look after the unlink takes what had arrived before it; after that, nothing. */
static void no_exit_after_unlink(void)
{
    ks_trap_exit(true);
    ks_pid peer = ks_spawn_link(ends_soon, NULL);
    wait_a_little();
    ks_unlink(peer);
    ks_receive_if(any_exit, NULL, 0);
    KS_CHECK(nothing_comes());
}

static void no_exit_of_a_peer_killed_after_unlink(void)
{
    ks_trap_exit(true);
    ks_pid peer = ks_spawn_link(waits_for_ever, NULL);
    wait_a_little();
    ks_unlink(peer);
    ks_exit_process(peer, KS_KILL);
    KS_CHECK(nothing_comes());
}

/* Not trapping: an exit that crosses the unlink would end us. */
static void unlinks_a_dying_peer(void *arg)
{
    ks_pid peer = ks_spawn_link(waits_for_ever, NULL);
    wait_a_little();
    ks_unlink(peer);
    ks_exit_process(peer, KS_KILL);
    ks_sleep(100);
    *(bool *)arg = true;
}

static void a_non_trapper_survives_what_it_unlinked(void)
{
    bool survived = false;
    ks_ref monitor;
    ks_spawn_monitor(unlinks_a_dying_peer, &survived, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(survived);
}

struct race {
    bool unlinked, survived;
};

static void unlinks_in_time_or_not(void *arg)
{
    struct race *race = arg;
    ks_pid peer = ks_spawn_link(ends_soon, NULL);
    wait_a_little();
    ks_unlink(peer);
    race->unlinked = true;
    ks_sleep(100);
    race->survived = true;
}

/* The exit and the unlink cross: it may end us before ks_unlink returns, and never after. */
static void an_exit_on_its_way_is_dropped(void)
{
    struct race race = { 0 };
    ks_ref monitor;
    ks_spawn_monitor(unlinks_in_time_or_not, &race, &monitor);
    end_of(monitor);
    KS_CHECK(race.survived == race.unlinked);
}

/* The link that is made again counts again, and tells once. */
static void a_new_link_after_unlink_works(void)
{
    ks_trap_exit(true);
    ks_pid peer = ks_spawn_link(waits_for_ever, NULL);
    for (int i = 0; i < 3; i++) {
        ks_unlink(peer);
        wait_a_little();
        ks_link(peer);
    }
    ks_link(peer);
    ks_exit_process(peer, ks_because(KS_USER));
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && ks_same_pid(exited->pid, peer) && exited->reason.code == KS_USER);
    KS_CHECK(nothing_comes());
}

/* A link made after an unlink to one that is already gone says so, not how it once ended. */
static void a_link_to_one_that_ended_meanwhile_says_noproc(void)
{
    ks_trap_exit(true);
    ks_ref monitor;
    ks_pid peer = ks_spawn_monitor(ends_soon, NULL, &monitor);
    ks_link(peer);
    ks_unlink(peer);
    end_of(monitor);
    ks_receive_if(any_exit, NULL, 0);
    ks_link(peer);
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    KS_CHECK(exited && exited->reason.kind == KS_REASON_STATUS);
    KS_CHECK(exited->reason.code == KS_NOPROC);
    KS_CHECK(nothing_comes());
}

/* --- demonitor -------------------------------------------------------------------------------- */
static void no_down_after_demonitor(void)
{
    ks_ref monitor;
    ks_spawn_monitor(ends_soon, NULL, &monitor);
    wait_a_little();
    ks_demonitor(monitor);
    KS_CHECK(ks_receive_ref(monitor, 0) == NULL);
    KS_CHECK(nothing_comes());
}

static void a_down_that_is_queued_goes_with_demonitor(void)
{
    ks_ref monitor;
    ks_spawn_monitor(ends_soon, NULL, &monitor);
    ks_sleep(100);
    ks_demonitor(monitor);
    KS_CHECK(nothing_comes());
}

static void the_other_monitors_of_a_process_stay(void)
{
    ks_pid peer = ks_spawn(waits_for_ever, NULL);
    ks_ref monitors[5];
    for (int i = 0; i < 5; i++) monitors[i] = ks_monitor(peer);
    ks_demonitor(monitors[0]);
    ks_demonitor(monitors[2]);
    ks_demonitor(monitors[4]);
    ks_exit_process(peer, KS_SHUTDOWN);
    KS_CHECK(ended_with(monitors[1], KS_REASON_SHUTDOWN));
    KS_CHECK(ended_with(monitors[3], KS_REASON_SHUTDOWN));
    KS_CHECK(nothing_comes());
}

/* --- both sides at once ----------------------------------------------------------------------- */
struct side {
    ks_pid other;
    bool link_at_the_end;
    int exits; /* that it saw after its end state stood */
};

/* Links and unlinks at random, says which way it ended, then counts exits. */
static void plays(void *arg)
{
    struct side *side = arg;
    ks_trap_exit(true);
    const ks_pid *other = ks_receive_as(ks_pid, KS_INFINITY);
    side->other = *other;
    for (uint64_t i = 0, moves = ks_random(8); i < moves; i++) {
        if (ks_random(2))
            ks_link(side->other);
        else
            ks_unlink(side->other);
        wait_a_little();
    }
    if (side->link_at_the_end)
        ks_link(side->other);
    else
        ks_unlink(side->other);
    while (ks_receive_as(ks_exited, 1000)) side->exits++;
}

/* Both play until they agree; then one is killed, and the other sees it or not. */
static void play(bool link_at_the_end, int exits_expected)
{
    struct side a = { .link_at_the_end = link_at_the_end }, b = a;
    ks_ref second_end;
    ks_pid first = ks_spawn(plays, &a), second = ks_spawn_monitor(plays, &b, &second_end);
    ks_send(first, ks_pid, &second);
    ks_send(second, ks_pid, &first);
    ks_sleep(500);
    ks_exit_process(first, KS_KILL);
    KS_CHECK(ended_with(second_end, KS_REASON_NORMAL));
    KS_CHECK(b.exits == exits_expected);
    KS_CHECK(nothing_comes());
}

static void both_linking_last_are_linked(void) { play(true, 1); }

static void both_unlinking_last_are_not_linked(void) { play(false, 0); }

int main(void)
{
    return run_scenarios("rule 5", 300,
        SCENARIOS(SCENARIO(no_exit_after_unlink), SCENARIO(no_exit_of_a_peer_killed_after_unlink),
            SCENARIO(a_non_trapper_survives_what_it_unlinked),
            SCENARIO(an_exit_on_its_way_is_dropped), SCENARIO(a_new_link_after_unlink_works),
            SCENARIO(a_link_to_one_that_ended_meanwhile_says_noproc),
            SCENARIO(no_down_after_demonitor), SCENARIO(a_down_that_is_queued_goes_with_demonitor),
            SCENARIO(the_other_monitors_of_a_process_stay), SCENARIO(both_linking_last_are_linked),
            SCENARIO(both_unlinking_last_are_not_linked)));
}
