/* SPDX-License-Identifier: Apache-2.0 */
/* deeds.h - more that a worker of the stress does: names, supervisors, storms of links, time-outs
 * by name, ends with requests in hand, aliases, timers. Included by stress.c. */
#ifndef TESTS_STRESS_DEEDS_H
#define TESTS_STRESS_DEEDS_H

/* Ids of pids; each writes its own, and who is read too early is nobody. */
static _Atomic uint64_t worker_ids[WORKERS];

/* --- names ------------------------------------------------------------------------------------ */
static void hold_a_name(struct work *w)
{
    char name[32];
    snprintf(name, sizeof name, "seat-%d", (int)roll(&w->dice, 4));
    ks_status status = ks_register(name, ks_self());
    HOLDS(status == KS_OK || status == KS_ALREADY_STARTED);
    if (status) return;
    HOLDS(ks_same_pid(ks_whereis(name), ks_self()));
    HOLDS(ks_register(name, ks_self()) == KS_ALREADY_STARTED);
    if (roll(&w->dice, 2)) ks_yield();
    HOLDS(ks_send(ks_named(name), ks_int, &(ks_int){ w->number }) == KS_OK);
    const ks_int *number = ks_receive_as(ks_int, 10000);
    HOLDS(number && *number == w->number);
    ks_unregister(name);
    HOLDS(!ks_same_pid(ks_whereis(name), ks_self()));
}

static void name_a_victim(struct work *w)
{
    char name[32];
    ks_ref monitor;
    bool waits = roll(&w->dice, 2);
    snprintf(name, sizeof name, "victim-%d", (int)roll(&w->dice, 4));
    ks_pid victim = ks_spawn_monitor(waits ? wait_forever : end_at_once, NULL, &monitor);
    ks_status status = ks_register(name, victim);
    HOLDS(status == KS_OK || status == KS_ALREADY_STARTED || (status == KS_NOPROC && !waits));
    ks_exit_process(roll(&w->dice, 2) && waits && !status ? ks_named(name) : victim, KS_KILL);
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 10000));
    HOLDS(down && ks_same_pid(down->pid, victim));
    HOLDS(!ks_same_pid(ks_whereis(name), victim));
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

/* --- links ------------------------------------------------------------------------------------ */
enum { STORM = 12 };
static _Atomic int in_storm[WORKERS];
static void out_of_storm(void *resource) { atomic_fetch_sub((_Atomic int *)resource, 1); }
static void stand(void *arg)
{
    atomic_fetch_add((_Atomic int *)arg, 1);
    (void)ks_own(out_of_storm, arg);
    (void)ks_receive(KS_INFINITY);
}
/* All are linked to the first, and some to each other. */
static void stand_first(void *arg)
{
    ks_pid all[STORM];
    for (int i = 0; i < STORM; i++) {
        all[i] = ks_spawn_link(stand, arg);
        if (i > 2) ks_link(all[i - 2]);
    }
    stand(arg);
}

static void storm(struct work *w)
{
    _Atomic int *count = &in_storm[w->number];
    ks_pid first = ks_spawn_link(stand_first, count);
    if (roll(&w->dice, 2)) ks_yield();
    ks_exit_process(first, roll(&w->dice, 2) ? KS_KILL : ks_error("storm"));
    const ks_exited *exited = ks_receive_as(ks_exited, 10000);
    HOLDS(exited && ks_same_pid(exited->pid, first));
    ks_ms end = ks_now() + 10000;
    while (atomic_load(count) && ks_now() < end) ks_sleep(1);
    HOLDS(atomic_load(count) == 0);
    HOLDS(ks_receive_as(ks_exited, 0) == NULL);
}

/* Both may do so at the same time, and nobody ends. */
static void cross_links(struct work *w)
{
    ks_pid other = { .id = atomic_load(&worker_ids[roll(&w->dice, WORKERS)]) };
    if (ks_is_none(other) || ks_same_pid(other, ks_self())) return;
    for (int i = 0; i < 3; i++) {
        ks_link(other);
        if (roll(&w->dice, 2)) ks_yield();
        ks_unlink(other);
    }
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

/* --- aliases ---------------------------------------------------------------------------------- */
static ks_pid aliases[WORKERS];
static void answer_twice(void *arg)
{
    ks_pid alias = *(const ks_pid *)arg;
    for (ks_int i = 1; i <= 2; i++) (void)ks_send(alias, ks_int, &i);
}

static void answer_by_alias(struct work *w)
{
    ks_ref monitor;
    bool off = roll(&w->dice, 3) == 0;
    ks_pid alias = aliases[w->number] = ks_reply_alias();
    ks_ref ref = ks_alias_ref(alias);
    if (off) HOLDS(ks_unalias(alias));
    ks_pid answerer = ks_spawn_monitor(answer_twice, &aliases[w->number], &monitor);
    HOLDS(!ks_is_none(answerer));
    const ks_msg *first = off ? NULL : ks_receive_ref(ref, 10000);
    HOLDS(off || (first && *(const ks_int *)first->body == 1));
    HOLDS(ks_receive_ref(monitor, 10000) != NULL); /* after all that it sent */
    HOLDS(ks_receive_ref(ref, 0) == NULL);
    HOLDS(!ks_unalias(alias));
}

/* --- timers ----------------------------------------------------------------------------------- */
static void cancel_a_timer(struct work *w)
{
    ks_ref timer = ks_send_after(roll(&w->dice, 2), ks_self(), ks_int, &(ks_int){ 1 });
    if (roll(&w->dice, 2)) ks_yield();
    bool cancelled = ks_cancel(timer);
    const ks_msg *msg = ks_receive_ref(timer, cancelled ? 0 : 10000);
    HOLDS(cancelled == (msg == NULL));
}

#endif
