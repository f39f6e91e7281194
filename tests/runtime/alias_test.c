/* SPDX-License-Identifier: Apache-2.0 */
/* alias_test - what turns an alias off, and that nothing arrives by it afterwards. */
#include "support/scenario.h"
#include <kiosk/timer.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

static void turns_off(void *arg) { KS_CHECK(!ks_unalias(*(const ks_pid *)arg)); }

static bool arrives(ks_pid alias)
{
    KS_CHECK_OK(ks_send(alias, ks_int, &(ks_int){ 7 }));
    return ks_as(ks_int, ks_receive_ref(ks_alias_ref(alias), 50)) != NULL;
}

static ks_pid watch(ks_alias_mode mode, ks_ref *ret_monitor)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    *ret_monitor = ks_monitor_with(pid, &(ks_monitor_options){ .alias = mode });
    return pid;
}

static void a_reply_alias_takes_one_message(void)
{
    ks_pid alias = ks_reply_alias();
    KS_CHECK(arrives(alias));
    KS_CHECK(!arrives(alias) && !ks_unalias(alias));
    KS_CHECK(nothing_comes());
}

struct sender {
    ks_pid to;
    int count;
};

static void sends_many(void *arg)
{
    const struct sender *sender = arg;
    for (int i = 0; i < sender->count; i++) ks_send(sender->to, ks_int, &(ks_int){ i });
}

/* Many send at once; one message arrives, whatever is under way. */
static void of_many_senders_one_gets_through(void)
{
    enum { SENDERS = 8 };
    struct sender sender = { ks_reply_alias(), 3 };
    ks_ref ends[SENDERS];
    for (int i = 0; i < SENDERS; i++) ks_spawn_monitor(sends_many, &sender, &ends[i]);
    for (int i = 0; i < SENDERS; i++) end_of(ends[i]);
    KS_CHECK(ks_receive_as(ks_int, 0) != NULL);
    KS_CHECK(nothing_comes());
}

/* What was sent before, but comes later, is dropped, too. */
static void what_is_under_way_is_dropped(void)
{
    struct sender sender = { ks_alias(), 20 };
    ks_ref end;
    ks_spawn_monitor(sends_many, &sender, &end);
    for (uint64_t n = ks_random(3); n > 0; n--) ks_yield();
    KS_CHECK(ks_unalias(sender.to));
    KS_CHECK(!ks_unalias(sender.to));
    uint64_t arrived = ks_mailbox_length(ks_self());
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    while (ks_receive_as(ks_int, 0)) arrived--;
    KS_CHECK(arrived == 0 || arrived == 1); /* the DOWN may have been counted */
    KS_CHECK(nothing_comes());
}

static void unalias_leaves_the_monitor(void)
{
    ks_alias_mode modes[] = { KS_ALIAS_EXPLICIT_UNALIAS, KS_ALIAS_DEMONITOR,
        KS_ALIAS_REPLY_DEMONITOR };
    for (int i = 0; i < 3; i++) {
        ks_ref monitor;
        ks_pid pid = watch(modes[i], &monitor);
        KS_CHECK(ks_unalias(ks_monitor_alias(monitor)));
        KS_CHECK(!arrives(ks_monitor_alias(monitor)));
        ks_exit_process(pid, KS_KILL);
        KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
        KS_CHECK(!arrives(ks_monitor_alias(monitor)));
    }
    KS_CHECK(nothing_comes());
}

struct answer {
    ks_pid to;
    bool dies_first;
};

static void answers_and_ends(void *arg)
{
    const struct answer *answer = arg;
    if (!answer->dies_first) ks_send(answer->to, ks_int, &(ks_int){ 1 });
    ks_exit(ks_because(KS_USER + 2));
}

/* The answer, or the DOWN; never both. */
static void of_an_answer_and_a_down_one_comes(void)
{
    for (int i = 0; i < 4; i++) {
        struct answer answer = { .dies_first = i % 2 };
        ks_pid pid = ks_spawn(answers_and_ends, &answer);
        ks_ref monitor = ks_monitor_with(
            pid, &(ks_monitor_options){ .alias = KS_ALIAS_REPLY_DEMONITOR, .tag = 5 });
        answer.to = ks_monitor_alias(monitor);
        const ks_msg *msg = ks_receive_ref(monitor, 1000);
        if (ks_as(ks_down, msg))
            KS_CHECK(ks_as(ks_down, msg)->tag == 5);
        else
            KS_CHECK(ks_as(ks_int, msg) && !answer.dies_first);
        KS_CHECK(!ks_demonitor(monitor));
        KS_CHECK(!arrives(answer.to));
    }
    KS_CHECK(nothing_comes());
}

static void others_cannot_turn_it_off(void)
{
    ks_ref end, monitor;
    ks_pid alias = ks_alias();
    ks_spawn_monitor(turns_off, &alias, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    KS_CHECK(!ks_unalias((ks_pid){ .id = alias.id + 1, .kind = alias.kind }));
    KS_CHECK(!ks_unalias(ks_self()));
    KS_CHECK(arrives(alias));
    ks_pid pid = watch(KS_ALIAS_NONE, &monitor);
    KS_CHECK(!arrives(ks_monitor_alias(monitor)));
    KS_CHECK(!ks_unalias(ks_monitor_alias(monitor)));
    KS_CHECK(ks_demonitor(monitor));
    kill_and_wait(pid);
}

static void timers_go_through_it(void)
{
    ks_pid alias = ks_reply_alias();
    ks_ref first = ks_send_after(10, alias, ks_int, &(ks_int){ 1 });
    ks_send_after(20, alias, ks_int, &(ks_int){ 2 });
    const ks_msg *msg = ks_receive_ref(first, 100);
    KS_CHECK(ks_as(ks_int, msg) && *ks_as(ks_int, msg) == 1);
    KS_CHECK(nothing_comes());
}

KS_MODULE(echo, void);
KS_CALL(echo, say, ks_int, ks_int);
KS_CAST(echo, tell, ks_ref);
struct echo {
    ks_pid alias;
};
static ks_next echo_handle_say(echo *self, const ks_int *request, ks_int *reply)
{
    *reply = *request;
    return ks_reply();
}
static ks_next echo_handle_tell(echo *self, const ks_ref *request)
{
    self->alias = ks_reply_alias();
    ks_send((ks_pid){ .id = request->id[1] }, ks_pid, &self->alias);
    return ks_noreply();
}
KS_GEN_SERVER(echo, .ops = KS_OPS(echo, say, tell));

/* Of a server; requests by it that come too late are answered. */
static void calls_and_requests_use_it_up(void)
{
    ks_pid server;
    ks_int reply;
    ks_ref me = { { 0, ks_self().id } };
    KS_CHECK_OK(ks_start(KS_CHILD(echo), &server));
    KS_CHECK_OK(echo_cast_tell(server, &me));
    ks_pid alias = *ks_receive_as(ks_pid, 1000);
    KS_CHECK_OK(echo_call_say(alias, &(ks_int){ 3 }, &reply, 1000));
    KS_CHECK(echo_call_say(alias, &(ks_int){ 3 }, &reply, 1000) == KS_NOPROC);
    KS_CHECK_OK(echo_cast_tell(server, &me));
    alias = *ks_receive_as(ks_pid, 1000);
    echo_say_request first = echo_send_say(alias, &(ks_int){ 4 });
    echo_say_request second = echo_send_say(alias, &(ks_int){ 5 });
    KS_CHECK(echo_wait_say(second, &reply, 1000) == KS_NOPROC);
    KS_CHECK_OK(echo_wait_say(first, &reply, 1000));
    KS_CHECK(reply == 4);
    kill_and_wait(server);
}

/* Nothing of the aliases and monitors of a process is left when it ends. */
static void owns_all_kinds(void *arg)
{
    for (int i = 0; i < 3; i++) {
        ks_alias();
        ks_reply_alias();
        for (int mode = KS_ALIAS_NONE; mode <= KS_ALIAS_REPLY_DEMONITOR; mode++) {
            ks_monitor_options options = { .alias = (ks_alias_mode)mode, .tag = 1 };
            ks_monitor_with(*(const ks_pid *)arg, &options);
            ks_unalias(ks_monitor_alias(ks_monitor_with(*(const ks_pid *)arg, &options)));
        }
    }
}

static void all_goes_with_its_process(void)
{
    ks_ref end;
    size_t count;
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    ks_spawn_monitor(owns_all_kinds, &pid, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    KS_CHECK_OK(ks_monitored_by(pid, NULL, 0, &count));
    KS_CHECK(count == 0);
    kill_and_wait(pid);
}

int main(void)
{
    return run_scenarios("aliases", 100,
        SCENARIOS(SCENARIO(a_reply_alias_takes_one_message),
            SCENARIO(of_many_senders_one_gets_through), SCENARIO(what_is_under_way_is_dropped),
            SCENARIO(unalias_leaves_the_monitor), SCENARIO(of_an_answer_and_a_down_one_comes),
            SCENARIO(others_cannot_turn_it_off), SCENARIO(timers_go_through_it),
            SCENARIO(calls_and_requests_use_it_up), SCENARIO(all_goes_with_its_process)));
}
