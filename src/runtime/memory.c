/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - ks_alloc and its kin: memory of the calling process.
 *
 * Out of memory, or above the limit, the process ends: a handler need not check. Called from inside
 * a process. */
#include "runtime/memory.h"
#include "base/base.h"
#include "runtime/mailbox.h"
#include "runtime/scheduler.h"
#include "type/type.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Noreturn void out_of_memory(void) { ks_exit(ksi_because(KS_NOMEM)); }

static void add(struct ksi_process *p, struct ksi_allocation *a)
{
    a->next = p->memory;
    a->link = &p->memory;
    a->owner = p->index;
    if (a->next) a->next->link = &a->next;
    p->memory = a;
    ksi_add_owned(&p->memory_used, a->size);
}

/* type: of a value whose sockets, shared bytes and secrets are to be released with it; or NULL. */
static struct ksi_allocation *new_allocation(
    struct ksi_scheduler *s, struct ksi_process *p, size_t size, const ks_type *type)
{
    if (!ksi_memory_allows(p, size)) return NULL;
    uint8_t size_class;
    size_t before = type ? sizeof(struct ksi_typed) : 0;
    char *block =
        ksi_pool_get(&s->pool, before + sizeof(struct ksi_allocation) + size, &size_class);
    if (!block) return NULL;
    if (type) ((struct ksi_typed *)(void *)block)->type = type;
    struct ksi_allocation *a = (struct ksi_allocation *)(void *)(block + before);
    *a = (struct ksi_allocation){ .size = size, .size_class = size_class, .typed = type != NULL };
    add(p, a);
    return a;
}

bool ksi_memory_adopt(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_allocation *block, size_t size)
{
    if (!ksi_memory_allows(p, size)) return false;
    *block = (struct ksi_allocation){ .size = size, .size_class = KSI_POOL_LARGE };
    s->pool.taken++; /* it goes back by way of the pool */
    add(p, block);
    return true;
}

/* Out of every list already. */
static void give_back(struct ksi_scheduler *s, struct ksi_allocation *a)
{
    void *block = a;
    if (a->typed) {
        struct ksi_typed *typed = (struct ksi_typed *)(void *)a - 1;
        ksi_type_release(typed->type, a + 1);
        block = typed;
    }
    a->owner = 0; /* a second ks_free is seen, as long as nobody has the block again */
    ksi_pool_give(&s->pool, block, a->size_class);
}

static void free_allocation(
    struct ksi_scheduler *s, struct ksi_process *p, struct ksi_allocation *a)
{
    *a->link = a->next;
    if (a->next) a->next->link = a->link;
    ksi_add_owned(&p->memory_used, -(uint64_t)a->size);
    give_back(s, a);
}

void ksi_allocations_free(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_allocation *a = p->memory;
    p->memory = NULL;
    while (a) {
        struct ksi_allocation *next = a->next;
        give_back(s, a);
        a = next;
    }
}

static struct ksi_process *self_of(struct ksi_scheduler *s)
{
    KSI_ASSERT(s && s->current); /* memory of a process, outside of any */
    return s->current;
}

void *ks_alloc(size_t size)
{
    KSI_INSIDE(s);
    struct ksi_allocation *a = new_allocation(s, self_of(s), size, NULL);
    if (!a) out_of_memory();
    return memset(a + 1, 0, size);
}

/* Ends the process when it is not its own. */
static struct ksi_allocation *allocation_of(const struct ksi_process *self, void *memory)
{
    struct ksi_allocation *a = (struct ksi_allocation *)memory - 1;
    if (a->owner != self->index)
        ks_exit(ks_error("ks_free of memory that is not this process's, or was freed"));
    return a;
}

void ks_free(void *memory)
{
    if (!memory) return;
    KSI_INSIDE(s);
    struct ksi_process *self = self_of(s);
    free_allocation(s, self, allocation_of(self, memory));
}

/* The limit is for what it comes to: the old block does not count while both are there. */
void *ks_realloc(void *memory, size_t size)
{
    if (!memory) return ks_alloc(size);
    KSI_INSIDE(s);
    struct ksi_process *self = self_of(s);
    struct ksi_allocation *old = allocation_of(self, memory);
    if (old->typed) ks_exit(ks_error("ks_realloc of what ks_copy made"));
    ksi_add_owned(&self->memory_used, -(uint64_t)old->size);
    struct ksi_allocation *a = new_allocation(s, self, size, NULL);
    ksi_add_owned(&self->memory_used, old->size);
    if (!a) out_of_memory();
    size_t kept = old->size < size ? old->size : size;
    memcpy(a + 1, old + 1, kept);
    memset((char *)(a + 1) + kept, 0, size - kept);
    free_allocation(s, self, old);
    return a + 1;
}

char *ks_strdup(ks_text text)
{
    char *copy = ks_alloc(text.len + 1);
    if (text.len) memcpy(copy, text.ptr, text.len);
    return copy;
}

static const char *format(const char *text, va_list args)
{
    KSI_INSIDE(s);
    struct ksi_process *self = self_of(s);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, text, again);
    va_end(again);
    char *memory = length < 0 ? NULL : ksi_turn_alloc(s, self, (size_t)length + 1);
    if (memory) vsnprintf(memory, (size_t)length + 1, text, args);
    return memory;
}

const char *ks_format(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    const char *memory = format(text, args);
    va_end(args);
    if (!memory) out_of_memory();
    return memory;
}

/* Outside of a process there is no turn: the kind alone has to do. */
static ks_reason reason_of(ks_reason_kind kind, const char *text, va_list args)
{
    KSI_INSIDE(s);
    ks_reason reason = { .kind = kind };
    if (s && s->current) reason.text = format(text, args);
    return reason;
}

ks_reason ks_error(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    ks_reason reason = reason_of(KS_REASON_ERROR, text, args);
    va_end(args);
    return reason;
}

ks_reason ks_shutdown(const char *text, ...)
{
    va_list args;
    va_start(args, text);
    ks_reason reason = reason_of(KS_REASON_SHUTDOWN, text, args);
    va_end(args);
    return reason;
}

/* One block for the struct and its tail, so that one ks_free is enough. */
void *ks_copy_(const ks_type *type, const void *value)
{
    KSI_INSIDE(s);
    size_t size = (type->size + 7u) & ~(size_t)7;
    struct ksi_allocation *a =
        new_allocation(s, self_of(s), size + ksi_type_tail(type, value), type->owns ? type : NULL);
    if (!a) out_of_memory();
    char *copy = (char *)(a + 1);
    ksi_type_copy(type, copy, value, copy + size);
    return copy;
}
