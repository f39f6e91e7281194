/* SPDX-License-Identifier: Apache-2.0 */
/* hibernate_test - servers that sleep when told, or after a while of their own; plain processes
 * that give up their stack, or become a server. */
#include "support/scenario.h"
#include <kiosk/runtime.h>
#include <kiosk/timer.h>
#include <string.h>

enum { NO_TIMEOUT = 0, CACHE = 4096, REST = 500 };
typedef struct bear_args {
    trace *trace;
    bool sleeps; /* from the beginning */
} bear_args;
KS_TYPE(bear_args, (local, trace), sleeps);
KS_MODULE(bear, bear_args);
KS_CALL(bear, ask, void, void);
KS_CALL(bear, sleep, ks_int, void);  /* hibernates; and a callback time-out, unless 0 */
KS_CALL(bear, refuse, void, void);   /* hibernates, and the call fails */
KS_CALL(bear, blocks, ks_int, void); /* handle_hibernate will take so long */
KS_CAST(bear, sleep_soon, void);
struct bear {
    trace *trace;
    void *cache;
    ks_ms blocks;
};

static ks_next bear_init(bear *self, const bear_args *args)
{
    self->trace = args->trace;
    return args->sleeps ? ks_hibernate(ks_ok()) : ks_ok();
}

static ks_next bear_handle_ask(bear *self)
{
    if (!self->cache) self->cache = ks_alloc(CACHE);
    trace_add(self->trace, 'a');
    return ks_reply();
}

static ks_next bear_handle_sleep(bear *self, const ks_int *then)
{
    trace_add(self->trace, 's');
    return *then ? ks_after(ks_hibernate(ks_reply()), *then) : ks_hibernate(ks_reply());
}

static ks_next bear_handle_refuse(bear *self) { return ks_hibernate(ks_fail(KS_USER + 1)); }

static ks_next bear_handle_blocks(bear *self, const ks_int *ms)
{
    self->blocks = *ms;
    return ks_reply();
}

static ks_next bear_handle_sleep_soon(bear *self)
{
    ks_sleep(20);
    trace_add(self->trace, 's');
    return ks_hibernate(ks_noreply());
}

static ks_next bear_handle_timeout(bear *self)
{
    trace_add(self->trace, 'T');
    return ks_noreply();
}

static void bear_handle_hibernate(bear *self)
{
    trace_add(self->trace, 'H');
    if (self->blocks) ks_sleep(self->blocks);
    ks_free(self->cache);
    self->cache = NULL;
}

static void bear_format_status(const bear *self, char *buffer, size_t size)
{
    trace_add(self->trace, 'f');
    if (size) buffer[0] = 0;
}

KS_GEN_SERVER(bear, .init = bear_init, .handle_timeout = bear_handle_timeout,
    .handle_hibernate = bear_handle_hibernate, .format_status = bear_format_status,
    .ops = KS_OPS(bear, ask, sleep, refuse, blocks, sleep_soon));

/* --- told to ---------------------------------------------------------------------------------- */
static trace seen;

static ks_pid start(bool sleeps)
{
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(bear, .trace = &seen, .sleeps = sleeps), &server));
    ks_sleep(1);
    return server;
}

static void sleep_now(ks_pid server, ks_ms then)
{
    KS_CHECK_OK(bear_call_sleep(server, &(ks_int){ then }, 1000));
    ks_sleep(1);
}

static void init_may_say_so(void)
{
    ks_pid server = start(true);
    KS_CHECK(trace_is(&seen, "H"));
    KS_CHECK(ks_is_hibernating(server));
    kill_and_wait(server);
    KS_CHECK(!ks_is_hibernating(server));
}

static void memory_is_given_back(void)
{
    ks_pid server = start(false);
    uint64_t before = ks_process_memory(server);
    KS_CHECK_OK(bear_call_ask(server, 1000));
    KS_CHECK(ks_process_memory(server) >= before + CACHE);
    sleep_now(server, NO_TIMEOUT);
    KS_CHECK(ks_process_memory(server) < before + CACHE);
    KS_CHECK(trace_is(&seen, "asH"));
    kill_and_wait(server);
}

static void any_message_wakes_it(void)
{
    ks_pid server = start(true);
    KS_CHECK_OK(bear_call_ask(server, 1000));
    KS_CHECK(!ks_is_hibernating(server));
    KS_CHECK(trace_is(&seen, "Ha"));
    ks_sleep(5000);
    KS_CHECK(!ks_is_hibernating(server)); /* it was not told again */
    kill_and_wait(server);
}

static void a_failed_call_may_carry_it(void)
{
    ks_pid server = start(false);
    KS_CHECK(bear_call_refuse(server, 1000) == KS_USER + 1);
    ks_sleep(1);
    KS_CHECK(ks_is_hibernating(server));
    kill_and_wait(server);
}

/* What is queued already is handled first, and its verdict counts. */
static void a_queued_message_keeps_it_awake(void)
{
    ks_pid server = start(false);
    bear_cast_sleep_soon(server);
    ks_sleep(5);
    KS_CHECK_OK(bear_call_ask(server, 1000));
    ks_sleep(100);
    KS_CHECK(trace_is(&seen, "sa"));
    KS_CHECK(!ks_is_hibernating(server));
    kill_and_wait(server);
}

static void what_comes_while_it_falls_asleep_wakes_it(void)
{
    ks_pid server = start(false);
    KS_CHECK_OK(bear_call_blocks(server, &(ks_int){ 50 }, 1000));
    sleep_now(server, NO_TIMEOUT);
    KS_CHECK(!ks_is_hibernating(server)); /* not yet */
    KS_CHECK_OK(bear_call_ask(server, 1000));
    ks_sleep(200);
    KS_CHECK(trace_is(&seen, "sHa"));
    KS_CHECK(!ks_is_hibernating(server));
    kill_and_wait(server);
}

static void a_system_message_leaves_it_asleep(void)
{
    ks_pid server = start(true);
    char status[8];
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    ks_sleep(1);
    KS_CHECK(ks_is_hibernating(server));
    KS_CHECK(trace_is(&seen, "Hf"));
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
}

static void a_callback_timeout_wakes_it(void)
{
    ks_pid server = start(false);
    sleep_now(server, 100);
    KS_CHECK(ks_is_hibernating(server));
    ks_sleep(1000);
    KS_CHECK(trace_is(&seen, "sHT"));
    KS_CHECK(!ks_is_hibernating(server));
    kill_and_wait(server);
}

/* --- after a while of its own ----------------------------------------------------------------- */
KS_MODULE(cat, bear_args);
KS_CALL(cat, ask, void, void);
KS_CALL(cat, wait, ks_int, void); /* a callback time-out */
struct cat {
    trace *trace;
};

static ks_next cat_init(cat *self, const bear_args *args)
{
    self->trace = args->trace;
    return ks_ok();
}

static ks_next cat_handle_ask(cat *self)
{
    trace_add(self->trace, 'a');
    return ks_reply();
}

static ks_next cat_handle_wait(cat *self, const ks_int *ms) { return ks_after(ks_reply(), *ms); }

static ks_next cat_handle_timeout(cat *self)
{
    trace_add(self->trace, 'T');
    return ks_noreply();
}

static void cat_handle_hibernate(cat *self) { trace_add(self->trace, 'H'); }
static void cat_format_status(const cat *self, char *buffer, size_t size) { buffer[0] = 0; }

KS_GEN_SERVER(cat, .init = cat_init, .handle_timeout = cat_handle_timeout,
    .handle_hibernate = cat_handle_hibernate, .format_status = cat_format_status,
    .hibernate_after = REST, .ops = KS_OPS(cat, ask, wait));

static ks_pid start_cat(void)
{
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start(KS_CHILD(cat, .trace = &seen), &server));
    return server;
}

static void it_hibernates_by_itself(void)
{
    ks_pid server = start_cat();
    ks_sleep(REST / 2);
    KS_CHECK(!ks_is_hibernating(server));
    KS_CHECK_OK(cat_call_ask(server, 1000)); /* the count begins anew */
    ks_sleep(REST - 100);
    KS_CHECK(!ks_is_hibernating(server));
    ks_sleep(200);
    KS_CHECK(ks_is_hibernating(server));
    KS_CHECK_OK(cat_call_ask(server, 1000));
    KS_CHECK(!ks_is_hibernating(server));
    ks_sleep(REST + 100);
    KS_CHECK(ks_is_hibernating(server));
    KS_CHECK(trace_is(&seen, "aHaH"));
    kill_and_wait(server);
}

/* Rule 18. */
static void it_rests_while_a_callback_timeout_is_pending(void)
{
    ks_pid server = start_cat();
    KS_CHECK_OK(cat_call_wait(server, &(ks_int){ 4 * REST }, 1000));
    ks_sleep(3 * REST);
    KS_CHECK(trace_is(&seen, "") && !ks_is_hibernating(server));
    ks_sleep(REST + 100);
    KS_CHECK(trace_is(&seen, "T") && !ks_is_hibernating(server));
    ks_sleep(REST + 100);
    KS_CHECK(trace_is(&seen, "TH") && ks_is_hibernating(server));
    kill_and_wait(server);
}

static void a_system_message_leaves_it_asleep_too(void)
{
    ks_pid server = start_cat();
    char status[8];
    ks_sleep(REST / 2);
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    ks_sleep(REST + 100);
    KS_CHECK(ks_is_hibernating(server));
    KS_CHECK_OK(ks_format_status(server, status, sizeof status, 1000));
    ks_sleep(1);
    KS_CHECK(ks_is_hibernating(server));
    KS_CHECK(trace_is(&seen, "H"));
    kill_and_wait(server);
}

/* --- plain processes -------------------------------------------------------------------------- */
static void woken(void *arg)
{
    const ks_int *n = ks_receive_as(ks_int, 0);
    trace_add(arg, n && *n == 7 ? 'm' : '?');
}

static void hibernates(void *arg)
{
    ks_set_label("sleeper");
    trace_add(arg, 'h');
    ks_hibernate_then(woken, arg);
}

static void a_message_wakes_a_plain_process(void)
{
    ks_ref monitor;
    seen = (trace){ 0 };
    ks_pid pid = ks_spawn_monitor(hibernates, &seen, &monitor);
    ks_sleep(1000);
    KS_CHECK(ks_is_hibernating(pid));
    KS_CHECK(trace_is(&seen, "h"));
    ks_send(pid, ks_int, &(ks_int){ 7 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "hm"));
}

static void at_once_when_one_is_queued(void)
{
    ks_ref monitor;
    seen = (trace){ 0 };
    ks_pid pid = ks_spawn_monitor(hibernates, &seen, &monitor);
    ks_send(pid, ks_int, &(ks_int){ 7 });
    KS_CHECK(ended_with(monitor, KS_REASON_NORMAL));
    KS_CHECK(trace_is(&seen, "hm"));
}

static void a_plain_process_dies_asleep(void)
{
    seen = (trace){ 0 };
    ks_pid pid = ks_spawn(hibernates, &seen);
    ks_sleep(10);
    kill_and_wait(pid);
    pid = ks_spawn(hibernates, &seen);
    ks_sleep(10);
    KS_CHECK(ks_stop_process(pid, KS_SHUTDOWN, 1000) == KS_OK);
}

/* --- a plain process becomes a server --------------------------------------------------------- */
static void becomes_a_bear(void *arg)
{
    bear state = { .trace = arg };
    KS_CHECK_OK(ks_register("bear", ks_self()));
    const ks_int *n = ks_receive_as(ks_int, 1000); /* the loop begins when it is told to */
    bear_enter_loop(&state, n && *n ? ks_hibernate(ks_ok()) : ks_after(ks_ok(), 50));
}

static void a_plain_process_becomes_a_server(void)
{
    ks_ref monitor;
    seen = (trace){ 0 };
    ks_pid pid = ks_spawn_monitor(becomes_a_bear, &seen, &monitor);
    ks_send(pid, ks_int, &(ks_int){ 0 });
    ks_sleep(100);
    KS_CHECK(trace_is(&seen, "T"));
    KS_CHECK_OK(bear_call_ask(ks_named("bear"), 1000));
    KS_CHECK_OK(ks_stop_process(pid, KS_SHUTDOWN, 1000));
    KS_CHECK(ended_with(monitor, KS_REASON_SHUTDOWN));
    KS_CHECK(trace_is(&seen, "Ta"));
}

static void with_any_verdict(void)
{
    seen = (trace){ 0 };
    ks_pid pid = ks_spawn(becomes_a_bear, &seen);
    ks_send(pid, ks_int, &(ks_int){ 1 });
    ks_sleep(100);
    KS_CHECK(trace_is(&seen, "H") && ks_is_hibernating(pid));
    kill_and_wait(pid);
}

KS_MODULE(odd, void);
KS_CAST(odd, become, void);
struct odd {
    int unused;
};
static ks_next odd_handle_become(odd *self) { bear_enter_loop(NULL, ks_ok()); }
KS_GEN_SERVER(odd, .ops = KS_OPS(odd, become));

static void a_server_stays_what_it_is(void)
{
    ks_pid server;
    ks_ref monitor;
    forget_reports();
    KS_CHECK_OK(ks_start_monitor(KS_CHILD(odd), &server, &monitor));
    odd_cast_become(server);
    KS_CHECK(ended_with(monitor, KS_REASON_ERROR));
    KS_CHECK(reported("enter_loop is for plain processes", "odd"));
}

int main(void)
{
    return run_scenarios("hibernate", 100,
        SCENARIOS(SCENARIO(init_may_say_so), SCENARIO(memory_is_given_back),
            SCENARIO(any_message_wakes_it), SCENARIO(a_failed_call_may_carry_it),
            SCENARIO(a_queued_message_keeps_it_awake),
            SCENARIO(what_comes_while_it_falls_asleep_wakes_it),
            SCENARIO(a_system_message_leaves_it_asleep), SCENARIO(a_callback_timeout_wakes_it),
            SCENARIO(it_hibernates_by_itself),
            SCENARIO(it_rests_while_a_callback_timeout_is_pending),
            SCENARIO(a_system_message_leaves_it_asleep_too),
            SCENARIO(a_message_wakes_a_plain_process), SCENARIO(at_once_when_one_is_queued),
            SCENARIO(a_plain_process_dies_asleep), SCENARIO(a_plain_process_becomes_a_server),
            SCENARIO(with_any_verdict), SCENARIO(a_server_stays_what_it_is)));
}
