/* SPDX-License-Identifier: Apache-2.0 */
/* futex.h - waiting until a word changes. It carries no order: the word itself is read by an
 * acquire, and written by a release, of whoever uses it. Any thread. */
#ifndef KSI_BASE_FUTEX_H
#define KSI_BASE_FUTEX_H
#include "base/atomic.h"
#include <stdbool.h>
#include <stdint.h>

/* Sleeps while *word is value, for at most timeout_ns (INT64_MAX: for ever); may return early
 * without a reason. False: the time is over. errno is kept. */
bool ksi_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t timeout_ns);
/* Wakes all who sleep on it. errno is kept. */
void ksi_futex_wake(_Atomic(uint32_t) *word);
#endif
