/* SPDX-License-Identifier: Apache-2.0 */
/* reply - see reply.h. Invariant: len <= room, and room bytes are allocated. */
#include "reply.h"

#include <inttypes.h>
#include <kiosk/process.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ROOM_MIN = 256, ROOM_KEPT = 4096, PRINTED_MAX = 400 };

static void append(struct reply *reply, const char *bytes, size_t len)
{
    if (reply->room - reply->len < len) {
        size_t room = reply->room ? reply->room * 2 : ROOM_MIN;
        while (room - reply->len < len) room *= 2;
        reply->bytes = ks_realloc(reply->bytes, room);
        reply->room = room;
    }
    if (len) memcpy(reply->bytes + reply->len, bytes, len);
    reply->len += len;
}

static void append_format(struct reply *reply, const char *format, va_list args)
{
    char text[PRINTED_MAX + 1];
    int len = vsnprintf(text, sizeof text, format, args);
    if (len > 0) append(reply, text, len < PRINTED_MAX ? (size_t)len : PRINTED_MAX);
}

void reply_printf(struct reply *reply, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append_format(reply, format, args);
    va_end(args);
}

void reply_simple(struct reply *reply, const char *text) { reply_printf(reply, "+%s\r\n", text); }

void reply_error(struct reply *reply, const char *format, ...)
{
    va_list args;
    append(reply, "-ERR ", 5);
    size_t start = reply->len;
    va_start(args, format);
    append_format(reply, format, args);
    va_end(args);
    for (size_t i = start; i < reply->len; i++)
        if (reply->bytes[i] == '\r' || reply->bytes[i] == '\n') reply->bytes[i] = ' ';
    append(reply, "\r\n", 2);
}

void reply_integer(struct reply *reply, int64_t value)
{
    reply_printf(reply, ":%" PRId64 "\r\n", value);
}

void reply_bulk(struct reply *reply, ks_text bytes)
{
    reply_printf(reply, "$%zu\r\n", bytes.len);
    append(reply, bytes.ptr, bytes.len);
    append(reply, "\r\n", 2);
}

void reply_nil(struct reply *reply) { append(reply, "$-1\r\n", 5); }

void reply_array(struct reply *reply, size_t count) { reply_printf(reply, "*%zu\r\n", count); }

void reply_clear(struct reply *reply)
{
    reply->len = 0;
    if (reply->room <= ROOM_KEPT) return;
    ks_free(reply->bytes);
    *reply = (struct reply){ 0 };
}
