/* SPDX-License-Identifier: Apache-2.0 */
/* limits_test - processes and address space are used up: a status each, nobody else is disturbed,
 * and what was given back can be had again. */
#include "io/scenario.h"
#include "runtime/sanitizers.h"
#include <sys/mman.h>
#include <sys/resource.h>

enum { PROCESSES_MAX = 40, MANY = 3000, ROOM = 96 << 20 };

static void wait_for_ever(void *arg) { (void)ks_receive(KS_INFINITY); }

/* --- processes -------------------------------------------------------------------------------- */
KS_MODULE(echo, void);
KS_CALL(echo, twice, ks_int, ks_int);
struct echo {
    char unused;
};
static ks_next echo_handle_twice(echo *self, const ks_int *request, ks_int *reply)
{
    *reply = *request * 2;
    return ks_reply();
}
KS_GEN_SERVER(echo, .ops = KS_OPS(echo, twice));

KS_SUPERVISOR(group, .strategy = KS_DYNAMIC);

static bool echoes(ks_pid pid)
{
    ks_int request = 21, reply = 0;
    return echo_call_twice(pid, &request, &reply, 1000) == KS_OK && reply == 42;
}

static void use_up_processes(void)
{
    ks_pid server, supervisor, pids[PROCESSES_MAX], pid;
    int count = 0;
    ck_assert_int_eq(ks_start_link(KS_CHILD(echo), &server), KS_OK);
    ck_assert_int_eq(ks_start_link(KS_CHILD(group), &supervisor), KS_OK);
    while (!ks_is_none(pid = ks_spawn(wait_for_ever, NULL))) {
        ck_assert_int_lt(count, PROCESSES_MAX);
        pids[count++] = pid;
    }
    ck_assert_int_gt(count, PROCESSES_MAX / 2);
    ks_ref monitor;
    ck_assert(ks_is_none(ks_spawn_monitor(wait_for_ever, NULL, &monitor)));
    ck_assert_int_eq(ks_start(KS_CHILD(echo), &pid), KS_NOMEM);
    ck_assert_int_eq(ks_start_child(supervisor, KS_CHILD(echo), &pid), KS_NOMEM);
    ck_assert(echoes(server));
    monitor = ks_monitor(pids[0]);
    ks_exit_process(pids[0], KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, 1000));
    ck_assert_int_eq(ks_start_child(supervisor, KS_CHILD(echo), &pid), KS_OK);
    ck_assert(echoes(pid));
    ck_assert(ks_is_none(ks_spawn(wait_for_ever, NULL)));
}

START_TEST(the_limit_of_processes_is_a_status)
{
    ks_log_set_level(KS_LOG_CRITICAL);
    ks_runtime_options options = { .processes_max = PROCESSES_MAX };
    ck_assert_int_eq(run(&options, use_up_processes), KS_OK);
}
END_TEST

/* --- stacks: address space ---------------------------------------------------------------------
 */
KS_MODULE(keeper, void);
KS_CALL(keeper, keep, void, void);
struct keeper {
    char unused;
};
static ks_next keeper_handle_keep(keeper *self)
{
    (void)keeper_from_keep();
    return ks_noreply(); /* answered by its end */
}
KS_GEN_SERVER(keeper, .ops = KS_OPS(keeper, keep));

static ks_pid keeper_pid;
static _Atomic(int) refused, answered;

static void ask(void *arg)
{
    ks_status status = keeper_call_keep(keeper_pid, KS_INFINITY);
    refused += status == KS_NOMEM;
    answered += status == KS_NOPROC;
}

static void limit_address_space(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(file, "%ld", &pages), 1);
    fclose(file);
    struct rlimit limit = { .rlim_cur = (rlim_t)pages * 4096 + ROOM, .rlim_max = RLIM_INFINITY };
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

/* An emulator of user programs needs address space itself, and does not pass the limit on. */
static bool limits_are_kept(void)
{
    struct rlimit old;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    struct rlimit none = { .rlim_cur = 0, .rlim_max = old.rlim_max };
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    void *map = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &old), 0);
    if (map == MAP_FAILED) return true;
    munmap(map, ROOM);
    puts("limits: no limit of address space here: not tested");
    return false;
}

static void use_up_stacks(void)
{
    ck_assert_int_eq(ks_start(KS_CHILD(keeper), &keeper_pid), KS_OK);
    limit_address_space();
    ks_ref monitors[MANY];
    for (int i = 0; i < MANY; i++) {
        ck_assert(!ks_is_none(ks_spawn_monitor(ask, NULL, &monitors[i])));
        ks_yield(); /* it asks, and waits as long as there are stacks */
    }
    ck_assert_int_gt(refused, 0);
    ck_assert_int_lt(refused, MANY);
    ks_exit_process(keeper_pid, KS_KILL);
    for (int i = 0; i < MANY; i++) ck_assert_ptr_nonnull(ks_receive_ref(monitors[i], 10000));
    ck_assert_int_eq(refused + answered, MANY);
}

START_TEST(without_a_stack_to_wait_on_a_call_is_refused)
{
    if (KSI_SANITIZED || !limits_are_kept()) return; /* shadows need all the space there is */
    ck_assert_int_eq(run(NULL, use_up_stacks), KS_OK);
}
END_TEST

RUN_SUITE(
    "limits", the_limit_of_processes_is_a_status, without_a_stack_to_wait_on_a_call_is_refused)
