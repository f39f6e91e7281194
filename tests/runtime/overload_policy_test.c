/* SPDX-License-Identifier: Apache-2.0 */
/* overload_policy_test - what a full mailbox does that drops: who hears of it, what is lost, what
 * is kept; what is never refused. */
#include "runtime/clerk.h"

#include <kiosk/timer.h>

/* --- drop newest ------------------------------------------------------------------------------ */
static void drop_newest_keeps_the_first(void)
{
    ks_pid desk = full_clerk(KS_DROP_NEWEST, 0);
    for (int i = 0; i < 20; i++) note(desk, 100 + i, KS_OK);
    KS_CHECK(ks_send(desk, ks_int, &(ks_int){ 0 }) == KS_OK);
    settle();
    KS_CHECK(ks_mailbox_length(desk) == LIMIT);
    KS_CHECK(ks_mailbox_dropped(desk) == 21 && ks_mailbox_refused(desk) == 0);
    noted(desk, 0, LIMIT);
}

static void drop_newest_tells_who_asked(void)
{
    ks_int count;
    ks_pid desk = full_clerk(KS_DROP_NEWEST, 0);
    ks_ms begin = ks_now();
    KS_CHECK(clerk_call_count(desk, &count, KS_INFINITY) == KS_OVERLOAD);
    KS_CHECK(clerk_call_count(ks_named("clerk"), &count, KS_INFINITY) == KS_OVERLOAD);
    clerk_count_request request = clerk_send_count(desk);
    KS_CHECK(clerk_receive_count(request, &count, KS_INFINITY) == KS_OVERLOAD);
    KS_CHECK(ks_now() == begin);
    KS_CHECK(ks_mailbox_dropped(desk) == 3);
    noted(desk, 0, LIMIT);
}

/* --- drop oldest ------------------------------------------------------------------------------ */
static void drop_oldest_keeps_the_latest(void)
{
    ks_pid desk = full_clerk(KS_DROP_OLDEST, 0);
    for (int i = 0; i < 20; i++) note(desk, LIMIT + i, KS_OK);
    KS_CHECK(ks_mailbox_length(desk) == LIMIT);
    KS_CHECK(ks_mailbox_dropped(desk) == 20 && ks_mailbox_refused(desk) == 0);
    noted(desk, 20, LIMIT);
}

static void drop_oldest_tells_whose_call_it_was(void)
{
    ks_ref monitor;
    ks_int count;
    struct asker asker = { .desk = start_clerk(KS_DROP_OLDEST, 0) };
    ks_pid desk = asker.desk;
    keep_busy(desk, 1000);
    ks_spawn_monitor(asks, &asker, &monitor);
    settle();
    clerk_count_request request = clerk_send_count(desk);
    settle();
    KS_CHECK(ks_mailbox_length(desk) == 2);
    for (int i = 0; i < LIMIT; i++) note(desk, i, KS_OK);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(asker.status == KS_OVERLOAD && asker.took < 20);
    KS_CHECK(clerk_receive_count(request, &count, 0) == KS_OVERLOAD);
    KS_CHECK(ks_mailbox_dropped(desk) == 2);
    noted(desk, 0, LIMIT);
}

static void sleeps(void *arg) { ks_sleep(KS_INFINITY); }

static void drop_oldest_leaves_what_the_process_asked_for(void)
{
    ks_pid desk = start_clerk(KS_DROP_OLDEST, 0), victim = ks_spawn(sleeps, NULL);
    clerk_cast_owe(desk, &victim);
    ks_sleep(20); /* the DOWN, its timer and its own word stand there, oldest first */
    KS_CHECK(ks_mailbox_length(desk) == 3);
    for (int i = 0; i < 20; i++) note(desk, i, KS_OK);
    KS_CHECK(ks_mailbox_length(desk) == LIMIT && ks_mailbox_dropped(desk) == 18);
    ks_sleep(3000);
    KS_CHECK(watched->downs == 1 && watched->count == 4);
    KS_CHECK(watched->notes[0] + watched->notes[1] == 3000);
    KS_CHECK(watched->notes[2] == 18 && watched->notes[3] == 19);
    kill_and_wait(desk);
}

static void drop_oldest_refuses_when_nothing_can_go(void)
{
    ks_int count;
    ks_pid desk = start_clerk(KS_DROP_OLDEST, 0), victims[LIMIT];
    for (int i = 0; i < LIMIT; i++) {
        victims[i] = ks_spawn(sleeps, NULL);
        clerk_cast_watch(desk, &victims[i]);
        settle();
    }
    keep_busy(desk, 1000);
    for (int i = 0; i < LIMIT; i++) ks_exit_process(victims[i], KS_KILL);
    settle();
    KS_CHECK(ks_mailbox_length(desk) == LIMIT);
    /* from another scheduler it cannot be seen that none of them may go */
    ks_status status = clerk_cast_note(desk, &(ks_int){ 1 });
    KS_CHECK(status == KS_OVERLOAD || (ks_scheduler_count() > 1 && status == KS_OK));
    settle();
    KS_CHECK(clerk_call_count(desk, &count, KS_INFINITY) == KS_OVERLOAD);
    KS_CHECK(ks_mailbox_refused(desk) == 2 && ks_mailbox_dropped(desk) == 0);
    ks_sleep(1000);
    KS_CHECK(watched->downs == LIMIT);
    noted(desk, 0, 0);
}

/* The message that it looked at last is dropped while it waits for another kind; its block is of
 * another size than what comes, so nothing takes its place. */
typedef struct wide {
    int64_t words[20];
} wide;
KS_TYPE(wide, (array, words));
KS_MODULE(picky, void);
static ks_int picked;
static void picky_main(const ks_none *args)
{
    const ks_text *word = ks_receive_as(ks_text, KS_INFINITY);
    picked = (ks_int)word->len;
    for (const wide *w; (w = ks_receive_as(wide, 0)) != NULL;) picked = picked * 100 + w->words[19];
}
KS_PROCESS(picky);

static void a_selective_receive_goes_on_after_a_drop(void)
{
    ks_pid pid;
    ks_ref monitor;
    const ks_child row = { KS_START(picky), .mailbox_max = 3, .overload = KS_DROP_OLDEST };
    KS_CHECK_OK(ks_start_monitor(&row, &pid, &monitor));
    for (ks_int i = 0; i < 3; i++) {
        KS_CHECK_OK(ks_send(pid, ks_int, &i));
        settle(); /* it looks, and waits behind what it saw */
    }
    for (int i = 10; i < 14; i++) KS_CHECK_OK(ks_send(pid, wide, &(wide){ .words[19] = i }));
    settle();
    KS_CHECK(ks_mailbox_length(pid) >= 3 && ks_mailbox_dropped(pid) > 0);
    KS_CHECK_OK(ks_send(pid, ks_text, &ks_lit("word!")));
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(picked % 10000 == 1213);
}

/* --- oneself, and timers ---------------------------------------------------------------------- */
static void who_sends_to_oneself_hears_of_it(void)
{
    for (ks_overload policy = KS_REFUSE; policy <= KS_BLOCK; policy++) {
        ks_pid desk = start_clerk(policy, 0);
        told = KS_OK;
        clerk_cast_tell_yourself(desk, &(ks_int){ 100 });
        settle();
        for (int i = 0; i < LIMIT; i++) note(desk, i, KS_OK);
        ks_sleep(200);
        KS_CHECK(told == KS_OVERLOAD && ks_mailbox_refused(desk) == 1);
        noted(desk, 0, LIMIT);
    }
}

KS_MODULE(ticker, void);
KS_CAST(ticker, once, void);
KS_CAST(ticker, beat, void);
KS_CAST(ticker, work, ks_int);
struct ticker {
    int once, beats;
};
static struct ticker ticked;

static ks_next ticker_init(ticker *self, const ticker_args *args)
{
    for (int i = 0; i < 3; i++) ticker_cast_after_once(50, ks_self());
    ticker_cast_every_beat(10, ks_self());
    return ks_ok();
}
static ks_next ticker_handle_once(ticker *self)
{
    ticked.once++;
    return ks_noreply();
}
static ks_next ticker_handle_beat(ticker *self)
{
    ticked.beats++;
    return ks_noreply();
}
static ks_next ticker_handle_work(ticker *self, const ks_int *duration)
{
    ks_sleep(*duration);
    return ks_noreply();
}
KS_GEN_SERVER(ticker, .init = ticker_init, .ops = KS_OPS(ticker, once, beat, work));

/* 100 beats are due while it works: four of them find room; the three single ones always do. */
static void single_timers_of_ones_own_always_come(void)
{
    for (ks_overload policy = KS_REFUSE; policy <= KS_BLOCK; policy++) {
        ks_pid pid;
        ticked = (struct ticker){ 0 };
        const ks_child row = { KS_START(ticker), .mailbox_max = 4, .overload = policy };
        KS_CHECK_OK(ks_start(&row, &pid));
        KS_CHECK_OK(ticker_cast_work(pid, &(ks_int){ 1000 }));
        ks_sleep(900);
        KS_CHECK(ks_mailbox_length(pid) >= 7 && ks_mailbox_length(pid) <= 8);
        ks_sleep(105);
        KS_CHECK(ticked.once == 3 && ticked.beats >= 4 && ticked.beats <= 7);
        KS_CHECK(ks_mailbox_refused(pid) + ks_mailbox_dropped(pid) >= 90);
        kill_and_wait(pid);
    }
}

/* --- a policy that is not there --------------------------------------------------------------- */
static void an_unknown_policy_is_not_started(void)
{
    ks_pid pid = { 0 };
    const ks_child row = { KS_START(clerk), .overload = (ks_overload)(KS_BLOCK + 1) };
    KS_CHECK(ks_start(&row, &pid) == KS_BADARG && ks_is_none(pid));
}

int main(void)
{
    return run_scenarios("overload policy", 100,
        SCENARIOS(SCENARIO(drop_newest_keeps_the_first), SCENARIO(drop_newest_tells_who_asked),
            SCENARIO(drop_oldest_keeps_the_latest), SCENARIO(drop_oldest_tells_whose_call_it_was),
            SCENARIO(drop_oldest_leaves_what_the_process_asked_for),
            SCENARIO(drop_oldest_refuses_when_nothing_can_go),
            SCENARIO(a_selective_receive_goes_on_after_a_drop),
            SCENARIO(who_sends_to_oneself_hears_of_it),
            SCENARIO(single_timers_of_ones_own_always_come),
            SCENARIO(an_unknown_policy_is_not_started)));
}
