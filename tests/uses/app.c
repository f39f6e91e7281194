/* SPDX-License-Identifier: Apache-2.0 */
/* app.c - the tree of a whole program: order, restart classes and limits, in one place. Consumers
 * take jobs from a queue; one job is too much for whoever takes it. */
#include "queue.h"
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* --- results: a sum, and whoever waits until so many jobs are done ---------------------------- */
KS_MODULE(results, void);
KS_CAST(results, add, ks_int);
KS_CALL(results, wait, ks_int, ks_int);
struct results {
    int64_t sum, count, awaited;
    results_wait_from waiter;
};

static ks_next results_handle_add(results *self, const ks_int *n)
{
    self->sum += *n;
    if (++self->count == self->awaited) results_reply_wait(self->waiter, &self->sum);
    return ks_noreply();
}

static ks_next results_handle_wait(results *self, const ks_int *count, ks_int *reply)
{
    self->awaited = *count;
    *reply = self->sum;
    if (self->count >= self->awaited) return ks_reply();
    self->waiter = results_from_wait();
    return ks_noreply();
}

KS_GEN_SERVER(results, .ops = KS_OPS(results, add, wait));

/* --- consumers -------------------------------------------------------------------------------- */
KS_MODULE(consumer, void);

static void consumer_main(const ks_none *args)
{
    ks_text item;
    int64_t n;
    while (queue_pop(ks_named("jobs"), &item, KS_INFINITY) == KS_OK) {
        if (sscanf(item.ptr, "%" SCNd64, &n) != 1)
            ks_exit(ks_error("not a number: " KS_TEXT_FMT, KS_TEXT_ARG(item)));
        results_cast_add(ks_named("results"), &n);
        ks_end_turn();
    }
}

KS_PROCESS(consumer);

/* --- the tree --------------------------------------------------------------------------------- */
/* clang-format off */
KS_SUPERVISOR(consumers, .max_restarts = 20, .max_seconds = 60, .children = KS_CHILDREN(
    { KS_START(consumer), .id = "consumer 1" },
    { KS_START(consumer), .id = "consumer 2" }));

KS_SUPERVISOR(app, .strategy = KS_ONE_FOR_ONE, .children = KS_CHILDREN(
    { KS_START(results), .name = "results" },
    { KS_START(queue, .limit = 10000), .name = "jobs", .mailbox_max = 50000,
      .overload = KS_REFUSE, .memory_max = 64 << 20 },
    { KS_START(consumers), .shutdown = 20000 }));
/* clang-format on */

/* --- what the program does -------------------------------------------------------------------- */
KS_MODULE(program, void);

static void must(ks_status status)
{
    if (status) ks_exit(ks_because(status));
}

static void program_main(const ks_none *args)
{
    static const ks_int jobs = 100;
    uint64_t before = ks_process_count();
    ks_pid tree;
    ks_int sum;
    must(ks_start_link(KS_CHILD(app), &tree));
    for (int i = 1; i <= jobs; i++) {
        if (i == 50) must(queue_push(ks_named("jobs"), ks_lit("fifty")));
        must(queue_push(ks_named("jobs"), ks_str(ks_format("%d", i))));
    }
    must(results_call_wait(ks_named("results"), &jobs, &sum, KS_DEFAULT_TIMEOUT));
    printf("sum of %lld jobs: %lld\n", (long long)jobs, (long long)sum);
    ks_child_counts counts;
    must(ks_count_children(tree, &counts));
    printf("children: %lld, active: %lld, supervisors: %lld\n", (long long)counts.specs,
        (long long)counts.active, (long long)counts.supervisors);
    must(ks_stop_process(tree, KS_NORMAL, KS_INFINITY));
    printf("stopped, left: %llu\n", (unsigned long long)(ks_process_count() - before));
}

KS_PROCESS(program);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(program)); }
