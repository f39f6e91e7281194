/* SPDX-License-Identifier: Apache-2.0 */
/* spawn_test - options of a spawn: each does what it says, and a failure leaves nothing behind. */
#include "support/scenario.h"

#include <kiosk/info.h>
#include <kiosk/spawn.h>
#include <string.h>

static void waits(void *arg)
{
    for (;;) ks_receive_as(ks_exited, KS_INFINITY);
}

static void every_option_is_there_before_it_runs(void)
{
    ks_ref monitor;
    ks_pid pid;
    ks_process_snapshot info;
    ks_trap_exit(true);
    const ks_spawn_options options = { .name = "worker",
        .label = "first of two",
        .stack_size = 1 << 20,
        .memory_max = 1000,
        .mailbox_max = 3,
        .priority = KS_PRIORITY_LOW,
        .link = true,
        .ret_monitor = &monitor };
    KS_CHECK_OK(ks_spawn_with(waits, NULL, &options, &pid));
    KS_CHECK_OK(ks_process_info(ks_named("worker"), &info));
    KS_CHECK(ks_same_pid(info.pid, pid) && ks_same_pid(info.parent, ks_self()));
    KS_CHECK(strcmp(info.name, "worker") == 0 && strcmp(info.label, "first of two") == 0);
    KS_CHECK(info.stack_size == 1 << 20 && info.priority == KS_PRIORITY_LOW);
    KS_CHECK(info.queue_length == 0);
    int accepted = 0;
    ks_sleep(1);
    for (int i = 0; i < 10; i++) accepted += ks_send(pid, ks_int, &(ks_int){ 1 }) == KS_OK;
    ks_sleep(10);
    KS_CHECK(accepted >= 3 && accepted < 10);
    KS_CHECK(ks_mailbox_length(pid) == (uint64_t)accepted);
    ks_exit_process(pid, ks_because(KS_USER));
    KS_CHECK(ended_with(monitor, KS_REASON_STATUS));
    KS_CHECK(exit_came(pid, KS_REASON_STATUS, 1000));
}

static void link_and_monitor_hear_of_the_end(void)
{
    ks_ref monitor;
    ks_pid pid;
    ks_trap_exit(true);
    const ks_spawn_options options = { .link = true, .ret_monitor = &monitor };
    KS_CHECK_OK(ks_spawn_with(waits, NULL, &options, &pid));
    ks_exit_process(pid, ks_because(KS_USER));
    KS_CHECK(ended_with(monitor, KS_REASON_STATUS));
    KS_CHECK(exit_came(pid, KS_REASON_STATUS, 1000));
    KS_CHECK(nothing_comes());
}

static void eats(void *arg)
{
    for (;;) ks_alloc(400); /* until the limit ends it */
}

static void above_its_memory_it_ends(void)
{
    ks_ref monitor;
    const ks_spawn_options options = { .memory_max = 1000, .ret_monitor = &monitor };
    forget_reports();
    KS_CHECK_OK(ks_spawn_with(eats, NULL, &options, NULL));
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_NOMEM);
    KS_CHECK(report_count(KS_LOG_ERROR) == 1);
}

static void what_cannot_be_is_refused(void)
{
    ks_pid holder, pid = { 0 };
    ks_ref monitor = { { 7, 7 } };
    char long_name[300];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    KS_CHECK_OK(ks_spawn_with(waits, NULL, &(ks_spawn_options){ .name = "taken" }, &holder));
    const ks_spawn_options wrong[] = { { .name = "" }, { .name = long_name },
        { .stack_size = KS_STACK_SIZE_MAX + 1 }, { .priority = (ks_priority)3 } };
    for (int i = 0; i < 4; i++) {
        ks_spawn_options options = wrong[i];
        options.link = true;
        options.ret_monitor = &monitor;
        KS_CHECK(ks_spawn_with(waits, NULL, &options, &pid) == KS_BADARG);
    }
    const ks_spawn_options taken = { .name = "taken", .link = true, .ret_monitor = &monitor };
    KS_CHECK(ks_is_none(pid));
    KS_CHECK(ks_spawn_with(waits, NULL, &taken, &pid) == KS_ALREADY_STARTED);
    KS_CHECK(ks_same_pid(pid, holder) && monitor.id[0] == 7);
    kill_and_wait(holder);
    KS_CHECK(nothing_comes());
    KS_CHECK_OK(ks_spawn_with(waits, NULL, NULL, &pid));
    kill_and_wait(pid);
}

/* A program that was built with fewer options. */
static void shorter_options_are_read(void)
{
    ks_pid pid;
    ks_process_snapshot info;
    ks_spawn_options options = { .name = "older", .priority = KS_PRIORITY_HIGH };
    KS_CHECK_OK(ks_spawn_with_(waits, NULL, &options, offsetof(ks_spawn_options, priority), &pid));
    KS_CHECK_OK(ks_process_info(pid, &info));
    KS_CHECK(strcmp(info.name, "older") == 0 && info.priority == KS_PRIORITY_NORMAL);
    kill_and_wait(pid);
}

static ks_status hook_status;
static void spawns(void *resource)
{
    ks_pid pid;
    hook_status = ks_spawn_with(waits, NULL, NULL, &pid);
}

static void owns_a_spawner(void *arg) { ks_own(spawns, NULL); }

static void refused_in_a_release_hook(void)
{
    ks_ref monitor;
    hook_status = KS_OK;
    ks_spawn_monitor(owns_a_spawner, NULL, &monitor);
    end_of(monitor);
    KS_CHECK(hook_status == KS_DENIED);
}

/* --- without memory --------------------------------------------------------------------------- */
static int tried;
static void spawn_or_nothing(void)
{
    ks_ref monitor = { { 0, 0 } };
    ks_pid pid = { 0 };
    ks_trap_exit(true);
    const ks_spawn_options options = { .name = "worker",
        .label = "label",
        .stack_size = 64 << 10,
        .memory_max = 1 << 20,
        .link = true,
        .ret_monitor = &monitor };
    ks_status status = ks_spawn_with(waits, NULL, &options, &pid);
    if (status) {
        KS_CHECK(status == KS_NOMEM && ks_is_none(pid) && !monitor.id[0]);
        KS_CHECK(ks_is_none(ks_whereis("worker")));
        KS_CHECK(nothing_comes());
        return;
    }
    ks_exit_process(pid, KS_KILL);
    end_of(monitor);
    tried++;
}

/* The n-th allocation fails, for each n until all is well. */
static bool sweep(void)
{
    tried = 0;
    for (uint64_t n = 1; n < 60; n++) {
        const ks_simulation one = { .seed = 1, .fail_allocation = n };
        if (ks_simulate(&one, spawn_or_nothing)) return false;
    }
    return tried > 20 && tried < 55;
}

int main(void)
{
    if (!sweep()) return 1;
    return run_scenarios("spawn", 100,
        SCENARIOS(SCENARIO(every_option_is_there_before_it_runs),
            SCENARIO(link_and_monitor_hear_of_the_end), SCENARIO(above_its_memory_it_ends),
            SCENARIO(what_cannot_be_is_refused), SCENARIO(shorter_options_are_read),
            SCENARIO(refused_in_a_release_hook)));
}
