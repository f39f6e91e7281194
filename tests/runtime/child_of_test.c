/* SPDX-License-Identifier: Apache-2.0 */
/* child_of_test - pids that stand for the children of a process, by id, wherever a pid goes. */
#include "behaviours/supervised.h"
#include "runtime/scheduler.h"
#include <kiosk/timer.h>

KS_SUPERVISOR(two, .max_restarts = 100,
    .children = KS_CHILDREN(
        { KS_START(child, .tag = 'a'), .id = "a" }, { KS_START(child, .tag = 'b'), .id = "b" }));
KS_SUPERVISOR(crowd, .strategy = KS_DYNAMIC);

static ks_status ask(ks_pid pid)
{
    ks_text note;
    return child_call_note(pid, &note, 5000);
}

static void it_means_the_child_also_after_a_restart(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(two)), a = ks_child_of(sup, "a"), former = info_of(sup, "a").pid;
    KS_CHECK(ks_is_alive(a) && !ks_same_pid(a, former));
    KS_CHECK(ks_same_pid(a, ks_child_of(sup, "a")) && !ks_same_pid(a, ks_child_of(sup, "b")));
    KS_CHECK_OK(ask(a));
    crash(a);
    settle();
    KS_CHECK(!ks_is_alive(former) && ks_is_alive(a));
    KS_CHECK_OK(ask(a));
    stop(sup);
    KS_CHECK(!ks_is_alive(a) && ask(a) == KS_NOPROC);
}

static void who_does_not_run_is_nobody(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(two)), a = ks_child_of(sup, "a"), pid;
    KS_CHECK(ask(ks_child_of(sup, "c")) == KS_NOPROC);
    KS_CHECK_OK(ks_terminate_child(sup, "a"));
    KS_CHECK(ask(a) == KS_NOPROC);
    KS_CHECK_OK(ks_restart_child(sup, "a", &pid));
    KS_CHECK_OK(ask(a));
    KS_CHECK_OK(ks_terminate_child(sup, "a"));
    size_t entries = ksi_this_scheduler->runtime->names.count;
    KS_CHECK_OK(ks_delete_child(sup, "a"));
    KS_CHECK(ask(a) == KS_NOPROC && ksi_this_scheduler->runtime->names.count == entries - 1);
    KS_CHECK(ks_is_none(ks_child_of(sup, "")) && ks_is_none(ks_child_of(sup, NULL)));
    KS_CHECK(ks_is_none(ks_child_of((ks_pid){ 0 }, "a")));
    add(sup, &(ks_child){ KS_START(child), .id = "a" }); /* the same id, another child */
    KS_CHECK_OK(ask(a));
    stop(sup);
}

static void it_works_wherever_a_pid_does(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(two)), a = ks_child_of(sup, "a"), b = ks_child_of(sup, "b");
    ks_ref gone = ks_monitor(a);
    ks_link(b);
    (void)child_cast_finish(a, &KS_SHUTDOWN);
    const ks_msg *msg = ks_receive_ref(gone, HOUR);
    KS_CHECK(msg && ks_same_pid(ks_as(ks_down, msg)->pid, a));
    (void)child_cast_after_finish(100, b, &KS_SHUTDOWN); /* looked up when it fires */
    ks_pid former = info_of(sup, "b").pid;
    crash(b);
    KS_CHECK(ks_receive_as(ks_exited, HOUR) != NULL);
    settle();
    ks_pid now = info_of(sup, "b").pid;
    KS_CHECK(!ks_same_pid(former, now) && ks_is_alive(now));
    ks_sleep(200);
    KS_CHECK(!ks_is_alive(now) && ks_is_alive(b));
    ks_exit_process(b, KS_KILL);
    settle();
    KS_CHECK_OK(ask(b));
    char text[100];
    KS_CHECK(ks_format_status(b, text, sizeof text, 5000) == KS_OK);
    stop(sup);
}

/* A pid of a dead supervisor's child is never that of another one's. */
static void it_ends_with_the_supervisor(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(two)), a = ks_child_of(sup, "a");
    ks_ref gone = ks_monitor(sup);
    ks_exit_process(sup, KS_KILL);
    (void)ks_receive_ref(gone, HOUR);
    settle();
    ks_pid next = start(&(ks_child){ KS_START(two), .name = "two" });
    KS_CHECK(ask(a) == KS_NOPROC);
    KS_CHECK_OK(ask(ks_child_of(ks_named("two"), "a")));
    KS_CHECK(ks_is_none(ks_child_of(ks_named("three"), "a")));
    stop(next);
}

static void dynamic_children_have_one_when_they_have_an_id(void)
{
    begin();
    ks_pid sup = start(KS_CHILD(crowd));
    add(sup, KS_CHILD(child));
    KS_CHECK(ask(ks_child_of(sup, "child")) == KS_NOPROC);
    for (int i = 0; i < 50; i++) add(sup, &(ks_child){ KS_START(child), .id = ks_format("%d", i) });
    for (int i = 0; i < 50; i++) KS_CHECK_OK(ask(ks_child_of(sup, ks_format("%d", i))));
    KS_CHECK_OK(ks_terminate_child(sup, "7"));
    KS_CHECK(ask(ks_child_of(sup, "7")) == KS_NOPROC);
    stop(sup);
}

/* --- siblings --------------------------------------------------------------------------------- */
static ks_status asked_in_init, asked_by_message;
KS_MODULE(asker, void);
struct asker {
    int unused;
};
KS_CALL(asker, go, void, void);
static ks_next asker_init(asker *self, const asker_args *args)
{
    asked_in_init = ask(ks_sibling("a")); /* the supervisor is busy with us, and is not asked */
    return ks_ok();
}
static ks_next asker_handle_go(asker *self)
{
    asked_by_message = ask(ks_sibling("a"));
    KS_CHECK(ask(ks_sibling("asker")) == KS_CALLING_SELF);
    return ks_reply();
}
KS_GEN_SERVER(asker, .init = asker_init, .ops = KS_OPS(asker, go));

static void a_sibling_is_a_child_of_ones_own_supervisor(void)
{
    begin();
    ks_pid one = start(KS_CHILD(two)), other = start(KS_CHILD(crowd));
    asked_in_init = asked_by_message = KS_DENIED;
    add(one, KS_CHILD(asker));
    KS_CHECK(asked_in_init == KS_OK);
    KS_CHECK_OK(asker_call_go(ks_child_of(one, "asker"), 5000));
    KS_CHECK(asked_by_message == KS_OK);
    crash(ks_child_of(one, "a"));
    settle();
    KS_CHECK_OK(asker_call_go(ks_child_of(one, "asker"), 5000));
    KS_CHECK(asked_by_message == KS_OK);
    add(other, &(ks_child){ KS_START(asker), .id = "asker" });
    KS_CHECK(asked_in_init == KS_NOPROC);
    stop(one);
    stop(other);
}

/* --- below supervisors ------------------------------------------------------------------------ */
static void any_process_may_bind(void)
{
    begin();
    ks_pid a = ks_child_of(ks_self(), "a");
    ks_pid sup = start(KS_CHILD(two)), one = info_of(sup, "a").pid, other = info_of(sup, "b").pid;
    KS_CHECK(ks_bind_child_("", one) == KS_BADARG && ks_bind_child_(NULL, one) == KS_BADARG);
    KS_CHECK_OK(ks_bind_child_("a", (ks_pid){ 0 }));
    KS_CHECK(!ks_is_alive(a));
    KS_CHECK_OK(ks_bind_child_("a", one));
    KS_CHECK_OK(ks_bind_child_("a", other));
    ks_ref gone = ks_monitor(a);
    crash(other);
    KS_CHECK(ks_receive_ref(gone, HOUR) != NULL);
    KS_CHECK(!ks_is_alive(a) && ks_is_alive(one));
    ks_unbind_child_("a");
    ks_unbind_child_("a");
    ks_unbind_child_(NULL);
    KS_CHECK_OK(ks_bind_child_("a", ks_self()));
    KS_CHECK(ask(a) == KS_CALLING_SELF);
    stop(sup);
}

int main(void)
{
    return RUN_ALL("child_of", SCENARIO(it_means_the_child_also_after_a_restart),
        SCENARIO(who_does_not_run_is_nobody), SCENARIO(it_works_wherever_a_pid_does),
        SCENARIO(it_ends_with_the_supervisor),
        SCENARIO(dynamic_children_have_one_when_they_have_an_id),
        SCENARIO(a_sibling_is_a_child_of_ones_own_supervisor), SCENARIO(any_process_may_bind));
}
