/* SPDX-License-Identifier: Apache-2.0 */
/* child_of.c - pids that stand for the children of a process, by id.
 *
 * Such a pid is one of a name, of which the parent's pid is a part: 92 bits of the hash of both, so
 * it is resolved, sent to and monitored as a name is. The entry is the parent's, is there while the
 * parent keeps the child, and holds the latest pid: who is dead or restarting is nobody. Called
 * from inside a process; ks_child_of from any thread. */
#include "base/base.h"
#include "base/hash.h"
#include "runtime/name.h"
#include "runtime/scheduler.h"
#include <kiosk/behaviour.h>
#include <string.h>

enum { KIND_BITS = 4 };

/* The parent is in the keys: two hashes of the id alone, and none that names have. */
static ks_pid pid_of(uint64_t parent, const char *id)
{
    const size_t length = strlen(id);
    struct ksi_hash_key one = { 0x6368696c64206f66u ^ parent, 0x207468697320706cu };
    struct ksi_hash_key two = { 0x6163652061667465u, 0x7220616c6c206973u ^ parent };
    uint64_t first = ksi_hash(one, id, length), second = ksi_hash(two, id, length);
    ks_pid pid = { .id = first ? first : 1,
        .kind = (uint32_t)(second << KIND_BITS) | KSI_PID_NAME };
    ksi_name_remember(pid, id, length);
    return pid;
}

ks_pid ks_child_of(ks_pid supervisor, const char *id)
{
    if (!id || !id[0] || ks_is_none(supervisor) || supervisor.node) return (ks_pid){ 0 };
    if (supervisor.kind == KSI_PID_PROCESS) return pid_of(supervisor.id, id);
    KSI_ENTER(s);
    const struct ksi_process *p = s ? ksi_resolve(s, supervisor) : NULL;
    return p ? pid_of(ksi_process_id(p), id) : (ks_pid){ 0 };
}

ks_pid ks_sibling(const char *id) { return ks_child_of(ks_parent(), id); }

static struct ksi_bound *of_name(struct ksi_name *name)
{
    return KSI_CONTAINER_OF(name, struct ksi_bound, name);
}

/* NULL: out of memory. */
static struct ksi_name *bind(struct ksi_scheduler *s, ks_pid pid)
{
    struct ksi_cold *cold = ksi_cold(s, s->current);
    uint8_t size_class;
    struct ksi_bound *bound = cold ? ksi_pool_get(&s->pool, sizeof *bound, &size_class) : NULL;
    if (!bound) return NULL;
    *bound = (struct ksi_bound){
        .owner_next = cold->bound, .owner_link = &cold->bound, .name.size_class = size_class
    };
    bound->name.hash[0] = pid.id;
    bound->name.hash[1] = pid.kind;
    if (!ksi_name_insert(s, &bound->name)) {
        ksi_pool_give(&s->pool, bound, size_class);
        return NULL;
    }
    if (cold->bound) cold->bound->owner_link = &bound->owner_next;
    cold->bound = bound;
    return &bound->name;
}

static void unbind(struct ksi_scheduler *s, struct ksi_bound *bound)
{
    ksi_name_remove(s, &bound->name);
    *bound->owner_link = bound->owner_next;
    if (bound->owner_next) bound->owner_next->owner_link = bound->owner_link;
    ksi_pool_give(&s->pool, bound, bound->name.size_class);
}

ks_status ks_bind_child_(const char *id, ks_pid pid)
{
    KSI_INSIDE(s);
    if (!s || !s->current) return KS_DENIED;
    if (!id || !id[0]) return KS_BADARG;
    ks_pid bound = pid_of(ksi_process_id(s->current), id);
    uint64_t holder;
    (void)ksi_resolve_id(s, pid, &holder);
    ksi_names_lock(s);
    struct ksi_name *name = ksi_name_find(s, bound);
    if (!name) name = bind(s, bound);
    if (name) name->holder = holder;
    ksi_names_unlock(s);
    return name ? KS_OK : KS_NOMEM;
}

void ks_unbind_child_(const char *id)
{
    KSI_INSIDE(s);
    if (!s || !s->current || !id || !id[0]) return;
    ksi_names_lock(s);
    struct ksi_name *name = ksi_name_find(s, pid_of(ksi_process_id(s->current), id));
    if (name) unbind(s, of_name(name));
    ksi_names_unlock(s);
}

void ksi_bound_release(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_bound *bound = p->cold ? p->cold->bound : NULL;
    if (bound) p->cold->bound = NULL;
    if (!bound) return;
    ksi_names_lock(s);
    while (bound) {
        struct ksi_bound *next = bound->owner_next;
        ksi_name_remove(s, &bound->name);
        ksi_pool_give(&s->pool, bound, bound->name.size_class);
        bound = next;
    }
    ksi_names_unlock(s);
}
