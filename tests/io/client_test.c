/* SPDX-License-Identifier: Apache-2.0 */
/* client_test - threads of the program as processes: what they may do, and how they end. */
#include "io/guest.h"
#include "runtime/sanitizers.h"
#include <kiosk/blocking.h>
#include <kiosk/info.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what a process does ---------------------------------------------------------------------- */
static void call_and_receive(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_int sum = 0;
    ck_assert(!ks_is_none(ks_self()));
    ck_assert(ks_this_runtime() == runtime);
    ck_assert_int_eq(add_one(41, &sum), KS_OK);
    ck_assert_int_eq(sum, 42);
    ck_assert_int_eq(host_call_never(HOST, 20), KS_TIMEOUT);
    ck_assert_int_eq(host_call_add_one(ks_named("nobody"), &sum, &sum, 20), KS_NOPROC);
    ck_assert_ptr_null(ks_receive(10));
    ks_pid self = ks_self();
    ck_assert_int_eq(host_cast_send_back(HOST, &self), KS_OK);
    for (ks_int n = 1; n <= 3; n++) {
        const ks_int *got = ks_receive_as(ks_int, 5000);
        ck_assert(got && *got == n);
    }
    ck_assert_int_eq(ks_register("thread", self), KS_OK);
    ck_assert(ks_same_pid(ks_whereis("thread"), self));
    char *text = ks_strdup(ks_lit("mine"));
    ck_assert_str_eq(text, "mine");
    ck_assert_str_eq(ks_format("%d", 7), "7");
    host_add_one_request request = host_send_add_one(HOST, &(ks_int){ 1 });
    ck_assert_int_eq(host_wait_add_one(request, &sum, 5000), KS_OK);
    ck_assert_int_eq(sum, 2);
    ks_ms before = ks_now();
    ks_sleep(20);
    ck_assert_int_ge(ks_now() - before, 20);
    ks_client_close(client);
    ck_assert(ks_is_none(ks_self()));
    ck_assert_int_eq(add_one(1, &sum), KS_DENIED);
    client = open_client(runtime);
    ck_assert(ks_is_none(ks_whereis("thread")));
    ks_client_close(client);
}
GUEST(call_and_receive)

static void timers_fire_while_it_waits(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_ms before = ks_now();
    (void)ks_send_after(30, ks_self(), ks_int, &(ks_int){ 7 });
    const ks_int *got = ks_receive_as(ks_int, 5000);
    ck_assert(got && *got == 7);
    ck_assert_int_ge(ks_now() - before, 30);
    ks_client_close(client);
}
GUEST(timers_fire_while_it_waits)

/* --- many at once ----------------------------------------------------------------------------- */
enum { THREADS = 8, CALLS = 2000 };

struct caller {
    ks_runtime *runtime;
    int32_t thread;
    int wrong;
};

static void *call_often(void *arg)
{
    struct caller *caller = arg;
    ks_client *client;
    if (ks_client_open(caller->runtime, &client)) return caller->wrong = 1, NULL;
    for (int32_t n = 1; n <= CALLS; n++) {
        ks_int value = caller->thread * 1000000 + n, reply = 0;
        caller->wrong += host_cast_tell(HOST, &(told_args){ caller->thread, n }) != KS_OK;
        caller->wrong += add_one(value, &reply) != KS_OK || reply != value + 1;
        ks_end_turn();
    }
    ks_client_close(client);
    return NULL;
}

static void call_from_everywhere(ks_runtime *runtime)
{
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    for (int32_t i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){ runtime, i, 0 };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(callers[i].wrong, 0);
    }
    ks_client *client = open_client(runtime);
    ks_int count;
    ck_assert_int_eq(host_call_counted(HOST, &count, 5000), KS_OK);
    ck_assert_int_eq(count, THREADS * CALLS);
    ks_client_close(client);
}
GUEST(call_from_everywhere)

START_TEST(several_schedulers_serve_them)
{
    ks_log_set_level(KS_LOG_NONE);
    ks_runtime *runtime = start_host(&(ks_runtime_options){ .schedulers = 3 });
    call_from_everywhere(runtime);
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
}
END_TEST

/* --- whom it starts --------------------------------------------------------------------------- */
static void end_at_once(void *arg) {}
static void wait_for_ever(void *arg) { ks_sleep(KS_INFINITY); }
static void end_by_error(void *arg) { ks_exit(ks_error("as told")); }

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

static void start_others(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    uint64_t before = ks_process_count();
    ks_pid pid;
    ks_ref ref;
    ks_int sum;
    ck_assert_int_eq(ks_start(&(ks_child){ KS_START(host), .name = "second" }, &pid), KS_OK);
    ck_assert_int_eq(host_call_add_one(pid, &(ks_int){ 1 }, &sum, 5000), KS_OK);
    ck_assert_int_eq(
        ks_start(&(ks_child){ KS_START(host), .name = "second" }, &pid), KS_ALREADY_STARTED);
    ck_assert_int_eq(ks_stop_process(pid, KS_NORMAL, 5000), KS_OK);
    ck_assert_int_eq(ks_start_link(&(ks_child){ .module = &refuser_module }, &pid), KS_USER + 7);
    ks_pid spawned = ks_spawn_monitor(end_at_once, NULL, &ref);
    ck_assert(!ks_is_none(spawned));
    ck_assert_ptr_nonnull(ks_receive_ref(ref, 5000));
    (void)ks_trap_exit(true);
    spawned = ks_spawn_link(end_by_error, NULL);
    const ks_exited *exited = ks_receive_as(ks_exited, 5000);
    ck_assert(exited && ks_same_pid(exited->pid, spawned));
    ck_assert_int_eq(exited->reason.kind, KS_REASON_ERROR);
    ck_assert_int_eq(ks_spawn_with(wait_for_ever, NULL,
                         &(ks_spawn_options){ .name = "waiter", .stack_size = 1 << 20 }, &pid),
        KS_OK);
    ck_assert_int_eq(ks_stop_process(pid, KS_SHUTDOWN, 5000), KS_OK);
    ck_assert_ptr_null(ks_receive(0));
    AWAIT(ks_process_count() == before);
    ks_client_close(client);
}
GUEST(start_others)

/* The slots of those that have ended are used again, though the client never waits. */
static void spawn_without_end(ks_runtime *runtime)
{
    enum { SPAWNED = 20000, AT_ONCE = 5000 };
    ks_client *client = open_client(runtime);
    uint32_t highest = 0;
    for (int i = 0; i < SPAWNED; i++) {
        ks_pid pid = ks_spawn(end_at_once, NULL);
        ck_assert(!ks_is_none(pid));
        if ((uint32_t)pid.id > highest) highest = (uint32_t)pid.id;
        while (ks_process_count() > AT_ONCE / 2) sched_yield();
    }
    ck_assert_uint_lt(highest, AT_ONCE);
    ks_client_close(client);
}
GUEST(spawn_without_end)

/* --- where it stands -------------------------------------------------------------------------- */
static _Atomic(uint32_t) held_on;
static void say_where(void *arg) { held_on = ks_scheduler_id(); }

START_TEST(whom_it_starts_may_be_held)
{
    enum { SCHEDULERS = 3 };
    ks_log_set_level(KS_LOG_NONE);
    ks_runtime *runtime = start_host(&(ks_runtime_options){ .schedulers = SCHEDULERS });
    ks_client *client = open_client(runtime);
    ck_assert_uint_eq(ks_scheduler_count(), SCHEDULERS);
    ck_assert_uint_eq(ks_scheduler_id(), 0); /* it is on none of them */
    for (uint32_t i = 1; i <= SCHEDULERS; i++) {
        ks_ref end;
        const ks_spawn_options options = { .scheduler = i, .ret_monitor = &end };
        ck_assert_int_eq(ks_spawn_with(say_where, NULL, &options, NULL), KS_OK);
        ck_assert_ptr_nonnull(ks_receive_ref(end, 5000));
        ck_assert_uint_eq(held_on, i);
        ks_pid pid;
        ks_int sum = 0;
        ck_assert_int_eq(ks_start(&(ks_child){ KS_START(host), .scheduler = i }, &pid), KS_OK);
        ck_assert_int_eq(host_call_add_one(pid, &(ks_int){ 1 }, &sum, 5000), KS_OK);
        ck_assert_int_eq(ks_stop_process(pid, KS_SHUTDOWN, 5000), KS_OK);
    }
    ks_child beyond = { KS_START(host), .scheduler = SCHEDULERS + 1 };
    ck_assert_int_eq(ks_start(&beyond, NULL), KS_BADARG);
    ks_client_close(client);
    ck_assert_int_eq(ks_runtime_stop(runtime), KS_OK);
}
END_TEST

/* --- blocking work ---------------------------------------------------------------------------- */
static _Atomic(int) given_back;
static _Atomic(bool) gate_open;
static void give_back(void *data) { given_back++; }
static void twice(void *data) { *(int *)data *= 2; }
static void stand_at_gate(void *data)
{
    while (!gate_open) sched_yield();
}

static void have_work_done(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    const ks_blocking_options heavy = { .timeout = 20, .release = give_back };
    int n = 21;
    gate_open = false;
    given_back = 0;
    ck_assert_int_eq(ks_blocking(twice, &n, sizeof n, KS_INFINITY), KS_OK);
    ck_assert_int_eq(n, 42);
    ck_assert_uint_eq(ks_blocking_look().threads, 1);
    ck_assert_int_eq(ks_blocking_with(stand_at_gate, &n, sizeof n, &heavy), KS_TIMEOUT);
    gate_open = true;
    AWAIT(given_back == 1);
    ks_client_close(client);
}
GUEST(have_work_done)

/* --- seen from elsewhere ---------------------------------------------------------------------- */
static void look_at_processes(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_process_snapshot info;
    ks_pid pid = ks_whereis("host");
    ck_assert_int_eq(ks_process_info(pid, &info), KS_OK);
    ck_assert_str_eq(info.name, "host");
    ck_assert_int_ne(info.state, KS_PROCESS_UNKNOWN);
    ck_assert_int_eq(ks_suspend_process(pid), KS_OK);
    ks_int sum;
    ck_assert_int_eq(host_call_add_one(HOST, &(ks_int){ 1 }, &sum, 20), KS_TIMEOUT);
    ck_assert_int_eq(ks_resume_process(pid), KS_OK);
    ck_assert_int_eq(add_one(1, &sum), KS_OK);
    ck_assert_int_eq(ks_process_info(ks_self(), &info), KS_OK);
    ck_assert_int_eq(info.state, KS_PROCESS_RUNNING);
    ks_client_close(client);
}
GUEST(look_at_processes)

static ks_process_snapshot seen;
static void look_at_client(void *arg)
{
    ks_pid pid = { .id = *(const uint64_t *)arg };
    seen.state = KS_PROCESS_RUNNING;
    while (seen.state == KS_PROCESS_RUNNING) /* ends: it is about to wait */
        ck_assert_int_eq(ks_process_info(pid, &seen), KS_OK);
}

/* It answers while it waits. */
static void is_looked_at(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_ref end;
    uint64_t id = ks_self().id;
    ck_assert_int_eq(ks_register("thread", ks_self()), KS_OK);
    (void)ks_spawn_monitor(look_at_client, &id, &end);
    ck_assert_ptr_nonnull(ks_receive_ref(end, 5000));
    ck_assert_str_eq(seen.name, "thread");
    ck_assert_int_eq(seen.state, KS_PROCESS_WAITING);
    ks_client_close(client);
}
GUEST(is_looked_at)

/* --- faults ----------------------------------------------------------------------------------- */
static int *volatile nowhere;
static void store_nowhere(void *arg) { *nowhere = 1; }

static void faults_are_told(ks_runtime *runtime)
{
    if (KSI_SANITIZED) return;
    ks_client *client = open_client(runtime);
    ks_ref end;
    (void)ks_spawn_monitor(store_nowhere, NULL, &end);
    const ks_down *down = ks_as(ks_down, ks_receive_ref(end, 5000));
    ck_assert(down && down->reason.kind == KS_REASON_FAULT);
    ks_client_close(client);
}
GUEST(faults_are_told)

/* The thread is the program's, and so is its fault. */
START_TEST(its_own_fault_ends_the_program)
{
    int status;
    if (KSI_SANITIZED) return;
    ks_log_set_level(KS_LOG_NONE);
    pid_t child = fork();
    if (child == 0) {
        (void)open_client(start_host(NULL));
        store_nowhere(NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
END_TEST

/* --- its end ---------------------------------------------------------------------------------- */
struct watched {
    ks_runtime *runtime;
    _Atomic(uint64_t) pid; /* its id */
    _Atomic(bool) go_on;
    ks_status status;
    void (*end)(struct watched *watched, ks_client *client);
};

static void *be_watched(void *arg)
{
    struct watched *watched = arg;
    ks_client *client;
    if (ks_client_open(watched->runtime, &client)) return NULL;
    watched->pid = ks_self().id;
    while (!watched->go_on) sched_yield();
    watched->end(watched, client);
    return NULL;
}

/* The reason that another client hears; kill: instead of going on by itself. */
static ks_reason end_of_client(
    ks_runtime *runtime, void (*end)(struct watched *, ks_client *), bool kill, ks_status *ret)
{
    struct watched watched = { .runtime = runtime, .end = end };
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, be_watched, &watched), 0);
    while (!watched.pid) sched_yield();
    ks_pid pid = { .id = watched.pid };
    ks_client *client = open_client(runtime);
    ks_ref ref = ks_monitor(pid);
    watched.go_on = true;
    if (kill) ks_exit_process(pid, KS_KILL);
    const ks_msg *msg = ks_receive_ref(ref, 20000);
    const ks_down *down = ks_as(ks_down, msg);
    ck_assert_ptr_nonnull(down);
    ks_reason reason = down->reason;
    ks_client_close(client);
    pthread_join(thread, NULL);
    if (ret) *ret = watched.status;
    return reason;
}

static void just_close(struct watched *watched, ks_client *client) { ks_client_close(client); }
static void just_end(struct watched *watched, ks_client *client) {}
static void exit_by_error(struct watched *watched, ks_client *client)
{
    ks_exit(ks_because(KS_USER + 3));
}
static void wait_for_a_call(struct watched *watched, ks_client *client)
{
    watched->status = host_call_never(HOST, KS_INFINITY);
    if (ks_receive(KS_INFINITY)) watched->status = -1;
    ks_sleep(KS_INFINITY);
    ks_client_close(client);
}

static void its_end_is_told(ks_runtime *runtime)
{
    ks_status status;
    ck_assert_int_eq(end_of_client(runtime, just_close, false, NULL).kind, KS_REASON_NORMAL);
    ck_assert_int_eq(end_of_client(runtime, just_end, false, NULL).kind, KS_REASON_NORMAL);
    ks_reason reason = end_of_client(runtime, exit_by_error, false, NULL);
    ck_assert_int_eq(reason.kind, KS_REASON_STATUS);
    ck_assert_int_eq(reason.code, KS_USER + 3);
    reason = end_of_client(runtime, wait_for_a_call, true, &status);
    ck_assert_int_eq(reason.kind, KS_REASON_KILLED);
    ck_assert_int_eq(status, KS_NOPROC);
}
GUEST(its_end_is_told)

static int released;
static void count_release(void *arg) { released++; }

static void what_it_owns_goes_with_it(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_pid other = ks_spawn(wait_for_ever, NULL);
    (void)ks_own(count_release, NULL);
    ks_defer(count_release, NULL);
    (void)ks_alloc(100000);
    (void)ks_monitor(HOST);
    (void)ks_send_after(100000, HOST, ks_int, &(ks_int){ 1 });
    host_never_request asked = host_send_never(HOST);
    ck_assert(!ks_is_no_ref(asked.raw.ref));
    ks_link(other);
    ks_ref end = ks_monitor(other);
    ks_exit_process(other, KS_KILL);
    (void)ks_receive_ref(end, 5000); /* NULL when we hear of the link before */
    ks_int sum;                      /* that has cut us */
    ck_assert_int_eq(add_one(1, &sum), KS_NOPROC);
    ks_client_close(client);
    ck_assert_int_eq(released, 2);
}
GUEST(what_it_owns_goes_with_it)

/* --- where it is refused ---------------------------------------------------------------------- */
static void *close_it(void *arg)
{
    ks_client_close(arg);
    return NULL;
}

static void refuse_a_second_one(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime), *second = NULL;
    ck_assert_int_eq(ks_client_open(runtime, &second), KS_DENIED);
    in_thread(close_it, client); /* not its own */
    ks_int sum;
    ck_assert_int_eq(add_one(1, &sum), KS_OK);
    ks_client_close(client);
    ks_client_close(NULL);
}
GUEST(refuse_a_second_one)

static ks_status opened, stopped, started;
static void open_inside(void *arg)
{
    ks_client *client;
    ks_runtime *other;
    opened = ks_client_open(arg, &client);
    stopped = ks_runtime_stop(arg);
    started = ks_runtime_start(NULL, NULL, &other);
}

static void refuse_processes(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_ref ref;
    (void)ks_spawn_monitor(open_inside, runtime, &ref);
    ck_assert_ptr_nonnull(ks_receive_ref(ref, 5000));
    ks_client_close(client);
    ck_assert_int_eq(opened, KS_DENIED);
    ck_assert_int_eq(stopped, KS_DENIED);
    ck_assert_int_eq(started, KS_DENIED);
}
GUEST(refuse_processes)

static void refuse_children(ks_runtime *runtime)
{
    pid_t child = fork();
    if (child == 0) {
        ks_client *client;
        ks_status status = ks_client_open(runtime, &client);
        _exit(status == KS_DENIED && ks_runtime_stop(runtime) == KS_DENIED ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
GUEST(refuse_children)

KS_MODULE(giver, ks_pid);
static void giver_main(const ks_pid *to)
{
    struct pair pair = connected(NULL);
    ck_assert_int_eq(ks_send(*to, ks_socket, &pair.here), KS_OK);
    ks_text text;
    ck_assert_int_eq(ks_read(pair.there, 5000, &text), KS_CLOSED);
}
KS_PROCESS(giver);

static void sockets_are_not_for_it(ks_runtime *runtime)
{
    ks_client *client = open_client(runtime);
    ks_socket socket;
    ks_pid self = ks_self(), pid;
    ck_assert_int_eq(ks_tcp_listen("127.0.0.1:0", NULL, &socket), KS_DENIED);
    ck_assert_int_eq(ks_wait_fd(0, KS_READABLE, 0), KS_DENIED);
    ks_ref end;
    ks_child row = { .module = &giver_module, .args = &self };
    ck_assert_int_eq(ks_start(&row, &pid), KS_OK);
    end = ks_monitor(pid);
    const ks_socket *got = ks_receive_as(ks_socket, 5000);
    ck_assert(got && got->id == 0);
    ck_assert_ptr_nonnull(ks_receive_ref(end, 5000)); /* the other end has heard of it */
    ks_client_close(client);
}
GUEST(sockets_are_not_for_it)

/* --- many, one after the other and at once ---------------------------------------------------- */
static void open_and_close(ks_runtime *runtime)
{
    enum { ROUNDS = 3000 };
    uint32_t highest = 0;
    for (int i = 0; i < ROUNDS; i++) {
        ks_client *client = open_client(runtime);
        ks_int sum;
        ck_assert_int_eq(add_one(i, &sum), KS_OK);
        if ((uint32_t)ks_self().id > highest) highest = (uint32_t)ks_self().id;
        ck_assert_uint_eq(ks_process_count(), 3); /* boot and host */
        ks_client_close(client);
    }
    ck_assert_uint_lt(highest, 1000);
}
GUEST(open_and_close)

enum { MOST = 1024 };
static pthread_barrier_t all_open;
static _Atomic int full;

static void *be_one_of_many(void *arg)
{
    ks_client *client = NULL;
    ks_status status = ks_client_open(arg, &client);
    if (status == KS_FULL) full++;
    pthread_barrier_wait(&all_open);
    ks_int sum;
    if (!status && add_one(1, &sum)) full = 1000;
    ks_client_close(client);
    return NULL;
}

static void as_many_as_there_may_be(ks_runtime *runtime)
{
    static pthread_t threads[MOST + 1];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 << 10);
    pthread_barrier_init(&all_open, NULL, MOST + 1);
    for (int i = 0; i <= MOST; i++)
        ck_assert_int_eq(pthread_create(&threads[i], &small, be_one_of_many, runtime), 0);
    for (int i = 0; i <= MOST; i++) pthread_join(threads[i], NULL);
    ck_assert_int_eq(full, 1);
    pthread_barrier_destroy(&all_open);
    pthread_attr_destroy(&small);
}
GUEST(as_many_as_there_may_be)

RUN_SUITE("client", call_and_receive_test, timers_fire_while_it_waits_test,
    call_from_everywhere_test, several_schedulers_serve_them, start_others_test,
    spawn_without_end_test, whom_it_starts_may_be_held, have_work_done_test, look_at_processes_test,
    is_looked_at_test, faults_are_told_test, its_own_fault_ends_the_program, its_end_is_told_test,
    what_it_owns_goes_with_it_test, refuse_a_second_one_test, refuse_processes_test,
    refuse_children_test, sockets_are_not_for_it_test, open_and_close_test,
    as_many_as_there_may_be_test)
