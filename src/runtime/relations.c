/* SPDX-License-Identifier: Apache-2.0 */
/* relations.c - the lists of a process: its links, its monitors, who monitors it. Called from
 * inside a runtime; the home of the process reads its records, it need not take part. */
#include "base/base.h"
#include "runtime/ask.h"
#include <kiosk/process.h>

struct list {
    void (*add_all)(struct ksi_scheduler *s, const struct ksi_process *p, struct list *list);
    ks_pid *ret;
    size_t max, count;
    bool exiting;
};

static void add(struct list *list, ks_pid pid)
{
    if (list->count < list->max) list->ret[list->count] = pid;
    list->count++;
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
    for (uint32_t at = p->watchers; at;
         at = ksi_load_relaxed(&ksi_record_at(s, at)->monitor.watch_next)) {
        const struct ksi_record *record = ksi_record_at(s, at);
        add(list, ksi_pid(ksi_record_owner(record)));
    }
}

static void look(struct ksi_scheduler *s, struct ksi_process *p, void *arg, void *out)
{
    struct list *list = arg;
    list->ret = out;
    list->exiting = p->flags & KSI_EXITING;
    if (!list->exiting) list->add_all(s, p, list);
}

static ks_status fill(ks_pid pid, struct list list, ks_pid *ret, size_t *ret_count)
{
    KSI_ENTER(s);
    uint64_t id;
    if (!s) return KS_DENIED;
    if (!ksi_resolve_id(s, pid, &id)) return KS_NOPROC;
    const struct ksi_question question = { .look = look,
        .arg = &list,
        .arg_size = sizeof list,
        .out = ret,
        .out_size = list.max * sizeof *ret };
    ks_status status = ksi_ask(s, id, &question);
    if (!status && list.exiting) return KS_NOPROC;
    if (!status) *ret_count = list.count;
    return status;
}

ks_status ks_links(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count)
{
    return fill(pid, (struct list){ .add_all = add_links, .max = max }, ret, ret_count);
}

ks_status ks_monitors(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count)
{
    return fill(pid, (struct list){ .add_all = add_monitors, .max = max }, ret, ret_count);
}

ks_status ks_monitored_by(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count)
{
    return fill(pid, (struct list){ .add_all = add_watchers, .max = max }, ret, ret_count);
}
