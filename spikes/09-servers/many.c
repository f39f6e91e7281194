/* SPDX-License-Identifier: Apache-2.0 */
/* many.c - what the response to one of many requests costs, and what plain processes hold while
 * they wait, with their stack and without it. */
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <unistd.h>

KS_MODULE(echo, void);
KS_CALL(echo, ask, ks_int, ks_int);
struct echo {
    int unused;
};
static ks_next echo_handle_ask(echo *self, const ks_int *n, ks_int *reply)
{
    *reply = *n;
    return ks_reply();
}
KS_GEN_SERVER(echo, .ops = KS_OPS(echo, ask));

static long resident_kib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void one_of_many(ks_pid server, ks_int count)
{
    ks_requests all = { 0 };
    ks_any_response response;
    ks_int reply, sum = 0;
    ks_ms begin = ks_now();
    int rounds = (int)(1000000 / count);
    for (int round = 0; round < rounds; round++) {
        for (ks_int i = 0; i < count; i++)
            if (echo_collect_ask(&all, (uint64_t)i, server, &i)) return;
        while (ks_wait_any(&all, &response, KS_INFINITY) == KS_OK) {
            if (echo_response_ask(&response, &reply) || reply != (ks_int)response.label) return;
            sum++;
        }
        ks_end_turn();
    }
    printf("%7lld at once: %5.1f ns each, %lld of them\n", (long long)count,
        (double)(ks_now() - begin) * 1e6 / (double)sum, (long long)sum);
}

static void woken(void *arg) {}
static void waits(void *arg) { (void)ks_receive(KS_INFINITY); }
static void hibernates(void *arg) { ks_hibernate_then(woken, arg); }

static void waiting(const char *how, void (*fn)(void *arg))
{
    enum { COUNT = 20000 };
    static ks_pid pids[COUNT];
    long before = resident_kib();
    for (int i = 0; i < COUNT; i++) pids[i] = ks_spawn(fn, NULL);
    ks_sleep(50);
    printf("%s: %ld bytes each\n", how, (resident_kib() - before) * 1024 / COUNT);
    for (int i = 0; i < COUNT; i++) ks_exit_process(pids[i], KS_KILL);
    ks_sleep(50);
}

KS_MODULE(many, void);
static void many_main(const ks_none *args)
{
    ks_pid server;
    if (ks_start(KS_CHILD(echo), &server)) return;
    for (ks_int count = 100; count <= 100000; count *= 10) one_of_many(server, count);
    waiting("a plain process asleep without its stack", hibernates);
    waiting("a plain process that waits in ks_receive", waits);
}
KS_PROCESS(many);

int main(void) { return ks_run(NULL, KS_CHILD(many)); }
