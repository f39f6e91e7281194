/* SPDX-License-Identifier: Apache-2.0 */
/* embed.c - a program with a main and threads of its own uses servers as if they were thread-safe
 * objects. */
#include "queue.h"
#include <kiosk/client.h>
#include <pthread.h>
#include <stdio.h>

static void *producer(void *arg)
{
    ks_client *client;
    if (ks_client_open(arg, &client)) return NULL;
    for (int i = 0; i < 10; i++) {
        char text[32];
        snprintf(text, sizeof text, "item %d", i);
        ks_status status = queue_push(ks_named("queue"), ks_str(text));
        if (status) fprintf(stderr, "push: %s\n", ks_status_text(status));
    }
    ks_client_close(client);
    return NULL;
}

static void consume(ks_runtime *runtime)
{
    ks_client *client;
    ks_text item;
    if (ks_client_open(runtime, &client)) return;
    for (int i = 0; i < 10; i++) {
        if (queue_pop(ks_named("queue"), &item, 5000) == KS_OK) printf("%s\n", item.ptr);
        ks_end_turn(); /* what was replied is given back */
    }
    ks_client_close(client);
}

int main(void)
{
    ks_runtime *runtime;
    pthread_t thread;
    const ks_child root = { KS_START(queue, .limit = 100), .name = "queue" };
    ks_status status = ks_runtime_start(NULL, &root, &runtime);
    if (status) {
        fprintf(stderr, "start: %s\n", ks_status_text(status));
        return 1;
    }
    pthread_create(&thread, NULL, producer, runtime);
    consume(runtime);
    pthread_join(thread, NULL);
    return ks_runtime_stop(runtime) ? 1 : 0;
}
