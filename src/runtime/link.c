/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - links: a record on each side, found by the peer's pid in a tree.
 *
 * The tree is a treap whose priorities are hashes of the keys, so they need no field. An unlink
 * stays a record (KSI_UNLINKING) until the other side has said that it let go: an exit that
 * crosses it is dropped, so none arrives after ks_unlink returned. See signal.h for who may
 * call. */
#include "base/base.h"
#include "runtime/signal.h"

static uint64_t priority_of(uint64_t key)
{
    key ^= key >> 31;
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 32;
}

static uint32_t *child_towards(struct ksi_record *record, uint64_t peer)
{
    return peer < record->link.peer ? &record->link.left : &record->link.right;
}

struct ksi_record *ksi_link_find(struct ksi_scheduler *s, struct ksi_process *p, uint64_t peer)
{
    uint32_t at = p->links;
    while (at) {
        struct ksi_record *record = ksi_record_at(s, at);
        if (record->link.peer == peer) return record;
        at = *child_towards(record, peer);
    }
    return NULL;
}

/* Splits the tree below *root into what is before and after a key. */
static void split(
    struct ksi_scheduler *s, uint32_t root, uint64_t key, uint32_t *before, uint32_t *after)
{
    while (root) {
        struct ksi_record *record = ksi_record_at(s, root);
        if (record->link.peer < key) {
            *before = root;
            before = &record->link.right;
            root = record->link.right;
        } else {
            *after = root;
            after = &record->link.left;
            root = record->link.left;
        }
    }
    *before = *after = 0;
}

struct ksi_record *ksi_link_add(struct ksi_scheduler *s, struct ksi_process *p, uint64_t peer)
{
    struct ksi_record *record = ksi_record_new(s, p, KSI_RECORD_LINK);
    if (!record) return NULL;
    ksi_record_remove(s, p, record); /* its place is the tree */
    record->link.peer = peer;
    uint64_t priority = priority_of(peer);
    uint32_t *at = &p->links;
    while (*at && priority_of(ksi_record_at(s, *at)->link.peer) > priority)
        at = child_towards(ksi_record_at(s, *at), peer);
    uint32_t below = *at;
    *at = ksi_record_index(s, record);
    split(s, below, peer, &record->link.left, &record->link.right);
    return record;
}

void ksi_link_remove(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    uint32_t *at = &p->links, index = ksi_record_index(s, record);
    while (*at != index) at = child_towards(ksi_record_at(s, *at), record->link.peer);
    uint32_t left = record->link.left, right = record->link.right;
    while (left && right) { /* merge the two subtrees in place of the record */
        struct ksi_record *l = ksi_record_at(s, left), *r = ksi_record_at(s, right);
        if (priority_of(l->link.peer) > priority_of(r->link.peer)) {
            *at = left;
            at = &l->link.right;
            left = l->link.right;
        } else {
            *at = right;
            at = &r->link.left;
            right = r->link.left;
        }
    }
    *at = left ? left : right;
    ksi_record_free(s, record);
}

static void answer(
    struct ksi_scheduler *s, const struct ksi_signal *signal, enum ksi_kind kind, ks_reason reason)
{
    ksi_signal_send(s,
        &(struct ksi_signal){ .kind = kind,
            .from = signal->to,
            .to = signal->from,
            .serial = signal->serial,
            .reason = reason });
}

/* Whoever sent a link has its record already, so he must hear when there is none here. */
static void apply_link(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    if (!target) {
        answer(s, signal, KSI_LINK_EXIT, ksi_because(KS_NOPROC));
        /* else: both linked, or we unlinked since */
    } else if (!ksi_link_find(s, target, signal->from)) {
        if (ksi_link_add(s, target, signal->from)) return;
        ksi_condemn(s, target, ksi_because(KS_NOMEM));
        answer(s, signal, KSI_LINK_EXIT, ksi_because(KS_NOMEM));
    }
}

static void apply_unlink(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    struct ksi_record *record = target ? ksi_link_find(s, target, signal->from) : NULL;
    if (record && !(record->flags & KSI_UNLINKING)) ksi_link_remove(s, target, record);
    answer(s, signal, KSI_UNLINK_ACK, KS_NORMAL);
}

void ksi_link_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    if (signal->kind == KSI_LINK) {
        apply_link(s, target, signal);
    } else if (signal->kind == KSI_UNLINK) {
        apply_unlink(s, target, signal);
    } else if (target) {
        struct ksi_record *record = ksi_link_find(s, target, signal->from);
        if (record && (record->flags & KSI_UNLINKING) && record->link.serial == signal->serial)
            ksi_link_remove(s, target, record);
    }
}

void ksi_links_end(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason)
{
    while (p->links) {
        struct ksi_record *record = ksi_record_at(s, p->links);
        struct ksi_signal signal = { .kind = KSI_LINK_EXIT,
            .from = ksi_process_id(p),
            .to = record->link.peer,
            .reason = reason };
        bool told = record->flags & KSI_UNLINKING;
        ksi_link_remove(s, p, record);
        if (!told) ksi_signal_send(s, &signal);
    }
}

void ks_link(ks_pid pid)
{
    KSI_ENTER(s);
    struct ksi_process *self = s ? s->current : NULL;
    uint64_t to;
    if (!self || ksi_resolve_id(s, pid, &to) == self) return;
    if (!to) to = pid.id;
    struct ksi_record *record = ksi_link_find(s, self, to);
    if (record && !(record->flags & KSI_UNLINKING)) return;
    if (record)
        record->flags = 0;
    else if (!ksi_link_add(s, self, to))
        ks_exit(ksi_because(KS_NOMEM));
    ksi_signal_send(
        s, &(struct ksi_signal){ .kind = KSI_LINK, .from = ksi_process_id(self), .to = to });
    ksi_check_exit(s);
}

void ksi_unlink(struct ksi_scheduler *s, struct ksi_process *p, uint64_t peer)
{
    struct ksi_record *record = ksi_link_find(s, p, peer);
    if (!record || (record->flags & KSI_UNLINKING)) return;
    record->flags = KSI_UNLINKING;
    /* Of this process, which may move: no two schedulers give the same one. */
    record->link.serial = ++s->unlinks * KSI_NUMBERS + s->number;
    ksi_signal_send(s,
        &(struct ksi_signal){ .kind = KSI_UNLINK,
            .from = ksi_process_id(p),
            .to = peer,
            .serial = record->link.serial });
}

void ks_unlink(ks_pid pid)
{
    KSI_ENTER(s);
    if (!s || !s->current) return;
    uint64_t peer;
    bool alive = ksi_resolve_id(s, pid, &peer) != NULL;
    ksi_unlink(s, s->current, alive ? peer : pid.id);
}
