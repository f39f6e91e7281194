/* SPDX-License-Identifier: Apache-2.0 */
/* kill_supervision_test - a kill at every moment of a supervisor's start, of a child's start and
 * restart, and of a shutdown: of whoever asked, of the supervisor, of a child. Afterwards nothing
 * is left, and what was not killed works. See kill_everywhere_test.c. */
#include "support/kill.h"

enum { YIELDS = 12, CHILDREN = 3 };
static const char *const names[CHILDREN] = { "first", "second", "third" };

/* --- children that take their time ------------------------------------------------------------ */
/* How many are there: counted up when init has something to lose, down by its release. */
static int owned;
typedef struct worker_args {
    ks_ms init_ms, end_ms;
    bool trap;
} worker_args;
KS_TYPE(worker_args, init_ms, end_ms, trap);
KS_MODULE(worker, worker_args);
KS_CALL(worker, ping, void, void);
struct worker {
    ks_ms end_ms;
    void *memory;
};

static void give_back(void *resource) { --*(int *)resource; }

static ks_next worker_init(worker *self, const worker_args *args)
{
    ks_own(give_back, &owned);
    owned++; /* at once: nothing of kiosk is called in between */
    ks_trap_exit(args->trap);
    self->end_ms = args->end_ms;
    self->memory = ks_alloc(100);
    ks_sleep(args->init_ms);
    return ks_ok();
}

static ks_next worker_handle_ping(worker *self) { return ks_reply(); }

static void worker_terminate(worker *self, ks_reason why) { ks_sleep(self->end_ms); }

KS_GEN_SERVER(
    worker, .init = worker_init, .terminate = worker_terminate, .ops = KS_OPS(worker, ping));

/* --- two kinds of supervisor, and one that nobody touches ------------------------------------- */
typedef struct top_args {
    ks_ms init_ms, end_ms;
    bool trap; /* the children */
} top_args;
KS_TYPE(top_args, init_ms, end_ms, trap);
KS_MODULE(top, top_args);

static ks_child row_of(int index, const top_args *args, worker_args *ret_args)
{
    *ret_args = (worker_args){ args->init_ms, args->end_ms, args->trap };
    return (ks_child){ KS_START_WITH(worker, ret_args), .id = names[index], .name = names[index] };
}

static ks_status top_init(const top_args *args)
{
    for (int i = 0; i < CHILDREN; i++) {
        worker_args child_args;
        const ks_child row = row_of(i, args, &child_args);
        ks_status status = ks_add_child(&row);
        if (status) return status;
    }
    return KS_OK;
}

KS_SUPERVISOR_INIT(top, .strategy = KS_ONE_FOR_ONE, .max_restarts = 100);
KS_SUPERVISOR(dynamic, .strategy = KS_DYNAMIC, .max_restarts = 100);
KS_SUPERVISOR(
    bystander, .children = KS_CHILDREN({ KS_START(worker, .init_ms = 1), .name = "bystander" }));

static void works(const char *name) { KS_CHECK_OK(worker_call_ping(ks_named(name), 5000)); }

/* All names are free, and everything was given back but what the bystander has. */
static void nothing_is_left(void)
{
    for (int i = 0; i < CHILDREN; i++) KS_CHECK(ks_is_none(ks_whereis(names[i])));
    KS_CHECK(ks_is_none(ks_whereis("top")));
    works("bystander");
    KS_CHECK(owned == 1);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

/* Once for children that trap exits, once for others; each in a tree beside the bystander's. */
static void beside_a_bystander(struct kill *kill, void (*story)(struct kill *kill, bool trap))
{
    ks_pid tree;
    owned = 0;
    KS_CHECK_OK(ks_start(KS_CHILD(bystander), &tree));
    for (int trap = 0; trap < 2; trap++) {
        struct kill again = *kill;
        story(&again, trap);
        nothing_is_left();
    }
    KS_CHECK_OK(ks_stop_process(tree, KS_SHUTDOWN, KS_INFINITY));
    KS_CHECK(owned == 0);
}

static ks_pid start_top(bool trap, ks_ms end_ms)
{
    ks_pid supervisor;
    KS_CHECK_OK(
        ks_start(&(const ks_child){ KS_START(top, .end_ms = end_ms, .trap = trap), .name = "top" },
            &supervisor));
    return supervisor;
}

static void stop_top(void)
{
    KS_CHECK_OK(ks_stop_process(ks_named("top"), KS_SHUTDOWN, KS_INFINITY));
}

/* --- shutdown --------------------------------------------------------------------------------- */
static void stops_top(void *arg)
{
    ks_status status = ks_stop_process(ks_named("top"), KS_SHUTDOWN, KS_INFINITY);
    *(ks_status *)arg = status;
}

/* The supervisor is killed in the middle of its shutdown, or before: its children follow it. */
static void supervisor_killed_in_shutdown(struct kill *kill, bool trap)
{
    ks_status status = -1;
    ks_ref end;
    kill->victim = start_top(trap, 10);
    ks_spawn_monitor(stops_top, &status, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    KS_CHECK(status == KS_OK || status == KS_EXITED || status == KS_NOPROC);
    kill_done(kill);
    ks_sleep(100);
}

/* A child is killed: restarted, or not needed any more; the shutdown does not wait for the dead. */
static void child_killed_in_shutdown(struct kill *kill, bool trap)
{
    ks_status status = -1;
    ks_ref end;
    start_top(trap, 10);
    kill->name = "second";
    ks_ms begin = ks_now();
    ks_spawn_monitor(stops_top, &status, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    KS_CHECK_OK(status);
    KS_CHECK(ks_now() - begin < 1000);
    kill_done(kill);
}

/* Whoever asked is killed: all of the tree stands, or nothing of it. */
static void stopper_killed_in_shutdown(struct kill *kill, bool trap)
{
    ks_status status = -1;
    ks_ref end;
    start_top(trap, 10);
    kill->victim = ks_spawn_monitor(stops_top, &status, &end);
    kill_arm(kill);
    ended_or_killed(end);
    kill_done(kill);
    ks_sleep(100);
    if (ks_is_none(ks_whereis("top"))) return;
    for (int i = 0; i < CHILDREN; i++) works(names[i]);
    stop_top();
}

/* --- the start of a supervisor ---------------------------------------------------------------- */
static void starts_top(void *arg)
{
    const ks_child row = { KS_START(top, .init_ms = 3, .trap = *(const bool *)arg), .name = "top" };
    ks_status status = ks_start_link(&row, NULL);
    KS_CHECK(status == KS_OK || status == KS_EXITED);
    ks_sleep(KS_INFINITY);
}

static void starter_killed(struct kill *kill, bool trap)
{
    ks_ref end;
    kill->victim = ks_spawn_monitor(starts_top, &trap, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_KILLED));
    kill_done(kill);
    ks_sleep(100);
}

static void supervisor_killed_in_start(struct kill *kill, bool trap)
{
    const ks_child row = { KS_START(top, .init_ms = 3, .trap = trap), .name = "top" };
    kill->name = "top";
    kill_arm(kill);
    ks_status status = ks_start(&row, NULL);
    KS_CHECK(status == KS_OK || status == KS_EXITED);
    kill_done(kill);
    clear_name("top");
    ks_sleep(100);
}

/* A child is killed in its init: so is the start of all; later: it is restarted. */
static void child_killed_in_start(struct kill *kill, bool trap)
{
    const ks_child row = { KS_START(top, .init_ms = 3, .trap = trap), .name = "top" };
    kill->name = "second";
    kill_arm(kill);
    ks_status status = ks_start(&row, NULL);
    kill_done(kill);
    ks_sleep(20);
    if (status == KS_OK) {
        for (int i = 0; i < CHILDREN; i++) works(names[i]);
        stop_top();
    }
}

/* --- the start of a child, by somebody's request ---------------------------------------------- */
static void requests_a_child(void *arg)
{
    worker_args child_args;
    const ks_child row =
        row_of(0, &(top_args){ .init_ms = 10, .trap = *(const bool *)arg }, &child_args);
    ks_status status = ks_start_child(ks_named("top"), &row, NULL);
    KS_CHECK(status == KS_OK || status == KS_EXITED || status == KS_NOPROC);
    ks_sleep(20);
}

static ks_pid start_dynamic(void)
{
    ks_pid supervisor;
    KS_CHECK_OK(ks_start(&(const ks_child){ KS_START(dynamic), .name = "top" }, &supervisor));
    return supervisor;
}

/* What the supervisor says of its child is what there is. */
static void the_list_is_true(void)
{
    ks_child_info info;
    size_t count;
    KS_CHECK_OK(ks_which_children(ks_named("top"), &info, 1, &count));
    KS_CHECK(count == !ks_is_none(ks_whereis(names[0])));
    if (count) KS_CHECK(ks_same_pid(info.pid, ks_whereis(names[0])));
    if (count) works(names[0]);
}

static void requester_killed(struct kill *kill, bool trap)
{
    ks_ref end;
    start_dynamic();
    kill->victim = ks_spawn_monitor(requests_a_child, &trap, &end);
    kill_arm(kill);
    ended_or_killed(end);
    kill_done(kill);
    ks_sleep(50);
    the_list_is_true();
    stop_top();
}

static void supervisor_killed_in_start_child(struct kill *kill, bool trap)
{
    ks_ref end;
    kill->victim = start_dynamic();
    ks_spawn_monitor(requests_a_child, &trap, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    kill_done(kill);
    ks_sleep(50);
}

static void child_killed_in_start_child(struct kill *kill, bool trap)
{
    ks_ref end;
    start_dynamic();
    kill->name = names[0];
    ks_spawn_monitor(requests_a_child, &trap, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    kill_done(kill);
    ks_sleep(50);
    the_list_is_true();
    stop_top();
}

/* --- restarts --------------------------------------------------------------------------------- */
/* A child is killed, and again, while it is being restarted. */
static void child_killed_in_restart(struct kill *kill, bool trap)
{
    ks_ref end;
    start_dynamic();
    ks_spawn_monitor(requests_a_child, &trap, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    ks_exit_process(ks_named(names[0]), KS_KILL);
    kill->name = names[0];
    kill_arm(kill);
    kill_done(kill);
    ks_sleep(100);
    the_list_is_true();
    works(names[0]);
    stop_top();
}

static void supervisor_killed_in_restart(struct kill *kill, bool trap)
{
    ks_ref end;
    kill->victim = start_dynamic();
    ks_spawn_monitor(requests_a_child, &trap, &end);
    KS_CHECK(ended_with(end, KS_REASON_NORMAL));
    ks_exit_process(ks_named(names[0]), KS_KILL);
    kill_arm(kill);
    kill_done(kill);
    ks_sleep(100);
}

/* --- the sweeps ------------------------------------------------------------------------------- */
#define SWEEP(story, ms_max)                                                                       \
    static void story##_once(struct kill *kill) { beside_a_bystander(kill, story); }               \
    static void sweep_##story(void) { kill_sweep(YIELDS, ms_max, story##_once); }
SWEEP(supervisor_killed_in_shutdown, 33)
SWEEP(child_killed_in_shutdown, 33)
SWEEP(stopper_killed_in_shutdown, 33)
SWEEP(starter_killed, 12)
SWEEP(supervisor_killed_in_start, 12)
SWEEP(child_killed_in_start, 12)
SWEEP(requester_killed, 13)
SWEEP(supervisor_killed_in_start_child, 13)
SWEEP(child_killed_in_start_child, 13)
SWEEP(child_killed_in_restart, 13)
SWEEP(supervisor_killed_in_restart, 13)

int main(void)
{
    return run_scenarios("kill supervision", 20,
        SCENARIOS(SCENARIO(sweep_supervisor_killed_in_shutdown),
            SCENARIO(sweep_child_killed_in_shutdown), SCENARIO(sweep_stopper_killed_in_shutdown),
            SCENARIO(sweep_starter_killed), SCENARIO(sweep_supervisor_killed_in_start),
            SCENARIO(sweep_child_killed_in_start), SCENARIO(sweep_requester_killed),
            SCENARIO(sweep_supervisor_killed_in_start_child),
            SCENARIO(sweep_child_killed_in_start_child), SCENARIO(sweep_child_killed_in_restart),
            SCENARIO(sweep_supervisor_killed_in_restart)));
}
