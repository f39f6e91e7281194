/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the crash report: who ended, why, what it was doing, who started it, its last signals.
 *
 * Of fixed size, whatever the process holds; a state is printed only by the module's format_status,
 * and secrets never. Not for normal and shutdown. Runs on a stack of the loop, before anything
 * of the process is released. */
#include "base/base.h"
#include "runtime/scheduler.h"
#include <kiosk/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPORT_BYTES = 4096, ANCESTORS = 8, SIGNALS = 8 };

struct text {
    char bytes[REPORT_BYTES];
    size_t length;
};

static void add(struct text *text, const char *format, ...) KS_PRINTF(2, 3);
static void add(struct text *text, const char *format, ...)
{
    size_t left = sizeof text->bytes - text->length;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text->bytes + text->length, left, format, args);
    va_end(args);
    if (length > 0) text->length += (size_t)length < left ? (size_t)length : left - 1;
}

static void add_process(struct text *text, struct ksi_scheduler *s, uint64_t id)
{
    const struct ksi_process *p = ksi_process_of(s, id);
    char pid[KS_PID_TEXT_MAX];
    add(text, "%s", ks_pid_text(ksi_pid(id), pid, sizeof pid));
    if (!p) return;
    if (p->name)
        add(text, " '%s'", ksi_name_text(p->name));
    else if (p->module)
        add(text, " (%s)", p->module->name);
}

static void add_message(struct text *text, const struct ksi_message *m, const char *printed)
{
    if (!m || m->kind == KSI_START) return;
    add(text, "\n  while handling: ");
    if (m->public.op)
        add(text, "%s %s ", m->public.op->kind == KS_OP_CALL ? "call" : "cast", m->public.op->name);
    add(text, "%s", printed);
}

static const char *kind_name(const struct ksi_event *event)
{
    static const char *const names[] = { "message", "start", "stop", "status", "exit", "response",
        "time-out", "reply", "exit signal", "link", "link exit", "unlink", "unlinked", "monitor",
        "demonitor", "down", "by an alias" };
    return event->kind >= 0 && event->kind < (int64_t)KSI_COUNT_OF(names) ? names[event->kind]
                                                                          : "?";
}

/* The latest signals to this process, newest first. */
static void add_signals(struct text *text, struct ksi_scheduler *s, uint64_t id)
{
    const struct ksi_recorder *recorder = &s->recorder;
    uint64_t oldest =
        recorder->count < KSI_RECORDER_ENTRIES ? 0 : recorder->count - KSI_RECORDER_ENTRIES;
    int found = 0;
    for (uint64_t i = recorder->count; i > oldest && found < SIGNALS; i--) {
        const struct ksi_event *event = &recorder->ring[(i - 1) % KSI_RECORDER_ENTRIES];
        if (event->to != id) continue;
        char from[KS_PID_TEXT_MAX];
        add(text, "%s%s%s%s from %s", found++ ? ", " : "\n  last signals: ", kind_name(event),
            event->what ? " " : "", event->what ? event->what : "",
            ks_pid_text(ksi_pid(event->from), from, sizeof from));
    }
}

static void add_ancestors(struct text *text, struct ksi_scheduler *s, uint64_t parent)
{
    for (int i = 0; i < ANCESTORS && parent; i++) {
        const struct ksi_process *p = ksi_process_of(s, parent);
        add(text, "%s", i ? ", " : "\n  ancestors: ");
        add_process(text, s, parent);
        parent = p ? p->parent : 0;
    }
}

void ksi_report_fill(struct ksi_process *p, ks_report *ret_report)
{
    struct ksi_message *m = p->current;
    bool shown = m && m->kind != KSI_START && m->public.type && m->public.body;
    ret_report->reason = ksi_reason_of(p);
    ret_report->message = shown ? &m->public : NULL;
    ret_report->message_text[0] = ret_report->state_text[0] = 0;
    ks_reason_text(ret_report->reason, ret_report->reason_text, sizeof ret_report->reason_text);
    if (shown)
        ks_print_(m->public.type, m->public.body, ret_report->message_text,
            sizeof ret_report->message_text);
}

void ksi_report_crash(struct ksi_scheduler *s, struct ksi_process *p, const ks_report *report)
{
    struct text text = { .length = 0 };
    uint64_t id = ksi_process_id(p);
    add(&text, "crash: ");
    add_process(&text, s, id);
    if (p->name && p->module) add(&text, " (%s)", p->module->name);
    if (p->cold && p->cold->label) add(&text, " %s", (const char *)(p->cold->label + 1));
    add(&text, " ended: %s", report->reason_text);
    add_message(&text, p->current, report->message_text);
    if (report->state_text[0]) add(&text, "\n  state: %s", report->state_text);
    add_ancestors(&text, s, p->parent);
    if (p->queue_length) add(&text, "\n  queue: %u messages", p->queue_length);
    add_signals(&text, s, id);
    ks_log_error("%s", text.bytes);
}
