/* SPDX-License-Identifier: Apache-2.0 */
/* 12_threads.c - In a program that has threads
 *
 * A program with a main and threads of its own uses servers as if they were objects that any
 * thread may call: without a lock, and without a data race. The runtime runs beside, on threads of
 * its own.
 *
 * What makes that work is a *client*: a thread that has opened one is a process of the runtime
 * until it closes it. It has a pid, calls, casts, receives, monitors and spawns. What blocks,
 * blocks the thread. There is no second set of functions to learn. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <pthread.h>
#include <stdio.h>

KS_MODULE(counter, void);
KS_CALL(counter, add, ks_int, ks_int);
KS_CALL(counter, fail, void, void);
struct counter {
    int64_t value;
};
static ks_next counter_handle_add(counter *self, const ks_int *n, ks_int *reply)
{
    *reply = self->value += *n;
    return ks_reply();
}
static ks_next counter_handle_fail(counter *self) { return ks_stop(ks_error("on purpose")); }
KS_GEN_SERVER(counter, .ops = KS_OPS(counter, add, fail));

KS_SUPERVISOR(app, .children = KS_CHILDREN({ KS_START(counter), .name = "counter" }));

/* ## Threads that call
 *
 * One client for each thread, for as long as the thread needs it; opening one for each call would
 * work, and cost more than the call. A thread that ends closes its client. */
enum { THREADS = 4, CALLS = 1000 };

static void *work(void *runtime)
{
    ks_client *client;
    ks_int sum;
    if (ks_client_open(runtime, &client)) return NULL;
    for (int i = 0; i < CALLS; i++) {
        if (counter_call_add(ks_named("counter"), &(ks_int){ 1 }, &sum, 5000)) break;
        ks_end_turn(); /* what was replied is given back */
    }
    ks_client_close(client);
    return NULL;
}

static void run_threads(ks_runtime *runtime)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, runtime)) return;
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

/* ## Two at once
 *
 * A program may have several runtimes. They know nothing of each other: each has its own names,
 * its own tree, its own end. A thread is a client of one of them at a time. */
static void look_at(const char *which, ks_runtime *runtime)
{
    ks_client *client;
    ks_int value = 0;
    if (ks_client_open(runtime, &client)) return;
    if (counter_call_add(ks_named("counter"), &(ks_int){ 0 }, &value, 5000) == KS_OK)
        printf("%s: %" PRId64 "\n", which, value);
    //=> first: 4000
    //=> second: 0
    ks_client_close(client);
}

/* ## A thread that watches
 *
 * Death is told to threads as to processes. The server fails while it handles a call, so that the
 * call finds nobody to answer it, and the monitor says why. The supervisor has started another
 * counter by then, or is about to. */
static void watch_it_fail(void)
{
    ks_ref monitor = ks_monitor(ks_named("counter"));
    ks_status status = counter_call_fail(ks_named("counter"), 5000);
    printf("%s\n", ks_status_text(status)); //=> noproc
    const ks_msg *msg = ks_receive_ref(monitor, 5000);
    const ks_down *down = ks_as(ks_down, msg);
    if (down) printf("%s\n", down->reason.text); //=> on purpose
}

/* ## The end
 *
 * A runtime that stops waits for no thread of yours. Whoever is still a client finds that nobody
 * is there any more; nothing hangs. */
int main(void)
{
    ks_runtime *first, *second;
    ks_client *client;
    ks_int value;
    ks_log_set_level(KS_LOG_NONE);
    if (ks_runtime_start(NULL, KS_CHILD(app), &first)) return 1;
    if (ks_runtime_start(NULL, KS_CHILD(app), &second)) return 1;
    run_threads(first);
    look_at("first", first);
    look_at("second", second);

    if (ks_client_open(first, &client)) return 1;
    watch_it_fail();
    ks_status status = ks_runtime_stop(first);
    printf("%s\n", ks_status_text(status)); //=> ok
    status = counter_call_add(ks_named("counter"), &(ks_int){ 1 }, &value, 5000);
    printf("%s\n", ks_status_text(status)); //=> noproc
    ks_client_close(client);
    return ks_runtime_stop(second) ? 1 : 0;
}

/* ## What a client cannot do
 *
 * It owns no sockets, and nobody looks whether it is a hog: it is your thread. A signal that would
 * end a process cannot take the thread from you; its waits end at once instead, and its end is
 * told when it is closed. After `fork` the child must call `exec` or `_exit`.
 * [client.h](../../include/kiosk/client.h) has the whole list. */
