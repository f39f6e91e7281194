/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/type_pp.h - how KS_TYPE and KS_ENUM work; included by type.h. Nothing here is for users.
 *
 * House rule: no struct member is named like a parameter of these macros. clang-format is off: it
 * does not know _Generic and _Pragma. */
#ifndef KIOSK_TYPE_PP_H
#define KIOSK_TYPE_PP_H
#include "pp.h"

/* clang-format off */
#define KS_CHECKED(T, ...) _Generic((__VA_ARGS__), T *: (__VA_ARGS__), const T *: (__VA_ARGS__))
#define KS_PLAIN_KINDS                                                                            \
    bool: KS_KIND_BOOL, int8_t: KS_KIND_I8, uint8_t: KS_KIND_U8, int16_t: KS_KIND_I16,            \
    uint16_t: KS_KIND_U16, int32_t: KS_KIND_I32, uint32_t: KS_KIND_U32, int64_t: KS_KIND_I64,     \
    uint64_t: KS_KIND_U64, float: KS_KIND_F32, double: KS_KIND_F64, ks_pid: KS_KIND_PID,          \
    ks_ref: KS_KIND_REF
#define KS_KIND_OF(lvalue)                                                                        \
    _Generic((lvalue), KS_PLAIN_KINDS, ks_socket: KS_KIND_SOCKET, ks_bin *: KS_KIND_BIN,          \
        ks_reason: KS_KIND_REASON, const char *: KS_KIND_CSTR, ks_text: KS_KIND_TEXT,             \
        ks_blob: KS_KIND_BLOB, ks_any: KS_KIND_ANY)
#define KS_AT_(T, f) (((T *)0)->f)

/* KS_PER_(KS_FIELD, T, x): KS_FIELD_plain(T, id) for `id`, KS_FIELD_list(T, lines, line, ~) for
 * `(list, lines, line)`. */
#define KS_PER_(how, T, x) KS_CAT(KS_PER_, KS_IS_PAREN(x))(how, T, x)
#define KS_PER_0(how, T, f) how##_plain(T, f, ~)
#define KS_PER_1(how, T, x) KS_PER_1_(how, T, KS_UNPAREN x, ~)
#define KS_PER_1_(how, T, ...) KS_PER_1__(how, T, __VA_ARGS__)
#define KS_PER_1__(how, T, form, ...) how##_##form(T, __VA_ARGS__)

/* The row of a field. */
#define KS_FIELD(T, x) KS_PER_(KS_FIELD, T, x)
#define KS_WHERE_(T, f)                                                                           \
    .name = #f, .offset = offsetof(T, f), .width = sizeof KS_AT_(T, f), .count = 1
#define KS_FIELD_plain(T, f, ...) { KS_WHERE_(T, f), .kind = KS_KIND_OF(KS_AT_(T, f)) },
#define KS_FIELD_secret(T, f, ...)                                                                \
    { KS_WHERE_(T, f), .kind = KS_KIND_OF(KS_AT_(T, f)), .secret = true },
#define KS_FIELD_local(T, f, ...) { KS_WHERE_(T, f), .kind = KS_KIND_LOCAL },
#define KS_FIELD_record(T, f, U, ...)                                                             \
    { KS_WHERE_(T, f), .kind = KS_KIND_RECORD, .of = _Generic(KS_AT_(T, f), U: &U##_type) },
#define KS_FIELD_maybe(T, f, U, ...)                                                              \
    { KS_WHERE_(T, f), .kind = KS_KIND_MAYBE, .of = _Generic(KS_AT_(T, f), const U *: &U##_type) },
#define KS_FIELD_list(T, f, U, ...)                                                               \
    { KS_WHERE_(T, f), .kind = KS_KIND_LIST,                                                      \
      .of = _Generic(KS_AT_(T, f).items, const U *: &U##_type) },
#define KS_FIELD_enum(T, f, E, ...)                                                               \
    { KS_WHERE_(T, f), .kind = KS_KIND_ENUM, .names = _Generic(KS_AT_(T, f), E: &E##_enum) },
#define KS_FIELD_array(T, f, ...)                                                                 \
    { .name = #f, .offset = offsetof(T, f), .width = sizeof KS_AT_(T, f)[0],                      \
      .count = sizeof KS_AT_(T, f) / sizeof KS_AT_(T, f)[0], .array = true,                       \
      .kind = _Generic(KS_AT_(T, f)[0], KS_PLAIN_KINDS, char: KS_KIND_CHAR) },

/* Is it flat? Does it own? What a nested type holds is not known here. */
#define KS_FLAT(T, x) &&KS_PER_(KS_FLAT, T, x)
#define KS_FLAT_plain(T, f, ...) KS_KIND_OF(KS_AT_(T, f)) < KS_KIND_SOCKET
#define KS_FLAT_secret(T, f, ...) 0
#define KS_FLAT_local(T, f, ...) 1
#define KS_FLAT_record(T, f, ...) 0
#define KS_FLAT_maybe(T, f, ...) 0
#define KS_FLAT_list(T, f, ...) 0
#define KS_FLAT_enum(T, f, ...) 1
#define KS_FLAT_array(T, f, ...) 1
#define KS_OWNS(T, x) || KS_PER_(KS_OWNS, T, x)
#define KS_OWNS_plain(T, f, ...)                                                                  \
    (KS_KIND_OF(KS_AT_(T, f)) == KS_KIND_SOCKET || KS_KIND_OF(KS_AT_(T, f)) == KS_KIND_BIN ||      \
     KS_KIND_OF(KS_AT_(T, f)) == KS_KIND_ANY)
#define KS_OWNS_secret(T, f, ...) 1
#define KS_OWNS_local(T, f, ...) 0
#define KS_OWNS_record(T, f, ...) 1
#define KS_OWNS_maybe(T, f, ...) 1
#define KS_OWNS_list(T, f, ...) 1
#define KS_OWNS_enum(T, f, ...) 0
#define KS_OWNS_array(T, f, ...) 0

/* The field's value, for the net below: `listed_` is a T. */
#define KS_VALUE(T, x) KS_PER_(KS_VALUE, T, x)
#define KS_VALUE_plain(T, f, ...) listed_->f,
#define KS_VALUE_secret(T, f, ...) listed_->f,
#define KS_VALUE_local(T, f, ...) listed_->f,
#define KS_VALUE_record(T, f, ...) listed_->f,
#define KS_VALUE_maybe(T, f, ...) listed_->f,
#define KS_VALUE_list(T, f, ...) listed_->f,
#define KS_VALUE_enum(T, f, ...) listed_->f,
#define KS_VALUE_array(T, f, ...) { listed_->f[0] },

#define KS_MEMBER(T, x) KS_MEMBER_(T, KS_CAT(KS_NAME_, KS_IS_PAREN(x))(x))
#define KS_MEMBER_(T, f) __typeof__(KS_AT_(T, f)) f;
#define KS_NAME_0(f) f
#define KS_NAME_1(x) KS_NAME_1_(KS_UNPAREN x, ~)
#define KS_NAME_1_(...) KS_NAME_1__(__VA_ARGS__)
#define KS_NAME_1__(form, f, ...) f

/* Two nets for a forgotten field: the size of a struct made of the listed ones, always an error;
 * and a function that never runs, for fields that fit into padding: its warning is lost by gcc
 * where this is a system header. The descriptor is declared before its fields, which may point at
 * it: (maybe, next, T). */
#define KS_TYPE(T, ...)                                                                           \
    struct T##_listed { KS_EACH(KS_MEMBER, T, __VA_ARGS__) };                                     \
    _Static_assert(sizeof(struct T##_listed) == sizeof(T),                                        \
                   "KS_TYPE(" #T ", ...) must list every field");                                 \
    _Pragma("GCC diagnostic push")                                                                \
    _Pragma("GCC diagnostic error \"-Wmissing-field-initializers\"")                              \
    KS_STUB T T##_lists_every_field(const T *listed_)                                             \
    {                                                                                             \
        return (T){ KS_EACH(KS_VALUE, T, __VA_ARGS__) };                                          \
    }                                                                                             \
    _Pragma("GCC diagnostic pop")                                                                 \
    KS_API const ks_type T##_type;                                                                \
    static const ks_field T##_fields[] = { KS_EACH(KS_FIELD, T, __VA_ARGS__) };                   \
    const ks_type T##_type = { #T, T##_fields, sizeof(T), KS_COUNT(__VA_ARGS__),                  \
                               1 KS_EACH(KS_FLAT, T, __VA_ARGS__),                                \
                               0 KS_EACH(KS_OWNS, T, __VA_ARGS__) }

/* After the enum: KS_ENUM(colour, RED, GREEN, BLUE). Values that are not listed show as numbers. */
#define KS_ENUM(E, ...)                                                                           \
    KS_API const ks_enum E##_enum;                                                                \
    static const ks_enum_value E##_values[] = { KS_EACH(KS_ENUMERATOR, E, __VA_ARGS__) };         \
    const ks_enum E##_enum = { #E, E##_values, KS_COUNT(__VA_ARGS__), sizeof(E),                  \
                               (int64_t)(E)-1 == -1 }
#define KS_ENUMERATOR(E, symbol) { #symbol, (int64_t)(symbol) },
/* clang-format on */
#endif
