/* SPDX-License-Identifier: Apache-2.0 */
/* processes.c - ring, skynet, spawn_exit: plain processes. */
#include "bench.h"

/* --- ring: each passes the token on, one less, until it is 0 ---------------------------------- */
enum { MEMBERS = 1000, SETTLE_MS = 50 };
struct member {
    ks_pid next, teller;
};

static void pass_on(void *arg)
{
    const struct member *self = arg;
    for (;;) { /* until the ring is killed */
        const ks_int *token = ks_as(ks_int, ks_receive(KS_INFINITY));
        if (!token) return;
        ks_int less = *token - 1;
        (void)ks_send(less > 0 ? self->next : self->teller, ks_int, &less);
    }
}

void ring(void)
{
    int64_t n = scaled(1000000);
    static struct member members[MEMBERS];
    ks_pid pids[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        members[i].teller = ks_self();
        pids[i] = ks_spawn(pass_on, &members[i]);
        if (ks_is_none(pids[i])) wrong("a process was not spawned");
    }
    for (int i = 0; i < MEMBERS; i++) members[i].next = pids[(i + 1) % MEMBERS];
    ks_sleep(SETTLE_MS); /* all wait */
    double start = now_seconds();
    (void)ks_send(pids[0], ks_int, &n);
    const ks_int *token = ks_receive_as(ks_int, 600000);
    double seconds = now_seconds() - start;
    if (!token || *token != 0) wrong("the token did not come back as 0");
    report(&(struct result){ n, seconds, NULL });
    for (int i = 0; i < MEMBERS; i++) ks_exit_process(pids[i], KS_KILL);
}

/* --- skynet: a tree of ten each, whose leaves are numbered; each sends its sum up ------------- */
enum { BRANCHES = 10, LEAVES = 1000000 };
struct node {
    ks_pid parent;
    int64_t number, size;
};

static void grow(void *arg)
{
    const struct node self = *(const struct node *)arg; /* of the parent, which waits for us */
    struct node below[BRANCHES];
    int64_t size = self.size / BRANCHES, sum = self.number;
    for (int i = 0; i < BRANCHES && size; i++) {
        below[i] = (struct node){ ks_self(), self.number + i * size, size };
        if (ks_is_none(ks_spawn(grow, &below[i]))) wrong("a process was not spawned");
    }
    for (int i = 0; i < BRANCHES && size; i++) {
        const ks_int *part = ks_as(ks_int, ks_receive(KS_INFINITY));
        if (!part) return;
        sum = i ? sum + *part : *part;
    }
    (void)ks_send(self.parent, ks_int, &sum);
}

void skynet(void)
{
    const int64_t expected = (int64_t)LEAVES * (LEAVES - 1) / 2;
    double start = now_seconds();
    struct node root = { ks_self(), 0, LEAVES };
    if (ks_is_none(ks_spawn(grow, &root))) wrong("a process was not spawned");
    const ks_int *sum = ks_receive_as(ks_int, 600000);
    double seconds = now_seconds() - start;
    if (!sum || *sum != expected) wrong("the sum is another one");
    report(&(struct result){ LEAVES, seconds, NULL });
}

/* --- spawn_exit ------------------------------------------------------------------------------- */
static void ends(void *arg) {}

void spawn_exit(void)
{
    enum { AT_ONCE = 1000 };
    static ks_ref monitors[AT_ONCE];
    int64_t rounds = scaled(1000);
    double start = now_seconds();
    for (int64_t round = 0; round < rounds; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            if (ks_is_none(ks_spawn_monitor(ends, NULL, &monitors[i]))) wrong("not spawned");
        for (int i = 0; i < AT_ONCE; i++) {
            const ks_down *down = ks_as(ks_down, ks_receive(60000));
            if (!down || down->reason.kind != KS_REASON_NORMAL) wrong("a DOWN is missing");
        }
    }
    report(&(struct result){ rounds * AT_ONCE, now_seconds() - start, NULL });
}
