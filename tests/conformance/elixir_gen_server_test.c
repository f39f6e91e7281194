/* SPDX-License-Identifier: Apache-2.0 */
/* elixir_gen_server_test - cases of Elixir's GenServerTest, on the same stack of items. */
#include "support/scenario.h"
#include <stdio.h>
#include <string.h>

enum { ITEMS = 8 };
KS_MODULE(stack, ks_int); /* the first item */
KS_CALL(stack, pop, void, ks_int);
KS_CALL(stack, stop, void, void);
KS_CALL(stack, never, void, void);
KS_CAST(stack, push, ks_int);
struct stack {
    ks_int items[ITEMS];
    int count;
};

static ks_next stack_init(stack *self, const ks_int *first)
{
    self->items[self->count++] = *first;
    return ks_ok();
}

static ks_next stack_handle_pop(stack *self, ks_int *reply)
{
    if (!self->count) return ks_fail(KS_EMPTY);
    *reply = self->items[--self->count];
    return ks_reply();
}

static ks_next stack_handle_never(stack *self)
{
    (void)stack_from_never();
    return ks_noreply();
}

static ks_next stack_handle_stop(stack *self) { return ks_reply_stop(KS_NORMAL); }

static ks_next stack_handle_push(stack *self, const ks_int *item)
{
    if (self->count < ITEMS) self->items[self->count++] = *item;
    return ks_noreply();
}

KS_GEN_SERVER(stack, .init = stack_init, .ops = KS_OPS(stack, pop, stop, never, push));

static ks_child row(const char *name)
{
    static const ks_int hello = 1;
    return (ks_child){ KS_START_WITH(stack, &hello), .name = name };
}

static ks_int pop(ks_pid from)
{
    ks_int item;
    KS_CHECK_OK(stack_call_pop(from, &item, 1000));
    return item;
}

static void start_link_call_and_cast(void)
{
    const ks_child how = row(NULL);
    ks_pid pid;
    ks_trap_exit(true);
    KS_CHECK_OK(ks_start_link(&how, &pid));
    KS_CHECK(pop(pid) == 1);
    KS_CHECK_OK(stack_cast_push(pid, &(ks_int){ 2 }));
    KS_CHECK(pop(pid) == 2);
    KS_CHECK_OK(stack_call_stop(pid, 1000));
    KS_CHECK(exit_came(pid, KS_REASON_NORMAL, 1000)); /* it was linked */
}

static void start_is_not_linked(void)
{
    const ks_child how = row(NULL);
    ks_pid pid;
    ks_trap_exit(true);
    KS_CHECK_OK(ks_start(&how, &pid));
    KS_CHECK_OK(stack_call_stop(pid, 1000));
    KS_CHECK(nothing_comes());
}

static void local_name(void)
{
    const ks_child how = row("my_gen_server_name"), empty = row("");
    ks_pid pid, holder = { 0 };
    KS_CHECK(ks_start_link(&empty, &pid) == KS_BADARG);
    KS_CHECK_OK(ks_start_link(&how, &pid));
    KS_CHECK(ks_start_link(&how, &holder) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(holder, pid));
    KS_CHECK(pop(ks_named("my_gen_server_name")) == 1);
    KS_CHECK_OK(ks_stop_process(ks_named("my_gen_server_name"), KS_NORMAL, 1000));
}

/* Names of another type do not compile. */
static void wrong_names(void)
{
    char longer[300];
    memset(longer, 'n', sizeof longer);
    longer[256] = 0;
    const ks_child with_longer = row(longer), empty = row("");
    KS_CHECK(ks_start_link(&with_longer, NULL) == KS_BADARG);
    KS_CHECK(ks_start_link(&empty, NULL) == KS_BADARG);
    KS_CHECK(nothing_comes());
    longer[255] = 0;
    ks_pid pid;
    KS_CHECK_OK(ks_start_link(&with_longer, &pid));
    KS_CHECK_OK(ks_stop_process(ks_named(longer), KS_NORMAL, 1000));
}

static void abcast(void)
{
    const ks_child how = row("abcast");
    ks_pid pid;
    KS_CHECK_OK(ks_start_link(&how, &pid));
    const ks_pid all[] = { ks_named("abcast"), ks_named("foo@bar") };
    KS_CHECK(stack_abcast_push(all, 1, &(ks_int){ 2 }) == 1 && pop(pid) == 2);
    KS_CHECK(stack_abcast_push(all, 2, &(ks_int){ 3 }) == 2 && pop(pid) == 3);
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
}

static void multi_call(void)
{
    const ks_child how = row("multi_call");
    ks_int items[2] = { 0, -1 };
    ks_status statuses[2];
    ks_pid pid;
    KS_CHECK_OK(ks_start_link(&how, &pid));
    KS_CHECK_OK(stack_cast_push(pid, &(ks_int){ 2 }));
    const ks_pid all[] = { ks_named("multi_call"), ks_named("foo@bar") };
    KS_CHECK(stack_multi_call_pop(all, 1, items, statuses, 1000) == 1 && items[0] == 2);
    KS_CHECK(stack_multi_call_pop(all, 2, items, statuses, 1000) == 1 && items[0] == 1);
    KS_CHECK(statuses[0] == KS_OK && statuses[1] == KS_NOPROC && items[1] == -1);
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
}

/* Who ends because a call has failed tells all who watch which call that was. */
struct failing {
    ks_pid to;
    ks_ms timeout;
    bool never, registers;
};

static void calls(void *arg)
{
    const struct failing *failing = arg;
    ks_int item;
    if (failing->registers) KS_CHECK_OK(ks_register("self", ks_self()));
    ks_pid to = failing->registers && ks_is_none(failing->to) ? ks_self() : failing->to;
    ks_status status = failing->never ? stack_call_never(to, failing->timeout)
                                      : stack_call_pop(to, &item, failing->timeout);
    ks_exit(ks_because(status));
}

/* who: whom the text names; NULL: the caller itself. */
static bool exit_says(struct failing failing, ks_status status, const char *who)
{
    ks_ref monitor;
    char text[KS_PID_TEXT_MAX], more[40] = "";
    ks_spawn_monitor(calls, &failing, &monitor);
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 60000));
    if (!who) who = ks_pid_text(down->pid, text, sizeof text);
    if (status == KS_CALLING_SELF)
        snprintf(more, sizeof more, ", which is, or waits for, the caller");
    else if (failing.timeout < KS_INFINITY)
        snprintf(more, sizeof more, " within %d ms", (int)failing.timeout);
    const char *expected =
        ks_format("call stack %s to %s%s", failing.never ? "never" : "pop", who, more);
    return down->reason.kind == KS_REASON_STATUS && down->reason.code == status &&
        down->reason.text && strcmp(down->reason.text, expected) == 0;
}

static void exit_messages(void)
{
    const ks_child how = row(NULL);
    ks_pid pid, stopped;
    char running[KS_PID_TEXT_MAX], gone[KS_PID_TEXT_MAX];
    KS_CHECK_OK(ks_start(&how, &pid));
    KS_CHECK_OK(ks_start(&how, &stopped));
    KS_CHECK_OK(ks_stop_process(stopped, KS_NORMAL, 1000));
    const struct failing itself = { .timeout = 5000, .registers = true },
                         by_name = { .to = ks_named("self"), .timeout = 5000, .registers = true },
                         late = { .to = pid, .timeout = 1, .never = true },
                         to_none = { .timeout = 5000 },
                         to_stopped = { .to = stopped, .timeout = KS_INFINITY };
    ks_pid_text(pid, running, sizeof running);
    ks_pid_text(stopped, gone, sizeof gone);
    KS_CHECK(exit_says(by_name, KS_CALLING_SELF, "'self'"));
    KS_CHECK(exit_says(itself, KS_CALLING_SELF, NULL));
    KS_CHECK(exit_says(late, KS_TIMEOUT, running));
    KS_CHECK(exit_says(to_none, KS_NOPROC, "none"));
    KS_CHECK(exit_says(to_stopped, KS_NOPROC, gone));
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
}

static void nil_name(void)
{
    const ks_child how = row(NULL);
    ks_pid one, two;
    KS_CHECK_OK(ks_start(&how, &one));
    KS_CHECK_OK(ks_start(&how, &two)); /* no name is nobody's */
    KS_CHECK_OK(ks_stop_process(one, KS_NORMAL, 1000));
    KS_CHECK_OK(ks_stop_process(two, KS_NORMAL, 1000));
}

static void whereis(void)
{
    const ks_child how = row("whereis_server");
    ks_pid pid;
    KS_CHECK_OK(ks_start_link(&how, &pid));
    KS_CHECK(ks_same_pid(ks_whereis("whereis_server"), pid));
    KS_CHECK(ks_is_none(ks_whereis("unknown")));
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
    KS_CHECK(ks_is_none(ks_whereis("whereis_server")));
}

static void stop(void)
{
    const ks_child how = row("stopped");
    ks_pid pid;
    KS_CHECK_OK(ks_start(&how, &pid));
    KS_CHECK_OK(ks_stop_process(pid, KS_NORMAL, 1000));
    KS_CHECK(ks_stop_process(pid, KS_NORMAL, 1000) == KS_NOPROC);
    KS_CHECK(ks_stop_process(ks_named("stopped"), KS_NORMAL, 1000) == KS_NOPROC);
    KS_CHECK_OK(ks_start(&how, &pid));
    KS_CHECK_OK(ks_stop_process(ks_named("stopped"), KS_SHUTDOWN, 1000));
    KS_CHECK(!ks_is_alive(pid));
}

int main(int argc, char **argv)
{
    return run_cases("Elixir GenServerTest", argc, argv,
        SCENARIOS(NAMED("start_link/2, call/2 and cast/2", start_link_call_and_cast),
            NAMED("start/2", start_is_not_linked), NAMED("start_link/3 with local", local_name),
            NAMED("call/3 exit messages", exit_messages), NAMED("start_link/3", wrong_names),
            NAMED("abcast/3", abcast), NAMED("multi_call/4", multi_call),
            NAMED("nil name", nil_name), NAMED("whereis/1", whereis), NAMED("stop/3", stop)));
}
