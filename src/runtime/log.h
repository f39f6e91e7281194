/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the way of a log event inside of the library.
 *
 *     ks_log, ks_report, reports --> ksi_log_submit --> filters --> each handler that admits it
 *                                                                     text, json --> log_output.h
 *
 * log.c has levels, log_handler.c handlers and filters, log_event.c makes events, log_metadata.c
 * keeps what those of a process carry, log_text.c and log_json.c show them. */
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
/* What the usual handler is when nobody has set one. */
void ksi_log_set_standard(ks_log_handle *handle);
static inline bool ksi_log_is_limit(ks_level level) { return (unsigned)level <= KS_LOG_NONE; }
/* Time, and who it is about: p, or nobody when p is NULL. */
ks_log_event ksi_log_event_of(struct ksi_process *p, ks_level level);

/* Options from a caller that may be older or newer than the library. */
static inline ks_log_format ksi_log_format_of(const ks_log_format *given, size_t size)
{
    ks_log_format format = { 0 };
    if (given) memcpy(&format, given, size < sizeof format ? size : sizeof format);
    return format;
}

/* What all events of a process carry; in its memory. */
struct ksi_metadata {
    size_t count;
    ks_log_field fields[];
};
/* An event's own field of that name takes its place. */
static inline bool ksi_log_is_hidden(const ks_log_event *event, const ks_log_field *metadata)
{
    for (size_t i = 0; i < event->field_count; i++)
        if (event->fields[i].key && strcmp(event->fields[i].key, metadata->key) == 0) return true;
    return false;
}

/* A list of texts as a value: the text form joins them by commas, without quotes. */
typedef struct ksi_texts {
    KS_LIST_OF(ks_text) texts;
} ksi_texts;
extern const ks_type ksi_texts_type;

#endif
