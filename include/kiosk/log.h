/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/log.h - log events. Filtered before formatting; one line, or one block of lines, each.
 *
 * Any thread. Goes to standard error unless a handler was set. */
#ifndef KIOSK_LOG_H
#define KIOSK_LOG_H
#include "types.h"

typedef enum ks_level {
    KS_LOG_DEBUG,
    KS_LOG_INFO,
    KS_LOG_NOTICE,
    KS_LOG_WARNING,
    KS_LOG_ERROR,
    KS_LOG_CRITICAL
} ks_level;
KS_API bool ks_log_enabled(ks_level level);
KS_API void ks_log_(ks_level level, const char *file, int line, const char *format, ...)
    KS_PRINTF(4, 5);
#define ks_log(level, ...)                                                                         \
    (ks_log_enabled((level)) ? ks_log_((level), __FILE__, __LINE__, __VA_ARGS__) : (void)0)
#define ks_log_debug(...) ks_log(KS_LOG_DEBUG, __VA_ARGS__)
#define ks_log_info(...) ks_log(KS_LOG_INFO, __VA_ARGS__)
#define ks_log_notice(...) ks_log(KS_LOG_NOTICE, __VA_ARGS__)
#define ks_log_warning(...) ks_log(KS_LOG_WARNING, __VA_ARGS__)
#define ks_log_error(...) ks_log(KS_LOG_ERROR, __VA_ARGS__)

typedef struct ks_log_event {
    ks_level level;
    int64_t wall_clock_ns;
    ks_pid pid; /* none: not from a process */
    const char *file;
    int line;
    ks_text message; /* a crash report has several lines */
} ks_log_event;
/* Takes the place of standard error; NULL: standard error again. handle must not block or log.
 * Before the runtime starts, or from the thread that runs it. */
KS_API void ks_log_set_handler(void (*handle)(const ks_log_event *event, void *arg), void *arg);
KS_API ks_level ks_log_set_level(ks_level least); /* the old one; default KS_LOG_NOTICE */
#endif
