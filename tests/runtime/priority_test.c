/* SPDX-License-Identifier: Apache-2.0 */
/* priority_test - high before normal before low, and nobody starves; calls between them; without a
 * simulator, too, where calls are handed over. */
#include "support/scenario.h"

#include <kiosk/info.h>
#include <kiosk/spawn.h>
#include <stdio.h>
#include <string.h>

/* --- shares of turns -------------------------------------------------------------------------- */
struct race {
    int turns[3]; /* by ks_priority */
    int all, limit;
};
struct runner {
    struct race *race;
    ks_priority priority;
};

static void runs(void *arg)
{
    const struct runner *runner = arg;
    struct race *race = runner->race;
    while (race->all < race->limit) {
        race->all++;
        race->turns[runner->priority]++;
        ks_yield();
    }
}

/* Two of each of these priorities take turns, 4000 in all. */
static void run_race(struct race *race, const ks_priority *priorities, int count)
{
    struct runner runners[6];
    ks_ref monitors[6];
    *race = (struct race){ .limit = 4000 };
    for (int i = 0; i < 2 * count; i++) {
        runners[i] = (struct runner){ race, priorities[i / 2] };
        const ks_spawn_options options = { .priority = priorities[i / 2],
            .ret_monitor = &monitors[i] };
        KS_CHECK_OK(ks_spawn_with(runs, &runners[i], &options, NULL));
    }
    for (int i = 0; i < 2 * count; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
}

/* The simulator adds turns of its own, which nobody counts. */
static bool about(int turns, int expected)
{
    int off = expected / 8 + 12;
    return turns > expected - off && turns < expected + off;
}

static void of_eight_turns_one_is_low(void)
{
    struct race race;
    run_race(&race, (ks_priority[]){ KS_PRIORITY_LOW, KS_PRIORITY_NORMAL }, 2);
    KS_CHECK(about(race.turns[KS_PRIORITY_LOW], 4000 / 8));
}

static void of_sixty_four_turns_one_is_not_high(void)
{
    struct race race;
    run_race(&race, (ks_priority[]){ KS_PRIORITY_NORMAL, KS_PRIORITY_HIGH }, 2);
    KS_CHECK(about(race.turns[KS_PRIORITY_NORMAL], 4000 / 64));
    run_race(&race, (ks_priority[]){ KS_PRIORITY_LOW, KS_PRIORITY_HIGH }, 2);
    KS_CHECK(about(race.turns[KS_PRIORITY_LOW], 4000 / 64));
}

static void of_three_the_lowest_goes_on_too(void)
{
    struct race race;
    run_race(&race, (ks_priority[]){ KS_PRIORITY_LOW, KS_PRIORITY_NORMAL, KS_PRIORITY_HIGH }, 3);
    KS_CHECK(about(race.turns[KS_PRIORITY_NORMAL], 4000 * 7 / 512));
    KS_CHECK(race.turns[KS_PRIORITY_LOW] >= 4 && race.turns[KS_PRIORITY_LOW] <= 16);
}

static void of_one_kind_all_are_alike(void)
{
    struct race race;
    run_race(&race, (ks_priority[]){ KS_PRIORITY_LOW }, 1);
    KS_CHECK(race.turns[KS_PRIORITY_LOW] >= 4000);
    run_race(&race, (ks_priority[]){ KS_PRIORITY_HIGH }, 1);
    KS_CHECK(race.turns[KS_PRIORITY_HIGH] >= 4000);
}

/* --- one's own -------------------------------------------------------------------------------- */
static void a_process_sets_its_own(void)
{
    ks_process_snapshot info;
    KS_CHECK(ks_set_priority(KS_PRIORITY_LOW) == KS_PRIORITY_NORMAL);
    KS_CHECK_OK(ks_process_info(ks_self(), &info));
    KS_CHECK(info.priority == KS_PRIORITY_LOW);
    KS_CHECK(ks_set_priority((ks_priority)77) == KS_PRIORITY_LOW);
    KS_CHECK(ks_set_priority(KS_PRIORITY_HIGH) == KS_PRIORITY_LOW);
    ks_yield();
    KS_CHECK(ks_set_priority(KS_PRIORITY_NORMAL) == KS_PRIORITY_HIGH);
}

/* --- calls ------------------------------------------------------------------------------------ */
KS_MODULE(echo, void);
KS_CALL(echo, back, ks_int, ks_int);
KS_CALL(echo, through, ks_pid, ks_int);
struct echo {
    int unused;
};

static ks_next echo_handle_back(echo *self, const ks_int *n, ks_int *reply)
{
    *reply = *n + 1;
    return ks_reply();
}

static ks_next echo_handle_through(echo *self, const ks_pid *other, ks_int *reply)
{
    ks_status status = echo_call_back(*other, &(ks_int){ 41 }, reply, 1000);
    return status ? ks_fail(status) : ks_reply();
}

KS_GEN_SERVER(echo, .ops = KS_OPS(echo, back, through));

static const ks_child rows[] = { { KS_START(echo) },
    { KS_START(echo), .priority = KS_PRIORITY_LOW },
    { KS_START(echo), .priority = KS_PRIORITY_HIGH } };

static void calls_go_between_all_of_them(void)
{
    ks_pid pids[3];
    ks_int reply;
    for (int i = 0; i < 3; i++) KS_CHECK_OK(ks_start(&rows[i], &pids[i]));
    for (int i = 0; i < 9; i++) {
        if (i / 3 == i % 3) continue;
        KS_CHECK_OK(echo_call_through(pids[i / 3], &pids[i % 3], &reply, 1000));
        KS_CHECK(reply == 42);
    }
    for (int i = 0; i < 3; i++) kill_and_wait(pids[i]);
}

/* --- where calls are handed over: no simulator, each step runs the server --------------------- */
struct noted {
    trace *seen;
    char letter;
};

static void notes(void *arg)
{
    const struct noted *noted = arg;
    trace_add(noted->seen, noted->letter);
}

typedef struct scene {
    ks_pid server;
    const char *ready; /* l, n, m, h: made ready in that order; c: somebody high who calls, too */
    bool calls;        /* the director itself */
} scene;
KS_TYPE(scene, server, ready, calls);

KS_MODULE(director, void);
KS_CALL(director, direct, scene, ks_int);
struct director {
    trace seen;
    struct noted notes[4];
    ks_pid server;
};

static void calls_and_notes(void *arg)
{
    director *self = arg;
    ks_int reply = 0;
    KS_CHECK_OK(echo_call_back(self->server, &(ks_int){ 1 }, &reply, KS_INFINITY));
    trace_add(&self->seen, 'c');
}

static ks_priority priority_of(char letter)
{
    if (letter == 'l') return KS_PRIORITY_LOW;
    return letter == 'h' || letter == 'c' ? KS_PRIORITY_HIGH : KS_PRIORITY_NORMAL;
}

static ks_next director_handle_direct(director *self, const scene *it, ks_int *reply)
{
    self->seen.len = 0;
    self->server = it->server;
    for (int i = 0; it->ready[i]; i++) {
        char letter = it->ready[i];
        self->notes[i] = (struct noted){ &self->seen, letter };
        const ks_spawn_options options = { .priority = priority_of(letter) };
        void (*fn)(void *) = letter == 'c' ? calls_and_notes : notes;
        void *arg = letter == 'c' ? (void *)self : (void *)&self->notes[i];
        KS_CHECK_OK(ks_spawn_with(fn, arg, &options, NULL));
    }
    if (it->calls) calls_and_notes(self);
    ks_sleep(1);
    *reply = 0;
    return ks_reply();
}

KS_GEN_SERVER(director, .ops = KS_OPS(director, direct));

/* Plays it with a director and a server of these priorities; what was noted. */
static const char *play(ks_priority director_priority, ks_priority server_priority, scene it)
{
    static char text[20];
    const ks_child row = { KS_START(director), .priority = director_priority };
    ks_pid pid;
    ks_int reply;
    if (ks_step_start(&rows[server_priority], &it.server)) return "no server";
    if (ks_step_start(&row, &pid)) return "no director";
    if (director_call_direct(pid, &it, &reply, KS_INFINITY)) return "no reply";
    strcpy(text, ks_step_state(director, pid)->seen.text);
    return text;
}

#ifdef KSI_MEAN
enum { HAND_OFFS = 2 }; /* those of a call from outside and of one from within need more */
#else
enum { HAND_OFFS = 64 };
#endif

static bool order_is_kept_without_a_simulator(void)
{
    const ks_priority N = KS_PRIORITY_NORMAL, L = KS_PRIORITY_LOW, H = KS_PRIORITY_HIGH;
    const char *handed_over = HAND_OFFS > 3 ? "cnm" : "nmc";
    const struct {
        ks_priority director, server;
        const char *ready;
        bool calls;
        const char *expected;
    } scenes[] = {
        { N, N, "lnhm", true, "hnmcl" }, /* who is high goes before a call that is handed over */
        { N, L, "lnhm", true, "hnmlc" }, { N, H, "lnhm", true, "hcnml" },
        { N, N, "nm", true, handed_over }, /* else it is handed over */
        { N, L, "nm", true, "nmc" },       /* but not to one who is low */
        { L, N, "nm", true, "nmc" },       /* nor is the reply */
        { N, N, "ch", false, "hc" },       /* of two high ones, none calls past the other */
    };
    bool kept = true;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        const char *seen = play(scenes[i].director, scenes[i].server,
            (scene){ .ready = scenes[i].ready, .calls = scenes[i].calls });
        if (strcmp(seen, scenes[i].expected) == 0) continue;
        fprintf(stderr, "scene %zu: %s, not %s\n", i, seen, scenes[i].expected);
        kept = false;
    }
    ks_step_end();
    return kept;
}

int main(void)
{
    if (!order_is_kept_without_a_simulator()) return 1;
    return run_scenarios_on_one("priority", 100,
        SCENARIOS(SCENARIO(of_eight_turns_one_is_low),
            SCENARIO(of_sixty_four_turns_one_is_not_high),
            SCENARIO(of_three_the_lowest_goes_on_too), SCENARIO(of_one_kind_all_are_alike),
            SCENARIO(a_process_sets_its_own), SCENARIO(calls_go_between_all_of_them)));
}
