/* SPDX-License-Identifier: Apache-2.0 */
/* hibernate_test - cases of hibernate_SUITE: plain processes that give up their stack. */
#include "support/scenario.h"
#include <kiosk/runtime.h>

enum { ROUNDS = 100, BIG = 50000 };
enum { PLEASE_HIBERNATE = 1, WHATS_UP, PLEASE_QUIT };

struct child {
    ks_pid parent;
    void (*hibernates)(void (*fn)(void *arg), void *arg); /* chosen when it runs */
};

static void hibernator(void *arg)
{
    const struct child *child = arg;
    for (;;) { /* until it is told to quit, or to hibernate */
        const ks_int *what = ks_as(ks_int, ks_receive(KS_INFINITY));
        KS_CHECK(what);
        if (*what == PLEASE_QUIT) return;
        if (*what == PLEASE_HIBERNATE) child->hibernates(hibernator, arg);
        ks_send(child->parent, ks_int, &(ks_int){ BIG });
    }
}

static void wakes_again_and_again(struct child *child)
{
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(hibernator, child, &monitor);
    uint64_t least = 0;
    for (int i = 0; i < ROUNDS; i++) {
        ks_send(pid, ks_int, &(ks_int){ PLEASE_HIBERNATE });
        while (!ks_is_hibernating(pid)) ks_sleep(1);
        KS_CHECK(ks_mailbox_length(pid) == 0);
        if (!least) least = ks_process_memory(pid);
        KS_CHECK(ks_process_memory(pid) == least); /* nothing grows */
        ks_send(pid, ks_int, &(ks_int){ WHATS_UP });
        const ks_int *fine = ks_as(ks_int, ks_receive(1000));
        KS_CHECK(fine && *fine == BIG);
        KS_CHECK(!ks_is_hibernating(pid));
    }
    ks_send(pid, ks_int, &(ks_int){ PLEASE_QUIT });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void basic(void)
{
    struct child child = { ks_self(), ks_hibernate_then };
    wakes_again_and_again(&child);
}

static void by_way_of(void (*fn)(void *arg), void *arg) { ks_hibernate_then(fn, arg); }

static void dynamic_call(void)
{
    struct child child = { ks_self(), by_way_of };
    wakes_again_and_again(&child);
}

static void restarted(void *arg)
{
    const ks_int *n = ks_as(ks_int, ks_receive(0));
    KS_CHECK(n && *n == 31);
    KS_CHECK(!ks_receive(0));
    ks_send(*(const ks_pid *)arg, ks_bool, &(ks_bool){ true });
}

static void waits_for_go_ahead(void *arg)
{
    KS_CHECK(ks_receive_as(ks_bool, KS_INFINITY));
    KS_CHECK(ks_mailbox_length(ks_self()) == 1);
    ks_hibernate_then(restarted, arg);
}

static void messages_in_queue(void)
{
    ks_pid self = ks_self();
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(waits_for_go_ahead, &self, &monitor);
    ks_send(pid, ks_int, &(ks_int){ 31 });
    ks_send(pid, ks_bool, &(ks_bool){ true });
    KS_CHECK(ks_receive_as(ks_bool, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

/* Woken, it is put aside in the middle of something long, many times. */
static void works_long(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) ks_yield();
    ks_send(*(const ks_pid *)arg, ks_pid, &(ks_pid){ ks_self().id, 0, 0 });
}

static void hibernates_at_once(void *arg) { ks_hibernate_then(works_long, arg); }

static void wake_up_and_bif_trap(void)
{
    ks_pid self = ks_self();
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(hibernates_at_once, &self, &monitor);
    ks_send(pid, ks_int, &(ks_int){ 1 });
    const ks_pid *from = ks_receive_as(ks_pid, 5000);
    KS_CHECK(from && ks_same_pid(*from, pid));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

int main(int argc, char **argv)
{
    return run_cases("hibernate_SUITE", argc, argv,
        SCENARIOS(SCENARIO(basic), SCENARIO(dynamic_call), SCENARIO(messages_in_queue),
            SCENARIO(wake_up_and_bif_trap)));
}
