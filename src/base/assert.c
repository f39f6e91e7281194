/* SPDX-License-Identifier: Apache-2.0 */
/* assert.c - the end of a program whose runtime found its own data broken. Any thread, also inside
 * a signal handler: no allocation, no stdio stream, no lock of the time zone. */
#include "base/base.h"

#include "base/atomic.h"
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 250, LINE_BYTES = 640, WHAT_BYTES = 256 };

static _Atomic(bool) as_json;

void ksi_assert_form(bool json) { ksi_store_relaxed(&as_json, json); /* a flag by itself */ }

/* The day of the Gregorian calendar, by counting in years that begin in March. */
static void date_of(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    enum { FROM_YEAR_0 = 719468, ERA_DAYS = 146097, ERA_YEARS = 400 };
    int64_t shifted = days + FROM_YEAR_0, era = shifted / ERA_DAYS;
    int64_t day = shifted % ERA_DAYS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t rest = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * rest + 2) / 153;
    *ret_day = (int)(rest - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year + era * ERA_YEARS + (*ret_month <= 2));
}

/* What stands in a source file, as the inside of a JSON string. */
static void escape(const char *text, char *buffer, size_t size)
{
    size_t used = 0;
    for (; *text && used + 3 < size; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') buffer[used++] = '\\';
        buffer[used++] = byte < 0x20 || byte >= 0x7f ? '?' : *text;
    }
    buffer[used] = 0;
}

static int json_line(char *line, size_t size, const char *file, int number, const char *what)
{
    char escaped[WHAT_BYTES], place[WHAT_BYTES];
    struct timespec now = { 0 };
    int year, month, day;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int seconds = (int)(now.tv_sec % 86400);
    date_of(now.tv_sec / 86400, &year, &month, &day);
    escape(what, escaped, sizeof escaped);
    escape(file, place, sizeof place);
    return snprintf(line, size,
        "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\",\"level\":\"emergency\","
        "\"message\":\"kiosk: broken: %.200s\",\"file\":\"%.200s\",\"line\":%d}\n",
        year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60,
        (int)(now.tv_nsec / 1000), escaped, place, number);
}

void ksi_assert_failed(const char *file, int line, const char *what)
{
    char text[LINE_BYTES];
    int length = ksi_load_relaxed(&as_json) /* a flag by itself */
        ? json_line(text, sizeof text, file, line, what)
        : snprintf(text, sizeof text, "kiosk: %s:%d: broken: %s\n", file, line, what);
    size_t size = length < (int)sizeof text ? (size_t)length : sizeof text - 1;
    /* A standard error that nobody reads must not keep the program from its end. */
    struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (length > 0 && poll(&room, 1, PATIENCE_MS) > 0 && write(STDERR_FILENO, text, size) < 0)
        abort();
    abort();
}
