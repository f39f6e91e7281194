/* SPDX-License-Identifier: Apache-2.0 */
/* death.c - processes that die in every kind of wait: what is released, who hears, what is left.
 *
 *     death           in the real runtime
 *     death SEEDS     under the seeded runner, that many seeds for each scenario */
#include "desk.h"
#include "harness.h"

#include "runtime/scheduler.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 500, CLIENTS = 3 };

static ks_pid new_desk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(desk), &pid));
    return pid;
}

static ks_reason_kind wait_for(ks_ref monitor)
{
    const ks_msg *msg = ks_receive_ref(monitor, 10000);
    KS_CHECK(msg != NULL);
    return ks_as(ks_down, msg)->reason.kind;
}

static void kill_and_wait(ks_pid pid)
{
    ks_ref monitor = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    (void)wait_for(monitor);
}

/* --- a victim with three hooks, blocked in each kind of wait ---------------------------------- */
enum wait_kind { IN_CALL, IN_QUEUED_CALL, IN_DEFERRED, IN_RECEIVE, IN_SLEEP, IN_WAIT_FD, IN_YIELD };
static struct victim {
    enum wait_kind kind;
    ks_pid server;
    int descriptor;
    uintptr_t frame; /* of the victim's function */
    int released, order[3], denied, elsewhere;
} victim;

/* Blocks nowhere: every blocking call says so, or returns at once. */
static void try_to_block(void)
{
    ks_pid pid;
    victim.denied += desk_ask(victim.server, 1000) == KS_DENIED;
    victim.denied += ks_start(KS_CHILD(desk), &pid) == KS_DENIED;
    victim.denied += ks_stop_process(victim.server, KS_NORMAL, 1000) == KS_DENIED;
    victim.denied += ks_wait_fd(0, KS_READABLE, 1000) == KS_DENIED;
    victim.denied += ks_receive_as(ks_int, 1000) == NULL;
    ks_sleep(1000);
    ks_yield();
}

static void release(void *resource)
{
    enum { NEAR = 64 * 1024 };
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    uintptr_t distance = frame > victim.frame ? frame - victim.frame : victim.frame - frame;
    victim.elsewhere += distance > NEAR;
    int number = (int)(intptr_t)resource;
    victim.order[victim.released++] = number;
    try_to_block();
    if (number == 2) ks_exit(ks_error("a hook that ends"));
}

static void block(void)
{
    ks_int value = 0;
    switch (victim.kind) {
    case IN_CALL:
    case IN_QUEUED_CALL: (void)desk_slow(victim.server, 100, KS_INFINITY); break;
    case IN_DEFERRED: (void)desk_later(victim.server, 5000); break;
    case IN_RECEIVE: (void)ks_receive(5000); break;
    case IN_SLEEP: ks_sleep(5000); break;
    case IN_WAIT_FD: value = ks_wait_fd(victim.descriptor, KS_READABLE, 5000); break;
    case IN_YIELD:
        for (;;) ks_yield(); /* until it is killed; virtual time would stand still */
    }
    (void)value;
}

static void be_victim(void *arg)
{
    char text[2000];
    memset(text, 'x', sizeof text);
    victim.frame = (uintptr_t)__builtin_frame_address(0);
    for (intptr_t i = 1; i <= 3; i++) (void)ks_own(release, (void *)i);
    memset(ks_alloc(300), 1, 300);
    (void)ks_format("%.100s", text);
    block();
    abort();
}

static void be_slow_client(void *arg) { (void)desk_slow(victim.server, 50, KS_INFINITY); }

static void kill_blocked(enum wait_kind kind)
{
    int pipe_ends[2] = { -1, -1 };
    ks_ref monitor;
    victim = (struct victim){ .kind = kind, .server = new_desk() };
    if (kind == IN_WAIT_FD) KS_CHECK(pipe(pipe_ends) == 0);
    victim.descriptor = pipe_ends[0];
    if (kind == IN_QUEUED_CALL) ks_spawn(be_slow_client, NULL);
    ks_sleep(1);
    ks_pid pid = ks_spawn_monitor(be_victim, NULL, &monitor);
    ks_sleep(3);
    ks_exit_process(pid, KS_KILL);
    KS_CHECK(wait_for(monitor) == KS_REASON_KILLED);
    KS_CHECK(victim.released == 3);
    for (int i = 0; i < 3; i++) KS_CHECK(victim.order[i] == 3 - i);
    KS_CHECK(victim.denied == 3 * 5);
    KS_CHECK(
        victim.elsewhere >= 2); /* after the hook that ends, the dropped stack serves the loop */
    KS_CHECK(desk_waiting(victim.server) == 0);
    kill_and_wait(victim.server);
    if (kind == IN_WAIT_FD) KS_CHECK(close(pipe_ends[0]) == 0 && close(pipe_ends[1]) == 0);
}

static void blocked_in_call(void) { kill_blocked(IN_CALL); }
static void blocked_in_queued_call(void) { kill_blocked(IN_QUEUED_CALL); }
static void blocked_in_deferred_call(void) { kill_blocked(IN_DEFERRED); }
static void blocked_in_receive(void) { kill_blocked(IN_RECEIVE); }
static void blocked_in_sleep(void) { kill_blocked(IN_SLEEP); }
static void blocked_in_wait_fd(void) { kill_blocked(IN_WAIT_FD); }
static void runnable_on_its_stack(void) { kill_blocked(IN_YIELD); }

/* --- dropped stacks are used again ------------------------------------------------------------ */
static void sleep_long(void *arg)
{
    char page[5000];
    memset(page, 1, sizeof page);
    ks_sleep(page[4000] * 60000);
}

static void stacks_are_used_again(void)
{
    const struct ksi_stacks *stacks = &ksi_this_scheduler->stacks;
    size_t before = 0;
    for (int i = 0; i < MANY; i++) {
        ks_pid pid = ks_spawn(sleep_long, NULL);
        ks_sleep(1);
        kill_and_wait(pid);
        if (i == 0) before = stacks->count;
        ks_end_turn();
    }
    KS_CHECK(stacks->count <= before + 2);
}

/* --- a reply in flight, a start in flight, a process that never ran --------------------------- */
static void ask_for_ever(void *arg)
{
    const ks_pid *server = arg;
    for (;;) { /* until it is killed */
        (void)desk_ask(*server, KS_INFINITY);
        ks_yield();
    }
}

static void reply_in_flight(void)
{
    ks_pid server = new_desk();
    for (int i = 0; i < 50; i++) {
        ks_ref monitor;
        ks_pid pid = ks_spawn_monitor(ask_for_ever, &server, &monitor);
        for (uint64_t n = ks_random(8); n > 0; n--) ks_yield();
        ks_exit_process(pid, KS_KILL);
        KS_CHECK(wait_for(monitor) == KS_REASON_KILLED);
        KS_CHECK_OK(desk_ask(server, KS_INFINITY));
    }
    kill_and_wait(server);
}

static int ran;
static void say_that_it_ran(void *arg) { ran++; }

static void before_the_first_run(void)
{
    ks_ref monitor;
    ran = 0;
    ks_pid pid = ks_spawn_monitor(say_that_it_ran, NULL, &monitor);
    ks_exit_process(pid, KS_KILL);
    ks_reason_kind kind = wait_for(monitor);
    KS_CHECK(kind == (ran ? KS_REASON_NORMAL : KS_REASON_KILLED));
    KS_CHECK(ran == 0 || ks_simulation_seed()); /* the runner may let it go first */
}

/* --- a caller dies while the answer is deferred; a caller is killed by whom it calls ---------- */
static void ask_later(void *arg)
{
    const ks_pid *server = arg;
    (void)desk_later(*server, KS_INFINITY);
}

static void caller_of_a_deferred_reply(void)
{
    ks_pid server = new_desk(), clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) clients[i] = ks_spawn(ask_later, &server);
    ks_sleep(5);
    KS_CHECK(desk_waiting(server) == CLIENTS);
    kill_and_wait(clients[1]);
    KS_CHECK(desk_waiting(server) == CLIENTS - 1);
    ks_ref monitors[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) monitors[i] = ks_monitor(clients[i]);
    desk_answer(server);
    KS_CHECK(wait_for(monitors[0]) == KS_REASON_NORMAL);
    KS_CHECK(wait_for(monitors[1]) == KS_REASON_STATUS);
    KS_CHECK(wait_for(monitors[2]) == KS_REASON_NORMAL);
    kill_and_wait(server);
}

static void ask_to_be_killed(void *arg) { (void)desk_murder(*(const ks_pid *)arg, KS_INFINITY); }
static void ask_for_the_end(void *arg) { (void)desk_last_word(*(const ks_pid *)arg, KS_INFINITY); }

static void killed_by_the_server(void)
{
    ks_pid server = new_desk();
    ks_ref monitor;
    for (int i = 0; i < 20; i++) {
        ks_spawn_monitor(ask_to_be_killed, &server, &monitor);
        KS_CHECK(wait_for(monitor) == KS_REASON_KILLED);
    }
    ks_spawn_monitor(ask_for_the_end, &server, &monitor);
    KS_CHECK(wait_for(monitor) == KS_REASON_KILLED);
    KS_CHECK(!ks_is_alive(server));
}

/* --- a server dies with queued, current and deferred requests --------------------------------- */
static struct {
    ks_pid server;
    int noproc, other;
    bool linked;
} asked;

static void count(ks_status status)
{
    if (status == KS_NOPROC)
        asked.noproc++;
    else
        asked.other++;
}

static void ask_deferred(void *arg)
{
    if (asked.linked) ks_link(asked.server);
    count(desk_later(asked.server, KS_INFINITY));
}

static void ask_slowly(void *arg)
{
    if (asked.linked) ks_link(asked.server);
    count(desk_slow(asked.server, 50, 10000));
}

/* The first of ask_slowly is the current request, the others are queued. */
static void die_with_requests(void (*end)(ks_pid pid), bool linked)
{
    ks_ref monitors[2 * CLIENTS];
    asked.server = new_desk();
    asked.noproc = asked.other = 0;
    asked.linked = linked;
    for (int i = 0; i < CLIENTS; i++) ks_spawn_monitor(ask_deferred, NULL, &monitors[i]);
    ks_sleep(5);
    for (int i = 0; i < CLIENTS; i++) ks_spawn_monitor(ask_slowly, NULL, &monitors[CLIENTS + i]);
    ks_sleep(5);
    end(asked.server);
    for (int i = 0; i < 2 * CLIENTS; i++) (void)wait_for(monitors[i]);
}

static void server_is_killed(void)
{
    die_with_requests(kill_and_wait, false);
    KS_CHECK(asked.noproc == 2 * CLIENTS && asked.other == 0);
}

static void server_crashes(void)
{
    die_with_requests(desk_crash, false);
    KS_CHECK(asked.noproc == CLIENTS && asked.other == CLIENTS); /* queued before it: served */
}

static void server_and_linked_clients(void)
{
    die_with_requests(kill_and_wait, true);
    KS_CHECK(asked.noproc + asked.other == 0);
    die_with_requests(desk_finish, true);
    KS_CHECK(asked.noproc == CLIENTS);
}

static void call_relay(void *arg)
{
    count(desk_relay(asked.server, *(const ks_pid *)arg, KS_INFINITY));
}

static void server_blocked_in_a_call(void)
{
    ks_pid behind = new_desk();
    ks_ref monitor;
    asked.server = new_desk();
    asked.noproc = asked.other = 0;
    ks_spawn_monitor(call_relay, &behind, &monitor);
    ks_sleep(5);
    KS_CHECK(desk_waiting(behind) == 1);
    kill_and_wait(asked.server);
    (void)wait_for(monitor);
    KS_CHECK(asked.noproc == 1);
    KS_CHECK(desk_waiting(behind) == 0);
    kill_and_wait(behind);
}

static const struct scenario list[] = {
    { .name = "blocked in a call", .run = blocked_in_call },
    { .name = "blocked in a queued call", .run = blocked_in_queued_call },
    { .name = "blocked in a deferred call", .run = blocked_in_deferred_call },
    { .name = "blocked in receive", .run = blocked_in_receive },
    { .name = "blocked in sleep", .run = blocked_in_sleep },
    { .name = "blocked in ks_wait_fd", .run = blocked_in_wait_fd, .needs_io = true },
    { .name = "runnable on its stack", .run = runnable_on_its_stack, .needs_io = true },
    { .name = "stacks are used again", .run = stacks_are_used_again },
    { .name = "reply in flight", .run = reply_in_flight, .delay = 0.8 },
    { .name = "before the first run", .run = before_the_first_run },
    { .name = "caller of a deferred reply", .run = caller_of_a_deferred_reply },
    { .name = "killed by the server", .run = killed_by_the_server },
    { .name = "server is killed", .run = server_is_killed },
    { .name = "server crashes", .run = server_crashes },
    { .name = "server and linked clients", .run = server_and_linked_clients },
    { .name = "server blocked in a call", .run = server_blocked_in_a_call },
};

int main(int argc, char **argv)
{
    int seeds = argc > 1 ? atoi(argv[1]) : 0;
    return run_scenarios(list, sizeof list / sizeof *list, seeds);
}
