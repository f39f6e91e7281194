/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - what a process owns beside memory, as 64-byte records that a ref can name.
 *
 * Links, monitors, timers, aliases, owned resources: each is a record in the list of its owner,
 * newest first, which is the order of release. Records live in one table that is never another
 * type; a handle is generation << 32 | index, so a stale ref finds nothing. Index 0 is no
 * record. Used by the scheduler of the owner; the watch_ fields of a monitor belong to that of the
 * watched process. What identifies a record is atomic: a ref may be looked up by anybody. */
#ifndef KSI_RUNTIME_RECORD_H
#define KSI_RUNTIME_RECORD_H
#include "runtime/process.h"
#include "runtime/slots.h"

enum ksi_record_kind {
    KSI_RECORD_FREE,
    KSI_RECORD_LINK,
    KSI_RECORD_MONITOR,
    KSI_RECORD_TIMER,
    KSI_RECORD_ALIAS,
    KSI_RECORD_REQUEST,  /* asynchronous, not answered yet */
    KSI_RECORD_OWNED,    /* ks_own */
    KSI_RECORD_RESOURCE, /* of a layer above: a socket */
    KSI_RECORD_SUSPENSION,
    KSI_RECORD_MARKS,  /* leads to the marks in the mailbox: mark.h */
    KSI_RECORD_TIMEOUT /* named: timeout.c */
};
enum ksi_record_flag {
    KSI_UNLINKING = 1, /* link: unlinked, the other side has not yet said so */
    KSI_GONE = 2,      /* monitor, request: given up by its owner, the other side has not let go */
    KSI_ACTIVE = 8     /* alias: what is sent to it arrives */
};

struct ksi_record {
    _Atomic(uint32_t) generation;
    _Atomic(uint8_t) kind;
    uint8_t flags;           /* of the owner */
    bool watching;           /* monitor: in the list of the watched process, whose this is */
    uint32_t next, previous; /* in the owner's list, or the free list */
    _Atomic(uint64_t) owner; /* pid id */
    union {
        struct {
            uint64_t peer; /* pid id: the key of the tree */
            uint32_t left, right;
            uint32_t serial; /* of the unlink */
        } link;
        struct {
            ks_pid as_given;
            uint64_t target; /* pid id */
            _Atomic(uint32_t) watch_next, watch_previous;
            uint32_t alias; /* record: of the alias that is tied to it, or 0 */
        } monitor;
        struct {
            uint64_t tag;     /* the user's, for the DOWN */
            uint32_t monitor; /* record: of what it is tied to, or 0 */
            uint8_t mode;     /* enum ks_alias_mode */
            bool once;        /* over with the first message that arrives */
        } alias;
        struct {
            struct ksi_marks *block;
        } marks;
        struct {
            struct ksi_timer timer;
            _Atomic(struct ksi_message *) message; /* from and ref mean what timer.c says */
            uint64_t to;                           /* id of the pid */
        } timing;
        struct {
            uint64_t target; /* pid id */
        } suspension;
        struct {
            struct ksi_timer timer; /* stands where that of timing does */
            /* What tells of it: queued when the timer is not armed. */
            _Atomic(struct ksi_message *) message;
            int32_t name;
            uint32_t next; /* older one */
        } timeout;
        struct {
            struct ksi_message *message;  /* its server has it */
            struct ksi_message *response; /* made with it, so that it cannot fail */
            uint64_t server;              /* pid id; 0: nobody */
            /* Its handle, until somebody decides it. Who comes too late to do so may try it on what
             * the record has become, in vain, since nothing that stands here then is its handle:
             * this is why the same bytes are atomic there. */
            _Atomic(uint64_t) open;
        } request;
        struct {
            void (*release)(void *resource);
            void *resource;
        } own;
    };
};
_Static_assert(sizeof(struct ksi_record) <= 64, "a record is a cache line");

/* What a scheduler sees of the records of its runtime. */
struct ksi_records {
    struct ksi_record *table;
    struct ksi_slots *slots;
    struct ksi_slot_cache free;
    int64_t alive; /* made here, less those that ended here */
};

struct ksi_scheduler;
/* Its pid id. */
static inline uint64_t ksi_record_owner(const struct ksi_record *record)
{
    /* relaxed: the same as long as the record is the same */
    return ksi_load_relaxed(&record->owner);
}
bool ksi_records_init(struct ksi_slots *slots, uint32_t max);
/* In the owner's list; NULL: out of memory. */
struct ksi_record *ksi_record_new(struct ksi_scheduler *s, struct ksi_process *owner, uint8_t kind);
/* Out of the owner's list; owner NULL: it is in none. */
void ksi_record_remove(
    struct ksi_scheduler *s, struct ksi_process *owner, struct ksi_record *record);
void ksi_record_free(struct ksi_scheduler *s, struct ksi_record *record);
struct ksi_record *ksi_record_at(struct ksi_scheduler *s, uint32_t index);
uint32_t ksi_record_index(struct ksi_scheduler *s, const struct ksi_record *record);
uint64_t ksi_record_handle(struct ksi_scheduler *s, const struct ksi_record *record);
/* The record of a handle, when it is alive and of that kind; else NULL. */
struct ksi_record *ksi_record_find(struct ksi_scheduler *s, uint64_t handle, uint8_t kind);
/* The ref that users hold. */
ks_ref ksi_record_ref(struct ksi_scheduler *s, const struct ksi_record *record);

#endif
