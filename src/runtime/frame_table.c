/* SPDX-License-Identifier: Apache-2.0 */
/* frame_table.c - see frame_table.h.
 *
 * The linker's table (.eh_frame_hdr) gives the description (FDE) of the function that an address
 * lies in; its instructions (DWARF call frame information), and those that it has in common with
 * others (CIE), are run up to that address and leave a row. */
#include "runtime/frame_table.h"
#include "base/base.h"

enum { REMEMBERED = 4 };

/* --- bytes ------------------------------------------------------------------------------------ */
static void skip(struct ksi_reader *reader, uint64_t size)
{
    if (size > (size_t)(reader->end - reader->at)) {
        reader->bad = true;
        size = (size_t)(reader->end - reader->at);
    }
    reader->at += size;
}

/* A part of the bytes that are left. */
static struct ksi_reader part(struct ksi_reader *reader, uint64_t size)
{
    struct ksi_reader taken = { reader->at, reader->at, false };
    skip(reader, size);
    taken.end = reader->at;
    taken.bad = reader->bad;
    return taken;
}

/* 0 is in no object. */
static struct ksi_reader reader_at(const struct ksi_object *object, uintptr_t address)
{
    struct ksi_reader reader = { (const uint8_t *)address, (const uint8_t *)object->end, false };
    if (address && address >= object->start && address < object->end) return reader;
    return (struct ksi_reader){ NULL, NULL, true };
}

/* DW_EH_PE_*: low half the form, high half what it counts from. */
enum {
    ABSOLUTE = 0x00,
    ULEB = 0x01,
    U16 = 0x02,
    U32 = 0x03,
    U64 = 0x04,
    S16 = 0x0a,
    S32 = 0x0b,
    S64 = 0x0c,
    FORM = 0x0f,
    FROM_HERE = 0x10,
    FROM_TABLE = 0x30,
    FROM = 0x70,
    OMITTED = 0xff
};

static uint64_t take_form(struct ksi_reader *reader, uint8_t form)
{
    switch (form & FORM) {
    case ABSOLUTE: return ksi_take(reader, sizeof(void *));
    case ULEB: return ksi_take_unsigned(reader);
    case U16: return ksi_take(reader, 2);
    case S16: return (uint64_t)(int64_t)(int16_t)ksi_take(reader, 2);
    case U32: return ksi_take(reader, 4);
    case S32: return (uint64_t)(int64_t)(int32_t)ksi_take(reader, 4);
    case U64:
    case S64: return ksi_take(reader, 8);
    default: reader->bad = true; return 0;
    }
}

static uintptr_t take_pointer(struct ksi_reader *reader, uint8_t encoding)
{
    uintptr_t here = (uintptr_t)reader->at;
    uintptr_t value = take_form(reader, encoding);
    switch (encoding & FROM) {
    case 0: return value;
    case FROM_HERE: return here + value;
    default: reader->bad = true; return 0;
    }
}

/* --- the table: which description holds for an address ---------------------------------------- */
/* 0: there is none. */
static uintptr_t find_description(const struct ksi_object *object, uintptr_t code)
{
    struct ksi_reader reader = reader_at(object, (uintptr_t)object->table);
    uint8_t version = ksi_take_byte(&reader), frames_form = ksi_take_byte(&reader);
    uint8_t count_form = ksi_take_byte(&reader), table_form = ksi_take_byte(&reader);
    (void)take_pointer(&reader, frames_form);
    uint64_t count = take_form(&reader, count_form);
    if (reader.bad || version != 1 || table_form != (FROM_TABLE | S32)) return 0;
    if (count == 0 || count > (size_t)(reader.end - reader.at) / 8) return 0;
    uintptr_t table = (uintptr_t)object->table;
    size_t low = 0, high = count; /* the last that begins at or before the address */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        int32_t start;
        memcpy(&start, reader.at + middle * 8, sizeof start);
        if (table + (uintptr_t)(intptr_t)start <= code)
            low = middle;
        else
            high = middle;
    }
    int32_t description;
    memcpy(&description, reader.at + low * 8 + 4, sizeof description);
    return table + (uintptr_t)(intptr_t)description;
}

/* --- descriptions ----------------------------------------------------------------------------- */
struct description {
    struct ksi_reader common, own; /* instructions */
    uintptr_t start;               /* of the function */
    uint64_t code_unit;
    int64_t data_unit;
    uint64_t return_register;
    uint8_t pointer_form;
    bool is_signal, has_augmentation;
};

static void read_augmentation(struct ksi_reader *reader, const char *letters, struct description *d)
{
    struct ksi_reader data = part(reader, ksi_take_unsigned(reader));
    for (const char *letter = letters + 1; *letter; letter++) {
        switch (*letter) {
        case 'R': d->pointer_form = ksi_take_byte(&data); break;
        case 'L': (void)ksi_take_byte(&data); break;
        case 'P': (void)take_form(&data, ksi_take_byte(&data)); break;
        case 'S': d->is_signal = true; break;
        case 'B': /* how aarch64 signs return addresses */
        case 'G': break;
        default: reader->bad = true; return;
        }
    }
    reader->bad |= data.bad;
}

/* What several descriptions have in common (CIE). */
static bool read_common(const struct ksi_object *object, uintptr_t address, struct description *d)
{
    struct ksi_reader reader = reader_at(object, address);
    reader = part(&reader, ksi_take(&reader, 4));
    uint64_t id = ksi_take(&reader, 4);
    uint8_t version = ksi_take_byte(&reader);
    const char *letters = (const char *)reader.at;
    while (!reader.bad && ksi_take_byte(&reader)) {}
    d->code_unit = ksi_take_unsigned(&reader);
    d->data_unit = ksi_take_signed(&reader);
    d->return_register = version == 1 ? ksi_take_byte(&reader) : ksi_take_unsigned(&reader);
    if (reader.bad || id || (version != 1 && version != 3)) return false;
    d->has_augmentation = letters[0] == 'z';
    if (letters[0] && !d->has_augmentation) return false;
    if (d->has_augmentation) read_augmentation(&reader, letters, d);
    d->common = reader;
    return !reader.bad && d->return_register < KSI_REGISTERS;
}

static bool read_description(
    const struct ksi_object *object, uintptr_t code, struct description *ret_description)
{
    struct description d = { 0 };
    struct ksi_reader reader = reader_at(object, find_description(object, code));
    uint64_t length = ksi_take(&reader, 4);
    if (!length || length == UINT32_MAX) return false;
    reader = part(&reader, length);
    uintptr_t here = (uintptr_t)reader.at;
    if (!read_common(object, here - ksi_take(&reader, 4), &d)) return false;
    d.start = take_pointer(&reader, d.pointer_form);
    uint64_t size = take_form(&reader, d.pointer_form);
    if (d.has_augmentation) skip(&reader, ksi_take_unsigned(&reader));
    d.own = reader;
    *ret_description = d;
    return !reader.bad && code >= d.start && code - d.start < size;
}

/* --- rows ------------------------------------------------------------------------------------- */
struct rows {
    const struct description *description;
    struct ksi_row row, initial, remembered[REMEMBERED];
    int depth;
    uintptr_t code; /* that the row holds from */
};

/* A rule for a register that is not walked (of vectors) is left out. */
static void set_rule(struct rows *rows, uint64_t number, struct ksi_rule rule)
{
    if (number < KSI_REGISTERS) rows->row.rules[number] = rule;
}

static void restore_rule(struct rows *rows, uint64_t number)
{
    if (number < KSI_REGISTERS) rows->row.rules[number] = rows->initial.rules[number];
}

static void set_cfa(struct rows *rows, uint64_t number, int64_t offset)
{
    rows->row.cfa = (struct ksi_rule){ .kind = KSI_RULE_IN_REGISTER, .number = (int64_t)number };
    rows->row.cfa_offset = offset;
}

static struct ksi_rule offset_rule(const struct rows *rows, enum ksi_rule_kind kind, int64_t factor)
{
    return (struct ksi_rule){ .kind = kind, .number = factor * rows->description->data_unit };
}

static struct ksi_rule expression_rule(struct ksi_reader *reader, enum ksi_rule_kind kind)
{
    struct ksi_reader expression = part(reader, ksi_take_unsigned(reader));
    return (struct ksi_rule){
        .kind = kind, .number = expression.end - expression.at, .expression = expression.at
    };
}

static void advance(struct rows *rows, uint64_t delta)
{
    rows->code += delta * rows->description->code_unit;
}

/* DW_CFA_*, without those that stand in the two upper bits. */
enum {
    CFA_NOP = 0x00,
    CFA_SET_LOC = 0x01,
    CFA_ADVANCE_1 = 0x02,
    CFA_ADVANCE_2 = 0x03,
    CFA_ADVANCE_4 = 0x04,
    CFA_OFFSET_EXTENDED = 0x05,
    CFA_RESTORE_EXTENDED = 0x06,
    CFA_UNDEFINED = 0x07,
    CFA_SAME = 0x08,
    CFA_REGISTER = 0x09,
    CFA_REMEMBER = 0x0a,
    CFA_RESTORE = 0x0b,
    CFA_DEF = 0x0c,
    CFA_DEF_REGISTER = 0x0d,
    CFA_DEF_OFFSET = 0x0e,
    CFA_DEF_EXPRESSION = 0x0f,
    CFA_EXPRESSION = 0x10,
    CFA_OFFSET_SIGNED = 0x11,
    CFA_DEF_SIGNED = 0x12,
    CFA_DEF_OFFSET_SIGNED = 0x13,
    CFA_VAL_OFFSET = 0x14,
    CFA_VAL_OFFSET_SIGNED = 0x15,
    CFA_VAL_EXPRESSION = 0x16,
    CFA_TOGGLE_SIGNED_RETURN = 0x2d,
    CFA_ARGUMENTS = 0x2e,
    CFA_HIGH = 0xc0,
    CFA_HIGH_ADVANCE = 0x40,
    CFA_HIGH_OFFSET = 0x80,
    CFA_HIGH_RESTORE = 0xc0
};

/* Instructions about registers. False: it is none of them. */
static bool run_rule(struct rows *rows, struct ksi_reader *reader, uint8_t code)
{
    uint64_t number = ksi_take_unsigned(reader);
    switch (code) {
    case CFA_OFFSET_EXTENDED:
        set_rule(rows, number,
            offset_rule(rows, KSI_RULE_AT_OFFSET, (int64_t)ksi_take_unsigned(reader)));
        return true;
    case CFA_OFFSET_SIGNED:
        set_rule(rows, number, offset_rule(rows, KSI_RULE_AT_OFFSET, ksi_take_signed(reader)));
        return true;
    case CFA_VAL_OFFSET:
        set_rule(rows, number,
            offset_rule(rows, KSI_RULE_IS_OFFSET, (int64_t)ksi_take_unsigned(reader)));
        return true;
    case CFA_VAL_OFFSET_SIGNED:
        set_rule(rows, number, offset_rule(rows, KSI_RULE_IS_OFFSET, ksi_take_signed(reader)));
        return true;
    case CFA_EXPRESSION:
        set_rule(rows, number, expression_rule(reader, KSI_RULE_AT_EXPRESSION));
        return true;
    case CFA_VAL_EXPRESSION:
        set_rule(rows, number, expression_rule(reader, KSI_RULE_IS_EXPRESSION));
        return true;
    case CFA_REGISTER:
        set_rule(rows, number,
            (struct ksi_rule){
                .kind = KSI_RULE_IN_REGISTER, .number = (int64_t)ksi_take_unsigned(reader) });
        return true;
    case CFA_UNDEFINED:
        set_rule(rows, number, (struct ksi_rule){ .kind = KSI_RULE_UNDEFINED });
        return true;
    case CFA_SAME: set_rule(rows, number, (struct ksi_rule){ .kind = KSI_RULE_SAME }); return true;
    case CFA_RESTORE_EXTENDED: restore_rule(rows, number); return true;
    default: return false;
    }
}

/* Instructions about the CFA. False: it is none of them. */
static bool run_cfa(struct rows *rows, struct ksi_reader *reader, uint8_t code)
{
    int64_t unit = rows->description->data_unit;
    uint64_t number;
    switch (code) {
    case CFA_DEF:
        number = ksi_take_unsigned(reader);
        set_cfa(rows, number, (int64_t)ksi_take_unsigned(reader));
        return true;
    case CFA_DEF_SIGNED:
        number = ksi_take_unsigned(reader);
        set_cfa(rows, number, ksi_take_signed(reader) * unit);
        return true;
    case CFA_DEF_REGISTER:
        rows->row.cfa = (struct ksi_rule){ .kind = KSI_RULE_IN_REGISTER,
            .number = (int64_t)ksi_take_unsigned(reader) };
        return true;
    case CFA_DEF_OFFSET: rows->row.cfa_offset = (int64_t)ksi_take_unsigned(reader); return true;
    case CFA_DEF_OFFSET_SIGNED: rows->row.cfa_offset = ksi_take_signed(reader) * unit; return true;
    case CFA_DEF_EXPRESSION:
        rows->row.cfa = expression_rule(reader, KSI_RULE_IS_EXPRESSION);
        return true;
    default: return false;
    }
}

/* Instructions about the row as a whole, and the place. False: it is none of them. */
static bool run_place(struct rows *rows, struct ksi_reader *reader, uint8_t code)
{
    switch (code) {
    case CFA_NOP: return true;
    case CFA_SET_LOC:
        rows->code = take_pointer(reader, rows->description->pointer_form);
        return true;
    case CFA_ADVANCE_1: advance(rows, ksi_take(reader, 1)); return true;
    case CFA_ADVANCE_2: advance(rows, ksi_take(reader, 2)); return true;
    case CFA_ADVANCE_4: advance(rows, ksi_take(reader, 4)); return true;
    case CFA_REMEMBER:
        if (rows->depth == REMEMBERED) return false;
        rows->remembered[rows->depth++] = rows->row;
        return true;
    case CFA_RESTORE:
        if (rows->depth == 0) return false;
        rows->row = rows->remembered[--rows->depth];
        return true;
    case CFA_ARGUMENTS: (void)ksi_take_unsigned(reader); return true;
    case CFA_TOGGLE_SIGNED_RETURN: return true; /* the signature is always cut off */
    default: return false;
    }
}

static bool run_one(struct rows *rows, struct ksi_reader *reader)
{
    uint8_t byte = ksi_take_byte(reader), low = byte & 0x3f;
    switch (byte & CFA_HIGH) {
    case CFA_HIGH_ADVANCE: advance(rows, low); return true;
    case CFA_HIGH_OFFSET:
        set_rule(
            rows, low, offset_rule(rows, KSI_RULE_AT_OFFSET, (int64_t)ksi_take_unsigned(reader)));
        return true;
    case CFA_HIGH_RESTORE: restore_rule(rows, low); return true;
    default:
        return run_place(rows, reader, byte) || run_cfa(rows, reader, byte) ||
            run_rule(rows, reader, byte);
    }
}

/* Up to the instruction that describes what is behind the address. */
static bool run_to(struct rows *rows, struct ksi_reader reader, uintptr_t code)
{
    while (reader.at < reader.end) {
        if (!run_one(rows, &reader) || reader.bad) return false;
        if (rows->code > code) return true;
    }
    return true;
}

bool ksi_frame_row(const struct ksi_object *object, uintptr_t code, struct ksi_row *ret_row,
    uint64_t *ret_return_register)
{
    struct description d;
    struct rows rows = { .description = &d };
    if (!object->table || !read_description(object, code, &d) || d.is_signal) return false;
    rows.code = d.start;
    if (!run_to(&rows, d.common, UINTPTR_MAX)) return false;
    rows.initial = rows.row;
    rows.code = d.start;
    if (!run_to(&rows, d.own, code)) return false;
    *ret_row = rows.row;
    *ret_return_register = d.return_register;
    return true;
}
