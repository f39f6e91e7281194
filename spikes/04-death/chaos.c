/* SPDX-License-Identifier: Apache-2.0 */
/* chaos.c - processes that do anything to each other, at random, and die of it; then nothing may be
 * left. Under the seeded runner: `chaos SEEDS [FIRST [out-of-memory chance]]`. */
#include "desk.h"

#include <kiosk/log.h>
#include <kiosk/test.h>
#include <kiosk/timer.h>
#include <stdlib.h>

enum { PLAYERS = 8, DESKS = 3, MOVES = 30 };
static ks_pid players[PLAYERS], desks[DESKS];

static ks_pid anybody(void)
{
    uint64_t n = ks_random(PLAYERS + DESKS);
    return n < PLAYERS ? players[n] : desks[n - PLAYERS];
}

static ks_pid any_desk(void) { return desks[ks_random(DESKS)]; }

static ks_ms some_time(void) { return (ks_ms)ks_random(30); }

static void play(void *arg);
static void nothing(void *arg) {}
static void hook(void *resource)
{
    ks_int value = 1;
    (void)ks_format("released %d", 1);
    (void)ks_send(anybody(), ks_int, &value);
    if (ks_random(4) == 0) ks_exit_process(anybody(), KS_KILL);
    if (ks_random(4) == 0) ks_exit(ks_error("in a hook"));
}

static void call_somebody(void)
{
    switch (ks_random(7)) {
    case 0: (void)desk_ask(any_desk(), some_time()); break;
    case 1: (void)desk_slow(any_desk(), some_time(), some_time()); break;
    case 2: (void)desk_later(any_desk(), some_time()); break;
    case 3: (void)desk_relay(desks[0], desks[1], some_time()); break;
    case 4: (void)desk_murder(any_desk(), some_time()); break;
    case 5: desk_answer(any_desk()); break;
    default: (void)desk_waiting(any_desk());
    }
}

static void tie_to_somebody(void)
{
    switch (ks_random(6)) {
    case 0: ks_link(anybody()); break;
    case 1: ks_unlink(anybody()); break;
    case 2: (void)ks_monitor(anybody()); break;
    case 3: ks_demonitor(ks_monitor(anybody())); break;
    case 4: (void)ks_own(hook, NULL); break;
    default: ks_unalias(ks_alias());
    }
}

static void start_something(void)
{
    ks_pid pid;
    ks_child row = { KS_START(desk), .name = ks_random(2) ? "one name" : NULL };
    if (ks_random(4) == 0) row.start_timeout = 1;
    switch (ks_random(4)) {
    case 0:
        if (ks_start_link(&row, &pid) == KS_OK) desks[ks_random(DESKS)] = pid;
        break;
    case 1:
        if (ks_start(&row, &pid) == KS_OK) (void)ks_stop_process(pid, KS_SHUTDOWN, some_time());
        break;
    case 2: players[ks_random(PLAYERS)] = ks_spawn_link(play, NULL); break;
    default: ks_spawn_monitor(nothing, NULL, &(ks_ref){ { 0, 0 } });
    }
}

static void hurt_somebody(void)
{
    switch (ks_random(5)) {
    case 0: ks_exit_process(anybody(), KS_KILL); break;
    case 1: ks_exit_process(anybody(), KS_SHUTDOWN); break;
    case 2: desk_crash(any_desk()); break;
    case 3: desk_finish(any_desk()); break;
    default: (void)desk_last_word(any_desk(), some_time());
    }
}

static void talk(void)
{
    ks_int value = 5;
    switch (ks_random(6)) {
    case 0: (void)ks_send(anybody(), ks_int, &value); break;
    case 1: (void)ks_receive(some_time()); break;
    case 2: (void)ks_receive_as(ks_down, some_time()); break;
    case 3: (void)ks_send_after(some_time(), anybody(), ks_int, &value); break;
    case 4: ks_defer(nothing, ks_alloc(ks_random(200))); break;
    default: ks_sleep(some_time());
    }
}

static void play(void *arg)
{
    static void (*const moves[])(void) = { call_somebody, call_somebody, tie_to_somebody, talk,
        talk, hurt_somebody, start_something };
    if (ks_random(2)) (void)ks_trap_exit(true);
    for (int i = 0; i < MOVES; i++) moves[ks_random(sizeof moves / sizeof *moves)]();
}

static void scenario(void)
{
    for (int i = 0; i < DESKS; i++) {
        if (ks_start(KS_CHILD(desk), &desks[i])) desks[i] = (ks_pid){ 0 };
    }
    for (int i = 0; i < PLAYERS; i++) players[i] = ks_spawn(play, NULL);
    ks_sleep(5000);
}

int main(int argc, char **argv)
{
    (void)ks_log_set_level(KS_LOG_CRITICAL);
    ks_simulation simulation = { .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
        .runs = argc > 1 ? atoi(argv[1]) : 100,
        .delay = 0.3,
        .out_of_memory = argc > 3 ? strtod(argv[3], NULL) : 0,
        .may_leave = true };
    return ks_simulate(&simulation, scenario);
}
