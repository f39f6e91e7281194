/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - see json.h. The bounds are those of print.c, but that texts may be longer. */
#include "type/json.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>

enum { TEXT_SHOWN = 1024, ITEMS_SHOWN = 16, DEPTH_SHOWN = 8, VALUES_SHOWN = 1000 };

static void put(struct ksi_json *out, const char *bytes, size_t len)
{
    if (out->full || len > out->size - out->length) {
        out->full = true;
        return;
    }
    memcpy(out->buffer + out->length, bytes, len);
    out->length += len;
}

void ksi_json_raw(struct ksi_json *out, const char *bytes) { put(out, bytes, strlen(bytes)); }

/* --- strings ---------------------------------------------------------------------------------- */
/* What stands for the character at text, in JSON; *ret_step: how many bytes it has there. */
static size_t escape(const char *text, size_t len, char (*ret_piece)[8], size_t *ret_step)
{
    static const char plain[] = "\"\\\n\r\t", letter[] = "\"\\nrt";
    char *piece = *ret_piece;
    unsigned char byte = (unsigned char)text[0];
    size_t step = ksi_utf8_next(text, len);
    *ret_step = step ? step : 1;
    const char *special = byte ? strchr(plain, byte) : NULL;
    if (special) {
        piece[0] = '\\';
        piece[1] = letter[special - plain];
        return 2;
    }
    if (step == 0) { /* no UTF-8: the replacement character */
        piece[0] = '\xef';
        piece[1] = '\xbf';
        piece[2] = '\xbd';
        return 3;
    }
    if (step == 1 && (byte < 0x20 || byte == 0x7f))
        return (size_t)snprintf(piece, sizeof *ret_piece, "\\u%04x", byte);
    memcpy(piece, text, step);
    return step;
}

void ksi_json_string(struct ksi_json *out, const char *text, size_t len, size_t max)
{
    size_t begin = out->length, step = 0, i = 0;
    put(out, "\"", 1);
    for (; i < len && !out->full; i += step) {
        char piece[8];
        size_t size = escape(text + i, len - i, &piece, &step);
        if (out->length - begin + size > max) break;
        put(out, piece, size);
    }
    if (i < len) {
        char rest[48];
        snprintf(rest, sizeof rest, "... (%zu bytes)", len);
        ksi_json_raw(out, rest);
    }
    put(out, "\"", 1);
}

/* --- values ----------------------------------------------------------------------------------- */
static void put_record(struct ksi_json *out, const ks_type *type, const void *value);

static void put_string(struct ksi_json *out, const char *s, size_t len)
{
    if (s)
        ksi_json_string(out, s, len, TEXT_SHOWN);
    else
        ksi_json_raw(out, "null");
}

static void put_printed(struct ksi_json *out, const ks_field *field, const void *at)
{
    char text[256];
    size_t length = ksi_print_element(field, at, text, sizeof text);
    ksi_json_string(out, text, length < sizeof text ? length : sizeof text - 1, sizeof text);
}

static void put_reason(struct ksi_json *out, ks_reason reason)
{
    char text[2 * KS_REASON_TEXT_MAX];
    ks_reason_text(reason, text, sizeof text);
    ksi_json_string(out, text, strlen(text), sizeof text);
}

static void put_number(struct ksi_json *out, const ks_field *field, const void *at)
{
    char text[64];
    double number = 0;
    if (field->kind == KS_KIND_F32) number = (double)*(const float *)at;
    if (field->kind == KS_KIND_F64) number = *(const double *)at;
    if (!isfinite(number)) {
        ksi_json_raw(out, "null");
        return;
    }
    ksi_print_element(field, at, text, sizeof text);
    ksi_json_raw(out, text);
}

static void put_list(struct ksi_json *out, const ks_type *of, struct ksi_items list)
{
    char rest[48];
    ksi_json_raw(out, "[");
    for (size_t i = 0; i < list.count && i < ITEMS_SHOWN; i++) {
        if (i > 0) ksi_json_raw(out, ",");
        put_record(out, of, (const char *)list.items + i * of->size);
    }
    snprintf(rest, sizeof rest, ",\"... (%zu items)\"", list.count);
    if (list.count > ITEMS_SHOWN) ksi_json_raw(out, rest);
    ksi_json_raw(out, "]");
}

static void put_maybe(struct ksi_json *out, const ks_type *of, const void *value)
{
    if (of && value)
        put_record(out, of, value);
    else
        ksi_json_raw(out, "null");
}

static void put_element(struct ksi_json *out, const ks_field *field, const void *at)
{
    const ks_text *text = at;
    const ks_any *any = at;
    const char *string;
    switch ((ks_kind)field->kind) {
    case KS_KIND_ENUM:
    case KS_KIND_PID:
    case KS_KIND_REF:
    case KS_KIND_LOCAL:
    case KS_KIND_SOCKET:
    case KS_KIND_BIN:
    case KS_KIND_BLOB: put_printed(out, field, at); break;
    case KS_KIND_REASON: put_reason(out, *(const ks_reason *)at); break;
    case KS_KIND_CSTR:
        string = ksi_pointer_at(at);
        put_string(out, string, string ? strlen(string) : 0);
        break;
    case KS_KIND_TEXT:
        put_string(out, text->ptr ? text->ptr : "", text->ptr ? text->len : 0);
        break;
    case KS_KIND_RECORD: put_record(out, field->of, at); break;
    case KS_KIND_LIST: put_list(out, field->of, ksi_items_at(at)); break;
    case KS_KIND_MAYBE: put_maybe(out, field->of, ksi_pointer_at(at)); break;
    case KS_KIND_ANY: put_maybe(out, any->type, any->value); break;
    default: put_number(out, field, at); break; /* true and false, too */
    }
}

static void put_array(struct ksi_json *out, const ks_field *field, const char *at)
{
    if (field->kind == KS_KIND_CHAR) {
        put_string(out, at, strnlen(at, field->count));
        return;
    }
    char rest[48];
    ksi_json_raw(out, "[");
    for (uint32_t i = 0; i < field->count && i < ITEMS_SHOWN; i++) {
        if (i > 0) ksi_json_raw(out, ",");
        put_element(out, field, at + (size_t)i * field->width);
    }
    snprintf(rest, sizeof rest, ",\"... (%u items)\"", (unsigned)field->count);
    if (field->count > ITEMS_SHOWN) ksi_json_raw(out, rest);
    ksi_json_raw(out, "]");
}

static void put_field(struct ksi_json *out, const ks_field *field, const char *at)
{
    if (field->name) {
        ksi_json_string(out, field->name, strlen(field->name), TEXT_SHOWN);
        ksi_json_raw(out, ":");
    }
    if (field->secret)
        ksi_json_raw(out, "\"***\"");
    else if (field->array)
        put_array(out, field, at);
    else
        put_element(out, field, at);
}

static void put_record(struct ksi_json *out, const ks_type *type, const void *value)
{
    bool bare = type->field_count == 1 && !type->fields[0].name;
    if (out->depth_left == 0 || out->values_left == 0) {
        ksi_json_raw(out, "\"...\"");
        return;
    }
    out->depth_left--;
    out->values_left--;
    if (!bare) ksi_json_raw(out, "{");
    for (unsigned i = 0; i < type->field_count; i++) {
        if (i > 0) ksi_json_raw(out, ",");
        put_field(out, &type->fields[i], (const char *)value + type->fields[i].offset);
    }
    if (!bare) ksi_json_raw(out, "}");
    out->depth_left++;
}

void ksi_json_value(struct ksi_json *out, const ks_type *type, const void *value, int depth)
{
    out->depth_left = depth <= 0 || depth > DEPTH_SHOWN ? DEPTH_SHOWN : depth;
    out->values_left = VALUES_SHOWN;
    put_record(out, type, value);
}
