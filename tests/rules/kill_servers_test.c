/* SPDX-License-Identifier: Apache-2.0 */
/* kill_servers_test - a kill at every moment of servers that hibernate, time out by name, are being
 * entered or acknowledge late, and of those who wait for many of them. */
#include "support/kill.h"
#include <kiosk/timer.h>

enum { YIELDS = 20, MS = 30, SERVERS = 3 };
static int opened, released;

static void release(void *resource) { released++; }

KS_MODULE(shop, void);
KS_CALL(shop, ask, ks_int, ks_text); /* answered after so many ms */
KS_CALL(shop, set, void, void);
struct shop {
    char *cache;
};

static ks_next shop_handle_ask(shop *self, const ks_int *ms, ks_text *reply)
{
    ks_sleep(*ms);
    *reply = ks_str(ks_format("answer %d", 7));
    return ks_hibernate(ks_reply());
}

static ks_next shop_handle_set(shop *self)
{
    for (int i = 0; i < 4; i++) ks_set_timeout(i, 2 * i);
    return ks_hibernate(ks_reply());
}

static ks_next shop_handle_named_timeout(shop *self, int name)
{
    if (!self->cache) self->cache = ks_alloc(100);
    ks_sleep(2); /* more of them are over meanwhile */
    ks_cancel_timeout(name + 1);
    return ks_hibernate(ks_noreply());
}

static void shop_handle_hibernate(shop *self)
{
    ks_sleep(2);
    ks_free(self->cache);
    self->cache = NULL;
}

KS_GEN_SERVER(shop, .handle_named_timeout = shop_handle_named_timeout,
    .handle_hibernate = shop_handle_hibernate, .hibernate_after = 3, .ops = KS_OPS(shop, ask, set));

KS_MODULE(opening, void);
static void opening_main(const ks_none *args)
{
    shop state = { .cache = ks_alloc(50) };
    opened++;
    ks_own(release, NULL);
    ks_sleep(3);
    shop_enter_loop(&state, ks_hibernate(ks_ok()));
}
KS_PROCESS_ACKS(opening);

static bool starts(ks_pid *ret_pid)
{
    const ks_child row = { KS_START(opening), .name = "shop" };
    ks_status status = ks_start(&row, ret_pid);
    KS_CHECK(status == KS_OK || status == KS_EXITED);
    if (status) KS_CHECK(ks_is_none(ks_whereis("shop")));
    return status == KS_OK;
}

/* By name, so also in the middle of its start. */
static void kill_a_server(struct kill *kill)
{
    ks_pid pid;
    ks_text text;
    kill->name = "shop";
    kill_arm(kill);
    if (starts(&pid)) {
        ks_status status = shop_call_set(pid, 1000);
        KS_CHECK(status == KS_OK || status == KS_NOPROC);
        status = shop_call_ask(pid, &(ks_int){ 3 }, &text, 1000);
        KS_CHECK(status == KS_NOPROC || (!status && ks_text_eq(text, ks_lit("answer 7"))));
        ks_sleep(20);
        kill_and_wait(pid);
    }
    kill_done(kill);
    KS_CHECK(opened == released);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

struct asker {
    ks_pid servers[SERVERS];
    ks_ref end;
    bool may_lose;
};

static void asks(void *arg)
{
    const struct asker *asker = arg;
    ks_text texts[SERVERS];
    ks_status statuses[SERVERS];
    ks_requests all = { 0 };
    ks_any_response response;
    for (uint64_t i = 0; i < SERVERS; i++)
        KS_CHECK_OK(shop_collect_ask(&all, i, asker->servers[i], &(ks_int){ 2 }));
    while (ks_wait_any(&all, &response, 1000) == KS_OK)
        KS_CHECK(response.status == KS_OK || (asker->may_lose && response.status == KS_NOPROC));
    KS_CHECK(all.count == 0);
    size_t good =
        shop_multi_call_ask(asker->servers, SERVERS, &(ks_int){ 2 }, texts, statuses, 1000);
    KS_CHECK(good == SERVERS || (asker->may_lose && good >= SERVERS - 1));
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static void start_all(struct asker *asker, bool may_lose)
{
    asker->may_lose = may_lose;
    for (int i = 0; i < SERVERS; i++) KS_CHECK_OK(ks_start(KS_CHILD(shop), &asker->servers[i]));
}

static void kill_one_of_many(struct kill *kill)
{
    struct asker asker;
    start_all(&asker, true);
    kill->victim = asker.servers[1];
    kill_arm(kill);
    ks_spawn_monitor(asks, &asker, &asker.end);
    KS_CHECK(ended_with(asker.end, KS_REASON_NORMAL));
    kill_done(kill);
    for (int i = 0; i < SERVERS; i++) kill_and_wait(asker.servers[i]);
}

static void kill_who_asks(struct kill *kill)
{
    struct asker asker, other;
    start_all(&asker, false);
    other = asker;
    kill->victim = ks_spawn_monitor(asks, &asker, &asker.end);
    ks_spawn_monitor(asks, &other, &other.end);
    kill_arm(kill);
    ended_or_killed(asker.end);
    KS_CHECK(ended_with(other.end, KS_REASON_NORMAL));
    kill_done(kill);
    for (int i = 0; i < SERVERS; i++) kill_and_wait(asker.servers[i]);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static void a_server_killed(void) { kill_sweep(YIELDS, MS, kill_a_server); }
static void one_of_many_killed(void) { kill_sweep(YIELDS, MS, kill_one_of_many); }
static void who_asks_killed(void) { kill_sweep(YIELDS, MS, kill_who_asks); }

int main(void)
{
    return run_scenarios("kill servers", 5,
        SCENARIOS(
            SCENARIO(a_server_killed), SCENARIO(one_of_many_killed), SCENARIO(who_asks_killed)));
}
