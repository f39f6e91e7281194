/* SPDX-License-Identifier: Apache-2.0 */
/* receive_test - taking messages in order, by type, by ref, by a predicate; time-outs; end of a
 * turn. */
#include "support/scenario.h"

#include <kiosk/timer.h>

#include <string.h>

typedef struct note {
    int64_t number;
    ks_text text;
} note;
KS_TYPE(note, number, text);

static void post(int64_t number, const char *text)
{
    KS_CHECK_OK(ks_send(ks_self(), note, &(note){ .number = number, .text = ks_str(text) }));
}

static bool is_number(const ks_msg *msg, void *arg)
{
    const note *got = ks_as(note, msg);
    return got && got->number == *(const int64_t *)arg;
}

static void each_form_leaves_the_rest_in_order(void)
{
    post(1, "a");
    ks_send(ks_self(), ks_int, &(ks_int){ 2 });
    post(3, "c");
    ks_ref timer = ks_send_after(5, ks_self(), note, &(note){ .number = 4 });
    ks_sleep(10);
    post(5, "e");
    KS_CHECK(ks_as(note, ks_receive_if(is_number, &(int64_t){ 3 }, 0))->number == 3);
    KS_CHECK(ks_as(note, ks_receive_ref(timer, 0))->number == 4);
    KS_CHECK(ks_receive_ref(timer, 0) == NULL);
    KS_CHECK(*ks_receive_as(ks_int, 0) == 2);
    KS_CHECK(ks_receive_as(ks_int, 0) == NULL);
    KS_CHECK(ks_receive_if(is_number, &(int64_t){ 9 }, 0) == NULL);
    KS_CHECK(ks_mailbox_length(ks_self()) == 2);
    KS_CHECK(ks_as(note, ks_receive(0))->number == 1);
    KS_CHECK(ks_as(note, ks_receive(0))->number == 5);
    KS_CHECK(ks_receive(0) == NULL);
}

static void selective_forms_add_to_what_is_readable(void)
{
    for (int64_t i = 0; i < 20; i++) post(i, ks_format("text %d", (int)i));
    const note *all[20];
    for (int64_t i = 19; i >= 0; i--) {
        const ks_msg *msg = ks_receive_if(is_number, &i, 0);
        KS_CHECK(msg != NULL);
        all[i] = ks_as(note, msg);
    }
    for (int i = 0; i < 20; i++) {
        KS_CHECK(all[i]->number == i);
        KS_CHECK(strcmp(all[i]->text.ptr, ks_format("text %d", i)) == 0);
    }
    ks_end_turn();
}

static void a_time_out_is_exact_and_zero_polls(void)
{
    static const ks_ms times[] = { -5, 0, 1, 10, 1000 };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ks_ms start = ks_now(), expected = times[i] > 0 ? times[i] : 0;
        KS_CHECK(ks_receive(times[i]) == NULL && ks_now() == start + expected);
        KS_CHECK(ks_receive_as(note, times[i]) == NULL && ks_now() == start + 2 * expected);
    }
    KS_CHECK(ks_receive_ref((ks_ref){ { 0, 0 } }, 100) == NULL);
}

static void sends_others(void *arg)
{
    for (int i = 0; i < 20; i++) {
        ks_send(ks_parent(), ks_int, &(ks_int){ i });
        ks_sleep(10);
    }
}

/* What does not fit does not start the time anew. */
static void other_messages_do_not_prolong_a_time_out(void)
{
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(sends_others, NULL, &monitor);
    ks_ms start = ks_now();
    KS_CHECK(ks_receive_as(note, 55) == NULL);
    KS_CHECK(ks_now() == start + 55);
    end_of(monitor);
    KS_CHECK(ks_mailbox_length(ks_self()) == 20);
    for (int i = 0; i < 20; i++) KS_CHECK(*ks_receive_as(ks_int, 0) == i);
    KS_CHECK(!ks_is_alive(pid));
}

static void answers_soon(void *arg)
{
    ks_sleep(*(const ks_ms *)arg);
    ks_send(ks_parent(), note, &(note){ .number = 1 });
}

/* A message that comes at the last moment is taken, now or by the next receive: never lost. */
static void a_message_at_the_last_moment_is_not_lost(void)
{
    for (ks_ms delay = 8; delay <= 12; delay++) {
        ks_spawn(answers_soon, &delay);
        const note *got = ks_receive_as(note, 10);
        if (delay < 10) KS_CHECK(got != NULL);
        if (delay > 10) KS_CHECK(got == NULL);
        if (!got) KS_CHECK(ks_receive_as(note, 10) != NULL);
        KS_CHECK(ks_receive(0) == NULL);
    }
}

static void a_ref_is_of_one_monitor(void)
{
    ks_ref monitors[3];
    for (int i = 0; i < 3; i++) monitors[i] = ks_monitor(ks_named("nobody"));
    for (int i = 2; i >= 0; i--) {
        const ks_msg *msg = ks_receive_ref(monitors[i], 1000);
        KS_CHECK(msg && ks_same_ref(ks_as(ks_down, msg)->ref, monitors[i]));
    }
    KS_CHECK(nothing_comes());
}

/* --- requests in the mailbox of a plain process ----------------------------------------------- */
KS_MODULE(shop, void);
KS_CALL(shop, buy, ks_int, ks_int);
KS_CAST(shop, shut, void);
struct shop {
    int unused;
};
static ks_next shop_handle_buy(shop *self, const ks_int *what, ks_int *reply) { return ks_reply(); }
static ks_next shop_handle_shut(shop *self) { return ks_noreply(); }
KS_GEN_SERVER(shop, .ops = KS_OPS(shop, buy, shut));

static void receives_late(void *arg)
{
    ks_sleep(50);
    const note *got = ks_receive_as(note, 1000);
    KS_CHECK(got && got->number == 7);
    ks_sleep(1000);
}

static void a_plain_process_serves_no_operation(void)
{
    forget_reports();
    ks_pid pid = ks_spawn(receives_late, NULL);
    ks_int reply;
    KS_CHECK_OK(shop_cast_shut(pid));
    ks_ms start = ks_now();
    KS_CHECK(shop_call_buy(pid, &(ks_int){ 1 }, &reply, KS_INFINITY) == KS_UNDEF);
    KS_CHECK(ks_now() - start >= 50 && ks_now() - start < 100);
    KS_CHECK(reported("shut", "plain process"));
    ks_send(pid, note, &(note){ .number = 7 });
    ks_sleep(10);
    KS_CHECK(
        shop_call_buy(pid, &(ks_int){ 1 }, &reply, 100) == KS_TIMEOUT); /* it receives no more */
    kill_and_wait(pid);
}

KS_MODULE(other, void);
KS_CALL(other, ask, void, ks_int);
struct other {
    int unused;
};
static ks_next other_handle_ask(other *self, ks_int *reply) { return ks_reply(); }
KS_GEN_SERVER(other, .ops = KS_OPS(other, ask));

static void an_operation_of_another_module_is_undefined(void)
{
    ks_pid server;
    ks_int reply;
    forget_reports();
    KS_CHECK_OK(ks_start(KS_CHILD(shop), &server));
    KS_CHECK(other_call_ask(server, &reply, 1000) == KS_UNDEF);
    KS_CHECK_OK(shop_call_buy(server, &(ks_int){ 1 }, &reply, 1000));
    kill_and_wait(server);
}

int main(void)
{
    return run_scenarios("receive", 50,
        SCENARIOS(SCENARIO(each_form_leaves_the_rest_in_order),
            SCENARIO(selective_forms_add_to_what_is_readable),
            SCENARIO(a_time_out_is_exact_and_zero_polls),
            SCENARIO(other_messages_do_not_prolong_a_time_out),
            SCENARIO(a_message_at_the_last_moment_is_not_lost), SCENARIO(a_ref_is_of_one_monitor),
            SCENARIO(a_plain_process_serves_no_operation),
            SCENARIO(an_operation_of_another_module_is_undefined)));
}
