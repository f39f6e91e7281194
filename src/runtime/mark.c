/* SPDX-License-Identifier: Apache-2.0 */
/* mark.c - see mark.h. The marks of a process stand in one block, in a ring; a record of its own
 * leads to it, so that it goes with the process. */
#include "runtime/mark.h"
#include "runtime/scheduler.h"

struct ksi_marks {
    uint32_t oldest; /* the place of the next mark */
    uint8_t size_class;
    struct {
        uint64_t ref; /* 0: none */
        struct ksi_message **link;
    } mark[KSI_MARKS];
};

/* NULL: there is none. */
static struct ksi_marks *marks_of(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (!(p->flags & KSI_MARKED)) return NULL;
    return ksi_record_at(s, p->cold->marks)->marks.block;
}

/* NULL: out of memory. */
static struct ksi_marks *marks_new(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_cold *cold = ksi_cold(s, p);
    if (!cold) return NULL;
    if (cold->marks) return ksi_record_at(s, cold->marks)->marks.block;
    uint8_t size_class;
    struct ksi_marks *marks = ksi_pool_get(&s->pool, sizeof *marks, &size_class);
    if (!marks) return NULL;
    struct ksi_record *record = ksi_record_new(s, p, KSI_RECORD_MARKS);
    if (!record) {
        ksi_pool_give(&s->pool, marks, size_class);
        return NULL;
    }
    *marks = (struct ksi_marks){ .size_class = size_class };
    record->marks.block = marks;
    cold->marks = ksi_record_index(s, record);
    return marks;
}

void ksi_mark_new_slow(struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref)
{
    struct ksi_marks *marks = p->flags & KSI_DYING ? NULL : marks_new(s, p);
    if (!marks) return;
    marks->mark[marks->oldest].ref = ref;
    marks->mark[marks->oldest].link = p->mailbox_end;
    marks->oldest = (marks->oldest + 1) % KSI_MARKS;
    p->flags |= KSI_MARKED;
}

/* The link of a ref, or NULL; the newest one is the likeliest. */
static struct ksi_message ***link_of(struct ksi_marks *marks, uint64_t ref)
{
    for (uint32_t i = 1; i <= KSI_MARKS; i++) {
        uint32_t at = (marks->oldest + KSI_MARKS - i) % KSI_MARKS;
        if (marks->mark[at].ref == ref) return &marks->mark[at].link;
    }
    return NULL;
}

struct ksi_message **ksi_mark_start(struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref)
{
    struct ksi_marks *marks = marks_of(s, p);
    struct ksi_message ***link = marks ? link_of(marks, ref) : NULL;
    return link ? *link : &p->mailbox;
}

void ksi_mark_move(
    struct ksi_scheduler *s, struct ksi_process *p, uint64_t ref, struct ksi_message **link)
{
    struct ksi_marks *marks = marks_of(s, p);
    struct ksi_message ***at = marks ? link_of(marks, ref) : NULL;
    if (at) *at = link;
}

void ksi_marks_taken(struct ksi_process *p, struct ksi_message **from, struct ksi_message **to)
{
    struct ksi_marks *marks = marks_of(p->scheduler, p);
    for (int i = 0; i < KSI_MARKS; i++)
        if (marks->mark[i].link == from) marks->mark[i].link = to;
    if (p->mailbox) return;
    for (int i = 0; i < KSI_MARKS; i++) marks->mark[i].ref = 0;
    p->flags &= ~(uint32_t)KSI_MARKED;
}

void ksi_marks_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record)
{
    struct ksi_marks *marks = record->marks.block;
    p->flags &= ~(uint32_t)KSI_MARKED;
    p->cold->marks = 0;
    ksi_record_remove(s, p, record);
    ksi_record_free(s, record);
    ksi_pool_give(&s->pool, marks, marks->size_class);
}
