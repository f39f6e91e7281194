/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h - types that have every kind of field, and random values of any described type.
 *
 * Values are made by walking the description, so a new kind only needs a case in put_random.
 * Everything a value points at lies in one block, which can be overwritten as a whole. Included by
 * one file of each test program. */
#ifndef TESTS_TYPE_SAMPLE_H
#define TESTS_TYPE_SAMPLE_H
#include "base/random.h"
#include "type/type.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum colour { RED, GREEN = 5, BLUE } colour;
KS_ENUM(colour, RED, GREEN, BLUE);
typedef enum __attribute__((packed)) sign { MINUS = -1, ZERO, PLUS } sign;
KS_ENUM(sign, MINUS, ZERO, PLUS);

typedef struct point {
    int8_t tag;
    double y;
    int32_t x;
} point;
KS_TYPE(point, tag, y, x);

typedef struct leaf {
    int16_t n;
    ks_text name;
} leaf;
KS_TYPE(leaf, n, name);

typedef struct node node;
struct node { /* a tree, and a chain */
    int64_t value;
    KS_LIST_OF(node) children;
    const node *next;
};
KS_TYPE(node, value, (list, children, node), (maybe, next, node));

typedef struct holder { /* owns, behind a pointer */
    ks_socket socket;
    ks_bin *bin;
    uint8_t odd;
} holder;
KS_TYPE(holder, socket, bin, odd);

typedef struct every {
    bool flag;
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f32;
    double f64;
    char title[12];
    uint16_t numbers[5];
    ks_pid pids[2];
    colour colour;
    sign sign;
    ks_pid pid;
    ks_ref ref;
    void *local;
    ks_reason reason;
    const char *cstr;
    ks_text text;
    ks_blob blob;
    ks_text secret;
    point point;
    holder holder;
    KS_LIST_OF(leaf) leaves;
    KS_LIST_OF(point) points;
    KS_LIST_OF(ks_text) texts;
    KS_LIST_OF(holder) holders;
    const leaf *maybe;
    const node *tree;
} every;
KS_TYPE(every, flag, i8, u8, i16, u16, i32, u32, i64, u64, f32, f64, (array, title),
    (array, numbers), (array, pids), (enum, colour, colour), (enum, sign, sign), pid, ref,
    (local, local), reason, cstr, text, blob, (secret, secret), (record, point, point),
    (record, holder, holder), (list, leaves, leaf), (list, points, point), (list, texts, ks_text),
    (list, holders, holder), (maybe, maybe, leaf), (maybe, tree, node));

/* --- random values ---------------------------------------------------------------------------- */
enum { MAKER_SIZE = 1 << 18 };
struct maker {
    struct ksi_random random;
    char *memory;
    size_t used;
    int depth;
};

static inline void maker_open(struct maker *maker, uint64_t seed)
{
    *maker = (struct maker){ .memory = malloc(MAKER_SIZE) };
    if (!maker->memory) abort();
    ksi_random_seed(&maker->random, seed);
}

static inline void maker_close(struct maker *maker) { free(maker->memory); }

static inline size_t below(struct maker *maker, size_t n)
{
    return (size_t)ksi_random_below(&maker->random, n);
}

static inline char *room(struct maker *maker, size_t size)
{
    char *at = maker->memory + maker->used;
    maker->used += (size + 15) & ~(size_t)15;
    if (maker->used > MAKER_SIZE) abort();
    return at;
}

/* Bytes that are mostly text, with quotes, controls and broken UTF-8 among them; never a NUL. */
static inline char *random_bytes(struct maker *maker, size_t len)
{
    static const char *const parts[] = { "a", "kiosk", "\"", "\\", "\n", "\x01", "\xc3\xa4",
        "\xe2\x82\xac", "\xf0\x9f\x8f\xaa", "\xff", "\xc3", " " };
    char *bytes = room(maker, len + 1);
    memset(bytes, 0, len + 1);
    for (size_t i = 0; i < len;) {
        const char *part = parts[below(maker, sizeof parts / sizeof *parts)];
        for (; *part && i < len; part++) bytes[i++] = *part;
    }
    return bytes;
}

static inline void make_random(struct maker *maker, const ks_type *type, void *value);

static inline struct ksi_items random_items(struct maker *maker, const ks_type *of, size_t count)
{
    struct ksi_items items = { room(maker, of->size * count + 1), count };
    for (size_t i = 0; i < count; i++) make_random(maker, of, (char *)items.items + i * of->size);
    if (count == 0 && below(maker, 2)) items.items = NULL;
    return items;
}

static inline void put_random(struct maker *maker, const ks_field *field, void *at)
{
    static const size_t lengths[] = { 0, 1, 7, 8, 9, 30, 63, 64, 65, 130 };
    size_t len = lengths[below(maker, sizeof lengths / sizeof *lengths)];
    uint64_t number = ksi_random_next(&maker->random) >> below(maker, 64);
    struct ksi_items items = { NULL, 0 };
    char *bytes = random_bytes(maker, len);
    bool none = below(maker, 4) == 0;
    ks_text *text = at;
    switch ((ks_kind)field->kind) {
    case KS_KIND_BOOL: *(bool *)at = number & 1; break;
    case KS_KIND_F32: *(float *)at = (float)number / 7; break;
    case KS_KIND_F64: *(double *)at = (double)number / 7; break;
    case KS_KIND_BIN: *(ks_bin **)at = none ? NULL : ks_bin_new(ks_bytes(bytes, len)); break;
    case KS_KIND_REASON:
        *(ks_reason *)at = (ks_reason){ (ks_reason_kind)(number % 7), 1, none ? NULL : bytes };
        break;
    case KS_KIND_CSTR: *(const char **)at = none ? NULL : bytes; break;
    case KS_KIND_TEXT: *text = none ? (ks_text){ NULL, 0 } : (ks_text){ bytes, len }; break;
    case KS_KIND_BLOB: *(ks_blob *)at = ks_bytes(none ? NULL : bytes, none ? 0 : len); break;
    case KS_KIND_RECORD: make_random(maker, field->of, at); break;
    case KS_KIND_LIST:
        items = random_items(maker, field->of, maker->depth > 4 ? 0 : below(maker, 4));
        memcpy(at, &items, sizeof items);
        break;
    case KS_KIND_MAYBE:
        if (!none && maker->depth < 5) items = random_items(maker, field->of, 1);
        memcpy(at, &items.items, sizeof items.items);
        break;
    case KS_KIND_CHAR: *(char *)at = bytes[0]; break;
    default: /* integers, enums, pids, refs, sockets, pointers: any bits */
        for (size_t i = 0; i < field->width; i++)
            ((char *)at)[i] = (char)(ksi_random_next(&maker->random) >> 13);
        break;
    }
}

static inline void make_random(struct maker *maker, const ks_type *type, void *value)
{
    maker->depth++;
    memset(value, 0, type->size);
    for (unsigned i = 0; i < type->field_count; i++) {
        const ks_field *field = &type->fields[i];
        for (uint32_t k = 0; k < field->count; k++)
            put_random(maker, field, (char *)value + field->offset + (size_t)k * field->width);
    }
    maker->depth--;
}

/* --- copies ----------------------------------------------------------------------------------- */
/* In one block of exactly the size that was measured: a sanitizer sees each byte too far. */
static inline void *copy_of(const ks_type *type, const void *value)
{
    size_t head = (type->size + 7u) & ~(size_t)7;
    size_t tail = ksi_type_tail(type, value);
    char *block = malloc(head + tail);
    if (!block) abort();
    if (ksi_type_copy(type, block, value, block + head) != block + head + tail) abort();
    return block;
}

static inline void drop(const ks_type *type, void *copy)
{
    ksi_type_release(type, copy);
    free(copy);
}
#endif
