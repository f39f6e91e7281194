/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the crash report: who ended, why, what it was doing, who started it, its last signals.
 *
 * One event with a field for each. Of limited size, whatever the process holds; a state is printed
 * only by the module's format_status, and secrets never. Not for normal and shutdown. Runs on a
 * stack of the loop, before anything of the process is released. */
#include "base/base.h"
#include "runtime/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_BYTES = 640, LINE_BYTES = 120, ANCESTORS = 8, SIGNALS = 8, FIELDS = 8 };

struct text {
    char *bytes;
    size_t size, length;
};
/* So many short texts, as one value. */
struct lines {
    char bytes[SIGNALS][LINE_BYTES];
    ks_text texts[SIGNALS];
    size_t count;
    ksi_texts value;
};
_Static_assert(ANCESTORS <= SIGNALS, "a list for either");
struct report {
    struct ksi_scheduler *s;
    const struct ksi_process *p;
    ks_log_field fields[FIELDS];
    size_t count;
    struct lines ancestors, signals;
    char head[HEAD_BYTES], handling[LINE_BYTES];
};

static void add(struct text *text, const char *format, ...) KS_PRINTF(2, 3);
static void add(struct text *text, const char *format, ...)
{
    size_t left = text->size - text->length;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text->bytes + text->length, left, format, args);
    va_end(args);
    if (length > 0) text->length += (size_t)length < left ? (size_t)length : left - 1;
}

static void add_process(struct text *text, struct ksi_scheduler *s, uint64_t id)
{
    struct ksi_process *p = ksi_process_of(s, id);
    char pid[KS_PID_TEXT_MAX], name[KSI_NAME_BYTES];
    add(text, "%s", ks_pid_text(ksi_pid(id), pid, sizeof pid));
    if (!p) return;
    if (ksi_name_text(s, p, name, sizeof name))
        add(text, " '%s'", name);
    else if (ksi_is_home(s, p) && p->module)
        add(text, " (%s)", p->module->name);
}

static void add_field(struct report *report, ks_log_field field)
{
    if (KSI_LIKELY(report->count < FIELDS)) report->fields[report->count++] = field;
}

static void add_list(struct report *report, const char *key, struct lines *lines)
{
    if (!lines->count) return;
    lines->value.texts.items = lines->texts;
    lines->value.texts.count = lines->count;
    add_field(report, ks_with_record_(key, &ksi_texts_type, &lines->value));
}

static struct text next_line(struct lines *lines)
{
    return (struct text){ .bytes = lines->bytes[lines->count], .size = LINE_BYTES };
}

static void end_line(struct lines *lines, const struct text *text)
{
    lines->texts[lines->count++] = (ks_text){ text->bytes, text->length };
}

/* The message as it is, unless the module's format_report has said something else of it. */
static void add_message(struct report *report, const struct ksi_message *m, const char *said)
{
    char usual[sizeof((ks_report *)0)->message_text];
    if (!m || m->kind == KSI_START) return;
    const ks_op *op = m->public.op;
    snprintf(report->handling, sizeof report->handling, "%s%s",
        !op                          ? "message"
            : op->kind == KS_OP_CALL ? "call "
                                     : "cast ",
        op ? op->name : "");
    add_field(report, KS_WITH("while_handling", report->handling));
    if (!m->public.type || !m->public.body) return;
    ks_print_(m->public.type, m->public.body, usual, sizeof usual);
    if (strcmp(usual, said) == 0)
        add_field(report, ks_with_record_("message", m->public.type, m->public.body));
    else
        add_field(report, KS_WITH("message", said));
}

static const char *kind_name(const struct ksi_event *event)
{
    static const char *const names[] = { "message", "start", "stop", "status", "exit", "response",
        "time-out", "packet", "reply", "exit signal", "link", "link exit", "unlink", "unlinked",
        "monitor", "demonitor", "down", "by an alias", "drain", "settled", "answer", "event" };
    return event->kind >= 0 && event->kind < (int64_t)KSI_COUNT_OF(names) ? names[event->kind]
                                                                          : "?";
}

/* The latest signals to this process, newest first. */
static void add_signals(struct report *report, uint64_t id)
{
    const struct ksi_recorder *recorder = &report->s->recorder;
    struct lines *lines = &report->signals;
    uint64_t oldest =
        recorder->count < KSI_RECORDER_ENTRIES ? 0 : recorder->count - KSI_RECORDER_ENTRIES;
    for (uint64_t i = recorder->count; i > oldest && lines->count < SIGNALS; i--) {
        const struct ksi_event *event = &recorder->ring[(i - 1) % KSI_RECORDER_ENTRIES];
        if (event->to != id) continue;
        char from[KS_PID_TEXT_MAX];
        struct text text = next_line(lines);
        add(&text, "%s%s%s from %s", kind_name(event), event->what ? " " : "",
            event->what ? event->what : "", ks_pid_text(ksi_pid(event->from), from, sizeof from));
        end_line(lines, &text);
    }
    add_list(report, "last_signals", lines);
}

static void add_ancestors(struct report *report, uint64_t parent)
{
    struct lines *lines = &report->ancestors;
    while (parent && lines->count < ANCESTORS) {
        struct ksi_process *p = ksi_process_of(report->s, parent);
        struct text text = next_line(lines);
        add_process(&text, report->s, parent);
        end_line(lines, &text);
        parent = p && ksi_is_home(report->s, p) ? p->parent : 0;
    }
    add_list(report, "ancestors", lines);
}

/* The line that is read first, and alone says what happened. */
static ks_text headline(struct report *report, const char *why)
{
    const struct ksi_process *p = report->p;
    struct text text = { .bytes = report->head, .size = sizeof report->head };
    add(&text, "crash: ");
    add_process(&text, report->s, ksi_process_id(p));
    if (ksi_load_relaxed(&p->name) && p->module) add(&text, " (%s)", p->module->name);
    if (p->cold && p->cold->label) add(&text, " %s", ksi_block_text(p->cold->label));
    add(&text, " ended: %s", why);
    return (ks_text){ text.bytes, text.length };
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

/* As it is, unless format_report has said something else of it. */
static ks_log_field reason_field(const ks_report *said)
{
    char usual[sizeof said->reason_text];
    ks_reason_text(said->reason, usual, sizeof usual);
    return strcmp(usual, said->reason_text) == 0 ? KS_WITH("reason", said->reason)
                                                 : KS_WITH("reason", said->reason_text);
}

void ksi_report_crash(struct ksi_scheduler *s, struct ksi_process *p, const ks_report *said)
{
    struct report report;
    report.s = s;
    report.p = p;
    report.count = report.ancestors.count = report.signals.count = 0;
    ks_log_event event = ksi_log_event_of(p, KS_LOG_ERROR);
    event.report = "crash";
    event.message = headline(&report, said->reason_text);
    add_field(&report, reason_field(said));
    event.fields_said = report.count;
    add_message(&report, p->current, said->message_text);
    if (said->state_text[0]) add_field(&report, KS_WITH("state", said->state_text));
    add_ancestors(&report, p->parent);
    uint32_t queued = ksi_load_relaxed(&p->queue_length); /* its own scheduler's, which is us */
    if (queued) add_field(&report, KS_WITH("queue", queued));
    add_signals(&report, ksi_process_id(p));
    event.fields = report.fields;
    event.field_count = report.count;
    ksi_log_submit(&event);
}
