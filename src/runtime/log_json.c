/* SPDX-License-Identifier: Apache-2.0 */
/* log_json.c - an event as one JSON object on one line.
 *
 *     {"time":"2026-01-31T12:30:01.250000Z","level":"info","pid":"<0.7.1>","message":"connected",
 *      "fields":{"peer":"10.0.0.7","bytes":12},"metadata":{"request":7}}
 *
 * What is known of the event and its message come first, and half of the room is theirs; then
 * fields and the metadata of the process, each whole or not at all. Room to close what is open is
 * set aside. Pure; any thread. */
#include "runtime/log.h"
#include "type/json.h"

#include <stdio.h>
#include <time.h>

enum {
    LEAST_BYTES = 256,
    CLOSING_BYTES = 24 /* two braces, and that it is cut */,
    NAME_BYTES = 100,
    SHOWN_BYTES = 256
};

/* Nothing of a member that does not fit stays. True: it is there. */
static bool keep(struct ksi_json *out, size_t mark)
{
    if (!out->full) return true;
    out->length = mark;
    out->full = false;
    return false;
}

/* ,"key":"text" */
static bool put_text(
    struct ksi_json *out, const char *key, const char *text, size_t len, size_t max)
{
    size_t mark = out->length;
    if (!text) return true;
    ksi_json_raw(out, ",\"");
    ksi_json_raw(out, key);
    ksi_json_raw(out, "\":");
    ksi_json_string(out, text, len, max);
    return keep(out, mark);
}

static bool put_word(struct ksi_json *out, const char *key, const char *text)
{
    return put_text(out, key, text, text ? strlen(text) : 0, NAME_BYTES);
}

static bool put_line_number(struct ksi_json *out, int line)
{
    char text[24];
    size_t mark = out->length;
    snprintf(text, sizeof text, ",\"line\":%d", line);
    ksi_json_raw(out, text);
    return keep(out, mark);
}

/* Fits always: LEAST_BYTES is more. */
static void put_time(struct ksi_json *out, const ks_log_event *event)
{
    char text[48] = "";
    time_t seconds = (time_t)(event->wall_clock_ns / 1000000000);
    struct tm tm = { 0 };
    gmtime_r(&seconds, &tm);
    ksi_json_raw(out, "{\"time\":\"");
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    ksi_json_raw(out, text);
    snprintf(
        text, sizeof text, ".%06dZ\",\"level\":\"", (int)(event->wall_clock_ns / 1000 % 1000000));
    ksi_json_raw(out, text);
    ksi_json_raw(out, ks_log_level_text(event->level));
    ksi_json_raw(out, "\"");
}

static bool put_metadata(struct ksi_json *out, const ks_log_event *event)
{
    char pid[48] = "", trace[24] = "";
    bool whole = true;
    snprintf(
        pid, sizeof pid, "<0.%u.%u>", (unsigned)event->pid.id, (unsigned)(event->pid.id >> 32));
    snprintf(trace, sizeof trace, "%016llx", (unsigned long long)event->trace_id);
    whole &= put_word(out, "report", event->report);
    whole &= put_word(out, "pid", event->pid.id ? pid : NULL);
    whole &= put_word(out, "name", event->name);
    whole &= put_word(out, "label", event->label);
    whole &= put_word(out, "module", event->module);
    whole &= put_word(out, "operation", event->operation);
    whole &= put_word(out, "trace", event->trace_id ? trace : NULL);
    whole &= put_word(out, "file", event->file);
    if (event->file) whole &= put_line_number(out, event->line);
    return whole;
}

/* A value that does not fit, as text. */
static void put_beginning(
    struct ksi_json *out, const ks_log_field *field, const ks_log_format *format, size_t mark)
{
    char text[SHOWN_BYTES];
    (void)keep(out, mark);
    ksi_print(field->type, ks_log_value(field), format->depth, text, sizeof text);
    ksi_json_string(out, text, strlen(text), SHOWN_BYTES);
}

static bool put_field(
    struct ksi_json *out, const ks_log_field *field, const ks_log_format *format, bool first)
{
    const char *key = field->key ? field->key : "?";
    size_t mark = out->length;
    if (!first) ksi_json_raw(out, ",");
    ksi_json_string(out, key, strlen(key), NAME_BYTES);
    ksi_json_raw(out, ":");
    if (out->full) return keep(out, mark);
    size_t value = out->length;
    if (field->type == &ks_none_type)
        ksi_json_raw(out, "null");
    else
        ksi_json_value(out, field->type, ks_log_value(field), format->depth);
    if (!out->full) return true;
    put_beginning(out, field, format, value);
    return keep(out, mark);
}

/* hidden: those that the event has itself are left out. */
static bool put_fields(struct ksi_json *out, const ks_log_event *event, const ks_log_field *fields,
    size_t count, const ks_log_format *format, bool hidden)
{
    size_t mark = out->length;
    bool whole = true, first = true;
    if (count == 0) return true;
    ksi_json_raw(out, hidden ? ",\"metadata\":{" : ",\"fields\":{");
    if (!keep(out, mark)) return false;
    for (size_t i = 0; i < count; i++) {
        if (hidden && ksi_log_is_hidden(event, &fields[i])) continue;
        bool put = put_field(out, &fields[i], format, first);
        first &= !put;
        whole &= put;
    }
    out->size++; /* the brace is among the bytes set aside */
    ksi_json_raw(out, "}");
    return whole;
}

size_t ks_log_json_(const ks_log_event *event, const ks_log_format *format, size_t format_size,
    char *buffer, size_t size)
{
    const ks_log_format how = ksi_log_format_of(format, format_size);
    if (size > 0) buffer[0] = 0;
    if (size < LEAST_BYTES) return 0;
    struct ksi_json out = { .buffer = buffer, .size = size - CLOSING_BYTES };
    put_time(&out, event);
    size_t room = (out.size - out.length) / 2;
    const char *message = event->message.ptr ? event->message.ptr : "";
    bool whole = put_text(&out, "message", message, event->message.len, room - 64);
    whole &= put_metadata(&out, event);
    whole &= put_fields(&out, event, event->fields, event->field_count, &how, false);
    whole &= put_fields(&out, event, event->metadata, event->metadata_count, &how, true);
    out.size = size - 1;
    ksi_json_raw(&out, whole ? "}" : ",\"cut\":true}");
    buffer[out.length] = 0;
    return out.length;
}
