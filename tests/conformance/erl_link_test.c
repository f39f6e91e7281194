/* SPDX-License-Identifier: Apache-2.0 */
/* erl_link_test - cases of erl_link_SUITE: what links and monitors there are, and how they end. */
#include "support/scenario.h"
#include <kiosk/timer.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static bool any_exit(const ks_msg *msg, void *arg) { return ks_as(ks_exited, msg) != NULL; }

static bool any_down(const ks_msg *msg, void *arg) { return ks_as(ks_down, msg) != NULL; }

/* --- links ------------------------------------------------------------------------------------ */
/* What a peer is told to do with its link to us. */
enum { PEER_LINK = 1, PEER_UNLINK, PEER_EXIT };

static void obeys(void *arg)
{
    const ks_pid other = *(const ks_pid *)arg;
    ks_trap_exit(true);
    for (;;) {
        const ks_int *what = ks_receive_as(ks_int, KS_INFINITY);
        if (*what == PEER_LINK) ks_link(other);
        if (*what == PEER_UNLINK) ks_unlink(other);
        if (*what == PEER_EXIT) ks_exit(ks_because(KS_USER + 1));
        ks_send(other, ks_int, what);
    }
}

static void tell(ks_pid peer, ks_int what)
{
    ks_send(peer, ks_int, &what);
    if (what != PEER_EXIT) KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
}

static bool one_exit_comes(ks_pid peer, ks_status code)
{
    const ks_exited *exited = ks_receive_as(ks_exited, 1000);
    bool right = exited && ks_same_pid(exited->pid, peer) && exited->reason.code == code;
    return right && nothing_comes();
}

static void links(void)
{
    ks_pid self = ks_self(), peer;
    ks_trap_exit(true);
    ks_link(ks_self()); /* none: neither an exit, nor anything that is left at our end */
    ks_unlink(ks_self());
    ks_link(ks_self());
    KS_CHECK(nothing_comes());

    peer = ks_spawn(obeys, &self); /* made twice from here and once from there: one */
    ks_link(peer);
    ks_link(peer);
    tell(peer, PEER_LINK);
    tell(peer, PEER_EXIT);
    KS_CHECK(one_exit_comes(peer, KS_USER + 1));

    peer = ks_spawn(obeys, &self); /* made there: it works from here, too */
    tell(peer, PEER_LINK);
    tell(peer, PEER_EXIT);
    KS_CHECK(one_exit_comes(peer, KS_USER + 1));

    peer = ks_spawn(obeys, &self); /* made twice, ended once, from either side */
    ks_link(peer);
    ks_link(peer);
    ks_unlink(peer);
    tell(peer, PEER_EXIT);
    KS_CHECK(nothing_comes());

    peer = ks_spawn(obeys, &self);
    ks_link(peer);
    tell(peer, PEER_UNLINK);
    tell(peer, PEER_EXIT);
    KS_CHECK(nothing_comes());

    ks_link(peer); /* it is gone */
    KS_CHECK(one_exit_comes(peer, KS_NOPROC));
}

/* --- monitors --------------------------------------------------------------------------------- */
static void process_monitors(void)
{
    KS_CHECK(ks_monitor(ks_self()).id[0] == 0);
    ks_pid peer = ks_spawn(waits_for_ever, NULL);
    ks_ref first = ks_monitor(peer), second = ks_monitor(peer), third = ks_monitor(peer);
    KS_CHECK(!ks_same_ref(first, second) && !ks_same_ref(second, third));
    ks_demonitor(second);
    ks_exit_process(peer, KS_KILL);
    KS_CHECK(ended_with(first, KS_REASON_KILLED));
    KS_CHECK(ended_with(third, KS_REASON_KILLED));
    KS_CHECK(ks_receive_ref(second, 0) == NULL);
    KS_CHECK(nothing_comes());
}

/* A watcher that ends leaves nothing at the watched one, which goes on, and ends well. */
static void watches_and_ends(void *arg) { ks_monitor(*(const ks_pid *)arg); }

static void process_monitors_of_the_dead(void)
{
    ks_pid peer = ks_spawn(waits_for_ever, NULL);
    for (int i = 0; i < 20; i++) {
        ks_ref monitor;
        ks_spawn_monitor(watches_and_ends, &peer, &monitor);
        KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    }
    kill_and_wait(peer);
    process_monitors();
}

/* --- late signals ----------------------------------------------------------------------------- */
static void ends_at_once(void *arg) { ks_exit(ks_because(KS_USER + 2)); }

static void otp_5772_link(void)
{
    ks_trap_exit(true);
    for (int i = 0; i < 20; i++) {
        ks_pid peer = ks_spawn_link(ends_at_once, NULL);
        for (uint64_t n = ks_random(4); n > 0; n--) ks_yield();
        ks_unlink(peer);
        ks_receive_if(any_exit, NULL, 0);
        for (uint64_t n = ks_random(4); n > 0; n--) ks_yield();
        KS_CHECK(ks_receive_if(any_exit, NULL, 50) == NULL);
    }
    KS_CHECK(nothing_comes());
}

static void otp_5772_monitor(void)
{
    for (int i = 0; i < 20; i++) {
        ks_ref monitor;
        ks_spawn_monitor(ends_at_once, NULL, &monitor);
        for (uint64_t n = ks_random(4); n > 0; n--) ks_yield();
        ks_demonitor(monitor);
        KS_CHECK(ks_receive_if(any_down, NULL, 50) == NULL);
    }
    KS_CHECK(nothing_comes());
}

/* --- both sides at the same time -------------------------------------------------------------- */
struct racer {
    ks_pid peer;
    int rounds;
    bool ends_linked, random;
};

/* Links and unlinks; at last its link is as ends_linked says. */
static void links_and_unlinks(void *arg)
{
    const struct racer *racer = arg;
    ks_trap_exit(true);
    ks_receive_as(ks_int, KS_INFINITY);
    for (int i = 0; i < racer->rounds; i++) {
        bool link = racer->random ? ks_random(2) == 0 : i % 2 == 0;
        if (link)
            ks_link(racer->peer);
        else
            ks_unlink(racer->peer);
        if (racer->random && ks_random(3) == 0) ks_yield();
    }
    if (racer->ends_linked)
        ks_link(racer->peer);
    else
        ks_unlink(racer->peer);
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit(ks_because(KS_USER + 3));
}

/* The other side sees one exit when either ended by linking after everything of the other, and none
 * when both unlinked. */
static void race(bool random, bool linked)
{
    struct racer a = { .rounds = 20, .random = random, .ends_linked = linked }, b = a;
    ks_ref ends[2];
    ks_trap_exit(true);
    ks_pid first = ks_spawn_monitor(links_and_unlinks, &a, &ends[0]);
    ks_pid second = ks_spawn_monitor(links_and_unlinks, &b, &ends[1]);
    a.peer = second;
    b.peer = first;
    for (int i = 0; i < 2; i++) ks_send(i ? second : first, ks_int, &(ks_int){ 0 });
    ks_sleep(1000);
    ks_send(first, ks_int, &(ks_int){ 1 });
    KS_CHECK(end_of(ends[0]).code == KS_USER + 3);
    ks_sleep(100);
    /* The second traps: what came over the link is in its queue. */
    KS_CHECK(ks_mailbox_length(second) == (linked ? 1U : 0U));
    kill_and_wait(second);
    end_of(ends[1]);
    KS_CHECK(nothing_comes());
}

static void otp_17127_local_link_with_simultaneous_link_unlink(void)
{
    race(false, true);
    race(false, false);
}

static void otp_17127_local_random(void)
{
    race(true, true);
    race(true, false);
}

int main(int argc, char **argv)
{
    return run_cases("erl_link_SUITE", argc, argv,
        SCENARIOS(SCENARIO(links), NAMED("process_monitors", process_monitors_of_the_dead),
            SCENARIO(otp_5772_link), SCENARIO(otp_5772_monitor),
            SCENARIO(otp_17127_local_link_with_simultaneous_link_unlink),
            SCENARIO(otp_17127_local_random)));
}
