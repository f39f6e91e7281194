/* SPDX-License-Identifier: Apache-2.0 */
/* rule_07_death_order_test - at death names are freed before links and monitors are told, and what
 * the process owned is released before its name is freed. */
#include "support/scenario.h"

/* How a process that holds a name comes to its end. */
enum way { RETURNS, FAILS, IS_KILLED, WAYS };

struct owner {
    enum way way;
    int released;
};

static void count_release(void *resource) { ++*(int *)resource; }

static void holds_a_name(void *arg)
{
    struct owner *owner = arg;
    KS_CHECK_OK(ks_register("name", ks_self()));
    ks_own(count_release, &owner->released);
    ks_own(count_release, &owner->released);
    ks_receive_as(ks_int, KS_INFINITY);
    if (owner->way == FAILS) ks_exit(ks_because(KS_USER));
}

static void end(ks_pid pid, enum way way)
{
    if (way == IS_KILLED)
        ks_exit_process(pid, KS_KILL);
    else
        ks_send(pid, ks_int, &(ks_int){ 0 });
}

/* Whoever has been told can have the name at once. */
static void name_is_free(void)
{
    KS_CHECK(ks_is_none(ks_whereis("name")));
    KS_CHECK_OK(ks_register("name", ks_self()));
    KS_CHECK(ks_same_pid(ks_whereis("name"), ks_self()));
    ks_unregister("name");
}

static void down_finds_the_name_free(void)
{
    for (enum way way = RETURNS; way < WAYS; way++) {
        struct owner owner = { .way = way };
        ks_ref monitor;
        ks_pid holder = ks_spawn_monitor(holds_a_name, &owner, &monitor);
        ks_sleep(10);
        end(holder, way);
        end_of(monitor);
        name_is_free();
        KS_CHECK(owner.released == 2);
    }
}

static void down_of_a_name_finds_it_free(void)
{
    for (enum way way = RETURNS; way < WAYS; way++) {
        struct owner owner = { .way = way };
        ks_pid holder = ks_spawn(holds_a_name, &owner);
        ks_sleep(10);
        ks_pid name = ks_named("name");
        ks_ref monitor = ks_monitor(name);
        end(name, way);
        const ks_msg *msg = ks_receive_ref(monitor, 1000);
        KS_CHECK(msg != NULL);
        KS_CHECK(ks_same_pid(ks_as(ks_down, msg)->pid, name));
        name_is_free();
        KS_CHECK(!ks_is_alive(holder));
        KS_CHECK(owner.released == 2);
    }
}

static void exit_finds_the_name_free(void)
{
    ks_trap_exit(true);
    for (enum way way = RETURNS; way < WAYS; way++) {
        struct owner owner = { .way = way };
        ks_pid holder = ks_spawn_link(holds_a_name, &owner);
        ks_sleep(10);
        end(holder, way);
        const ks_exited *exited = ks_receive_as(ks_exited, 1000);
        KS_CHECK(exited && ks_same_pid(exited->pid, holder));
        name_is_free();
        KS_CHECK(owner.released == 2);
    }
}

/* --- what is owned, newest first -------------------------------------------------------------- */
struct release {
    trace *trace;
    char letter;
};

static void say(void *resource)
{
    const struct release *release = resource;
    trace_add(release->trace, release->letter);
    trace_add(release->trace, ks_is_none(ks_whereis("name")) ? '-' : '+');
}

struct release_order {
    enum way way;
    struct release first, second, third;
};

static void owns_three(void *arg)
{
    struct release_order *order = arg;
    KS_CHECK_OK(ks_register("name", ks_self()));
    ks_own(say, &order->first);
    ks_ref second = ks_own(say, &order->second);
    ks_own(say, &order->third);
    ks_disown(second);
    ks_receive_as(ks_int, KS_INFINITY);
    if (order->way == FAILS) ks_exit(ks_because(KS_USER));
}

static void what_is_owned_goes_newest_first_while_the_name_stands(void)
{
    for (enum way way = RETURNS; way < WAYS; way++) {
        trace seen = { 0 };
        struct release_order order = { way, { &seen, '1' }, { &seen, '2' }, { &seen, '3' } };
        ks_ref monitor;
        ks_pid owner = ks_spawn_monitor(owns_three, &order, &monitor);
        ks_sleep(10);
        end(owner, way);
        end_of(monitor);
        KS_CHECK(trace_is(&seen, "3+1+"));
    }
}

/* --- servers ---------------------------------------------------------------------------------- */
KS_MODULE(holder, void);
struct holder {
    int unused;
};
KS_CALL(holder, wait, void, void);
KS_CALL(holder, fail, void, void);

static ks_next holder_handle_wait(holder *self)
{
    ks_sleep(KS_INFINITY);
    return ks_reply();
}

static ks_next holder_handle_fail(holder *self) { return ks_stop(ks_error("on request")); }

KS_GEN_SERVER(holder, .ops = KS_OPS(holder, wait, fail));

/* The caller whose server dies may start another one under its name without a loop of attempts. */
static void a_failed_call_finds_the_name_free(void)
{
    ks_pid first, second;
    const ks_child row = { KS_START(holder), .name = "name" };
    KS_CHECK_OK(ks_start(&row, &first));
    KS_CHECK(holder_call_fail(ks_named("name"), 1000) == KS_NOPROC);
    KS_CHECK_OK(ks_start(&row, &second));
    KS_CHECK(!ks_same_pid(first, second));
    KS_CHECK(ks_same_pid(ks_whereis("name"), second));
    kill_and_wait(second);
}

static void kills_the_name(void *arg)
{
    ks_sleep(5);
    ks_exit_process(ks_named("name"), KS_KILL);
}

static void a_call_cut_by_a_kill_finds_the_name_free(void)
{
    const ks_child row = { KS_START(holder), .name = "name" };
    KS_CHECK_OK(ks_start(&row, NULL));
    ks_spawn(kills_the_name, NULL);
    KS_CHECK(holder_call_wait(ks_named("name"), KS_INFINITY) == KS_NOPROC);
    name_is_free();
}

int main(void)
{
    return run_scenarios("rule 7", 100,
        SCENARIOS(SCENARIO(down_finds_the_name_free), SCENARIO(down_of_a_name_finds_it_free),
            SCENARIO(exit_finds_the_name_free),
            SCENARIO(what_is_owned_goes_newest_first_while_the_name_stands),
            SCENARIO(a_failed_call_finds_the_name_free),
            SCENARIO(a_call_cut_by_a_kill_finds_the_name_free)));
}
