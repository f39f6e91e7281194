/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the way of a log event inside of the library.
 *
 *     ks_log, ks_report, reports --> ksi_log_submit --> each handler whose level admits it
 *                                                         text, json --> log_output.h
 *
 * log.c has levels and handlers, log_event.c makes events, log_text.c and log_json.c show them. */
#ifndef KSI_RUNTIME_LOG_H
#define KSI_RUNTIME_LOG_H
#include "runtime/scheduler.h"
#include <kiosk/log.h>

enum {
    KSI_LOG_MESSAGE_BYTES = 8192, /* of a message made by printf */
    KSI_LOG_LINE_BYTES = 12288    /* of a line on standard error, with all that is in it */
};

/* To the handlers, unless one of them is running in this process: a handler that logs would not
 * end. Its level was admitted by ks_log_enabled. Any thread. */
void ksi_log_submit(const ks_log_event *event);
/* Time, and who it is about: p, or nobody when p is NULL. */
ks_log_event ksi_log_event_of(struct ksi_process *p, ks_level level);

/* Options from a caller that may be older or newer than the library. */
static inline ks_log_format ksi_log_format_of(const ks_log_format *given, size_t size)
{
    ks_log_format format = { 0 };
    if (given) memcpy(&format, given, size < sizeof format ? size : sizeof format);
    return format;
}

/* A list of texts as a value: the text form joins them by commas, without quotes. */
typedef struct ksi_texts {
    KS_LIST_OF(ks_text) texts;
} ksi_texts;
extern const ks_type ksi_texts_type;

#endif
