/* SPDX-License-Identifier: Apache-2.0 */
/* faulty.h - for the tests of faults: ways to fault, a server that has them all, what was logged.
 *
 * Nothing is contained under a sanitizer: these programs give 77 then, which says skipped. */
#ifndef FAULTY_H
#define FAULTY_H
#include "io/scenario.h"
#include "runtime/sanitizers.h"
#include "runtime/scheduler.h"

#include <kiosk/info.h>
#include <kiosk/log.h>
#include <pthread.h>

/* --- ways ------------------------------------------------------------------------------------- */
static volatile int zero;
static int *volatile nowhere;
static void (*volatile no_function)(void);

UNUSED static __attribute__((noinline)) int recurse(int depth)
{
    volatile char frame[200]; /* mostly as it was: what stood there before must not matter */
    frame[depth % 200] = (char)depth;
    return depth < 1000000000 ? recurse(depth + 1) + frame[depth % 200] : 0;
}
UNUSED static void overflow(void) { zero = recurse(0) * 0; }
UNUSED static __attribute__((noinline)) void store_nowhere(void) { *nowhere = 1; }
UNUSED static __attribute__((noinline)) void call_nowhere(void) { no_function(); }
UNUSED static __attribute__((noinline)) void divide(void) { zero = 7 / zero; }
UNUSED static __attribute__((noinline)) void trap(void) { __builtin_trap(); }

/* --- what was logged -------------------------------------------------------------------------- */
static char logged[65536];
static size_t logged_length;

UNUSED static void keep_log(const ks_log_event *event, void *arg)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the monitor of hogs logs, too */
    const ks_log_format bare = { .bare = true };
    if (event->level < KS_LOG_WARNING) return;
    pthread_mutex_lock(&lock);
    if (logged_length + 4096 <= sizeof logged)
        logged_length += ks_log_text(event, &bare, logged + logged_length, 4096);
    pthread_mutex_unlock(&lock);
}
UNUSED static void forget_log(void)
{
    logged_length = 0;
    memset(logged, 0, sizeof logged);
    ks_log_set_handler(keep_log, NULL);
}
UNUSED static bool log_has(const char *text) { return strstr(logged, text) != NULL; }

UNUSED static ks_reason reason_of(ks_ref monitor)
{
    const ks_msg *msg = ks_receive_ref(monitor, 10000);
    ck_assert_ptr_nonnull(msg);
    ks_reason reason = ks_as(ks_down, msg)->reason;
    return (ks_reason){ .kind = reason.kind, .code = reason.code };
}
UNUSED static void ck_overflowed(ks_ref monitor)
{
    ks_reason reason = reason_of(monitor);
    ck_assert_int_eq(reason.kind, KS_REASON_STATUS);
    ck_assert_int_eq(reason.code, KS_STACK_OVERFLOW);
}
UNUSED static void ck_faulted(ks_ref monitor, int number)
{
    ks_reason reason = reason_of(monitor);
    ck_assert_int_eq(reason.kind, KS_REASON_FAULT);
    ck_assert_int_eq(reason.code, number);
}
#endif
