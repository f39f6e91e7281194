/* SPDX-License-Identifier: Apache-2.0 */
/* rule_09_missing_test - a call to oneself fails with KS_CALLING_SELF. A cast to a missing target
 * is no error. */
#include "support/scenario.h"

/* Calls whomever it is told, in its handler. */
KS_MODULE(relay, void);
KS_CALL(relay, call, ks_pid, ks_int); /* what calling that pid gave */
KS_CALL(relay, ping, void, ks_int);
KS_CAST(relay, count, void);
struct relay {
    int64_t count;
};

static ks_next relay_handle_call(relay *self, const ks_pid *to, ks_int *reply)
{
    ks_int ignored;
    ks_pid back = ks_self();
    ks_status status = ks_same_pid(*to, back) ? relay_call_ping(*to, &ignored, KS_INFINITY)
                                              : relay_call_call(*to, &back, &ignored, KS_INFINITY);
    *reply = status ? status : ignored;
    return ks_reply();
}

static ks_next relay_handle_ping(relay *self, ks_int *reply)
{
    *reply = self->count;
    return ks_reply();
}

static ks_next relay_handle_count(relay *self)
{
    self->count++;
    return ks_noreply();
}

KS_GEN_SERVER(relay, .ops = KS_OPS(relay, call, ping, count));

/* A client function of another kind of server. */
KS_MODULE(other, void);
KS_CALL(other, ask, void, ks_int);
KS_CAST(other, tell, void);
struct other {
    int unused;
};

static ks_next other_handle_ask(other *self, ks_int *reply) { return ks_reply(); }

static ks_next other_handle_tell(other *self) { return ks_noreply(); }

KS_GEN_SERVER(other, .ops = KS_OPS(other, ask, tell));

static ks_pid start_relay(const char *name)
{
    ks_pid server;
    KS_CHECK_OK(ks_start(&(const ks_child){ KS_START(relay), .name = name }, &server));
    return server;
}

/* --- to oneself ------------------------------------------------------------------------------- */
static void a_server_that_calls_itself_is_told_at_once(void)
{
    ks_pid server = start_relay("relay");
    ks_int status;
    ks_ms begin = ks_now();
    KS_CHECK_OK(relay_call_call(server, &server, &status, KS_INFINITY));
    KS_CHECK(status == KS_CALLING_SELF);
    KS_CHECK(ks_now() - begin < 100);
    KS_CHECK_OK(relay_call_ping(server, &status, KS_INFINITY));
    kill_and_wait(server);
}

static void a_plain_process_that_calls_itself_is_told(void)
{
    ks_int reply;
    KS_CHECK_OK(ks_register("me", ks_self()));
    KS_CHECK(relay_call_ping(ks_self(), &reply, KS_INFINITY) == KS_CALLING_SELF);
    KS_CHECK(relay_call_ping(ks_named("me"), &reply, KS_INFINITY) == KS_CALLING_SELF);
    ks_pid alias = ks_alias();
    KS_CHECK(relay_call_ping(alias, &reply, KS_INFINITY) == KS_CALLING_SELF);
    ks_unalias(alias);
    KS_CHECK(nothing_comes());
}

static void stopping_oneself_is_told(void)
{
    KS_CHECK(ks_stop_process(ks_self(), KS_NORMAL, KS_INFINITY) == KS_CALLING_SELF);
    KS_CHECK(nothing_comes());
}

/* a calls b, whose handler calls a: nobody could ever answer. */
static void a_cycle_of_two_is_told_at_once(void)
{
    ks_pid a = start_relay(NULL), b = start_relay(NULL);
    ks_int status;
    ks_ms begin = ks_now();
    KS_CHECK_OK(relay_call_call(a, &b, &status, KS_INFINITY));
    KS_CHECK(status == KS_CALLING_SELF);
    KS_CHECK(ks_now() - begin < 100);
    KS_CHECK_OK(relay_call_ping(a, &status, 1000));
    KS_CHECK_OK(relay_call_ping(b, &status, 1000));
    kill_and_wait(a);
    kill_and_wait(b);
}

/* --- missing targets -------------------------------------------------------------------------- */
static void waits_for_ever(void *arg)
{
    for (;;) ks_receive(KS_INFINITY);
}

/* Dead, never there, nobody, and a name that its holder gave back. */
static size_t missing(ks_pid targets[4])
{
    ks_pid gone = ks_spawn(waits_for_ever, NULL);
    kill_and_wait(gone);
    KS_CHECK_OK(ks_register("given back", ks_self()));
    ks_unregister("given back");
    targets[0] = gone;
    targets[1] = ks_named("never there");
    targets[2] = (ks_pid){ 0 };
    targets[3] = ks_named("given back");
    return 4;
}

static void a_cast_to_nobody_is_no_error(void)
{
    ks_pid targets[4];
    for (size_t i = missing(targets); i-- > 0;) {
        KS_CHECK_OK(relay_cast_count(targets[i]));
        KS_CHECK_OK(ks_send(targets[i], ks_int, &(ks_int){ 0 }));
        ks_exit_process(targets[i], KS_KILL);
        KS_CHECK(!ks_is_alive(targets[i]));
    }
    KS_CHECK(nothing_comes());
}

static void a_call_to_nobody_is_noproc_at_once(void)
{
    ks_pid targets[4];
    ks_int reply;
    for (size_t i = missing(targets); i-- > 0;) {
        ks_ms begin = ks_now();
        KS_CHECK(relay_call_ping(targets[i], &reply, KS_INFINITY) == KS_NOPROC);
        KS_CHECK(ks_stop_process(targets[i], KS_NORMAL, KS_INFINITY) == KS_NOPROC);
        KS_CHECK(ks_now() - begin < 100);
    }
    KS_CHECK(nothing_comes());
}

/* The slot of a dead process has a new tenant, who must not get the mail of the old one. */
static void a_stale_pid_reaches_nobody(void)
{
    ks_pid stale = start_relay(NULL);
    kill_and_wait(stale);
    ks_pid tenants[20];
    for (int i = 0; i < 20; i++) tenants[i] = start_relay(NULL);
    for (int i = 0; i < 3; i++) KS_CHECK_OK(relay_cast_count(stale));
    for (int i = 0; i < 20; i++) {
        ks_int count;
        KS_CHECK_OK(relay_call_ping(tenants[i], &count, 1000));
        KS_CHECK(count == 0);
        kill_and_wait(tenants[i]);
    }
}

/* --- what a server does not serve ------------------------------------------------------------- */
static void an_operation_of_another_module_is_undef(void)
{
    ks_pid server = start_relay(NULL);
    ks_int reply;
    KS_CHECK(other_call_ask(server, &reply, 1000) == KS_UNDEF);
    KS_CHECK_OK(other_cast_tell(server));
    KS_CHECK_OK(relay_cast_count(server));
    KS_CHECK_OK(relay_call_ping(server, &reply, 1000));
    KS_CHECK(reply == 1);
    kill_and_wait(server);
}

int main(void)
{
    return run_scenarios("rule 9", 100,
        SCENARIOS(SCENARIO(a_server_that_calls_itself_is_told_at_once),
            SCENARIO(a_plain_process_that_calls_itself_is_told), SCENARIO(stopping_oneself_is_told),
            SCENARIO(a_cycle_of_two_is_told_at_once), SCENARIO(a_cast_to_nobody_is_no_error),
            SCENARIO(a_call_to_nobody_is_noproc_at_once), SCENARIO(a_stale_pid_reaches_nobody),
            SCENARIO(an_operation_of_another_module_is_undef)));
}
