/* SPDX-License-Identifier: Apache-2.0 */
/* blocking_test - jobs on real threads: what comes back, who is served meanwhile, what is left when
 * a process ends or gives up. Jobs stand at gates that the tests open; nothing depends on time. */
#define _GNU_SOURCE /* pthread_getname_np */
#include "io/scenario.h"
#include "runtime/sanitizers.h"
#include "runtime/signal.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

enum { EIGHT = 8 };

/* --- jobs at a gate --------------------------------------------------------------------------- */
static sem_t gate;
static atomic_int begun, finished, released;
static atomic_int released_here; /* of these: not on a thread of the pool */

static void reset(void)
{
    begun = finished = released = released_here = 0;
    ck_assert_int_eq(sem_init(&gate, 0, 0), 0);
}
static void open_gate(int jobs)
{
    for (int i = 0; i < jobs; i++) sem_post(&gate);
}

struct held { /* the data of such a job */
    int number;
    int *order; /* where it notes its turn; NULL: not */
};
static void stand_at_gate(void *data)
{
    struct held *held = data;
    int turn = atomic_fetch_add(&begun, 1);
    if (held->order) held->order[turn] = held->number;
    while (sem_wait(&gate) != 0) {}
    held->number *= 2;
    atomic_fetch_add(&finished, 1);
}
static void count_release(void *data)
{
    char name[32];
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (strcmp(name, "kiosk-block") != 0) atomic_fetch_add(&released_here, 1);
    atomic_fetch_add(&released, 1);
}

struct waiter { /* a process that waits for one */
    struct held held;
    ks_ms timeout;
    ks_status status;
    bool ended;
};
static void wait_at_gate(void *arg)
{
    struct waiter *waiter = arg;
    const ks_blocking_options options = { .timeout = waiter->timeout, .release = count_release };
    waiter->status = ks_blocking_with(stand_at_gate, &waiter->held, sizeof waiter->held, &options);
    waiter->ended = true;
}
static ks_pid start_waiter(struct waiter *waiter, int number, ks_ms timeout)
{
    *waiter = (struct waiter){ .held.number = number, .timeout = timeout };
    ks_pid pid = ks_spawn(wait_at_gate, waiter);
    ck_assert(!ks_is_none(pid));
    return pid;
}

static ks_status run_with(uint32_t threads, uint32_t queue, uint32_t schedulers, void (*fn)(void))
{
    reset();
    ks_runtime_options options = {
        .blocking_threads = threads, .blocking_queue_max = queue, .schedulers = schedulers
    };
    ks_status status = run(&options, fn);
    sem_destroy(&gate);
    return status;
}
#define JOBS(name, threads, queue)                                                                 \
    START_TEST(name##_test) { ck_assert_int_eq(run_with(threads, queue, 1, name), KS_OK); }        \
    END_TEST

/* --- what a job is ---------------------------------------------------------------------------- */
struct sum {
    const struct sum *caller_has;
    int a, b, sum;
};
static void add(void *data)
{
    struct sum *sum = data;
    ck_assert_ptr_ne(sum, sum->caller_has);
    ck_assert_int_eq((int)((uintptr_t)data % 16), 0);
    sum->sum = sum->a + sum->b;
    errno = ENOTTY;
}
static void nothing(void *data) { ck_assert_ptr_nonnull(data); }

static void a_copy_is_worked_on_and_comes_back(void)
{
    struct sum sum = { .caller_has = &sum, .a = 19, .b = 23 };
    errno = 0;
    ck_assert_int_eq(ks_blocking(add, &sum, sizeof sum, KS_INFINITY), KS_OK);
    ck_assert_int_eq(sum.sum, 42);
    ck_assert_int_eq(errno, ENOTTY);
    ck_assert_int_eq(ks_blocking(nothing, NULL, 0, 5000), KS_OK);
    ck_assert_int_eq(errno, 0);
    ck_assert_int_eq(ks_blocking_look().threads, 1);
}
JOBS(a_copy_is_worked_on_and_comes_back, 0, 0)

struct seen {
    char name[32];
    bool same_thread, has_process, signals_blocked;
    ks_status nested, waited;
    pthread_t thread;
};
static void look_around(void *data)
{
    struct seen *seen = data;
    sigset_t set;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    seen->same_thread = pthread_equal(seen->thread, pthread_self());
    seen->has_process = !ks_is_none(ks_self());
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    seen->signals_blocked = sigismember(&set, SIGTERM) && sigismember(&set, SIGUSR1);
    seen->nested = ks_blocking(nothing, NULL, 0, 1000);
    seen->waited = ks_wait_fd(0, KS_READABLE, 1000);
}
static void in_a_job_there_is_no_process(void)
{
    struct seen seen = { .thread = pthread_self() };
    ck_assert_int_eq(ks_blocking(look_around, &seen, sizeof seen, KS_INFINITY), KS_OK);
    ck_assert_str_eq(seen.name, "kiosk-block");
    ck_assert(!seen.same_thread);
    ck_assert(!seen.has_process);
    ck_assert(seen.signals_blocked);
    ck_assert_int_eq(seen.nested, KS_DENIED);
    ck_assert_int_eq(seen.waited, KS_DENIED);
}
JOBS(in_a_job_there_is_no_process, 0, 0)

START_TEST(outside_of_a_process_it_is_denied)
{
    reset();
    const ks_blocking_options options = { .release = count_release };
    ck_assert_int_eq(ks_blocking_with(nothing, NULL, 0, &options), KS_DENIED);
    ck_assert_int_eq(released, 1);
    ck_assert_int_eq(ks_blocking_look().threads, 0);
}
END_TEST

/* --- others go on ----------------------------------------------------------------------------- */
KS_MODULE(echo, void);
KS_CALL(echo, twice, ks_int, ks_int);
KS_CALL(echo, block, void, ks_int);
struct echo {
    ks_status latest;
};
static ks_next echo_handle_twice(echo *self, const ks_int *request, ks_int *reply)
{
    *reply = *request * 2;
    return ks_reply();
}
static ks_next echo_handle_block(echo *self, ks_int *reply)
{
    struct held held = { .number = 1 };
    ks_status status = ks_blocking(stand_at_gate, &held, sizeof held, KS_INFINITY);
    *reply = self->latest;
    self->latest = status;
    return ks_reply();
}
KS_GEN_SERVER(echo, .ops = KS_OPS(echo, twice, block));

static void while_eight_jobs_block_others_are_served(void)
{
    struct waiter waiters[EIGHT];
    ks_pid server;
    ck_assert_int_eq(ks_start_link(KS_CHILD(echo), &server), KS_OK);
    for (int i = 0; i < EIGHT; i++) start_waiter(&waiters[i], i, KS_INFINITY);
    AWAIT(begun == EIGHT);
    for (ks_int i = 0; i < 1000; i++) {
        ks_int twice = 0;
        ck_assert_int_eq(echo_call_twice(server, &i, &twice, 5000), KS_OK);
        ck_assert_int_eq(twice, 2 * i);
    }
    ck_assert_int_eq(finished, 0);
    ck_assert_int_eq(ks_blocking_look().running, EIGHT);
    open_gate(EIGHT);
    for (int i = 0; i < EIGHT; i++) {
        AWAIT(waiters[i].ended);
        ck_assert_int_eq(waiters[i].status, KS_OK);
        ck_assert_int_eq(waiters[i].held.number, 2 * i);
    }
    ck_assert_int_eq(released, 0);
    ck_assert_int_eq(ks_blocking_look().running, 0);
}
JOBS(while_eight_jobs_block_others_are_served, EIGHT, 0)

static void sleep_100_ms(void *data)
{
    nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}
static int slept;
static void sleep_in_job(void *arg)
{
    ck_assert_int_eq(ks_blocking(sleep_100_ms, NULL, 0, KS_INFINITY), KS_OK);
    slept++;
}
/* The only test with real time: sleepers that the scheduler waited for would take 800 ms. */
static void eight_jobs_sleep_at_once(void)
{
    ks_pid server;
    ks_ms worst = 0, start = ks_now();
    ck_assert_int_eq(ks_start_link(KS_CHILD(echo), &server), KS_OK);
    slept = 0;
    for (int i = 0; i < EIGHT; i++) ck_assert(!ks_is_none(ks_spawn(sleep_in_job, NULL)));
    while (slept < EIGHT) {
        ks_int twice = 0;
        ks_ms before = ks_now();
        ck_assert_int_eq(echo_call_twice(server, &(ks_int){ 1 }, &twice, 5000), KS_OK);
        if (ks_now() - before > worst) worst = ks_now() - before;
        ks_sleep(1);
    }
    ck_assert_int_lt((int)worst, 100);
    ck_assert_int_ge((int)(ks_now() - start), 100);
    ck_assert_int_lt((int)(ks_now() - start), 700);
}
JOBS(eight_jobs_sleep_at_once, EIGHT, 0)

/* --- the line --------------------------------------------------------------------------------- */
static void jobs_begin_in_the_order_they_came(void)
{
    static int order[EIGHT];
    struct waiter waiters[EIGHT];
    for (int i = 0; i < EIGHT; i++) {
        start_waiter(&waiters[i], i, KS_INFINITY);
        waiters[i].held.order = order;
    }
    open_gate(EIGHT);
    for (int i = 0; i < EIGHT; i++) AWAIT(waiters[i].ended);
    for (int i = 0; i < EIGHT; i++) ck_assert_int_eq(order[i], i);
    ck_assert_int_eq(ks_blocking_look().threads, 1);
}
JOBS(jobs_begin_in_the_order_they_came, 1, 0)

static void a_full_line_refuses(void)
{
    struct waiter waiters[5];
    for (int i = 0; i < 5; i++) start_waiter(&waiters[i], i, KS_INFINITY);
    AWAIT(waiters[4].ended); /* two run, two wait */
    ck_assert_int_eq(waiters[4].status, KS_OVERLOAD);
    AWAIT(begun == 2);
    ck_assert_int_eq(ks_blocking_look().queued, 2);
    open_gate(4);
    for (int i = 0; i < 4; i++) {
        AWAIT(waiters[i].ended);
        ck_assert_int_eq(waiters[i].status, KS_OK);
    }
    AWAIT(released == 1); /* of what was refused, on a thread that had time */
    struct held held = { .number = 1 };
    open_gate(1);
    ck_assert_int_eq(ks_blocking(stand_at_gate, &held, sizeof held, KS_INFINITY), KS_OK);
}
JOBS(a_full_line_refuses, 2, 2)

/* --- given up --------------------------------------------------------------------------------- */
static void what_has_begun_runs_to_its_end(void)
{
    struct waiter waiter;
    start_waiter(&waiter, 7, 20);
    AWAIT(waiter.ended);
    ck_assert_int_eq(waiter.status, KS_TIMEOUT);
    ck_assert_int_eq(begun, 1);
    ck_assert_int_eq(finished, 0);
    ck_assert_int_eq(ks_blocking_look().left, 1);
    open_gate(1);
    AWAIT(released == 1);
    ck_assert_int_eq(finished, 1);
    ck_assert_int_eq(waiter.held.number, 7); /* nobody wrote here */
    AWAIT(ks_blocking_look().left == 0);
}
JOBS(what_has_begun_runs_to_its_end, 0, 0)

static void what_has_not_begun_never_does(void)
{
    struct waiter first, second;
    start_waiter(&first, 1, KS_INFINITY);
    AWAIT(begun == 1);
    start_waiter(&second, 2, 20);
    AWAIT(second.ended);
    ck_assert_int_eq(second.status, KS_TIMEOUT);
    ck_assert_int_eq(ks_blocking_look().queued, 0);
    struct held held = { .number = 3 };
    const ks_blocking_options late = { .timeout = -1, .release = count_release };
    ck_assert_int_eq(ks_blocking_with(stand_at_gate, &held, sizeof held, &late), KS_TIMEOUT);
    ck_assert_int_eq(ks_blocking(stand_at_gate, &held, sizeof held, 0), KS_TIMEOUT);
    open_gate(1);
    AWAIT(first.ended && released == 2);
    ck_assert_int_eq(begun, 1);
    ck_assert_int_eq(released_here, 0);
}
JOBS(what_has_not_begun_never_does, 1, 0)

static void kill_and_await(ks_pid pid)
{
    ks_ref monitor = ks_monitor(pid);
    ks_exit_process(pid, KS_KILL);
    ck_assert_ptr_nonnull(ks_receive_ref(monitor, 10000));
}

static void a_killed_process_leaves_its_job(void)
{
    struct waiter *first = malloc(sizeof *first), *second = malloc(sizeof *second);
    ks_pid running = start_waiter(first, 1, KS_INFINITY);
    AWAIT(begun == 1);
    ks_pid queued = start_waiter(second, 2, KS_INFINITY);
    AWAIT(ks_blocking_look().queued == 1);
    kill_and_await(running);
    kill_and_await(queued);
    ck_assert(!first->ended && !second->ended);
    free(first); /* who still writes there is seen by AddressSanitizer */
    free(second);
    ck_assert_int_eq(ks_blocking_look().queued, 0);
    ck_assert_int_eq(ks_blocking_look().left, 1);
    open_gate(1);
    AWAIT(released == 2);
    ck_assert_int_eq(begun, 1);
    ck_assert_int_eq(finished, 1);
    ck_assert_int_eq(released_here, 0);
}
JOBS(a_killed_process_leaves_its_job, 1, 0)

static void a_handler_waits_no_longer_than_its_caller(void)
{
    ks_pid server;
    ks_int latest;
    ck_assert_int_eq(ks_start(KS_CHILD(echo), &server), KS_OK);
    ck_assert_int_eq(echo_call_block(server, &latest, 20), KS_TIMEOUT);
    open_gate(2);
    ck_assert_int_eq(echo_call_block(server, &latest, 5000), KS_OK);
    ck_assert_int_eq(latest, KS_DEADLINE);
}
JOBS(a_handler_waits_no_longer_than_its_caller, 0, 0)

/* The word that a job has ended may arrive when its process waits for something else already, by a
 * record in the same place. */
static void a_late_end_wakes_nobody(void)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    int ends[2];
    uint8_t size_class;
    ck_assert_int_eq(pipe(ends), 0);
    ks_ref old = ks_own(count_release, NULL);
    ks_disown(old);
    struct ksi_message *late = ksi_pool_get(&s->pool, sizeof *late, &size_class);
    *late = (struct ksi_message){ .kind = KSI_EVENT, .size_class = size_class, .ref = old.id[0] };
    ksi_block_push(s->current, 0, late);
    ck_assert_int_eq(ks_wait_fd(ends[0], KS_READABLE, 20), KS_TIMEOUT);
    close(ends[0]);
    close(ends[1]);
}
JOBS(a_late_end_wakes_nobody, 0, 0)

/* --- many ------------------------------------------------------------------------------------- */
enum {
    CROWD = KSI_SANITIZED ? 60 : 200,
    ROUNDS = KSI_SANITIZED ? 20 : 50,
    KILLED_SHARE = 3 /* one of so many */
};
static atomic_int ran, dropped, kept, refused;

struct number {
    int value, square;
};
static void square(void *data)
{
    struct number *number = data;
    number->square = number->value * number->value;
    atomic_fetch_add(&ran, 1);
}
static void count_dropped(void *data) { atomic_fetch_add(&dropped, 1); }

static void ask_often(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct number number = { .value = i };
        ks_ms timeout = i % 7 == 0 ? 1 : KS_INFINITY;
        const ks_blocking_options options = { .timeout = timeout, .release = count_dropped };
        ks_status status = ks_blocking_with(square, &number, sizeof number, &options);
        if (status == KS_OK) {
            ck_assert_int_eq(number.square, i * i);
            atomic_fetch_add(&kept, 1);
        } else {
            ck_assert(status == KS_TIMEOUT || status == KS_OVERLOAD);
            ck_assert_int_eq(number.square, 0);
            atomic_fetch_add(&refused, 1);
        }
    }
}

static void a_crowd_asks(void)
{
    ks_pid pids[CROWD];
    ran = dropped = kept = refused = 0;
    for (int i = 0; i < CROWD; i++) {
        pids[i] = ks_spawn(ask_often, NULL);
        ck_assert(!ks_is_none(pids[i]));
    }
    for (int i = 0; i < CROWD; i += KILLED_SHARE) {
        ks_yield();
        ks_exit_process(pids[i], KS_KILL);
    }
    for (int i = 0; i < CROWD; i++) AWAIT(!ks_is_alive(pids[i]));
}

/* What was handed over came back or was released; never both, never neither. */
START_TEST(of_a_crowd_nothing_is_lost)
{
    for (uint32_t schedulers = 1; schedulers <= 4; schedulers += 3) {
        ck_assert_int_eq(run_with(4, 50, schedulers, a_crowd_asks), KS_OK);
        ck_assert_int_gt(kept, 0);
        ck_assert_int_ge(ran, kept);
        ck_assert_int_ge(dropped, refused);
        ck_assert_int_le(dropped - refused, CROWD); /* of the killed: one each */
        ck_assert_int_le(kept + refused, CROWD * ROUNDS);
    }
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */
static int to_fail;
static bool fails(void *arg) { return --to_fail == 0; }

static void without_memory_it_is_refused(void)
{
    struct ksi_pool *pool = &ksi_this_scheduler->pool;
    ks_status status = KS_NOMEM;
    int refusals = 0;
    for (int n = 1; status; n++) {
        struct sum sum = { .caller_has = &sum, .a = 1, .b = 2 };
        const ks_blocking_options options = { .timeout = KS_INFINITY, .release = count_release };
        to_fail = n;
        pool->fails = fails;
        status = ks_blocking_with(add, &sum, sizeof sum, &options);
        pool->fails = NULL;
        ck_assert(status == KS_OK || status == KS_NOMEM);
        ck_assert_int_eq(sum.sum, status ? 0 : 3);
        refusals += status != KS_OK;
    }
    ck_assert_int_eq(refusals, 3); /* the job, its record, its word */
    AWAIT(released == refusals);
    ck_assert_int_eq(released_here, 1); /* there was no copy */
}
JOBS(without_memory_it_is_refused, 0, 0)

RUN_SUITE("blocking", a_copy_is_worked_on_and_comes_back_test, in_a_job_there_is_no_process_test,
    outside_of_a_process_it_is_denied, while_eight_jobs_block_others_are_served_test,
    eight_jobs_sleep_at_once_test, jobs_begin_in_the_order_they_came_test, a_full_line_refuses_test,
    what_has_begun_runs_to_its_end_test, what_has_not_begun_never_does_test,
    a_killed_process_leaves_its_job_test, a_handler_waits_no_longer_than_its_caller_test,
    a_late_end_wakes_nobody_test, of_a_crowd_nothing_is_lost, without_memory_it_is_refused_test)
