/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/type.h - describe a plain C struct once; copy, print, compare, ETF and JSON follow.
 *
 *     typedef struct order { int64_t id; ks_text buyer; KS_LIST_OF(line) lines; } order;
 *     KS_TYPE(order, id, buyer, (list, lines, line));
 *
 * Field kinds are deduced. A forgotten field, a `char *`, a wrong element type do not compile.
 * Two more forms: (record, field, T) an embedded struct; (maybe, field, T) a `const T *`, NULL when absent;
 * (array, field) a fixed array of numbers, pids or chars;
 * (secret, field) is copied and zeroed after use, but never printed, logged or sent through a door. */
#ifndef KIOSK_TYPE_H
#define KIOSK_TYPE_H
#include "pp.h"
#include "types.h"

typedef enum ks_kind {
    KS_KIND_BOOL, KS_KIND_I32, KS_KIND_U32, KS_KIND_I64, KS_KIND_U64, KS_KIND_F64,
    KS_KIND_PID, KS_KIND_REF, KS_KIND_CHAR,
    KS_KIND_SOCKET,  /* moves with the message */
    KS_KIND_POINTER, /* (local, field): carried as is, C door only */
    KS_KIND_REASON, KS_KIND_CSTR, KS_KIND_TEXT, KS_KIND_BLOB, KS_KIND_BIN,
    KS_KIND_RECORD, KS_KIND_LIST, KS_KIND_MAYBE
} ks_kind;
typedef struct ks_type ks_type;
typedef struct ks_field {
    const char *name;
    const ks_type *of; /* element type of record, list, maybe */
    uint16_t offset;
    uint16_t count; /* of an array; else 1 */
    uint8_t kind;
    bool secret;
} ks_field;
struct ks_type {
    const char *name;
    const ks_field *fields;
    uint16_t field_count;
    uint16_t size;
    bool flat; /* no pointers inside: a copy is one memcpy */
};
typedef struct ks_none { char unused; } ks_none;
#define KS_LIST_OF(T) struct { const T *items; size_t count; }

KS_API const ks_type ks_none_type, ks_bool_type, ks_int_type, ks_float_type, ks_text_type, ks_blob_type,
    ks_pid_type, ks_ref_type, ks_reason_type;

/* In a header, for a type that several files use; its KS_TYPE stands in one .c file. */
#define KS_DECLARE_TYPE(T) KS_API const ks_type T##_type

/* Deep copy into the calling process's memory: it lives until ks_free or the end of the process. */
#define ks_copy(T, value) ((T *)ks_copy_(&T##_type, KS_CHECKED(T, value)))
KS_API void *ks_copy_(const ks_type *type, const void *value);
KS_API bool ks_equal_(const ks_type *type, const void *a, const void *b);
KS_API size_t ks_print_(const ks_type *type, const void *value, char *buffer, size_t size);

/* --- from here on: how it works ------------------------------------------------------------- */
#define KS_CHECKED(T, ...) _Generic((__VA_ARGS__), T *: (__VA_ARGS__), const T *: (__VA_ARGS__)) /* commas pass */
#define KS_KIND_OF(lvalue)                                                                        \
    _Generic((lvalue), bool: KS_KIND_BOOL, int32_t: KS_KIND_I32, uint32_t: KS_KIND_U32,           \
        int64_t: KS_KIND_I64, uint64_t: KS_KIND_U64, double: KS_KIND_F64, ks_pid: KS_KIND_PID,    \
        ks_ref: KS_KIND_REF, ks_socket: KS_KIND_SOCKET, ks_reason: KS_KIND_REASON,                \
        const char *: KS_KIND_CSTR, ks_text: KS_KIND_TEXT, ks_blob: KS_KIND_BLOB, ks_bin *: KS_KIND_BIN)
#define KS_AT_(T, f) (((T *)0)->f)
#define KS_FIELD_0(T, f) { #f, NULL, offsetof(T, f), 1, KS_KIND_OF(KS_AT_(T, f)), false },
#define KS_FIELD_1(T, x) KS_FIELD_1_(T, KS_UNPAREN x, ~)
#define KS_FIELD_1_(T, ...) KS_FIELD_1__(T, __VA_ARGS__)
#define KS_FIELD_1__(T, how, ...) KS_FIELD_##how(T, __VA_ARGS__)
#define KS_FIELD_record(T, f, U, ...) \
    { #f, _Generic(KS_AT_(T, f), U: &U##_type), offsetof(T, f), 1, KS_KIND_RECORD, false },
#define KS_FIELD_list(T, f, U, ...) \
    { #f, _Generic(KS_AT_(T, f).items, const U *: &U##_type), offsetof(T, f), 1, KS_KIND_LIST, false },
#define KS_FIELD_maybe(T, f, U, ...) \
    { #f, _Generic(KS_AT_(T, f), const U *: &U##_type), offsetof(T, f), 1, KS_KIND_MAYBE, false },
#define KS_FIELD_secret(T, f, ...) { #f, NULL, offsetof(T, f), 1, KS_KIND_OF(KS_AT_(T, f)), true },
#define KS_FIELD_local(T, f, ...) { #f, NULL, offsetof(T, f), 1, KS_KIND_POINTER, false },
#define KS_FIELD_array(T, f, ...)                                                                 \
    { #f, NULL, offsetof(T, f), sizeof KS_AT_(T, f) / sizeof KS_AT_(T, f)[0],                     \
      _Generic(KS_AT_(T, f)[0], char: KS_KIND_CHAR, bool: KS_KIND_BOOL, int32_t: KS_KIND_I32,     \
               int64_t: KS_KIND_I64, double: KS_KIND_F64, ks_pid: KS_KIND_PID), false },
#define KS_FIELD(T, x) KS_CAT(KS_FIELD_, KS_IS_PAREN(x))(T, x)
#define KS_FLAT_0(T, f) &&KS_KIND_OF(KS_AT_(T, f)) < KS_KIND_SOCKET
#define KS_FLAT_1(T, x) &&0
#define KS_FLAT(T, x) KS_CAT(KS_FLAT_, KS_IS_PAREN(x))(T, x)
#define KS_VALUE_0(v, f) v->f,
#define KS_VALUE_1(v, x) KS_VALUE_1_(v, KS_UNPAREN x, ~)
#define KS_VALUE_1_(v, ...) KS_VALUE_1__(v, __VA_ARGS__)
#define KS_VALUE_1__(v, how, f, ...) KS_VALUE_##how(v->f)
#define KS_VALUE_record(x) x,
#define KS_VALUE_list(x) x,
#define KS_VALUE_maybe(x) x,
#define KS_VALUE_secret(x) x,
#define KS_VALUE_local(x) x,
#define KS_VALUE_array(x) { x[0] },
#define KS_VALUE(v, x) KS_CAT(KS_VALUE_, KS_IS_PAREN(x))(v, x)

#define KS_MEMBER_0(T, f) __typeof__(KS_AT_(T, f)) f;
#define KS_MEMBER_1(T, x) KS_MEMBER_1_(T, KS_UNPAREN x, ~)
#define KS_MEMBER_1_(T, ...) KS_MEMBER_1__(T, __VA_ARGS__)
#define KS_MEMBER_1__(T, how, f, ...) __typeof__(KS_AT_(T, f)) f;
#define KS_MEMBER(T, x) KS_CAT(KS_MEMBER_, KS_IS_PAREN(x))(T, x)

/* Two nets for a forgotten field: the size of a struct made of the listed ones, always an error; and a function that never
 * runs, for fields that fit into padding: its warning is lost by gcc where this is a system header. */
#define KS_TYPE(T, ...)                                                                           \
    struct T##_listed { KS_EACH(KS_MEMBER, T, __VA_ARGS__) };                                     \
    _Static_assert(sizeof(struct T##_listed) == sizeof(T), "KS_TYPE(" #T ", ...) must list every field"); \
    _Pragma("GCC diagnostic push")                                                                \
    _Pragma("GCC diagnostic error \"-Wmissing-field-initializers\"")                              \
    KS_STUB T T##_lists_every_field(const T *v) { return (T){ KS_EACH(KS_VALUE, v, __VA_ARGS__) }; } \
    _Pragma("GCC diagnostic pop")                                                                 \
    static const ks_field T##_fields[] = { KS_EACH(KS_FIELD, T, __VA_ARGS__) };                   \
    KS_API const ks_type T##_type;                                                                \
    const ks_type T##_type = { #T, T##_fields, KS_COUNT(__VA_ARGS__), sizeof(T),                  \
                               1 KS_EACH(KS_FLAT, T, __VA_ARGS__) }
#endif
