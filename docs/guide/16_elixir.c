/* SPDX-License-Identifier: Apache-2.0 */
/* 16_elixir.c - From Elixir to C
 *
 * The words are OTP's. Who knows `GenServer` will read a server of kiosk at once. This is a stack
 * in Elixir:
 *
 * ```elixir defmodule Stack do use GenServer def start_link(items), do:
 * GenServer.start_link(__MODULE__, items, name: :stack) def push(item), do: GenServer.cast(:stack,
 * {:push, item}) def pop(), do: GenServer.call(:stack, :pop)
 *
 *   def init(items), do: {:ok, items} def handle_cast({:push, item}, items), do: {:noreply, [item
 *   | items]} def handle_call(:pop, _from, []), do: {:stop, :empty, []} def handle_call(:pop,
 *   _from, [item | items]), do: {:reply, item, items} end ```
 *
 * and here it is in C. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

enum { STACK_MAX = 100 };
typedef struct stack_args {
    int64_t items[STACK_MAX];
    int32_t count;
} stack_args;
KS_TYPE(stack_args, (array, items), count);
KS_MODULE(stack, stack_args);
KS_CAST(stack, push, ks_int);
KS_CALL(stack, pop, void, ks_int);
struct stack {
    int64_t items[STACK_MAX];
    int count;
};

static ks_next stack_init(stack *self, const stack_args *args)
{
    if (args->count > STACK_MAX) return ks_fail(KS_BADARG);
    for (self->count = 0; self->count < args->count; self->count++)
        self->items[self->count] = args->items[self->count];
    return ks_ok();
}
static ks_next stack_handle_push(stack *self, const ks_int *item)
{
    if (self->count == STACK_MAX) return ks_stop(ks_error("full"));
    self->items[self->count++] = *item;
    return ks_noreply();
}
static ks_next stack_handle_pop(stack *self, ks_int *reply)
{
    if (self->count == 0) return ks_stop(ks_error("empty"));
    *reply = self->items[--self->count];
    return ks_reply();
}
KS_GEN_SERVER(stack, .init = stack_init, .ops = KS_OPS(stack, push, pop));

/* What is longer in C is memory: there is no list that grows by itself. What is shorter: the client
 * functions are made by the rows, and the compiler checks them.
 *
 * ## Task.async, and a pipeline of requests
 *
 * `Task.async` and `Task.await` are a process that is monitored, and a message. Mostly one wants
 * something else: several calls at the same time, which needs no process. */
static int64_t pop(ks_status *ret_status)
{
    ks_int item = 0;
    *ret_status = stack_call_pop(ks_named("stack"), &item, KS_DEFAULT_TIMEOUT);
    return item;
}

KS_MODULE(user, void);
static void user_main(const ks_none *args)
{
    ks_int three = 3, item;
    ks_status status;
    stack_cast_push(ks_named("stack"), &three);
    printf("%" PRId64 "\n", pop(&status)); //=> 3

    stack_pop_request first = stack_send_pop(ks_named("stack"));  /* GenServer.send_request */
    stack_pop_request second = stack_send_pop(ks_named("stack")); /* :gen_server.send_request */
    if (stack_receive_pop(first, &item, 5000) == KS_OK) printf("%" PRId64 "\n", item);  //=> 2
    if (stack_receive_pop(second, &item, 5000) == KS_OK) printf("%" PRId64 "\n", item); //=> 1

    pop(&status); /* empty: it stops, its caller gets noproc, its supervisor starts it again */
    printf("%s\n", ks_status_text(status)); //=> noproc
    while (ks_is_none(ks_whereis("stack"))) ks_sleep(1);
    printf("%" PRId64 "\n", pop(&status)); //=> 2
}
KS_PROCESS(user);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(stack, .items = { 1, 2 }, .count = 2), .name = "stack" },
        { KS_START(user), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## Servers
 *
 * | Elixir | C |
 * |---|---|
 * | `use GenServer` | `KS_MODULE(stack, stack_args)`, `KS_GEN_SERVER(stack, ...)` |
 * | `init/1`: `{:ok, state}` | `stack_init`: fill in `*self`, `return ks_ok()` |
 * | `{:ok, state, {:continue, x}}` | `ks_continue(ks_ok(), X)` |
 * | `:ignore`, `{:stop, reason}` | `ks_ignore()`, `ks_stop(reason)` |
 * | `{:error, reason}` | `ks_fail(status)` |
 * | `handle_call(:pop, from, state)` | `KS_CALL(stack, pop, void, ks_int)`, `stack_handle_pop` |
 * | `{:reply, item, state}` | `*reply = item; return ks_reply();` |
 * | `{:noreply, state}` | `ks_noreply()` |
 * | `{:noreply, state, 5000}` | `ks_after(ks_noreply(), 5000)` |
 * | `{:reply, x, state, :hibernate}` | `ks_hibernate(ks_reply())` |
 * | `{:stop, reason, reply, state}` | `ks_reply_stop(reason)` |
 * | `from`, `GenServer.reply(from, x)` | `stack_from_pop()`, `stack_reply_pop(from, &x)` |
 * | `handle_cast` | `KS_CAST`, `stack_handle_push` |
 * | `handle_info(:tick, state)` | `KS_INFO(stack, tick, tick)`; all others: `.handle_info` |
 * | `handle_continue`, `terminate` | `.handle_continue`, `.terminate` |
 * | `format_status` | `.format_status` |
 * | `GenServer.call(s, :pop, 1000)` | `stack_call_pop(s, &item, 1000)`: a status, no exit |
 * | a call that exits its caller | `KS_TRY(stack_call_pop(...))` |
 * | `GenServer.multi_call` | `stack_multi_call_pop` |
 * | `:gen_server.send_request`, `wait_response` | `stack_send_pop`, `stack_wait_pop` |
 * | `GenServer.stop(s)` | `ks_stop_process(s, KS_NORMAL, timeout)` |
 *
 * ## Processes
 *
 * | Elixir | C |
 * |---|---|
 * | `spawn(fn -> ... end)` | `ks_spawn(function, arg)` |
 * | `spawn_link`, `spawn_monitor` | `ks_spawn_link`, `ks_spawn_monitor` |
 * | `self()` | `ks_self()` |
 * | `send(pid, {:tick, 1})` | `ks_send(pid, tick, &(tick){ .n = 1 })` |
 * | `receive do ... after 1000 -> ... end` | `ks_receive(1000)`, then `ks_as(tick, msg)` |
 * | `receive do {:tick, n} -> ... end` | `ks_receive_as(tick, timeout)` |
 * | `Process.monitor`, `Process.demonitor(ref, [:flush])` | `ks_monitor`, `ks_demonitor` |
 * | `Process.link`, `Process.unlink` | `ks_link`, `ks_unlink` |
 * | `Process.flag(:trap_exit, true)` | `ks_trap_exit(true)` |
 * | `Process.exit(pid, :kill)` | `ks_exit_process(pid, KS_KILL)` |
 * | `exit(reason)` | `ks_exit(reason)` |
 * | `Process.register`, `Process.whereis` | `ks_register`, `ks_whereis`; `ks_named("stack")` |
 * | `Process.send_after` | `ks_send_after`, `stack_cast_after_push` |
 * | `Process.cancel_timer` | `ks_cancel` |
 * | `:timer.send_interval` | `ks_send_every`, `stack_cast_every_push` |
 * | `Process.info(pid)` | `ks_process_info` |
 * | `make_ref`, aliases | `ks_alias`, `ks_reply_alias` |
 *
 * ## Supervisors
 *
 * | Elixir | C |
 * |---|---|
 * | `strategy: :one_for_one` | `.strategy = KS_ONE_FOR_ONE` in `KS_SUPERVISOR` |
 * | `{Stack, [1, 2]}`, `name: :stack` | `{ KS_START(stack, .items = { 1, 2 }), .name = "stack" }` |
 * | `restart: :transient`, `shutdown: 10_000` | `.restart = KS_TRANSIENT`, `.shutdown = 10000` |
 * | `max_restarts`, `max_seconds` | the same |
 * | `DynamicSupervisor.start_child` | `.strategy = KS_DYNAMIC`, `ks_start_child` |
 * | `Supervisor.which_children` | `ks_which_children`; as text: `ks_format_tree` |
 * | `significant: true`, `auto_shutdown` | `.significant`, `.auto_shutdown` |
 * | `Application.start`, `System.stop` | `ks_main`, `ks_stop_program` |
 *
 * ## What is different
 *
 * - A failed call is a status. `KS_TRY` makes it an end, where Elixir does so by itself.
 * - Names are C strings, and pids that stand for a name can be kept: `ks_named`.
 * - Atoms, tuples and maps are enums, structs and what you choose. A message has a type; nobody
 *   gets one that it did not declare.
 * - `raise` has no counterpart: an error is returned, or the process ends.
 * - The state is changed in place. A handler that fails half-way ends the process, so no
 *   half-changed state is ever used again.
 * - Restarts may wait (`.backoff`), mailboxes have limits, and deadlines travel with calls. OTP
 *   leaves these to you.
 * - Not there: code loading, ETS, distribution, `gen_statem`, applications with their
 *   configuration. */
