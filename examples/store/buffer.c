/* SPDX-License-Identifier: Apache-2.0 */
/* buffer - see buffer.h. Invariant: len <= room, and room bytes are allocated. */
#include "buffer.h"

#include <kiosk/process.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ROOM_MIN = 256, ROOM_KEPT = 4096, PRINTED_MAX = 400, DIGITS_MAX = 20 };

void buffer_append(struct buffer *buffer, const char *bytes, size_t len)
{
    if (buffer->room - buffer->len < len) {
        size_t room = buffer->room ? buffer->room * 2 : ROOM_MIN;
        while (room - buffer->len < len) room *= 2;
        buffer->bytes = ks_realloc(buffer->bytes, room);
        buffer->room = room;
    }
    if (len) memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
}

/* By hand: each answer has one, and printf takes as long as the rest of a GET. */
void buffer_number(struct buffer *buffer, int64_t number)
{
    char text[DIGITS_MAX];
    char *first = text + sizeof text;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0) *--first = '-';
    buffer_append(buffer, first, (size_t)(text + sizeof text - first));
}

void buffer_free(struct buffer *buffer)
{
    ks_free(buffer->bytes);
    *buffer = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->room > ROOM_KEPT) buffer_free(buffer);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char text[PRINTED_MAX + 1];
    va_list args;
    va_start(args, format);
    /* The analyzer of clang 14 does not see va_start here, as it does in reply.c. */
    vsnprintf(text, sizeof text, format, args); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    va_end(args);
    buffer_append(buffer, text, strlen(text));
}
