/* SPDX-License-Identifier: Apache-2.0 */
/* register_test - names, aliases, labels and the inherited context, as a program sees them. */
#include "support/scenario.h"

#include <kiosk/timer.h>

#include <string.h>

static void sleeps(void *arg) { ks_sleep(KS_INFINITY); }

/* --- names ------------------------------------------------------------------------------------ */
static void one_name_a_process_and_one_process_a_name(void)
{
    ks_pid other = ks_spawn(sleeps, NULL);
    KS_CHECK_OK(ks_register("me", ks_self()));
    KS_CHECK(ks_register("me", other) == KS_ALREADY_STARTED);
    KS_CHECK(ks_register("another", ks_self()) == KS_ALREADY_STARTED);
    KS_CHECK_OK(ks_register("other", other));
    KS_CHECK(ks_same_pid(ks_whereis("other"), other));
    KS_CHECK(ks_register("again", ks_named("other")) == KS_ALREADY_STARTED);
    ks_unregister("me");
    ks_unregister("me");
    ks_unregister("");
    ks_unregister(NULL);
    KS_CHECK(ks_is_none(ks_whereis("me")));
    KS_CHECK_OK(ks_register("another", ks_self()));
    ks_unregister("other"); /* anybody may */
    KS_CHECK_OK(ks_register("me", ks_spawn(sleeps, NULL)));
    kill_and_wait(ks_named("me"));
    kill_and_wait(other);
    KS_CHECK(ks_is_none(ks_whereis("me")));
}

static void a_name_has_1_to_255_bytes(void)
{
    char text[258];
    memset(text, 'x', sizeof text);
    text[256] = 0;
    KS_CHECK(ks_register(text, ks_self()) == KS_BADARG);
    KS_CHECK(ks_register("", ks_self()) == KS_BADARG);
    KS_CHECK(ks_register(NULL, ks_self()) == KS_BADARG);
    KS_CHECK(ks_is_none(ks_whereis(text)));
    text[255] = 0;
    KS_CHECK_OK(ks_register(text, ks_self()));
    KS_CHECK(ks_same_pid(ks_whereis(text), ks_self()));
    text[254] = 0;
    KS_CHECK(ks_is_none(ks_whereis(text)));
}

static void the_dead_have_no_name(void)
{
    ks_pid other = ks_spawn(sleeps, NULL);
    kill_and_wait(other);
    KS_CHECK(ks_register("dead", other) == KS_NOPROC);
    KS_CHECK(ks_register("none", (ks_pid){ 0 }) == KS_NOPROC);
    KS_CHECK(ks_register("nobody", ks_named("nobody")) == KS_NOPROC);
}

static void a_name_works_where_a_pid_does(void)
{
    ks_pid other = ks_spawn(sleeps, NULL), name = ks_named("other");
    KS_CHECK(!ks_is_alive(name));
    KS_CHECK_OK(ks_send(name, ks_int, &(ks_int){ 1 })); /* to nobody is no error */
    KS_CHECK_OK(ks_register("other", other));
    KS_CHECK(ks_is_alive(name));
    KS_CHECK_OK(ks_send(name, ks_int, &(ks_int){ 1 }));
    ks_ref monitor = ks_monitor(name);
    ks_exit_process(name, KS_KILL);
    const ks_msg *msg = ks_receive_ref(monitor, 1000);
    KS_CHECK(msg && ks_same_pid(ks_as(ks_down, msg)->pid, name)); /* as it was given */
}

/* --- aliases ---------------------------------------------------------------------------------- */
static void an_alias_can_be_turned_off(void)
{
    ks_pid first = ks_alias(), second = ks_alias();
    KS_CHECK(!ks_same_pid(first, second) && !ks_same_pid(first, ks_self()));
    KS_CHECK(ks_is_alive(first));
    ks_send(first, ks_int, &(ks_int){ 1 });
    ks_unalias(first);
    ks_unalias(first);
    ks_unalias(ks_self());
    KS_CHECK_OK(ks_send(first, ks_int, &(ks_int){ 2 }));
    ks_send(second, ks_int, &(ks_int){ 3 });
    KS_CHECK(*ks_receive_as(ks_int, 1000) == 1);
    KS_CHECK(*ks_receive_as(ks_int, 1000) == 3);
    KS_CHECK(!ks_is_alive(first) && ks_is_alive(second));
    KS_CHECK(nothing_comes());
}

static void turns_off(void *arg) { ks_unalias(*(const ks_pid *)arg); }

static void only_its_owner_turns_an_alias_off(void)
{
    ks_pid alias = ks_alias();
    ks_ref monitor;
    ks_spawn_monitor(turns_off, &alias, &monitor);
    end_of(monitor);
    KS_CHECK(ks_is_alive(alias));
}

static void tells_alias(void *arg)
{
    ks_pid alias = ks_alias();
    ks_send(ks_parent(), ks_pid, &alias);
}

static void an_alias_dies_with_its_owner(void)
{
    ks_ref monitor;
    ks_spawn_monitor(tells_alias, NULL, &monitor);
    end_of(monitor);
    const ks_pid *alias = ks_receive_as(ks_pid, 0);
    KS_CHECK(alias && !ks_is_alive(*alias));
    monitor = ks_monitor(*alias);
    ks_reason reason = end_of(monitor);
    KS_CHECK(reason.kind == KS_REASON_STATUS && reason.code == KS_NOPROC);
}

/* --- labels and context ----------------------------------------------------------------------- */
static void fails_with_label(void *arg)
{
    ks_set_label("first");
    ks_set_label(
        "%s of %d characters and more, all of which do not fit into a label", "second", 63);
    ks_exit(ks_error("no"));
}

static void a_label_is_seen_in_reports(void)
{
    ks_ref monitor;
    forget_reports();
    ks_spawn_monitor(fails_with_label, NULL, &monitor);
    end_of(monitor);
    KS_CHECK(reported("second of 63 characters", "ended: error: no"));
    KS_CHECK(!reported("a label", ""));
}

struct family {
    uint64_t seen, after;
};

static void looks_at_trace(void *arg)
{
    struct family *family = arg;
    family->seen = ks_trace_id();
    ks_set_trace_id(9);
    ks_yield();
    family->after = ks_trace_id();
}

static void a_trace_id_is_inherited_and_ones_own(void)
{
    struct family first, second, third;
    ks_ref monitors[3];
    KS_CHECK(ks_trace_id() == 0);
    ks_spawn_monitor(looks_at_trace, &first, &monitors[0]);
    ks_set_trace_id(7);
    ks_spawn_monitor(looks_at_trace, &second, &monitors[1]);
    ks_set_trace_id(8);
    ks_spawn_monitor(looks_at_trace, &third, &monitors[2]);
    for (int i = 0; i < 3; i++) end_of(monitors[i]);
    KS_CHECK(first.seen == 0 && second.seen == 7 && third.seen == 8);
    KS_CHECK(first.after == 9 && second.after == 9 && third.after == 9);
    KS_CHECK(ks_trace_id() == 8);
}

static void tells_parent(void *arg)
{
    KS_CHECK(ks_same_pid(ks_parent(), *(const ks_pid *)arg));
    KS_CHECK(!ks_same_pid(ks_self(), ks_parent()));
}

static void a_parent_is_who_spawned(void)
{
    ks_pid self = ks_self();
    ks_ref monitor;
    ks_spawn_monitor(tells_parent, &self, &monitor);
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(ks_process_count() == 2); /* the one that watches over us, and us */
}

int main(void)
{
    return run_scenarios("register", 50,
        SCENARIOS(SCENARIO(one_name_a_process_and_one_process_a_name),
            SCENARIO(a_name_has_1_to_255_bytes), SCENARIO(the_dead_have_no_name),
            SCENARIO(a_name_works_where_a_pid_does), SCENARIO(an_alias_can_be_turned_off),
            SCENARIO(only_its_owner_turns_an_alias_off), SCENARIO(an_alias_dies_with_its_owner),
            SCENARIO(a_label_is_seen_in_reports), SCENARIO(a_trace_id_is_inherited_and_ones_own),
            SCENARIO(a_parent_is_who_spawned)));
}
