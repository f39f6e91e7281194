/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - see name.h. */
#include "runtime/name.h"
#include "base/base.h"
#include "base/hash.h"
#include "runtime/scheduler.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255, FIRST_SIZE = 64, KIND_BITS = 4 };
enum { RECENTS = 8, RECENT_BYTES = 48 }; /* longer ones are cut */

/* Two keyed hashes; the keys are fixed, since 92 bits leave nothing to gain from collisions: a
 * second name with the same hash is refused when it is registered. */
static ks_pid pid_of(const char *text, size_t length)
{
    static const struct ksi_hash_key keys[2] = { { 0x6b696f736b206e61u, 0x6d652074776f2036u },
        { 0x342d626974206861u, 0x7368657320616c6cu } };
    uint64_t first = ksi_hash(keys[0], text, length), second = ksi_hash(keys[1], text, length);
    return (
        ks_pid){ .id = first ? first : 1, .kind = (uint32_t)(second << KIND_BITS) | KSI_PID_NAME };
}

/* The names that this thread has asked for lately, so that a call that failed can say to whom: of a
 * name that nobody has, the pid alone would tell nothing. */
static _Thread_local struct recent {
    ks_pid pid;
    char text[RECENT_BYTES];
} recents[RECENTS];

void ksi_name_remember(ks_pid pid, const char *text, size_t length)
{
    struct recent *recent = &recents[pid.id % RECENTS];
    if (recent->pid.id == pid.id && recent->pid.kind == pid.kind) return;
    size_t kept = length < RECENT_BYTES ? length : RECENT_BYTES - 1;
    recent->pid = pid;
    memcpy(recent->text, text, kept);
    recent->text[kept] = 0;
}

ks_pid ks_named(const char *name)
{
    if (!name || !name[0]) return (ks_pid){ 0 };
    size_t length = strlen(name);
    ks_pid pid = pid_of(name, length);
    ksi_name_remember(pid, name, length);
    return pid;
}

static struct ksi_name **bucket_of(struct ksi_names *names, uint64_t hash)
{
    return &names->buckets[hash & (names->size - 1)];
}

static bool grow(struct ksi_names *names)
{
    if (names->count < names->size) return true;
    struct ksi_names larger = { .size = names->size ? names->size * 2 : FIRST_SIZE };
    larger.buckets = calloc(larger.size, sizeof(struct ksi_name *));
    if (!larger.buckets) return names->size > 0; /* longer chains, then */
    for (size_t i = 0; i < names->size; i++) {
        while (names->buckets[i]) {
            struct ksi_name *name = names->buckets[i];
            names->buckets[i] = name->next;
            struct ksi_name **bucket = bucket_of(&larger, name->hash[0]);
            name->next = *bucket;
            *bucket = name;
        }
    }
    free(names->buckets);
    names->buckets = larger.buckets; /* not the lock: others stand at it */
    names->size = larger.size;
    return true;
}

void ksi_names_init(struct ksi_names *names)
{
    *names = (struct ksi_names){ .buckets = NULL };
    int error = pthread_mutex_init(&names->lock, NULL);
    KSI_ASSERT(error == 0); /* glibc's never fails */
}

void ksi_names_end(struct ksi_names *names)
{
    KSI_ASSERT(names->count == 0);
    free(names->buckets);
    pthread_mutex_destroy(&names->lock);
}

void ksi_names_lock(struct ksi_scheduler *s)
{
    if (s->parallel) pthread_mutex_lock(&s->runtime->names.lock);
}

void ksi_names_unlock(struct ksi_scheduler *s)
{
    if (s->parallel) pthread_mutex_unlock(&s->runtime->names.lock);
}

struct ksi_name *ksi_name_find(struct ksi_scheduler *s, ks_pid pid)
{
    struct ksi_names *names = &s->runtime->names;
    if (!names->size) return NULL;
    struct ksi_name *name = *bucket_of(names, pid.id);
    while (name && (name->hash[0] != pid.id || name->hash[1] != pid.kind)) name = name->next;
    return name;
}

bool ksi_name_insert(struct ksi_scheduler *s, struct ksi_name *name)
{
    struct ksi_names *names = &s->runtime->names;
    if (!grow(names)) return false;
    struct ksi_name **bucket = bucket_of(names, name->hash[0]);
    name->next = *bucket;
    *bucket = name;
    names->count++;
    return true;
}

void ksi_name_remove(struct ksi_scheduler *s, struct ksi_name *name)
{
    struct ksi_name **link = bucket_of(&s->runtime->names, name->hash[0]);
    while (*link != name) link = &(*link)->next;
    *link = name->next;
    s->runtime->names.count--;
}

uint64_t ksi_name_holder(struct ksi_scheduler *s, ks_pid pid)
{
    ksi_names_lock(s);
    struct ksi_name *name = ksi_name_find(s, pid);
    uint64_t holder = name ? name->holder : 0;
    ksi_names_unlock(s);
    return holder;
}

/* A process that dies may have no name any more. */
static struct ksi_name forbidden;

static ks_status add(
    struct ksi_scheduler *s, ks_pid pid, const char *text, size_t length, uint64_t holder)
{
    struct ksi_process *p = ksi_slot_of(s, holder);
    /* relaxed: changed under the lock only */
    const struct ksi_name *old = ksi_load_relaxed(&p->name);
    if (old == &forbidden || ksi_process_id(p) != holder) return KS_NOPROC;
    if (old || ksi_name_find(s, pid)) return KS_ALREADY_STARTED;
    uint8_t size_class;
    struct ksi_name *name = ksi_pool_get(&s->pool, sizeof *name + length + 1, &size_class);
    if (!name) return KS_NOMEM;
    *name = (struct ksi_name){
        .hash = { pid.id, pid.kind }, .holder = holder, .size_class = size_class, .has_text = true
    };
    memcpy(name + 1, text, length + 1);
    if (!ksi_name_insert(s, name)) {
        ksi_pool_give(&s->pool, name, size_class);
        return KS_NOMEM;
    }
    ksi_store_relaxed(&p->name, name);
    return KS_OK;
}

ks_status ksi_name_register(struct ksi_scheduler *s, const char *text, uint64_t holder)
{
    size_t length = text ? strlen(text) : 0;
    if (!length || length > NAME_MAX_BYTES) return KS_BADARG;
    ksi_names_lock(s);
    ks_status status = add(s, pid_of(text, length), text, length, holder);
    ksi_names_unlock(s);
    return status;
}

static void take_out(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_name *name)
{
    ksi_name_remove(s, name);
    ksi_store_relaxed(&p->name, NULL);
    ksi_pool_give(&s->pool, name, name->size_class);
}

void ksi_name_release(struct ksi_scheduler *s, struct ksi_process *p)
{
    ksi_names_lock(s);
    struct ksi_name *name = ksi_load_relaxed(&p->name); /* we hold the lock */
    if (name && name != &forbidden) take_out(s, p, name);
    ksi_names_unlock(s);
}

void ksi_name_forbid(struct ksi_scheduler *s, struct ksi_process *p)
{
    ksi_names_lock(s);
    struct ksi_name *name = ksi_load_relaxed(&p->name); /* we hold the lock */
    if (name && name != &forbidden) take_out(s, p, name);
    ksi_store_relaxed(&p->name, &forbidden);
    ksi_names_unlock(s);
}

bool ksi_name_text(struct ksi_scheduler *s, const struct ksi_process *p, char *buffer, size_t size)
{
    ksi_names_lock(s);
    const struct ksi_name *name = ksi_load_relaxed(&p->name); /* we hold the lock */
    bool has = name && name != &forbidden;
    if (has) snprintf(buffer, size, "%s", ksi_name_chars(name));
    ksi_names_unlock(s);
    return has;
}

bool ksi_name_known(struct ksi_scheduler *s, ks_pid pid, char *buffer, size_t size)
{
    ksi_names_lock(s);
    const struct ksi_name *name = ksi_name_find(s, pid);
    bool has = name && name->has_text;
    if (has) snprintf(buffer, size, "%s", ksi_name_chars(name));
    ksi_names_unlock(s);
    if (has) return true;
    const struct recent *recent = &recents[pid.id % RECENTS];
    if (recent->pid.id != pid.id || recent->pid.kind != pid.kind) return false;
    snprintf(buffer, size, "%s", recent->text);
    return true;
}

const char *ksi_name_here(const struct ksi_process *p)
{
    static _Thread_local char text[KSI_NAME_BYTES];
    KSI_INSIDE(s);
    return ksi_load_relaxed(&p->name) && ksi_name_text(s, p, text, sizeof text) ? text : NULL;
}

ks_status ks_register(const char *name, ks_pid pid)
{
    KSI_ENTER(s);
    if (!s) return KS_DENIED;
    struct ksi_process *p = ksi_resolve(s, pid);
    if (!p || (ksi_is_home(s, p) && (p->flags & KSI_EXITING))) return KS_NOPROC;
    return ksi_name_register(s, name, pid.kind ? ksi_process_id(p) : pid.id);
}

void ks_unregister(const char *name)
{
    KSI_ENTER(s);
    if (!s) return;
    ksi_names_lock(s);
    struct ksi_name *entry = ksi_name_find(s, ks_named(name));
    if (entry) take_out(s, ksi_slot_of(s, entry->holder), entry);
    ksi_names_unlock(s);
}

ks_pid ks_whereis(const char *name)
{
    KSI_ENTER(s);
    return ksi_pid(s ? ksi_name_holder(s, ks_named(name)) : 0);
}
