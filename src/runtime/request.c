/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - see request.h. Called from inside a process, but for the answers: from its server's
 * end, too. */
#include "runtime/request.h"
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/block.h"
#include "runtime/client.h"
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

bool ksi_request_is_open(struct ksi_scheduler *s, uint64_t handle)
{
    struct ksi_record *record = ksi_record_find(s, handle, KSI_RECORD_REQUEST);
    /* relaxed: a look; who wants to answer claims it */
    return record && ksi_load_relaxed(&record->request.open) == handle;
}

/* Takes the right to decide a request, which only one gets. The record stays until the owner's
 * scheduler has the response, or has given the request up. */
static bool claim(struct ksi_scheduler *s, struct ksi_record *record, uint64_t handle)
{
    if (s->parallel) /* acq_rel: who loses sees what the winner did before */
        return ksi_cas_acq_rel(&record->request.open, &(uint64_t){ handle }, 0);
    if (ksi_load_relaxed(&record->request.open) != handle) return false;
    ksi_store_relaxed(&record->request.open, 0);
    return true;
}

/* The response of a decided request goes to its owner; reply: its value, or NULL. */
static bool deliver(
    struct ksi_scheduler *s, struct ksi_record *record, ks_status status, struct ksi_message *reply)
{
    struct ksi_process *owner = ksi_process_of(s, ksi_record_owner(record));
    struct ksi_message *m = record->request.response;
    bool wanted = owner && !(record->flags & KSI_GONE) && !(owner->flags & KSI_EXITING);
    if (owner && !(record->flags & KSI_GONE)) ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
    struct ksi_response *response = body_of(m);
    response->reply = reply;
    response->public.status = status;
    if (response->reply) m->weight = response->reply->weight;
    m->serial = s->stamp;
    m->from = s->current ? ksi_process_id(s->current) : 0;
    if (wanted)
        (void)ksi_message_send(
            s, owner, ksi_process_id(owner), m); /* a response is never refused */
    else
        ksi_message_free(s, m);
    return wanted;
}

void ksi_answer_apply(struct ksi_scheduler *s, struct ksi_message *m)
{
    struct ksi_record *record = ksi_record_at(s, (uint32_t)m->ref);
    KSI_ASSERT(ksi_record_find(s, m->ref, KSI_RECORD_REQUEST));
    ks_status status = (ks_status)m->serial;
    if (status) ksi_message_free(s, m);
    (void)deliver(s, record, status, status ? NULL : m);
}

/* To an owner on another scheduler: the value in a block of its own. */
static bool push_answer(struct ksi_scheduler *s, struct ksi_record *record, uint64_t handle,
    ks_status status, const ks_type *type, const void *value)
{
    struct ksi_message *m = ksi_message_new(s, type, status ? NULL : value);
    if (!m) {
        m = ksi_reserved_block(s);
        status = KS_NOMEM;
    }
    m->kind = KSI_ANSWER;
    m->ref = handle;
    m->serial = (uint32_t)status;
    ksi_block_push(ksi_slot_of(s, ksi_record_owner(record)), 0, m);
    return true;
}

bool ksi_response_send(struct ksi_scheduler *s, struct ksi_message *request, ks_status status,
    const ks_type *type, const void *value)
{
    uint64_t handle = request->ref;
    struct ksi_record *record = ksi_record_find(s, handle, KSI_RECORD_REQUEST);
    if (!record || !claim(s, record, handle)) return false;
    request->flags |= KSI_ANSWERED;
    if (!ksi_is_home(s, ksi_slot_of(s, ksi_record_owner(record))))
        return push_answer(s, record, handle, status, type, value);
    struct ksi_message *reply = NULL;
    if (!status && value) {
        reply = ksi_message_new(s, type, value);
        if (!reply) status = KS_NOMEM;
    }
    return deliver(s, record, status, reply);
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
static struct ksi_record *record_new(
    struct ksi_scheduler *s, uint64_t server, const ks_op *op, const void *request)
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
    record->request.server = server;
    ksi_store_relaxed(&record->request.open, ksi_record_handle(s, record)); /* nobody has it yet */
    m->public.op = op;
    m->from = ksi_record_owner(record);
    m->flags |= KSI_ASYNC;
    m->ref = response->ref = ksi_record_handle(s, record);
    body_of(response)->public.ref = ksi_record_ref(s, record);
    return record;
}

static ks_request send(struct ksi_scheduler *s, ks_pid to, const ks_op *op, const void *request,
    uint32_t collection, uint64_t label)
{
    uint64_t id;
    (void)ksi_resolve_id(s, to, &id);
    struct ksi_record *record = record_new(s, id, op, request);
    if (!record) return (ks_request){ { { 0, 0 } } };
    body_of(record->request.response)->collection = collection;
    body_of(record->request.response)->label = label;
    ks_ref ref = ksi_record_ref(s, record);
    if (!collection) ksi_mark_new(s, s->current, ref.id[0]); /* else that has one */
    KSI_PROBE3(send, record->request.message->from, id, op->name);
    (void)ksi_send_to(
        s, to, record->request.message, KSI_REFUSABLE); /* refused: the response says so */
    return (ks_request){ ref };
}

ks_request ks_send_request_(ks_pid to, const ks_op *op, const void *request)
{
    KSI_ENTER(s);
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return (ks_request){ { { 0, 0 } } };
    return send(s, to, op, request, 0, 0);
}

/* --- giving up -------------------------------------------------------------------------------- */
void ksi_async_end(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record)
{
    struct ksi_message *m = record->request.message, *response = record->request.response;
    uint64_t server = record->request.server, from = ksi_record_owner(record);
    ksi_record_remove(s, owner, record);
    if (!claim(s, record, ksi_record_handle(s, record))) {
        record->flags |= KSI_GONE; /* its answer is on the way, and ends the record */
        return;
    }
    ksi_record_free(s, record);
    ksi_message_free(s, response);
    ksi_request_settle(s, server, m, from);
}

static bool is_mine(const struct ksi_scheduler *s, ks_request request)
{
    return request.ref.id[0] && request.ref.id[1] == ksi_process_id(s->current);
}

void ks_abandon(ks_request request)
{
    KSI_ENTER(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || !is_mine(s, request)) return;
    struct ksi_record *record = ksi_record_find(s, request.ref.id[0], KSI_RECORD_REQUEST);
    if (record && (record->flags & KSI_GONE)) return;
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
/* *ret_taken: the response was there, and is taken. */
static ks_status wait_response(
    ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout, bool *ret_taken)
{
    KSI_ENTER(s);
    *ret_taken = false;
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return KS_DENIED;
    if (!request.ref.id[0]) return KS_NOMEM;
    if (!is_mine(s, request)) return KS_NOT_FOUND;
    ks_ms left = ks_time_left();
    bool limited = left < timeout;
    ks_ms until = ks_now() + (limited ? left : timeout);
    const struct ksi_record *record = ksi_record_find(s, request.ref.id[0], KSI_RECORD_REQUEST);
    bool decided = !record || (record->flags & KSI_GONE);
    const ks_msg *msg = ks_receive_ref(request.ref, decided ? 0 : ks_until(until));
    *ret_taken = msg != NULL;
    if (msg) return read_response(s, response_of(msg), op, ret_reply);
    if (decided) return KS_NOT_FOUND;
    if (ksi_client_is_cut(s)) return KS_NOPROC;
    if (ks_until(until) > 0) return KS_NOMEM; /* for a stack to wait on */
    return limited ? KS_DEADLINE : KS_TIMEOUT;
}

ks_status ks_wait_response_(ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout)
{
    bool taken;
    return wait_response(request, op, ret_reply, timeout, &taken);
}

/* What was taken is not looked for in a mailbox that may be long. */
ks_status ks_receive_response_(ks_request request, const ks_op *op, void *ret_reply, ks_ms timeout)
{
    bool taken;
    ks_status status = wait_response(request, op, ret_reply, timeout, &taken);
    if (!taken) ks_abandon(request);
    return status;
}

bool ks_check_response_(
    ks_request request, const ks_msg *msg, const ks_op *op, void *ret_reply, ks_status *ret_status)
{
    KSI_INSIDE(s);
    struct ksi_message *m = s && s->current ? response_of(msg) : NULL;
    if (!m || !ks_same_ref(body_of(m)->public.ref, request.ref)) return false;
    *ret_status = read_response(s, m, op, ret_reply);
    return true;
}

/* --- collections ------------------------------------------------------------------------------ */
/* What its mark is known by: the handle of no record. */
static uint64_t mark_of(const ks_requests *all) { return (uint64_t)all->id << 32; }

/* The response to a request of the caller that was decided, where it is queued; or NULL. */
static struct ksi_response *queued_response(struct ksi_scheduler *s, ks_request request)
{
    ksi_inbox_drain(s, s->current);
    for (struct ksi_message *m = s->current->mailbox; m; m = m->next)
        if (m->kind == KSI_RESPONSE && m->ref == request.ref.id[0]) return body_of(m);
    return NULL;
}

/* Numbered by the process: the same counter as for its calls, which need it only while they
 * wait. */
static uint32_t id_of(struct ksi_scheduler *s, ks_requests *all)
{
    if (all->id) return all->id;
    while (!all->id) {
        ksi_add_owned(&s->current->call_serial, 2); /* even: no call is open */
        all->id = ksi_load_relaxed(&s->current->call_serial);
    }
    ksi_mark_new(s, s->current, mark_of(all));
    return all->id;
}

ks_status ks_requests_add(ks_requests *all, ks_request request, uint64_t label)
{
    KSI_ENTER(s);
    if (!s || !s->current) return KS_DENIED;
    if (!request.ref.id[0]) return KS_NOMEM;
    if (!is_mine(s, request)) return KS_NOT_FOUND;
    struct ksi_record *record = ksi_record_find(s, request.ref.id[0], KSI_RECORD_REQUEST);
    struct ksi_response *response =
        record ? body_of(record->request.response) : queued_response(s, request);
    if (!response || response->collection) return response ? KS_ALREADY_PRESENT : KS_NOT_FOUND;
    response->collection = id_of(s, all);
    response->label = label;
    if (!record) ksi_mark_move(s, s->current, mark_of(all), &s->current->mailbox); /* it is there */
    all->count++;
    return KS_OK;
}

ks_status ks_collect_(
    ks_requests *all, uint64_t label, ks_pid to, const ks_op *op, const void *request)
{
    KSI_ENTER(s);
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return KS_DENIED;
    ks_request sent = send(s, to, op, request, id_of(s, all), label);
    if (!sent.ref.id[0]) return KS_NOMEM;
    all->count++;
    return KS_OK;
}

static bool belongs(const ks_msg *msg, void *arg)
{
    struct ksi_message *m = response_of(msg);
    return m && body_of(m)->collection == *(const uint32_t *)arg;
}

bool ks_check_any(ks_requests *all, const ks_msg *msg, ks_any_response *ret_response)
{
    if (!all->count || !belongs(msg, &all->id)) return false;
    const struct ksi_response *response = body_of(response_of(msg));
    *ret_response = (ks_any_response){ .request = { response->public.ref },
        .label = response->label,
        .status = response->public.status,
        .msg = msg };
    all->count--;
    return true;
}

ks_status ks_wait_any(ks_requests *all, ks_any_response *ret_response, ks_ms timeout)
{
    KSI_ENTER(s);
    if (!s || !s->current || (s->current->flags & KSI_IN_HOOK)) return KS_DENIED;
    if (!all->count) return KS_EMPTY;
    ks_ms left = ks_time_left();
    bool limited = left < timeout;
    ks_ms until = ks_now() + (limited ? left : timeout);
    const ks_msg *msg = ksi_receive_marked(s, mark_of(all), belongs, &all->id, ks_until(until));
    if (msg && ks_check_any(all, msg, ret_response)) return KS_OK;
    if (ksi_client_is_cut(s)) return KS_NOPROC;
    if (ks_until(until) > 0) return KS_NOMEM; /* for a stack to wait on */
    return limited ? KS_DEADLINE : KS_TIMEOUT;
}

ks_status ks_receive_any(ks_requests *all, ks_any_response *ret_response, ks_ms timeout)
{
    ks_status status = ks_wait_any(all, ret_response, timeout);
    if (status) ks_abandon_all(all);
    return status;
}

ks_status ks_response_(const ks_any_response *response, const ks_op *op, void *ret_reply)
{
    KSI_INSIDE(s);
    struct ksi_message *m = s && s->current ? response_of(response->msg) : NULL;
    return m ? read_response(s, m, op, ret_reply) : KS_NOT_FOUND;
}

/* The next of the caller's requests in a collection that are not decided, from index on. */
static struct ksi_record *next_undecided(struct ksi_scheduler *s, uint32_t index, uint32_t id)
{
    for (struct ksi_record *record; index; index = record->next) {
        record = ksi_record_at(s, index);
        if (ksi_load_relaxed(&record->kind) != KSI_RECORD_REQUEST) continue;
        if (body_of(record->request.response)->collection == id) return record;
    }
    return NULL;
}

size_t ks_requests_list(
    const ks_requests *all, ks_request *ret_requests, uint64_t *ret_labels, size_t max)
{
    KSI_ENTER(s);
    size_t count = 0;
    if (!s || !s->current || !all->count) return 0;
    ksi_inbox_drain(s, s->current);
    struct ksi_record *record = next_undecided(s, s->current->owned, all->id);
    for (; record && count < max; record = next_undecided(s, record->next, all->id)) {
        ret_requests[count] = (ks_request){ ksi_record_ref(s, record) };
        ret_labels[count++] = body_of(record->request.response)->label;
    }
    struct ksi_message *m = *ksi_mark_start(s, s->current, mark_of(all));
    for (; m && count < max; m = m->next) {
        if (m->kind != KSI_RESPONSE || body_of(m)->collection != all->id) continue;
        ret_requests[count] = (ks_request){ body_of(m)->public.ref };
        ret_labels[count++] = body_of(m)->label;
    }
    return count;
}

void ks_abandon_all(ks_requests *all)
{
    KSI_ENTER(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || !all->count) return;
    struct ksi_record *record;
    uint32_t next = self->owned;
    while ((record = next_undecided(s, next, all->id))) {
        next = record->next;
        ksi_async_end(s, self, record);
    }
    ksi_inbox_drain(s, self);
    for (struct ksi_message **link = ksi_mark_start(s, self, mark_of(all)); *link;) {
        if ((*link)->kind == KSI_RESPONSE && body_of(*link)->collection == all->id)
            ksi_message_free(s, ksi_mailbox_take(self, link));
        else
            link = &(*link)->next;
    }
    *all = (ks_requests){ 0, 0 };
}
