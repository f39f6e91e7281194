/* SPDX-License-Identifier: Apache-2.0 */
/* deeds.c - see deeds.h. */
#include "stress/deeds.h"
#include <stdatomic.h>
#include <stdio.h>

enum { VICTIMS_A_ROUND = 8, STORM = 12 };

void one_down(ks_ref monitor, ks_reason_kind kind)
{
    const ks_down *down = ks_as(ks_down, ks_receive_ref(monitor, 10000));
    HOLDS(down != NULL);
    HOLDS(!down || down->reason.kind == kind);
    HOLDS(ks_receive_ref(monitor, 0) == NULL);
}

/* --- victims ---------------------------------------------------------------------------------- */
static void wait_forever(void *arg) { (void)ks_receive(KS_INFINITY); }
static void end_at_once(void *arg) { ks_exit(ks_error("short")); }

void kill_victims(struct work *w)
{
    ks_pid victims[VICTIMS_A_ROUND];
    ks_ref monitors[VICTIMS_A_ROUND];
    for (int i = 0; i < VICTIMS_A_ROUND; i++) {
        bool waits = roll(&w->dice, 2);
        victims[i] = ks_spawn_monitor(waits ? wait_forever : end_at_once, NULL, &monitors[i]);
        HOLDS(!ks_is_none(victims[i]));
        if (!waits) {
            one_down(monitors[i], KS_REASON_ERROR);
            monitors[i] = (ks_ref){ { 0, 0 } };
        }
    }
    for (int i = 0; i < VICTIMS_A_ROUND; i++) {
        if (!monitors[i].id[0]) continue;
        if (roll(&w->dice, 3) == 0) ks_demonitor(monitors[i]), monitors[i].id[0] = 0;
        ks_exit_process(victims[i], roll(&w->dice, 2) ? KS_KILL : KS_SHUTDOWN);
    }
    for (int i = 0; i < VICTIMS_A_ROUND; i++) {
        if (!monitors[i].id[0]) continue;
        const ks_down *down = ks_as(ks_down, ks_receive_ref(monitors[i], 10000));
        HOLDS(down &&
            (down->reason.kind == KS_REASON_KILLED || down->reason.kind == KS_REASON_SHUTDOWN));
    }
}

void link_victim(struct work *w)
{
    ks_pid victim = ks_spawn_link(wait_forever, NULL);
    bool unlink = roll(&w->dice, 2);
    if (unlink) ks_unlink(victim);
    ks_exit_process(victim, KS_KILL);
    const ks_exited *exited = unlink ? NULL : ks_receive_as(ks_exited, 10000);
    HOLDS(unlink || (exited && ks_same_pid(exited->pid, victim)));
    HOLDS(ks_receive_as(ks_exited, 0) == NULL);
}

/* --- names ------------------------------------------------------------------------------------ */
void hold_a_name(struct work *w)
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

void name_a_victim(struct work *w)
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

/* --- links ------------------------------------------------------------------------------------ */
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

void storm(struct work *w)
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

/* Ids of pids; each writes its own, and who is read too early is nobody. */
static _Atomic uint64_t worker_ids[WORKERS];

void be_known(const struct work *w) { atomic_store(&worker_ids[w->number], ks_self().id); }

/* Both may do so at the same time, and nobody ends. */
void cross_links(struct work *w)
{
    ks_pid other = { .id = atomic_load(&worker_ids[roll(&w->dice, WORKERS)]) };
    if (ks_is_none(other) || ks_same_pid(other, ks_self())) return;
    for (int i = 0; i < 3; i++) {
        ks_link(other);
        if (roll(&w->dice, 2)) ks_yield();
        ks_unlink(other);
    }
}

/* --- aliases ---------------------------------------------------------------------------------- */
static ks_pid aliases[WORKERS];
static void answer_twice(void *arg)
{
    ks_pid alias = *(const ks_pid *)arg;
    for (ks_int i = 1; i <= 2; i++) (void)ks_send(alias, ks_int, &i);
}

void answer_by_alias(struct work *w)
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
void cancel_a_timer(struct work *w)
{
    ks_ref timer = ks_send_after(roll(&w->dice, 2), ks_self(), ks_int, &(ks_int){ 1 });
    if (roll(&w->dice, 2)) ks_yield();
    bool cancelled = ks_cancel(timer);
    const ks_msg *msg = ks_receive_ref(timer, cancelled ? 0 : 10000);
    HOLDS(cancelled == (msg == NULL));
}
