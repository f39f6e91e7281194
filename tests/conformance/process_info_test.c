/* SPDX-License-Identifier: Apache-2.0 */
/* process_info_test - cases of process_SUITE: what is read of processes, listings, priorities,
 * suspended processes. */
#include "support/scenario.h"

#include <kiosk/info.h>
#include <kiosk/spawn.h>
#include <stdio.h>
#include <string.h>

static void waits_for_ever(void *arg)
{
    for (;;) ks_receive_as(ks_exited, KS_INFINITY);
}

static void takes_turns(void *arg)
{
    for (;;) ks_yield(); /* until it is killed */
}

static ks_process_snapshot look(ks_pid pid)
{
    ks_process_snapshot info;
    KS_CHECK_OK(ks_process_info(pid, &info));
    return info;
}

static ks_status status_of(ks_pid pid)
{
    ks_process_snapshot info;
    return ks_process_info(pid, &info);
}

/* Waits until pid waits. */
static void until_it_waits(ks_pid pid)
{
    for (int i = 0; i < 1000 && look(pid).state != KS_PROCESS_WAITING; i++) ks_yield();
    KS_CHECK(look(pid).state == KS_PROCESS_WAITING);
}

/* --- items ------------------------------------------------------------------------------------ */
static void t_process_info(void)
{
    ks_process_snapshot info = look(ks_self());
    KS_CHECK(info.name[0] == 0);
    KS_CHECK_OK(ks_register("my_name", ks_self()));
    info = look(ks_self());
    KS_CHECK(strcmp(info.name, "my_name") == 0 && info.state == KS_PROCESS_RUNNING);
    ks_unregister("my_name");
    info = look(ks_self());
    KS_CHECK(info.name[0] == 0 && ks_same_pid(info.pid, ks_self()));
    KS_CHECK(status_of((ks_pid){ .id = UINT64_MAX }) == KS_NOPROC);
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    kill_and_wait(pid);
    KS_CHECK(status_of(pid) == KS_NOPROC);
}

struct same {
    ks_process_snapshot mine;
    bool told;
};

static void looks_at_itself(void *arg)
{
    struct same *same = arg;
    same->mine = look(ks_self());
    same->told = true;
    waits_for_ever(NULL);
}

static bool same_items(const ks_process_snapshot *a, const ks_process_snapshot *b)
{
    return ks_same_pid(a->pid, b->pid) && ks_same_pid(a->parent, b->parent) &&
        strcmp(a->name, b->name) == 0 && strcmp(a->label, b->label) == 0 &&
        a->module == b->module && a->behaviour == b->behaviour &&
        a->traps_exits == b->traps_exits && a->priority == b->priority &&
        a->stack_size == b->stack_size && a->memory_process == b->memory_process;
}

/* What a process sees of itself is what others see of it, however it was started. */
static void same_from_both_sides(const ks_spawn_options *options)
{
    struct same same = { .told = false };
    ks_pid pid;
    KS_CHECK_OK(ks_spawn_with(looks_at_itself, &same, options, &pid));
    while (!same.told) ks_sleep(1);
    ks_process_snapshot info = look(pid);
    KS_CHECK(same_items(&same.mine, &info));
    KS_CHECK(info.priority == options->priority);
    if (options->link) ks_unlink(pid);
    kill_and_wait(pid);
}

static void otp_4725(void)
{
    same_from_both_sides(&(ks_spawn_options){
        .link = true, .priority = KS_PRIORITY_HIGH, .stack_size = 1 << 20, .label = "first" });
    same_from_both_sides(&(ks_spawn_options){ .name = "second" });
}

static void process_info_other(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    until_it_waits(pid);
    ks_process_snapshot info = look(pid);
    KS_CHECK(strcmp(info.module, "process") == 0 && !info.traps_exits);
    KS_CHECK(info.queue_length == 0 && info.stack_used > 0);
    KS_CHECK(info.memory_process > 0 && info.priority == KS_PRIORITY_NORMAL);
    kill_and_wait(pid);
    KS_CHECK(status_of(pid) == KS_NOPROC);
}

/* All items are of one moment. */
static void process_info_2_list(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    until_it_waits(pid);
    for (int i = 0; i < 50; i++) {
        ks_process_snapshot info = look(pid), self = look(ks_self());
        KS_CHECK(info.state == KS_PROCESS_WAITING && info.stack_used > 0);
        KS_CHECK(self.state == KS_PROCESS_RUNNING && self.stack_used > 0);
        KS_CHECK(!info.traps_exits && info.priority == self.priority);
    }
    kill_and_wait(pid);
}

KS_MODULE(smoke, void);
KS_CALL(smoke, fill, ks_pid, void);
struct smoke {
    char *text;
};

static ks_next smoke_init(smoke *self, const ks_none *args)
{
    ks_set_label("smoke");
    ks_trap_exit(true);
    self->text = ks_alloc(100000);
    return ks_ok();
}

static ks_next smoke_handle_fill(smoke *self, const ks_pid *other)
{
    ks_link(*other);
    ks_monitor(*other);
    ks_format("%1000d", 1);
    ks_sleep(1000);
    return ks_reply();
}

KS_GEN_SERVER(smoke, .init = smoke_init, .ops = KS_OPS(smoke, fill));

static void process_info_smoke_all(void)
{
    const ks_child row = { KS_START(smoke), .name = "smoke", .stack_size = 1 << 20 };
    ks_pid pid, other = ks_spawn(waits_for_ever, NULL);
    char text[2000];
    KS_CHECK_OK(ks_start(&row, &pid));
    smoke_fill_request request = smoke_send_fill(pid, &other);
    ks_sleep(10);
    for (int i = 0; i < 100; i++) ks_send(pid, ks_int, &(ks_int){ i });
    ks_process_snapshot info = look(pid);
    KS_CHECK(info.traps_exits && !info.starting && info.queue_length == 100);
    KS_CHECK(info.memory_allocated == 100000 && info.memory_turn >= 1000);
    KS_CHECK(info.memory_state == sizeof(smoke) && info.stack_size == 1 << 20);
    KS_CHECK(strcmp(info.operation, "fill") == 0 && strcmp(info.label, "smoke") == 0);
    KS_CHECK_OK(ks_format_mailbox(pid, text, sizeof text, 1000));
    kill_and_wait(pid);
    kill_and_wait(other);
    KS_CHECK(status_of(pid) == KS_NOPROC);
    KS_CHECK(smoke_receive_fill(request, 10) == KS_NOPROC);
}

static void process_info_parent(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    KS_CHECK(ks_same_pid(look(pid).parent, ks_self()));
    ks_pid first = look(ks_self()).parent;
    KS_CHECK(!ks_is_none(first) && ks_is_none(look(first).parent));
    kill_and_wait(pid);
}

static void process_info_label(void)
{
    ks_pid pid;
    KS_CHECK(look(ks_self()).label[0] == 0);
    ks_set_label("number %d", 1);
    KS_CHECK(strcmp(look(ks_self()).label, "number 1") == 0);
    ks_set_label("%s", "");
    KS_CHECK(look(ks_self()).label[0] == 0);
    KS_CHECK_OK(ks_spawn_with(waits_for_ever, NULL, &(ks_spawn_options){ .label = "other" }, &pid));
    KS_CHECK(strcmp(look(pid).label, "other") == 0);
    kill_and_wait(pid);
}

/* --- states ----------------------------------------------------------------------------------- */
static void process_info_other_status(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL), busy = ks_spawn(takes_turns, NULL);
    until_it_waits(pid);
    KS_CHECK(look(busy).state == KS_PROCESS_RUNNABLE);
    KS_CHECK(look(ks_self()).state == KS_PROCESS_RUNNING);
    KS_CHECK_OK(ks_suspend_process(pid));
    KS_CHECK(look(pid).state == KS_PROCESS_SUSPENDED);
    KS_CHECK_OK(ks_resume_process(pid));
    until_it_waits(pid);
    kill_and_wait(pid);
    kill_and_wait(busy);
}

/* The mailbox is read as well, and still it waits. */
static void process_info_status_handled_signal(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    char text[100];
    until_it_waits(pid);
    for (int i = 0; i < 100; i++) {
        KS_CHECK_OK(ks_format_mailbox(pid, text, sizeof text, 10));
        KS_CHECK(text[0] == 0 && look(pid).state == KS_PROCESS_WAITING);
    }
    kill_and_wait(pid);
    KS_CHECK(!ks_is_alive(pid));
}

/* --- messages --------------------------------------------------------------------------------- */
static int lines_of(const char *text)
{
    int lines = 0;
    for (; *text; text++) lines += *text == '\n';
    return lines;
}

static int messages_of(ks_pid pid)
{
    static char text[100000];
    KS_CHECK_OK(ks_format_mailbox(pid, text, sizeof text, SIZE_MAX));
    return lines_of(text);
}

static void process_info_messages(void)
{
    char text[200], expected[200], self[KS_PID_TEXT_MAX];
    KS_CHECK(messages_of(ks_self()) == 0);
    ks_send(ks_self(), ks_int, &(ks_int){ 1 });
    ks_send(ks_self(), ks_text, &ks_lit("two"));
    ks_pid_text(ks_self(), self, sizeof self);
    KS_CHECK_OK(ks_format_mailbox(ks_self(), text, sizeof text, 10));
    snprintf(expected, sizeof expected, "message 1 from %s\nmessage \"two\" from %s\n", self, self);
    KS_CHECK(strcmp(text, expected) == 0);
    KS_CHECK(ks_receive_as(ks_text, 0) && messages_of(ks_self()) == 1);
    KS_CHECK(ks_receive_as(ks_int, 0) && messages_of(ks_self()) == 0);
}

static void process_info_other_msg(void)
{
    char text[200], expected[200], self[KS_PID_TEXT_MAX];
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    ks_pid_text(ks_self(), self, sizeof self);
    for (ks_int i = 1; i <= 3; i++) ks_send(pid, ks_int, &i);
    ks_send(pid, ks_pid, &pid);
    KS_CHECK(messages_of(pid) == 4);
    KS_CHECK_OK(ks_format_mailbox(pid, text, sizeof text, 2));
    snprintf(expected, sizeof expected, "message 1 from %s\nmessage 2 from %s\n", self, self);
    KS_CHECK(strcmp(text, expected) == 0);
    kill_and_wait(pid);
}

/* What was sent before the question is counted, on its way or not. */
static void process_info_other_message_queue_len_signal_race(void)
{
    ks_pid pid = ks_spawn(waits_for_ever, NULL);
    for (ks_int i = 1; i <= 200; i++) {
        ks_send(pid, ks_int, &i);
        KS_CHECK(look(pid).queue_length == (uint64_t)i);
    }
    kill_and_wait(pid);
}

static void spams(void *arg)
{
    const ks_pid *pid = arg;
    for (int i = 0; i < 300; i++) {
        ks_send(*pid, ks_int, &(ks_int){ i });
        ks_demonitor(ks_monitor(*pid));
        if (i % 10 == 0) ks_yield();
    }
}

static void process_info_self_msgq_len_messages(void)
{
    ks_pid self = ks_self();
    ks_ref monitors[3];
    for (int i = 0; i < 3; i++) ks_spawn_monitor(spams, &self, &monitors[i]);
    for (int i = 0; i < 50; i++) {
        uint64_t before = look(self).queue_length, shown = (uint64_t)messages_of(self);
        KS_CHECK(before <= shown && shown <= look(self).queue_length);
        ks_yield();
    }
    for (int i = 0; i < 3; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    KS_CHECK(look(self).queue_length == 900 && messages_of(self) == 900);
    while (ks_receive_as(ks_int, 0)) {}
}

/* A message to oneself is there at once, among any number of signals. */
static void process_info_self_signal(void)
{
    ks_pid self = ks_self();
    ks_ref monitors[3];
    static char text[100000];
    for (int i = 0; i < 3; i++) ks_spawn_monitor(spams, &self, &monitors[i]);
    for (int i = 0; i < 20; i++) {
        while (ks_receive_as(ks_int, 0)) {}
        ks_send(self, ks_bool, &(ks_bool){ true });
        KS_CHECK_OK(ks_format_mailbox(self, text, sizeof text, SIZE_MAX));
        KS_CHECK(strstr(text, "message true from"));
        KS_CHECK(ks_receive_as(ks_bool, 0));
        ks_yield();
    }
    for (int i = 0; i < 3; i++) end_of(monitors[i]);
    while (ks_receive_as(ks_int, 0)) {}
}

/* --- listings --------------------------------------------------------------------------------- */
enum { LIST_MAX = 1500 };
static ks_pid listed[LIST_MAX];

static void ends_soon(void *arg) { ks_yield(); }

static int times_listed(ks_pid pid, size_t count)
{
    int times = 0;
    for (size_t i = 0; i < count; i++) times += ks_same_pid(listed[i], pid);
    return times;
}

/* Those that live all the while are in each listing, once; the dead ones in none. */
static void listing(int count)
{
    ks_pid *pids = ks_alloc(sizeof *pids * (size_t)count), gone = ks_spawn(waits_for_ever, NULL);
    kill_and_wait(gone);
    for (int i = 0; i < count; i++) pids[i] = ks_spawn(waits_for_ever, NULL);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 20; i++) ks_spawn(ends_soon, NULL);
        if (round % 2) ks_yield();
        size_t seen = ks_processes(listed, LIST_MAX);
        KS_CHECK(seen >= (size_t)count + 2 && seen <= LIST_MAX);
        for (int i = 0; i < count; i += 1 + count / 50) KS_CHECK(times_listed(pids[i], seen) == 1);
        KS_CHECK(times_listed(ks_self(), seen) == 1 && times_listed(gone, seen) == 0);
    }
    for (int i = 0; i < count; i++) ks_exit_process(pids[i], KS_KILL);
    ks_sleep(10);
    KS_CHECK(ks_processes(NULL, 0) == 2);
    ks_free(pids);
}

static void processes_large_tab(void) { listing(1000); }

static void processes_default_tab(void) { listing(200); }

static void processes_small_tab(void) { listing(20); }

static void processes_this_tab(void) { listing(64); }

static void answers(void *arg)
{
    const ks_pid *asker = ks_receive_as(ks_pid, 1000);
    if (asker) ks_send(*asker, ks_bool, &(ks_bool){ true });
}

/* It is listed as soon as it is there, and can be sent to before it has run. */
static void processes_send_infant(void)
{
    ks_pid self = ks_self();
    for (int i = 0; i < 20; i++) {
        ks_pid infant = ks_spawn(answers, NULL);
        size_t seen = ks_processes(listed, LIST_MAX);
        KS_CHECK(times_listed(infant, seen) == 1);
        ks_send(infant, ks_pid, &self);
        KS_CHECK(ks_receive_as(ks_bool, 1000));
    }
}

/* --- priorities ------------------------------------------------------------------------------- */
static void counts(void *arg)
{
    for (int *turns = arg;; ks_yield()) ++*turns; /* until it is killed */
}

static void low_prio(void)
{
    int low = 0, normal = 0;
    ks_pid pids[2];
    KS_CHECK_OK(
        ks_spawn_with(counts, &low, &(ks_spawn_options){ .priority = KS_PRIORITY_LOW }, &pids[0]));
    KS_CHECK_OK(ks_spawn_with(counts, &normal, NULL, &pids[1]));
    for (int i = 0; i < 2000; i++) ks_yield();
    for (int i = 0; i < 2; i++) kill_and_wait(pids[i]);
    KS_CHECK(low < normal && low > normal / 32);
}

KS_MODULE(sayer, void);
KS_CALL(sayer, rest, ks_int, void);
struct sayer {
    int unused;
};

static ks_next sayer_handle_rest(sayer *self, const ks_int *duration)
{
    ks_sleep(*duration);
    return ks_reply();
}

static void sayer_format_status(const sayer *self, char *buffer, size_t size)
{
    snprintf(buffer, size, "well");
}

KS_GEN_SERVER(sayer, .format_status = sayer_format_status, .ops = KS_OPS(sayer, rest));

/* Others of high priority never rest; what is asked of the low one comes back all the same. */
static void no_priority_inversion(void)
{
    ks_pid high[3], low;
    char text[20];
    const ks_child row = { KS_START(sayer), .priority = KS_PRIORITY_LOW };
    ks_set_priority(KS_PRIORITY_HIGH);
    for (int i = 0; i < 3; i++)
        KS_CHECK_OK(ks_spawn_with(
            takes_turns, NULL, &(ks_spawn_options){ .priority = KS_PRIORITY_HIGH }, &high[i]));
    KS_CHECK_OK(ks_start(&row, &low));
    for (int i = 0; i < 5; i++) {
        KS_CHECK_OK(ks_format_status(low, text, sizeof text, KS_INFINITY));
        KS_CHECK(strcmp(text, "well") == 0);
    }
    for (int i = 0; i < 3; i++) kill_and_wait(high[i]);
    kill_and_wait(low);
    ks_set_priority(KS_PRIORITY_NORMAL);
}

/* --- system requests -------------------------------------------------------------------------- */
static void asks(void *arg)
{
    char text[20];
    for (int i = 0; i < 40; i++) {
        KS_CHECK_OK(ks_format_status(*(const ks_pid *)arg, text, sizeof text, KS_INFINITY));
        KS_CHECK(strcmp(text, "well") == 0);
        ks_end_turn();
    }
}

/* From many, of all priorities, while it also works. */
static void system_task_blast(void)
{
    enum { ASKERS = 30 };
    ks_pid pid;
    ks_ref monitors[ASKERS];
    KS_CHECK_OK(ks_start(KS_CHILD(sayer), &pid));
    for (int i = 0; i < ASKERS; i++) {
        const ks_spawn_options options = { .priority = (ks_priority)(i % 3),
            .ret_monitor = &monitors[i] };
        KS_CHECK_OK(ks_spawn_with(asks, &pid, &options, NULL));
    }
    for (int i = 0; i < 20; i++) KS_CHECK_OK(sayer_call_rest(pid, &(ks_int){ 1 }, KS_INFINITY));
    for (int i = 0; i < ASKERS; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    kill_and_wait(pid);
}

static void system_task_on_suspended(void)
{
    ks_ref monitor;
    ks_pid pid = ks_spawn_monitor(takes_turns, NULL, &monitor);
    KS_CHECK_OK(ks_suspend_process(pid));
    for (int i = 0; i < 10; i++) {
        KS_CHECK(look(pid).state == KS_PROCESS_SUSPENDED);
        KS_CHECK(messages_of(pid) == 0);
        ks_yield();
    }
    KS_CHECK_OK(ks_resume_process(pid));
    KS_CHECK(look(pid).state != KS_PROCESS_SUSPENDED);
    kill_and_wait(pid);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

/* --- the length of the queue of who waits for ever -------------------------------------------- */
static void waits(void *arg) { ks_sleep(KS_INFINITY); }

struct two {
    ks_pid tester, other;
};

static void greets_two(void *arg)
{
    const struct two *two = arg;
    ks_send(two->tester, ks_bool, &(ks_bool){ true });
    ks_send(two->other, ks_bool, &(ks_bool){ true });
    waits(NULL);
}

static void process_info_msgq_len_no_very_long_delay(void)
{
    struct two two = { .tester = ks_self(), .other = ks_spawn_link(waits, NULL) };
    ks_trap_exit(true);
    KS_CHECK(look(two.tester).queue_length == 0 && look(two.other).queue_length == 0);
    ks_pid greeter = ks_spawn(greets_two, &two);
    ks_sleep(100);
    KS_CHECK(look(two.tester).queue_length == 1 && look(two.other).queue_length == 1);
    KS_CHECK(ks_receive_as(ks_bool, 0) != NULL);
    KS_CHECK(look(two.tester).queue_length == 0);
    ks_unlink(two.other);
    kill_and_wait(two.other);
    kill_and_wait(greeter);
    KS_CHECK(!ks_is_alive(two.other) && nothing_comes());
}

/* --- a large state, suspended ----------------------------------------------------------------- */
static void holds_much(void *arg)
{
    ks_alloc(4 << 20);
    while (!ks_receive_as(ks_bool, arg ? 1 : KS_INFINITY)) {}
}

static void wakes_when_resumed(bool polls)
{
    ks_ref monitor;
    int flag = 0;
    ks_pid pid = ks_spawn_monitor(holds_much, polls ? &flag : NULL, &monitor);
    ks_sleep(20);
    KS_CHECK_OK(ks_suspend_process(pid));
    if (!polls) ks_send(pid, ks_bool, &(ks_bool){ true });
    ks_sleep(10);
    KS_CHECK(ks_is_alive(pid));
    KS_CHECK_OK(ks_resume_process(pid));
    if (polls) ks_send(pid, ks_bool, &(ks_bool){ true });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
}

static void otp_7738_suspended(void) { wakes_when_resumed(false); }

static void otp_7738_resume(void) { wakes_when_resumed(true); }

int main(int argc, char **argv)
{
    return run_cases("process_SUITE", argc, argv,
        SCENARIOS(SCENARIO(t_process_info), SCENARIO(otp_4725), SCENARIO(process_info_other),
            SCENARIO(process_info_2_list), SCENARIO(process_info_smoke_all),
            SCENARIO(process_info_parent), SCENARIO(process_info_label),
            SCENARIO(process_info_other_status), SCENARIO(process_info_status_handled_signal),
            SCENARIO(process_info_messages), SCENARIO(process_info_other_msg),
            SCENARIO(process_info_other_message_queue_len_signal_race),
            SCENARIO(process_info_self_msgq_len_messages), SCENARIO(process_info_self_signal),
            SCENARIO(process_info_msgq_len_no_very_long_delay), SCENARIO(processes_large_tab),
            SCENARIO(processes_default_tab), SCENARIO(processes_small_tab),
            SCENARIO(processes_this_tab), SCENARIO(processes_send_infant), SCENARIO(low_prio),
            SCENARIO(no_priority_inversion), SCENARIO(system_task_blast),
            SCENARIO(system_task_on_suspended), SCENARIO(otp_7738_suspended),
            SCENARIO(otp_7738_resume)));
}
