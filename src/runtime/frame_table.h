/* SPDX-License-Identifier: Apache-2.0 */
/* frame_table.h - where a function keeps what its caller needs: by the tables that compilers write
 * for exceptions. For unwind.c, under the same rules. */
#ifndef KSI_RUNTIME_FRAME_TABLE_H
#define KSI_RUNTIME_FRAME_TABLE_H
#include "runtime/unwind.h"
#include <string.h>

/* --- bytes ------------------------------------------------------------------------------------ */
/* What is read beyond the end is zero, and the reader stays bad. */
struct ksi_reader {
    const uint8_t *at, *end;
    bool bad;
};

static inline uint64_t ksi_take(struct ksi_reader *reader, size_t size)
{
    uint64_t value = 0; /* of the machine's own order, which is little-endian here */
    if (reader->bad || (size_t)(reader->end - reader->at) < size) {
        reader->bad = true;
        reader->at = reader->end;
        return 0;
    }
    memcpy(&value, reader->at, size);
    reader->at += size;
    return value;
}

static inline uint8_t ksi_take_byte(struct ksi_reader *reader)
{
    return (uint8_t)ksi_take(reader, 1);
}

static inline uint64_t ksi_take_unsigned(struct ksi_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = ksi_take_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    reader->bad = true;
    return 0;
}

static inline int64_t ksi_take_signed(struct ksi_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64;) {
        uint8_t byte = ksi_take_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte & 0x80) continue;
        if ((byte & 0x40) && shift < 64) value |= ~(uint64_t)0 << shift;
        return (int64_t)value;
    }
    reader->bad = true;
    return 0;
}

/* --- rows ------------------------------------------------------------------------------------- */
enum ksi_rule_kind {
    KSI_RULE_SAME,
    KSI_RULE_AT_OFFSET,
    KSI_RULE_IS_OFFSET,
    KSI_RULE_AT_EXPRESSION,
    KSI_RULE_IS_EXPRESSION,
    KSI_RULE_IN_REGISTER,
    KSI_RULE_UNDEFINED
};
struct ksi_rule {
    enum ksi_rule_kind kind;
    int64_t number;            /* offset from the CFA, register, or bytes of the expression */
    const uint8_t *expression; /* of these two kinds */
};
struct ksi_row {
    struct ksi_rule
        cfa; /* KSI_RULE_IN_REGISTER: that register and cfa_offset; or KSI_RULE_IS_EXPRESSION */
    int64_t cfa_offset;
    struct ksi_rule rules[KSI_REGISTERS];
};
/* The row for an address of an object. False: there is none, or it is in a form that is not known.
 * *ret_return_register: where the return address is, a number below KSI_REGISTERS. */
bool ksi_frame_row(const struct ksi_object *object, uintptr_t code, struct ksi_row *ret_row,
    uint64_t *ret_return_register);

#endif
