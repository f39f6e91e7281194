/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - the types that are values themselves: one field without a name, at offset 0. And what
 * enums are called. Any thread. */
#include "type/type.h"
#include <kiosk/log_with.h>

typedef uint64_t ks_natural;

#define VALUE(T, kind_)                                                                            \
    static const ks_field T##_fields[] = { { .width = sizeof(T), .count = 1, .kind = kind_ } };    \
    const ks_type T##_type = { #T, T##_fields, sizeof(T), 1, kind_ < KS_KIND_SOCKET,               \
        kind_ == KS_KIND_SOCKET || kind_ == KS_KIND_BIN }

const ks_type ks_none_type = { "ks_none", NULL, sizeof(ks_none), 0, true, false };
VALUE(ks_bool, KS_KIND_BOOL);
VALUE(ks_int, KS_KIND_I64);
VALUE(ks_natural, KS_KIND_U64);
VALUE(ks_float, KS_KIND_F64);
VALUE(ks_text, KS_KIND_TEXT);
VALUE(ks_blob, KS_KIND_BLOB);
VALUE(ks_pid, KS_KIND_PID);
VALUE(ks_ref, KS_KIND_REF);
VALUE(ks_reason, KS_KIND_REASON);
VALUE(ks_socket, KS_KIND_SOCKET);

/* The walks take "plain" to be everything before the first owner, and "nested" the last three. */
_Static_assert(KS_KIND_LOCAL + 1 == KS_KIND_SOCKET && KS_KIND_SOCKET + 1 == KS_KIND_BIN &&
        KS_KIND_BIN + 1 == KS_KIND_REASON && KS_KIND_BLOB + 1 == KS_KIND_RECORD,
    "the order of ks_kind");

int64_t ksi_enum_get(const ks_enum *names, const void *at)
{
    uint64_t bits = 0;
    switch (names->size) {
    case 1: bits = *(const uint8_t *)at; break;
    case 2: bits = *(const uint16_t *)at; break;
    case 4: bits = *(const uint32_t *)at; break;
    default: memcpy(&bits, at, sizeof bits); break;
    }
    /* Sign extension by shifting up and, as a signed number, down again. */
    unsigned unused = 64 - 8u * names->size;
    return names->negative ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
}

const char *ksi_enum_name(const ks_enum *names, int64_t value)
{
    for (unsigned i = 0; i < names->count; i++)
        if (names->values[i].value == value) return names->values[i].name;
    return NULL;
}
