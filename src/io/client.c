/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - threads of the program that are processes. See kiosk/client.h, runtime/client.h.
 *
 * A client waits by a word of its own; the thread that drives a runtime gives that a turn instead.
 * It has a table of sockets, always empty, so that one that is sent to it is closed. Clients that
 * are closed stand in a list of their runtime, with their schedulers, until it is given up. */
#include "runtime/client.h"
#include "base/base.h"
#include "io/parker.h"
#include "io/runtime.h"
#include "runtime/drain.h"
#include <kiosk/log.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_NS = KSI_KNOB(50000, 1000) };

struct ks_client {
    struct ks_runtime *runtime;
    struct ksi_scheduler *scheduler;
    struct ks_client *next; /* among the closed ones */
    _Atomic(bool) drives;   /* its thread is the one that lends the runtime turns */
    struct ksi_random random;
    struct ksi_parker parker;
    struct ksi_io io; /* without a poller */
};

/* --- its seams -------------------------------------------------------------------------------- */
static void drive(struct ks_client *client, int64_t timeout_ns)
{
    if (!ksi_parker_rests(&client->parker)) return;
    bool more = ksi_host_turn(client->runtime);
    if (!more && !ksi_parker_is_told(&client->parker)) ksi_host_wait(client->runtime, timeout_ns);
    ksi_parker_wakes(&client->parker);
}

static void wait(void *arg, int64_t timeout_ns)
{
    struct ks_client *client = arg;
    if (timeout_ns <= 0) return;
    if (ksi_client_is_cut(client->scheduler))
        ksi_client_give_up(client->scheduler);
    else if (ksi_load_relaxed(&client->drives)) /* ours */
        drive(client, timeout_ns);
    else
        ksi_park(&client->parker, timeout_ns);
}

/* Who drives looks at its word after each turn; from elsewhere its runtime is woken instead. */
static void unpark(void *arg)
{
    struct ks_client *client = arg;
    if (!ksi_parker_tell(&client->parker)) return; /* it does not sleep: no system call */
    /* relaxed: written before it rested, which was seen */
    if (!ksi_load_relaxed(&client->drives)) {
        ksi_parker_wake(&client->parker);
    } else if (client->runtime->driver != &ksi_this_thread) {
        const struct ksi_seams *seams = &client->runtime->core->scheduler.seams;
        seams->unpark(seams->arg);
    }
}

static uint64_t random_number(void *arg)
{
    struct ks_client *client = arg;
    return ksi_random_next(&client->random);
}

static struct ksi_seams seams_of(struct ks_client *client)
{
    struct ksi_seams seams = ksi_real_seams(NULL);
    seams.random = random_number;
    seams.poll = wait;
    seams.unpark = unpark;
    seams.arg = client;
    return seams;
}

/* --- those of a runtime, under its lock ------------------------------------------------------- */
static struct ks_client *client_new(struct ks_runtime *runtime)
{
    struct ks_client *client = aligned_alloc(_Alignof(struct ks_client), sizeof *client);
    if (!client) return NULL;
    *client = (struct ks_client){ .runtime = runtime,
        .io = { .poller = { .epoll = -1, .event = -1 }, .sockets = &runtime->sockets } };
    client->parker.looking = &runtime->looking;
    client->parker.look_ns = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? LOOK_NS : 0;
    ksi_random_seed(&client->random, ksi_random_entropy());
    struct ksi_seams seams = seams_of(client);
    client->scheduler = ksi_client_new(runtime->core, &seams);
    if (!client->scheduler) {
        free(client);
        return NULL;
    }
    client->io.scheduler = client->scheduler;
    client->scheduler->io = &client->io;
    return client;
}

static ks_status take(struct ks_runtime *runtime, struct ks_client **ret_client)
{
    struct ks_client *client = runtime->clients_free;
    if (client) {
        runtime->clients_free = client->next;
    } else {
        /* relaxed: changed under the lock that we hold */
        if (ksi_load_relaxed(&runtime->core->clients.count) == KSI_CLIENTS_MAX) return KS_FULL;
        client = client_new(runtime);
        if (!client) return KS_NOMEM;
    }
    /* relaxed: it is read by who has seen us rest */
    ksi_store_relaxed(&client->drives, runtime->driver == &ksi_this_thread);
    *ret_client = client;
    return KS_OK;
}

static ks_status take_if_open(struct ks_runtime *runtime, struct ks_client **ret_client)
{
    if (runtime->state == KSI_OVER) return KS_CLOSED;
    if (runtime->state == KSI_ENDS || ksi_is_draining(&runtime->core->scheduler))
        return KS_DRAINING;
    return take(runtime, ret_client);
}

static void give(struct ks_client *client)
{
    struct ks_runtime *runtime = client->runtime;
    pthread_mutex_lock(&runtime->lock);
    client->next = runtime->clients_free;
    runtime->clients_free = client;
    pthread_mutex_unlock(&runtime->lock);
}

void ksi_clients_free(struct ks_runtime *runtime)
{
    while (runtime->clients_free) {
        struct ks_client *client = runtime->clients_free;
        runtime->clients_free = client->next;
        free(client);
    }
}

/* --- threads ---------------------------------------------------------------------------------- */
static pthread_key_t key; /* the client of a thread */
static bool key_exists;

static void close_client(struct ks_client *client)
{
    struct ks_runtime *runtime = client->runtime;
    (void)pthread_setspecific(key, NULL);
    ksi_client_end(client->scheduler);
    give(client);
    ks_runtime_unref(runtime);
}

/* By ks_exit, or because nobody has closed it. */
static void thread_ends(void *arg)
{
    struct ks_client *client = arg;
    if (!client->scheduler->cut)
        ks_log_warning("kiosk: a thread ends with its client open: it is closed");
    close_client(client);
}

static void make_key(void) { key_exists = pthread_key_create(&key, thread_ends) == 0; }

static bool begin(struct ks_client *client)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    if (!key_exists || pthread_setspecific(key, client)) return false;
    if (ksi_client_begin(client->scheduler)) return true;
    (void)pthread_setspecific(key, NULL);
    return false;
}

/* NULL: it may. */
static const char *refuse_open(const struct ks_runtime *runtime)
{
    if (ksi_this_scheduler && !ksi_this_scheduler->client) return "in a process";
    if (ksi_this_scheduler) return "on a thread that has a client";
    if (runtime->process != getpid()) return "in the child of a fork";
    return NULL;
}

ks_status ks_client_open(ks_runtime *runtime, ks_client **ret_client)
{
    struct ks_client *client = NULL;
    const char *refused = refuse_open(runtime);
    if (refused) {
        ks_log_error("kiosk: ks_client_open %s: it is denied", refused);
        return KS_DENIED;
    }
    pthread_mutex_lock(&runtime->lock);
    ks_status status = take_if_open(runtime, &client);
    pthread_mutex_unlock(&runtime->lock);
    if (status) return status;
    if (!begin(client)) {
        give(client);
        return KS_NOMEM;
    }
    (void)ks_runtime_ref(runtime);
    *ret_client = client;
    return KS_OK;
}

/* The caller is the process of that client, and not on its way out. */
static bool is_mine(const ks_client *client)
{
    const struct ksi_scheduler *s = ksi_this_scheduler;
    return s && s == client->scheduler && s->guest && s->current == s->guest;
}

void ks_client_close(ks_client *client)
{
    if (!client) return;
    if (is_mine(client))
        close_client(client);
    else
        ks_log_error("kiosk: ks_client_close on a thread whose client it is not: it stays");
}
