/* SPDX-License-Identifier: Apache-2.0 */
/* tiny.h - a plain process, a generic server and a supervisor, each on ks_behaviour and public
 * functions only. To be read, not used: the library has the real ones. */
#ifndef SPIKE_TINY_H
#define SPIKE_TINY_H
#include <kiosk/kiosk.h>

#include <string.h>

/* --- a plain process: 8 lines ----------------------------------------------------------------- */
static ks_next plain_start(const ks_module *module, void *self, const void *args)
{
    ks_init_ack();
    module->main(args);
    return ks_stop(KS_NORMAL);
}
static const ks_behaviour tiny_process = { .version = KS_BEHAVIOUR_VERSION,
    .on_start = plain_start };

/* --- a generic server: calls, casts, infos, the end: 27 lines --------------------------------- */
static ks_next server_start(const ks_module *module, void *self, const void *args)
{
    return module->init(self, args);
}
static ks_next server_message(const ks_module *module, void *self, const ks_msg *msg)
{
    uint64_t reply[32] = { 0 };
    const ks_op *op = msg->op;
    if (!op) return module->handle_info(self, msg);
    if (op->module != module || (op->reply && op->reply->size > sizeof reply)) {
        if (op->kind == KS_OP_CALL) ks_answer_(op, KS_UNDEF, NULL);
        return ks_noreply();
    }
    ks_next next = op->invoke(self, msg->body, reply);
    if (op->kind == KS_OP_CALL && next.verdict == KS_NEXT_REPLY) ks_answer_(op, KS_OK, reply);
    if (op->kind != KS_OP_CALL || next.verdict != KS_NEXT_FAIL) return next;
    ks_answer_(op, next.argument, NULL);
    return ks_noreply();
}
static void server_terminate(const ks_module *module, void *self, ks_reason why)
{
    module->terminate(self, why);
}
static const ks_behaviour tiny_server = { .version = KS_BEHAVIOUR_VERSION,
    .on_start = server_start,
    .on_message = server_message,
    .on_terminate = server_terminate };

/* --- a supervisor, one for one: 40 lines ------------------------------------------------------ */
enum { CHILDREN_MAX = 8 };
struct tiny_supervisor {
    ks_pid pids[CHILDREN_MAX];
};
static ks_next supervisor_start(const ks_module *module, void *self, const void *args)
{
    struct tiny_supervisor *state = self;
    const ks_child_list *children = &module->supervisor->children;
    ks_trap_exit(true);
    for (size_t i = 0; i < children->count; i++) {
        ks_status status = ks_start_link(&children->items[i], &state->pids[i]);
        if (status) return ks_fail(status);
    }
    return ks_ok();
}
static ks_next supervisor_exit(
    const ks_module *module, void *self, const ks_exited *exited, bool parent)
{
    struct tiny_supervisor *state = self;
    const ks_child_list *children = &module->supervisor->children;
    for (size_t i = 0; i < children->count; i++) {
        if (!ks_same_pid(state->pids[i], exited->pid)) continue;
        ks_status status = ks_start_link(&children->items[i], &state->pids[i]);
        return status ? ks_stop(ks_because(status)) : ks_noreply();
    }
    return parent ? ks_stop(exited->reason) : ks_noreply();
}
static void supervisor_terminate(const ks_module *module, void *self, ks_reason why)
{
    struct tiny_supervisor *state = self;
    for (size_t i = module->supervisor->children.count; i-- > 0;) {
        ks_unlink(state->pids[i]);
        if (ks_stop_process(state->pids[i], KS_SHUTDOWN, 5000) == KS_TIMEOUT)
            ks_exit_process(state->pids[i], KS_KILL);
    }
}
static const ks_behaviour tiny_supervision = { .version = KS_BEHAVIOUR_VERSION,
    .on_start = supervisor_start,
    .on_exit = supervisor_exit,
    .on_terminate = supervisor_terminate };

#endif
