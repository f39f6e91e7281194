/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - a value as text for people: logs, crash reports, observers.
 *
 * Invariants: never more than size bytes, and what fits is the beginning of the whole; the whole is
 * bounded, whatever the value holds: by length of texts, items of lists, depth, and values in all.
 * Nothing that differs from run to run, such as an address, is shown. Any thread. */
#include "base/utf8.h"
#include "type/type.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_SHOWN = 64, BLOB_SHOWN = 32, ITEMS_SHOWN = 16, DEPTH_SHOWN = 8, VALUES_SHOWN = 1000 };

struct writer {
    char *buffer;
    size_t size;
    size_t length; /* of the whole so far, also of what did not fit */
    int depth_left;
    int values_left;
};

/* --- bytes ---------------------------------------------------------------------------------- */
static void put(struct writer *out, const char *bytes, size_t len)
{
    if (out->length + 1 < out->size) {
        size_t room = out->size - 1 - out->length;
        memcpy(out->buffer + out->length, bytes, len < room ? len : room);
    }
    out->length += len;
}

static void puts_to(struct writer *out, const char *s) { put(out, s, strlen(s)); }

KS_PRINTF(2, 3) static void format(struct writer *out, const char *how, ...)
{
    char text[80]; /* numbers and words only, so all of it fits */
    va_list args;
    va_start(args, how);
    vsnprintf(text, sizeof text, how, args);
    va_end(args);
    puts_to(out, text);
}

/* --- single values -------------------------------------------------------------------------- */
static void put_character(struct writer *out, const char *at, size_t len)
{
    static const char plain[] = "\"\\\n\r\t";
    static const char letter[] = "\"\\nrt";
    const char *special = at[0] ? strchr(plain, at[0]) : NULL;
    if (special)
        format(out, "\\%c", letter[special - plain]);
    else if (len > 1 || ((unsigned char)at[0] >= 0x20 && (unsigned char)at[0] < 0x7f))
        put(out, at, len);
    else
        format(out, "\\x%02x", (unsigned char)at[0]);
}

static void put_text(struct writer *out, const char *text, size_t len)
{
    size_t shown = ksi_utf8_cut(text, len, TEXT_SHOWN);
    puts_to(out, "\"");
    for (size_t i = 0, step; i < shown; i += step) {
        step = ksi_utf8_next(text + i, shown - i);
        if (step == 0) step = 1; /* no UTF-8: shown as its number, since it is above 0x7f */
        put_character(out, text + i, step);
    }
    puts_to(out, "\"");
    if (shown < len) format(out, "... (%zu bytes)", len);
}

static void put_string(struct writer *out, const char *s)
{
    if (s)
        put_text(out, s, strlen(s));
    else
        puts_to(out, "nil");
}

static void put_blob(struct writer *out, ks_blob blob)
{
    size_t len = blob.ptr ? blob.len : 0;
    puts_to(out, "<<");
    for (size_t i = 0; i < len && i < BLOB_SHOWN; i++) format(out, "%02x", blob.ptr[i]);
    if (len > BLOB_SHOWN) format(out, "... (%zu bytes)", len);
    puts_to(out, ">>");
}

/* The shortest digits that read back as the same number, with a point, in every locale. */
static void put_float(struct writer *out, double value, bool narrow)
{
    char text[40];
    bool whole = true;
    /* 6 digits are always kept by a float, 9 are always enough; 15 and 17 for a double. */
    int digits = narrow ? 6 : 15;
    int enough = narrow ? 9 : 17;
    for (bool same = false; !same && digits <= enough; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        same = narrow ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
    }
    for (const char *c = text; *c; c++) {
        if (!strchr("-0123456789", *c)) whole = false;
        /* Whatever is no part of a number or of inf and nan is the locale's point. */
        if (strchr("+-0123456789einfa", *c))
            put(out, c, 1);
        else if (c > text && strchr("0123456789", c[-1]))
            puts_to(out, ".");
    }
    if (whole) puts_to(out, ".0");
}

const char *ks_pid_text(ks_pid pid, char *buffer, size_t size)
{
    enum { ALIAS = 2 }; /* in the runtime's words: KSI_PID_ALIAS */
    uint32_t index = (uint32_t)pid.id;
    if (ks_is_none(pid))
        snprintf(buffer, size, "none");
    else if (pid.kind != 0)
        snprintf(buffer, size, "#%s(%" PRIu32 ")", pid.kind == ALIAS ? "alias" : "name", index);
    else
        snprintf(
            buffer, size, "<%" PRIu32 ".%" PRIu32 ".%" PRIu64 ">", pid.node, index, pid.id >> 32);
    return buffer;
}

static void put_pid(struct writer *out, ks_pid pid)
{
    char text[KS_PID_TEXT_MAX];
    puts_to(out, ks_pid_text(pid, text, sizeof text));
}

static void put_reason(struct writer *out, ks_reason reason)
{
    const char *text = reason.text;
    ks_reason bare = { reason.kind, reason.code, NULL };
    char word[64];
    if (text) puts_to(out, "{");
    puts_to(out, ks_reason_text(bare, word, sizeof word));
    if (!text) return;
    puts_to(out, ", ");
    put_text(out, text, ksi_reason_length(text)); /* as a copy would show it */
    puts_to(out, "}");
}

static void put_enum(struct writer *out, const ks_enum *names, const void *at)
{
    int64_t value = ksi_enum_get(names, at);
    const char *name = ksi_enum_name(names, value);
    if (name)
        puts_to(out, name);
    else
        format(out, "%" PRId64, value);
}

static void put_number(struct writer *out, ks_kind kind, const void *at)
{
    switch (kind) {
    case KS_KIND_I8: format(out, "%d", *(const int8_t *)at); break;
    case KS_KIND_U8: format(out, "%u", *(const uint8_t *)at); break;
    case KS_KIND_I16: format(out, "%d", *(const int16_t *)at); break;
    case KS_KIND_U16: format(out, "%u", *(const uint16_t *)at); break;
    case KS_KIND_I32: format(out, "%" PRId32, *(const int32_t *)at); break;
    case KS_KIND_U32: format(out, "%" PRIu32, *(const uint32_t *)at); break;
    case KS_KIND_I64: format(out, "%" PRId64, *(const int64_t *)at); break;
    case KS_KIND_U64: format(out, "%" PRIu64, *(const uint64_t *)at); break;
    case KS_KIND_F32: put_float(out, (double)*(const float *)at, true); break;
    case KS_KIND_F64: put_float(out, *(const double *)at, false); break;
    default: break;
    }
}

/* --- the walk --------------------------------------------------------------------------------- */
static void put_record(struct writer *out, const ks_type *type, const void *value);

static void put_list(struct writer *out, const ks_type *of, struct ksi_items list)
{
    puts_to(out, "[");
    for (size_t i = 0; i < list.count && i < ITEMS_SHOWN; i++) {
        if (i > 0) puts_to(out, ", ");
        put_record(out, of, (const char *)list.items + i * of->size);
    }
    if (list.count > ITEMS_SHOWN) format(out, ", ... (%zu items)", list.count);
    puts_to(out, "]");
}

static void put_value(struct writer *out, const ks_type *of, const void *value)
{
    if (of && value)
        put_record(out, of, value);
    else
        puts_to(out, "nil");
}

static void put_element(struct writer *out, const ks_field *field, const void *at)
{
    const ks_text *text = at;
    const ks_any *any = at;
    switch ((ks_kind)field->kind) {
    case KS_KIND_BOOL: puts_to(out, *(const bool *)at ? "true" : "false"); break;
    case KS_KIND_ENUM: put_enum(out, field->names, at); break;
    case KS_KIND_PID: put_pid(out, *(const ks_pid *)at); break;
    case KS_KIND_REF:
        format(out, "#ref<%" PRIu64 ".%" PRIu64 ">", ((const ks_ref *)at)->id[0],
            ((const ks_ref *)at)->id[1]);
        break;
    case KS_KIND_LOCAL: puts_to(out, "#local"); break;
    case KS_KIND_SOCKET: format(out, "#socket(%" PRIu64 ")", ((const ks_socket *)at)->id); break;
    case KS_KIND_BIN: put_blob(out, ks_bin_bytes(ksi_pointer_at(at))); break;
    case KS_KIND_REASON: put_reason(out, *(const ks_reason *)at); break;
    case KS_KIND_CSTR: put_string(out, ksi_pointer_at(at)); break;
    case KS_KIND_TEXT: put_text(out, text->ptr, text->ptr ? text->len : 0); break;
    case KS_KIND_BLOB: put_blob(out, *(const ks_blob *)at); break;
    case KS_KIND_RECORD: put_record(out, field->of, at); break;
    case KS_KIND_LIST: put_list(out, field->of, ksi_items_at(at)); break;
    case KS_KIND_MAYBE: put_value(out, field->of, ksi_pointer_at(at)); break;
    case KS_KIND_ANY: put_value(out, any->type, any->value); break;
    default: put_number(out, (ks_kind)field->kind, at); break;
    }
}

static void put_array(struct writer *out, const ks_field *field, const char *at)
{
    if (field->kind == KS_KIND_CHAR) {
        put_text(out, at, strnlen(at, field->count));
        return;
    }
    puts_to(out, "[");
    for (uint32_t i = 0; i < field->count && i < ITEMS_SHOWN; i++) {
        if (i > 0) puts_to(out, ", ");
        put_element(out, field, at + (size_t)i * field->width);
    }
    if (field->count > ITEMS_SHOWN) format(out, ", ... (%" PRIu32 " items)", field->count);
    puts_to(out, "]");
}

static void put_field(struct writer *out, const ks_field *field, const char *at)
{
    if (field->name) {
        puts_to(out, field->name);
        puts_to(out, ": ");
    }
    if (field->secret)
        puts_to(out, "***");
    else if (field->array)
        put_array(out, field, at);
    else
        put_element(out, field, at);
}

static void put_record(struct writer *out, const ks_type *type, const void *value)
{
    bool bare = type->field_count == 1 && !type->fields[0].name;
    if (out->depth_left == 0 || out->values_left == 0) {
        puts_to(out, "...");
        return;
    }
    out->depth_left--;
    out->values_left--;
    if (!bare) {
        puts_to(out, type->name);
        puts_to(out, "{");
    }
    for (unsigned i = 0; i < type->field_count; i++) {
        if (i > 0) puts_to(out, ", ");
        put_field(out, &type->fields[i], (const char *)value + type->fields[i].offset);
    }
    if (!bare) puts_to(out, "}");
    out->depth_left++;
}

static size_t end(struct writer *out)
{
    if (out->size > 0) out->buffer[out->length < out->size ? out->length : out->size - 1] = '\0';
    return out->length;
}

size_t ksi_print(const ks_type *type, const void *value, int depth, char *buffer, size_t size)
{
    if (depth <= 0 || depth > DEPTH_SHOWN) depth = DEPTH_SHOWN;
    struct writer out = {
        .buffer = buffer, .size = size, .depth_left = depth, .values_left = VALUES_SHOWN
    };
    put_record(&out, type, value);
    return end(&out);
}

size_t ksi_print_element(const ks_field *field, const void *at, char *buffer, size_t size)
{
    struct writer out = {
        .buffer = buffer, .size = size, .depth_left = DEPTH_SHOWN, .values_left = VALUES_SHOWN
    };
    put_element(&out, field, at);
    return end(&out);
}

size_t ks_print_(const ks_type *type, const void *value, char *buffer, size_t size)
{
    return ksi_print(type, value, DEPTH_SHOWN, buffer, size);
}
