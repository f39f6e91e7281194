/* SPDX-License-Identifier: Apache-2.0 */
/* alias.c - see alias.h. */
#include "runtime/alias.h"
#include "base/base.h"
#include "runtime/mailbox.h"

struct ksi_record *ksi_alias_new(
    struct ksi_scheduler *s, struct ksi_process *owner, ks_alias_mode mode, bool once)
{
    struct ksi_record *record = ksi_record_new(s, owner, KSI_RECORD_ALIAS);
    if (!record) return NULL;
    record->alias.tag = 0;
    record->alias.monitor = 0;
    record->alias.mode = (uint8_t)mode;
    record->alias.once = once;
    if (mode != KS_ALIAS_NONE) record->flags |= KSI_ACTIVE;
    return record;
}

void ksi_alias_end(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record)
{
    if (record->alias.monitor) ksi_record_at(s, record->alias.monitor)->monitor.alias = 0;
    ksi_record_remove(s, owner, record);
    ksi_record_free(s, record);
}

void ksi_alias_tie(struct ksi_scheduler *s, struct ksi_record *alias, struct ksi_record *monitor)
{
    alias->alias.monitor = ksi_record_index(s, monitor);
    monitor->monitor.alias = ksi_record_index(s, alias);
}

void ksi_alias_untie(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *monitor)
{
    if (!monitor->monitor.alias) return;
    struct ksi_record *alias = ksi_record_at(s, monitor->monitor.alias);
    monitor->monitor.alias = 0;
    alias->alias.monitor = 0;
    if (alias->alias.mode != KS_ALIAS_EXPLICIT_UNALIAS || !(alias->flags & KSI_ACTIVE))
        ksi_alias_end(s, owner, alias);
}

struct ksi_record *ksi_alias_find(struct ksi_scheduler *s, uint64_t handle)
{
    struct ksi_record *record = ksi_record_find(s, handle, KSI_RECORD_ALIAS);
    return record && (record->flags & KSI_ACTIVE) ? record : NULL;
}

/* --- sending ---------------------------------------------------------------------------------- */
/* The message that turns it off has arrived. */
static void use_up(struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record)
{
    if (record->alias.monitor)
        ksi_monitor_end(s, owner, ksi_record_at(s, record->alias.monitor));
    else
        ksi_alias_end(s, owner, record);
}

void ksi_alias_apply(
    struct ksi_scheduler *s, struct ksi_process *target, const struct ksi_signal *signal)
{
    struct ksi_message *m = signal->message;
    uint64_t handle = (uint64_t)signal->serial << 32 | signal->record;
    struct ksi_record *record = target ? ksi_alias_find(s, handle) : NULL;
    if (!record) {
        (void)ksi_message_send(s, NULL, 0, m); /* as to nobody */
        return;
    }
    if (!m->public.op && !m->ref) m->ref = handle;
    if (record->alias.once) use_up(s, target, record);
    /* Its sender went on, and does not look before the next one: nobody stands in the line. */
    ks_status status;
    bool limited = s->parallel && !ksi_is_request(m) && ksi_mailbox_full(target);
    if (!limited || !ksi_overload(s, target, m, false, &status)) ksi_message_arrived(s, target, m);
}

ks_status ksi_send_to(
    struct ksi_scheduler *s, ks_pid to, struct ksi_message *m, enum ksi_urgency urgency)
{
    uint64_t id;
    struct ksi_process *target = ksi_resolve_id(s, to, &id);
    if (to.kind != KSI_PID_ALIAS || !target ||
        (ksi_is_here(s, target, id) && ksi_mailbox_full(target)))
        return ksi_message_send_as(s, target, id, m, urgency);
    ksi_signal_send(s,
        &(struct ksi_signal){ .kind = KSI_ALIASED,
            .from = m->from,
            .to = id,
            .serial = (uint32_t)(to.id >> 32),
            .record = (uint32_t)to.id,
            .message = m });
    return KS_OK;
}

struct ksi_process *ksi_alias_use(struct ksi_scheduler *s, ks_pid to, uint64_t *ret_id)
{
    struct ksi_process *owner = ksi_resolve_id(s, to, ret_id);
    if (!owner || !ksi_is_home(s, owner)) return owner;
    struct ksi_record *record = ksi_alias_find(s, to.id);
    if (record && record->alias.once) use_up(s, owner, record);
    return record ? owner : NULL;
}

/* --- the caller's own ------------------------------------------------------------------------- */
static ks_pid alias_of(bool once)
{
    KSI_ENTER(s);
    if (!s || !s->current) return (ks_pid){ 0 };
    struct ksi_record *record = ksi_alias_new(s, s->current, KS_ALIAS_EXPLICIT_UNALIAS, once);
    if (!record) ks_exit(ksi_because(KS_NOMEM));
    uint64_t handle = ksi_record_handle(s, record);
    ksi_mark_new(s, s->current, handle);
    return (ks_pid){ .id = handle, .kind = KSI_PID_ALIAS };
}

ks_pid ks_alias(void) { return alias_of(false); }

ks_pid ks_reply_alias(void) { return alias_of(true); }

bool ks_unalias(ks_pid alias)
{
    KSI_ENTER(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || alias.kind != KSI_PID_ALIAS) return false;
    struct ksi_record *record = ksi_alias_find(s, alias.id);
    if (!record || ksi_record_owner(record) != ksi_process_id(self)) return false;
    record->flags &= (uint8_t)~KSI_ACTIVE;
    if (!record->alias.monitor) ksi_alias_end(s, self, record);
    return true;
}

ks_ref ks_alias_ref(ks_pid alias)
{
    ks_pid self = ks_self();
    if (alias.kind != KSI_PID_ALIAS || ks_is_none(self)) return (ks_ref){ { 0, 0 } };
    return (ks_ref){ { alias.id, self.id } };
}

ks_pid ks_monitor_alias(ks_ref monitor)
{
    if (!monitor.id[0]) return (ks_pid){ 0 };
    return (ks_pid){ .id = monitor.id[0], .kind = KSI_PID_ALIAS };
}
