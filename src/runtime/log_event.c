/* SPDX-License-Identifier: Apache-2.0 */
/* log_event.c - from a call in a program to an event: the text, and what is known without being
 * said. On the stack of whoever logs; nothing is allocated. Any thread. */
#include "runtime/log.h"

#include "runtime/inherited.h"
#include <kiosk/process.h>
#include <kiosk/timer.h>
#include <stdarg.h>
#include <stdio.h>

static const ks_field texts_fields[] = {
    { .of = &ks_text_type, .width = sizeof(ksi_texts), .count = 1, .kind = KS_KIND_LIST },
};
const ks_type ksi_texts_type = { "ksi_texts", texts_fields, sizeof(ksi_texts), 1, false, false };

ks_log_event ksi_log_event_of(struct ksi_process *p, ks_level level)
{
    ks_log_event event = { .level = level, .wall_clock_ns = ks_wall_clock_ns() };
    if (!p) return event;
    event.pid = ksi_pid_of(p);
    event.name = ksi_name_here(p);
    if (p->cold && p->cold->label) event.label = ksi_block_text(p->cold->label);
    if (p->module) event.module = p->module->name;
    if (p->current && p->current->public.op) event.operation = p->current->public.op->name;
    if (p->context) event.trace_id = p->context->trace_id;
    if (p->cold && p->cold->metadata) {
        event.metadata = p->cold->metadata->fields;
        event.metadata_count = p->cold->metadata->count;
    }
    return event;
}

static ks_log_event event_here(ks_level level, const char *file, int line)
{
    KSI_INSIDE(s);
    ks_log_event event = ksi_log_event_of(s ? s->current : NULL, level);
    event.file = file;
    event.line = line;
    return event;
}

void ks_log_(ks_level level, const char *file, int line, const char *format, ...)
{
    char text[KSI_LOG_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ks_log_event event = event_here(level, file, line);
    if (length < 0) /* a wide string that cannot be shown: the format says at least where it was */
        event.message = ks_str(format);
    else
        event.message =
            (ks_text){ text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1 };
    ksi_log_submit(&event);
}

void ks_report_(ks_level level, const char *file, int line, const char *text,
    const ks_log_field *fields, size_t field_count)
{
    ks_log_event event = event_here(level, file, line);
    event.message = ks_str(text);
    event.fields = fields;
    event.field_count = field_count;
    ksi_log_submit(&event);
}

void ks_log_submit_(const ks_log_event *given, size_t size)
{
    ks_log_event event = { 0 };
    memcpy(&event, given, size < sizeof event ? size : sizeof event);
    if (!ks_log_enabled(event.level)) return;
    ks_log_event here = event_here(event.level, event.file, event.line);
    if (!event.wall_clock_ns) event.wall_clock_ns = here.wall_clock_ns;
    if (ks_is_none(event.pid)) {
        event.pid = here.pid;
        event.name = here.name;
        event.label = here.label;
        event.module = here.module;
        event.operation = here.operation;
        event.trace_id = here.trace_id;
        event.metadata = here.metadata;
        event.metadata_count = here.metadata_count;
    }
    ksi_log_submit(&event);
}
