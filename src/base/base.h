/* SPDX-License-Identifier: Apache-2.0 */
/* base.h - the handful of macros every other file may use: likely, container_of, assert, the mean
 * build. KSI_ASSERT is for broken invariants of this library only, never for what a program or a
 * peer did. Everywhere. */
#ifndef KSI_BASE_BASE_H
#define KSI_BASE_BASE_H
#include <stdbool.h>
#include <stddef.h>

#define KSI_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define KSI_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* For what must not be a call of its own; say why where it is used. */
#define KSI_INLINE inline __attribute__((always_inline))

/* The struct that holds the member at pointer. */
#define KSI_CONTAINER_OF(pointer, type, member)                                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define KSI_COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Checked in every build: going on with a broken invariant would spoil other people's data. */
#define KSI_ASSERT(condition)                                                                      \
    (KSI_LIKELY(condition) ? (void)0 : ksi_assert_failed(__FILE__, __LINE__, #condition))
__attribute__((noreturn, cold)) void ksi_assert_failed(
    const char *file, int line, const char *what);
/* Whether the last word is a JSON line, as the rest of the log on standard error. */
void ksi_assert_form(bool json);

/* A size that the mean build makes as small as it can be, so that every edge is met all the time:
 * KSI_KNOB(64, 2). */
#ifdef KSI_MEAN
#define KSI_KNOB(normal, mean) (mean)
#else
#define KSI_KNOB(normal, mean) (normal)
#endif
#endif
