/* SPDX-License-Identifier: Apache-2.0 */
/* gen_server.c - the generic server: one handler an operation.
 *
 *     start -> init -> handle_<op> (call, cast, info), handle_info, handle_continue, handle_timeout
 *                         stop, or asked to end -> terminate
 *
 * A call's reply is made in a buffer of this file's and copied out when the handler returns.
 * Written on public functions only; runs in the process of the server. */
#include <kiosk/gen_server.h>

#include <string.h>

enum { REPLY_BYTES = 256 };

static ks_next on_start(const ks_module *module, void *self, const void *args)
{
    return module->init ? module->init(self, args) : ks_ok();
}

/* What the verdict of a call means for its caller. A failure is the runtime's to tell; taken
 * (deferred) calls are answered elsewhere. */
static ks_next answer(const ks_op *op, ks_next next, const void *reply)
{
    switch (ks_verdict(next)) {
    case KS_NEXT_REPLY: ks_answer_(op, KS_OK, reply); break;
    case KS_NEXT_STOP:
        if (next.argument & KS_STOP_REPLIES) ks_answer_at_end_(op, reply);
        break;
    default: break;
    }
    return next;
}

static ks_next on_call(const ks_op *op, void *self, const void *request)
{
    uint64_t buffer[REPLY_BYTES / sizeof(uint64_t)];
    void *reply = buffer, *large = NULL;
    size_t size = op->reply->size;
    if (__builtin_expect(size > sizeof buffer, 0)) {
        reply = large = ks_alloc(size);
    } else if (size <= 2 * sizeof *buffer) {
        buffer[0] = buffer[1] = 0;
    } else {
        memset(buffer, 0, size);
    }
    ks_next next = answer(op, op->invoke(self, request, reply), reply);
    if (__builtin_expect(large != NULL, 0)) ks_free(large);
    return next;
}

/* A plain message has a handler of its own when a row names its type. */
static ks_next on_info(const ks_module *module, void *self, const ks_msg *msg)
{
    const ks_op *const *ops = module->ops ? *module->ops : NULL;
    for (; ops && *ops; ops++)
        if ((*ops)->kind == KS_OP_INFO && (*ops)->request == msg->type)
            return (*ops)->invoke(self, msg->body, NULL);
    return module->handle_info(self, msg);
}

static ks_next on_message(const ks_module *module, void *self, const ks_msg *msg)
{
    const ks_op *op = msg->op;
    if (!op) return on_info(module, self, msg);
    if (__builtin_expect(op->module != module, 0)) {
        if (op->kind != KS_OP_CALL) return ks_unexpected_(module, msg);
        ks_answer_(op, KS_UNDEF, NULL);
        return ks_noreply();
    }
    if (op->kind == KS_OP_CALL) return on_call(op, self, msg->body);
    return op->invoke(self, msg->body, NULL);
}

static ks_next on_exit(const ks_module *module, void *self, const ks_exited *exited, bool parent)
{
    if (parent) return ks_stop(exited->reason);
    ks_msg msg = { &ks_exited_type, exited, NULL };
    return on_info(module, self, &msg);
}

static ks_next on_timeout(const ks_module *module, void *self)
{
    return module->handle_timeout(self);
}

static ks_next on_continue(const ks_module *module, void *self, int what)
{
    return module->handle_continue(self, what);
}

static ks_next on_named_timeout(const ks_module *module, void *self, int name)
{
    return module->handle_named_timeout(self, name);
}

static void on_hibernate(const ks_module *module, void *self) { module->handle_hibernate(self); }

static void on_terminate(const ks_module *module, void *self, ks_reason why)
{
    module->terminate(self, why);
}

const ks_behaviour ks_gen_server_behaviour = { .version = KS_BEHAVIOUR_VERSION,
    .name = "gen_server",
    .on_start = on_start,
    .on_message = on_message,
    .on_exit = on_exit,
    .on_timeout = on_timeout,
    .on_continue = on_continue,
    .on_terminate = on_terminate,
    .on_named_timeout = on_named_timeout,
    .on_hibernate = on_hibernate };
