/* SPDX-License-Identifier: Apache-2.0 */
/* 10_testing.c - Testing with seeds and virtual time
 *
 * Two things make concurrent programs hard to test. What goes wrong depends on the order in which
 * things happen, and that order is not yours. And tests that wait for time to pass are slow, and
 * fail on a busy machine. In a test both can be yours: `kiosk/test.h`. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <kiosk/test.h>
#include <stdio.h>

/* ## Something to test
 *
 * An account. It can be read and set; and, since somebody has thought about it, added to. */
KS_MODULE(account, void);
KS_CALL(account, get, void, ks_int);
KS_CALL(account, set, ks_int, void);
KS_CALL(account, add, ks_int, ks_int);
KS_CAST(account, close, void);
struct account {
    int64_t money;
};
static ks_next account_handle_get(account *self, ks_int *reply)
{
    *reply = self->money;
    return ks_reply();
}
static ks_next account_handle_set(account *self, const ks_int *money)
{
    self->money = *money;
    return ks_reply();
}
static ks_next account_handle_add(account *self, const ks_int *money, ks_int *reply)
{
    *reply = self->money += *money;
    return ks_reply();
}
/* An account is closed an hour after it was asked for, unless somebody still uses it. */
static ks_next account_handle_close(account *self) { return ks_after(ks_noreply(), 3600000); }
static ks_next account_handle_timeout(account *self) { return ks_stop(KS_NORMAL); }
KS_GEN_SERVER(account, .handle_timeout = account_handle_timeout,
    .ops = KS_OPS(account, get, set, add, close));

/* ## A server in the hand
 *
 * `ks_step_start` starts a server without a program around it. Its client functions can be called
 * from a plain main, or from a test of any framework. Each lets the server run before it returns.
 * There is no thread, and time stands still until the test moves it. */
static void in_the_hand(void)
{
    ks_pid server;
    ks_int five = 5, money = 0;
    KS_CHECK_OK(ks_step_start(KS_CHILD(account), &server));
    KS_CHECK_OK(account_call_add(server, &five, &money, 1000));
    KS_CHECK(money == 5);
    KS_CHECK(ks_step_state(account, server)->money == 5); /* one may look inside */

    account_cast_close(server);
    ks_step_time(3599999);
    printf("after 3599999 ms: %s\n", ks_is_alive(server) ? "there" : "closed");
    //=> after 3599999 ms: there
    ks_step_time(1);
    printf("after one more: %s\n", ks_is_alive(server) ? "there" : "closed");
    //=> after one more: closed
    ks_step_end();
}

/* ## A program under a seed
 *
 * `ks_simulate` runs a whole program on one thread. Who runs next is drawn by lot, and signals are
 * held back now and then, but never reordered, since that cannot happen. All lots come from a seed:
 * the same seed is the same run.
 *
 * Here two people each pay in 10, the careless way: read, add, write. */
static void pays_in(void *arg)
{
    ks_int money = 0;
    KS_CHECK_OK(account_call_get(ks_named("account"), &money, 5000));
    money += 10;
    KS_CHECK_OK(account_call_set(ks_named("account"), &money, 5000));
}
static void pays_in_well(void *arg)
{
    ks_int ten = 10, money;
    KS_CHECK_OK(account_call_add(ks_named("account"), &ten, &money, 5000));
}

static void two_people(void (*pay)(void *arg))
{
    ks_pid server;
    ks_ref ann, ben;
    ks_int money = 0;
    KS_CHECK_OK(ks_start_link(&(ks_child){ KS_START(account), .name = "account" }, &server));
    ks_spawn_monitor(pay, NULL, &ann);
    ks_spawn_monitor(pay, NULL, &ben);
    ks_receive_ref(ann, KS_INFINITY);
    ks_receive_ref(ben, KS_INFINITY);
    KS_CHECK_OK(account_call_get(server, &money, 5000));
    KS_CHECK(money == 20);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 5000));
}
static void careless(void) { two_people(pays_in); }
static void careful(void) { two_people(pays_in_well); }

/* ## A deadlock
 *
 * A call with a time-out ends, and a circle of calls is refused (`KS_CALLING_SELF`). But who waits
 * without a limit for what nobody will send, waits for ever. A simulation finds that: when no
 * timer is armed and nobody can run, time is over at once. */
static void waits_for_two(void *arg)
{
    for (int i = 0; i < 2; i++) ks_receive(KS_INFINITY);
}
static void two_are_promised(void)
{
    ks_ref ended;
    ks_pid pid = ks_spawn_monitor(waits_for_two, NULL, &ended);
    KS_CHECK_OK(ks_send(pid, ks_int, &(ks_int){ 1 })); /* and the other one was forgotten */
    ks_receive_ref(ended, KS_INFINITY);
}

int main(void)
{
    in_the_hand();
    ks_simulation hundred = { .runs = 100 };
    printf("careless: %s\n", ks_simulate(&hundred, careless) ? "a seed fails" : "all pass");
    //=> careless: a seed fails
    printf("careful: %s\n", ks_simulate(&hundred, careful) ? "a seed fails" : "all pass");
    //=> careful: all pass
    printf("promised: %s\n", ks_simulate(&hundred, two_are_promised) ? "a seed fails" : "all pass");
    //=> promised: a seed fails
}

/* On standard error stands which seed it was:
 *
 *     simulation failed with seed 1: 10_testing.c:99: check failed: money == 20
 *       replay: KIOSK_SEED=1
 *
 * and the log of that run. `KIOSK_SEED=1` in the environment of the same program runs it again, as
 * it was, in gdb if you like.
 *
 * The deadlock reads so; who waits for a reply is shown with whose:
 *
 *     simulation failed with seed 1: deadlock: nobody who is left can go on
 *       replay: KIOSK_SEED=1
 *       left: <0.2.1> process, waits for a message, on scheduler 0
 *       left: <0.3.1> process, waits for a message, on scheduler 0
 *
 * At the end of each run nothing may be left: no process, no memory, no descriptor. That finds
 * leaks without a test for them.
 *
 * ## More lots
 *
 * | field | |
 * |---|---|
 * | `.runs`, or `KIOSK_RUNS` in the environment | how many seeds |
 * | `.out_of_memory = 0.01` | one allocation in a hundred fails |
 * | `.fail_allocation = 7` | the seventh does |
 * | `.schedulers = 2`, or `KIOSK_SCHEDULERS` | several schedulers, still on one thread |
 *
 * ## What it does not show
 *
 * Time is virtual only for what goes through kiosk: `ks_now`, `ks_sleep`, timers, `ks_random`.
 * Code that asks the system for the time, or makes threads, stays as it is. And on one thread
 * there are no data races: for these there is ThreadSanitizer ([Debugging](13_debugging.md)). */
