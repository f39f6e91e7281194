/* SPDX-License-Identifier: Apache-2.0 */
/* harness.c - see harness.h. Looks into the runtime's private counters: for the static library. */
#include "harness.h"

#include "runtime/scheduler.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct left {
    uint64_t processes, blocks, records;
    int descriptors;
};

static int count_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

static struct left look(void)
{
    const struct ksi_scheduler *s = ksi_this_scheduler;
    return (struct left){ .processes = s->runtime->processes.alive,
        .blocks = s->pool.blocks,
        .records = s->records.alive,
        .descriptors = count_descriptors() };
}

/* --- the real runtime ------------------------------------------------------------------------- */
static const struct scenario *scenarios;
static size_t scenario_count;

static void run_one(void *arg)
{
    const struct scenario *scenario = arg;
    scenario->run();
}

static void run_real(const struct scenario *scenario)
{
    char why[160];
    ks_ref monitor;
    ks_end_turn();
    struct left before = look();
    ks_spawn_monitor(run_one, (void *)(uintptr_t)scenario, &monitor);
    const ks_msg *msg = ks_receive_ref(monitor, 60000);
    KS_CHECK(msg != NULL);
    ks_reason reason = ks_as(ks_down, msg)->reason;
    if (!ks_is_clean(reason)) printf("%s: %s\n", scenario->name, ks_reason_text(reason, why, 160));
    KS_CHECK(ks_is_clean(reason));
    ks_end_turn();
    ks_sleep(2);
    struct left after = look();
    KS_CHECK(after.processes == before.processes);
    KS_CHECK(after.blocks == before.blocks);
    KS_CHECK(after.records == before.records);
    KS_CHECK(after.descriptors == before.descriptors);
    printf("  %-28s ok\n", scenario->name);
    fflush(stdout);
}

KS_MODULE(all, void);
static void all_main(const all_args *args)
{
    for (size_t i = 0; i < scenario_count; i++) run_real(&scenarios[i]);
}
KS_PROCESS(all);

/* --- the seeded runner ------------------------------------------------------------------------ */
static int run_seeded(int seeds)
{
    for (size_t i = 0; i < scenario_count; i++) {
        const struct scenario *scenario = &scenarios[i];
        if (scenario->needs_io) continue;
        ks_simulation simulation = { .seed = 1, .runs = seeds, .delay = scenario->delay };
        int failed = ks_simulate(&simulation, scenario->run);
        printf("  %-28s %s, %d seeds\n", scenario->name, failed ? "FAILED" : "ok", seeds);
        fflush(stdout);
        if (failed) return 1;
    }
    return 0;
}

int run_scenarios(const struct scenario *list, size_t count, int seeds)
{
    scenarios = list;
    scenario_count = count;
    (void)ks_log_set_level(KS_LOG_CRITICAL); /* crashes are meant */
    if (seeds) return run_seeded(seeds);
    return ks_run(NULL, KS_CHILD(all)) ? 1 : 0;
}
