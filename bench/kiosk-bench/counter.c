/* SPDX-License-Identifier: Apache-2.0 */
/* counter.c - the server of the workloads: a call adds one and answers value + 1, a cast adds
 * one. */
#include "bench.h"

KS_MODULE(counter, void);
struct counter {
    int64_t words[8];
};
KS_CALL(counter, add, ks_int, ks_int);
KS_CALL(counter, count, void, ks_int);
KS_CALL(counter, scheduler, void, ks_int);
KS_CAST(counter, note, ks_int);

static ks_next counter_handle_add(counter *self, const ks_int *value, ks_int *reply)
{
    self->words[0]++;
    *reply = *value + 1;
    return ks_reply();
}

static ks_next counter_handle_count(counter *self, ks_int *reply)
{
    *reply = self->words[0];
    return ks_reply();
}

static ks_next counter_handle_scheduler(counter *self, ks_int *reply)
{
    *reply = ks_scheduler_id();
    return ks_reply();
}

static ks_next counter_handle_note(counter *self, const ks_int *value)
{
    self->words[0]++;
    return ks_noreply();
}

KS_GEN_SERVER(counter, .ops = KS_OPS(counter, add, count, scheduler, note));

const ks_module *counter_as_module(void) { return &counter_module; }

ks_pid start_counter(const ks_child *row)
{
    ks_pid pid;
    ks_child how = row ? *row : (ks_child){ 0 };
    how.module = &counter_module;
    must(ks_start(&how, &pid), "a server did not start");
    return pid;
}

void call_counter(ks_pid to, int64_t value)
{
    ks_int reply;
    if (counter_call_add(to, &value, &reply, KS_DEFAULT_TIMEOUT) || reply != value + 1)
        wrong("a call gave no reply, or not its own");
}

void cast_counter(ks_pid to, int64_t value)
{
    if (counter_cast_note(to, &value)) wrong("a cast was refused");
}

int64_t counter_count(ks_pid to)
{
    ks_int count;
    if (counter_call_count(to, &count, 60000)) wrong("the count did not come");
    return count;
}

uint32_t counter_scheduler(ks_pid to)
{
    ks_int number;
    if (counter_call_scheduler(to, &number, 60000)) wrong("a call failed");
    return (uint32_t)number;
}
