/* SPDX-License-Identifier: Apache-2.0 */
/* crowd.c - processes that wait for a signal, do their part, and say that they have. */
#include "bench.h"

#include <kiosk/spawn.h>

enum { WAIT = 600000, SETTLE_MS = 50 };
struct member {
    const struct crowd *crowd;
    ks_pid teller, pid;
    int number;
};

static void take_part(void *arg)
{
    const struct member *self = arg;
    if (!ks_receive_as(ks_bool, KS_INFINITY)) return;
    self->crowd->part(self->number, self->crowd->arg);
    (void)ks_send(self->teller, ks_int, &(ks_int){ self->number });
}

static void await_all(int count)
{
    for (int i = 0; i < count; i++)
        if (!ks_as(ks_int, ks_receive(WAIT))) wrong("somebody did not come to the end");
}

double run_crowd(const struct crowd *crowd)
{
    struct member *members = ks_alloc((size_t)crowd->count * sizeof *members);
    const ks_spawn_options options = { .scheduler = crowd->scheduler };
    for (int i = 0; i < crowd->count; i++) {
        struct member *member = &members[i];
        *member = (struct member){ .crowd = crowd, .teller = ks_self(), .number = i + 1 };
        must(ks_spawn_with(take_part, member, &options, &member->pid), "a process was not spawned");
    }
    ks_sleep(SETTLE_MS); /* all wait */
    double start = now_seconds();
    for (int i = 0; i < crowd->count; i++)
        must(ks_send(members[i].pid, ks_bool, &(ks_bool){ true }), "the signal was refused");
    await_all(crowd->count);
    double seconds = now_seconds() - start;
    ks_free(members);
    return seconds;
}
