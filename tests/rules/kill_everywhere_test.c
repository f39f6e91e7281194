/* SPDX-License-Identifier: Apache-2.0 */
/* kill_everywhere_test - a kill at every moment of a call, of a start and of a stop. Afterwards
 * nothing is left (ks_simulate looks for it), and every bystander works. Supervisors:
 * kill_supervision_test.c. */
#include "support/kill.h"

enum { YIELDS = 12 };

/* --- a server with a blocking point of every kind --------------------------------------------- */
KS_MODULE(desk, void);
KS_CALL(desk, now, ks_text, ks_text);   /* answers at once */
KS_CALL(desk, sleep, ks_int, ks_text);  /* blocks in the handler */
KS_CALL(desk, later, ks_int, ks_text);  /* deferred */
KS_CALL(desk, nested, ks_pid, ks_text); /* calls another one */
KS_CAST(desk, answer, void);
struct desk {
    desk_later_from waiting[64]; /* ring */
    int first, count;
};

static ks_next desk_handle_now(desk *self, const ks_text *text, ks_text *reply)
{
    *reply = *text;
    return ks_reply();
}

static ks_next desk_handle_sleep(desk *self, const ks_int *ms, ks_text *reply)
{
    ks_sleep(*ms);
    *reply = ks_str(ks_format("slept"));
    return ks_reply();
}

static ks_next desk_handle_later(desk *self, const ks_int *ms, ks_text *reply)
{
    KS_CHECK(self->count < 64);
    self->waiting[(self->first + self->count++) % 64] = desk_from_later();
    desk_cast_after_answer(*ms, ks_self());
    return ks_noreply();
}

static ks_next desk_handle_answer(desk *self)
{
    ks_text text = ks_str(ks_format("later"));
    self->count--;
    desk_reply_later(self->waiting[self->first++ % 64], &text);
    return ks_noreply();
}

static ks_next desk_handle_nested(desk *self, const ks_pid *other, ks_text *reply)
{
    ks_status status = desk_call_sleep(*other, &(ks_int){ 10 }, reply, 1000);
    return status ? ks_fail(status) : ks_reply();
}

KS_GEN_SERVER(desk, .ops = KS_OPS(desk, now, sleep, later, nested, answer));

static ks_pid start_desk(void)
{
    ks_pid pid;
    KS_CHECK_OK(ks_start(KS_CHILD(desk), &pid));
    return pid;
}

static void works(ks_pid server)
{
    ks_text text = ks_lit("hello"), reply;
    KS_CHECK_OK(desk_call_now(server, &text, &reply, 5000));
    KS_CHECK(ks_text_eq(reply, text));
}

/* --- callers ---------------------------------------------------------------------------------- */
enum way { NOW, SLEEP, LATER, NESTED, WAYS };
struct caller {
    ks_pid server, other;
    enum way way;
    ks_ref end;
    int answered, refused;
};

static ks_status call_once(const struct caller *caller, ks_text *ret_reply)
{
    ks_text text = ks_lit("text");
    switch (caller->way) {
    case NOW: return desk_call_now(caller->server, &text, ret_reply, 1000);
    case SLEEP: return desk_call_sleep(caller->server, &(ks_int){ 10 }, ret_reply, 1000);
    case LATER: return desk_call_later(caller->server, &(ks_int){ 10 }, ret_reply, 1000);
    default: return desk_call_nested(caller->server, &caller->other, ret_reply, 1000);
    }
}

/* Three calls in a row; each has an answer, or the server is gone. */
static void calls(void *arg)
{
    static const char *const expected[WAYS] = { "text", "slept", "later", "slept" };
    struct caller *caller = arg;
    ks_trap_exit(true);
    for (int i = 0; i < 3; i++) {
        ks_text reply;
        ks_status status = call_once(caller, &reply);
        if (status != KS_NOPROC) KS_CHECK_OK(status);
        if (status == KS_OK) KS_CHECK(ks_text_eq(reply, ks_str(expected[caller->way])));
        if (status == KS_OK)
            caller->answered++;
        else
            caller->refused++;
    }
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static ks_pid start_caller(struct caller *caller, ks_pid server, ks_pid other, enum way way)
{
    *caller = (struct caller){ .server = server, .other = other, .way = way };
    return ks_spawn_monitor(calls, caller, &caller->end);
}

/* The first of three callers is killed; the others do not notice. */
static void kill_a_caller(struct kill *kill, enum way way)
{
    ks_pid server = start_desk(), other = start_desk();
    struct caller callers[3];
    kill->victim = start_caller(&callers[0], server, other, way);
    for (int i = 1; i < 3; i++) start_caller(&callers[i], server, other, i == 1 ? way : NOW);
    kill_arm(kill);
    ended_or_killed(callers[0].end);
    for (int i = 1; i < 3; i++) {
        KS_CHECK(ended_with(callers[i].end, KS_REASON_NORMAL));
        KS_CHECK(callers[i].answered == 3);
    }
    kill_done(kill);
    works(server);
    works(other);
    kill_and_wait(server);
    kill_and_wait(other);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

/* The server is killed; its callers know at once, in whatever state their calls are. */
static void kill_a_server(struct kill *kill, enum way way)
{
    ks_pid server = start_desk(), other = start_desk();
    struct caller callers[3];
    ks_ms begin = ks_now();
    kill->victim = server;
    for (int i = 0; i < 3; i++) start_caller(&callers[i], server, other, i == 2 ? LATER : way);
    kill_arm(kill);
    for (int i = 0; i < 3; i++) {
        KS_CHECK(ended_with(callers[i].end, KS_REASON_NORMAL));
        KS_CHECK(callers[i].answered + callers[i].refused == 3);
    }
    kill_done(kill);
    KS_CHECK(ks_now() - begin < 500);
    works(other);
    kill_and_wait(server);
    kill_and_wait(other);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

/* The server that the server calls in its handler is killed: an error, and both ends live on. */
static void kill_the_nested(struct kill *kill)
{
    ks_pid server = start_desk(), other = start_desk();
    struct caller callers[2];
    kill->victim = other;
    for (int i = 0; i < 2; i++) start_caller(&callers[i], server, other, i ? NOW : NESTED);
    kill_arm(kill);
    for (int i = 0; i < 2; i++) KS_CHECK(ended_with(callers[i].end, KS_REASON_NORMAL));
    KS_CHECK(callers[1].answered == 3);
    kill_done(kill);
    works(server);
    kill_and_wait(server);
    kill_and_wait(other);
}

static void caller_now(struct kill *kill) { kill_a_caller(kill, NOW); }
static void caller_sleep(struct kill *kill) { kill_a_caller(kill, SLEEP); }
static void caller_later(struct kill *kill) { kill_a_caller(kill, LATER); }
static void caller_nested(struct kill *kill) { kill_a_caller(kill, NESTED); }
static void server_now(struct kill *kill) { kill_a_server(kill, NOW); }
static void server_sleep(struct kill *kill) { kill_a_server(kill, SLEEP); }
static void server_later(struct kill *kill) { kill_a_server(kill, LATER); }
static void server_nested(struct kill *kill) { kill_a_server(kill, NESTED); }

static void a_caller_killed_in_a_quick_call(void) { kill_sweep(YIELDS, 0, caller_now); }
static void a_caller_killed_in_a_slow_call(void) { kill_sweep(YIELDS, 65, caller_sleep); }
static void a_caller_killed_in_a_deferred_call(void) { kill_sweep(YIELDS, 35, caller_later); }
static void a_caller_killed_in_a_nested_call(void) { kill_sweep(YIELDS, 65, caller_nested); }
static void a_server_killed_in_a_quick_call(void) { kill_sweep(YIELDS, 0, server_now); }
static void a_server_killed_in_a_slow_call(void) { kill_sweep(YIELDS, 65, server_sleep); }
static void a_server_killed_in_a_deferred_call(void) { kill_sweep(YIELDS, 35, server_later); }
static void a_server_killed_in_a_nested_call(void) { kill_sweep(YIELDS, 65, server_nested); }
static void a_nested_server_killed(void) { kill_sweep(YIELDS, 35, kill_the_nested); }

/* --- starts ----------------------------------------------------------------------------------- */
typedef struct newborn_args {
    ks_ms init_ms;
    bool trap;
    int *owned;
} newborn_args;
KS_TYPE(newborn_args, init_ms, trap, (local, owned));
KS_MODULE(newborn, newborn_args);
struct newborn {
    char *memory;
};

static void give_back(void *resource) { --*(int *)resource; }

/* Takes something of every kind before it blocks. */
static ks_next newborn_init(newborn *self, const newborn_args *args)
{
    ks_trap_exit(args->trap);
    ks_own(give_back, args->owned);
    ++*args->owned; /* at once: nothing of kiosk is called in between */
    self->memory = ks_alloc(100);
    ks_monitor(ks_parent());
    ks_sleep(args->init_ms);
    return ks_ok();
}

static ks_next newborn_handle_info(newborn *self, const ks_msg *msg) { return ks_noreply(); }

KS_GEN_SERVER(newborn, .init = newborn_init, .handle_info = newborn_handle_info);

struct starter {
    int relation; /* 0: alone, 1: linked, 2: monitored */
    bool trap;
    ks_ms timeout;
    int owned;
    ks_status status;
};

static void starts(void *arg)
{
    struct starter *starter = arg;
    ks_ref monitor;
    const ks_child row = { KS_START(newborn, .init_ms = 10, .trap = starter->trap,
                               .owned = &starter->owned),
        .name = "newborn", .start_timeout = starter->timeout };
    switch (starter->relation) {
    case 0: starter->status = ks_start(&row, NULL); break;
    case 1: starter->status = ks_start_link(&row, NULL); break;
    default: starter->status = ks_start_monitor(&row, NULL, &monitor); break;
    }
    ks_sleep(KS_INFINITY);
}

/* A linked child does not outlive its starter; another may, and then it is whole. */
static void kill_a_starter(struct kill *kill, struct starter starter)
{
    ks_ref end;
    kill->victim = ks_spawn_monitor(starts, &starter, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_KILLED));
    kill_done(kill);
    ks_sleep(100);
    if (starter.relation == 1) KS_CHECK(ks_is_none(ks_whereis("newborn")));
    KS_CHECK(starter.owned == !ks_is_none(ks_whereis("newborn")));
    clear_name("newborn");
    KS_CHECK(starter.owned == 0);
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static void all_starters(struct kill *kill, ks_ms timeout)
{
    for (int relation = 0; relation < 3; relation++) {
        for (int trap = 0; trap < 2; trap++) {
            struct kill again = *kill;
            kill_a_starter(
                &again, (struct starter){ .relation = relation, .trap = trap, .timeout = timeout });
        }
    }
}

static void starter_of_any_kind(struct kill *kill) { all_starters(kill, 0); }
static void starter_that_times_out(struct kill *kill) { all_starters(kill, 5); }
static void a_starter_killed(void) { kill_sweep(YIELDS, 13, starter_of_any_kind); }
static void a_starter_killed_about_its_time_out(void) { kill_sweep(0, 8, starter_that_times_out); }

/* The child is killed, by its name, while the starter (this process) waits. */
static void kill_a_child(struct kill *kill, ks_ms timeout)
{
    for (int relation = 0; relation < 3; relation++) {
        int owned = 0;
        ks_ref monitor;
        ks_pid pid = { 0 };
        struct kill again = *kill;
        const ks_child row = { KS_START(newborn, .init_ms = 10, .trap = true, .owned = &owned),
            .name = "newborn", .start_timeout = timeout };
        again.name = "newborn";
        ks_trap_exit(true);
        kill_arm(&again);
        ks_status status = relation == 0 ? ks_start(&row, &pid)
            : relation == 1              ? ks_start_link(&row, &pid)
                                         : ks_start_monitor(&row, &pid, &monitor);
        KS_CHECK(status == KS_OK || status == KS_EXITED || (timeout && status == KS_TIMEOUT));
        kill_done(&again);
        clear_name("newborn");
        KS_CHECK(owned == 0);
        if (status == KS_OK && relation == 1) KS_CHECK(exit_came(pid, KS_REASON_KILLED, 1000));
        if (status == KS_OK && relation == 2) KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
        ks_sleep(20);
        KS_CHECK(ks_mailbox_length(ks_self()) == 0);
    }
}

static void child_without_limit(struct kill *kill) { kill_a_child(kill, 0); }
static void child_with_limit(struct kill *kill) { kill_a_child(kill, 5); }
static void a_child_killed_in_init(void) { kill_sweep(YIELDS, 13, child_without_limit); }
static void a_child_killed_about_its_time_out(void) { kill_sweep(YIELDS, 8, child_with_limit); }

/* --- stops ------------------------------------------------------------------------------------ */
typedef struct leaving_args {
    int *terminated;
} leaving_args;
KS_TYPE(leaving_args, (local, terminated));
KS_MODULE(leaving, leaving_args);
struct leaving {
    int *terminated;
};

static ks_next leaving_init(leaving *self, const leaving_args *args)
{
    self->terminated = args->terminated;
    return ks_ok();
}

static void leaving_terminate(leaving *self, ks_reason why)
{
    ks_sleep(10);
    ++*self->terminated;
}

KS_GEN_SERVER(leaving, .init = leaving_init, .terminate = leaving_terminate);

struct stopper {
    ks_pid server;
    ks_status status;
};

static void stops(void *arg)
{
    struct stopper *stopper = arg;
    stopper->status = ks_stop_process(stopper->server, KS_NORMAL, 1000);
    ks_sleep(KS_INFINITY);
}

/* Whoever asked for the stop is killed: the stop goes on, or never began. */
static void stopper_killed(struct kill *kill)
{
    int terminated = 0;
    ks_ref end;
    struct stopper stopper = { .status = -1 };
    KS_CHECK_OK(ks_start(KS_CHILD(leaving, .terminated = &terminated), &stopper.server));
    kill->victim = ks_spawn_monitor(stops, &stopper, &end);
    kill_arm(kill);
    KS_CHECK(ended_with(end, KS_REASON_KILLED));
    kill_done(kill);
    ks_sleep(100);
    KS_CHECK(ks_is_alive(stopper.server) == !terminated);
    kill_and_wait(stopper.server);
}

/* The server is killed while it is asked to stop, or in terminate. */
static void stopped_killed(struct kill *kill)
{
    int terminated = 0;
    ks_pid server;
    KS_CHECK_OK(ks_start(KS_CHILD(leaving, .terminated = &terminated), &server));
    kill->victim = server;
    kill_arm(kill);
    ks_ms begin = ks_now();
    ks_status status = ks_stop_process(server, KS_NORMAL, 1000);
    KS_CHECK(status == KS_NOPROC || status == (terminated ? KS_OK : KS_EXITED));
    KS_CHECK(ks_now() - begin < 100);
    kill_done(kill);
    KS_CHECK(!ks_is_alive(server));
    KS_CHECK(ks_mailbox_length(ks_self()) == 0);
}

static void a_stopper_killed(void) { kill_sweep(YIELDS, 13, stopper_killed); }
static void a_stopped_server_killed(void) { kill_sweep(YIELDS, 13, stopped_killed); }

int main(void)
{
    return run_scenarios("kill everywhere", 30,
        SCENARIOS(SCENARIO(a_caller_killed_in_a_quick_call),
            SCENARIO(a_caller_killed_in_a_slow_call), SCENARIO(a_caller_killed_in_a_deferred_call),
            SCENARIO(a_caller_killed_in_a_nested_call), SCENARIO(a_server_killed_in_a_quick_call),
            SCENARIO(a_server_killed_in_a_slow_call), SCENARIO(a_server_killed_in_a_deferred_call),
            SCENARIO(a_server_killed_in_a_nested_call), SCENARIO(a_nested_server_killed),
            SCENARIO(a_starter_killed), SCENARIO(a_starter_killed_about_its_time_out),
            SCENARIO(a_child_killed_in_init), SCENARIO(a_child_killed_about_its_time_out),
            SCENARIO(a_stopper_killed), SCENARIO(a_stopped_server_killed)));
}
