/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - errno, the OpenSSL error queue, a recursive mutex and C++ catch blocks across blocking
 * calls and across a hand-over; beside them, who else waits for a hog and who does not.
 * Exit status 0 only if all stayed right. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MY_ERRNO = 11, OTHER_ERRNO = 77, HOG_US = 40000, MAX_ERRORS = 16 };
enum { SPIN = 1, NATIVE, BLOCKED_BESIDE_HOG };

static _Atomic int checks, wrong, disturbed;
static _Atomic bool quiet;

void expect(bool good, const char *where, const char *what)
{
    atomic_fetch_add(&checks, 1);
    if (good)
        return;
    if (atomic_fetch_add(&wrong, 1) < 60)
        printf("  WRONG %s: %s\n", where, what);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void spin_us(long us)
{
    double end = now_ms() + (double)us / 1e3;
    while (now_ms() < end)
        ;
}

void spin_until_taken(void)
{
    long before = rt_hand_overs();
    double end = now_ms() + 1000; /* more than enough on a busy machine too */
    while (rt_hand_overs() == before && now_ms() < end)
        ;
}

/* --- the OpenSSL error queue of a blocked handler, through OpenSSL's public functions --- */

struct saved_errors {
    int count;
    struct {
        unsigned long code;
        char *file, *function, *data;
        int line;
    } at[MAX_ERRORS];
};

static void *save_errors(void)
{
    struct saved_errors *s;
    const char *file, *function, *data;
    int line, flags;
    unsigned long code;
    if (!ERR_peek_error())
        return NULL;
    s = calloc(1, sizeof *s);
    while (s && s->count < MAX_ERRORS &&
           (code = ERR_get_error_all(&file, &line, &function, &data, &flags))) {
        s->at[s->count].code = code;
        s->at[s->count].line = line;
        s->at[s->count].file = strdup(file);
        s->at[s->count].function = strdup(function);
        s->at[s->count++].data = flags & ERR_TXT_STRING ? strdup(data) : NULL;
    }
    return s;
}

static void restore_errors(void *saved)
{
    struct saved_errors *s = saved;
    ERR_clear_error();
    for (int i = 0; s && i < s->count; i++) {
        ERR_new();
        ERR_set_debug(s->at[i].file, s->at[i].line, s->at[i].function);
        ERR_set_error(ERR_GET_LIB(s->at[i].code), ERR_GET_REASON(s->at[i].code),
                      s->at[i].data ? "%s" : NULL, s->at[i].data);
        free(s->at[i].file);
        free(s->at[i].function);
        free(s->at[i].data);
    }
    free(s);
}

/* --- handlers --- */

static void echo(struct process *self, struct request *request, long value)
{
    rt_sleep(value);
    rt_reply(request, value);
}

static void answer(struct process *self, struct request *request, long value)
{
    rt_reply(request, value);
}

/* Spoils all that is per thread, again and again, wherever the scheduler is. */
static void disturb(struct process *self, struct request *request, long value)
{
    errno = OTHER_ERRNO;
    ERR_clear_error();
    ERR_raise_data(ERR_LIB_USER, 7, "the disturber's");
    atomic_fetch_add(&disturbed, 1);
    if (!atomic_load(&quiet)) {
        rt_sleep(200);
        rt_cast(self, 0);
    }
}

struct marks {
    pthread_mutex_t mutex;
    int tid;
};

static void set_marks(struct marks *m)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m->mutex, &kind);
    pthread_mutex_lock(&m->mutex);
    pthread_mutex_lock(&m->mutex);
    m->tid = gettid();
    ERR_clear_error();
    ERR_raise_data(ERR_LIB_USER, 5, "first of two");
    ERR_raise_data(ERR_LIB_USER, 6, "second of two");
    errno = MY_ERRNO;
}

/* Inlined, so that the compiler may keep the address of errno across the caller's blocking
 * calls. */
static inline void look(struct marks *m, const char *where)
{
    const char *data = "";
    int flags = 0, error = errno;
    expect(error == MY_ERRNO, where, "errno");
    expect(ERR_GET_REASON(ERR_peek_error()) == 5, where, "OpenSSL: first error");
    ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    expect(strcmp(data, "second of two") == 0, where, "OpenSSL: text of the last error");
    expect(pthread_mutex_trylock(&m->mutex) == 0, where, "recursive mutex: lock");
    expect(pthread_mutex_unlock(&m->mutex) == 0, where, "recursive mutex: unlock");
    expect(gettid() == m->tid, where, "the thread");
    errno = MY_ERRNO;
}

static void unset_marks(struct marks *m, const char *where)
{
    expect(pthread_mutex_unlock(&m->mutex) == 0, where, "recursive mutex: last but one unlock");
    expect(pthread_mutex_unlock(&m->mutex) == 0, where, "recursive mutex: last unlock");
    expect(pthread_mutex_unlock(&m->mutex) == EPERM, where, "recursive mutex: one too many");
    ERR_clear_error();
}

static void keep_the_thread(struct marks *m, long how, const char *where)
{
    long before = rt_hand_overs();
    if (how == SPIN)
        spin_until_taken();
    else
        nanosleep(&(struct timespec){.tv_nsec = HOG_US * 1000}, NULL);
    look(m, where);
    expect(rt_hand_overs() == before + 1 && rt_is_late(), where, "was not taken for a hog");
    expect(rt_working_tid() != m->tid, where, "the scheduler's thread");
    look(m, where);
}

static void subject(struct process *self, struct request *request, long how)
{
    struct process *server = rt_state(self);
    struct marks m;
    set_marks(&m);
    look(&m, "at first");
    rt_call(server, 3000);
    look(&m, "ordinary call");
    rt_sleep(3000);
    look(&m, "ordinary sleep");
    if (how == BLOCKED_BESIDE_HOG) {
        rt_call(server, 30000); /* meanwhile another handler keeps this thread */
        look(&m, "blocked beside a hog");
    } else {
        keep_the_thread(&m, how, how == SPIN ? "computing hog" : "hog in a system call");
        rt_call(server, 3000);
        look(&m, "late handler's call");
        rt_sleep(3000);
        look(&m, "late handler's sleep");
    }
    unset_marks(&m, "at last");
    rt_reply(request, m.tid);
}

static void hog(struct process *self, struct request *request, long us)
{
    spin_us(us);
    atomic_store((_Atomic int *)rt_state(self), gettid());
}

/* --- the phases, driven by the main thread, which is foreign to the runtime --- */

struct answer {
    struct process *to;
    long value, reply;
    double ms;
};

static void *call_main(void *arg)
{
    struct answer *a = arg;
    double start = now_ms();
    a->reply = rt_call(a->to, a->value);
    a->ms = now_ms() - start;
    return NULL;
}

static void beside_a_hog(struct process *server, struct process *prober)
{
    static _Atomic int hog_tid;
    struct answer blocked = {.to = rt_spawn(subject, server), .value = BLOCKED_BESIDE_HOG};
    struct process *the_hog = rt_spawn(hog, &hog_tid);
    double worst = 0;
    pthread_t caller;
    pthread_create(&caller, NULL, call_main, &blocked);
    nanosleep(&(struct timespec){.tv_nsec = 15000000}, NULL);
    double start = now_ms();
    rt_cast(the_hog, 120000);
    while (!atomic_load(&hog_tid)) {
        double sent = now_ms();
        rt_call(prober, 1);
        worst = now_ms() - sent > worst ? now_ms() - sent : worst;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    double hog_ms = now_ms() - start;
    pthread_join(caller, NULL);
    expect(hog_tid == blocked.reply, "blocked beside a hog", "they were to share a thread");
    expect(worst < hog_ms - 20, "blocked beside a hog", "others waited for the hog");
    printf("  a hog of %.0f ms: others waited %.1f ms at most (limit 10 ms); a handler blocked for "
           "36 ms on the hog's thread went on after %.0f ms\n", hog_ms, worst, blocked.ms);
}

static void cpp_phase(struct process *const servers[4])
{
    /* Neither the order of the throws nor that of the ends of catch nests. */
    static const long waits[4] = {4000, 2000, 3000, 2501};
    struct answer calls[4];
    pthread_t callers[4];
    for (int i = 0; i < 4; i++) {
        calls[i] = (struct answer){.to = rt_spawn(cpp_handler, servers[i]), .value = waits[i]};
        pthread_create(&callers[i], NULL, call_main, &calls[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(callers[i], NULL);
}

int main(void)
{
    struct rt_options options = {.threads = 4, .hog_us = 10000, .trust_lateness = true,
                                 .trust_cpu = true, .hooks = {save_errors, restore_errors}};
    struct process *servers[4], *prober = rt_spawn(answer, NULL);
    struct process *disturber = rt_spawn(disturb, NULL);
    for (int i = 0; i < 4; i++)
        servers[i] = rt_spawn(echo, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    rt_start(&options);
    rt_cast(disturber, 0);
    rt_call(rt_spawn(subject, servers[0]), SPIN);
    rt_cast(rt_spawn(disturb, NULL), 0); /* the first may be waiting on a thread that is late */
    rt_call(rt_spawn(subject, servers[1]), NATIVE);
    rt_cast(rt_spawn(disturb, NULL), 0);
    cpp_phase(servers);
    beside_a_hog(servers[0], prober);
    atomic_store(&quiet, true);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    rt_stop();
    printf("  %d checks, %d wrong, %ld hand-overs, disturbed %d times: %s\n", checks, wrong,
           rt_hand_overs(), disturbed, wrong ? "FAILED" : "ok");
    return wrong != 0;
}
