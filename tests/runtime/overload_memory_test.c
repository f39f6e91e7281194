/* SPDX-License-Identifier: Apache-2.0 */
/* overload_memory_test - a full mailbox when allocations fail, one by one and by chance: each
 * status is a defined one, each message is handled, refused or dropped, nothing is left. */
#include <kiosk/kiosk.h>
#include <kiosk/test.h>
#include <kiosk/timer.h>

#include "runtime/sanitizers.h"
#include "support/suite.h"

enum {
    SEEDS = KSI_THREAD_SANITIZER ? 10 : 100,
    SWEEP_STEP = KSI_THREAD_SANITIZER ? 17 : 1,
    SWEEP_MAX = 1000,
    LIMIT = 3
};
static bool whole; /* the last run had all it asked for */
static int sent, failed_sends, handled;

typedef struct book {
    ks_text title;
    ks_bin *pages;
} book;
KS_TYPE(book, title, pages);
KS_MODULE(shop, void);
KS_CAST(shop, work, ks_int);
KS_CAST(shop, put, book);
KS_CALL(shop, get, ks_text, ks_text);
struct shop {
    int64_t unused;
};

static ks_next shop_handle_work(shop *self, const ks_int *duration)
{
    ks_sleep(*duration);
    return ks_noreply();
}
static ks_next shop_handle_put(shop *self, const book *one)
{
    KS_CHECK(one->title.len == 100 && ks_bin_bytes(one->pages).len == 5);
    handled++;
    return ks_noreply();
}
static ks_next shop_handle_get(shop *self, const ks_text *title, ks_text *reply)
{
    *reply = *title;
    return ks_reply();
}
KS_GEN_SERVER(shop, .ops = KS_OPS(shop, work, put, get));

/* Without memory, too much of it asked for, or with somebody who ended for the lack of it. */
static bool fine(ks_status status)
{
    KS_CHECK(status == KS_OK || status == KS_NOMEM || status == KS_NOPROC ||
        status == KS_OVERLOAD || status == KS_TIMEOUT);
    if (status == KS_NOMEM) whole = false;
    return status == KS_OK;
}

static const char title[] = "a title that makes the message larger than the smallest block is, so "
                            "that it weighs more than a small one";
static void give_back(void *bin) { ks_bin_unref(bin); }

/* A bin of malloc's is not the pool's: it does not fail here. */
static void puts_books(void *arg)
{
    ks_bin *pages = ks_bin_new(ks_bytes("pages", 5));
    KS_CHECK(pages != NULL);
    ks_own(give_back, pages);
    const book one = { .title = { title, 100 }, .pages = pages };
    for (int i = 0; i < 6; i++) {
        bool ok = fine(shop_cast_put(*(const ks_pid *)arg, &one));
        sent += ok;
        failed_sends += !ok;
    }
}

static void asks(void *arg)
{
    ks_text reply;
    const ks_pid pid = *(const ks_pid *)arg;
    for (int i = 0; i < 2; i++)
        if (fine(shop_call_get(pid, &(ks_text){ title, 100 }, &reply, i ? 2000 : 5)))
            KS_CHECK(reply.len == 100);
    shop_get_request request = shop_send_get(pid, &(ks_text){ title, 100 });
    if (fine(shop_receive_get(request, &reply, 2000))) KS_CHECK(reply.len == 100);
    ks_ref timer = shop_cast_after_work(1, pid, &(ks_int){ 0 });
    if (!timer.id[0]) whole = false;
}

/* Waits for who has been started. */
static void wait_for(ks_pid pid, ks_ref monitor)
{
    const ks_msg *msg = ks_is_none(pid) ? NULL : ks_receive_ref(monitor, 100000);
    KS_CHECK(msg || ks_is_none(pid));
    const ks_down *down = ks_as(ks_down, msg);
    if (!down || !ks_is_clean(down->reason)) whole = false;
}

static void one_shop(ks_overload policy)
{
    static ks_pid pid; /* outlives us, when there is no memory to tell us of an end */
    ks_pid pids[3];
    ks_ref monitors[3];
    const ks_child row = { KS_START(shop), .mailbox_max = LIMIT, .mailbox_bytes_max = 600,
        .overload = policy, .overload_timeout = 50 };
    if (!fine(ks_start(&row, &pid))) return;
    sent = failed_sends = handled = 0;
    (void)fine(shop_cast_work(pid, &(ks_int){ 20 }));
    ks_sleep(1);
    pids[0] = ks_spawn_monitor(puts_books, &pid, &monitors[0]);
    pids[1] = ks_spawn_monitor(asks, &pid, &monitors[1]);
    pids[2] = ks_spawn_monitor(puts_books, &pid, &monitors[2]);
    for (int i = 0; i < 3; i++) wait_for(pids[i], monitors[i]);
    ks_sleep(200);
    if (ks_is_alive(pid)) { /* all that was sent is accounted for */
        KS_CHECK(ks_mailbox_length(pid) == 0);
        KS_CHECK(handled <= sent);
        if (policy == KS_REFUSE || policy == KS_BLOCK) KS_CHECK(handled == sent);
        if (policy == KS_BLOCK && whole) KS_CHECK(handled == 12);
    }
    ks_exit_process(pid, KS_KILL);
}

static void every_policy(void)
{
    whole = true;
    for (ks_overload policy = KS_REFUSE; policy <= KS_BLOCK; policy++) one_shop(policy);
}

static int quiet_runs(const ks_simulation *simulation)
{
    ks_log_set_level(KS_LOG_CRITICAL);
    return ks_simulate(simulation, every_policy);
}

START_TEST(with_enough_memory_everything_works)
{
    ck_assert_int_eq(quiet_runs(&(ks_simulation){ .runs = 50 }), 0);
    ck_assert(whole);
}
END_TEST

START_TEST(each_alone)
{
    for (uint64_t seed = 1; seed <= 2; seed++) {
        for (uint64_t n = 1; n < SWEEP_MAX; n += SWEEP_STEP) {
            const ks_simulation simulation = {
                .seed = seed, .fail_allocation = n, .may_leave = true, .time_limit = 600000
            };
            ck_assert_msg(quiet_runs(&simulation) == 0, "allocation %llu", (unsigned long long)n);
        }
        ck_assert(whole);
    }
}
END_TEST

START_TEST(by_chance)
{
    static const double chances[] = { 0.005, 0.02, 0.05, 0.1, 0.2 };
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++)
        ck_assert_int_eq(quiet_runs(&(ks_simulation){ .runs = SEEDS,
                             .out_of_memory = chances[i],
                             .may_leave = true,
                             .time_limit = 600000 }),
            0);
}
END_TEST

int main(void)
{
    return run_suite(
        "overload memory", 100, TESTS(with_enough_memory_everything_works, each_alone, by_chance));
}
