/* SPDX-License-Identifier: Apache-2.0 */
/* futex.c - see futex.h. */
#define _GNU_SOURCE /* syscall */
#include "base/futex.h"
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

bool ksi_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t timeout_ns)
{
    int kept = errno;
    struct timespec timeout = { timeout_ns / NS_PER_S, timeout_ns % NS_PER_S };
    const struct timespec *at_most = timeout_ns == INT64_MAX ? NULL : &timeout;
    long result = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, at_most, NULL, 0);
    bool over = result == -1 && errno == ETIMEDOUT;
    errno = kept;
    return !over;
}

void ksi_futex_wake(_Atomic(uint32_t) *word)
{
    int kept = errno;
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    errno = kept;
}
