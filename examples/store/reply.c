/* SPDX-License-Identifier: Apache-2.0 */
/* reply - see reply.h. */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ERROR_MAX = 400 };

static void header(struct buffer *reply, char type, int64_t number)
{
    buffer_append(reply, &type, 1);
    buffer_number(reply, number);
    buffer_append(reply, "\r\n", 2);
}

void reply_simple(struct buffer *reply, const char *text)
{
    buffer_append(reply, "+", 1);
    buffer_append(reply, text, strlen(text));
    buffer_append(reply, "\r\n", 2);
}

void reply_error(struct buffer *reply, const char *format, ...)
{
    char text[ERROR_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *at = text; *at; at++)
        if (*at == '\r' || *at == '\n') *at = ' ';
    buffer_append(reply, "-", 1);
    buffer_append(reply, text, strlen(text));
    buffer_append(reply, "\r\n", 2);
}

void reply_integer(struct buffer *reply, int64_t value) { header(reply, ':', value); }

void reply_bulk(struct buffer *reply, ks_text bytes)
{
    header(reply, '$', (int64_t)bytes.len);
    buffer_append(reply, bytes.ptr, bytes.len);
    buffer_append(reply, "\r\n", 2);
}

void reply_nil(struct buffer *reply) { buffer_append(reply, "$-1\r\n", 5); }

void reply_array(struct buffer *reply, size_t count) { header(reply, '*', (int64_t)count); }
