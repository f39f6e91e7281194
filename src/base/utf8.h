/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - is it UTF-8, and where may it be cut? By RFC 3629: no surrogates, no overlong forms,
 * nothing above U+10FFFF. Pure functions; any thread. */
#ifndef KSI_BASE_UTF8_H
#define KSI_BASE_UTF8_H
#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that begins at text: 1 to 4; 0 when none does (or len is 0). */
size_t ksi_utf8_next(const char *text, size_t len);
bool ksi_utf8_valid(const char *text, size_t len);
/* The most bytes, at most max, that text can be cut to without splitting a character. Bytes that
 * are no UTF-8 are cut anywhere. */
size_t ksi_utf8_cut(const char *text, size_t len, size_t max);
#endif
