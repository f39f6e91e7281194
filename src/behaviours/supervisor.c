/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.c - starts children, starts them again when they end, and ends with them.
 *
 *     start -> module's init -> the children, in order -> serve, until one of
 *         asked to stop, the parent's exit, too many restarts -> [their work, when the program
 *         drains] -> the children, in reverse order
 *
 * A supervisor always traps exits; those of its children come to supervisor_restart.c. While it
 * starts or stops a child it does nothing else. See supervisor.h. */
#include "behaviours/supervisor.h"

#include <string.h>

enum { MAX_RESTARTS = 3, MAX_SECONDS = 5, SECOND = 1000 };

/* --- the rows it begins with ------------------------------------------------------------------ */
static ks_next run_init(struct ksi_supervisor *self, const void *args)
{
    if (!self->module->init) return ks_ok();
    self->in_init = true;
    ks_next next = self->module->init(self, args);
    self->in_init = false;
    return next;
}

static ks_status add(struct ksi_supervisor *self, const void *child, size_t size)
{
    ks_child row = ksi_child_row_read(child, size);
    struct ksi_child *same;
    if (ksi_is_dynamic(self)) return KS_BADARG;
    ks_status status = ksi_child_check(self, &row, &same);
    if (status) return status;
    struct ksi_child *added = ksi_child_new(self, &row);
    ksi_child_copy_args(added, row.args); /* of a temporary one until it was started */
    ksi_child_insert(self, added);
    return KS_OK;
}

ks_status ks_add_child_(const ks_child *child, size_t size)
{
    struct ksi_supervisor *self = ks_my_state_(&ks_supervisor_behaviour);
    return self && self->in_init ? add(self, child, size) : KS_DENIED;
}

ks_status ks_supervisor_limit_(const ks_supervisor_limits *limits, size_t size)
{
    struct ksi_supervisor *self = ks_my_state_(&ks_supervisor_behaviour);
    ks_supervisor_limits read = { 0 };
    memcpy(&read, limits, size < sizeof read ? size : sizeof read);
    return self && self->in_init ? ksi_supervisor_set_limits(self, &read) : KS_DENIED;
}

static ks_status add_listed(struct ksi_supervisor *self)
{
    const ks_child_list *list = &ksi_supervisor_spec(self)->children;
    ks_status status = KS_OK;
    for (size_t i = 0; i < list->count && !status; i++)
        status = add(self, (const char *)list->items + i * list->item_size, list->item_size);
    if (status)
        ks_log_error("supervisor '%s': a row of its children is refused: %s", self->module->name,
            ks_status_text(status));
    return status;
}

/* --- start ------------------------------------------------------------------------------------ */
/* The first of three that says something. */
static int first_of(int a, int b, int c) { return a ? a : b ? b : c; }

ks_status ksi_supervisor_set_limits(struct ksi_supervisor *self, const ks_supervisor_limits *limits)
{
    const ks_supervisor_spec *spec = ksi_supervisor_spec(self);
    if (limits->max_restarts < KS_NONE || limits->max_seconds < 0) return KS_BADARG;
    int restarts = first_of(limits->max_restarts, spec->max_restarts, MAX_RESTARTS);
    int seconds = first_of(limits->max_seconds, spec->max_seconds, MAX_SECONDS);
    self->max_restarts = restarts == KS_NONE ? 0 : (uint32_t)restarts;
    self->window = (ks_ms)seconds * SECOND;
    self->max_children = limits->max_children ? limits->max_children : spec->max_children;
    return KS_OK;
}

static ks_status set_up(struct ksi_supervisor *self, const ks_module *module)
{
    const ks_supervisor_spec *spec = module->supervisor;
    if (!spec || module->state_size < sizeof *self) return KS_BADARG;
    if (!ksi_supervisor_spec_is_right(spec)) return KS_BADARG;
    self->module = module;
    self->auto_shutdown = (uint8_t)spec->auto_shutdown;
    return ksi_supervisor_set_limits(self, &(ks_supervisor_limits){ 0 });
}

/* One that ignores stays as a row, unless nothing is kept of it. */
static ks_status start_first(struct ksi_supervisor *self, struct ksi_child *child)
{
    ks_pid pid;
    ks_status status = ksi_child_start(self, child, child->row.args, &pid);
    if (status == KS_IGNORE && ksi_is_forgotten(self, child)) {
        ksi_child_remove(self, child);
        return KS_OK;
    }
    if (child->row.restart == KS_TEMPORARY) ksi_child_drop_args(child);
    if (status == KS_OK || status == KS_IGNORE) return KS_OK;
    ksi_child_report("start_error", self, child, "did not start: %s", ks_status_text(status));
    return status;
}

static ks_status start_children(struct ksi_supervisor *self)
{
    struct ksi_child *next;
    for (struct ksi_child *child = self->first; child; child = next) {
        next = child->next;
        ks_status status = start_first(self, child);
        if (!status) continue;
        ksi_supervisor_stop_children(self);
        return status;
    }
    return KS_OK;
}

/* --- callbacks -------------------------------------------------------------------------------- */
static ks_next on_start(const ks_module *module, void *state, const void *args)
{
    static const ks_none none;
    struct ksi_supervisor *self = state;
    (void)ks_trap_exit(true);
    self->args = !module->args || module->args() == &ks_none_type ? (const void *)&none : args;
    ks_status status = set_up(self, module);
    if (!status) status = add_listed(self);
    if (status) return ks_fail(status);
    ks_next next = run_init(self, args);
    if (ks_verdict(next) >= KS_NEXT_FAIL) return next;
    status = start_children(self);
    return status ? ks_fail(status) : ks_ok();
}

static ks_next on_message(const ks_module *module, void *self, const ks_msg *msg)
{
    const ks_down *down = ks_as(ks_down, msg);
    if (msg->op) return ksi_supervisor_serve(self, msg);
    if (down && ((struct ksi_supervisor *)self)->leaving)
        return ksi_supervisor_lost(self, down->pid, ksi_child_reason(down->pid, down->reason));
    return ks_unexpected_(module, msg);
}

static ks_next on_exit(const ks_module *module, void *self, const ks_exited *exited, bool parent)
{
    bool leaving = ((struct ksi_supervisor *)self)->leaving;
    if (parent)
        return leaving ? ks_stop(exited->reason) : ksi_supervisor_leave(self, exited->reason);
    if (leaving) return ksi_supervisor_lost(self, exited->pid, exited->reason);
    struct ksi_child *child = ksi_child_of_pid(self, exited->pid);
    if (child && child->state == KS_CHILD_RUNNING)
        return ksi_child_ended(self, child, exited->reason);
    char pid[64], why[2 * KS_REASON_TEXT_MAX];
    ks_print_(&ks_pid_type, &exited->pid, pid, sizeof pid);
    ks_log_notice("supervisor '%s': %s ended, which is no child: %s", module->name, pid,
        ks_reason_text(exited->reason, why, sizeof why));
    return ks_noreply();
}

/* The only one: a retry that could not be sent. */
static ks_next on_continue(const ks_module *module, void *self, int what)
{
    return ksi_supervisor_retry(self);
}

static ks_next on_system(const ks_module *module, void *self, ks_reason stop)
{
    return ksi_supervisor_leave(self, stop);
}

static void on_terminate(const ks_module *module, void *self, ks_reason why)
{
    struct ksi_supervisor *supervisor = self;
    ksi_supervisor_stop_children(self);
    if (module->terminate) module->terminate(self, why);
    if (supervisor->killed && ks_draining() && ks_is_clean(why) && !why.code)
        ks_exit((ks_reason){ .kind = KS_REASON_SHUTDOWN,
            .code = KS_TIMEOUT,
            .text = "a child did not end in time and was killed" });
}

const ks_behaviour ks_supervisor_behaviour = { .version = KS_BEHAVIOUR_VERSION,
    .name = "supervisor",
    .on_start = on_start,
    .on_message = on_message,
    .on_exit = on_exit,
    .on_continue = on_continue,
    .on_system = on_system,
    .on_terminate = on_terminate };
