/* SPDX-License-Identifier: Apache-2.0 */
/* counter.c - a small server with client functions and a first value, used by another process. */
#include <kiosk/kiosk.h>
#include <stdio.h>

/* --- the server ------------------------------------------------------------------------------- */
KS_MODULE(counter, ks_int);
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

static ks_next counter_init(counter *self, const ks_int *first)
{
    self->value = *first;
    return ks_ok();
}

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

KS_GEN_SERVER(counter, .init = counter_init, .ops = KS_OPS(counter, add, reset));

/* --- a client --------------------------------------------------------------------------------- */
KS_MODULE(client, void);

static void add_and_print(ks_pid server, int64_t n)
{
    int64_t value;
    ks_status status = counter_add(server, n, &value);
    if (status) ks_exit(ks_because(status));
    printf("%lld\n", (long long)value);
}

static void client_main(const ks_none *args)
{
    ks_pid server;
    ks_status status = ks_start_link(KS_CHILD(counter, 40), &server);
    if (status) ks_exit(ks_because(status));
    add_and_print(server, 1);
    add_and_print(server, 1);
    counter_reset(server);
    add_and_print(server, 7);
    if (ks_stop_process(server, KS_NORMAL, KS_DEFAULT_TIMEOUT)) ks_exit(ks_error("it went on"));
}

KS_PROCESS(client);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(client)); }
