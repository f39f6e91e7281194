/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - see request.h. Called from inside a process, but for the answers: from its server's
 * end, too. */
#include "runtime/request.h"
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/block.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include "type/type.h"

/* By hand, for `owns`: a response gives back its reply when it goes. */
static const ks_field response_fields[] = {
    { .name = "ref",
        .offset = offsetof(ks_response, ref),
        .width = sizeof(ks_ref),
        .count = 1,
        .kind = KS_KIND_REF },
    { .name = "status",
        .offset = offsetof(ks_response, status),
        .width = sizeof(ks_status),
        .count = 1,
        .kind = KS_KIND_I32 },
};
const ks_type ks_response_type = { .name = "ks_response",
    .fields = response_fields,
    .size = sizeof(ks_response),
    .field_count = KSI_COUNT_OF(response_fields),
    .flat = true,
    .owns = true };

/* --- responses -------------------------------------------------------------------------------- */
static struct ksi_response *body_of(struct ksi_message *m)
{
    return (struct ksi_response *)m->body;
}

static struct ksi_message *response_new(struct ksi_scheduler *s)
{
    uint8_t size_class;
    struct ksi_message *m =
        ksi_pool_get(&s->pool, sizeof *m + sizeof(struct ksi_response), &size_class);
    if (!m) return NULL;
    *m = (struct ksi_message){ .kind = KSI_RESPONSE, .size_class = size_class };
    *body_of(m) = (struct ksi_response){ .reply = NULL };
    m->public.type = &ks_response_type;
    m->public.body = m->body;
    return m;
}

void ksi_response_release(struct ksi_scheduler *s, struct ksi_message *m)
{
    struct ksi_message *reply = body_of(m)->reply;
    body_of(m)->reply = NULL;
    if (reply) ksi_message_free(s, reply);
}

bool ksi_response_send(struct ksi_scheduler *s, uint64_t handle, ks_status status,
    const ks_type *type, const void *value)
{
    struct ksi_record *record = ksi_record_find(s, handle, KSI_RECORD_REQUEST);
    if (!record) return false;
    struct ksi_process *owner = ksi_process_of(s, record->owner);
    KSI_ASSERT(owner);
    struct ksi_message *m = record->request.response;
    ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
    if (owner->flags & KSI_EXITING) {
        ksi_message_free(s, m);
        return false;
    }
    struct ksi_response *response = body_of(m);
    if (!status && value) {
        response->reply = ksi_message_new(s, type, value);
        if (!response->reply) status = KS_NOMEM;
    }
    response->public.status = status;
    if (response->reply) m->weight = response->reply->weight;
    m->serial = s->stamp;
    m->from = s->current ? ksi_process_id(s->current) : 0;
    (void)ksi_message_send(s, owner, m); /* a response is never refused */
    return true;
}

/* The response that a message is, or NULL. By its body, which a handler of its own is given. */
static struct ksi_message *response_of(const ks_msg *msg)
{
    if (!msg || msg->type != &ks_response_type || !msg->body) return NULL;
    struct ksi_message *m = KSI_CONTAINER_OF((uintptr_t)msg->body, struct ksi_message, body);
    return m->kind == KSI_RESPONSE ? m : NULL;
}

static ks_status read_response(
    struct ksi_scheduler *s, struct ksi_message *m, const ks_op *op, void *ret_reply)
{
    struct ksi_message *reply = body_of(m)->reply;
    ks_status status = body_of(m)->public.status;
    if (status || !reply || !ret_reply) return status;
    if (reply->public.type != op->reply) return KS_BADARG;
    ksi_message_arrive(s, s->current, reply);
    ksi_copy_flat(ret_reply, reply->body, op->reply->size);
    return KS_OK;
}

/* --- asking ----------------------------------------------------------------------------------- */
static struct ksi_record *record_new(struct ksi_scheduler *s, const ks_op *op, const void *request)
{
    struct ksi_message *response = response_new(s);
    struct ksi_message *m = response ? ksi_message_new(s, op->request, request) : NULL;
    struct ksi_record *record = m ? ksi_record_new(s, s->current, KSI_RECORD_REQUEST) : NULL;
    if (!record) {
        if (m) ksi_message_free(s, m);
        if (response) ksi_message_free(s, response);
        return NULL;
    }
    record->request.message = m;
    record->request.response = response;
    m->public.op = op;
    m->from = record->owner;
    m->flags |= KSI_ASYNC;
    m->ref = response->ref = ksi_record_handle(s, record);
    body_of(response)->public.ref = ksi_record_ref(s, record);
    return record;
}

ks_request ks_send_request_(ks_pid to, const ks_op *op, const void *request)
{
    struct ksi_scheduler *s = ksi_enter();
    ks_request none = { { { 0, 0 } } };
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return none;
    struct ksi_record *record = record_new(s, op, request);
    if (!record) return none;
    ks_ref ref = ksi_record_ref(s, record);
    ksi_mark_new(s, s->current, ref.id[0]);
    (void)ksi_send_to(
        s, to, record->request.message, KSI_REFUSABLE); /* refused: the response says so */
    return (ks_request){ ref };
}

/* --- giving up -------------------------------------------------------------------------------- */
void ksi_async_end(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record)
{
    struct ksi_message *m = record->request.message, *response = record->request.response;
    ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
    ksi_message_free(s, response);
    ksi_request_give_up(s, m);
}

static bool is_mine(const struct ksi_scheduler *s, ks_request request)
{
    return request.ref.id[0] && request.ref.id[1] == ksi_process_id(s->current);
}

void ks_abandon(ks_request request)
{
    struct ksi_scheduler *s = ksi_enter();
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || !is_mine(s, request)) return;
    struct ksi_record *record = ksi_record_find(s, request.ref.id[0], KSI_RECORD_REQUEST);
    if (record) {
        ksi_async_end(s, self, record);
        return;
    }
    ksi_inbox_drain(s, self);
    /* It is decided: its response may be queued. */
    struct ksi_message **link = ksi_mark_start(s, self, request.ref.id[0]);
    for (; *link; link = &(*link)->next) {
        if ((*link)->kind != KSI_RESPONSE || (*link)->ref != request.ref.id[0]) continue;
        ksi_message_free(s, ksi_mailbox_take(self, link));
        return;
    }
}

/* --- waiting ---------------------------------------------------------------------------------- */
ks_status ks_wait_response_(ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout)
{
    struct ksi_scheduler *s = ksi_enter();
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return KS_DENIED;
    if (!request.ref.id[0]) return KS_NOMEM;
    if (!is_mine(s, request)) return KS_NOT_FOUND;
    ks_ms left = ks_time_left();
    bool limited = left < timeout;
    ks_ms until = ks_now() + (limited ? left : timeout);
    bool decided = !ksi_record_find(s, request.ref.id[0], KSI_RECORD_REQUEST);
    const ks_msg *msg = ks_receive_ref(request.ref, decided ? 0 : ks_until(until));
    if (msg) return read_response(s, response_of(msg), op, ret_reply);
    if (decided) return KS_NOT_FOUND;
    if (ks_until(until) > 0) return KS_NOMEM; /* for a stack to wait on */
    return limited ? KS_DEADLINE : KS_TIMEOUT;
}

ks_status ks_receive_response_(ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout)
{
    ks_status status = ks_wait_response_(request, op, ret_reply, timeout);
    ks_abandon(request); /* nothing, when it was answered */
    return status;
}

bool ks_check_response_(
    ks_request request, const ks_msg *msg, const ks_op *op, void *ret_reply, ks_status *ret_status)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    struct ksi_message *m = s && s->current ? response_of(msg) : NULL;
    if (!m || !ks_same_ref(body_of(m)->public.ref, request.ref)) return false;
    *ret_status = read_response(s, m, op, ret_reply);
    return true;
}
