/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.c - limits of a mailbox, and what can be read of it. See mailbox.h. */
#include "runtime/mailbox.h"
#include "runtime/ask.h"
#include "runtime/scheduler.h"
#include "runtime/signal.h"

enum { UNIT = 64, BLOCK_MS = 5000, NS_PER_MS = 1000000 };
#define UNITS_MAX (UINT32_MAX / 2)

/* --- limits ----------------------------------------------------------------------------------- */
void ksi_mailbox_weigh(struct ksi_process *p)
{
    uint32_t count = p->limits ? p->limits->count_max : KSI_MAILBOX_MAX;
    uint32_t units = p->limits ? p->limits->units_max : KSI_MAILBOX_BYTES_MAX / UNIT;
    /* relaxed: only its home changes them; who looks from elsewhere wants a hint */
    uint32_t extra = ksi_load_relaxed(&p->mailbox_extra);
    uint32_t left = units > extra ? units - extra : 0;
    ksi_store_relaxed(&p->mailbox_gate, count < left ? count : left);
}

void ksi_mailbox_rise(struct ksi_process *p)
{
    ksi_mailbox_weigh(p);
    if (p->flags & KSI_LINE) ksi_line_advance(p->scheduler, p);
}

static uint32_t units_of(size_t bytes)
{
    size_t units = bytes / UNIT;
    if (units > UNITS_MAX) return UNITS_MAX;
    return units ? (uint32_t)units : 1;
}

ks_status ksi_mailbox_limit(struct ksi_scheduler *s, struct ksi_process *p, const ks_child *row)
{
    if ((int)row->overload < KS_REFUSE || (int)row->overload > KS_BLOCK) return KS_BADARG;
    if (!row->mailbox_max && !row->mailbox_bytes_max && row->overload == KS_REFUSE) return KS_OK;
    uint8_t size_class;
    struct ksi_limits *limits = ksi_pool_get(&s->pool, sizeof *limits, &size_class);
    if (!limits) return KS_NOMEM;
    *limits =
        (struct ksi_limits){ .count_max = row->mailbox_max ? row->mailbox_max : KSI_MAILBOX_MAX,
            .units_max =
                units_of(row->mailbox_bytes_max ? row->mailbox_bytes_max : KSI_MAILBOX_BYTES_MAX),
            .policy = (int32_t)row->overload,
            .timeout = row->overload_timeout ? row->overload_timeout : BLOCK_MS };
    limits->line_end = &limits->line;
    p->limits = limits;
    /* relaxed: who looks from elsewhere has the pid from us, or it is a hint */
    ksi_store_relaxed(&ksi_shared_of(s, p)->policy, (uint32_t)limits->policy);
    ksi_store_relaxed(&ksi_shared_of(s, p)->timeout, limits->timeout);
    ksi_mailbox_weigh(p);
    return KS_OK;
}

/* --- what can be read ------------------------------------------------------------------------- */
static const struct ksi_process *find(struct ksi_scheduler *s, ks_pid pid)
{
    return s ? ksi_resolve(s, pid) : NULL;
}

/* relaxed: counts, which anybody may read. */
uint64_t ks_mailbox_length(ks_pid pid)
{
    KSI_INSIDE(s);
    const struct ksi_process *p = find(s, pid);
    return p ? ksi_load_relaxed(&p->queue_length) : 0;
}

uint64_t ks_mailbox_bytes(ks_pid pid)
{
    KSI_INSIDE(s);
    const struct ksi_process *p = find(s, pid);
    return p ? ksi_mailbox_bytes(p) : 0;
}

uint64_t ks_mailbox_refused(ks_pid pid)
{
    KSI_INSIDE(s);
    const struct ksi_process *p = find(s, pid);
    return p ? ksi_load_relaxed(&p->refused) : 0;
}

uint64_t ks_mailbox_dropped(ks_pid pid)
{
    KSI_INSIDE(s);
    const struct ksi_process *p = find(s, pid);
    return p ? ksi_load_relaxed(&ksi_shared_of(s, p)->dropped) : 0;
}

/* When a message came: of a call, since when its caller waits; others are stamped. */
static ks_ms age_of(struct ksi_scheduler *s, const struct ksi_message *m)
{
    uint32_t now = (uint32_t)(ksi_fresh_ns(s) / NS_PER_MS), came = m->serial;
    if (ksi_is_request(m) && !(m->flags & KSI_ASYNC)) {
        const struct ksi_process *caller = ksi_process_of(s, m->from);
        /* acquire: since when; pairs with the release in ksi_wait_begin(). relaxed: that wait's, or
         * of one that began later: m waits no more */
        if (!caller || ksi_load_acquire(&caller->call_serial) != m->serial) return 0;
        came = ksi_load_relaxed(&ksi_shared_of(s, caller)->since);
    }
    return (uint32_t)(now - came);
}

static void look_how_old(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    const struct ksi_message *m = p->mailbox;
    while (m && (m->flags & KSI_CANCELLED)) m = m->next;
    *(ks_ms *)arg = m ? age_of(s, m) : 0;
}

ks_ms ks_mailbox_age(ks_pid pid)
{
    KSI_ENTER(s);
    uint64_t id;
    ks_ms age = 0;
    if (!s || !ksi_resolve_id(s, pid, &id)) return 0;
    const struct ksi_question question = {
        .look = look_how_old, .arg = &age, .arg_size = sizeof age
    };
    return ksi_ask(s, id, &question) == KS_OK ? age : 0;
}
