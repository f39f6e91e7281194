/* SPDX-License-Identifier: Apache-2.0 */
/* rule_03_first_exit_test - the first exit signal wins. */
#include "support/scenario.h"

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void the_first_of_two_reasons_counts(void)
{
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_exit_process(victim, ks_because(KS_USER + 1));
    ks_exit_process(victim, ks_because(KS_USER + 2));
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS);
    KS_CHECK(end.code == KS_USER + 1);
}

static void a_later_kill_does_not_replace_the_reason(void)
{
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_exit_process(victim, KS_SHUTDOWN);
    ks_exit_process(victim, KS_KILL);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
}

static void a_later_reason_does_not_replace_a_kill(void)
{
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_exit_process(victim, KS_KILL);
    ks_exit_process(victim, KS_SHUTDOWN);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

static void an_ignored_normal_is_not_the_first(void)
{
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    ks_exit_process(victim, KS_NORMAL);
    ks_exit_process(victim, KS_SHUTDOWN);
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
}

/* Everybody who watches is told the same. */
static void all_watchers_see_the_same_reason(void)
{
    ks_trap_exit(true);
    ks_ref first, second;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &first);
    second = ks_monitor(victim);
    ks_link(victim);
    ks_exit_process(victim, ks_because(KS_USER + 1));
    ks_exit_process(victim, KS_KILL);
    KS_CHECK(end_of(first).code == KS_USER + 1);
    KS_CHECK(end_of(second).code == KS_USER + 1);
    KS_CHECK(exit_came(victim, KS_REASON_STATUS, 1000));
    KS_CHECK(nothing_comes());
}

struct sender {
    ks_pid victim;
    ks_status code;
};

static void sends_exit(void *arg)
{
    const struct sender *sender = arg;
    ks_yield();
    ks_exit_process(sender->victim, ks_because(sender->code));
}

/* Which of two senders is first is open; that there is one end, with one of the reasons, is not. */
static void two_senders_make_one_end(void)
{
    ks_ref monitor, first, second;
    ks_pid victim = ks_spawn_monitor(waits_for_ever, NULL, &monitor);
    struct sender a = { victim, KS_USER + 1 }, b = { victim, KS_USER + 2 };
    ks_spawn_monitor(sends_exit, &a, &first);
    ks_spawn_monitor(sends_exit, &b, &second);
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS);
    KS_CHECK(end.code == a.code || end.code == b.code);
    KS_CHECK(ended_with(first, KS_REASON_NORMAL));
    KS_CHECK(ended_with(second, KS_REASON_NORMAL));
    KS_CHECK(nothing_comes());
}

static void counts_messages(void *arg)
{
    while (ks_receive(KS_INFINITY)) ++*(int *)arg;
}

/* What the same sender sent after its exit signal is never seen. */
static void nothing_is_handled_after_the_first(void)
{
    int count = 0;
    ks_ref monitor;
    ks_pid victim = ks_spawn_monitor(counts_messages, &count, &monitor);
    ks_sleep(1);
    ks_exit_process(victim, ks_because(KS_USER + 1));
    ks_send(victim, ks_int, &(ks_int){ 1 });
    KS_CHECK(end_of(monitor).code == KS_USER + 1);
    KS_CHECK(count == 0);
}

static void takes_two_exits(void *arg)
{
    ks_trap_exit(true);
    ks_send(*(const ks_pid *)arg, ks_int, &(ks_int){ 0 });
    const ks_exited *first = ks_receive_as(ks_exited, 1000);
    const ks_exited *second = ks_receive_as(ks_exited, 1000);
    KS_CHECK(first && first->reason.code == KS_USER + 1);
    KS_CHECK(second && second->reason.code == KS_USER + 2);
}

static void a_trapper_gets_both_in_order(void)
{
    ks_ref monitor;
    ks_pid self = ks_self(), victim = ks_spawn_monitor(takes_two_exits, &self, &monitor);
    KS_CHECK(ks_receive_as(ks_int, 1000) != NULL);
    ks_exit_process(victim, ks_because(KS_USER + 1));
    ks_exit_process(victim, ks_because(KS_USER + 2));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

int main(void)
{
    return run_scenarios("rule 3", 100,
        SCENARIOS(SCENARIO(the_first_of_two_reasons_counts),
            SCENARIO(a_later_kill_does_not_replace_the_reason),
            SCENARIO(a_later_reason_does_not_replace_a_kill),
            SCENARIO(an_ignored_normal_is_not_the_first),
            SCENARIO(all_watchers_see_the_same_reason), SCENARIO(two_senders_make_one_end),
            SCENARIO(nothing_is_handled_after_the_first), SCENARIO(a_trapper_gets_both_in_order)));
}
