/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - see message.h. */
#include "runtime/message.h"
#include "base/base.h"
#include "runtime/mailbox.h"
#include "runtime/request.h"
#include "runtime/scheduler.h"
#include "runtime/socket_hooks.h"
#include "type/type.h"

static void move_out(ks_socket *socket, void *arg)
{
    struct ksi_scheduler *s = arg;
    const struct ksi_socket_hooks *hooks = s->runtime->sockets;
    if (!hooks || !hooks->detach(s, socket)) *socket = (ks_socket){ 0 }; /* not the sender's */
}

static void close_it(ks_socket *socket, void *arg)
{
    struct ksi_scheduler *s = arg;
    if (socket->id) s->runtime->sockets->close(s, *socket);
}

uint8_t ksi_weight_of(size_t bytes)
{
    enum { PRECISION = 4, UNITS_MAX = 1 << 30 };
    size_t units = bytes > 1 ? (bytes - 1) / KSI_POOL_SMALLEST : 0;
    uint32_t rest = units < UNITS_MAX ? (uint32_t)units : UNITS_MAX;
    if (rest < 1 << PRECISION) return (uint8_t)rest;
    int shift = 32 - PRECISION - __builtin_clz(rest);
    uint32_t rounded = (rest + (1u << shift) - 1) >> shift; /* 8 to 16 */
    return (uint8_t)(shift * 8 + (int)rounded);
}

/* Of a block of each class; of large ones it is not known yet. */
static const uint8_t class_weights[] = { 0, 1, 1, 2, 3, 5, 7, 11, 15, 20, 24, 28, 32, 0 };
_Static_assert(KSI_COUNT_OF(class_weights) == KSI_POOL_LARGE + 1, "64, 96, 128 ... 4096 bytes");

/* A block with a header, and with room for a body of that size. */
static KSI_INLINE struct ksi_message *blank(
    struct ksi_scheduler *s, const ks_type *type, const void *value, size_t size)
{
    uint8_t size_class;
    struct ksi_message *m = ksi_pool_get(&s->pool, sizeof *m + size, &size_class);
    if (KSI_UNLIKELY(!m)) return NULL;
    m->public.type = type;
    m->public.body = value ? m->body : NULL;
    m->public.op = NULL;
    m->from = 0;
    m->serial = s->stamp;
    m->kind = KSI_MESSAGE;
    m->flags = 0;
    m->size_class = size_class;
    m->weight = class_weights[size_class];
    m->ref = 0;
    if (KSI_UNLIKELY(size_class == KSI_POOL_LARGE)) m->weight = ksi_weight_of(sizeof *m + size);
    return m;
}

struct ksi_message *ksi_message_new(struct ksi_scheduler *s, const ks_type *type, const void *value)
{
    size_t size = 0;
    if (value)
        size = KSI_LIKELY(type->flat) ? type->size : type->size + 7u + ksi_type_tail(type, value);
    struct ksi_message *m = blank(s, type, value, size);
    if (KSI_UNLIKELY(!m) || !value) return m;
    ksi_copy_flat(m->body, value, type->size);
    if (KSI_LIKELY(type->flat)) return m;
    ksi_type_detach(type, m->body, (char *)m->body + ((type->size + 7u) & ~7u));
    if (KSI_UNLIKELY(type->owns)) {
        m->flags = KSI_MOVES;
        size_t shared = ksi_type_shared(type, m->body);
        if (shared) m->weight = ksi_weight_of(sizeof *m + size + shared);
        ksi_type_each_socket(type, m->body, move_out, s);
    }
    return m;
}

struct ksi_message *ksi_message_shallow(
    struct ksi_scheduler *s, const ks_type *type, const void *value)
{
    struct ksi_message *m = blank(s, type, value, type->size);
    if (KSI_LIKELY(m != NULL)) memcpy(m->body, value, type->size);
    return m;
}

void ksi_message_free_slow(struct ksi_scheduler *s, struct ksi_message *m)
{
    if (KSI_UNLIKELY(m->flags & KSI_MOVES))
        ksi_type_each_socket(m->public.type, m->body, close_it, s);
    if (m->kind == KSI_RESPONSE) ksi_response_release(s, m);
    if (m->public.type && m->public.body) ksi_type_release(m->public.type, m->public.body);
    ksi_pool_give(&s->pool, m, m->size_class);
}

/* --- arrival: sockets in the body become the receiver's --------------------------------------- */
struct arrival {
    struct ksi_scheduler *scheduler;
    struct ksi_process *receiver;
};

static void move_in(ks_socket *socket, void *arg)
{
    struct arrival *arrival = arg;
    if (!socket->id) return;
    arrival->scheduler->runtime->sockets->attach(arrival->scheduler, socket, arrival->receiver);
}

void ksi_packet_taken(const struct ksi_message *m)
{
    struct ksi_scheduler *s = ksi_this_scheduler;
    s->runtime->sockets->taken(s, m);
}

void ksi_message_arrive(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_message *m)
{
    if (KSI_LIKELY(!(m->flags & KSI_MOVES))) return;
    struct arrival arrival = { s, p };
    ksi_type_each_socket(m->public.type, m->body, move_in, &arrival);
    m->flags &= (uint8_t)~KSI_MOVES;
}
