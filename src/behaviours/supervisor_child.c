/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_child.c - the children of a supervisor: copies of their rows, states, lookups.
 * See supervisor.h. */
#include "behaviours/supervisor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHUTDOWN_MS = 5000, REPORT_BYTES = 512 };

/* --- rows ------------------------------------------------------------------------------------- */
static const char *id_of(const ks_child *row) { return row->id ? row->id : row->module->name; }

static ks_restart restart_of(const struct ksi_supervisor *self, const ks_child *row)
{
    if (row->restart) return row->restart;
    ks_restart usual = ksi_supervisor_spec(self)->restart;
    return usual ? usual : KS_PERMANENT;
}

static ks_ms shutdown_of(const ks_child *row)
{
    if (row->shutdown) return row->shutdown < KS_INFINITY ? row->shutdown : KS_INFINITY;
    return row->module->behaviour == &ks_supervisor_behaviour ? KS_INFINITY : SHUTDOWN_MS;
}

static bool is_right(const ks_child *row)
{
    return row->module && row->module->behaviour && row->restart >= KS_RESTART_DEFAULT &&
        row->restart <= KS_TEMPORARY && (row->shutdown >= 0 || row->shutdown == KS_BRUTAL_KILL) &&
        row->start_timeout >= 0;
}

static bool may_be_significant(const struct ksi_supervisor *self, const ks_child *row)
{
    return ksi_supervisor_spec(self)->auto_shutdown != KS_NEVER &&
        restart_of(self, row) != KS_PERMANENT;
}

static const char *copy_text(const char *text) { return text ? ks_strdup(ks_str(text)) : NULL; }

void ksi_child_copy_args(struct ksi_child *child, const void *args)
{
    const ks_module *module = child->row.module;
    const ks_type *type = module->args ? module->args() : &ks_none_type;
    if (args && type != &ks_none_type) child->row.args = ks_copy_(type, args);
}

struct ksi_child *ksi_child_new(const struct ksi_supervisor *self, const ks_child *row)
{
    struct ksi_child *child = ks_alloc(sizeof *child);
    child->state = KS_CHILD_STOPPED;
    child->row = *row;
    child->row.id = row->id ? copy_text(row->id) : row->module->name;
    child->row.name = copy_text(row->name);
    child->row.args = NULL;
    child->row.restart = restart_of(self, row);
    child->row.shutdown = shutdown_of(row);
    return child;
}

void ksi_child_drop_args(struct ksi_child *child)
{
    ks_free((void *)child->row.args);
    child->row.args = NULL;
}

void ksi_child_free(struct ksi_child *child)
{
    if (child->row.id != child->row.module->name) ks_free((void *)child->row.id);
    ks_free((void *)child->row.name);
    ksi_child_drop_args(child);
    ks_free(child);
}

/* --- lookups ---------------------------------------------------------------------------------- */
/* FNV-1a: ids are short. */
static uint64_t hash_of(const char *id)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *id; id++) hash = (hash ^ (unsigned char)*id) * 0x100000001b3u;
    return hash;
}

static struct ksi_child *with_id_node(struct ksi_node *node)
{
    return (struct ksi_child *)(void *)((char *)node - offsetof(struct ksi_child, by_id));
}

static struct ksi_child *with_pid_node(struct ksi_node *node)
{
    return (struct ksi_child *)(void *)((char *)node - offsetof(struct ksi_child, by_pid));
}

struct ksi_child *ksi_child_of_pid(const struct ksi_supervisor *self, ks_pid pid)
{
    struct ksi_node *node = ksi_index_find(&self->by_pid, pid.id);
    if (ks_is_none(pid)) return NULL; /* so are those that are being restarted and never ran */
    for (; node; node = ksi_index_next(node))
        if (ks_same_pid(with_pid_node(node)->pid, pid)) return with_pid_node(node);
    return NULL;
}

struct ksi_child *ksi_child_of_id(const struct ksi_supervisor *self, const char *id)
{
    struct ksi_node *node = ksi_index_find(&self->by_id, hash_of(id));
    for (; node; node = ksi_index_next(node))
        if (strcmp(with_id_node(node)->row.id, id) == 0) return with_id_node(node);
    return NULL;
}

ks_status ksi_child_check(
    const struct ksi_supervisor *self, const ks_child *row, struct ksi_child **ret_child)
{
    uint32_t max = ksi_supervisor_spec(self)->max_children;
    if (!is_right(row)) return KS_BADARG;
    if (row->significant && !may_be_significant(self, row)) return KS_BADARG;
    struct ksi_child *child = ksi_is_dynamic(self) ? NULL : ksi_child_of_id(self, id_of(row));
    if (child) {
        *ret_child = child;
        return child->state == KS_CHILD_RUNNING ? KS_ALREADY_STARTED : KS_ALREADY_PRESENT;
    }
    return max && self->counts.specs >= max ? KS_FULL : KS_OK;
}

/* --- the list --------------------------------------------------------------------------------- */
static void count(struct ksi_supervisor *self, const struct ksi_child *child, int change)
{
    self->counts.specs += change;
    if (ksi_is_supervisor(child))
        self->counts.supervisors += change;
    else
        self->counts.workers += change;
}

void ksi_child_insert(struct ksi_supervisor *self, struct ksi_child *child)
{
    child->previous = self->last;
    if (self->last)
        self->last->next = child;
    else
        self->first = child;
    self->last = child;
    if (!ksi_is_dynamic(self)) {
        child->by_id.key = hash_of(child->row.id);
        ksi_index_add(&self->by_id, &child->by_id);
    }
    count(self, child, 1);
}

void ksi_child_remove(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->previous)
        child->previous->next = child->next;
    else
        self->first = child->next;
    if (child->next)
        child->next->previous = child->previous;
    else
        self->last = child->previous;
    if (!ksi_is_dynamic(self)) ksi_index_remove(&self->by_id, &child->by_id);
    count(self, child, -1);
    ksi_child_free(child);
}

/* --- states ----------------------------------------------------------------------------------- */
static void running(struct ksi_supervisor *self, struct ksi_child *child, ks_pid pid)
{
    if (child->state != KS_CHILD_STOPPED) ksi_index_remove(&self->by_pid, &child->by_pid);
    child->state = KS_CHILD_RUNNING;
    child->pid = pid;
    child->by_pid.key = pid.id;
    ksi_index_add(&self->by_pid, &child->by_pid);
    self->counts.active++;
}

void ksi_child_restarting(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->state == KS_CHILD_RUNNING) self->counts.active--;
    if (child->state == KS_CHILD_STOPPED) {
        child->by_pid.key = child->pid.id;
        ksi_index_add(&self->by_pid, &child->by_pid);
    }
    child->state = KS_CHILD_RESTARTING;
}

static void leave_retries(struct ksi_supervisor *self, const struct ksi_child *child)
{
    struct ksi_child *before = NULL;
    for (struct ksi_child *at = self->retry; at; before = at, at = at->retry_next) {
        if (at != child) continue;
        if (before)
            before->retry_next = at->retry_next;
        else
            self->retry = at->retry_next;
        if (self->retry_last == at) self->retry_last = before;
        return;
    }
}

void ksi_child_stopped(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->state == KS_CHILD_STOPPED) return;
    if (child->state == KS_CHILD_RUNNING)
        self->counts.active--;
    else
        leave_retries(self, child);
    ksi_index_remove(&self->by_pid, &child->by_pid);
    child->state = KS_CHILD_STOPPED;
}

ks_status ksi_child_start(
    struct ksi_supervisor *self, struct ksi_child *child, const void *args, ks_pid *ret_pid)
{
    ks_child row = child->row;
    ks_pid pid = { 0 };
    row.args = args;
    ks_status status = ks_start_link(&row, &pid);
    if (status == KS_OK) {
        running(self, child, pid);
        ksi_child_report(KS_LOG_INFO, self, child, "started");
    }
    *ret_pid = pid;
    return status;
}

/* --- reports ---------------------------------------------------------------------------------- */
void ksi_child_report(ks_level level, const struct ksi_supervisor *self,
    const struct ksi_child *child, const char *format, ...)
{
    if (!ks_log_enabled(level)) return;
    char text[REPORT_BYTES], whole[REPORT_BYTES + 256], pid[64] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!ks_is_none(child->pid)) ks_print_(&ks_pid_type, &child->pid, pid, sizeof pid);
    int length = snprintf(whole, sizeof whole, "supervisor '%s': child '%s' %s%s%s",
        self->module->name, child->row.id, pid, pid[0] ? " " : "", text);
    const ks_log_field fields[] = { KS_WITH("supervisor", self->module->name),
        KS_WITH("child", child->row.id), KS_WITH("event", text), KS_WITH("child_pid", child->pid) };
    size_t count = sizeof fields / sizeof fields[0] - (pid[0] ? 0 : 1);
    ks_log_submit(&(ks_log_event){ .level = level,
        .message = { whole, length < (int)sizeof whole ? (size_t)length : sizeof whole - 1 },
        .report = level == KS_LOG_INFO ? "progress" : "supervisor",
        .fields = fields,
        .field_count = count,
        .fields_said = count });
}
