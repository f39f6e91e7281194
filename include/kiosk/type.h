/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/type.h - describe a plain C struct once; copy, print, compare, ETF and JSON follow.
 *
 *     typedef struct order { int64_t id; ks_text buyer; KS_LIST_OF(line) lines; } order;
 *     KS_TYPE(order, id, buyer, (list, lines, line));
 *
 * Kinds are deduced: bool, sized integers, float, double, ks_pid, ks_ref, ks_socket, ks_reason,
 * const char *, ks_text, ks_blob, ks_bin *, ks_any. A forgotten field, a `char *`, a wrong element
 * type do not compile. What the field's type alone does not tell is said in parentheses:
 *     (record, field, T)  an embedded struct            (list, field, T)  a KS_LIST_OF(T)
 *     (maybe, field, T)   a `const T *`, NULL when absent; T may be the type itself
 *     (array, field)      a fixed array of numbers, pids, refs, or chars (a C string)
 *     (enum, field, E)    an enum described by KS_ENUM, so that it is shown by name
 *     (secret, field)     copied, and zeroed after use; never printed, logged or sent out by a door
 *     (local, field)      carried as it is, whatever it points at: inside this program only
 * At most 32 fields. Any thread may use a description; it never changes. */
#ifndef KIOSK_TYPE_H
#define KIOSK_TYPE_H
#include "bin.h"
#include "type_pp.h"
#include "types.h"

typedef enum ks_kind {
    /* Plain: a copy is a memcpy, and dropping one is nothing. KS_TYPE counts on these being first,
     * before KS_KIND_SOCKET. */
    KS_KIND_BOOL,
    KS_KIND_I8,
    KS_KIND_U8,
    KS_KIND_I16,
    KS_KIND_U16,
    KS_KIND_I32,
    KS_KIND_U32,
    KS_KIND_I64,
    KS_KIND_U64,
    KS_KIND_F32,
    KS_KIND_F64,
    KS_KIND_CHAR,
    KS_KIND_ENUM,
    KS_KIND_PID,
    KS_KIND_REF,
    KS_KIND_LOCAL,
    /* Owned: moved, counted. */
    KS_KIND_SOCKET,
    KS_KIND_BIN,
    /* Bytes behind a pointer. */
    KS_KIND_REASON,
    KS_KIND_CSTR,
    KS_KIND_TEXT,
    KS_KIND_BLOB,
    /* Of another type. */
    KS_KIND_RECORD,
    KS_KIND_LIST,
    KS_KIND_MAYBE,
    KS_KIND_ANY /* of a type that the value names */
} ks_kind;

typedef struct ks_type ks_type;
typedef struct ks_enum_value {
    const char *name;
    int64_t value;
} ks_enum_value;
typedef struct ks_enum {
    const char *name;
    const ks_enum_value *values;
    uint16_t count;
    uint8_t size;  /* bytes of the C enum */
    bool negative; /* its integer type has a sign */
} ks_enum;
typedef struct ks_field {
    const char *name; /* NULL: the only field, the value itself (ks_int, ks_text) */
    union {
        const ks_type *of;    /* element type of record, list, maybe */
        const ks_enum *names; /* of an enum */
    };
    uint32_t offset;
    uint32_t width; /* bytes; in an array those of one element */
    uint32_t count; /* elements of an array; else 1 */
    uint8_t kind;   /* a ks_kind */
    bool array;
    bool secret;
} ks_field;
struct ks_type {
    const char *name;
    const ks_field *fields;
    uint32_t size;
    uint16_t field_count;
    bool flat; /* a copy is one memcpy, and needs no release */
    bool owns; /* may hold a ks_socket, a ks_bin or a secret; false is a promise */
};
typedef struct ks_none {
    char unused;
} ks_none;
/* A value whose type is known at run time only; copied deeply, by that type. Zero: nothing. */
typedef struct ks_any {
    const ks_type *type;
    const void *value;
} ks_any;
#define KS_LIST_OF(T)                                                                              \
    struct {                                                                                       \
        const T *items;                                                                            \
        size_t count;                                                                              \
    }

/* Values that are messages by themselves: KS_CALL(counter, add, ks_int, ks_int). */
KS_API const ks_type ks_none_type, ks_bool_type, ks_int_type, ks_float_type, ks_text_type,
    ks_blob_type, ks_pid_type, ks_ref_type, ks_reason_type, ks_socket_type;

/* In a header, for a type that several files use; its KS_TYPE stands in one .c file. */
#define KS_DECLARE_TYPE(T) KS_API const ks_type T##_type
#define KS_DECLARE_ENUM(E) KS_API const ks_enum E##_enum

/* Deep copy into the calling process's memory: it lives until ks_free or the end of the process. */
#define ks_copy(T, value) ((T *)ks_copy_(&T##_type, KS_CHECKED(T, value)))
/* By value, through all pointers; texts by bytes, reasons without text; NaN equals NaN. */
#define ks_equal(T, a, b) ks_equal_(&T##_type, KS_CHECKED(T, a), KS_CHECKED(T, b))
/* order{id: 7, buyer: "ann", lines: [line{...}]}, for people; long texts and lists are cut, secrets
 * are ***. Like snprintf: never more than size bytes, a NUL at the end, returns the full length. */
#define ks_print(T, value, buffer, size) ks_print_(&T##_type, KS_CHECKED(T, value), buffer, size)
KS_API void *ks_copy_(const ks_type *type, const void *value);
KS_API bool ks_equal_(const ks_type *type, const void *a, const void *b);
KS_API size_t ks_print_(const ks_type *type, const void *value, char *buffer, size_t size);
#endif
