/* SPDX-License-Identifier: Apache-2.0 */
/* overload_test - a full mailbox refuses calls, casts and messages, and says so; signals,
 * replies and system messages pass. The limit is soft: what is under way does not count yet. */
#include "support/scenario.h"

#include <kiosk/timer.h>

KS_MODULE(small, void);
KS_CALL(small, count, void, ks_int);
KS_CALL(small, ask_back, ks_pid, ks_int);
KS_CAST(small, work, ks_int);
struct small {
    int64_t handled;
};

static ks_next small_handle_count(small *self, ks_int *reply)
{
    *reply = self->handled;
    return ks_reply();
}

/* While its own mailbox is full, the reply to its own call still comes. */
static ks_next small_handle_ask_back(small *self, const ks_pid *other, ks_int *reply)
{
    return ks_fail(small_call_count(*other, reply, 1000));
}

static ks_next small_handle_work(small *self, const ks_int *duration)
{
    self->handled++;
    ks_sleep(*duration);
    return ks_noreply();
}

static void small_format_status(const small *self, char *buffer, size_t size)
{
    if (size > 2) buffer[0] = 'o', buffer[1] = 'k', buffer[2] = 0;
}

KS_GEN_SERVER(
    small, .format_status = small_format_status, .ops = KS_OPS(small, count, ask_back, work));

enum { LIMIT = 5 };

static ks_pid start_small(ks_ref *ret_monitor)
{
    ks_pid pid;
    const ks_child row = { KS_START(small), .mailbox_max = LIMIT };
    KS_CHECK_OK(ks_start_monitor(&row, &pid, ret_monitor));
    return pid;
}

/* Busy for a second, and full behind it. */
static int fill(ks_pid server)
{
    int accepted = 0;
    KS_CHECK_OK(small_cast_work(server, &(ks_int){ 1000 }));
    ks_sleep(1);
    for (int i = 0; i < 20; i++) {
        accepted += small_cast_work(server, &(ks_int){ 0 }) == KS_OK;
        ks_sleep(i % 2); /* so that what was held back arrives */
    }
    KS_CHECK(accepted >= LIMIT && accepted <= LIMIT + 2);
    return accepted;
}

static void a_full_mailbox_refuses_everybody(void)
{
    ks_ref monitor;
    ks_int count;
    ks_pid server = start_small(&monitor);
    int accepted = fill(server);
    ks_ms start = ks_now();
    KS_CHECK(small_call_count(server, &count, KS_INFINITY) == KS_OVERLOAD);
    KS_CHECK(small_cast_work(server, &(ks_int){ 0 }) == KS_OVERLOAD);
    KS_CHECK(ks_send(server, ks_int, &(ks_int){ 0 }) == KS_OVERLOAD);
    KS_CHECK(ks_now() == start);
    ks_sleep(2000);
    KS_CHECK_OK(small_call_count(server, &count, 1000));
    KS_CHECK(count == accepted + 1);
    kill_and_wait(server);
    end_of(monitor);
}

static void system_messages_and_signals_pass(void)
{
    ks_ref monitor;
    char status[8];
    ks_pid server = start_small(&monitor);
    fill(server);
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 2000));
    KS_CHECK(status[0] == 'o');
    fill(server);
    KS_CHECK_OK(ks_stop_process(server, KS_SHUTDOWN, 5000));
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    server = start_small(&monitor);
    fill(server);
    kill_and_wait(server);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

static void the_reply_to_its_own_call_passes(void)
{
    ks_ref monitors[2];
    ks_int count = -1;
    ks_pid first = start_small(&monitors[0]), second = start_small(&monitors[1]);
    KS_CHECK_OK(small_cast_work(second, &(ks_int){ 500 })); /* keeps the answer back */
    ks_sleep(1);
    ks_pid full = first;
    KS_CHECK(small_call_ask_back(full, &second, &count, 100) == KS_TIMEOUT);
    int accepted = 0;
    for (int i = 0; i < 20; i++) {
        accepted += small_cast_work(full, &(ks_int){ 0 }) == KS_OK;
        ks_sleep(1);
    }
    KS_CHECK(accepted >= LIMIT);
    ks_sleep(1000);
    KS_CHECK_OK(small_call_count(full, &count, 1000));
    KS_CHECK(count == accepted);
    for (int i = 0; i < 2; i++) kill_and_wait(i ? second : first), end_of(monitors[i]);
}

static void a_timer_to_a_full_mailbox_is_dropped(void)
{
    ks_ref monitor;
    ks_int count;
    ks_pid server = start_small(&monitor);
    int accepted = fill(server);
    small_cast_after_work(1, server, &(ks_int){ 0 });
    ks_sleep(3000);
    KS_CHECK_OK(small_call_count(server, &count, 1000));
    KS_CHECK(count == accepted + 1);
    kill_and_wait(server);
    end_of(monitor);
}

int main(void)
{
    return run_scenarios("overload", 50,
        SCENARIOS(SCENARIO(a_full_mailbox_refuses_everybody),
            SCENARIO(system_messages_and_signals_pass), SCENARIO(the_reply_to_its_own_call_passes),
            SCENARIO(a_timer_to_a_full_mailbox_is_dropped)));
}
