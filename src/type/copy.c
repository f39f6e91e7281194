/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - the walks over a value that copying needs: measure, detach, sockets, release.
 *
 * Invariant: detach writes exactly what tail measured, part by part, each rounded up to 8 bytes.
 * A copy is a memcpy whose pointers are then replaced: first the struct, then each list as a whole,
 * so flat elements cost nothing. Any thread. */
#include "base/utf8.h"
#include "type/type.h"

/* Sums that cannot wrap: what no memory can hold stays at the maximum. */
static size_t plus(size_t a, size_t b)
{
    return a >= KSI_TYPE_TAIL_MAX - b ? KSI_TYPE_TAIL_MAX : a + b;
}
static size_t rounded(size_t size)
{
    return size >= KSI_TYPE_TAIL_MAX ? KSI_TYPE_TAIL_MAX : (size + 7) & ~(size_t)7;
}
static size_t items_size(const ks_type *of, size_t count)
{
    size_t size;
    return __builtin_mul_overflow(of->size, count, &size) ? KSI_TYPE_TAIL_MAX : rounded(size);
}
/* A little beyond the maximum is looked at, so that a character there is known to be whole. */
size_t ksi_reason_length(const char *text)
{
    size_t length = strnlen(text, KS_REASON_TEXT_MAX + 4);
    return ksi_utf8_cut(text, length, KS_REASON_TEXT_MAX);
}

/* --- measure -------------------------------------------------------------------------------- */
static size_t list_tail(const ks_type *of, struct ksi_items list)
{
    size_t total = items_size(of, list.count);
    if (of->flat || total == KSI_TYPE_TAIL_MAX) return total;
    for (size_t i = 0; i < list.count; i++)
        total = plus(total, ksi_type_tail_deep(of, (const char *)list.items + i * of->size));
    return total;
}

static size_t value_tail(const ks_type *of, const void *value)
{
    return of && value ? plus(rounded(of->size), ksi_type_tail(of, value)) : 0;
}

static size_t field_tail(const ks_field *field, const void *at)
{
    const char *pointer;
    switch ((ks_kind)field->kind) {
    case KS_KIND_TEXT: {
        const ks_text *text = at;
        return text->ptr && text->len ? rounded(plus(text->len, 1)) : 0;
    }
    case KS_KIND_BLOB: {
        const ks_blob *blob = at;
        return blob->ptr ? rounded(blob->len) : 0;
    }
    case KS_KIND_CSTR:
        pointer = ksi_pointer_at(at);
        return pointer ? rounded(strlen(pointer) + 1) : 0;
    case KS_KIND_REASON:
        pointer = ((const ks_reason *)at)->text;
        return pointer ? rounded(ksi_reason_length(pointer) + 1) : 0;
    case KS_KIND_RECORD: return ksi_type_tail(field->of, at);
    case KS_KIND_LIST: return list_tail(field->of, ksi_items_at(at));
    case KS_KIND_MAYBE: return value_tail(field->of, ksi_pointer_at(at));
    case KS_KIND_ANY: return value_tail(((const ks_any *)at)->type, ((const ks_any *)at)->value);
    default: return 0;
    }
}

size_t ksi_type_tail_deep(const ks_type *type, const void *value)
{
    size_t total = 0;
    for (unsigned i = 0; i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        if (field->kind > KS_KIND_BIN)
            total = plus(total, field_tail(field, (const char *)value + field->offset));
    }
    return total;
}

/* --- detach ----------------------------------------------------------------------------------- */
/* One part of the tail. What rounding adds is zeroed: the NUL of texts, and nothing undefined goes
 * along when the block is written to another OS process. */
static char *place(char *tail, const void *bytes, size_t len, size_t size)
{
    memcpy(tail, bytes, len);
    memset(tail + len, 0, size - len);
    return tail + size;
}

static char *detach_text(void *at, char *tail)
{
    ks_text *text = at;
    if (!text->ptr || !text->len) {
        *text = (ks_text){ "", 0 };
        return tail;
    }
    char *end = place(tail, text->ptr, text->len, rounded(text->len + 1));
    text->ptr = tail;
    return end;
}

static char *detach_blob(void *at, char *tail)
{
    ks_blob *blob = at;
    if (!blob->ptr || !blob->len) {
        *blob = (ks_blob){ (const uint8_t *)"", 0 };
        return tail;
    }
    char *end = place(tail, blob->ptr, blob->len, rounded(blob->len));
    blob->ptr = (const uint8_t *)tail;
    return end;
}

/* A C string that is len bytes long, or shall be; at is where its pointer stands. */
static char *detach_string(void *at, size_t len, char *tail)
{
    char *end = place(tail, ksi_pointer_at(at), len, rounded(len + 1));
    memcpy(at, &tail, sizeof tail);
    return end;
}

static char *detach_list(const ks_type *of, void *at, char *tail)
{
    struct ksi_items list = ksi_items_at(at);
    char *items = tail;
    char *end = tail;
    if (list.count > 0) {
        end = place(tail, list.items, list.count * of->size, items_size(of, list.count));
        list.items = items;
    } else {
        list.items = NULL;
    }
    memcpy(at, &list, sizeof list);
    for (size_t i = 0; !of->flat && i < list.count; i++)
        end = ksi_type_detach(of, items + i * of->size, end);
    return end;
}

static char *detach_maybe(const ks_type *of, void *at, char *tail)
{
    const void *pointer = ksi_pointer_at(at);
    if (!pointer) return tail;
    char *end = place(tail, pointer, of->size, rounded(of->size));
    memcpy(at, &tail, sizeof tail);
    return of->flat ? end : ksi_type_detach(of, tail, end);
}

static char *detach_any(void *at, char *tail)
{
    ks_any *any = at;
    if (!any->type) any->value = NULL;
    return any->value ? detach_maybe(any->type, &any->value, tail) : tail;
}

static char *detach_field(const ks_field *field, void *at, char *tail)
{
    ks_reason *reason;
    switch ((ks_kind)field->kind) {
    case KS_KIND_BIN: (void)ks_bin_ref(ksi_pointer_at(at)); return tail;
    case KS_KIND_TEXT: return detach_text(at, tail);
    case KS_KIND_BLOB: return detach_blob(at, tail);
    case KS_KIND_CSTR:
        return ksi_pointer_at(at) ? detach_string(at, strlen(ksi_pointer_at(at)), tail) : tail;
    case KS_KIND_REASON:
        reason = at;
        return reason->text ? detach_string(&reason->text, ksi_reason_length(reason->text), tail)
                            : tail;
    case KS_KIND_RECORD: return field->of->flat ? tail : ksi_type_detach(field->of, at, tail);
    case KS_KIND_LIST: return detach_list(field->of, at, tail);
    case KS_KIND_MAYBE: return detach_maybe(field->of, at, tail);
    case KS_KIND_ANY: return detach_any(at, tail);
    default: return tail;
    }
}

/* *copied is a memcpy of a value: gives it memory of its own. */
char *ksi_type_detach(const ks_type *type, void *copied, char *tail)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        if (field->kind >= KS_KIND_BIN)
            tail = detach_field(field, (char *)copied + field->offset, tail);
    }
    return tail;
}

/* --- sockets and release -------------------------------------------------------------------- */
/* What a field points at, as a run of values; *ret_of is their type, NULL for other kinds. */
static struct ksi_items inner(const ks_field *field, void *at, const ks_type **ret_of)
{
    struct ksi_items values = { at, 1 };
    *ret_of = field->kind < KS_KIND_RECORD ? NULL : field->of;
    if (field->kind == KS_KIND_LIST) values = ksi_items_at(at);
    if (field->kind == KS_KIND_MAYBE) {
        values.items = ksi_pointer_at(at);
        values.count = values.items != NULL;
    }
    if (field->kind == KS_KIND_ANY) {
        const ks_any *any = at;
        *ret_of = any->type;
        values = (struct ksi_items){ any->value, any->value != NULL };
    }
    return values;
}

void ksi_type_each_socket(
    const ks_type *type, void *value, void (*visit)(ks_socket *socket, void *arg), void *arg)
{
    for (unsigned i = 0; type->owns && i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        char *at = (char *)value + field->offset;
        const ks_type *of;
        if (field->kind == KS_KIND_SOCKET) visit((ks_socket *)(void *)at, arg);
        struct ksi_items values = inner(field, at, &of);
        for (size_t k = 0; of && of->owns && k < values.count; k++)
            ksi_type_each_socket(of, (char *)values.items + k * of->size, visit, arg);
    }
}

size_t ksi_type_shared(const ks_type *type, void *value)
{
    size_t total = 0;
    for (unsigned i = 0; type->owns && i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        char *at = (char *)value + field->offset;
        const ks_type *of;
        if (field->kind == KS_KIND_BIN)
            total = plus(total, rounded(ks_bin_bytes(ksi_pointer_at(at)).len));
        struct ksi_items values = inner(field, at, &of);
        for (size_t k = 0; of && of->owns && k < values.count; k++)
            total = plus(total, ksi_type_shared(of, (char *)values.items + k * of->size));
    }
    return total;
}

static void wipe_bytes(const void *bytes, size_t len)
{
    if (bytes && len > 0) explicit_bzero((void *)bytes, len);
}

static void wipe(const ks_field *field, void *at)
{
    const char *pointer = NULL;
    if (field->kind == KS_KIND_TEXT) wipe_bytes(((ks_text *)at)->ptr, ((ks_text *)at)->len);
    if (field->kind == KS_KIND_BLOB) wipe_bytes(((ks_blob *)at)->ptr, ((ks_blob *)at)->len);
    if (field->kind == KS_KIND_CSTR) pointer = ksi_pointer_at(at);
    if (field->kind == KS_KIND_REASON) pointer = ((ks_reason *)at)->text;
    if (pointer) wipe_bytes(pointer, strlen(pointer));
    explicit_bzero(at, field->width);
}

void ksi_type_release_deep(const ks_type *type, void *value)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        char *at = (char *)value + field->offset;
        const ks_type *of;
        if (field->kind == KS_KIND_BIN) {
            ks_bin_unref(ksi_pointer_at(at));
            memset(at, 0, sizeof(ks_bin *)); /* so that releasing twice does no harm */
        }
        struct ksi_items values = inner(field, at, &of);
        for (size_t k = 0; of && of->owns && k < values.count; k++)
            ksi_type_release_deep(of, (char *)values.items + k * of->size);
        if (field->secret) wipe(field, at);
    }
}
