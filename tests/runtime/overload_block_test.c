/* SPDX-License-Identifier: Apache-2.0 */
/* overload_block_test - senders wait for room: in order, not for ever, whoever ends meanwhile. */
#include "runtime/clerk.h"
#include "support/kill.h"

#include <kiosk/timer.h>

/* --- block ------------------------------------------------------------------------------------ */
struct producer {
    ks_pid to;
    int first, count;
};

static void produces(void *arg)
{
    const struct producer *me = arg;
    for (int i = 0; i < me->count; i++) {
        KS_CHECK_OK(clerk_cast_note(me->to, &(ks_int){ me->first + i }));
        KS_CHECK(ks_mailbox_length(me->to) <= LIMIT + 20); /* some were under way */
    }
}

static void senders_wait_and_nothing_is_lost(void)
{
    enum { PRODUCERS = 4, EACH = 50 };
    ks_pid desk = start_clerk(KS_BLOCK, 0);
    ks_pid targets[PRODUCERS] = { desk, ks_named("clerk"), desk, desk };
    struct producer producers[PRODUCERS];
    ks_ref monitors[PRODUCERS];
    keep_busy(desk, 1000);
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){ targets[i], 1000 * i, EACH };
        ks_spawn_monitor(produces, &producers[i], &monitors[i]);
    }
    ks_sleep(500);
    KS_CHECK(ks_mailbox_length(desk) >= LIMIT && ks_mailbox_length(desk) <= LIMIT + 20);
    for (int i = 0; i < PRODUCERS; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    ks_sleep(2000);
    KS_CHECK(watched->count == PRODUCERS * EACH && ks_mailbox_refused(desk) == 0);
    int next[PRODUCERS] = { 0 };
    for (int i = 0; i < watched->count; i++) { /* each in order */
        int producer = (int)(watched->notes[i] / 1000);
        KS_CHECK(watched->notes[i] % 1000 == next[producer]++);
    }
    kill_and_wait(desk);
}

static void sends_one(void *arg)
{
    const struct producer *me = arg;
    KS_CHECK_OK(clerk_cast_note(me->to, &(ks_int){ me->first }));
}

static void senders_are_let_in_in_order(void)
{
    enum { SENDERS = 10 };
    ks_pid desk = full_clerk(KS_BLOCK, 0);
    struct producer senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct producer){ desk, LIMIT + i, 1 };
        ks_spawn(sends_one, &senders[i]);
        settle();
        KS_CHECK(ks_mailbox_length(desk) == LIMIT);
    }
    noted(desk, 0, LIMIT + SENDERS);
}

static void a_wait_for_room_ends(void)
{
    ks_int status;
    ks_pid desk = full_clerk(KS_BLOCK, 100), other;
    KS_CHECK_OK(ks_start(KS_CHILD(clerk), &other));
    watched = NULL;
    ks_ms begin = ks_now();
    KS_CHECK(clerk_cast_note(desk, &(ks_int){ 1 }) == KS_OVERLOAD);
    KS_CHECK(ks_now() >= begin + 100 && ks_now() <= begin + 101);
    KS_CHECK(ks_mailbox_refused(desk) == 1 && ks_mailbox_length(desk) == LIMIT);
    begin = ks_now(); /* and not longer than the request that it serves */
    ks_status passed_on = clerk_call_pass_on(other, &desk, &status, 50);
    KS_CHECK(passed_on == KS_TIMEOUT || (passed_on == KS_OK && status == KS_DEADLINE));
    KS_CHECK(ks_now() >= begin + 50 && ks_now() <= begin + 51);
    settle();
    KS_CHECK(ks_mailbox_refused(desk) == 2);
    KS_CHECK_OK(clerk_call_pass_on(other, &other, &status, 20)); /* it lives, and is free again */
    KS_CHECK(status == KS_OK);
    kill_and_wait(desk);
    kill_and_wait(other);
}

static void a_call_waits_for_room_as_long_as_for_its_reply(void)
{
    ks_int count;
    ks_pid desk = full_clerk(KS_BLOCK, 10);
    ks_ms begin = ks_now();
    KS_CHECK(clerk_call_count(desk, &count, 100) == KS_TIMEOUT); /* it leaves the line */
    KS_CHECK(ks_now() >= begin + 100 && ks_now() <= begin + 101);
    KS_CHECK_OK(clerk_call_count(desk, &count, 2000));
    KS_CHECK(count == LIMIT);
    noted(desk, 0, LIMIT);
}

static void who_cannot_wait_is_refused(void)
{
    ks_int count;
    ks_pid desk = full_clerk(KS_BLOCK, 0);
    ks_ms begin = ks_now();
    clerk_count_request request = clerk_send_count(desk);
    KS_CHECK(clerk_receive_count(request, &count, KS_INFINITY) == KS_OVERLOAD);
    KS_CHECK(ks_now() == begin);
    clerk_cast_after_note(1, desk, &(ks_int){ 100 });
    ks_sleep(10);
    KS_CHECK(ks_mailbox_refused(desk) == 2);
    noted(desk, 0, LIMIT);
}

static ks_status in_hook;
static void tells_the_clerk(void *resource)
{
    in_hook = clerk_cast_note(ks_named("clerk"), &(ks_int){ 1 });
}
static void owns_something(void *arg) { ks_own(tells_the_clerk, NULL); }

static void a_release_hook_is_refused(void)
{
    ks_ref monitor;
    ks_pid desk = full_clerk(KS_BLOCK, 0);
    in_hook = KS_OK;
    ks_spawn_monitor(owns_something, NULL, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(in_hook == KS_OVERLOAD);
    noted(desk, 0, LIMIT);
}

static void the_end_of_the_receiver_wakes_all(void)
{
    enum { SENDERS = 6 };
    ks_pid desk = full_clerk(KS_BLOCK, KS_INFINITY);
    struct producer sender = { desk, 1, 1 };
    struct asker asker = { .desk = desk };
    ks_ref monitors[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        if (i % 2)
            ks_spawn_monitor(sends_one, &sender, &monitors[i]);
        else
            ks_spawn_monitor(asks, &asker, &monitors[i]);
    }
    ks_sleep(10);
    ks_ms begin = ks_now();
    kill_and_wait(desk);
    for (int i = 0; i < SENDERS; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    KS_CHECK(asker.status == KS_NOPROC && ks_now() - begin < 5);
}

static void the_end_of_a_sender_leaves_the_others(void)
{
    enum { SENDERS = 5 };
    ks_pid desk = full_clerk(KS_BLOCK, 0), pids[SENDERS];
    struct producer senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct producer){ desk, i == 4 ? LIMIT + 1 : LIMIT + (i == 2), 1 };
        if (i % 2 == 0 && i) senders[i].first = LIMIT + i / 2 - 1; /* 2: 5, 4: 6; the rest die */
        pids[i] = ks_spawn(sends_one, &senders[i]);
        settle();
    }
    kill_and_wait(pids[0]);
    kill_and_wait(pids[3]);
    kill_and_wait(pids[1]);
    noted(desk, 0, LIMIT + 2);
}

/* --- cycles ----------------------------------------------------------------------------------- */
struct pair {
    ks_pid a, b;
    ks_int status;
};

static void passes_on(void *arg)
{
    struct pair *pair = arg;
    KS_CHECK_OK(clerk_call_pass_on(pair->a, &pair->b, &pair->status, KS_INFINITY));
}

static ks_pid start_blocking(ks_ms timeout)
{
    ks_pid pid;
    const ks_child row = { KS_START(clerk), .mailbox_max = 1, .overload = KS_BLOCK,
        .overload_timeout = timeout };
    KS_CHECK_OK(ks_start(&row, &pid));
    return pid;
}

/* Both have something to do for the other one. At 100 a waits for room at b, as the second in the
 * line; b, which takes one out at 130 and so lets in the first only, turns to a, which is full. */
static void wait_for_each_other(struct pair *first, struct pair *second, void (*then)(void *arg))
{
    ks_ref monitors[2];
    *first = (struct pair){ .a = start_blocking(KS_INFINITY), .b = start_blocking(KS_INFINITY) };
    *second = (struct pair){ .a = first->b, .b = first->a };
    struct producer in_line = { first->b, 1, 1 };
    keep_busy(first->a, 100);
    keep_busy(first->b, 130);
    ks_spawn_monitor(passes_on, first, &monitors[0]);
    ks_spawn_monitor(then, second, &monitors[1]);
    ks_sleep(20);
    ks_spawn(sends_one, &in_line);
    while (ks_mailbox_length(first->a) == 1) settle();
    note(first->a, 0, KS_OK);
    KS_CHECK(ks_mailbox_length(first->a) == 1 && ks_mailbox_length(first->b) == 1);
    ks_ms begin = ks_now();
    for (int i = 0; i < 2; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    KS_CHECK(ks_now() - begin < 50);
    kill_and_wait(first->a);
    kill_and_wait(first->b);
}

static void a_cycle_of_senders_is_refused_at_once(void)
{
    struct pair first, second;
    wait_for_each_other(&first, &second, passes_on);
    KS_CHECK(first.status == KS_OK && second.status == KS_OVERLOAD);
}

static void asks_on(void *arg)
{
    struct pair *pair = arg;
    KS_CHECK_OK(clerk_call_ask(pair->a, &pair->b, &pair->status, KS_INFINITY));
}

static void a_call_to_who_waits_for_us_is_a_cycle(void)
{
    struct pair first, second;
    wait_for_each_other(&first, &second, asks_on);
    KS_CHECK(first.status == KS_OK && second.status == KS_CALLING_SELF);
}

/* --- killed at any moment --------------------------------------------------------------------- */
static void sender_or_receiver_is_killed(struct kill *kill, bool receiver)
{
    ks_ref monitor;
    ks_int count;
    ks_pid desk = full_clerk(KS_BLOCK, 0), sender;
    struct producer producer = { desk, 100, 3 };
    sender = ks_spawn_monitor(produces, &producer, &monitor);
    kill->victim = receiver ? desk : sender;
    kill_arm(kill);
    ks_status status = clerk_call_count(desk, &count, 3000);
    KS_CHECK(status == KS_OK || status == KS_NOPROC);
    KS_CHECK(receiver || status == KS_OK);
    ended_or_killed(monitor);
    kill_done(kill);
    kill_and_wait(desk);
}
static void sender_is_killed(struct kill *kill) { sender_or_receiver_is_killed(kill, false); }
static void receiver_is_killed(struct kill *kill) { sender_or_receiver_is_killed(kill, true); }
static void killed_while_they_wait(void)
{
    kill_sweep(12, 20, sender_is_killed);
    kill_sweep(12, 20, receiver_is_killed);
}

int main(void)
{
    return run_scenarios("overload block", 100,
        SCENARIOS(SCENARIO(senders_wait_and_nothing_is_lost), SCENARIO(senders_are_let_in_in_order),
            SCENARIO(a_wait_for_room_ends),
            SCENARIO(a_call_waits_for_room_as_long_as_for_its_reply),
            SCENARIO(who_cannot_wait_is_refused), SCENARIO(a_release_hook_is_refused),
            SCENARIO(the_end_of_the_receiver_wakes_all),
            SCENARIO(the_end_of_a_sender_leaves_the_others),
            SCENARIO(a_cycle_of_senders_is_refused_at_once),
            SCENARIO(a_call_to_who_waits_for_us_is_a_cycle), SCENARIO(killed_while_they_wait)));
}
