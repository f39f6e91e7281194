/* SPDX-License-Identifier: Apache-2.0 */
/* signal_test - cases of signal_SUITE: the order of signals, kill and killed. */
#include "support/scenario.h"
#include <kiosk/timer.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

/* --- order ------------------------------------------------------------------------------------ */
enum { ROUNDS = 20 };

/* Messages and exit signals by turns. */
static void sends_and_signals(void *arg)
{
    const ks_pid to = *(const ks_pid *)arg;
    for (ks_int i = 0; i < ROUNDS; i++) {
        ks_send(to, ks_int, &i);
        ks_exit_process(to, ks_because((ks_status)(KS_USER + i)));
        if (ks_random(3) == 0) ks_yield();
    }
}

static void xm_sig_order(void)
{
    ks_pid self = ks_self();
    ks_ref monitor;
    ks_trap_exit(true);
    ks_pid sender = ks_spawn_monitor(sends_and_signals, &self, &monitor);
    for (ks_int i = 0; i < ROUNDS; i++) {
        const ks_msg *msg = ks_receive(1000);
        const ks_int *number = ks_as(ks_int, msg);
        KS_CHECK(number && *number == i);
        msg = ks_receive(1000);
        const ks_exited *exited = ks_as(ks_exited, msg);
        KS_CHECK(exited && ks_same_pid(exited->pid, sender));
        KS_CHECK(exited->reason.code == KS_USER + i);
    }
    const ks_msg *last = ks_receive(1000);
    KS_CHECK(ks_as(ks_down, last) != NULL);
    KS_CHECK(nothing_comes());
}

struct sender {
    ks_pid to[3];
    int kinds;
};

static void sends_then_ends(void *arg)
{
    const struct sender *sender = arg;
    ks_receive_as(ks_bool, KS_INFINITY);
    for (ks_int i = 0; i < ROUNDS; i++) {
        ks_send(sender->to[i % sender->kinds], ks_int, &i);
        if (ks_random(4) == 0) ks_yield();
    }
}

/* All of a sender's messages are there, in order, and then its DOWN, whichever way they went. */
static void down_is_last(int kinds, bool by_name)
{
    ks_pid alias = ks_alias();
    struct sender sender = { .to = { ks_self(), ks_named("receiver"), alias }, .kinds = kinds };
    ks_ref monitor;
    KS_CHECK_OK(ks_register("receiver", ks_self()));
    ks_pid pid = ks_spawn(sends_then_ends, &sender);
    if (by_name) KS_CHECK_OK(ks_register("sender", pid));
    monitor = ks_monitor(by_name ? ks_named("sender") : pid);
    ks_send(pid, ks_bool, &(ks_bool){ true });
    for (ks_int i = 0; i < ROUNDS; i++) {
        const ks_msg *msg = ks_receive(1000);
        const ks_int *number = ks_as(ks_int, msg);
        KS_CHECK(number && *number == i);
    }
    const ks_msg *msg = ks_receive(1000);
    const ks_down *down = ks_as(ks_down, msg);
    KS_CHECK(down && ks_same_ref(down->ref, monitor));
    KS_CHECK(down->reason.kind == KS_REASON_NORMAL);
    ks_unregister("receiver");
    ks_unalias(alias);
    KS_CHECK(nothing_comes());
}

static void monitor_order(void)
{
    down_is_last(1, false);
    down_is_last(3, false);
}

static void monitor_named_order_local(void)
{
    down_is_last(1, true);
    down_is_last(2, true);
    down_is_last(3, true);
}

/* --- many senders at once --------------------------------------------------------------------- */
typedef struct numbered {
    int32_t sender, number;
} numbered;
KS_TYPE(numbered, sender, number);

struct crowd {
    ks_pid to;
    int32_t sender, messages;
};

static void sends_numbered(void *arg)
{
    const struct crowd *crowd = arg;
    for (int32_t i = 0; i < crowd->messages; i++) {
        KS_CHECK_OK(ks_send(crowd->to, numbered, &(numbered){ crowd->sender, i }));
        if (ks_random(8) == 0) ks_yield();
    }
}

static void race_of(int senders, int messages)
{
    enum { SENDERS = 16 };
    struct crowd crowd[SENDERS];
    int32_t next[SENDERS] = { 0 };
    ks_ref ends[SENDERS];
    for (int i = 0; i < senders; i++) {
        crowd[i] = (struct crowd){ ks_self(), i, messages };
        ks_spawn_monitor(sends_numbered, &crowd[i], &ends[i]);
    }
    for (int i = 0; i < senders * messages; i++) {
        const numbered *got = ks_receive_as(numbered, 1000);
        KS_CHECK(got != NULL);
        KS_CHECK(got->number == next[got->sender]);
        next[got->sender]++;
        ks_end_turn();
    }
    for (int i = 0; i < senders; i++) {
        KS_CHECK(next[i] == messages);
        KS_CHECK(ended_with(ends[i], KS_REASON_NORMAL));
    }
    KS_CHECK(nothing_comes());
}

static void parallel_signal_enqueue_race_1(void) { race_of(16, 20); }

static void parallel_signal_enqueue_race_2(void) { race_of(3, 150); }

/* --- kill ------------------------------------------------------------------------------------- */
static void traps_and_links(void *arg)
{
    ks_trap_exit(true);
    ks_link(*(const ks_pid *)arg);
    waits_for_ever(NULL);
}

static void links_and_waits(void *arg)
{
    ks_link(*(const ks_pid *)arg);
    waits_for_ever(NULL);
}

static void exits_with_kill(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    ks_exit(KS_KILL);
}

static void kill2killed(void)
{
    ks_pid self = ks_self();
    ks_ref monitor;
    ks_trap_exit(true);
    /* The signal: cannot be trapped, and links and monitors see killed. */
    ks_pid trapper = ks_spawn_monitor(traps_and_links, &self, &monitor);
    ks_sleep(10);
    ks_exit_process(trapper, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
    KS_CHECK(exit_came(trapper, KS_REASON_KILLED, 1000));
    /* A process's own reason: it stays kill, and a link that traps takes it as a message. */
    ks_pid peer = ks_spawn_monitor(exits_with_kill, NULL, &monitor);
    ks_link(peer);
    ks_send(peer, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_KILL));
    KS_CHECK(exit_came(peer, KS_REASON_KILL, 1000));
    /* Without trapping it ends the linked process, with kill as its reason. */
    peer = ks_spawn(exits_with_kill, NULL);
    ks_spawn_monitor(links_and_waits, &peer, &monitor);
    ks_sleep(10);
    ks_send(peer, ks_int, &(ks_int){ 0 });
    KS_CHECK(ended_with(monitor, KS_REASON_KILL));
    KS_CHECK(nothing_comes());
}

/* --- a link to one that is ending ------------------------------------------------------------- */
static void exits_slowly(void *arg)
{
    ks_receive_as(ks_int, KS_INFINITY);
    for (uint64_t n = ks_random(4); n > 0; n--) ks_yield();
    ks_exit(ks_because(KS_USER + 7));
}

/* Linked, ended, unlinked, and linked again when it is gone: the old reason does not come back. */
static void unlink_exit(void)
{
    ks_trap_exit(true);
    for (int i = 0; i < 10; i++) {
        ks_ref monitor;
        ks_pid peer = ks_spawn_monitor(exits_slowly, NULL, &monitor);
        ks_link(peer);
        ks_send(peer, ks_int, &(ks_int){ 0 });
        ks_unlink(peer);
        const ks_exited *early = ks_receive_as(ks_exited, 0);
        KS_CHECK(!early || early->reason.code == KS_USER + 7);
        KS_CHECK(end_of(monitor).code == KS_USER + 7);
        ks_link(peer);
        const ks_exited *exited = ks_receive_as(ks_exited, 1000);
        KS_CHECK(exited && ks_same_pid(exited->pid, peer));
        KS_CHECK(exited->reason.kind == KS_REASON_STATUS && exited->reason.code == KS_NOPROC);
        KS_CHECK(nothing_comes());
    }
}

int main(int argc, char **argv)
{
    return run_cases("signal_SUITE", argc, argv,
        SCENARIOS(SCENARIO(xm_sig_order), SCENARIO(monitor_order),
            SCENARIO(monitor_named_order_local), SCENARIO(parallel_signal_enqueue_race_1),
            SCENARIO(parallel_signal_enqueue_race_2), SCENARIO(kill2killed),
            SCENARIO(unlink_exit)));
}
