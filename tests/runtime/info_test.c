/* SPDX-License-Identifier: Apache-2.0 */
/* info_test - what can be read of a process without its doing, in each of its states. */
#include "support/scenario.h"

#include <kiosk/info.h>
#include <kiosk/spawn.h>
#include <stdio.h>
#include <string.h>

typedef struct login {
    const char *user, *password;
} login;
KS_TYPE(login, user, (secret, password));

KS_MODULE(desk, void);
KS_CALL(desk, serve, ks_int, ks_int);
KS_CALL(desk, ask, ks_pid, ks_int);
KS_CALL(desk, rest, void, ks_int);
KS_CAST(desk, log_in, login);
struct desk {
    char room[1000];
};

static ks_next desk_init(desk *self, const ks_none *args)
{
    ks_set_label("desk %d", 7);
    ks_alloc(5000);
    return ks_ok();
}

static ks_next desk_handle_serve(desk *self, const ks_int *duration, ks_int *reply)
{
    ks_format("%300d", 1);
    ks_sleep(*duration);
    *reply = 0;
    return ks_reply();
}

static ks_next desk_handle_ask(desk *self, const ks_pid *other, ks_int *reply)
{
    ks_status status = desk_call_serve(*other, &(ks_int){ 100 }, reply, 400);
    return status ? ks_fail(status) : ks_reply();
}

static ks_next desk_handle_rest(desk *self, ks_int *reply)
{
    *reply = 0;
    return ks_after(ks_reply(), 1000);
}

static ks_next desk_handle_timeout(desk *self) { return ks_noreply(); }

static ks_next desk_handle_log_in(desk *self, const login *who)
{
    ks_sleep(100);
    return ks_noreply();
}

KS_GEN_SERVER(desk, .init = desk_init, .handle_timeout = desk_handle_timeout,
    .ops = KS_OPS(desk, serve, ask, rest, log_in));

static ks_pid start_desk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(desk), &pid));
    return pid;
}

static ks_process_snapshot look(ks_pid pid)
{
    ks_process_snapshot info;
    memset(&info, 0xff, sizeof info);
    KS_CHECK_OK(ks_process_info(pid, &info));
    return info;
}

static void an_idle_server_is_seen(void)
{
    ks_pid pid = start_desk();
    KS_CHECK_OK(ks_register("front", pid));
    ks_process_snapshot info = look(ks_named("front"));
    KS_CHECK(ks_same_pid(info.pid, pid) && ks_same_pid(info.parent, ks_self()));
    KS_CHECK(strcmp(info.name, "front") == 0 && strcmp(info.label, "desk 7") == 0);
    KS_CHECK(strcmp(info.module, "desk") == 0 && strcmp(info.behaviour, "gen_server") == 0);
    KS_CHECK(info.state == KS_PROCESS_WAITING && info.waits_for == KS_WAITS_FOR_MESSAGE);
    KS_CHECK(info.wait_left == KS_INFINITY && info.waited == -1);
    KS_CHECK(!info.operation && !info.message_type && ks_is_none(info.caller));
    KS_CHECK(ks_is_none(info.calls) && info.deadline_left == KS_INFINITY);
    KS_CHECK(info.stack_used == 0 && info.queue_length == 0);
    KS_CHECK(info.memory_process >= 256 && info.memory_state == sizeof(desk));
    KS_CHECK(info.memory_allocated == 5000 && info.memory_turn == 0);
    KS_CHECK(info.priority == KS_PRIORITY_NORMAL && !info.traps_exits && !info.starting);
    kill_and_wait(pid);
}

static void a_server_in_a_handler_is_seen(void)
{
    ks_pid pid = start_desk();
    ks_int reply;
    desk_serve_request request = desk_send_serve(pid, &(ks_int){ 100 });
    ks_sleep(20);
    KS_CHECK_OK(desk_cast_log_in(pid, &(login){ "ann", "hunter2" }));
    ks_process_snapshot info = look(pid);
    KS_CHECK(info.state == KS_PROCESS_WAITING && info.waits_for == KS_WAITS_FOR_TIME);
    KS_CHECK(info.wait_left > 0 && info.wait_left <= 100 && info.waited >= 0);
    KS_CHECK(info.waited + info.wait_left == 100);
    KS_CHECK(strcmp(info.operation, "serve") == 0 && strcmp(info.message_type, "ks_int") == 0);
    KS_CHECK(ks_same_pid(info.caller, ks_self()) && info.deadline_left == KS_INFINITY);
    KS_CHECK(info.stack_used > 0 && info.stack_used < info.stack_size);
    KS_CHECK(info.queue_length == 1 && info.memory_turn >= 300 && info.memory_allocated == 5000);
    KS_CHECK_OK(desk_receive_serve(request, &reply, 1000));
    kill_and_wait(pid);
}

static void asks(void *arg)
{
    ks_int reply;
    const ks_pid *pids = arg;
    KS_CHECK_OK(desk_call_ask(pids[0], &pids[1], &reply, 300));
}

/* The asker waits 300 ms for the first, which may wait no longer for the second. */
static void a_chain_of_calls_is_seen(void)
{
    ks_pid pids[2] = { start_desk(), start_desk() };
    ks_ref monitor;
    ks_pid asker = ks_spawn_monitor(asks, pids, &monitor);
    ks_sleep(50);
    ks_process_snapshot info = look(asker);
    KS_CHECK(info.waits_for == KS_WAITS_FOR_REPLY && ks_same_pid(info.calls, pids[0]));
    KS_CHECK(strcmp(info.module, "process") == 0);
    info = look(pids[0]);
    KS_CHECK(info.waits_for == KS_WAITS_FOR_REPLY && ks_same_pid(info.calls, pids[1]));
    KS_CHECK(ks_same_pid(info.caller, asker) && strcmp(info.operation, "ask") == 0);
    KS_CHECK(info.deadline_left > 200 && info.deadline_left <= 300);
    KS_CHECK(info.wait_left <= info.deadline_left + 1);
    info = look(pids[1]);
    KS_CHECK(ks_same_pid(info.caller, pids[0]) && info.waits_for == KS_WAITS_FOR_TIME);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(ks_is_none(look(pids[0]).calls));
    kill_and_wait(pids[0]);
    kill_and_wait(pids[1]);
}

static void an_idle_timeout_is_seen(void)
{
    ks_pid pid = start_desk();
    ks_int reply;
    KS_CHECK_OK(desk_call_rest(pid, &reply, 1000));
    ks_sleep(400);
    ks_process_snapshot info = look(pid);
    KS_CHECK(info.state == KS_PROCESS_WAITING && info.waits_for == KS_WAITS_FOR_MESSAGE);
    KS_CHECK(info.wait_left > 500 && info.wait_left <= 601 && info.waited >= 399);
    ks_sleep(1000);
    KS_CHECK(look(pid).wait_left == KS_INFINITY);
    kill_and_wait(pid);
}

static void spins(void *arg)
{
    while (!*(bool *)arg) ks_yield();
}

static void who_runs_and_who_could_is_seen(void)
{
    bool done = false;
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(spins, &done, &monitor);
    KS_CHECK(look(pid).state == KS_PROCESS_RUNNABLE);
    ks_yield();
    KS_CHECK(look(pid).state == KS_PROCESS_RUNNABLE);
    ks_process_snapshot info = look(ks_self());
    KS_CHECK(info.state == KS_PROCESS_RUNNING && info.stack_used > 0);
    KS_CHECK(info.stack_used < info.stack_size && !info.traps_exits);
    ks_trap_exit(true);
    KS_CHECK(look(ks_self()).traps_exits);
    done = true;
    end_of(monitor);
    ks_process_snapshot after;
    KS_CHECK(ks_process_info(pid, &after) == KS_NOPROC);
    KS_CHECK(ks_process_info((ks_pid){ 0 }, &after) == KS_NOPROC);
    KS_CHECK(ks_process_info(ks_named("nobody"), &after) == KS_NOPROC);
}

static ks_process_snapshot at_the_end;
static void looks_at_itself(void *resource)
{
    enum { MAX = 8 };
    ks_pid pids[MAX];
    KS_CHECK_OK(ks_process_info(ks_self(), &at_the_end));
    size_t count = ks_processes(pids, MAX);
    KS_CHECK(count == 2); /* the scenario, and who watches over it */
    for (size_t i = 0; i < count; i++) KS_CHECK(!ks_same_pid(pids[i], ks_self()));
}

static void is_released(void *arg) { ks_own(looks_at_itself, NULL); }

static void one_that_ends_is_seen_as_such(void)
{
    ks_ref monitor;
    ks_spawn_monitor(is_released, NULL, &monitor);
    end_of(monitor);
    KS_CHECK(at_the_end.state == KS_PROCESS_EXITING);
}

/* --- all of them ------------------------------------------------------------------------------ */
static bool is_in(ks_pid pid, const ks_pid *pids, size_t count)
{
    int found = 0;
    for (size_t i = 0; i < count; i++) found += ks_same_pid(pids[i], pid);
    KS_CHECK(found <= 1);
    return found == 1;
}

static void waits(void *arg) { ks_receive_as(ks_exited, KS_INFINITY); }

static void all_processes_are_listed_once(void)
{
    enum { COUNT = 50 };
    ks_pid pids[COUNT], seen[COUNT + 10];
    size_t before = ks_processes(NULL, 0);
    for (int i = 0; i < COUNT; i++) pids[i] = ks_spawn(waits, NULL);
    KS_CHECK(ks_processes(seen, 3) == before + COUNT);
    size_t count = ks_processes(seen, COUNT + 10);
    KS_CHECK(count == before + COUNT && is_in(ks_self(), seen, count));
    for (int i = 0; i < COUNT; i++) KS_CHECK(is_in(pids[i], seen, count));
    for (int i = 0; i < COUNT; i += 2) kill_and_wait(pids[i]);
    count = ks_processes(seen, COUNT + 10);
    KS_CHECK(count == before + COUNT / 2);
    for (int i = 0; i < COUNT; i++) KS_CHECK(is_in(pids[i], seen, count) == (i % 2 == 1));
    for (int i = 1; i < COUNT; i += 2) kill_and_wait(pids[i]);
}

/* --- texts ------------------------------------------------------------------------------------ */
static void a_pid_has_a_text(void)
{
    char text[KS_PID_TEXT_MAX], expected[KS_PID_TEXT_MAX], printed[KS_PID_TEXT_MAX], small[4];
    ks_pid self = ks_self(), alias = ks_alias(), name = ks_named("x");
    snprintf(expected, sizeof expected, "<0.%u.%u>", (unsigned)self.id, (unsigned)(self.id >> 32));
    KS_CHECK(strcmp(ks_pid_text(self, text, sizeof text), expected) == 0);
    ks_print_(&ks_pid_type, &self, printed, sizeof printed);
    KS_CHECK(strcmp(printed, text) == 0);
    KS_CHECK(strcmp(ks_pid_text(self, small, sizeof small), "<0.") == 0);
    KS_CHECK(strcmp(ks_pid_text((ks_pid){ 0 }, text, sizeof text), "none") == 0);
    KS_CHECK(strncmp(ks_pid_text(alias, text, sizeof text), "#alias(", 7) == 0);
    KS_CHECK(strncmp(ks_pid_text(name, text, sizeof text), "#name(", 6) == 0);
    ks_unalias(alias);
}

static void a_mailbox_is_shown_in_order_without_secrets(void)
{
    char text[1000], expected[300], self[KS_PID_TEXT_MAX], small[20];
    ks_pid pid = start_desk();
    desk_serve_request first = desk_send_serve(pid, &(ks_int){ 1000 });
    ks_sleep(10);
    ks_send(pid, ks_int, &(ks_int){ 5 });
    KS_CHECK_OK(desk_cast_log_in(pid, &(login){ "ann", "hunter2" }));
    desk_serve_request third = desk_send_serve(pid, &(ks_int){ 3 });
    ks_ask_to_stop(pid, KS_SHUTDOWN);
    ks_pid_text(ks_self(), self, sizeof self);
    KS_CHECK_OK(ks_format_mailbox(pid, text, sizeof text, 3));
    snprintf(expected, sizeof expected,
        "message 5 from %s\ncast log_in login{user: \"ann\", password: ***} from %s\n"
        "call serve 3 from %s\n",
        self, self, self);
    KS_CHECK(strcmp(text, expected) == 0);
    KS_CHECK_OK(ks_format_mailbox(pid, text, sizeof text, 100));
    KS_CHECK(strstr(text, "\nstop shutdown from <") && !strstr(text, "hunter2"));
    KS_CHECK_OK(ks_format_mailbox(pid, small, sizeof small, 100));
    KS_CHECK(strncmp(small, text, sizeof small - 1) == 0 && strlen(small) == sizeof small - 1);
    KS_CHECK_OK(ks_format_mailbox(pid, NULL, 0, 100));
    KS_CHECK_OK(ks_format_mailbox(ks_self(), text, sizeof text, 100));
    KS_CHECK(strcmp(text, "") == 0);
    kill_and_wait(pid);
    KS_CHECK(ks_format_mailbox(pid, text, sizeof text, 1) == KS_NOPROC);
    ks_abandon(first.raw);
    ks_abandon(third.raw);
}

/* A program that was built with a shorter snapshot. */
static void a_shorter_snapshot_is_filled(void)
{
    ks_process_snapshot info = { .priority = KS_PRIORITY_HIGH };
    KS_CHECK_OK(ks_process_info_(ks_self(), &info, offsetof(ks_process_snapshot, priority)));
    KS_CHECK(info.priority == KS_PRIORITY_HIGH && ks_same_pid(info.pid, ks_self()));
}

int main(void)
{
    ks_process_snapshot info;
    if (ks_process_info((ks_pid){ .id = 1 }, &info) != KS_DENIED) return 1;
    return run_scenarios("info", 100,
        SCENARIOS(SCENARIO(an_idle_server_is_seen), SCENARIO(a_server_in_a_handler_is_seen),
            SCENARIO(a_chain_of_calls_is_seen), SCENARIO(an_idle_timeout_is_seen),
            SCENARIO(who_runs_and_who_could_is_seen), SCENARIO(one_that_ends_is_seen_as_such),
            SCENARIO(all_processes_are_listed_once), SCENARIO(a_pid_has_a_text),
            SCENARIO(a_mailbox_is_shown_in_order_without_secrets),
            SCENARIO(a_shorter_snapshot_is_filled)));
}
