/* SPDX-License-Identifier: Apache-2.0 */
/* unwind.c - see unwind.h. A row of frame_table.h says where the frame of the caller begins (CFA),
 * and where the caller's registers were saved. The latest rows are kept: a recursion has a few
 * places and thousands of frames. */
#include "runtime/unwind.h"
#include "base/base.h"
#include "runtime/frame_table.h"

enum { ROWS_KEPT = 8, VALUES = 8 };

/* --- expressions: a few of DW_OP_* ------------------------------------------------------------ */
enum {
    OP_DEREF = 0x06,
    OP_CONST_U8 = 0x08,
    OP_CONST_S8 = 0x09,
    OP_CONST_U16 = 0x0a,
    OP_CONST_S16 = 0x0b,
    OP_AND = 0x1a,
    OP_PLUS = 0x22,
    OP_PLUS_CONST = 0x23,
    OP_SHIFT_LEFT = 0x24,
    OP_GREATER_EQUAL = 0x2a,
    OP_LITERAL = 0x30, /* and 31 more */
    OP_REGISTER = 0x70 /* and 31 more, with an offset */
};

/* The stack that is walked. */
struct walk {
    const struct ksi_image *image;
    uintptr_t lowest, top;
    struct kept {
        uintptr_t code; /* 0: none */
        uint64_t return_register;
        struct ksi_row row;
    } kept[ROWS_KEPT];
};

static bool read_word(const struct walk *walk, uintptr_t address, uintptr_t *ret_word)
{
    if (address % sizeof(uintptr_t) || address < walk->lowest ||
        address > walk->top - sizeof(uintptr_t))
        return false;
    *ret_word = *(const uintptr_t *)address;
    return true;
}

struct values {
    uintptr_t values[VALUES];
    int count;
};

static bool push(struct values *values, uintptr_t value)
{
    if (values->count == VALUES) return false;
    values->values[values->count++] = value;
    return true;
}

static uintptr_t pop(struct values *values, bool *ok)
{
    if (values->count == 0) {
        *ok = false;
        return 0;
    }
    return values->values[--values->count];
}

/* Operations that take values from the stack; the right operand is the upper one. */
static bool run_values(const struct walk *walk, struct values *values, uint8_t op)
{
    bool ok = true;
    uintptr_t right = pop(values, &ok);
    if (op == OP_DEREF) return ok && read_word(walk, right, &right) && push(values, right);
    uintptr_t left = pop(values, &ok);
    if (!ok) return false;
    switch (op) {
    case OP_AND: return push(values, left & right);
    case OP_PLUS: return push(values, left + right);
    case OP_SHIFT_LEFT: return push(values, right < 64 ? left << right : 0);
    case OP_GREATER_EQUAL: return push(values, (intptr_t)left >= (intptr_t)right);
    default: return false;
    }
}

static bool run_op(const struct walk *walk, const struct ksi_registers *registers,
    struct ksi_reader *reader, struct values *values)
{
    uint8_t op = ksi_take_byte(reader);
    if (op >= OP_LITERAL && op < OP_LITERAL + 32) return push(values, op - OP_LITERAL);
    if (op >= OP_REGISTER && op < OP_REGISTER + 32) {
        int number = op - OP_REGISTER;
        if (number >= KSI_REGISTERS) return false;
        return push(values, registers->value[number] + (uintptr_t)ksi_take_signed(reader));
    }
    switch (op) {
    case OP_CONST_U8: return push(values, ksi_take(reader, 1));
    case OP_CONST_S8: return push(values, (uintptr_t)(int8_t)ksi_take(reader, 1));
    case OP_CONST_U16: return push(values, ksi_take(reader, 2));
    case OP_CONST_S16: return push(values, (uintptr_t)(int16_t)ksi_take(reader, 2));
    case OP_PLUS_CONST:
        return values->count > 0 && push(values, ksi_take_unsigned(reader)) &&
            run_values(walk, values, OP_PLUS);
    default: return run_values(walk, values, op);
    }
}

static bool run_expression(const struct walk *walk, const struct ksi_registers *registers,
    struct ksi_rule rule, struct values *values, uintptr_t *ret_value)
{
    struct ksi_reader reader = { rule.expression, rule.expression + rule.number, false };
    while (reader.at < reader.end)
        if (!run_op(walk, registers, &reader, values) || reader.bad) return false;
    bool ok = true;
    *ret_value = pop(values, &ok);
    return ok;
}

/* --- a step ----------------------------------------------------------------------------------- */
static bool frame_of(const struct walk *walk, const struct ksi_registers *registers,
    const struct ksi_row *row, uintptr_t *ret_cfa)
{
    struct values none = { .count = 0 };
    if (row->cfa.kind == KSI_RULE_IS_EXPRESSION)
        return run_expression(walk, registers, row->cfa, &none, ret_cfa);
    if (row->cfa.kind != KSI_RULE_IN_REGISTER || (uint64_t)row->cfa.number >= KSI_REGISTERS)
        return false;
    *ret_cfa = registers->value[row->cfa.number] + (uintptr_t)row->cfa_offset;
    return true;
}

/* The value that a register had in the caller. */
static bool recover(const struct walk *walk, const struct ksi_registers *registers,
    struct ksi_rule rule, uintptr_t cfa, uintptr_t *value)
{
    struct values values = { .values = { cfa }, .count = 1 };
    switch (rule.kind) {
    case KSI_RULE_AT_OFFSET: return read_word(walk, cfa + (uintptr_t)rule.number, value);
    case KSI_RULE_IS_OFFSET: *value = cfa + (uintptr_t)rule.number; return true;
    case KSI_RULE_AT_EXPRESSION:
        return run_expression(walk, registers, rule, &values, value) &&
            read_word(walk, *value, value);
    case KSI_RULE_IS_EXPRESSION: return run_expression(walk, registers, rule, &values, value);
    case KSI_RULE_IN_REGISTER:
        if ((uint64_t)rule.number >= KSI_REGISTERS) return false;
        *value = registers->value[rule.number];
        return true;
    case KSI_RULE_SAME:
    case KSI_RULE_UNDEFINED: return true;
    }
    return false;
}

/* Where signed return addresses have their signature is no part of an address. */
static uintptr_t plain_address(uintptr_t code)
{
#if defined(__aarch64__)
    return code & (((uintptr_t)1 << 48) - 1);
#else
    return code;
#endif
}

static bool step(const struct walk *walk, struct ksi_registers *registers,
    const struct ksi_row *row, uint64_t return_register)
{
    struct ksi_registers before = *registers;
    uintptr_t cfa;
    if (!frame_of(walk, &before, row, &cfa)) return false;
    if (cfa < before.value[KSI_REGISTER_SP] || cfa > walk->top)
        return false; /* callers are above */
    registers->value[KSI_REGISTER_SP] = cfa;
    for (int i = 0; i < KSI_REGISTERS; i++)
        if (!recover(walk, &before, row->rules[i], cfa, &registers->value[i])) return false;
    registers->pc = plain_address(registers->value[return_register]);
    return true;
}

/* --- a walk ----------------------------------------------------------------------------------- */
static const struct ksi_object *object_of(const struct ksi_image *image, uintptr_t code)
{
    if (ksi_object_has(&image->program, code)) return &image->program;
    return ksi_object_has(&image->library, code) ? &image->library : NULL;
}

static const struct kept *row_for(
    struct walk *walk, const struct ksi_object *object, uintptr_t code)
{
    struct kept *kept = &walk->kept[code % ROWS_KEPT];
    if (kept->code == code) return kept;
    kept->code = 0;
    if (!ksi_frame_row(object, code, &kept->row, &kept->return_register)) return NULL;
    kept->code = code;
    return kept;
}

/* Nobody has called it, and it stands where a new stack begins: see context.c. */
static bool is_first(const struct walk *walk, const struct ksi_registers *registers)
{
    enum { FIRST_FRAME = 64 };
    uintptr_t sp = registers->value[KSI_REGISTER_SP];
    return sp <= walk->top && walk->top - sp <= FIRST_FRAME;
}

/* A return address may stand behind the end of its function: the call is before it. */
enum ksi_walk ksi_unwind(
    const struct ksi_image *image, struct ksi_registers registers, uintptr_t lowest, uintptr_t top)
{
    struct walk walk = { .image = image, .lowest = lowest, .top = top };
    uintptr_t frames_max = (top - lowest) / sizeof(uintptr_t);
    for (uintptr_t frame = 0; frame < frames_max; frame++) {
        uintptr_t code = registers.pc - (frame ? 1 : 0);
        const struct ksi_object *object = object_of(image, code);
        if (!object) return KSI_WALK_FOREIGN;
        const struct kept *kept = row_for(&walk, object, code);
        if (!kept) return KSI_WALK_LOST;
        if (kept->row.rules[kept->return_register].kind == KSI_RULE_UNDEFINED)
            return is_first(&walk, &registers) ? KSI_WALK_OWN : KSI_WALK_LOST;
        if (!step(&walk, &registers, &kept->row, kept->return_register)) return KSI_WALK_LOST;
    }
    return KSI_WALK_LOST;
}
