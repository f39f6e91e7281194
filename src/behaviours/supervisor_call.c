/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_call.c - the operations of a running supervisor, and what they are asked with.
 *
 * One module of its own serves as their address, whatever module the supervisor is of. A row
 * travels by value, with its arguments as a ks_any: whoever asks may be gone before it was read.
 * Handlers run in the supervisor; the public functions in whoever asks. */
#include "behaviours/supervisor.h"

#include <string.h>

enum { RETRY_MS = 1 };
static const ks_module protocol = { .version = KS_MODULE_VERSION, .name = "supervisor" };

/* --- what travels ----------------------------------------------------------------------------- */
KS_TYPE(ks_child_info, id, name, pid, state, is_supervisor, restarts);
KS_TYPE(ks_child_counts, specs, active, supervisors, workers);

typedef struct ksi_row {
    const ks_module *module;
    ks_any args;
    const char *id, *name;
    ks_ms shutdown, start_timeout, drain;
    ks_ms overload_timeout;
    uint64_t memory_max, mailbox_bytes_max, stack_size;
    uint32_t mailbox_max, scheduler;
    int32_t restart, overload, priority;
    bool significant;
    ks_backoff backoff;
} ksi_row;
KS_TYPE(ksi_row, (local, module), args, id, name, shutdown, start_timeout, drain, overload_timeout,
    memory_max, mailbox_bytes_max, stack_size, mailbox_max, scheduler, restart, overload, priority,
    significant, (record, backoff, ks_backoff));

typedef struct ksi_started_child { /* a call that fails has no room for a pid */
    ks_pid pid;
    ks_any args; /* when it did not start: the sockets in them go back */
    int32_t status;
} ksi_started_child;
KS_TYPE(ksi_started_child, pid, args, status);

typedef struct ksi_of_child { /* id NULL: of pid */
    const char *id;
    ks_pid pid;
} ksi_of_child;
KS_TYPE(ksi_of_child, id, pid);

typedef struct ksi_delay {
    ks_pid pid;
    uint32_t serial;
} ksi_delay;
KS_TYPE(ksi_delay, pid, serial);

typedef struct ksi_limits {
    int32_t max_restarts, max_seconds;
    uint32_t max_children;
} ksi_limits;
KS_TYPE(ksi_limits, max_restarts, max_seconds, max_children);

typedef struct ksi_patience {
    uint32_t serial;
} ksi_patience;
KS_TYPE(ksi_patience, serial);

KS_TYPE(ksi_children, supervisor, pid, count, (list, infos, ks_child_info));

union reply {
    ksi_started_child started;
    ksi_children children;
    ks_child_counts counts;
    ksi_row row;
};

/* --- handlers --------------------------------------------------------------------------------- */
static ks_child row_of(const ksi_row *request)
{
    return (ks_child){ .module = request->module,
        .args = request->args.value,
        .id = request->id,
        .name = request->name,
        .restart = (ks_restart)request->restart,
        .shutdown = request->shutdown,
        .mailbox_max = request->mailbox_max,
        .mailbox_bytes_max = (size_t)request->mailbox_bytes_max,
        .overload_timeout = request->overload_timeout,
        .overload = (ks_overload)request->overload,
        .memory_max = (size_t)request->memory_max,
        .start_timeout = request->start_timeout,
        .drain = request->drain,
        .significant = request->significant,
        .stack_size = (size_t)request->stack_size,
        .priority = (ks_priority)request->priority,
        .scheduler = request->scheduler,
        .backoff = request->backoff };
}

static ksi_row row_to_send(const ks_child *row)
{
    return (ksi_row){ .module = row->module,
        .args = { row->module->args ? row->module->args() : &ks_none_type, row->args },
        .id = row->id,
        .name = row->name,
        .shutdown = row->shutdown,
        .start_timeout = row->start_timeout,
        .drain = row->drain,
        .memory_max = row->memory_max,
        .mailbox_max = row->mailbox_max,
        .mailbox_bytes_max = row->mailbox_bytes_max,
        .overload_timeout = row->overload_timeout,
        .restart = (int32_t)row->restart,
        .overload = (int32_t)row->overload,
        .significant = row->significant,
        .stack_size = row->stack_size,
        .priority = (int32_t)row->priority,
        .scheduler = row->scheduler,
        .backoff = row->backoff };
}

/* A temporary child is started with the arguments of the request: nobody needs them again. */
static ks_status start_child(struct ksi_supervisor *self, const ks_child *row, ks_pid *ret_pid)
{
    struct ksi_child *child;
    ks_status status = self->leaving ? KS_DRAINING : ksi_child_check(self, row, &child);
    if (status == KS_ALREADY_STARTED) *ret_pid = child->pid;
    if (status) return status;
    child = ksi_child_new(self, row);
    bool temporary = child->row.restart == KS_TEMPORARY;
    if (!temporary) ksi_child_copy_args(child, row->args);
    status = ksi_child_start(self, child, temporary ? row->args : child->row.args, ret_pid);
    if (status == KS_OK || (status == KS_IGNORE && !ksi_is_forgotten(self, child)))
        ksi_child_insert(self, child);
    else
        ksi_child_free(child);
    return status;
}

/* The sockets that no child has taken go back with the answer. */
static void give_back(ksi_started_child *started, const ksi_row *request)
{
    if (request->args.type && request->args.type->owns) started->args = request->args;
}

static ks_next handle_start_child(void *state, const void *request, void *reply)
{
    ksi_started_child *started = reply;
    ks_child row = row_of(request);
    started->status = start_child(state, &row, &started->pid);
    give_back(started, request);
    return ks_reply();
}

static ks_status start_or_get(struct ksi_supervisor *self, const ks_child *row, ks_pid *ret_pid)
{
    bool has_id = row->id || !ksi_is_dynamic(self);
    if (!has_id || !ksi_child_row_is_right(ksi_supervisor_spec(self), self->auto_shutdown, row))
        return KS_BADARG;
    struct ksi_child *child = ksi_child_of_id(self, ksi_child_row_id(row));
    if (!child) return start_child(self, row, ret_pid);
    *ret_pid = child->pid;
    if (child->state == KS_CHILD_RUNNING) return KS_OK;
    if (child->state == KS_CHILD_RESTARTING) return KS_ALREADY_PRESENT;
    if (self->leaving) return KS_DRAINING;
    return ksi_child_start(self, child, child->row.args, ret_pid);
}

static ks_next handle_start_or_get(void *state, const void *request, void *reply)
{
    ksi_started_child *started = reply;
    ks_child row = row_of(request);
    started->status = start_or_get(state, &row, &started->pid);
    give_back(started, request);
    return ks_reply();
}

static ks_next handle_get_child(void *state, const void *request, void *reply)
{
    const ksi_of_child *of = request;
    const struct ksi_child *child =
        of->id ? ksi_child_of_id(state, of->id) : ksi_child_of_pid(state, of->pid);
    if (!child) return ks_fail(KS_NOT_FOUND);
    *(ksi_row *)reply = row_to_send(&child->row);
    return ks_reply();
}

/* Nothing is kept of a temporary child that does not run, and no arguments of one that does: what
 * was read of it does not say how to start another one. */
static bool may_become(
    const struct ksi_supervisor *self, const struct ksi_child *child, const ks_child *row)
{
    if (ksi_child_row_restart(ksi_supervisor_spec(self), row) == KS_TEMPORARY)
        return child->state == KS_CHILD_RUNNING;
    return row->args || !row->module->args || row->module->args() == &ks_none_type;
}

static ks_next handle_change_child(void *state, const void *request, void *reply)
{
    const struct ksi_supervisor *self = state;
    ks_child row = row_of(request);
    if (!ksi_child_row_is_right(ksi_supervisor_spec(self), self->auto_shutdown, &row))
        return ks_fail(KS_BADARG);
    struct ksi_child *child = ksi_child_of_id(state, ksi_child_row_id(&row));
    if (!child) return ks_fail(KS_NOT_FOUND);
    if (!may_become(self, child, &row)) return ks_fail(KS_BADARG);
    ksi_child_change(state, child, &row);
    return ks_reply();
}

static ks_next handle_change_limits(void *state, const void *request, void *reply)
{
    const ksi_limits *limits = request;
    ks_status status = ksi_supervisor_set_limits(state,
        &(ks_supervisor_limits){ limits->max_restarts, limits->max_seconds, limits->max_children });
    return status ? ks_fail(status) : ks_reply();
}

static ks_next handle_change_auto_shutdown(void *state, const void *request, void *reply)
{
    struct ksi_supervisor *self = state;
    ks_int wanted = *(const ks_int *)request;
    if (!ksi_auto_shutdown_is_right(ksi_supervisor_spec(self)->strategy, (int)wanted))
        return ks_fail(KS_BADARG);
    self->auto_shutdown = (uint8_t)wanted;
    return ks_reply();
}

static ks_next terminate_child(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (!child) return ks_fail(KS_NOT_FOUND);
    ksi_child_stop(self, child);
    if (ksi_is_forgotten(self, child)) ksi_child_remove(self, child);
    return ks_reply();
}

static struct ksi_child *child_of(const struct ksi_supervisor *self, const void *id)
{
    return ksi_child_of_id(self, ((const ks_text *)id)->ptr);
}

static ks_next handle_terminate_child(void *state, const void *id, void *reply)
{
    return terminate_child(state, child_of(state, id));
}

static ks_next handle_terminate_child_pid(void *state, const void *pid, void *reply)
{
    return terminate_child(state, ksi_child_of_pid(state, *(const ks_pid *)pid));
}

static ks_next handle_restart_child(void *state, const void *id, void *reply)
{
    struct ksi_child *child = child_of(state, id);
    ksi_started_child *started = reply;
    if (!child) return ks_fail(KS_NOT_FOUND);
    if (((struct ksi_supervisor *)state)->leaving) return ks_fail(KS_DRAINING);
    started->pid = child->state == KS_CHILD_RUNNING ? child->pid : (ks_pid){ 0 };
    started->status = KS_ALREADY_STARTED;
    if (child->state == KS_CHILD_STOPPED)
        started->status = ksi_child_start(state, child, child->row.args, &started->pid);
    return ks_reply();
}

static ks_next handle_delete_child(void *state, const void *id, void *reply)
{
    struct ksi_child *child = child_of(state, id);
    if (!child) return ks_fail(KS_NOT_FOUND);
    if (child->state != KS_CHILD_STOPPED) return ks_fail(KS_ALREADY_STARTED);
    ksi_child_remove(state, child);
    return ks_reply();
}

static ks_child_info info_of(const struct ksi_child *child)
{
    bool running = child->state == KS_CHILD_RUNNING;
    return (ks_child_info){ .id = ks_str(child->row.id),
        .name = ks_str(child->row.module->name),
        .pid = running ? child->pid : (ks_pid){ 0 },
        .state = (int32_t)child->state,
        .is_supervisor = ksi_is_supervisor(child),
        .restarts = child->restarts };
}

static ks_next handle_which_children(void *state, const void *request, void *reply)
{
    const struct ksi_supervisor *self = state;
    size_t count = (size_t)self->counts.specs, max = (size_t) * (const ks_int *)request, used = 0;
    ks_child_info *infos = NULL;
    if (max > count) max = count;
    if (max) {
        infos = ks_alloc(max * sizeof *infos);
        ks_defer(ks_free, infos);
    }
    for (const struct ksi_child *child = self->first; child && used < max; child = child->next)
        infos[used++] = info_of(child);
    *(ksi_children *)reply = (ksi_children){ .supervisor = ks_str(self->module->name),
        .pid = ks_self(),
        .count = count,
        .infos = { infos, used } };
    return ks_reply();
}

static ks_next handle_count_children(void *state, const void *request, void *reply)
{
    *(ks_child_counts *)reply = ((const struct ksi_supervisor *)state)->counts;
    return ks_reply();
}

static ks_next handle_retry(void *state, const void *msg, void *reply)
{
    return ksi_supervisor_retry(state);
}

/* Its timer may have fired before it was cancelled: then nobody waits with that serial. */
static ks_next handle_due(void *state, const void *msg, void *reply)
{
    const ksi_delay *delay = msg;
    struct ksi_child *child = ksi_child_of_delay(state, delay->pid, delay->serial);
    return child ? ksi_child_due(state, child) : ks_noreply();
}

static ks_next handle_patience(void *state, const void *msg, void *reply)
{
    return ksi_supervisor_impatient(state, ((const ksi_patience *)msg)->serial);
}

/* --- operations ------------------------------------------------------------------------------- */
#define OPERATION(NAME, KIND, REQUEST, REPLY)                                                      \
    static const ks_op NAME##_op = { KIND, #NAME, &protocol, REQUEST, REPLY, handle_##NAME }
OPERATION(start_child, KS_OP_CALL, &ksi_row_type, &ksi_started_child_type);
OPERATION(start_or_get, KS_OP_CALL, &ksi_row_type, &ksi_started_child_type);
OPERATION(get_child, KS_OP_CALL, &ksi_of_child_type, &ksi_row_type);
OPERATION(change_child, KS_OP_CALL, &ksi_row_type, &ks_none_type);
OPERATION(change_limits, KS_OP_CALL, &ksi_limits_type, &ks_none_type);
OPERATION(change_auto_shutdown, KS_OP_CALL, &ks_int_type, &ks_none_type);
OPERATION(terminate_child, KS_OP_CALL, &ks_text_type, &ks_none_type);
OPERATION(terminate_child_pid, KS_OP_CALL, &ks_pid_type, &ks_none_type);
OPERATION(restart_child, KS_OP_CALL, &ks_text_type, &ksi_started_child_type);
OPERATION(delete_child, KS_OP_CALL, &ks_text_type, &ks_none_type);
OPERATION(which_children, KS_OP_CALL, &ks_int_type, &ksi_children_type);
OPERATION(count_children, KS_OP_CALL, &ks_none_type, &ks_child_counts_type);
OPERATION(retry, KS_OP_CAST, &ks_none_type, NULL);
OPERATION(due, KS_OP_CAST, &ksi_delay_type, NULL);
OPERATION(patience, KS_OP_CAST, &ksi_patience_type, NULL);

/* What a supervisor that leaves does not do any more, beside starting somebody. */
static bool is_late(const ks_op *op)
{
    return op == &change_child_op || op == &change_limits_op || op == &change_auto_shutdown_op ||
        op == &due_op;
}

/* Sockets that came with a request and that nobody took: not ours to keep. A message to nobody
 * closes what it holds; what has left with the answer is not in it. */
static void close_left(const ks_op *op, const union reply *reply)
{
    if (op->reply == &ksi_started_child_type && reply->started.args.value)
        (void)ks_send_((ks_pid){ 0 }, op->reply, &reply->started);
}

static ks_next serve_late(const ks_op *op)
{
    if (op->kind == KS_OP_CALL) ks_answer_(op, KS_DRAINING, NULL);
    return ks_noreply();
}

ks_next ksi_supervisor_serve(struct ksi_supervisor *self, const ks_msg *msg)
{
    const ks_op *op = msg->op;
    union reply reply;
    memset(&reply, 0, sizeof reply);
    if (op->module != &protocol) {
        if (op->kind != KS_OP_CALL) return ks_unexpected_(self->module, msg);
        ks_answer_(op, KS_UNDEF, NULL);
        return ks_noreply();
    }
    if (self->leaving && is_late(op)) return serve_late(op);
    self->asked = op->kind == KS_OP_CALL;
    ks_next next = op->invoke(self, msg->body, &reply);
    self->asked = false;
    if (op->kind != KS_OP_CALL) return next;
    if (next.verdict == KS_NEXT_FAIL)
        ks_answer_(op, next.argument, NULL);
    else
        ks_answer_(op, KS_OK, &reply);
    close_left(op, &reply);
    return self->leaving ? ksi_supervisor_leave_on(self) : ks_noreply();
}

/* What did not start often needs what somebody who is just ending still has: a name, a port. One
 * that is killed leaves its children to their links, so they may end after its restart. */
bool ksi_supervisor_retry_later(void)
{
    const ks_none none = { 0 };
    ks_ref timer = ks_cast_timer_(KS_TIMER_AFTER, RETRY_MS, ks_self(), &retry_op, &none);
    return !ks_is_no_ref(timer);
}

/* Never lost: it was made with its message, and what one sends to oneself in time is not refused.
 */
ks_ref ksi_child_due_later(const struct ksi_child *child, ks_ms delay)
{
    ksi_delay due = { child->pid, child->delay };
    return ks_cast_timer_(KS_TIMER_AFTER, delay, ks_self(), &due_op, &due);
}

bool ksi_supervisor_impatient_later(uint32_t patience, ks_ms limit)
{
    ksi_patience over = { patience };
    return limit >= KS_INFINITY ||
        !ks_is_no_ref(ks_cast_timer_(KS_TIMER_AFTER, limit, ks_self(), &patience_op, &over));
}

/* --- asking ----------------------------------------------------------------------------------- */
static ks_status ask_to_start(
    ks_pid supervisor, const ks_op *op, const void *child, size_t size, ks_pid *ret_pid)
{
    ks_child row = ksi_child_row_read(child, size);
    if (!row.module) return KS_BADARG;
    ksi_row request = row_to_send(&row);
    ksi_started_child started;
    ks_status status = ks_call_(supervisor, op, &request, &started, KS_INFINITY);
    if (status) return status;
    if (ret_pid && (started.status == KS_OK || started.status == KS_ALREADY_STARTED))
        *ret_pid = started.pid;
    return started.status;
}

ks_status ks_start_child_(ks_pid supervisor, const ks_child *child, size_t size, ks_pid *ret_pid)
{
    return ask_to_start(supervisor, &start_child_op, child, size, ret_pid);
}

ks_status ks_start_or_get_(ks_pid supervisor, const ks_child *child, size_t size, ks_pid *ret_pid)
{
    return ask_to_start(supervisor, &start_or_get_op, child, size, ret_pid);
}

ks_status ks_get_child_(
    ks_pid supervisor, const char *id, ks_pid pid, ks_child *ret_child, size_t size)
{
    ksi_of_child of = { id, pid };
    ksi_row row;
    ks_status status = ks_call_(supervisor, &get_child_op, &of, &row, KS_INFINITY);
    if (status) return status;
    ks_child child = row_of(&row);
    memset(ret_child, 0, size);
    memcpy(ret_child, &child, size < sizeof child ? size : sizeof child);
    return KS_OK;
}

ks_status ks_change_child_(ks_pid supervisor, const ks_child *child, size_t size)
{
    ks_child row = ksi_child_row_read(child, size);
    if (!row.module) return KS_BADARG;
    ksi_row request = row_to_send(&row);
    return ks_call_(supervisor, &change_child_op, &request, NULL, KS_INFINITY);
}

ks_status ks_change_limits_(ks_pid supervisor, const ks_supervisor_limits *limits, size_t size)
{
    ks_supervisor_limits read = { 0 };
    memcpy(&read, limits, size < sizeof read ? size : sizeof read);
    ksi_limits request = { read.max_restarts, read.max_seconds, read.max_children };
    return ks_call_(supervisor, &change_limits_op, &request, NULL, KS_INFINITY);
}

ks_status ks_change_auto_shutdown(ks_pid supervisor, ks_auto_shutdown auto_shutdown)
{
    ks_int wanted = (ks_int)auto_shutdown;
    return ks_call_(supervisor, &change_auto_shutdown_op, &wanted, NULL, KS_INFINITY);
}

static ks_status ask_by_id(ks_pid supervisor, const ks_op *op, const char *id, void *ret_reply)
{
    ks_text text = ks_str(id);
    return id ? ks_call_(supervisor, op, &text, ret_reply, KS_INFINITY) : KS_BADARG;
}

ks_status ks_terminate_child(ks_pid supervisor, const char *id)
{
    return ask_by_id(supervisor, &terminate_child_op, id, NULL);
}

ks_status ks_terminate_child_pid(ks_pid supervisor, ks_pid child)
{
    return ks_call_(supervisor, &terminate_child_pid_op, &child, NULL, KS_INFINITY);
}

ks_status ks_restart_child(ks_pid supervisor, const char *id, ks_pid *ret_pid)
{
    ksi_started_child started;
    ks_status status = ask_by_id(supervisor, &restart_child_op, id, &started);
    if (status) return status;
    if (ret_pid && (started.status == KS_OK || started.status == KS_ALREADY_STARTED))
        *ret_pid = started.pid;
    return started.status;
}

ks_status ks_delete_child(ks_pid supervisor, const char *id)
{
    return ask_by_id(supervisor, &delete_child_op, id, NULL);
}

ks_status ksi_which_children(ks_pid supervisor, size_t max, ksi_children *ret_children)
{
    ks_int most = max < INT64_MAX ? (ks_int)max : INT64_MAX;
    return ks_call_(supervisor, &which_children_op, &most, ret_children, KS_INFINITY);
}

ks_status ks_which_children(
    ks_pid supervisor, ks_child_info *ret_children, size_t max, size_t *ret_count)
{
    ksi_children children;
    ks_status status = ksi_which_children(supervisor, max, &children);
    if (status) return status;
    size_t count = children.infos.count;
    if (count) memcpy(ret_children, children.infos.items, count * sizeof *ret_children);
    if (ret_count) *ret_count = (size_t)children.count;
    return KS_OK;
}

ks_status ks_count_children(ks_pid supervisor, ks_child_counts *ret_counts)
{
    ks_none none = { 0 };
    return ks_call_(supervisor, &count_children_op, &none, ret_counts, KS_INFINITY);
}
