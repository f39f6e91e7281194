/* SPDX-License-Identifier: Apache-2.0 */
/* host_test - a runtime without threads of its own, in an event loop of the test's. */
#include "io/guest.h"
#include "runtime/sanitizers.h"
#include <arpa/inet.h>
#include <errno.h>
#include <kiosk/blocking.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const ks_runtime_options hosted = { .host_driven = true };

static int count_threads(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/task");
    while (readdir(directory)) count++;
    closedir(directory);
    return count - 2;
}

static bool is_readable(ks_runtime *runtime, int timeout_ms)
{
    struct pollfd one = { .fd = ks_runtime_fd(runtime), .events = POLLIN };
    return poll(&one, 1, timeout_ms) == 1;
}

/* The loop of the host: how many turns it took. */
static int turns_until(ks_runtime *runtime, const bool *done, int timeout_ms)
{
    int turns = 0;
    ks_ms until = ks_now() + timeout_ms;
    while (!*done && ks_until(until) > 0) {
        if (!is_readable(runtime, (int)ks_until(until))) break;
        turns++;
        (void)ks_runtime_turn(runtime);
    }
    return turns;
}

/* As GUEST, in turns. */
#define HOSTED(name)                                                                               \
    START_TEST(name##_test)                                                                        \
    {                                                                                              \
        ks_log_set_level(KS_LOG_NONE);                                                             \
        int before_ = open_descriptors(), threads_ = count_threads();                              \
        ks_runtime *runtime_ = start_host(&hosted);                                                \
        ck_assert_int_eq(count_threads(), threads_);                                               \
        ck_assert_int_ge(ks_runtime_fd(runtime_), 0);                                              \
        name(runtime_);                                                                            \
        ck_assert_int_eq(ks_runtime_stop(runtime_), KS_OK);                                        \
        ck_assert_int_eq(open_descriptors(), before_);                                             \
    }                                                                                              \
    END_TEST

static void spawn(ks_runtime *runtime, void (*fn)(void *arg), void *arg)
{
    ks_client *client = open_client(runtime);
    ck_assert(!ks_is_none(ks_spawn(fn, arg)));
    ks_client_close(client);
}

/* --- timers ----------------------------------------------------------------------------------- */
struct sleeper {
    ks_ms duration, slept;
    bool done;
};
static void sleep_once(void *arg)
{
    struct sleeper *sleeper = arg;
    ks_ms before = ks_now();
    ks_sleep(sleeper->duration);
    sleeper->slept = ks_now() - before;
    sleeper->done = true;
}

static void timers_make_it_readable(ks_runtime *runtime)
{
    const ks_ms durations[] = { 5, 70, 300 }; /* the latter ones move down in the wheel */
    for (int i = 0; i < 3; i++) {
        struct sleeper sleeper = { .duration = durations[i] };
        spawn(runtime, sleep_once, &sleeper);
        int turns = turns_until(runtime, &sleeper.done, 10000);
        ck_assert(sleeper.done);
        ck_assert_int_ge(sleeper.slept, durations[i]);
        ck_assert_int_le(turns, 20);
    }
}
HOSTED(timers_make_it_readable)

static void nothing_to_do_wakes_nobody(ks_runtime *runtime)
{
    bool never = false;
    struct sleeper sleeper = { .duration = 3600 * 1000 };
    spawn(runtime, sleep_once, &sleeper);
    (void)turns_until(runtime, &never, 50);
    ck_assert_int_eq(turns_until(runtime, &never, 300), 0);
    ck_assert(!ks_runtime_turn(runtime)); /* for nothing, and it changes nothing */
    ck_assert(!is_readable(runtime, 0));
}
HOSTED(nothing_to_do_wakes_nobody)

/* --- turns ------------------------------------------------------------------------------------ */
static _Atomic(long) yields;
static void yield_for_ever(void *arg)
{
    for (;; yields++) ks_yield(); /* until it is killed */
}

static void a_turn_ends(ks_runtime *runtime)
{
    spawn(runtime, yield_for_ever, NULL);
    spawn(runtime, yield_for_ever, NULL);
    for (int i = 0; i < 100; i++) {
        long before = yields;
        ck_assert(is_readable(runtime, 0));
        ck_assert(ks_runtime_turn(runtime));
        ck_assert_int_gt(yields, before);
        ck_assert_int_lt(yields, before + 1000);
    }
}
HOSTED(a_turn_ends)

static void *turn_it(void *arg)
{
    ck_assert(!ks_runtime_turn(arg));
    ck_assert_int_eq(ks_runtime_stop(arg), KS_DENIED);
    return NULL;
}
static void turn_inside(void *arg)
{
    ck_assert(!ks_runtime_turn(ks_this_runtime()));
    *(bool *)arg = true;
}

static void others_may_not_turn_it(ks_runtime *runtime)
{
    bool done = false;
    in_thread(turn_it, runtime);
    spawn(runtime, turn_inside, &done);
    (void)turns_until(runtime, &done, 5000);
    ck_assert(done);
    ks_runtime *other = start_host(NULL);
    ck_assert_int_eq(ks_runtime_fd(other), -1);
    ck_assert(!ks_runtime_turn(other));
    ck_assert_int_eq(ks_runtime_stop(other), KS_OK);
}
HOSTED(others_may_not_turn_it)

/* --- clients ---------------------------------------------------------------------------------- */
static void its_thread_calls(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_int sum;
    for (ks_int i = 0; i < 1000; i++) {
        ck_assert_int_eq(add_one(i, &sum), KS_OK);
        ck_assert_int_eq(sum, i + 1);
    }
    ck_assert_int_eq(host_call_never(HOST, 20), KS_TIMEOUT);
    struct sleeper sleeper = { .duration = 10 };
    ks_ref end;
    (void)ks_spawn_monitor(sleep_once, &sleeper, &end);
    ck_assert_ptr_nonnull(ks_receive_ref(end, 5000));
    ck_assert(sleeper.done);
    ck_assert_int_eq(host_cast_tell(HOST, &(told_args){ 0, 1 }), KS_OK);
    ck_assert(is_readable(runtime, 0)); /* the cast waits for a turn */
    while (ks_runtime_turn(runtime)) continue;
    ck_assert_int_eq(host_call_counted(HOST, &sum, 5000), KS_OK);
    ck_assert_int_eq(sum, 1);
    ks_client_close(client);
}
HOSTED(its_thread_calls)

struct remote {
    ks_runtime *runtime;
    bool done;
    pthread_t thread;
};
static _Atomic(int) right;
static void *call_from_elsewhere(void *arg)
{
    ks_client *client = open_client(arg);
    for (ks_int i = 0; i < 300; i++) {
        ks_int sum = 0;
        if (add_one(i, &sum) == KS_OK && sum == i + 1) right++;
    }
    ks_client_close(client);
    return NULL;
}

static void other_threads_call(ks_runtime *runtime)
{
    enum { CALLERS = 3 };
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_from_elsewhere, runtime), 0);
    while (right < 300 * CALLERS)
        if (is_readable(runtime, 5)) (void)ks_runtime_turn(runtime);
    for (int i = 0; i < CALLERS; i++) pthread_join(threads[i], NULL);
    while (ks_runtime_turn(runtime)) continue;
}
HOSTED(other_threads_call)

/* --- sockets ---------------------------------------------------------------------------------- */
static uint16_t echo_port;
static bool echo_is_ready;
static void echo(void *arg)
{
    char address[64];
    ks_socket listener = listen_with(NULL, address, sizeof address), stream;
    echo_port = (uint16_t)atoi(strrchr(address, ':') + 1);
    echo_is_ready = true;
    ck_assert_int_eq(ks_tcp_accept(listener, KS_INFINITY, &stream), KS_OK);
    for (ks_text text; !ks_read(stream, KS_INFINITY, &text); ks_end_turn()) {
        ck_assert_int_eq(ks_write(stream, text), KS_OK);
        ck_assert_int_eq(ks_flush(stream), KS_OK);
    }
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(fd, 0);
    int failed = connect(fd, (struct sockaddr *)&address, sizeof address);
    ck_assert(!failed || errno == EINPROGRESS);
    return fd;
}

/* One loop for the socket of the host and the runtime. */
static void send_and_receive(ks_runtime *runtime, int fd, char letter)
{
    struct pollfd both[] = { { .fd = ks_runtime_fd(runtime), .events = POLLIN },
        { .fd = fd, .events = POLLIN } };
    char got = 0;
    ck_assert_int_eq(send(fd, &letter, 1, 0), 1);
    while (got != letter) {
        ck_assert_int_gt(poll(both, 2, 10000), 0);
        if (both[0].revents) (void)ks_runtime_turn(runtime);
        if (both[1].revents) ck_assert_int_eq(recv(fd, &got, 1, 0), 1);
    }
}

static void sockets_make_it_readable(ks_runtime *runtime)
{
    spawn(runtime, echo, NULL);
    (void)turns_until(runtime, &echo_is_ready, 5000);
    int fd = connect_to(echo_port);
    struct pollfd connected = { .fd = fd, .events = POLLOUT };
    ck_assert_int_eq(poll(&connected, 1, 5000), 1);
    for (int i = 0; i < 200; i++) send_and_receive(runtime, fd, (char)('a' + i % 26));
    close(fd);
}
HOSTED(sockets_make_it_readable)

/* --- blocking work, faults -------------------------------------------------------------------- */
static void take_a_while(void *data)
{
    usleep(20000);
    *(int *)data *= 2;
}
static void have_work_done(void *arg)
{
    int n = 21;
    *(bool *)arg = ks_blocking(take_a_while, &n, sizeof n, KS_INFINITY) == KS_OK && n == 42;
}

static void work_makes_it_readable(ks_runtime *runtime)
{
    bool done = false;
    spawn(runtime, have_work_done, &done);
    ck_assert_int_le(turns_until(runtime, &done, 10000), 20);
    ck_assert(done);
}
HOSTED(work_makes_it_readable)

static int *volatile nowhere;
static void store_nowhere(void *arg) { *nowhere = 1; }

static void faults_end_one_process(ks_runtime *runtime)
{
    if (KSI_SANITIZED) return;
    ks_client *client = open_client(runtime);
    for (int i = 0; i < 10; i++) {
        ks_ref end;
        (void)ks_spawn_monitor(store_nowhere, NULL, &end);
        const ks_down *down = ks_as(ks_down, ks_receive_ref(end, 5000));
        ck_assert(down && down->reason.kind == KS_REASON_FAULT);
    }
    ks_client_close(client);
}
HOSTED(faults_end_one_process)

/* --- the end ---------------------------------------------------------------------------------- */
START_TEST(root_may_end_in_a_turn)
{
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    ks_runtime *runtime = start_host(&hosted);
    ks_client *client = open_client(runtime), *second;
    ck_assert_int_eq(host_cast_crash(HOST), KS_OK);
    ck_assert_ptr_null(ks_receive(KS_INFINITY)); /* it turns meanwhile, to the end */
    ks_client_close(client);
    ck_assert_int_eq(ks_client_open(runtime, &second), KS_CLOSED);
    ck_assert(!ks_runtime_turn(runtime));
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_EXITED);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

START_TEST(it_is_started_and_stopped_again_and_again)
{
    ks_log_set_level(KS_LOG_NONE);
    int before = open_descriptors();
    for (int i = 0; i < 100; i++) {
        ks_runtime *runtime = start_host(&hosted);
        ks_client *client = open_client(runtime);
        ks_int sum;
        ck_assert_int_eq(add_one(1, &sum), KS_OK);
        ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
        ck_assert_int_eq(add_one(1, &sum), KS_NOPROC);
        ks_client_close(client);
    }
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

RUN_SUITE("host", timers_make_it_readable_test, nothing_to_do_wakes_nobody_test, a_turn_ends_test,
    others_may_not_turn_it_test, its_thread_calls_test, other_threads_call_test,
    sockets_make_it_readable_test, work_makes_it_readable_test, faults_end_one_process_test,
    root_may_end_in_a_turn, it_is_started_and_stopped_again_and_again)
