/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c - monitors: one record, in the owner's list and in the list of the watched process.
 *
 * Exactly one DOWN leaves the watched side, or one release after a demonitor, and that frees the
 * record: the owner marks it KSI_GONE when it gives up, and a DOWN that crosses finds the mark
 * and is dropped. See signal.h for who may call. */
#include "base/base.h"
#include "runtime/alias.h"
#include "runtime/mailbox.h"
#include "runtime/signal.h"
#include <string.h>

/* The places in the list are the watched side's own, and atomic for what record.h says: relaxed. */
static void watch(struct ksi_scheduler *s, struct ksi_process *target, struct ksi_record *record)
{
    uint32_t index = ksi_record_index(s, record);
    record->watching = true;
    ksi_store_relaxed(&record->monitor.watch_previous, 0);
    ksi_store_relaxed(&record->monitor.watch_next, target->watchers);
    if (target->watchers)
        ksi_store_relaxed(&ksi_record_at(s, target->watchers)->monitor.watch_previous, index);
    target->watchers = index;
}

static void unwatch(struct ksi_scheduler *s, struct ksi_process *target, struct ksi_record *record)
{
    uint32_t next = ksi_load_relaxed(&record->monitor.watch_next);
    uint32_t previous = ksi_load_relaxed(&record->monitor.watch_previous);
    record->watching = false;
    if (previous)
        ksi_store_relaxed(&ksi_record_at(s, previous)->monitor.watch_next, next);
    else
        target->watchers = next;
    if (next) ksi_store_relaxed(&ksi_record_at(s, next)->monitor.watch_previous, previous);
}

static void send(struct ksi_scheduler *s, enum ksi_kind kind, uint64_t from, uint64_t to,
    uint32_t record, ks_reason reason)
{
    ksi_signal_send(s,
        &(struct ksi_signal){
            .kind = kind, .from = from, .to = to, .record = record, .reason = reason });
}

/* The DOWN becomes a message of its owner, and the record is over. */
static void put_down(
    struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record, ks_reason reason)
{
    ks_down down = {
        .ref = ksi_record_ref(s, record), .pid = record->monitor.as_given, .reason = reason
    };
    if (record->monitor.alias) {
        const struct ksi_record *alias = ksi_record_at(s, record->monitor.alias);
        down.ref = ksi_record_ref(s, alias);
        down.tag = alias->alias.tag;
        ksi_alias_untie(s, owner, record);
    }
    ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
    struct ksi_message *m = reason.text ? ksi_message_new(s, &ks_down_type, &down)
                                        : ksi_message_shallow(s, &ks_down_type, &down);
    if (!m) {
        ksi_condemn(s, owner, ksi_because(KS_NOMEM)); /* rather than a DOWN that never comes */
        return;
    }
    m->ref = down.ref.id[0];
    ksi_message_put(s, owner, m);
}

void ksi_monitor_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    struct ksi_record *record = ksi_record_at(s, signal->record);
    if (signal->kind == KSI_MONITOR) {
        if (target)
            watch(s, target, record);
        else
            send(s, KSI_DOWN, signal->to, signal->from, signal->record, ksi_because(KS_NOPROC));
    } else if (signal->kind == KSI_DEMONITOR) {
        if (!target || !record->watching) return; /* its DOWN is under way */
        unwatch(s, target, record);
        ksi_record_free(s, record);
    } else if (record->flags & KSI_GONE) {
        ksi_record_free(s, record);
    } else {
        put_down(s, target, record, signal->reason);
    }
}

/* alias NULL: it has none. */
static ks_ref start(
    struct ksi_scheduler *s, struct ksi_process *p, ks_pid as_given, struct ksi_record *alias)
{
    uint64_t target;
    (void)ksi_resolve_id(s, as_given, &target);
    struct ksi_record *record = ksi_record_new(s, p, KSI_RECORD_MONITOR);
    if (!record) return (ks_ref){ { 0, 0 } };
    ks_ref ref = ksi_record_ref(s, alias ? alias : record);
    record->monitor.as_given = as_given;
    record->monitor.target = target;
    record->monitor.alias = 0;
    if (alias) ksi_alias_tie(s, alias, record);
    ksi_mark_new(s, p, ref.id[0]);
    send(s, KSI_MONITOR, ksi_process_id(p), record->monitor.target, ksi_record_index(s, record),
        KS_NORMAL);
    return ref;
}

ks_ref ksi_monitor_start(struct ksi_scheduler *s, struct ksi_process *p, ks_pid as_given)
{
    return start(s, p, as_given, NULL);
}

ks_ref ksi_monitor_start_with(struct ksi_scheduler *s, struct ksi_process *p, ks_pid as_given,
    const ks_monitor_options *options, size_t size)
{
    ks_monitor_options all = { .tag = 0 };
    if (options) memcpy(&all, options, size < sizeof all ? size : sizeof all);
    if (!all.alias && !all.tag) return start(s, p, as_given, NULL);
    bool once = all.alias == KS_ALIAS_REPLY_DEMONITOR;
    struct ksi_record *alias = ksi_alias_new(s, p, all.alias, once);
    if (!alias) return (ks_ref){ { 0, 0 } };
    alias->alias.tag = all.tag;
    ks_ref ref = start(s, p, as_given, alias);
    if (!ref.id[0]) ksi_alias_end(s, p, alias);
    return ref;
}

void ksi_monitor_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    ksi_alias_untie(s, p, record);
    ksi_record_remove(s, p, record);
    record->flags |= KSI_GONE;
    send(s, KSI_DEMONITOR, ksi_process_id(p), record->monitor.target, ksi_record_index(s, record),
        KS_NORMAL);
}

void ksi_watchers_end(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason)
{
    while (p->watchers) {
        struct ksi_record *record = ksi_record_at(s, p->watchers);
        uint32_t index = p->watchers;
        unwatch(s, p, record);
        send(s, KSI_DOWN, ksi_process_id(p), ksi_record_owner(record), index, reason);
    }
}

ks_ref ks_monitor(ks_pid pid)
{
    KSI_ENTER(s);
    if (!s || !s->current || ksi_resolve(s, pid) == s->current) return (ks_ref){ { 0, 0 } };
    ks_ref ref = ksi_monitor_start(s, s->current, pid);
    ksi_check_exit(s);
    return ref;
}

ks_ref ks_monitor_with_(ks_pid pid, const ks_monitor_options *options, size_t size)
{
    KSI_ENTER(s);
    if (!s || !s->current || ksi_resolve(s, pid) == s->current) return (ks_ref){ { 0, 0 } };
    ks_ref ref = ksi_monitor_start_with(s, s->current, pid, options, size);
    ksi_check_exit(s);
    return ref;
}

/* The monitor that a ref stands for, by itself or by its alias; NULL: it is over. */
static struct ksi_record *monitor_of(struct ksi_scheduler *s, ks_ref ref)
{
    struct ksi_record *record = ksi_record_find(s, ref.id[0], KSI_RECORD_MONITOR);
    if (record) return record->flags & KSI_GONE || record->monitor.alias ? NULL : record;
    record = ksi_record_find(s, ref.id[0], KSI_RECORD_ALIAS);
    return record && record->alias.monitor ? ksi_record_at(s, record->alias.monitor) : NULL;
}

bool ks_demonitor(ks_ref monitor)
{
    KSI_ENTER(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || !monitor.id[0] || monitor.id[1] != ksi_process_id(self)) return false;
    struct ksi_record *record = monitor_of(s, monitor);
    if (record && ksi_record_owner(record) == ksi_process_id(self)) {
        ksi_monitor_end(s, self, record);
        return true;
    }
    ksi_inbox_drain(s, self);
    /* It has fired: its DOWN may be queued. */
    struct ksi_message **link = ksi_mark_start(s, self, monitor.id[0]);
    for (; *link; link = &(*link)->next) {
        if ((*link)->public.type != &ks_down_type || (*link)->ref != monitor.id[0]) continue;
        ksi_message_free(s, ksi_mailbox_take(self, link));
        return false;
    }
    return false;
}
