/* SPDX-License-Identifier: Apache-2.0 */
/* guests.c - runtimes that come and go, with threads of the program in them.
 *
 *     guests [ROUNDS [SCHEDULERS [RUNTIMES [SEED]]]]
 *
 * Each round starts a runtime of that many schedulers, lets threads call, cast, send, spawn, start,
 * look, block, wait, come and go in it, and stops it at some moment, with them in the middle of it.
 * RUNTIMES of them live at once, each started and stopped by a thread of its own. Each status is
 * one that the end explains; no reply is a wrong one; no round hangs; no descriptor, thread, block
 * or record is left, and memory does not grow. Exit status 0, or 1 with a line that says what was
 * broken. */
#include "runtime/scheduler.h"
#include <dirent.h>
#include <kiosk/kiosk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GUESTS = 4, HANGS_AFTER = 60, WARM = 500, GROWTH_KB = 16 * 1024, RUNTIMES_MAX = 16 };
static _Atomic int broken;

#define HOLDS(condition) ((condition) ? (void)0 : breaks(__LINE__, #condition))
static void breaks(int line, const char *what)
{
    fprintf(stderr, "guests: line %d: %s\n", line, what);
    atomic_store(&broken, 1);
}

struct dice {
    uint64_t state;
};
static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 33) % sides;
}

/* --- in the runtime --------------------------------------------------------------------------- */
KS_MODULE(desk, void);
struct desk {
    int64_t count;
};
KS_CALL(desk, twice, ks_int, ks_int);
KS_CALL(desk, never, void, void);
KS_CAST(desk, echo, ks_pid);

static ks_next desk_handle_twice(desk *self, const ks_int *n, ks_int *reply)
{
    *reply = *n * 2;
    return ks_reply();
}
static ks_next desk_handle_never(desk *self)
{
    (void)desk_from_never();
    return ks_noreply();
}
static ks_next desk_handle_echo(desk *self, const ks_pid *to)
{
    (void)ks_send(*to, ks_int, &self->count);
    self->count++;
    return ks_noreply();
}
KS_GEN_SERVER(desk, .ops = KS_OPS(desk, twice, never, echo));

static void wait_for_ever(void *arg) { ks_sleep(KS_INFINITY); }
static void end_soon(void *arg) { ks_yield(); }

/* --- a thread --------------------------------------------------------------------------------- */
struct guest {
    ks_runtime *runtime; /* a reference */
    struct dice dice;
};
#define DESK ks_named("desk")

/* The server is there, or is gone. */
static bool is_answer(ks_status status) { return status == KS_OK || status == KS_NOPROC; }

static bool call(struct guest *guest)
{
    ks_int n = roll(&guest->dice, 1000), reply = -1;
    ks_status status = desk_call_twice(DESK, &n, &reply, KS_INFINITY);
    HOLDS(is_answer(status));
    HOLDS(status || reply == 2 * n);
    return !status;
}

static bool request(struct guest *guest)
{
    ks_int n = roll(&guest->dice, 1000), reply = -1;
    desk_twice_request sent = desk_send_twice(DESK, &n);
    ks_status status = desk_wait_twice(sent, &reply, KS_INFINITY);
    HOLDS(is_answer(status));
    HOLDS(status || reply == 2 * n);
    return !status;
}

static bool ask_for_echo(void)
{
    ks_pid self = ks_self();
    HOLDS(desk_cast_echo(DESK, &self) == KS_OK);
    return ks_receive(20) != NULL || !ks_draining();
}

/* To oneself by a timer; to who never receives, which may be gone. */
static bool send_some(struct guest *guest)
{
    ks_int n = roll(&guest->dice, 1000);
    ks_pid pid = ks_spawn(wait_for_ever, NULL);
    HOLDS(is_answer(ks_send(pid, ks_int, &n)));
    ks_exit_process(pid, KS_KILL);
    (void)ks_send_after(1, ks_self(), ks_int, &n);
    const ks_int *got = ks_receive_as(ks_int, KS_INFINITY); /* or an echo that came late */
    return got != NULL;
}

static bool spawn_some(struct guest *guest)
{
    ks_ref end;
    ks_pid pid = ks_spawn_monitor(roll(&guest->dice, 2) ? wait_for_ever : end_soon, NULL, &end);
    if (ks_is_none(pid)) return false;
    ks_exit_process(pid, KS_KILL);
    return ks_receive_ref(end, KS_INFINITY) != NULL;
}

/* Everywhere, or held on a scheduler. */
static bool start_one(struct guest *guest)
{
    ks_pid pid;
    ks_child row = { KS_START(desk), .scheduler = roll(&guest->dice, ks_scheduler_count() + 1) };
    ks_status status = ks_start(&row, &pid);
    bool ends = status == KS_DRAINING || status == KS_TIMEOUT || status == KS_EXITED;
    HOLDS(is_answer(status) || ends);
    if (status) return false;
    status = ks_stop_process(pid, KS_NORMAL, KS_INFINITY);
    HOLDS(is_answer(status) || status == KS_TIMEOUT || status == KS_EXITED);
    return !status;
}

/* A link that ends one's turn in the world, unless it is trapped. */
static bool link_one(struct guest *guest)
{
    bool traps = roll(&guest->dice, 2);
    (void)ks_trap_exit(traps);
    ks_pid pid = ks_spawn_link(wait_for_ever, NULL);
    if (ks_is_none(pid)) return false;
    ks_exit_process(pid, KS_KILL);
    const ks_msg *msg = ks_receive(KS_INFINITY);
    (void)ks_trap_exit(false);
    return msg && traps;
}

static void block_a_while(void *data)
{
    int32_t *n = data;
    *n *= 2;
    if (*n % 8 == 0) nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static bool block(struct guest *guest)
{
    int32_t n = (int32_t)roll(&guest->dice, 1000), twice = n;
    ks_status status = ks_blocking(block_a_while, &twice, sizeof twice, KS_INFINITY);
    HOLDS(status == KS_OK || status == KS_TIMEOUT || status == KS_OVERLOAD);
    HOLDS(status || twice == 2 * n);
    return !status;
}

static bool look_at_desk(void)
{
    ks_process_snapshot info;
    ks_status status = ks_process_info(DESK, &info);
    HOLDS(is_answer(status) || status == KS_TIMEOUT);
    HOLDS(status || !info.name[0] || strcmp(info.name, "desk") == 0); /* names end first */
    return !status;
}

static bool wait_in_vain(struct guest *guest)
{
    switch (roll(&guest->dice, 3)) {
    case 0: return ks_receive(KS_INFINITY) != NULL;
    case 1: {
        ks_status status = desk_call_never(DESK, KS_INFINITY);
        HOLDS(status == KS_NOPROC);
        return false;
    }
    default: ks_sleep(KS_INFINITY); return false;
    }
}

/* False: it is over. */
static bool act(struct guest *guest)
{
    switch (roll(&guest->dice, 64)) {
    case 0: return wait_in_vain(guest);
    case 1: return start_one(guest);
    case 2:
    case 3: return spawn_some(guest);
    case 4:
    case 5: return ask_for_echo();
    case 6: ks_end_turn(); return true;
    case 7: return send_some(guest);
    case 8:
    case 9: return request(guest);
    case 10: return block(guest);
    case 11: return look_at_desk();
    case 12: return link_one(guest);
    default: return call(guest);
    }
}

/* Some are closed by the end of their thread. */
static void *be_guest(void *arg)
{
    struct guest *guest = arg;
    ks_client *client;
    ks_status status;
    while (!(status = ks_client_open(guest->runtime, &client))) {
        while (act(guest) && roll(&guest->dice, 50)) continue;
        if (roll(&guest->dice, 8) == 0) break;
        ks_client_close(client);
    }
    HOLDS(!status || status == KS_DRAINING || status == KS_CLOSED);
    ks_runtime_unref(guest->runtime);
    return NULL;
}

/* --- rounds ----------------------------------------------------------------------------------- */
struct player {
    int rounds;
    uint32_t schedulers;
    struct dice dice;
    long resident_kb; /* after the first rounds */
};

static void play(struct player *player)
{
    pthread_t threads[GUESTS];
    struct guest guests[GUESTS];
    struct dice *dice = &player->dice;
    ks_runtime *runtime;
    uint32_t count = roll(dice, GUESTS + 1);
    ks_runtime_options options = { .schedulers = player->schedulers };
    const ks_child root = { KS_START(desk), .name = "desk" };
    if (ks_runtime_start(&options, &root, &runtime)) {
        breaks(__LINE__, "start");
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        guests[i].runtime = ks_runtime_ref(runtime);
        guests[i].dice.state = dice->state + i * 977 + 1;
        if (pthread_create(&threads[i], NULL, be_guest, &guests[i])) abort();
    }
    if (roll(dice, 4) == 0) usleep(roll(dice, 2000));
    HOLDS(ks_runtime_stop(runtime) == KS_OK);
    for (uint32_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static int count_entries(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

/* A thread that was joined may be seen there for a moment. */
static bool are_alone(int threads)
{
    for (int i = 0; i < 1000 && count_entries("/proc/self/task") != threads; i++) usleep(1000);
    return count_entries("/proc/self/task") == threads;
}

static long resident_kb(void)
{
    long pages = 0, unused;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &unused, &pages) != 2) pages = 0;
    if (file) fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void *play_all(void *arg)
{
    struct player *player = arg;
    for (int i = 0; i < player->rounds && !broken; i++) {
        if (i == WARM) player->resident_kb = resident_kb();
        alarm(HANGS_AFTER); /* a hang of all ends us, and shows where in a debugger */
        play(player);
    }
    return NULL;
}

static void play_at_once(const struct player *like, int count)
{
    pthread_t threads[RUNTIMES_MAX];
    struct player players[RUNTIMES_MAX];
    for (int i = 0; i < count; i++) {
        players[i] = *like;
        players[i].dice.state += (uint64_t)i * 7919;
        if (pthread_create(&threads[i], NULL, play_all, &players[i])) abort();
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static void *do_nothing(void *arg) { return NULL; }

/* A sanitizer may make a thread of its own, when the first one is made. */
static int count_threads(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, do_nothing, NULL)) abort();
    pthread_join(thread, NULL);
    usleep(10000);
    return count_entries("/proc/self/task");
}

static long number(int argc, char **argv, int at, long otherwise)
{
    return argc > at ? strtol(argv[at], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
    struct player player = { .rounds = (int)number(argc, argv, 1, 1000),
        .schedulers = (uint32_t)number(argc, argv, 2, 1),
        .dice = { (uint64_t)number(argc, argv, 4, 1) * 2654435761u + 1 } };
    long runtimes = number(argc, argv, 3, 1), grown = 0;
    if (runtimes < 1 || runtimes > RUNTIMES_MAX) return 2;
    int descriptors = count_entries("/proc/self/fd"), threads = count_threads();
    ks_log_set_level(KS_LOG_NONE);
    if (runtimes > 1)
        play_at_once(&player, (int)runtimes);
    else
        (void)play_all(&player);
    if (player.resident_kb) grown = resident_kb() - player.resident_kb;
    HOLDS(count_entries("/proc/self/fd") == descriptors);
    HOLDS(are_alone(threads));
    HOLDS(ksi_load_relaxed(&ksi_left.blocks) == 0);
    HOLDS(ksi_load_relaxed(&ksi_left.records) == 0);
    HOLDS(grown < GROWTH_KB);
    printf("guests: %d rounds of %ld with %u schedulers, %ld KiB more than after %d\n",
        player.rounds, runtimes, player.schedulers, grown, WARM);
    return broken ? 1 : 0;
}
