/* SPDX-License-Identifier: Apache-2.0 */
/* stress.c - two schedulers, one foreign thread, processes that move at random: is the order of
 * every pair kept, does every message arrive once, does nobody sleep over a message?
 *
 * Each of PROCESSES processes sends numbered messages to the others by pid, name or alias, by cast
 * or by direct hand-off, and moves now and then, queued or idle.  The foreign thread sends too.
 * Exit status 0 only if every pair's numbers arrived in order and all of them arrived. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "inbox.h"

#ifndef MEMBERS
#define MEMBERS 12
#endif
enum { PROCESSES = MEMBERS, FOREIGN = PROCESSES, SENDERS = PROCESSES + 1, SCHEDULERS = 2 };

struct member {
    struct process p;
    uint32_t sent[PROCESSES];   /* next number to each target; moves with the process */
    uint32_t expect[SENDERS];   /* next number from each sender */
    uint32_t quota;
};

static struct scheduler schedulers[SCHEDULERS];
static struct member members[PROCESSES];
static struct process *names[PROCESSES]; /* read-only here: what a name or an alias resolves to */
static uint64_t aliases[PROCESSES];
static _Atomic uint64_t received, moves, handed, wrong;
static _Atomic bool stop;
static uint32_t quota = 200000;

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32) % n;
}

static void handle(struct member *to, struct message *m)
{
    if (m->number != to->expect[m->from])
        atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
    to->expect[m->from] = m->number + 1;
    free(m);
    atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
}

/* All addresses become the pid before the push, so they share one path. */
static struct process *resolve(uint32_t i, uint32_t kind)
{
    if (kind == 0)
        return names[i];
    if (kind == 1)
        return &members[aliases[i] & 0xffff].p;
    return &members[i].p;
}

static void send_one(struct scheduler *me, uint32_t from, uint32_t *sent, uint64_t *seed)
{
    uint32_t i = random_below(seed, PROCESSES);
    struct process *to = resolve(i, random_below(seed, 3));
    struct message *m = malloc(sizeof *m);
    if (!m)
        abort();
    m->from = from;
    m->number = sent[i]++;
    if (me && i != from && random_below(seed, 2) && may_hand_off(me, to)) {
        to->queued = true;
        handle((struct member *)to, m);
        atomic_fetch_add_explicit(&handed, 1, memory_order_relaxed);
        if (!go_idle(to))
            enqueue(me, to);
    } else {
        send(me, to, m);
    }
}

static void move(struct process *p, struct scheduler *to)
{
    if (give(p, to))
        atomic_fetch_add_explicit(&moves, 1, memory_order_relaxed);
}

static void run_turn(struct scheduler *me, struct member *b, uint64_t *seed)
{
    struct process *p = &b->p;
    struct message *m;
    drain(p);
    for (int i = 0; i < 3 && (m = take(p)); i++)
        handle(b, m);
    for (uint32_t i = random_below(seed, 3); i > 0 && b->quota > 0; i--, b->quota--)
        send_one(me, p->id, b->sent, seed);
    if (p->head || b->quota > 0 || !go_idle(p)) {
        if (random_below(seed, 8) == 0 && give(p, &schedulers[1 - me->id]))
            atomic_fetch_add_explicit(&moves, 1, memory_order_relaxed);
        else
            enqueue(me, p);
    }
}

/* Some idle process of ours goes away. */
static void move_an_idle_one(struct scheduler *me, uint64_t *seed)
{
    struct process *p = &members[random_below(seed, PROCESSES)].p;
    if (atomic_load_explicit(&p->home, memory_order_relaxed) == me && !p->queued)
        move(p, &schedulers[1 - me->id]);
}

static void *scheduler_main(void *arg)
{
    struct scheduler *me = arg;
    uint64_t seed = 88172645463325252u + me->id;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        take_wakes(me);
        struct process *p = dequeue(me);
        if (p)
            run_turn(me, (struct member *)p, &seed);
        else
            park(me, &stop);
        if (random_below(&seed, 16) == 0)
            move_an_idle_one(me, &seed);
    }
    return NULL;
}

static void *foreign_main(void *arg)
{
    uint32_t sent[PROCESSES] = {0};
    uint64_t seed = 362436069u;
    for (uint32_t i = 0; i < quota; i++)
        send_one(NULL, FOREIGN, sent, &seed);
    return arg;
}

static void start(pthread_t threads[3])
{
    for (uint32_t i = 0; i < SCHEDULERS; i++) {
        schedulers[i].id = i;
        schedulers[i].rq_tail = &schedulers[i].rq_head;
    }
    for (uint32_t i = 0; i < PROCESSES; i++) {
        struct scheduler *home = &schedulers[i % SCHEDULERS];
        process_init(&members[i].p, i, home);
        members[i].quota = i % 3 ? 0 : 4 * quota; /* most only serve, and are often idle */
        names[i] = &members[i].p;
        aliases[i] = (uint64_t)i | 0xabcd0000u;
        enqueue(home, &members[i].p);
    }
    for (uint32_t i = 0; i < SCHEDULERS; i++)
        pthread_create(&threads[i], NULL, scheduler_main, &schedulers[i]);
    pthread_create(&threads[2], NULL, foreign_main, NULL);
}

/* Until all has arrived, or nothing has for two seconds. */
static bool await(uint64_t total)
{
    uint64_t seen = 0;
    for (int still = 0; still < 200; still++) {
        uint64_t now = atomic_load_explicit(&received, memory_order_relaxed);
        if (now == total)
            return true;
        if (now != seen)
            still = 0;
        seen = now;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

int main(int argc, char **argv)
{
    pthread_t threads[3];
    if (argc > 1)
        quota = (uint32_t)strtoul(argv[1], NULL, 10);
    start(threads);
    uint64_t total = (uint64_t)quota * (1 + 4 * ((PROCESSES + 2) / 3));
    bool all = await(total);
    atomic_store_explicit(&stop, true, memory_order_seq_cst);
    for (int i = 0; i < SCHEDULERS; i++)
        unpark(&schedulers[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    bool good = all && wrong == 0;
    printf("stress: %lu of %lu messages, %lu out of order, %lu moves, %lu hand-offs: %s\n",
           (unsigned long)received, (unsigned long)total, (unsigned long)wrong,
           (unsigned long)moves, (unsigned long)handed, good ? "ok" : "FAILED");
    return good ? 0 : 1;
}
