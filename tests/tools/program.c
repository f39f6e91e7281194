/* SPDX-License-Identifier: Apache-2.0 */
/* program - what the tools are tried on: servers that call each other on stacks of their own, many
 * processes that block, floating point numbers that must survive. Prints `ok`. */
#include <kiosk/kiosk.h>
#include <kiosk/test.h>

#include <stdio.h>

/* A handler that is a breakpoint's place: not inlined, and not the last thing its caller does. */
static __attribute__((noinline)) double stop_here(double value)
{
    __asm__ volatile("" ::: "memory");
    return value * 2;
}

typedef struct station_args {
    ks_pid next;
} station_args;
KS_TYPE(station_args, next);
KS_MODULE(station, station_args);
KS_CALL(station, twice, ks_float, ks_float);
struct station {
    ks_pid next;
};

static ks_next station_init(station *self, const station_args *args)
{
    self->next = args->next;
    return ks_ok();
}

static ks_next station_handle_twice(station *self, const ks_float *value, ks_float *reply)
{
    double mine = *value * 3, rest = 0;
    ks_sleep(1);
    if (!ks_is_none(self->next)) KS_CHECK_OK(station_call_twice(self->next, value, &rest, 1000));
    *reply = stop_here(*value) + rest;
    KS_CHECK(mine == *value * 3);
    return ks_reply();
}

KS_GEN_SERVER(station, .init = station_init, .ops = KS_OPS(station, twice));

static void waits(void *arg)
{
    double value = 0.5;
    for (int i = 0; i < 20; i++) {
        ks_sleep(1 + i % 3);
        value += 1;
    }
    KS_CHECK(value == 20.5);
}

static void scenario(void)
{
    enum { STATIONS = 4, WAITING = 100 };
    ks_pid stations[STATIONS], next = { 0 };
    ks_ref monitors[WAITING];
    for (int i = 0; i < WAITING; i++) ks_spawn_monitor(waits, NULL, &monitors[i]);
    for (int i = 0; i < STATIONS; i++) {
        KS_CHECK_OK(ks_start_link(KS_CHILD(station, .next = next), &stations[i]));
        next = stations[i];
    }
    ks_float reply;
    KS_CHECK_OK(station_call_twice(next, &(ks_float){ 1.5 }, &reply, 1000));
    KS_CHECK(reply == 12);
    for (int i = STATIONS - 1; i >= 0; i--)
        KS_CHECK_OK(ks_stop_process(stations[i], KS_NORMAL, 1000));
    for (int i = 0; i < WAITING; i++) KS_CHECK(ks_receive_ref(monitors[i], 1000) != NULL);
}

int main(void)
{
    if (ks_simulate(&(ks_simulation){ .runs = 10 }, scenario)) return 1;
    puts("ok");
    return 0;
}
