/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_child.c - the children of a supervisor: copies of their rows, states, lookups.
 * See supervisor.h. */
#include "behaviours/supervisor.h"

#include <kiosk/timer.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPORT_BYTES = 512 };

/* --- rows ------------------------------------------------------------------------------------- */
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
    child->row.restart = ksi_child_row_restart(ksi_supervisor_spec(self), row);
    child->row.shutdown = ksi_child_row_shutdown(row);
    child->row.backoff = ksi_child_row_backoff(ksi_supervisor_spec(self), row);
    child->has_id = row->id || !ksi_is_dynamic(self);
    return child;
}

void ksi_child_drop_args(struct ksi_child *child)
{
    ks_free((void *)child->row.args);
    child->row.args = NULL;
}

void ksi_child_free(struct ksi_child *child)
{
    if (child->has_id) ks_unbind_child_(child->row.id);
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

struct ksi_child *ksi_child_of_delay(const struct ksi_supervisor *self, ks_pid pid, uint32_t delay)
{
    struct ksi_node *node = ksi_index_find(&self->by_pid, pid.id);
    for (; node; node = ksi_index_next(node))
        if (with_pid_node(node)->delay == delay) return with_pid_node(node);
    return NULL;
}

ks_status ksi_child_check(
    const struct ksi_supervisor *self, const ks_child *row, struct ksi_child **ret_child)
{
    uint32_t max = self->max_children;
    if (!ksi_child_row_is_right(ksi_supervisor_spec(self), self->auto_shutdown, row))
        return KS_BADARG;
    bool has_id = row->id || !ksi_is_dynamic(self);
    struct ksi_child *child = has_id ? ksi_child_of_id(self, ksi_child_row_id(row)) : NULL;
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
    if (child->has_id) {
        child->by_id.key = hash_of(child->row.id);
        ksi_index_add(&self->by_id, &child->by_id);
    }
    count(self, child, 1);
}

void ksi_child_remove(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (self->awaited == child) self->awaited = child->next; /* from there on it goes on */
    if (child->previous)
        child->previous->next = child->next;
    else
        self->first = child->next;
    if (child->next)
        child->next->previous = child->previous;
    else
        self->last = child->previous;
    if (child->has_id) ksi_index_remove(&self->by_id, &child->by_id);
    count(self, child, -1);
    ksi_child_free(child);
}

void ksi_child_change(struct ksi_supervisor *self, struct ksi_child *child, const ks_child *row)
{
    struct ksi_child *made = ksi_child_new(self, row);
    if (made->row.restart != KS_TEMPORARY) ksi_child_copy_args(made, row->args);
    ks_child former = child->row;
    count(self, child, -1);
    child->row = made->row;
    count(self, child, 1);
    made->row = former;
    made->has_id = false; /* the id is bound for the one that stays */
    ksi_child_free(made);
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
    if (child->row.backoff.first_ms > 0) child->started = ks_now();
    if (child->has_id) (void)ks_bind_child_(child->row.id, pid); /* it is bound already */
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

void ksi_child_retry(struct ksi_supervisor *self, struct ksi_child *child)
{
    child->retries = true;
    child->retry_next = NULL;
    child->retry_previous = self->retry_last;
    if (self->retry)
        self->retry_last->retry_next = child;
    else
        self->retry = child;
    self->retry_last = child;
}

static void leave_retries(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->retry_previous)
        child->retry_previous->retry_next = child->retry_next;
    else
        self->retry = child->retry_next;
    if (child->retry_next)
        child->retry_next->retry_previous = child->retry_previous;
    else
        self->retry_last = child->retry_previous;
    child->retries = false;
}

struct ksi_child *ksi_child_take_retry(struct ksi_supervisor *self)
{
    struct ksi_child *child = self->retry;
    if (child) leave_retries(self, child);
    return child;
}

void ksi_child_wait_no_more(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->retries) leave_retries(self, child);
    if (child->delay) (void)ks_cancel(child->timer);
    child->delay = 0;
}

void ksi_child_stopped(struct ksi_supervisor *self, struct ksi_child *child)
{
    if (child->state == KS_CHILD_STOPPED) return;
    if (child->state == KS_CHILD_RUNNING) {
        self->counts.active--;
        if (self->leaving && child->row.drain > 0) self->at_work--;
    }
    ksi_child_wait_no_more(self, child);
    ksi_index_remove(&self->by_pid, &child->by_pid);
    child->state = KS_CHILD_STOPPED;
}

/* A copy, with what the supervisor adds to it; NULL: it adds nothing. */
static void *with_extra(const struct ksi_supervisor *self, const ks_child *row, const void *args)
{
    const ks_extra_arguments *extra = ksi_supervisor_spec(self)->extra_arguments;
    if (!extra || !args || extra->module != row->module) return NULL;
    size_t size = row->module->args()->size;
    void *copy = memcpy(ks_alloc(size), args, size);
    extra->add(self->args, copy);
    return copy;
}

ks_status ksi_child_start(
    struct ksi_supervisor *self, struct ksi_child *child, const void *args, ks_pid *ret_pid)
{
    ks_child row = child->row;
    ks_pid pid = { 0 };
    void *extended = with_extra(self, &row, args);
    row.args = extended ? extended : args;
    ks_status status = child->has_id ? ks_bind_child_(row.id, (ks_pid){ 0 }) : KS_OK;
    if (status == KS_BADARG) status = KS_OK; /* an empty id is nobody's name */
    if (!status) status = ks_start_link(&row, &pid);
    ks_free(extended);
    if (status == KS_OK) {
        running(self, child, pid);
        ksi_child_report(NULL, self, child, "started");
    }
    *ret_pid = pid;
    return status;
}

/* --- reports ---------------------------------------------------------------------------------- */
static const char *time_text(ks_ms time, char *buffer, size_t size)
{
    if (time == KS_BRUTAL_KILL) return "brutal_kill";
    if (time >= KS_INFINITY) return "infinity";
    snprintf(buffer, size, "%lld ms", (long long)time);
    return buffer;
}

/* What OTP's reports say of the offender. */
static void put_row(const ks_child *row, bool is_supervisor, char *buffer, size_t size)
{
    static const char *const restarts[] = { "", "permanent", "transient", "temporary" };
    char shutdown[32];
    snprintf(buffer, size, "module '%s', %s, shutdown %s, %s%s", row->module->name,
        restarts[row->restart], time_text(row->shutdown, shutdown, sizeof shutdown),
        is_supervisor ? "supervisor" : "worker", row->significant ? ", significant" : "");
}

void ksi_child_report(const char *context, const struct ksi_supervisor *self,
    const struct ksi_child *child, const char *format, ...)
{
    ks_level level = context ? KS_LOG_ERROR : self->asked ? KS_LOG_DEBUG : KS_LOG_INFO;
    if (!ks_log_enabled(level)) return;
    char text[REPORT_BYTES], whole[REPORT_BYTES + 256], row[REPORT_BYTES], pid[64] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_row(&child->row, ksi_is_supervisor(child), row, sizeof row);
    if (!ks_is_none(child->pid)) ks_print_(&ks_pid_type, &child->pid, pid, sizeof pid);
    int length = snprintf(whole, sizeof whole, "supervisor '%s': child '%s' %s%s%s",
        self->module->name, child->row.id, pid, pid[0] ? " " : "", text);
    if (!context) context = "progress";
    ks_log_field fields[6] = { KS_WITH("supervisor", self->module->name),
        KS_WITH("child", child->row.id), KS_WITH("event", text), KS_WITH("context", context) };
    size_t said = 4;
    if (pid[0]) fields[said++] = KS_WITH("child_pid", child->pid);
    fields[said] = KS_WITH(context, row);
    ks_log_submit(&(ks_log_event){ .level = level,
        .message = { whole, length < (int)sizeof whole ? (size_t)length : sizeof whole - 1 },
        .report = level == KS_LOG_ERROR ? "supervisor" : "progress",
        .fields = fields,
        .field_count = said + 1,
        .fields_said = said });
}
