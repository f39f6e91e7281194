/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - see queue.h. Invariant: items, and takers who still wait, are never both there. Takers
 * who gave up stay in their ring until it is their turn: the answer to them says so. */
#include "queue.h"
#include <kiosk/kiosk.h>

KS_TYPE(queue_args, limit);
KS_CALL(queue, push, ks_text, void);
KS_CALL(queue, pop, void, ks_text);

enum { LIMIT = 1000, TAKERS = 1024 };
struct queue {
    char **items; /* ring */
    int32_t first, count, limit;
    queue_pop_from takers[TAKERS]; /* ring, oldest first */
    uint32_t first_taker, waiting;
};

ks_status queue_push(ks_pid server, ks_text item)
{
    return queue_call_push(server, &item, KS_DEFAULT_TIMEOUT);
}

ks_status queue_pop(ks_pid server, ks_text *ret_item, ks_ms timeout)
{
    return queue_call_pop(server, ret_item, timeout);
}

static ks_next queue_init(queue *self, const queue_args *args)
{
    if (args->limit < 0) return ks_fail(KS_BADARG);
    self->limit = args->limit ? args->limit : LIMIT;
    self->items = ks_alloc(sizeof *self->items * (size_t)self->limit);
    return ks_ok();
}

static queue_pop_from oldest_taker(queue *self)
{
    self->waiting--;
    return self->takers[self->first_taker++ % TAKERS];
}

static ks_next queue_handle_push(queue *self, const ks_text *item)
{
    while (self->waiting > 0)
        if (queue_reply_pop(oldest_taker(self), item)) return ks_reply(); /* else it gave up */
    if (self->count == self->limit) return ks_fail(KS_FULL);
    self->items[(self->first + self->count++) % self->limit] = ks_strdup(*item);
    return ks_reply();
}

static ks_next wait_for_push(queue *self)
{
    if (self->waiting == TAKERS) {
        if (queue_waits_pop(self->takers[self->first_taker % TAKERS])) return ks_fail(KS_FULL);
        oldest_taker(self);
    }
    self->takers[(self->first_taker + self->waiting++) % TAKERS] = queue_from_pop();
    return ks_noreply();
}

static ks_next queue_handle_pop(queue *self, ks_text *reply)
{
    if (self->count == 0) return wait_for_push(self);
    char *item = self->items[self->first];
    self->first = (self->first + 1) % self->limit;
    self->count--;
    *reply = ks_str(item);
    ks_defer(ks_free, item); /* once the reply has been copied out */
    return ks_reply();
}

KS_GEN_SERVER(queue, .init = queue_init, .ops = KS_OPS(queue, push, pop));
