/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - see utf8.h. */
#include "base/utf8.h"

#include <stdint.h>

static bool is_tail(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/* Bytes of a character by its first one; 0 when nothing begins like that. */
static size_t length_of(uint8_t first)
{
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    if (first >= 0xf0 && first <= 0xf4) return 4;
    return 0;
}

/* The second byte alone tells overlong forms, surrogates and what is above U+10FFFF. */
static bool second_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0: return second >= 0xa0;
    case 0xed: return second <= 0x9f;
    case 0xf0: return second >= 0x90;
    case 0xf4: return second <= 0x8f;
    default: return true;
    }
}

size_t ksi_utf8_next(const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    if (len == 0) return 0;
    size_t length = length_of(bytes[0]);
    if (length > len) return 0;
    for (size_t i = 1; i < length; i++)
        if (!is_tail(bytes[i])) return 0;
    return length > 1 && !second_fits(bytes[0], bytes[1]) ? 0 : length;
}

bool ksi_utf8_valid(const char *text, size_t len)
{
    for (size_t step; len > 0; text += step, len -= step) {
        step = ksi_utf8_next(text, len);
        if (step == 0) return false;
    }
    return true;
}

size_t ksi_utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max) return len;
    /* A character that max would split begins at most 3 bytes before it. */
    for (size_t back = 1; back <= 3 && back <= max; back++) {
        size_t start = max - back;
        size_t length = ksi_utf8_next(text + start, len - start);
        if (length > 0) return length > back ? start : max;
    }
    return max;
}
