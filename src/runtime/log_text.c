/* SPDX-License-Identifier: Apache-2.0 */
/* log_text.c - an event as text for people.
 *
 *     12:30:01.250 [info] <0.7.1> client connected peer=10.0.0.7 bytes=12
 *
 * A report has a line for each field. Whatever an event holds, a terminal sees printable characters
 * only, and each line but the first is indented, so that no text can pass for another event. Pure,
 * but for the time zone. Any thread. */
#include "base/base.h"
#include "base/utf8.h"
#include "runtime/log.h"
#include "type/type.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { VALUE_BYTES = 1024 };

struct writer {
    char *buffer;
    size_t size;
    size_t length;
    bool cut;
    ks_log_format format;
};

/* --- bytes ------------------------------------------------------------------------------------ */
static void put(struct writer *out, const char *bytes, size_t len)
{
    size_t room = out->size - 1 - out->length;
    if (len > room) {
        out->cut = true;
        len = room;
    }
    memcpy(out->buffer + out->length, bytes, len);
    out->length += len;
}

static void puts_to(struct writer *out, const char *s) { put(out, s, strlen(s)); }

KS_PRINTF(2, 3) static void format(struct writer *out, const char *how, ...)
{
    char text[96]; /* numbers and short words only */
    va_list args;
    va_start(args, how);
    int length = vsnprintf(text, sizeof text, how, args);
    va_end(args);
    if (length > 0)
        put(out, text, KSI_LIKELY((size_t)length < sizeof text) ? (size_t)length : sizeof text - 1);
}

/* A control character of either set, or no character at all. */
static bool is_printable(const char *text, size_t step)
{
    unsigned char byte = (unsigned char)text[0];
    if (step == 2 && byte == 0xc2 && (unsigned char)text[1] < 0xa0) return false;
    return step > 1 || (step == 1 && byte >= 0x20 && byte != 0x7f);
}

/* indent: what follows a line break. */
static void put_escaped(struct writer *out, const char *text, size_t len, const char *indent)
{
    for (size_t i = 0, step; i < len && !out->cut; i += step) {
        step = ksi_utf8_next(text + i, len - i);
        bool printable = is_printable(text + i, step);
        if (step == 0) step = 1;
        if (text[i] == '\n' && out->format.single_line)
            puts_to(out, " ");
        else if (text[i] == '\n')
            puts_to(out, indent);
        else if (text[i] == '\t' || printable)
            put(out, text + i, step);
        else
            for (size_t k = 0; k < step; k++) format(out, "\\x%02x", (unsigned char)text[i + k]);
    }
}

/* --- head ------------------------------------------------------------------------------------- */
static const char *colour_of(ks_level level)
{
    if (level >= KS_LOG_ERROR) return "\033[31m";
    return level == KS_LOG_WARNING ? "\033[33m" : "\033[36m";
}

/* On a terminal the time of day; elsewhere the date too, since a file is read later. */
static void put_time(struct writer *out, int64_t wall_clock_ns)
{
    char text[48] = "";
    int64_t milliseconds = wall_clock_ns / 1000000;
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm tm = { 0 };
    localtime_r(&seconds, &tm);
    strftime(text, sizeof text, out->format.colours ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
    format(out, "%s.%03d ", text, (int)(milliseconds % 1000));
}

static void put_head(struct writer *out, const ks_log_event *event)
{
    put_time(out, event->wall_clock_ns);
    if (out->format.colours) puts_to(out, colour_of(event->level));
    format(out, "[%s]", ks_log_level_text(event->level));
    if (out->format.colours) puts_to(out, "\033[0m");
    puts_to(out, " ");
    if (!event->pid.id || event->report) return; /* a report's message says whom it is about */
    format(out, "<0.%u.%u> ", (unsigned)event->pid.id, (unsigned)(event->pid.id >> 32));
}

/* --- fields ----------------------------------------------------------------------------------- */
static bool is_plain_word(ks_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte >= 0x7f) return false;
    }
    return text.len > 0 && text.len < 128;
}

static void put_quoted(struct writer *out, ks_text text)
{
    bool bare = is_plain_word(text);
    size_t shown = ksi_utf8_cut(text.ptr, text.len, VALUE_BYTES);
    if (!bare) puts_to(out, "\"");
    for (size_t i = 0; i < shown; i++) {
        size_t len = strcspn(text.ptr + i, "\"\\\n\t");
        if (len > shown - i) len = shown - i;
        put_escaped(out, text.ptr + i, len, " ");
        i += len;
        if (i == shown) break;
        char pair[2] = { '\\', text.ptr[i] };
        if (pair[1] == '\n') pair[1] = 'n';
        if (pair[1] == '\t') pair[1] = 't';
        put(out, pair, sizeof pair);
    }
    if (!bare) puts_to(out, "\"");
    if (shown < text.len) format(out, "... (%zu bytes)", text.len);
}

static void put_texts(struct writer *out, const ksi_texts *list, const char *indent)
{
    for (size_t i = 0; i < list->texts.count; i++) {
        ks_text text = list->texts.items[i];
        if (i) puts_to(out, ", ");
        put_escaped(out, text.ptr, text.len, indent);
    }
}

static void put_value(struct writer *out, const ks_log_event *event, const ks_log_field *field)
{
    const char *indent = event->report ? "\n    " : " ";
    const void *value = ks_log_value(field);
    char text[VALUE_BYTES];
    if (field->type == &ksi_texts_type) {
        put_texts(out, value, indent);
    } else if (field->type == &ks_none_type) {
        puts_to(out, "nil");
    } else if (field->type == &ks_text_type) {
        const ks_text *given = value;
        ks_text whole = given->ptr ? *given : (ks_text){ "", 0 };
        if (event->report)
            put_escaped(out, whole.ptr, ksi_utf8_cut(whole.ptr, whole.len, VALUE_BYTES), indent);
        else
            put_quoted(out, whole);
    } else if (field->type == &ks_reason_type) {
        ks_reason_text(*(const ks_reason *)value, text, sizeof text);
        if (event->report)
            put_escaped(out, text, strlen(text), indent);
        else
            put_quoted(out, ks_str(text));
    } else {
        size_t length = ksi_print(field->type, value, out->format.depth, text, sizeof text);
        bool whole = length < sizeof text;
        put_escaped(out, text, whole ? length : sizeof text - 1, indent);
        if (!whole) puts_to(out, "...");
    }
}

/* Those of a report read as words: "last signals". */
static void put_key(struct writer *out, const ks_log_event *event, const char *key)
{
    for (size_t len; event->report && key[len = strcspn(key, "_")]; key += len + 1) {
        put_escaped(out, key, len, " ");
        puts_to(out, " ");
    }
    put_escaped(out, key, strlen(key), " ");
}

static void put_field(struct writer *out, const ks_log_event *event, const ks_log_field *field)
{
    puts_to(out, !event->report || out->format.single_line ? " " : "\n  ");
    put_key(out, event, field->key ? field->key : "?");
    puts_to(out, event->report ? ": " : "=");
    put_value(out, event, field);
    if (event->report && out->format.single_line) puts_to(out, ";");
}

/* --- the whole -------------------------------------------------------------------------------- */
static void put_tail(struct writer *out, const ks_log_event *event)
{
    bool has_lines = event->report && event->fields_said < event->field_count;
    if (event->trace_id)
        format(out, "%s%016llx", has_lines && !out->format.single_line ? "\n  trace: " : " trace=",
            (unsigned long long)event->trace_id);
    if (event->level != KS_LOG_DEBUG || !event->file) return;
    const char *slash = strrchr(event->file, '/');
    format(out, " (%.60s:%d)", slash ? slash + 1 : event->file, event->line);
}

/* What was cut ends in dots, and not in half a character. */
static size_t end(struct writer *out)
{
    if (out->cut && out->size > 4) {
        out->length = ksi_utf8_cut(out->buffer, out->length, out->size - 4);
        memcpy(out->buffer + out->length, "...", 3);
        out->length += 3;
    }
    out->buffer[out->length] = 0;
    return out->length;
}

size_t ks_log_text_(const ks_log_event *event, const ks_log_format *format, size_t format_size,
    char *buffer, size_t size)
{
    if (size == 0) return 0;
    struct writer out = {
        .buffer = buffer, .size = size, .format = ksi_log_format_of(format, format_size)
    };
    if (!out.format.bare) put_head(&out, event);
    if (event->message.ptr) put_escaped(&out, event->message.ptr, event->message.len, "\n  ");
    for (size_t i = event->fields_said; i < event->field_count && !out.cut; i++)
        put_field(&out, event, &event->fields[i]);
    for (size_t i = 0; i < event->metadata_count && !out.cut; i++)
        if (!ksi_log_is_hidden(event, &event->metadata[i]))
            put_field(&out, event, &event->metadata[i]);
    if (!out.format.bare) put_tail(&out, event);
    return end(&out);
}
