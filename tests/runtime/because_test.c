/* SPDX-License-Identifier: Apache-2.0 */
/* because_test - who ends because a call has failed says which one; of other failures it says
 * nothing. */
#include "support/scenario.h"
#include <kiosk/runtime.h>
#include <string.h>

KS_MODULE(shop, void);
KS_CALL(shop, buy, ks_int, ks_int);
struct shop {
    int unused;
};

static ks_next shop_handle_buy(shop *self, const ks_int *price, ks_int *reply)
{
    if (*price > 100) return ks_fail(KS_FULL);
    *reply = *price;
    return ks_reply();
}

KS_GEN_SERVER(shop, .ops = KS_OPS(shop, buy));

static ks_pid start_shop(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(&(ks_child){ KS_START(shop), .name = "shop" }, &pid));
    return pid;
}

static ks_status buy(ks_pid from, ks_int price)
{
    ks_int paid;
    return shop_call_buy(from, &price, &paid, 1000);
}

static bool says(ks_status status, const char *text)
{
    const char *said = ks_because(status).text;
    return said && strstr(said, text);
}

static bool says_nothing(ks_status status) { return ks_because(status).text == NULL; }

static void it_names_the_latest_call_that_failed(void)
{
    ks_pid pid = start_shop();
    KS_CHECK(says_nothing(KS_NOPROC));
    KS_CHECK(buy(ks_named("nobody"), 1) == KS_NOPROC);
    KS_CHECK(says(KS_NOPROC, "call shop buy to 'nobody' within 1000 ms"));
    KS_CHECK(says_nothing(KS_FULL) && says_nothing(KS_TIMEOUT) && says_nothing(KS_OK));
    KS_CHECK(buy(pid, 101) == KS_FULL);
    char id[KS_PID_TEXT_MAX];
    KS_CHECK(says(KS_FULL, ks_pid_text(pid, id, sizeof id)) && says(KS_FULL, " within 1000 ms"));
    KS_CHECK(says_nothing(KS_NOPROC));
    KS_CHECK_OK(buy(pid, 100)); /* all is well again */
    KS_CHECK(says_nothing(KS_FULL));
    kill_and_wait(pid);
}

static void names_are_told(void)
{
    static char text[300];
    ks_pid pid = start_shop(), first = ks_named("shop");
    memset(text, 'n', sizeof text - 1);
    for (int i = 0; i < 100; i++) /* what is known of names lately is not for ever */
        KS_CHECK(ks_is_none(ks_whereis(text + 2 * i)));
    KS_CHECK(buy(first, 101) == KS_FULL);
    KS_CHECK(says(KS_FULL, "to 'shop' within")); /* it is there, so it is known */
    KS_CHECK(buy(ks_named(text), 1) == KS_NOPROC);
    KS_CHECK(says(KS_NOPROC, "to 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' within"));
    KS_CHECK(buy(ks_sibling("till"), 1) == KS_NOPROC && says(KS_NOPROC, "to 'till'"));
    kill_and_wait(pid);
}

static void a_circle_is_told(void)
{
    KS_CHECK(buy(ks_self(), 1) == KS_CALLING_SELF);
    KS_CHECK(says(KS_CALLING_SELF, ">, which is, or waits for, the caller"));
}

static void it_is_forgotten_with_the_turn(void)
{
    ks_pid pid = start_shop();
    KS_CHECK(buy(pid, 101) == KS_FULL && says(KS_FULL, "buy"));
    ks_end_turn();
    KS_CHECK(says_nothing(KS_FULL));
    kill_and_wait(pid);
}

/* What nobody asks for must not grow. */
static void many_failures_take_one_block(void)
{
    ks_pid pid = start_shop();
    KS_CHECK(buy(pid, 101) == KS_FULL);
    const uint64_t memory = ks_process_memory(ks_self());
    for (int i = 0; i < 1000; i++) KS_CHECK(buy(pid, 101) == KS_FULL);
    KS_CHECK(ks_process_memory(ks_self()) == memory);
    kill_and_wait(pid);
}

/* As servers do it. */
KS_MODULE(client, void);
KS_CAST(client, shopping, void);
KS_CAST(client, failing, void);
struct client {
    ks_int paid;
};

static ks_next client_handle_shopping(client *self)
{
    KS_TRY(shop_call_buy(ks_named("shop"), &(ks_int){ 101 }, &self->paid, 1000));
    return ks_noreply();
}

static ks_next client_handle_failing(client *self)
{
    return ks_fail(shop_call_buy(ks_named("shop"), &(ks_int){ 101 }, &self->paid, 1000));
}

KS_GEN_SERVER(client, .ops = KS_OPS(client, shopping, failing));

static void the_report_and_whoever_watches_hear_it(bool by_try)
{
    ks_pid pid, seller = start_shop();
    ks_ref monitor;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(client), &pid, &monitor));
    KS_CHECK_OK(by_try ? client_cast_shopping(pid) : client_cast_failing(pid));
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 1000));
    KS_CHECK(down && down->reason.code == KS_FULL);
    KS_CHECK(strstr(down->reason.text, "call shop buy to 'shop'") != NULL);
    KS_CHECK(reported("ended: full: call shop buy", "client"));
    kill_and_wait(seller);
}

static void a_try_says_it(void) { the_report_and_whoever_watches_hear_it(true); }

static void a_failure_says_it(void) { the_report_and_whoever_watches_hear_it(false); }

int main(void)
{
    return run_scenarios("because", 50,
        SCENARIOS(SCENARIO(it_names_the_latest_call_that_failed), SCENARIO(names_are_told),
            SCENARIO(a_circle_is_told), SCENARIO(it_is_forgotten_with_the_turn),
            SCENARIO(many_failures_take_one_block), SCENARIO(a_try_says_it),
            SCENARIO(a_failure_says_it)));
}
