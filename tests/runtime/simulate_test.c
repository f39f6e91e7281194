/* SPDX-License-Identifier: Apache-2.0 */
/* simulate_test - what ks_simulate says of a scenario that fails: the seed, why, who was left. */
#include "support/suite.h"

#include <kiosk/kiosk.h>
#include <kiosk/test.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char said[8192]; /* on standard error, by the latest run */

static int failures_of(const ks_simulation *simulation, void (*scenario)(void))
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    ck_assert(file && saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    int failed = ks_simulate(simulation, scenario);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = 0;
    fclose(file);
    return failed;
}

static const ks_simulation seed_7 = { .seed = 7 };

KS_MODULE(clerk, void);
KS_CALL(clerk, serve, void, void);
struct clerk {
    int unused;
};
static ks_next clerk_handle_serve(clerk *self)
{
    (void)ks_receive(KS_INFINITY); /* nobody sends */
    return ks_reply();
}
KS_GEN_SERVER(clerk, .ops = KS_OPS(clerk, serve));

static void start_clerk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start_link(&(ks_child){ KS_START(clerk), .name = "clerk" }, &pid));
}

static void waits_for_the_clerk(void)
{
    start_clerk();
    KS_CHECK_OK(clerk_call_serve(ks_named("clerk"), KS_INFINITY));
}

START_TEST(a_deadlock_is_called_so)
{
    ck_assert_int_ne(failures_of(&seed_7, waits_for_the_clerk), 0);
    const char *first = "simulation failed with seed 7: deadlock: nobody who is left can go on\n"
                        "  replay: KIOSK_SEED=7\n";
    ck_assert_msg(strncmp(said, first, strlen(first)) == 0, "%s", said);
    ck_assert_msg(strstr(said, "clerk named clerk, waits for a message, on"), "%s", said);
    ck_assert_msg(strstr(said, "process, waits for a reply of <0.3.1>, on"), "%s", said);
}
END_TEST

static void ticks_for_ever(void)
{
    for (;;) ks_sleep(997);
}

START_TEST(who_goes_on_for_ever_is_none)
{
    ck_assert_int_ne(failures_of(&seed_7, ticks_for_ever), 0);
    ck_assert_msg(strstr(said, "seed 7: did not end within 3600000 ms\n"), "%s", said);
    ck_assert_msg(strstr(said, "waits for time, on"), "%s", said);
}
END_TEST

static void sits(void *arg)
{
    (void)arg;
    (void)ks_receive(KS_INFINITY);
}
static void leaves_one(void) { ks_spawn(sits, NULL); }

START_TEST(who_is_left_is_shown)
{
    ck_assert_int_ne(failures_of(&seed_7, leaves_one), 0);
    ck_assert_msg(strstr(said, "seed 7: 1 processes were left\n"), "%s", said);
    ck_assert_msg(strstr(said, "  left: <0.3.1> process, waits for a message, on"), "%s", said);
}
END_TEST

static void is_wrong(void) { KS_CHECK(1 + 1 == 3); }

START_TEST(a_check_says_where)
{
    ck_assert_int_ne(failures_of(&seed_7, is_wrong), 0);
    ck_assert_msg(strstr(said, "simulate_test.c:"), "%s", said);
    ck_assert_msg(strstr(said, "check failed: 1 + 1 == 3\n"), "%s", said);
}
END_TEST

static void is_right(void) { KS_CHECK(1 + 1 == 2); }

START_TEST(of_success_nothing_is_said)
{
    ck_assert_int_eq(failures_of(&(ks_simulation){ .runs = 10 }, is_right), 0);
    ck_assert_str_eq(said, "");
}
END_TEST

int main(void)
{
    return run_suite("simulate", 60,
        TESTS(a_deadlock_is_called_so, who_goes_on_for_ever_is_none, who_is_left_is_shown,
            a_check_says_where, of_success_nothing_is_said));
}
