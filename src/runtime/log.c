/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - log events, to standard error or to a handler. One write an event, so that lines of
 * several threads do not mix. Any thread. */
#include <kiosk/log.h>
#include <kiosk/process.h>
#include <kiosk/timer.h>

#include "base/atomic.h"
#include "base/base.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_BYTES = 8192 };

static _Atomic int least = KS_LOG_NOTICE;
static struct {
    void (*handle)(const ks_log_event *event, void *arg);
    void *arg;
} handler;

bool ks_log_enabled(ks_level level)
{
    return (int)level >= ksi_load_relaxed(&least); /* a number by itself */
}

ks_level ks_log_set_level(ks_level level)
{
    ks_level old = (ks_level)ksi_load_relaxed(&least);
    ksi_store_relaxed(&least, (int)level); /* a number by itself */
    return old;
}

void ks_log_set_handler(void (*handle)(const ks_log_event *event, void *arg), void *arg)
{
    handler.handle = handle;
    handler.arg = arg;
}

static const char *level_name(ks_level level)
{
    static const char *const names[] = { "debug", "info", "notice", "warning", "error",
        "critical" };
    return level < KSI_COUNT_OF(names) ? names[level] : "?";
}

static const char *level_colour(ks_level level)
{
    if (level >= KS_LOG_ERROR) return "\033[31m";
    return level == KS_LOG_WARNING ? "\033[33m" : "\033[36m";
}

/* "12:30:01.250 [error] <0.7.1> text", colours on a terminal only. */
static void to_standard_error(const ks_log_event *event)
{
    char line[EVENT_BYTES + 128], clock[32], pid[KS_PID_TEXT_MAX] = "";
    time_t seconds = (time_t)(event->wall_clock_ns / 1000000000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    if (event->pid.id) ks_pid_text(event->pid, pid, sizeof pid);
    bool colours = isatty(STDERR_FILENO);
    int length = snprintf(line, sizeof line, "%s.%03d %s[%s]%s %s%s%.*s\n", clock,
        (int)(event->wall_clock_ns / 1000000 % 1000), colours ? level_colour(event->level) : "",
        level_name(event->level), colours ? "\033[0m" : "", pid, pid[0] ? " " : "",
        (int)event->message.len, event->message.ptr);
    if (length < 0) return;
    size_t size = (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written; /* nobody to tell */
}

void ks_log_(ks_level level, const char *file, int line, const char *format, ...)
{
    char text[EVENT_BYTES];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0) return;
    size_t size = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    ks_log_event event = { .level = level,
        .wall_clock_ns = ks_wall_clock_ns(),
        .pid = ks_self(),
        .file = file,
        .line = line,
        .message = { text, size } };
    if (handler.handle)
        handler.handle(&event, handler.arg);
    else
        to_standard_error(&event);
}
