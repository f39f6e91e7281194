/* SPDX-License-Identifier: Apache-2.0 */
/* counter.c - the smallest server with client functions, and what a supervisor makes of its end. */
#include <kiosk/kiosk.h>
#include <stdio.h>

KS_MODULE(counter, void);
struct counter {
    int64_t value;
};
KS_CALL(counter, add, ks_int, ks_int);
KS_CAST(counter, reset, void);

static ks_status counter_add(ks_pid server, int64_t n, int64_t *ret_value)
{
    return counter_call_add(server, &n, ret_value, KS_DEFAULT_TIMEOUT);
}
static void counter_reset(ks_pid server) { counter_cast_reset(server); }

static ks_next counter_handle_add(counter *self, const ks_int *n, ks_int *reply)
{
    *reply = self->value += *n;
    return ks_reply();
}
static ks_next counter_handle_reset(counter *self)
{
    self->value = 0;
    return ks_noreply();
}
KS_GEN_SERVER(counter, .ops = KS_OPS(counter, add, reset));

/* --- the program: a supervisor, and a process that uses its child ----------------------------- */
KS_SUPERVISOR(app, .children = KS_CHILDREN({ KS_START(counter), .name = "counter" }));
KS_MODULE(demo, void);

static void add(int64_t n)
{
    int64_t value = 0;
    ks_status status = counter_add(ks_named("counter"), n, &value);
    printf("add %lld: %lld (%s)\n", (long long)n, (long long)value, ks_status_text(status));
}

static void demo_main(const ks_none *args)
{
    if (ks_start_link(KS_CHILD(app), NULL)) ks_exit(ks_error("the tree did not start"));
    add(40);
    add(2);
    counter_reset(ks_named("counter"));
    add(1);
    ks_ref monitor = ks_monitor(ks_named("counter"));
    ks_exit_process(ks_named("counter"), KS_KILL);
    ks_receive_ref(monitor, KS_INFINITY); /* it has ended; it is started again, from zero */
    while (ks_is_none(ks_whereis("counter"))) ks_sleep(1);
    add(7);
}
KS_PROCESS(demo);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(demo)); }
