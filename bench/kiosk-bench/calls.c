/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - call_1core, call_2core, call_pinned_cross, many_calls, registry_lookup. */
#include "bench.h"

#include <stdio.h>

/* --- one client, one server ------------------------------------------------------------------- */
static double time_calls(ks_pid counter, int64_t n)
{
    for (int64_t i = 0; i < n / 10; i++) call_counter(counter, i);
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) call_counter(counter, i);
    double seconds = now_seconds() - start;
    if (counter_count(counter) != n + n / 10) wrong("the server counted something else");
    return seconds;
}

static void calls(ks_pid counter, int64_t n)
{
    struct fields fields = { .len = 0 };
    double seconds = time_calls(counter, n);
    add_text(&fields, "server", counter_scheduler(counter) == ks_scheduler_id() ? "here" : "apart");
    report(&(struct result){ n, seconds, &fields });
    ks_exit_process(counter, KS_KILL);
}

void call_1core(void) { calls(start_counter(NULL), scaled(2000000)); }

void call_2core(void) { calls(start_counter(NULL), scaled(2000000)); }

static ks_pid start_apart(void)
{
    hold_schedulers();
    return start_counter(&(ks_child){ .scheduler = another_scheduler() });
}

void call_pinned_cross(void) { calls(start_apart(), scaled(200000)); }

/* The same, next to the way of a cache line. */
void remote_call(void)
{
    int64_t n = scaled(200000);
    ks_pid counter = start_apart();
    struct fields fields = { .len = 0 };
    double ping = ping_ns(), seconds = time_calls(counter, n);
    add_number(&fields, "ping_ns", ping);
    add_number(&fields, "pings", seconds * 1e9 / (double)n / ping);
    report(&(struct result){ n, seconds, &fields });
    ks_exit_process(counter, KS_KILL);
}

/* --- many clients, many servers --------------------------------------------------------------- */
enum { CLIENTS = 64, SERVERS = 100000 };
struct town {
    ks_pid *servers;
    int64_t calls;                /* of each client */
    uint32_t clients_on[CLIENTS]; /* the scheduler of each; it has a stack, and stays */
};

static void call_around(int number, void *arg)
{
    struct town *town = arg;
    uint32_t x = (uint32_t)number * 7919;
    town->clients_on[number - 1] = ks_scheduler_id();
    for (int64_t i = 0; i < town->calls; i++) {
        call_counter(town->servers[next_random(&x, SERVERS)], i);
        ks_end_turn();
    }
}

/* Where clients were, and where servers are: who has the least of them. */
static void add_places(struct fields *fields, const struct town *town)
{
    int64_t clients[THREADS] = { 0 }, servers[THREADS] = { 0 };
    for (int i = 0; i < CLIENTS; i++) clients[(town->clients_on[i] - 1) % THREADS]++;
    for (int i = 0; i < SERVERS; i++)
        servers[(counter_scheduler(town->servers[i]) - 1) % THREADS]++;
    add_number(fields, "least_clients_percent", least_share(clients, ks_scheduler_count()));
    add_number(fields, "least_servers_percent", least_share(servers, ks_scheduler_count()));
}

void many_calls(void)
{
    struct fields fields = { .len = 0 };
    struct town town = { .calls = scaled(1000000) / CLIENTS };
    if (!town.calls) town.calls = 1;
    int64_t n = town.calls * CLIENTS;
    town.servers = ks_alloc(SERVERS * sizeof *town.servers);
    for (int i = 0; i < SERVERS; i++) town.servers[i] = start_counter(NULL);
    const struct crowd crowd = { .count = CLIENTS, .part = call_around, .arg = &town };
    double seconds = run_crowd(&crowd);
    add_places(&fields, &town);
    report(&(struct result){ n, seconds, &fields });
    for (int i = 0; i < SERVERS; i++) ks_exit_process(town.servers[i], KS_KILL);
}

/* --- by name ---------------------------------------------------------------------------------- */
enum { NAMES = 10000, NAME_BYTES = 16 };
struct name_text {
    char text[NAME_BYTES];
};

/* Looks all names up, and calls who is found. */
static double look_up(const struct name_text *names, int64_t n, bool calls)
{
    uint32_t x = 1;
    double start = now_seconds();
    for (int64_t i = 0; i < n; i++) {
        ks_pid found = ks_whereis(names[next_random(&x, NAMES)].text);
        if (ks_is_none(found)) wrong("a name was not found");
        if (calls) call_counter(found, i);
    }
    return now_seconds() - start;
}

void registry_lookup(void)
{
    int64_t n = scaled(1000000);
    struct fields fields = { .len = 0 };
    struct name_text *names = ks_alloc(NAMES * sizeof *names);
    ks_pid *servers = ks_alloc(NAMES * sizeof *servers);
    for (int i = 0; i < NAMES; i++) {
        snprintf(names[i].text, NAME_BYTES, "server_%d", i);
        servers[i] = start_counter(&(ks_child){ .name = names[i].text });
    }
    add_number(&fields, "lookup_ns", look_up(names, n, false) * 1e9 / (double)n);
    report(&(struct result){ n, look_up(names, n, true), &fields });
    for (int i = 0; i < NAMES; i++) ks_exit_process(servers[i], KS_KILL);
}
