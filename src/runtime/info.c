/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - a look at a process from outside: its control block is read, it never notices.
 *
 * What stands on the stack of a blocked process (struct ksi_call) is read only while it waits for
 * it. Called from inside a process. */
#include <kiosk/info.h>

#include "base/base.h"
#include "runtime/ask.h"
#include "runtime/timer.h"
#include "type/type.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NS_PER_MS = 1000000, VALUE_BYTES = 160 };

/* The request that it is started by is no message. */
static const struct ksi_message *first_of(const struct ksi_process *p)
{
    const struct ksi_message *m = p->mailbox;
    return m && m->kind == KSI_START ? m->next : m;
}

/* --- a snapshot ------------------------------------------------------------------------------- */
static void put_state(
    const struct ksi_scheduler *s, const struct ksi_process *p, ks_process_snapshot *info)
{
    static const ks_waits_for waits[] = { [KSI_WAIT_NOTHING] = KS_WAITS_FOR_MESSAGE,
        [KSI_WAIT_REPLY] = KS_WAITS_FOR_REPLY,
        [KSI_WAIT_MESSAGE] = KS_WAITS_FOR_MESSAGE,
        [KSI_WAIT_EVENT] = KS_WAITS_FOR_IO,
        [KSI_WAIT_TIME] = KS_WAITS_FOR_TIME,
        [KSI_WAIT_THREAD] = KS_WAITS_FOR_MESSAGE,
        [KSI_WAIT_ARRIVAL] = KS_WAITS_FOR_MESSAGE };
    bool waits_now = p->wait != KSI_WAIT_NOTHING || !(p->stack || (p->flags & KSI_QUEUED));
    info->state = KS_PROCESS_WAITING;
    if (p->flags & KSI_EXITING)
        info->state = KS_PROCESS_EXITING;
    else if (p->flags & KSI_SUSPENDED)
        info->state = KS_PROCESS_SUSPENDED;
    else if (p == s->current || ksi_is_late(p))
        info->state = KS_PROCESS_RUNNING;
    else if (p->wait == KSI_WAIT_THREAD)
        info->state = KS_PROCESS_RUNNABLE;
    else if (!waits_now)
        info->state = KS_PROCESS_RUNNABLE;
    else if (p->wait == KSI_WAIT_REPLY && p->call->for_room)
        info->waits_for = KS_WAITS_FOR_ROOM;
    else
        info->waits_for = waits[p->wait];
}

static void put_wait(
    struct ksi_scheduler *s, const struct ksi_process *p, ks_process_snapshot *info)
{
    info->wait_left = KS_INFINITY;
    info->waited = -1;
    if (p->flags & KSI_EXITING) return; /* its reason stands where the duration was */
    if (p->flags & KSI_PENDING_TIMER) { /* of this slice */
        info->wait_left = p->timer_ms;
        info->waited = 0;
    } else if (ksi_timer_armed(&p->timer)) {
        info->wait_left = ksi_ms_until(p->timer.due, ksi_fresh_ns(s));
        info->waited = p->timer_ms > info->wait_left ? p->timer_ms - info->wait_left : 0;
    }
    if (p->wait == KSI_WAIT_REPLY && p->call) info->calls = ksi_pid(p->call->target);
}

static void put_current(
    struct ksi_scheduler *s, const struct ksi_process *p, ks_process_snapshot *info)
{
    const struct ksi_message *m = p->current;
    info->deadline_left = KS_INFINITY;
    if (!m) return;
    if (m->public.type && m->public.body) info->message_type = m->public.type->name;
    if (m->public.op) info->operation = m->public.op->name;
    if (!ksi_is_call(m)) return;
    info->caller = ksi_pid(m->from);
    if (m->flags & KSI_ASYNC) return;
    info->deadline_left = m->deadline;
    if (m->deadline >= KS_INFINITY || (m->flags & KSI_RELATIVE)) return;
    ks_ms left = m->deadline - ksi_fresh_ns(s) / NS_PER_MS;
    info->deadline_left = left > 0 ? left : 0;
}

static void put_memory(
    const struct ksi_scheduler *s, const struct ksi_process *p, ks_process_snapshot *info)
{
    info->memory_process = sizeof *p + (p->cold ? sizeof *p->cold : 0);
    info->memory_state = p->state ? p->module->state_size : 0;
    for (const struct ksi_block *block = p->turn; block; block = block->next)
        info->memory_turn += block->size;
    size_t replies = 0; /* counted with the others, but no part of either */
    for (const struct ksi_message *m = p->received; m; m = m->next)
        if (m->flags & KSI_COUNTED) replies += m->serial;
    info->memory_turn += replies;
    info->memory_allocated = ksi_load_relaxed(&p->memory_used) - info->memory_turn; /* its own */
    info->stack_size = ksi_apart_size(s, p);
    const struct ksi_stack *stack = p == s->current ? s->stack : p->stack;
    uintptr_t top = stack ? (uintptr_t)stack->lowest + stack->size : 0;
    uintptr_t at = (uintptr_t)__builtin_frame_address(0);
    if (stack && stack == p->stack) at = stack->place.sp;
    info->stack_used = top > at ? top - at : 0;
}

static void put_text(char *to, size_t size, const char *text)
{
    if (text) snprintf(to, size, "%s", text);
}

/* Of a process whose scheduler does not answer now, what may be read from anywhere. */
static ks_process_snapshot read_from_afar(struct ksi_scheduler *s, uint64_t id)
{
    const struct ksi_process *p = ksi_slot_of(s, id);
    ks_process_snapshot info = { .pid = ksi_pid(id),
        .state = KS_PROCESS_UNKNOWN,
        .queue_length = ksi_load_relaxed(&p->queue_length), /* a count, no more */
        .wait_left = KS_INFINITY,
        .waited = -1,
        .deadline_left = KS_INFINITY };
    (void)ksi_name_text(s, p, info.name, sizeof info.name);
    return info;
}

static void look_into(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    ks_process_snapshot *info = arg;
    *info = (ks_process_snapshot){ .pid = ksi_pid_of(p),
        .parent = ksi_pid(p->parent),
        .module = p->module->name,
        .behaviour = p->module->behaviour->name,
        .queue_length = ksi_load_relaxed(&p->queue_length) - (first_of(p) != p->mailbox),
        .priority = ksi_priority_of(p),
        .traps_exits = p->flags & KSI_TRAPS,
        .starting = p->flags & KSI_STARTING };
    (void)ksi_name_text(s, p, info->name, sizeof info->name);
    put_text(info->label, sizeof info->label, p->cold ? ksi_block_text(p->cold->label) : NULL);
    put_state(s, p, info);
    put_wait(s, p, info);
    put_current(s, p, info);
    put_memory(s, p, info);
}

ks_status ks_process_info_(ks_pid pid, ks_process_snapshot *ret_info, size_t size)
{
    KSI_ENTER(s);
    uint64_t id;
    if (!s) return KS_DENIED;
    if (!ksi_resolve_id(s, pid, &id)) return KS_NOPROC;
    ks_process_snapshot info = { .parent = { 0 } };
    const struct ksi_question question = {
        .look = look_into, .arg = &info, .arg_size = sizeof info
    };
    ks_status status = ksi_ask(s, id, &question);
    if (status == KS_NOPROC) return status;
    if (status) info = read_from_afar(s, id);
    memcpy(ret_info, &info, size < sizeof info ? size : sizeof info);
    return KS_OK;
}

/* --- all of them ------------------------------------------------------------------------------ */
size_t ks_processes(ks_pid *ret_pids, size_t max)
{
    KSI_ENTER(s);
    size_t count = 0;
    if (!s) return 0;
    const struct ksi_process_table *table = &s->runtime->processes;
    uint32_t used = ksi_load_acquire(&table->table.used); /* the slots below are there */
    for (uint32_t i = 1; i < used; i++) {
        struct ksi_process *p = &table->slots[i];
        if (!ksi_load_acquire(&p->in_use)) continue; /* acquire: its pid */
        if (ksi_is_home(s, p) && (p->flags & KSI_EXITING)) continue;
        if (count < max) ret_pids[count] = ksi_pid_of(p);
        count++;
    }
    return count;
}

/* --- a mailbox as text ------------------------------------------------------------------------ */
struct out {
    char *buffer;
    size_t size, length, messages_max;
};

static void add(struct out *out, const char *format, ...) KS_PRINTF(2, 3);
static void add(struct out *out, const char *format, ...)
{
    size_t left = out->size - out->length;
    if (left <= 1) return;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(out->buffer + out->length, left, format, args);
    va_end(args);
    if (length > 0) out->length += (size_t)length < left ? (size_t)length : left - 1;
}

static const char *kind_of(const struct ksi_message *m)
{
    static const char *const kinds[] = { [KSI_MESSAGE] = "message",
        [KSI_STOP] = "stop",
        [KSI_STATUS] = "status",
        [KSI_TRAPPED] = "exit",
        [KSI_RESPONSE] = "response",
        [KSI_PACKET] = "packet" };
    if (m->public.op) return m->public.op->kind == KS_OP_CALL ? "call" : "cast";
    return m->kind < KSI_COUNT_OF(kinds) && kinds[m->kind] ? kinds[m->kind] : "?";
}

static void add_message(struct out *out, const struct ksi_message *m)
{
    char value[VALUE_BYTES] = "", from[KS_PID_TEXT_MAX];
    if (m->public.type && m->public.body)
        ks_print_(m->public.type, m->public.body, value, sizeof value);
    add(out, "%s", kind_of(m));
    if (m->public.op) add(out, " %s", m->public.op->name);
    if (value[0]) add(out, " %s", value);
    if (m->from) add(out, " from %s", ks_pid_text(ksi_pid(m->from), from, sizeof from));
    add(out, "\n");
}

static void write_mailbox(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *text)
{
    struct out *out = arg;
    size_t left = out->messages_max;
    out->buffer = text;
    for (const struct ksi_message *m = first_of(p); m && left > 0; m = m->next, left--) {
        if (out->length + 1 >= out->size) break;
        add_message(out, m);
    }
}

ks_status ks_format_mailbox(ks_pid pid, char *buffer, size_t size, size_t messages_max)
{
    KSI_ENTER(s);
    uint64_t id;
    if (!s) return KS_DENIED;
    if (!ksi_resolve_id(s, pid, &id)) return KS_NOPROC;
    if (size) buffer[0] = 0;
    struct out out = { .size = size, .messages_max = messages_max };
    const struct ksi_question question = {
        .look = write_mailbox, .arg = &out, .arg_size = sizeof out, .out = buffer, .out_size = size
    };
    ks_status status = ksi_ask(s, id, &question);
    if (size && !status) buffer[out.length] = 0;
    return status;
}
