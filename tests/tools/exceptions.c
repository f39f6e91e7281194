/* SPDX-License-Identifier: Apache-2.0 */
/* exceptions - C++ handlers of one thread that block while they throw and catch, under many seeds:
 * each finds its own exceptions only. Prints `ok`. */
#include "exceptions.h"

#include <kiosk/kiosk.h>
#include <stdio.h>

KS_MODULE(thrower, void);
KS_CALL(thrower, ask, ks_int, ks_int);
struct thrower {
    int64_t asked;
};
static ks_next thrower_handle_ask(thrower *self, const ks_int *value, ks_int *reply)
{
    self->asked++;
    cpp_throws_and_catches(*value);
    *reply = *value + 1;
    return ks_reply();
}
KS_GEN_SERVER(thrower, .ops = KS_OPS(thrower, ask));

int64_t ask_server(int64_t value)
{
    ks_int reply = 0;
    KS_CHECK_OK(thrower_call_ask(ks_named("thrower"), &value, &reply, 60000));
    return reply;
}

static void all_at_once(void)
{
    static void (*const bodies[])(void *) = { cpp_blocks_everywhere, cpp_exits_in_catch, cpp_looks,
        cpp_blocks_everywhere, cpp_exits_while_unwinding, cpp_looks, cpp_blocks_everywhere };
    enum { COUNT = sizeof bodies / sizeof *bodies };
    ks_pid server;
    ks_ref monitors[COUNT];
    const ks_child row = { KS_START(thrower), .name = "thrower" };
    KS_CHECK_OK(ks_start(&row, &server));
    ks_pid sleeper = ks_spawn(cpp_sleeps_in_catch, NULL);
    ks_yield();
    for (int i = 0; i < COUNT; i++) ks_spawn_monitor(bodies[i], NULL, &monitors[i]);
    ks_exit_process(sleeper, KS_KILL);
    for (int i = 0; i < COUNT; i++) KS_CHECK(ks_receive_ref(monitors[i], 100000) != NULL);
    cpp_looks(NULL);
    KS_CHECK_OK(ks_stop_process(server, KS_NORMAL, 1000));
}

int main(void)
{
    if (ks_simulate(&(ks_simulation){ .runs = 50, .yield = 0.3 }, all_at_once)) return 1;
    puts("ok");
    return 0;
}
