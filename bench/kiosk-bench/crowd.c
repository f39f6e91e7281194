/* SPDX-License-Identifier: Apache-2.0 */
/* crowd.c - processes that wait for a signal, do their part, and say that they have. */
#include "bench.h"

enum { WAIT = 600000 };
struct member {
    void (*part)(int number, void *arg);
    void *arg;
    ks_pid teller, pid;
    int number;
};

static void take_part(void *arg)
{
    const struct member *self = arg;
    if (!ks_receive_as(ks_bool, KS_INFINITY)) return;
    self->part(self->number, self->arg);
    (void)ks_send(self->teller, ks_int, &(ks_int){ self->number });
}

static void await_all(int count)
{
    for (int i = 0; i < count; i++)
        if (!ks_as(ks_int, ks_receive(WAIT))) wrong("somebody did not come to the end");
}

double run_crowd(int count, void (*part)(int number, void *arg), void *arg)
{
    struct member *members = ks_alloc((size_t)count * sizeof *members);
    for (int i = 0; i < count; i++) {
        members[i] =
            (struct member){ .part = part, .arg = arg, .teller = ks_self(), .number = i + 1 };
        members[i].pid = ks_spawn(take_part, &members[i]);
        if (ks_is_none(members[i].pid)) wrong("a process was not spawned");
    }
    ks_sleep(50); /* all wait */
    double start = now_seconds();
    for (int i = 0; i < count; i++)
        must(ks_send(members[i].pid, ks_bool, &(ks_bool){ true }), "the signal was refused");
    await_all(count);
    double seconds = now_seconds() - start;
    ks_free(members);
    return seconds;
}
