/* SPDX-License-Identifier: Apache-2.0 */
/* guest.h - for tests with a main of their own: a server to talk to, and threads. */
#ifndef TESTS_IO_GUEST_H
#define TESTS_IO_GUEST_H
#include "io/scenario.h"
#include <pthread.h>

/* --- a server: adds, remembers what it was told in order, sends, waits, crashes --------------- */
typedef struct told_args { /* by a thread, counting from 1 */
    int32_t thread, n;
} told_args;
KS_TYPE(told_args, thread, n);

KS_MODULE(host, void);
enum { TELLERS = 16 };
struct host {
    int32_t latest[TELLERS];
    int64_t disorder, count;
};
KS_CALL(host, add_one, ks_int, ks_int);
KS_CALL(host, counted, void, ks_int); /* how many were told; -1: not in order */
KS_CALL(host, never, void, void);     /* is not answered */
KS_CAST(host, tell, told_args);
KS_CAST(host, send_back, ks_pid); /* 1, 2, 3 to a pid */
KS_CAST(host, crash, void);

static ks_next host_handle_add_one(host *self, const ks_int *n, ks_int *reply)
{
    *reply = *n + 1;
    return ks_reply();
}
static ks_next host_handle_counted(host *self, ks_int *reply)
{
    *reply = self->disorder ? -1 : self->count;
    return ks_reply();
}
static ks_next host_handle_never(host *self)
{
    (void)host_from_never();
    return ks_noreply();
}
static ks_next host_handle_tell(host *self, const told_args *told)
{
    if (self->latest[told->thread] + 1 != told->n) self->disorder++;
    self->latest[told->thread] = told->n;
    self->count++;
    return ks_noreply();
}
static ks_next host_handle_send_back(host *self, const ks_pid *to)
{
    for (ks_int n = 1; n <= 3; n++) (void)ks_send(*to, ks_int, &n);
    return ks_noreply();
}
static ks_next host_handle_crash(host *self) { return ks_stop(ks_error("as told")); }
KS_GEN_SERVER(host, .ops = KS_OPS(host, add_one, counted, never, tell, send_back, crash));

#define HOST ks_named("host")

UNUSED static ks_status add_one(ks_int n, ks_int *ret)
{
    return host_call_add_one(HOST, &n, ret, KS_INFINITY);
}

/* --- runtimes and threads --------------------------------------------------------------------- */
UNUSED static ks_runtime *start_host(const ks_runtime_options *options)
{
    ks_runtime *runtime = NULL;
    const ks_child root = { KS_START(host), .name = "host" };
    ck_assert_int_eq(ks_runtime_start(options, &root, &runtime), KS_OK);
    return runtime;
}

UNUSED static ks_client *open_client(ks_runtime *runtime)
{
    ks_client *client = NULL;
    ck_assert_int_eq(ks_client_open(runtime, &client), KS_OK);
    return client;
}

UNUSED static void in_thread(void *(*fn)(void *arg), void *arg)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
    pthread_join(thread, NULL);
}

/* A test with the server running, after which no descriptor is left, and root ended clean. */
#define GUEST(name)                                                                                \
    START_TEST(name##_test)                                                                        \
    {                                                                                              \
        ks_log_set_level(KS_LOG_NONE);                                                             \
        int before_ = open_descriptors();                                                          \
        ks_runtime *runtime_ = start_host(NULL);                                                   \
        name(runtime_);                                                                            \
        ck_assert_int_eq(ks_runtime_stop(runtime_), KS_OK);                                        \
        ck_assert_int_eq(open_descriptors(), before_);                                             \
    }                                                                                              \
    END_TEST

#endif
