/* SPDX-License-Identifier: Apache-2.0 */
/* own_behaviour_test - a behaviour of a user's own, on the layer without macros: it fails calls by
 * its verdict, with riders, as a server does. */
#include "support/scenario.h"

KS_MODULE(odd, void);
KS_CALL(odd, ask, ks_int, void);
KS_CAST(odd, tell, ks_int);
struct odd {
    int unused;
};

/* The rows want handlers; this behaviour calls them itself. */
static ks_next odd_handle_ask(odd *self, const ks_int *status) { return ks_fail((int)*status); }
static ks_next odd_handle_tell(odd *self, const ks_int *status) { return ks_fail((int)*status); }

static trace seen;

static ks_next on_message(const ks_module *module, void *self, const ks_msg *msg)
{
    return ks_after(ks_hibernate(msg->op->invoke(self, msg->body, NULL)), 50);
}

static ks_next on_timeout(const ks_module *module, void *self)
{
    trace_add(&seen, 'T');
    return ks_noreply();
}

static void on_hibernate(const ks_module *module, void *self) { trace_add(&seen, 'H'); }
static void on_terminate(const ks_module *module, void *self, ks_reason why)
{
    trace_add(&seen, 't');
}

static const ks_behaviour behaviour = { .version = KS_BEHAVIOUR_VERSION,
    .name = "own",
    .on_message = on_message,
    .on_timeout = on_timeout,
    .on_hibernate = on_hibernate,
    .on_terminate = on_terminate };
const ks_module odd_module = {
    .version = KS_MODULE_VERSION, .name = "odd", .behaviour = &behaviour, .state_size = sizeof(odd)
};

static ks_pid start(ks_ref *ret_monitor)
{
    const ks_child row = { .module = &odd_module };
    ks_pid server;
    seen = (trace){ 0 };
    KS_CHECK_OK(ks_start_monitor(&row, &server, ret_monitor));
    return server;
}

static void a_failed_call_leaves_it_alive(void)
{
    ks_ref monitor;
    ks_pid server = start(&monitor);
    KS_CHECK(odd_call_ask(server, &(ks_int){ KS_USER + 1 }, 1000) == KS_USER + 1);
    odd_ask_request request = odd_send_ask(server, &(ks_int){ KS_USER + 2 });
    KS_CHECK(odd_wait_ask(request, 1000) == KS_USER + 2);
    ks_sleep(100);
    KS_CHECK(ks_is_alive(server));
    size_t last = seen.len - 1;
    KS_CHECK(seen.len >= 2 && seen.text[last - 1] == 'H' && seen.text[last] == 'T');
    kill_and_wait(server);
    KS_CHECK(ended_with(monitor, KS_REASON_KILLED));
}

static void elsewhere_it_ends(void)
{
    ks_ref monitor;
    forget_reports();
    ks_pid server = start(&monitor);
    odd_cast_tell(server, &(ks_int){ KS_USER + 3 });
    ks_reason end = end_of(monitor);
    KS_CHECK(end.kind == KS_REASON_STATUS && end.code == KS_USER + 3);
    KS_CHECK(trace_is(&seen, "t"));
}

int main(void)
{
    return run_scenarios("own behaviour", 100,
        SCENARIOS(SCENARIO(a_failed_call_leaves_it_alive), SCENARIO(elsewhere_it_ends)));
}
