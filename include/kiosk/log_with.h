/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/log_with.h - fields of log events: KS_WITH and KS_WITH_TYPE; included by log.h, which says
 * how they are used. Any thread. clang-format is off where it does not know _Generic. */
#ifndef KIOSK_LOG_WITH_H
#define KIOSK_LOG_WITH_H
#include "type.h"

/* A key, and a value with its description. The value stands in the field itself unless it is a
 * described struct: read it by ks_log_value. The key is a constant or as borrowed as the value. */
typedef struct ks_log_field {
    const char *key;
    const ks_type *type;
    union {
        bool truth;
        int64_t integer;
        uint64_t natural;
        double number;
        ks_text text;
        ks_blob blob;
        ks_pid pid;
        ks_ref ref;
        ks_reason reason;
        const void *record; /* where inside is false */
    } value;
    bool inside;
} ks_log_field;

KS_API const ks_type ks_natural_type; /* a uint64_t */

/* The value, of type field->type; borrowed as the field is. */
static inline const void *ks_log_value(const ks_log_field *field)
{
    return field->inside ? (const void *)&field->value : field->value.record;
}

/* --- one function for each kind of value; KS_WITH chooses ------------------------------------- */
#define KS_WITH_ROW_(name, T, description, member)                                                 \
    KS_STUB ks_log_field name(const char *key, T value)                                            \
    {                                                                                              \
        ks_log_field field;                                                                        \
        field.key = key;                                                                           \
        field.type = &description;                                                                 \
        field.value.member = value;                                                                \
        field.inside = true;                                                                       \
        return field;                                                                              \
    }
KS_WITH_ROW_(ks_with_bool_, bool, ks_bool_type, truth)
KS_WITH_ROW_(ks_with_integer_, int64_t, ks_int_type, integer)
KS_WITH_ROW_(ks_with_natural_, uint64_t, ks_natural_type, natural)
KS_WITH_ROW_(ks_with_number_, double, ks_float_type, number)
KS_WITH_ROW_(ks_with_text_, ks_text, ks_text_type, text)
KS_WITH_ROW_(ks_with_blob_, ks_blob, ks_blob_type, blob)
KS_WITH_ROW_(ks_with_pid_, ks_pid, ks_pid_type, pid)
KS_WITH_ROW_(ks_with_ref_, ks_ref, ks_ref_type, ref)
KS_WITH_ROW_(ks_with_reason_, ks_reason, ks_reason_type, reason)

KS_STUB ks_log_field ks_with_string_(const char *key, const char *value)
{
    return ks_with_text_(key, ks_str(value));
}
KS_STUB ks_log_field ks_with_record_(const char *key, const ks_type *type, const void *value)
{
    ks_log_field field;
    field.key = key;
    field.type = value && type ? type : &ks_none_type;
    field.value.record = value && type ? value : &ks_none_type;
    field.inside = false;
    return field;
}
KS_STUB ks_log_field ks_with_any_(const char *key, ks_any value)
{
    return ks_with_record_(key, value.type, value.value);
}

#ifdef __cplusplus
extern "C++" {
#define KS_WITH_OVERLOAD_(T, As, name)                                                             \
    KS_STUB ks_log_field ks_with_(const char *key, T value) { return name(key, (As)value); }
KS_WITH_OVERLOAD_(bool, bool, ks_with_bool_)
KS_WITH_OVERLOAD_(signed char, int64_t, ks_with_integer_)
KS_WITH_OVERLOAD_(short, int64_t, ks_with_integer_)
KS_WITH_OVERLOAD_(int, int64_t, ks_with_integer_)
KS_WITH_OVERLOAD_(long, int64_t, ks_with_integer_)
KS_WITH_OVERLOAD_(long long, int64_t, ks_with_integer_)
KS_WITH_OVERLOAD_(unsigned char, uint64_t, ks_with_natural_)
KS_WITH_OVERLOAD_(unsigned short, uint64_t, ks_with_natural_)
KS_WITH_OVERLOAD_(unsigned int, uint64_t, ks_with_natural_)
KS_WITH_OVERLOAD_(unsigned long, uint64_t, ks_with_natural_)
KS_WITH_OVERLOAD_(unsigned long long, uint64_t, ks_with_natural_)
KS_WITH_OVERLOAD_(float, double, ks_with_number_)
KS_WITH_OVERLOAD_(double, double, ks_with_number_)
KS_WITH_OVERLOAD_(const char *, const char *, ks_with_string_)
KS_WITH_OVERLOAD_(ks_text, ks_text, ks_with_text_)
KS_WITH_OVERLOAD_(ks_blob, ks_blob, ks_with_blob_)
KS_WITH_OVERLOAD_(ks_pid, ks_pid, ks_with_pid_)
KS_WITH_OVERLOAD_(ks_ref, ks_ref, ks_with_ref_)
KS_WITH_OVERLOAD_(ks_reason, ks_reason, ks_with_reason_)
KS_WITH_OVERLOAD_(ks_any, ks_any, ks_with_any_)
#undef KS_WITH_OVERLOAD_
}
#define KS_WITH(key, value) ks_with_((key), (value))
#define KS_WITH_TYPE(key, T, ...) ks_with_record_((key), &T##_type, (const T *)(__VA_ARGS__))
#else
/* clang-format off */
#define KS_WITH(key, ...)                                                                         \
    (_Generic((__VA_ARGS__), bool: ks_with_bool_,                                                 \
        signed char: ks_with_integer_, short: ks_with_integer_, int: ks_with_integer_,            \
        long: ks_with_integer_, long long: ks_with_integer_,                                      \
        unsigned char: ks_with_natural_, unsigned short: ks_with_natural_,                        \
        unsigned: ks_with_natural_, unsigned long: ks_with_natural_,                              \
        unsigned long long: ks_with_natural_, float: ks_with_number_, double: ks_with_number_,    \
        char *: ks_with_string_, const char *: ks_with_string_, ks_text: ks_with_text_,           \
        ks_blob: ks_with_blob_, ks_pid: ks_with_pid_, ks_ref: ks_with_ref_,                       \
        ks_reason: ks_with_reason_, ks_any: ks_with_any_)((key), (__VA_ARGS__)))
#define KS_WITH_TYPE(key, T, ...) ks_with_record_((key), &T##_type, KS_CHECKED(T, __VA_ARGS__))
/* clang-format on */
#endif
#endif
