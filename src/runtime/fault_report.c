/* SPDX-License-Identifier: Apache-2.0 */
/* fault_report.c - the last word of a program that ends by a fault.
 *
 * Runs in the handler of a signal, in a program that may be broken: neither memory nor a lock, and
 * what is surely there is written before what must be looked for. */
#include "base/base.h"
#include "runtime/fault.h"
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 512 };

struct line {
    char bytes[LINE_BYTES];
    size_t length;
};

static void add(struct line *line, const char *text)
{
    while (*text && line->length < sizeof line->bytes) line->bytes[line->length++] = *text++;
}

static void add_number(struct line *line, uintptr_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = "0123456789abcdef"[number % base];
    while (number /= base);
    add(line, digits + at);
}

static void add_hex(struct line *line, uintptr_t number)
{
    add(line, "0x");
    add_number(line, number, 16);
}

/* Nothing can be done about what is not taken. */
static void write_line(struct line *line)
{
    add(line, "\n");
    ssize_t written = write(STDERR_FILENO, line->bytes, line->length);
    (void)written;
    line->length = 0;
}

const char *ksi_fault_name(int number)
{
    switch (number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    default: return "SIGILL";
    }
}

const char *ksi_fault_doing(const struct ksi_process *p, const char **ret_kind)
{
    const struct ksi_message *m = p->current;
    *ret_kind = NULL;
    if (p->flags & KSI_DYING)
        *ret_kind = "a release hook";
    else if (p->flags & KSI_TERMINATING)
        *ret_kind = "terminate";
    else if (p->flags & KSI_STARTING)
        *ret_kind = "init";
    if (*ret_kind || !m || m->kind == KSI_START) return NULL;
    *ret_kind = m->public.op ? "handler of" : "message";
    if (m->public.op) return m->public.op->name;
    return m->public.type ? m->public.type->name : NULL;
}

static void write_what(const struct ksi_fault *fault, const struct ksi_object *program)
{
    struct line line = { .length = 0 };
    uintptr_t code = fault->code;
    add(&line, "kiosk: ");
    add(&line, ksi_fault_name(fault->number));
    add(&line, fault->overflows ? ", stack overflow, at address " : " at address ");
    add_hex(&line, fault->address);
    add(&line, ", code at ");
    add_hex(&line, code);
    if (ksi_object_has(program, code)) {
        add(&line, ", which is +");
        add_hex(&line, code - program->base);
        add(&line, " of the program");
    }
    write_line(&line);
}

static void write_why(const char *why)
{
    struct line line = { .length = 0 };
    add(&line, "kiosk: the program ends: ");
    add(&line, why);
    add(&line, "; for a core file: ulimit -c unlimited, then gdb PROGRAM CORE, or coredumpctl gdb");
    write_line(&line);
}

static void write_who(const struct ksi_process *p)
{
    struct line line = { .length = 0 };
    const char *kind, *what = ksi_fault_doing(p, &kind);
    add(&line, "kiosk: in process <0.");
    add_number(&line, p->index, 10);
    add(&line, ".");
    /* relaxed: of a process that this thread runs */
    add_number(&line, ksi_load_relaxed(&p->generation), 10);
    add(&line, "> of '");
    add(&line, p->module ? p->module->name : "?");
    add(&line, "'");
    if (kind) add(&line, ", ");
    if (kind) add(&line, kind);
    if (what) add(&line, " '");
    if (what) add(&line, what);
    if (what) add(&line, "'");
    write_line(&line);
}

void ksi_fault_report(const struct ksi_fault *fault, const struct ksi_object *program,
    const struct ksi_process *p, const char *why)
{
    write_what(fault, program);
    write_why(why);
    if (p) write_who(p);
}
