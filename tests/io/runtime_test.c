/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_test - runtimes as objects: start and stop, several at once, clients at the end. */
#include "io/guest.h"
#include <kiosk/blocking.h>
#include <signal.h>
#include <unistd.h>

/* --- start and stop --------------------------------------------------------------------------- */
static ks_next refuse(const ks_module *module, void *self, const void *args)
{
    return ks_fail(KS_USER + 7);
}
static const ks_behaviour refuser_behaviour = {
    .version = KS_BEHAVIOUR_VERSION, .name = "refuser", .on_start = refuse
};
static const ks_module refuser_module = {
    .version = KS_MODULE_VERSION, .name = "refuser", .behaviour = &refuser_behaviour
};

START_TEST(a_start_that_fails_leaves_nothing)
{
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    ks_runtime *runtime;
    ks_child root = { .module = &refuser_module };
    for (int i = 0; i < 2; i++) {
        ks_runtime_options options = { .host_driven = i };
        ck_assert_int_eq(ks_runtime_start(&options, &root, &runtime), KS_USER + 7);
    }
    root.module = NULL;
    ck_assert_int_eq(ks_runtime_start(NULL, &root, &runtime), KS_BADARG);
    ks_runtime_options options = { .handle_termination = true };
    ck_assert_int_eq(ks_runtime_start(&options, NULL, &runtime), KS_BADARG);
    options = (ks_runtime_options){ .host_driven = true, .schedulers = 2 };
    ck_assert_int_eq(ks_runtime_start(&options, NULL, &runtime), KS_BADARG);
    options = (ks_runtime_options){ .host_driven = true };
    ck_assert_int_eq(ks_run(&options, KS_CHILD(host)), KS_BADARG);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

START_TEST(it_is_started_and_stopped_again_and_again)
{
    enum { ROUNDS = 200 };
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        ks_runtime *runtime = start_host(&(ks_runtime_options){ .schedulers = i % 3 + 1 });
        ks_client *client = open_client(runtime);
        ks_int sum;
        ck_assert_int_eq(add_one(i, &sum), KS_OK);
        if (i % 2) ks_client_close(client);
        ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
        if (i % 2 == 0) ks_client_close(client);
    }
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

static void wait_for_ever(void *arg) { ks_sleep(KS_INFINITY); }

START_TEST(without_a_root_clients_start_what_they_need)
{
    ks_log_set_level(KS_LOG_NONE);
    ks_runtime *runtime;
    ks_pid pid;
    ks_int sum;
    ck_assert_int_eq(ks_runtime_start(NULL, NULL, &runtime), KS_OK);
    ks_client *client = open_client(runtime);
    ck_assert_int_eq(ks_start(&(ks_child){ KS_START(host), .name = "host" }, &pid), KS_OK);
    ck_assert_int_eq(add_one(1, &sum), KS_OK);
    (void)ks_spawn(wait_for_ever, NULL);
    ks_ref end = ks_monitor(pid);
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
    const ks_msg *msg = ks_receive_ref(end, 5000);
    ck_assert(msg && ((const ks_down *)msg->body)->reason.kind == KS_REASON_SHUTDOWN);
    ks_client_close(client);
}
END_TEST

enum { NOT_YET, WAITS, TOLD };
static void await_end(void *arg)
{
    _Atomic(int) *at = arg;
    (void)ks_trap_exit(true);
    *at = WAITS;
    (void)ks_receive(KS_INFINITY);
    *at = TOLD;
}

START_TEST(root_may_end_by_itself)
{
    ks_log_set_level(KS_LOG_NONE);
    ks_runtime *runtime = start_host(NULL);
    ks_client *client = open_client(runtime);
    static _Atomic(int) at;
    (void)ks_spawn(await_end, (void *)&at);
    while (at != WAITS) ks_sleep(1);
    ck_assert_int_eq(host_cast_crash(HOST), KS_OK);
    ck_assert_ptr_null(ks_receive(KS_INFINITY)); /* until the end of all */
    ks_client *second;
    ks_client_close(client);
    ck_assert_int_eq(ks_client_open(runtime, &second), KS_CLOSED);
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_EXITED);
    ck_assert_int_eq(at, TOLD);
}
END_TEST

static sigset_t mask_there;
static void look_at_mask(void *arg) { (void)pthread_sigmask(SIG_SETMASK, NULL, &mask_there); }

static void signals_are_the_programs(ks_runtime *runtime)
{
    sigset_t mask;
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
    ks_client *client = open_client(runtime);
    ks_ref end;
    (void)ks_spawn_monitor(look_at_mask, NULL, &end);
    ck_assert_ptr_nonnull(ks_receive_ref(end, 5000));
    ks_client_close(client);
    ck_assert_int_eq(sigismember(&mask_there, SIGTERM), 1);
    ck_assert_int_eq(sigismember(&mask_there, SIGUSR1), 1);
    ck_assert_int_eq(sigismember(&mask_there, SIGSEGV), 0);
}
GUEST(signals_are_the_programs)

/* --- several ---------------------------------------------------------------------------------- */
static void *crash_it(void *arg)
{
    ks_client *client = open_client(arg);
    (void)host_cast_crash(HOST);
    ks_client_close(client);
    return NULL;
}

static void know_nothing_of_each_other(ks_runtime *first)
{
    ks_runtime *second = start_host(&(ks_runtime_options){ .schedulers = 2 });
    ks_client *client = open_client(first), *other;
    ck_assert_int_eq(host_cast_tell(HOST, &(told_args){ 0, 1 }), KS_OK);
    in_thread(crash_it, second);
    ks_int count;
    ck_assert_int_eq(host_call_counted(HOST, &count, 5000), KS_OK);
    ck_assert_int_eq(count, 1);
    ck_assert_int_eq(ks_client_open(second, &other), KS_DENIED); /* one a thread */
    ck_assert_int_eq(ks_runtime_stop(second), KS_EXITED);
    ck_assert_int_eq(host_call_counted(HOST, &count, 5000), KS_OK);
    ks_client_close(client);
}
GUEST(know_nothing_of_each_other)

/* --- the end, with clients about -------------------------------------------------------------- */
enum { THREADS = 6 };
struct guest {
    ks_runtime *runtime;
    int kind;
    _Atomic(bool) begun;
    int calls, wrong;
};

static bool is_expected(ks_status status)
{
    return status == KS_OK || status == KS_NOPROC || status == KS_DRAINING;
}

/* Whatever is refused, it is by one of these, and for good. */
static void call_until_refused(struct guest *guest)
{
    for (;;) { /* until the server is gone */
        ks_int reply = 0;
        ks_status status = add_one(guest->calls, &reply);
        if (!is_expected(status)) guest->wrong++;
        if (status) return;
        if (reply != guest->calls + 1) guest->wrong++;
        guest->calls++;
        guest->begun = true;
        ks_end_turn();
    }
}

static void spawn_until_refused(struct guest *guest)
{
    for (;; guest->begun = true) { /* until the runtime is closed to us */
        ks_ref end;
        ks_pid pid = ks_spawn_monitor(wait_for_ever, NULL, &end);
        if (ks_is_none(pid)) return;
        ks_exit_process(pid, KS_KILL);
        ks_status status = ks_start(&(ks_child){ KS_START(host) }, &pid);
        if (status == KS_TIMEOUT) return; /* it was cut in the middle of it */
        if (!is_expected(status) && status != KS_EXITED) guest->wrong++;
        if (!ks_receive_ref(end, KS_INFINITY)) return;
    }
}

static void wait_until_woken(struct guest *guest)
{
    guest->begun = true;
    if (guest->kind == 2 && ks_receive(KS_INFINITY)) guest->wrong++;
    if (guest->kind == 3 && !is_expected(host_call_never(HOST, KS_INFINITY))) guest->wrong++;
    if (guest->kind >= 4) ks_sleep(KS_INFINITY);
}

static void *be_guest(void *arg)
{
    struct guest *guest = arg;
    ks_client *client;
    ck_assert_int_eq(ks_client_open(guest->runtime, &client), KS_OK);
    if (guest->kind == 0)
        call_until_refused(guest);
    else if (guest->kind == 1)
        spawn_until_refused(guest);
    else
        wait_until_woken(guest);
    ks_client_close(client);
    return NULL;
}

START_TEST(who_waits_is_woken_by_the_end)
{
    enum { ROUNDS = 25 };
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        ks_runtime *runtime = start_host(&(ks_runtime_options){ .schedulers = round % 3 + 1 });
        pthread_t threads[THREADS];
        struct guest guests[THREADS];
        for (int i = 0; i < THREADS; i++) {
            guests[i] = (struct guest){ .runtime = runtime, .kind = i };
            ck_assert_int_eq(pthread_create(&threads[i], NULL, be_guest, &guests[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            while (!guests[i].begun) sched_yield();
        ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            ck_assert_msg(guests[i].wrong == 0, "guest %d, round %u", i, round);
        }
    }
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* Threads come while it stops, and afterwards: all with a reference. */
static void *come_and_go(void *arg)
{
    struct guest *guest = arg;
    for (;;) { /* until it has ended */
        ks_client *client;
        ks_status status = ks_client_open(guest->runtime, &client);
        guest->begun = true;
        if (status == KS_CLOSED) break;
        if (!is_expected(status)) guest->wrong++;
        if (status) continue;
        ks_int reply;
        if (!is_expected(add_one(1, &reply))) guest->wrong++;
        ks_client_close(client);
    }
    ks_runtime_unref(guest->runtime);
    return NULL;
}

START_TEST(threads_may_come_at_any_time)
{
    enum { ROUNDS = 25 };
    ks_log_set_level(KS_LOG_NONE);
    for (int round = 0; round < ROUNDS; round++) {
        ks_runtime *runtime = start_host(NULL);
        pthread_t threads[THREADS];
        struct guest guests[THREADS];
        for (int i = 0; i < THREADS; i++) {
            guests[i] = (struct guest){ .runtime = ks_runtime_ref(runtime) };
            ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, &guests[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            while (!guests[i].begun) sched_yield();
        ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            ck_assert_int_eq(guests[i].wrong, 0);
        }
    }
}
END_TEST

/* --- blocking work at the end ----------------------------------------------------------------- */
static _Atomic(bool) gate_open;
static _Atomic(int) given_back;
static void give_back(void *data) { given_back++; }
static void stand_at_gate(void *data)
{
    (*(struct guest **)data)->begun = true;
    while (!gate_open) sched_yield();
}

static void *wait_for_work(void *arg)
{
    struct guest *guest = arg;
    ks_client *client = open_client(guest->runtime);
    const ks_blocking_options options = { .timeout = KS_INFINITY, .release = give_back };
    for (int i = 1; i <= 2; i++) { /* the second time it is over */
        guest->wrong +=
            ks_blocking_with(stand_at_gate, &guest, sizeof guest, &options) != KS_TIMEOUT;
        guest->wrong += i == 2 && given_back != 1; /* by our own thread, at once */
    }
    ks_client_close(client);
    guest->calls = 1;
    return NULL;
}

/* What has begun runs on; nobody waits for it longer than an ordered stop may take. */
START_TEST(blocking_work_keeps_nobody)
{
    enum { STOP_TIMEOUT = 50 };
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    ks_runtime *runtime = start_host(&(ks_runtime_options){ .stop_timeout = STOP_TIMEOUT });
    struct guest guest = { .runtime = runtime };
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_work, &guest), 0);
    while (!guest.begun) sched_yield();
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
    pthread_join(thread, NULL);
    ck_assert_int_eq(guest.calls, 1);
    ck_assert_int_eq(guest.wrong, 0);
    ck_assert_int_eq(open_descriptors(), before);
    gate_open = true;
    while (given_back < 2) sched_yield();
}
END_TEST

/* --- a program of ks_run hands its runtime out ------------------------------------------------ */
/* A request that is too large to be kept whole until it is answered. */
KS_MODULE(keeper, void);
KS_CALL(keeper, ask, ks_text, ks_int);
KS_CALL(keeper, answer, void, ks_int);
struct keeper {
    keeper_ask_from asked;
};
static ks_next keeper_handle_ask(keeper *self, const ks_text *text, ks_int *reply)
{
    self->asked = keeper_from_ask();
    return ks_noreply();
}
static ks_next keeper_handle_answer(keeper *self, ks_int *reply)
{
    *reply = 7;
    if (!keeper_reply_ask(self->asked, reply)) *reply = 0;
    return ks_reply();
}
KS_GEN_SERVER(keeper, .ops = KS_OPS(keeper, ask, answer));

static void ask_keeper(void *arg)
{
    static char text[10000];
    ks_int reply = 0;
    ks_text bulk = { text, sizeof text - 1 };
    ck_assert_int_eq(keeper_call_ask(ks_named("keeper"), &bulk, &reply, KS_INFINITY), KS_OK);
    ck_assert_int_eq(reply, 7);
}

static void *call_keeper(void *arg)
{
    ks_client *client = open_client(arg);
    ks_int reply = 0;
    ck_assert_int_eq(keeper_call_answer(ks_named("keeper"), &reply, 5000), KS_OK);
    ck_assert_int_eq(reply, 7);
    ks_client_close(client);
    return NULL;
}

static void hand_it_out(void)
{
    ks_pid pid;
    ks_ref end;
    pthread_t thread;
    ck_assert_int_eq(ks_start_link(&(ks_child){ KS_START(keeper), .name = "keeper" }, &pid), KS_OK);
    (void)ks_spawn_monitor(ask_keeper, NULL, &end);
    ks_sleep(5);
    ks_runtime *runtime = ks_this_runtime();
    ck_assert_ptr_nonnull(runtime);
    ck_assert_int_eq(pthread_create(&thread, NULL, call_keeper, runtime), 0);
    ck_assert_ptr_nonnull(ks_receive_ref(end, 5000));
    pthread_join(thread, NULL);
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_DENIED);
}
SCENARIO(hand_it_out)

static pthread_t outlives;
static _Atomic(bool) is_open;
static void *wait_for_the_end(void *arg)
{
    ks_client *client = open_client(arg);
    ks_runtime_unref(arg);
    is_open = true;
    ck_assert_ptr_null(ks_receive(KS_INFINITY));
    ks_int sum;
    ck_assert_int_eq(add_one(1, &sum), KS_NOPROC);
    ck_assert(ks_is_none(ks_spawn(wait_for_ever, NULL)));
    ck_assert_int_eq(ks_start(KS_CHILD(host), NULL), KS_DRAINING);
    ks_client_close(client);
    return NULL;
}

static void leave_a_client(void)
{
    ks_runtime *runtime = ks_runtime_ref(ks_this_runtime());
    ck_assert_int_eq(pthread_create(&outlives, NULL, wait_for_the_end, runtime), 0);
    AWAIT(is_open);
}

START_TEST(a_client_may_outlive_ks_run)
{
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    ck_assert(ks_this_runtime() == NULL);
    scenario = leave_a_client;
    ck_assert_int_eq(ks_run(NULL, &(ks_child){ .module = &scenario_module }), KS_OK);
    pthread_join(outlives, NULL);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

RUN_SUITE("runtime", a_start_that_fails_leaves_nothing, it_is_started_and_stopped_again_and_again,
    without_a_root_clients_start_what_they_need, root_may_end_by_itself,
    signals_are_the_programs_test, know_nothing_of_each_other_test, who_waits_is_woken_by_the_end,
    threads_may_come_at_any_time, blocking_work_keeps_nobody, hand_it_out_test,
    a_client_may_outlive_ks_run)
