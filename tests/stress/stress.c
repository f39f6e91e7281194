/* SPDX-License-Identifier: Apache-2.0 */
/* stress.c - processes that do everything to each other at once, on several schedulers.
 *
 *     stress [SCHEDULERS [SECONDS [SEED]]]
 *
 * Counted: casts of one sender to one server arrive in order, none lost or doubled; a call is
 * answered with its own answer, or has a status that its time-out or the server's end explains;
 * each monitor gives one DOWN; nothing arrives after unlink, demonitor or abandon; every process
 * ends; no block of memory, record or descriptor is left. Exit status 0, or 1 with a line that says
 * what was broken. */
#include "stress/stress.h"
#include "runtime/scheduler.h" /* ksi_left */
#include "stress/deeds.h"
#include <dirent.h>
#include <kiosk/log.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE = 120000 }; /* after the end */

static _Atomic int broken;
static _Atomic uint64_t operations;
static ks_ms until;
static uint64_t first_seed = 1;

void breaks(const char *file, int line, const char *what)
{
    fprintf(stderr, "stress: %s, line %d: %s\n", file, line, what);
    atomic_store(&broken, 1);
}

/* --- a server: counts what each worker casts -------------------------------------------------- */
typedef struct step {
    int32_t worker;
    int64_t number;
} step;
KS_TYPE(step, worker, number);
typedef struct clerk_args {
    int32_t number;
} clerk_args;
KS_TYPE(clerk_args, number);
KS_MODULE(clerk, clerk_args);
KS_CALL(clerk, twice, ks_int, ks_int);
KS_CALL(clerk, later, ks_int, ks_int);
KS_CALL(clerk, seen, ks_int, ks_int);
KS_CALL(clerk, name, void, ks_text);
KS_CAST(clerk, take, step);
KS_CAST(clerk, crash, void);
KS_CALL(clerk, think, ks_int, ks_int);
KS_CAST(clerk, alarm, ks_int);
enum { LATER = 16 };
struct clerk {
    int64_t seen[WORKERS];
    clerk_later_from waiting[LATER];
    int64_t numbers[LATER];
    int count;
    bool alarmed; /* its named time-out is set */
};

static ks_next clerk_init(clerk *self, const clerk_args *args) { return ks_ok(); }
static void answer_all(clerk *self)
{
    while (self->count) {
        ks_int answer = self->numbers[--self->count] * 3;
        (void)clerk_reply_later(self->waiting[self->count], &answer);
    }
}
static ks_next clerk_handle_twice(clerk *self, const ks_int *request, ks_int *reply)
{
    answer_all(self);
    *reply = *request * 2;
    return ks_reply();
}
/* Answered when the list is full, newest first. */
static ks_next clerk_handle_later(clerk *self, const ks_int *request, ks_int *reply)
{
    self->waiting[self->count] = clerk_from_later();
    self->numbers[self->count++] = *request;
    if (self->count < LATER) return ks_after(ks_noreply(), 1);
    answer_all(self);
    return ks_noreply();
}
static ks_next clerk_handle_timeout(clerk *self)
{
    answer_all(self);
    return ks_noreply();
}
static ks_next clerk_handle_seen(clerk *self, const ks_int *request, ks_int *reply)
{
    answer_all(self);
    *reply = self->seen[*request];
    return ks_reply();
}
static ks_next clerk_handle_name(clerk *self, ks_text *reply)
{
    *reply = ks_str(ks_format("clerk with %d waiting", self->count));
    answer_all(self);
    return ks_reply();
}
static ks_next clerk_handle_take(clerk *self, const step *msg)
{
    HOLDS(msg->number == self->seen[msg->worker] + 1);
    self->seen[msg->worker] = msg->number;
    return self->count ? ks_after(ks_noreply(), 1) : ks_noreply();
}
/* Long enough to lose the scheduler, now and then in the middle of what it sends. */
static void think_for(ks_ms duration)
{
    ks_ms end = ks_now() + duration;
    while (ks_now() < end) {}
}
static ks_next clerk_handle_think(clerk *self, const ks_int *request, ks_int *reply)
{
    answer_all(self);
    think_for(*request);
    *reply = *request * 5;
    return ks_reply();
}
/* In so many ms; less: no more. */
enum { ALARM = 7 };
static ks_next clerk_handle_alarm(clerk *self, const ks_int *after)
{
    if (*after < 0) {
        HOLDS(ks_cancel_timeout(ALARM) == self->alarmed);
    } else {
        ks_set_timeout(ALARM, *after);
    }
    self->alarmed = *after >= 0;
    return self->count ? ks_after(ks_noreply(), 1) : ks_noreply();
}
static ks_next clerk_handle_named_timeout(clerk *self, int name)
{
    HOLDS(name == ALARM && self->alarmed);
    self->alarmed = false;
    return self->count ? ks_after(ks_noreply(), 1) : ks_noreply();
}
static ks_next clerk_handle_crash(clerk *self) { return ks_stop(KS_SHUTDOWN); }
KS_GEN_SERVER(clerk, .init = clerk_init, .handle_timeout = clerk_handle_timeout,
    .handle_named_timeout = clerk_handle_named_timeout,
    .ops = KS_OPS(clerk, twice, later, seen, name, take, crash, think, alarm));

/* --- a worker --------------------------------------------------------------------------------- */
typedef struct worker_args {
    int32_t number;
} worker_args;
KS_TYPE(worker_args, number);
KS_MODULE(worker, worker_args);

static void call_one(struct work *w)
{
    ks_int request = roll(&w->dice, 1000000), reply = -1;
    ks_pid server = w->clerks[roll(&w->dice, SERVERS)];
    ks_ms timeout = roll(&w->dice, 4) ? 10000 : roll(&w->dice, 2);
    ks_status status = clerk_call_twice(server, &request, &reply, timeout);
    HOLDS(status == KS_OK || (status == KS_TIMEOUT && timeout < 10000));
    HOLDS(status || reply == request * 2);
}

static void call_later(struct work *w)
{
    ks_int request = roll(&w->dice, 1000000), reply = -1;
    ks_pid server = w->clerks[roll(&w->dice, SERVERS)];
    ks_ms timeout = roll(&w->dice, 3) ? 10000 : 1;
    ks_status status = clerk_call_later(server, &request, &reply, timeout);
    HOLDS(status == KS_OK || (status == KS_TIMEOUT && timeout < 10000));
    HOLDS(status || reply == request * 3);
}

static void call_text(struct work *w)
{
    ks_text reply;
    ks_status status = clerk_call_name(w->clerks[roll(&w->dice, SERVERS)], &reply, 10000);
    HOLDS(status == KS_OK && reply.len > 10);
}

static void think(struct work *w)
{
    if (roll(&w->dice, 200)) return;
    ks_int request = 5 + roll(&w->dice, 20), reply = -1;
    ks_pid server = w->clerks[roll(&w->dice, SERVERS)];
    if (roll(&w->dice, 2)) {
        think_for(request);
        return;
    }
    ks_status status = clerk_call_think(server, &request, &reply, 10000);
    HOLDS(status == KS_OK && reply == request * 5);
}

static void cast_some(struct work *w)
{
    uint32_t server = roll(&w->dice, SERVERS), count = 1 + roll(&w->dice, 20);
    for (uint32_t i = 0; i < count; i++) {
        struct step next = { .worker = w->number, .number = ++w->cast[server] };
        HOLDS(clerk_cast_take(w->clerks[server], &next) == KS_OK);
    }
    if (roll(&w->dice, 4)) return;
    ks_int me = w->number, seen;
    HOLDS(clerk_call_seen(w->clerks[server], &me, &seen, 10000) == KS_OK);
    HOLDS(seen == w->cast[server]);
}

static void ask_two(struct work *w)
{
    ks_int one = roll(&w->dice, 1000), two = roll(&w->dice, 1000), reply;
    clerk_twice_request first = clerk_send_twice(w->clerks[roll(&w->dice, WIDE)], &one);
    clerk_later_request second = clerk_send_later(w->clerks[roll(&w->dice, WIDE)], &two);
    if (roll(&w->dice, 3) == 0) {
        ks_abandon(second.raw);
    } else {
        HOLDS(clerk_receive_later(second, &reply, 10000) == KS_OK && reply == two * 3);
    }
    HOLDS(clerk_receive_twice(first, &reply, 10000) == KS_OK && reply == one * 2);
}

static void start_and_stop(struct work *w)
{
    ks_pid pid;
    char name[32];
    snprintf(name, sizeof name, "clerk-%d", (int)roll(&w->dice, 4));
    ks_status status =
        ks_start(&(const ks_child){ KS_START(clerk, .number = w->number), .name = name }, &pid);
    HOLDS(status == KS_OK || status == KS_ALREADY_STARTED);
    ks_int request = 4, reply = 0;
    ks_status called = clerk_call_twice(ks_named(name), &request, &reply, 10000);
    if (called && called != KS_NOPROC)
        fprintf(stderr, "%s: %s %d\n", name, ks_status_text(called), (int)reply);
    HOLDS(called == KS_NOPROC || (called == KS_OK && reply == 8));
    if (status) return;
    ks_ref monitor = ks_monitor(pid);
    if (roll(&w->dice, 2)) {
        HOLDS(clerk_cast_crash(pid) == KS_OK);
    } else {
        ks_status stopped = ks_stop_process(pid, KS_SHUTDOWN, 10000);
        HOLDS(stopped == KS_OK);
    }
    one_down(monitor, KS_REASON_SHUTDOWN);
    HOLDS(!ks_same_pid(ks_whereis(name), pid));
}

/* --- children of a supervisor ----------------------------------------------------------------- */
KS_SUPERVISOR(crew, .strategy = KS_DYNAMIC, .max_restarts = 1000000000);

static void raise_a_child(struct work *w)
{
    ks_pid pid, supervisor = ks_named("crew");
    ks_int request = 21, reply = 0;
    ks_child row = { KS_START(clerk, .number = w->number), .restart = KS_TEMPORARY };
    HOLDS(ks_start_child(supervisor, &row, &pid) == KS_OK);
    ks_ref monitor = ks_monitor(pid);
    HOLDS(clerk_call_twice(pid, &request, &reply, 10000) == KS_OK && reply == 42);
    uint32_t how = roll(&w->dice, 3);
    if (how == 0) HOLDS(ks_terminate_child_pid(supervisor, pid) == KS_OK);
    if (how == 1) HOLDS(clerk_cast_crash(pid) == KS_OK);
    if (how == 2) ks_exit_process(pid, KS_KILL);
    one_down(monitor, how == 2 ? KS_REASON_KILLED : KS_REASON_SHUTDOWN);
    HOLDS(!ks_is_alive(pid));
}

/* A name is its own for as long as it is restarted. */
static void restart_a_child(struct work *w)
{
    char name[32];
    ks_pid pid, again = { 0 }, supervisor = ks_named("crew");
    snprintf(name, sizeof name, "phoenix-%d", w->number);
    ks_child row = { KS_START(clerk, .number = w->number), .id = name, .name = name };
    HOLDS(ks_start_or_get(supervisor, &row, &pid) == KS_OK);
    ks_ref monitor = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    one_down(monitor, KS_REASON_KILLED);
    ks_ms end = ks_now() + 10000;
    do {
        ks_yield();
        again = ks_whereis(name);
    } while ((ks_is_none(again) || ks_same_pid(again, pid)) && ks_now() < end);
    HOLDS(!ks_is_none(again) && !ks_same_pid(again, pid));
    HOLDS(ks_terminate_child(supervisor, name) == KS_OK);
    HOLDS(ks_is_none(ks_whereis(name)));
}

/* --- time-outs by name ------------------------------------------------------------------------ */
static void alarm_one(struct work *w)
{
    ks_int after = (ks_int)roll(&w->dice, 5) - 1;
    HOLDS(clerk_cast_alarm(w->clerks[roll(&w->dice, SERVERS)], &after) == KS_OK);
}

/* --- ends with requests in hand --------------------------------------------------------------- */
enum { IN_HAND = 5 };
static void end_with_requests(struct work *w)
{
    ks_pid pid;
    clerk_later_request requests[IN_HAND];
    HOLDS(ks_start(KS_CHILD(clerk, .number = w->number), &pid) == KS_OK);
    for (ks_int i = 0; i < IN_HAND; i++) requests[i] = clerk_send_later(pid, &i);
    bool kills = roll(&w->dice, 2);
    if (kills)
        ks_exit_process(pid, KS_KILL);
    else
        HOLDS(clerk_cast_crash(pid) == KS_OK);
    for (ks_int i = 0; i < IN_HAND; i++) {
        ks_int reply = -1;
        if (roll(&w->dice, 4) == 0) {
            ks_abandon(requests[i].raw);
            continue;
        }
        ks_status status = clerk_receive_later(requests[i], &reply, 10000);
        HOLDS(status == KS_NOPROC || (status == KS_OK && reply == i * 3));
    }
    HOLDS(!ks_is_alive(pid) || !kills);
}

/* --- senders that wait for room, some of which are killed ------------------------------------- */
struct crowd {
    ks_pid server;
    ks_ms timeout;
};
static void crowds_in(void *arg)
{
    struct crowd crowd = *(const struct crowd *)arg;
    ks_int request = 3, reply = -1;
    for (int i = 0; i < 6; i++) {
        HOLDS(clerk_cast_alarm(crowd.server, &(ks_int){ -1 }) == KS_OK);
        ks_status status = clerk_call_twice(crowd.server, &request, &reply, crowd.timeout);
        HOLDS(status == KS_TIMEOUT || (status == KS_OK && reply == 6));
    }
}

static void crowd_a_small_one(struct work *w)
{
    enum { CROWD = 4 };
    struct crowd crowd = { w->clerks[WIDE + roll(&w->dice, TIGHT)], roll(&w->dice, 2) ? 10000 : 1 };
    ks_ref monitors[CROWD];
    ks_pid pids[CROWD];
    for (int i = 0; i < CROWD; i++) pids[i] = ks_spawn_monitor(crowds_in, &crowd, &monitors[i]);
    for (int i = 0; i < CROWD; i++) {
        if (roll(&w->dice, 3) == 0) ks_exit_process(pids[i], KS_KILL);
        HOLDS(ks_receive_ref(monitors[i], 60000) != NULL);
    }
}

/* --- all that a worker does ------------------------------------------------------------------- */
static void (*const deeds[])(struct work *w) = { call_one, call_one, call_later, call_text,
    cast_some, cast_some, ask_two, kill_victims, link_victim, start_and_stop, think, hold_a_name,
    name_a_victim, raise_a_child, restart_a_child, storm, cross_links, alarm_one, end_with_requests,
    answer_by_alias, cancel_a_timer, crowd_a_small_one };

static void worker_main(const worker_args *args)
{
    struct work w = { .dice = { (first_seed * 1000 + (uint64_t)args->number) *
                          0x9e3779b97f4a7c15u },
        .number = args->number };
    ks_trap_exit(true);
    be_known(&w);
    for (int i = 0; i < SERVERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "server-%d", i);
        w.clerks[i] = ks_whereis(name);
        HOLDS(!ks_is_none(w.clerks[i]));
    }
    while (ks_now() < until && !atomic_load(&broken)) {
        deeds[roll(&w.dice, sizeof deeds / sizeof deeds[0])](&w);
        atomic_fetch_add(&operations, 1);
        ks_end_turn();
    }
    for (int i = 0; i < SERVERS; i++) {
        ks_int me = w.number, seen = -1;
        HOLDS(clerk_call_seen(w.clerks[i], &me, &seen, 30000) == KS_OK && seen == w.cast[i]);
    }
}
KS_PROCESS(worker);

/* --- the whole -------------------------------------------------------------------------------- */
KS_MODULE(root, void);

static void root_main(const root_args *args)
{
    ks_ref workers[WORKERS];
    for (int i = 0; i < SERVERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "server-%d", i);
        ks_child row = { KS_START(clerk, .number = i), .name = name };
        if (i >= WIDE) {
            row.mailbox_max = 4;
            row.overload = KS_BLOCK;
            row.overload_timeout = 60000;
        }
        HOLDS(ks_start_link(&row, NULL) == KS_OK);
    }
    HOLDS(ks_start_link(&(const ks_child){ KS_START(crew), .name = "crew" }, NULL) == KS_OK);
    for (int i = 0; i < WORKERS; i++)
        HOLDS(ks_start_monitor(KS_CHILD(worker, .number = i), NULL, &workers[i]) == KS_OK);
    for (int i = 0; i < WORKERS; i++)
        HOLDS(ks_receive_ref(workers[i], ks_until(until) + PATIENCE) != NULL);
    HOLDS(ks_receive(0) == NULL);
}

KS_PROCESS(root);

static long number_of(int argc, char **argv, int index, long otherwise)
{
    return argc > index ? strtol(argv[index], NULL, 10) : otherwise;
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

int main(int argc, char **argv)
{
    ks_runtime_options options = { .schedulers = (uint32_t)number_of(argc, argv, 1, 2) };
    int descriptors = open_descriptors();
    first_seed = (uint64_t)number_of(argc, argv, 3, 1);
    until = ks_now() + number_of(argc, argv, 2, 3) * 1000;
    (void)ks_log_set_level(KS_LOG_ERROR + 1);
    ks_status status = ks_run(&options, KS_CHILD(root));
    HOLDS(ksi_left.blocks == 0);
    HOLDS(ksi_left.records == 0);
    HOLDS(open_descriptors() == descriptors);
    printf("stress: %u schedulers, seed %llu, %llu operations, left: %lld blocks, %lld records: "
           "%s\n",
        options.schedulers, (unsigned long long)first_seed, (unsigned long long)operations,
        (long long)ksi_left.blocks, (long long)ksi_left.records,
        status || broken ? "broken" : "all is well");
    return status || broken;
}
