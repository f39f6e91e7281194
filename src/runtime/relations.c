/* SPDX-License-Identifier: Apache-2.0 */
/* relations.c - the lists of a process: its links, its monitors, who monitors it. Called from
 * inside a runtime; reads the records of a process of its scheduler, which need not take part. */
#include "base/base.h"
#include "runtime/signal.h"
#include <kiosk/process.h>

struct list {
    ks_pid *ret;
    size_t max, count;
};

static void add(struct list *list, ks_pid pid)
{
    if (list->count < list->max) list->ret[list->count] = pid;
    list->count++;
}

/* The process, with all that was sent to it applied, or NULL. */
static struct ksi_process *look_at(struct ksi_scheduler *s, ks_pid pid, bool *ret_elsewhere)
{
    struct ksi_process *p = ksi_resolve(s, pid);
    *ret_elsewhere = p && !ksi_is_home(s, p);
    if (*ret_elsewhere) return NULL;
    if (p) ksi_inbox_drain(s, p);
    return p && ksi_load_relaxed(&p->in_use) && !(p->flags & KSI_EXITING) ? p : NULL;
}

/* The link with the smallest peer above `last`, or NULL. */
static const struct ksi_record *link_after(
    struct ksi_scheduler *s, const struct ksi_process *p, uint64_t last)
{
    const struct ksi_record *found = NULL;
    uint32_t at = p->links;
    while (at) {
        const struct ksi_record *record = ksi_record_at(s, at);
        if (record->link.peer > last) {
            found = record;
            at = record->link.left;
        } else {
            at = record->link.right;
        }
    }
    return found;
}

static void add_links(struct ksi_scheduler *s, const struct ksi_process *p, struct list *list)
{
    const struct ksi_record *record = link_after(s, p, 0);
    for (; record; record = link_after(s, p, record->link.peer))
        if (!(record->flags & KSI_UNLINKING)) add(list, ksi_pid(record->link.peer));
}

static void add_monitors(struct ksi_scheduler *s, const struct ksi_process *p, struct list *list)
{
    for (uint32_t at = p->owned; at; at = ksi_record_at(s, at)->next) {
        const struct ksi_record *record = ksi_record_at(s, at);
        if (ksi_load_relaxed(&record->kind) == KSI_RECORD_MONITOR)
            add(list, record->monitor.as_given);
    }
}

static void add_watchers(struct ksi_scheduler *s, const struct ksi_process *p, struct list *list)
{
    for (uint32_t at = p->watchers; at; at = ksi_record_at(s, at)->monitor.watch_next) {
        const struct ksi_record *record = ksi_record_at(s, at);
        add(list, ksi_pid(ksi_record_owner(record)));
    }
}

static ks_status fill(ks_pid pid,
    void (*add_all)(struct ksi_scheduler *s, const struct ksi_process *p, struct list *list),
    struct list list, size_t *ret_count)
{
    KSI_ENTER(s);
    if (!s) return KS_DENIED;
    bool elsewhere;
    const struct ksi_process *p = look_at(s, pid, &elsewhere);
    if (!p) return elsewhere ? KS_DENIED : KS_NOPROC;
    add_all(s, p, &list);
    *ret_count = list.count;
    return KS_OK;
}

ks_status ks_links(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count)
{
    return fill(pid, add_links, (struct list){ .ret = ret, .max = max }, ret_count);
}

ks_status ks_monitors(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count)
{
    return fill(pid, add_monitors, (struct list){ .ret = ret, .max = max }, ret_count);
}

ks_status ks_monitored_by(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count)
{
    return fill(pid, add_watchers, (struct list){ .ret = ret, .max = max }, ret_count);
}
