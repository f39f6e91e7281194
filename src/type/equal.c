/* SPDX-License-Identifier: Apache-2.0 */
/* equal.c - are two values of one type the same, through all their pointers? Any thread. */
#include "type/type.h"

/* A length without memory is nothing, as in a copy. */
static bool bytes_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    if (!a) a_len = 0;
    if (!b) b_len = 0;
    return a_len == b_len && (a_len == 0 || a == b || memcmp(a, b, a_len) == 0);
}

static bool blob_equal(ks_blob a, ks_blob b) { return bytes_equal(a.ptr, a.len, b.ptr, b.len); }
static bool text_equal(ks_text a, ks_text b) { return bytes_equal(a.ptr, a.len, b.ptr, b.len); }

static bool string_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* As numbers, except that a value equals its copy also when it is no number. */
static bool number_equal(double a, double b) { return a == b || (a != a && b != b); }

static bool list_equal(const ks_type *of, struct ksi_items a, struct ksi_items b)
{
    if (a.count != b.count) return false;
    for (size_t i = 0; i < a.count; i++) {
        size_t offset = i * of->size;
        if (!ks_equal_(of, (const char *)a.items + offset, (const char *)b.items + offset))
            return false;
    }
    return true;
}

static bool maybe_equal(const ks_type *of, const void *a, const void *b)
{
    return a && b ? ks_equal_(of, a, b) : a == b;
}

static bool any_equal(const ks_any *a, const ks_any *b)
{
    const void *value = a->type ? a->value : NULL, *other = b->type ? b->value : NULL;
    if (!value || !other) return value == other;
    return a->type == b->type && ks_equal_(a->type, value, other);
}

/* One element of what is not plain bytes. */
static bool element_equal(const ks_field *field, const void *a, const void *b)
{
    switch ((ks_kind)field->kind) {
    case KS_KIND_F32: return number_equal(*(const float *)a, *(const float *)b);
    case KS_KIND_F64: return number_equal(*(const double *)a, *(const double *)b);
    case KS_KIND_BIN:
        return blob_equal(ks_bin_bytes(ksi_pointer_at(a)), ks_bin_bytes(ksi_pointer_at(b)));
    case KS_KIND_REASON:
        return ((const ks_reason *)a)->kind == ((const ks_reason *)b)->kind &&
            ((const ks_reason *)a)->code == ((const ks_reason *)b)->code;
    case KS_KIND_CSTR: return string_equal(ksi_pointer_at(a), ksi_pointer_at(b));
    case KS_KIND_TEXT: return text_equal(*(const ks_text *)a, *(const ks_text *)b);
    case KS_KIND_BLOB: return blob_equal(*(const ks_blob *)a, *(const ks_blob *)b);
    case KS_KIND_RECORD: return ks_equal_(field->of, a, b);
    case KS_KIND_LIST: return list_equal(field->of, ksi_items_at(a), ksi_items_at(b));
    case KS_KIND_MAYBE: return maybe_equal(field->of, ksi_pointer_at(a), ksi_pointer_at(b));
    case KS_KIND_ANY: return any_equal(a, b);
    default: return memcmp(a, b, field->width) == 0; /* integers, pids...: no padding inside */
    }
}

static bool field_equal(const ks_field *field, const char *a, const char *b)
{
    /* A C string in a fixed array: what stands behind its NUL is rubbish. */
    if (field->kind == KS_KIND_CHAR) return strncmp(a, b, field->count) == 0;
    for (uint32_t i = 0; i < field->count; i++, a += field->width, b += field->width)
        if (!element_equal(field, a, b)) return false;
    return true;
}

bool ks_equal_(const ks_type *type, const void *a, const void *b)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        if (!field_equal(field, (const char *)a + field->offset, (const char *)b + field->offset))
            return false;
    }
    return true;
}
