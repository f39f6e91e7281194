/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - starting processes by a row, stopping them, and spawning plain functions.
 *
 * A start is a request: the new process finds it first in its mailbox, on_start answers it, and the
 * death of a process that did not get so far answers it last, when its name is free again. A failed
 * start leaves no link, monitor or exit with the starter. Called from inside a process. */
#include <kiosk/spawn.h>

#include "base/base.h"
#include "runtime/client.h"
#include "runtime/inherited.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include "runtime/start.h"
#include <string.h>

/* --- making a process ------------------------------------------------------------------------- */
/* Undoes ksi_process_start before the process ever ran; its death is part of our turn. */
static void unmake(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_process *self = s->current;
    p->flags |= KSI_EXITING | KSI_DYING;
    if (p->flags & KSI_BOUND) p->flags &= ~(uint32_t)KSI_QUEUED; /* held, and in no queue yet */
    p->reason_kind = KS_REASON_NORMAL;
    ksi_die(s, p);
    s->current = self;
}

static bool make_state(struct ksi_scheduler *s, struct ksi_process *p, const ks_type *type)
{
    uint8_t size_class;
    size_t size = p->module->state_size;
    if (size) {
        p->state = ksi_pool_get(&s->pool, size, &size_class);
        if (!p->state) return false;
        memset(p->state, 0, size);
    }
    return !p->module->args || type == &ks_none_type || ksi_cold(s, p);
}

struct ksi_process *ksi_process_start(
    struct ksi_scheduler *s, const ks_module *module, const ks_type *type, const void *args)
{
    struct ksi_process *p = ksi_process_new(s);
    if (!p) return NULL;
    p->module = module;
    p->flags = KSI_STARTING | ksi_rests(module);
    if (s->current && s->current->context) p->context = ksi_context_ref(s->current->context);
    struct ksi_message *m = make_state(s, p, type) ? ksi_message_new(s, type, args) : NULL;
    if (!m) {
        unmake(s, p);
        return NULL;
    }
    m->kind = KSI_START;
    m->weight = 0; /* it stays with the process: no part of the mailbox */
    m->flags |= KSI_ANSWERED;
    *p->mailbox_end = m;
    p->mailbox_end = &m->next;
    m->next = NULL;
    ksi_store_relaxed(&p->queue_length, 1);
    KSI_PROBE3(spawn, KSI_PROBED_PID(p), p->parent, module->name);
    return p;
}

void ksi_started(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (!(p->flags & KSI_STARTING)) return;
    struct ksi_message *m = p->current;
    p->flags &= ~(uint32_t)(KSI_STARTING | KSI_LINK_STARTER);
    p->current = NULL;
    if (ksi_is_request(m)) { ksi_reply_send(s, m, KS_OK, NULL, NULL); }
    if (p->cold && p->module->args && m->public.type != &ks_none_type)
        p->cold->start = m;
    else
        ksi_request_done(s, m);
}

void ks_init_ack(void)
{
    KSI_ENTER(s);
    if (s && s->current) ksi_started(s, s->current);
}

void ks_init_fail(ks_status status)
{
    KSI_ENTER(s);
    KSI_ASSERT(s && s->current); /* there is nobody to end */
    if (!(s->current->flags & KSI_STARTING)) ks_exit(ks_because(status));
    ksi_start_fail(s, s->current, status);
    ksi_leave(s);
}

/* Both halves at once, before the new process can run, so that no signal is needed. */
static bool link_both(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_process *self = s->current;
    struct ksi_record *there = ksi_link_add(s, p, ksi_process_id(self));
    struct ksi_record *here = there ? ksi_link_add(s, self, ksi_process_id(p)) : NULL;
    if (here) return true;
    if (there) ksi_link_remove(s, p, there);
    return false;
}

/* --- spawn: a plain function ------------------------------------------------------------------ */
struct spawned {
    void (*fn)(void *arg);
    void *arg;
};
static const ks_type spawned_type = {
    .name = "spawn", .size = sizeof(struct spawned), .flat = true
};

static ks_next run_spawned(const ks_module *module, void *self, const void *args)
{
    struct spawned spawned = *(const struct spawned *)args;
    ks_init_ack();
    spawned.fn(spawned.arg);
    return ks_stop(KS_NORMAL);
}

static const ks_behaviour spawn_behaviour = {
    .version = KS_BEHAVIOUR_VERSION, .name = "process", .on_start = run_spawned
};
static const ks_module spawn_module = {
    .version = KS_MODULE_VERSION, .name = "process", .behaviour = &spawn_behaviour
};

struct ksi_process *ksi_spawn(struct ksi_scheduler *s, void (*fn)(void *arg), void *arg)
{
    struct spawned spawned = { fn, arg };
    return ksi_process_start(s, &spawn_module, &spawned_type, &spawned);
}

/* Link and monitor stand before the new process can run. */
static ks_pid spawn(void (*fn)(void *arg), void *arg, bool link, const ks_monitor_options *options,
    size_t size, ks_ref *ret_monitor)
{
    KSI_ENTER(s);
    struct ksi_process *p = s ? ksi_spawn(s, fn, arg) : NULL;
    if (!p) return (ks_pid){ 0 };
    ks_pid pid = ksi_pid_of(p);
    if (link && s->current && !link_both(s, p)) {
        unmake(s, p);
        ks_exit(ksi_because(KS_NOMEM));
    }
    ks_ref monitor = { { 0, 0 } };
    if (ret_monitor && s->current)
        monitor = ksi_monitor_start_with(s, s->current, pid, options, size);
    if (ret_monitor && !monitor.id[0]) { /* rather none than one whose end is not heard */
        unmake(s, p);
        return (ks_pid){ 0 };
    }
    if (!ksi_launch(s, p, 0)) {
        unmake(s, p);
        ks_demonitor(monitor);
        return (ks_pid){ 0 };
    }
    if (ret_monitor) *ret_monitor = monitor;
    return pid;
}

ks_pid ks_spawn(void (*fn)(void *arg), void *arg) { return spawn(fn, arg, false, NULL, 0, NULL); }

ks_pid ks_spawn_link(void (*fn)(void *arg), void *arg)
{
    return spawn(fn, arg, true, NULL, 0, NULL);
}

ks_pid ks_spawn_monitor(void (*fn)(void *arg), void *arg, ks_ref *ret_monitor)
{
    return spawn(fn, arg, false, NULL, 0, ret_monitor);
}

ks_pid ks_spawn_monitor_with_(void (*fn)(void *arg), void *arg, const ks_monitor_options *options,
    size_t size, ks_ref *ret_monitor)
{
    return spawn(fn, arg, false, options, size, ret_monitor);
}

/* --- start: a module by its row --------------------------------------------------------------- */
enum relation { ALONE, LINKED = 1, MONITORED = 2 }; /* one or both of the latter */

/* Rows of older programs are shorter. */
static bool read_row(const ks_child *how, size_t size, ks_child *ret_row)
{
    memset(ret_row, 0, sizeof *ret_row);
    memcpy(ret_row, how, size < sizeof *ret_row ? size : sizeof *ret_row);
    const ks_module *module = ret_row->module;
    return module && module->version == KS_MODULE_VERSION && module->behaviour &&
        module->behaviour->version == KS_BEHAVIOUR_VERSION;
}

static const ks_type *args_type(const ks_module *module)
{
    return module->args ? module->args() : &ks_none_type;
}

static ks_status set_limits(struct ksi_scheduler *s, struct ksi_process *p, const ks_child *row)
{
    ks_status status = ksi_priority_set(p, row->priority);
    if (!status && row->stack_size) status = ksi_apart_set(s, p, row->stack_size);
    if (!status) status = ksi_mailbox_limit(s, p, row);
    if (!status) status = ksi_hold(s, p, row->scheduler);
    if (status) return status;
    if (!row->memory_max) return KS_OK;
    if (!ksi_cold(s, p)) return KS_NOMEM;
    p->cold->memory_max = row->memory_max;
    return KS_OK;
}

/* Name, limits and link stand before on_start. On failure the process is unmade. */
static ks_status prepare(struct ksi_scheduler *s, const ks_child *row, const ks_type *type,
    int relation, struct ksi_process **ret_process)
{
    static const ks_none none;
    struct ksi_process *p = ksi_process_start(
        s, row->module, type, row->args || type != &ks_none_type ? row->args : &none);
    if (!p) return KS_NOMEM;
    ks_status status = set_limits(s, p, row);
    if (!status && row->name) status = ksi_name_register(s, row->name, ksi_process_id(p));
    if (!status && (relation & LINKED) && !link_both(s, p)) status = KS_NOMEM;
    if (status) {
        unmake(s, p);
        return status;
    }
    if (relation & LINKED) p->flags |= KSI_LINK_STARTER;
    *ret_process = p;
    return KS_OK;
}

/* A process that did not start in time: killed, and waited for. */
static void kill_and_wait(struct ksi_scheduler *s, ks_pid pid, bool linked)
{
    struct ksi_signal kill = {
        .kind = KSI_EXIT, .from = ksi_process_id(s->current), .to = pid.id, .reason = KS_KILL
    };
    if (linked) ksi_unlink(s, s->current, pid.id);
    ks_ref monitor = ksi_monitor_start(s, s->current, pid);
    ksi_signal_send(s, &kill); /* all three at once: the starter may be killed at any call */
    (void)ks_receive_ref(monitor, KS_INFINITY);
}

static ks_status start_inside(struct ksi_scheduler *s, const ks_child *row, int relation,
    ks_pid *ret_pid, ks_ref *ret_monitor)
{
    struct ksi_process *p;
    ks_pid pid = row->name ? ks_whereis(row->name) : (ks_pid){ 0 };
    if (!ks_is_none(pid)) {
        if (ret_pid) *ret_pid = pid;
        return KS_ALREADY_STARTED;
    }
    ks_status status = prepare(s, row, args_type(row->module), relation, &p);
    if (status) return status;
    pid = ksi_pid_of(p);
    ks_ref monitor = { { 0, 0 } };
    if (relation & MONITORED) {
        monitor = ksi_monitor_start(s, s->current, pid);
        if (!monitor.id[0]) {
            unmake(s, p);
            return KS_NOMEM;
        }
    }
    ks_ms timeout = row->start_timeout ? row->start_timeout : KS_INFINITY;
    status = ksi_start_wait(s, p, row->scheduler, timeout);
    if (status == KS_TIMEOUT || status == KS_NOMEM) kill_and_wait(s, pid, relation & LINKED);
    if (status) {
        ks_demonitor(monitor);
        return status;
    }
    if (ret_pid) *ret_pid = pid;
    if (ret_monitor) *ret_monitor = monitor;
    return KS_OK;
}

/* --- spawn with options: the row of a plain function ------------------------------------------ */
static ks_status spawn_with(struct ksi_scheduler *s, const struct spawned *what,
    const ks_spawn_options *options, ks_pid *ret_pid)
{
    const ks_child row = { .module = &spawn_module,
        .args = what,
        .name = options->name,
        .mailbox_max = options->mailbox_max,
        .overload = options->overload,
        .memory_max = options->memory_max,
        .stack_size = options->stack_size,
        .priority = options->priority,
        .scheduler = options->scheduler };
    struct ksi_process *p;
    ks_pid pid = row.name ? ks_whereis(row.name) : (ks_pid){ 0 };
    if (!ks_is_none(pid)) {
        if (ret_pid) *ret_pid = pid;
        return KS_ALREADY_STARTED;
    }
    ks_status status = prepare(s, &row, &spawned_type, ALONE, &p);
    if (status) return status;
    pid = ksi_pid_of(p);
    ks_ref monitor = { { 0, 0 } };
    bool done = !options->label || ksi_label_set(s, p, options->label);
    if (done && options->ret_monitor) monitor = ksi_monitor_start(s, s->current, pid);
    if (options->ret_monitor && !monitor.id[0]) done = false;
    if (!done || (options->link && !link_both(s, p))) { /* linked last: nothing to undo there */
        unmake(s, p);
        ks_demonitor(monitor);
        return KS_NOMEM;
    }
    if (!ksi_launch(s, p, row.scheduler)) {
        unmake(s, p);
        ks_demonitor(monitor);
        return KS_DRAINING;
    }
    if (options->ret_monitor) *options->ret_monitor = monitor;
    if (ret_pid) *ret_pid = pid;
    return KS_OK;
}

ks_status ks_spawn_with_(
    void (*fn)(void *arg), void *arg, const ks_spawn_options *options, size_t size, ks_pid *ret_pid)
{
    KSI_ENTER(s);
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return KS_DENIED;
    ks_spawn_options known = { 0 };
    if (options) memcpy(&known, options, size < sizeof known ? size : sizeof known);
    return spawn_with(s, &(struct spawned){ fn, arg }, &known, ret_pid);
}

/* --- start, from wherever --------------------------------------------------------------------- */
struct outside_start {
    const ks_child *how;
    size_t size;
    ks_pid *ret_pid;
    ks_status status;
};

static void run_outside_start(void *arg)
{
    struct outside_start *start = arg;
    start->status = ks_start_(start->how, start->size, ALONE, start->ret_pid, NULL);
}

ks_status ks_start_(
    const ks_child *how, size_t size, int relation, ks_pid *ret_pid, ks_ref *ret_monitor)
{
    KSI_ENTER(s);
    ks_child row;
    if (!read_row(how, size, &row)) return KS_BADARG;
    if (!s) return KS_DENIED;
    if (s->current) {
        if (s->current->flags & KSI_IN_HOOK) return KS_DENIED;
        return start_inside(s, &row, relation, ret_pid, ret_monitor);
    }
    if (!s->runtime->outside) return KS_DENIED;
    struct outside_start start = { how, size, ret_pid, KS_DENIED };
    s->runtime->outside(s->runtime, run_outside_start, &start);
    return start.status;
}

/* --- stop ------------------------------------------------------------------------------------- */
bool ksi_is_plain(const struct ksi_process *p)
{
    /* Read once: elsewhere it may be about to get another tenant, which the signal does not reach.
     */
    const ks_module *module = *(const ks_module *const volatile *)&p->module;
    return module && (module == &spawn_module || module->behaviour == &ks_process_behaviour);
}

void ks_ask_to_stop(ks_pid pid, ks_reason reason)
{
    KSI_ENTER(s);
    uint64_t id;
    struct ksi_process *p = s ? ksi_resolve_id(s, pid, &id) : NULL;
    if (!p) return;
    if (ksi_is_plain(p)) {
        ks_exit_process(pid, reason);
        return;
    }
    struct ksi_message *m = ksi_message_new(s, &ks_reason_type, &reason);
    if (!m) {
        ks_exit_process(pid, reason);
        return;
    }
    m->kind = KSI_STOP;
    m->from = s->current ? ksi_process_id(s->current) : 0;
    (void)ksi_message_send(s, p, id, m);
}

ks_status ks_stop_process(ks_pid pid, ks_reason reason, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!ksi_may_block(s)) return KS_DENIED;
    struct ksi_process *p = ksi_resolve(s, pid);
    if (!p) return KS_NOPROC;
    if (p == s->current) return KS_CALLING_SELF;
    pid = ksi_pid_of(p);
    ks_ref monitor = ks_monitor(pid);
    if (!monitor.id[0]) return KS_NOMEM;
    ks_ask_to_stop(pid, reason);
    const ks_msg *msg = ks_receive_ref(monitor, timeout);
    if (!msg) {
        ks_demonitor(monitor);
        return KS_TIMEOUT;
    }
    const ks_down *down = ks_as(ks_down, msg);
    if (down->reason.kind == KS_REASON_STATUS && down->reason.code == KS_NOPROC) return KS_NOPROC;
    return down->reason.kind == reason.kind && down->reason.code == reason.code ? KS_OK : KS_EXITED;
}

ks_status ks_format_status(ks_pid pid, char *buffer, size_t size, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!ksi_may_block(s)) return KS_DENIED;
    uint64_t id;
    struct ksi_process *p = ksi_resolve_id(s, pid, &id);
    if (p == s->current) return KS_CALLING_SELF;
    if (p && ksi_is_plain(p)) return KS_UNDEF;
    struct ksi_message *m = ksi_message_new(s, NULL, NULL);
    if (!m) return KS_NOMEM;
    m->kind = KSI_STATUS;
    ks_text text;
    ks_ms left = ksi_time_left(s);
    ks_status status = ksi_request_wait(s, p, id, m, &text, left < timeout ? left : timeout);
    if (status == KS_TIMEOUT && left < timeout) return KS_DEADLINE;
    if (status || !size) return status;
    size_t length = text.len < size ? text.len : size - 1;
    memcpy(buffer, text.ptr, length);
    buffer[length] = 0;
    return KS_OK;
}
