/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.h - what the files of the supervisor share: its state, its children, its restarts.
 *
 * Invariants: every child is in the list, in start order; in by_pid unless it is stopped, under the
 * latest pid it had; in by_id unless the supervisor is dynamic. Nothing is kept of a temporary or
 * dynamic child that is stopped, nor the arguments of a temporary one that runs. Called by the
 * supervisor process only. */
#ifndef KSI_BEHAVIOURS_SUPERVISOR_H
#define KSI_BEHAVIOURS_SUPERVISOR_H
#include <kiosk/drain.h>
#include <kiosk/log.h>
#include <kiosk/supervisor.h>

/* --- supervisor_index.c: a hash of nodes that stand in what they find ------------------------- */
struct ksi_node {
    struct ksi_node *next;
    uint64_t key; /* several nodes may have the same */
};
struct ksi_index { /* zero: empty */
    struct ksi_node **buckets;
    uint32_t bits; /* there are 2^bits buckets */
    uint32_t count;
};
void ksi_index_add(struct ksi_index *index, struct ksi_node *node);
/* node is in it. */
void ksi_index_remove(struct ksi_index *index, struct ksi_node *node);
/* The nodes of a key, one after the other; NULL: no more. */
struct ksi_node *ksi_index_find(const struct ksi_index *index, uint64_t key);
struct ksi_node *ksi_index_next(const struct ksi_node *node);

/* --- the state -------------------------------------------------------------------------------- */
struct ksi_child {
    struct ksi_node by_pid; /* key: pid.id */
    struct ksi_node by_id;  /* key: a hash of row.id */
    struct ksi_child *next, *previous;
    struct ksi_child *retry_next;
    ks_child row; /* complete: no field is left to a default */
    ks_pid pid;   /* the latest; meaningless while it is stopped */
    ks_child_state state;
    ks_status status; /* of the latest restart that failed */
    int64_t restarts;
};

struct ksi_supervisor {
    const ks_module *module;
    struct ksi_child *first, *last; /* in start order */
    struct ksi_index by_pid, by_id;
    struct ksi_child *retry, *retry_last; /* whose restart failed: to be tried again */
    ks_child_counts counts;
    ks_ms *moments; /* a ring: of the latest restarts, oldest first */
    uint32_t moment_first, moment_count, moment_size;
    uint32_t max_restarts; /* moment_count <= max_restarts */
    ks_ms window;
    bool in_init; /* the module's init runs: it may add children */
    bool killed;  /* a limit made it kill a child, or a supervisor below it */
};
_Static_assert(sizeof(struct ksi_supervisor) <= KS_SUPERVISOR_STATE_SIZE,
    "the size that modules give to their states");

static inline const ks_supervisor_spec *ksi_supervisor_spec(const struct ksi_supervisor *self)
{
    return self->module->supervisor;
}
static inline bool ksi_is_dynamic(const struct ksi_supervisor *self)
{
    return ksi_supervisor_spec(self)->strategy == KS_DYNAMIC;
}
static inline bool ksi_is_supervisor(const struct ksi_child *child)
{
    return child->row.module->behaviour == &ks_supervisor_behaviour;
}
/* Whether a child leaves nothing behind when it is stopped. */
static inline bool ksi_is_forgotten(
    const struct ksi_supervisor *self, const struct ksi_child *child)
{
    return ksi_is_dynamic(self) || child->row.restart == KS_TEMPORARY;
}

/* --- supervisor_child.c: rows and their states ------------------------------------------------ */
/* May a child of this row be added? KS_OK; KS_BADARG, KS_FULL; KS_ALREADY_STARTED,
 * KS_ALREADY_PRESENT: of that id is *ret_child. */
ks_status ksi_child_check(
    const struct ksi_supervisor *self, const ks_child *row, struct ksi_child **ret_child);
/* A copy of a row, stopped, without arguments, and not in the list yet. */
struct ksi_child *ksi_child_new(const struct ksi_supervisor *self, const ks_child *row);
void ksi_child_copy_args(struct ksi_child *child, const void *args);
void ksi_child_insert(struct ksi_supervisor *self, struct ksi_child *child);
/* Gives back what is in no list. */
void ksi_child_free(struct ksi_child *child);
void ksi_child_drop_args(struct ksi_child *child);
/* Starts it. KS_OK: it runs; else what the start gave, and the state is what it was. args are the
 * row's own, or such as came in a request. *ret_pid is set also for KS_ALREADY_STARTED. */
ks_status ksi_child_start(
    struct ksi_supervisor *self, struct ksi_child *child, const void *args, ks_pid *ret_pid);
/* Its process has ended, maybe a while ago, and another one shall take its place. */
void ksi_child_restarting(struct ksi_supervisor *self, struct ksi_child *child);
/* Its process has ended for good. It stays in the list. */
void ksi_child_stopped(struct ksi_supervisor *self, struct ksi_child *child);
/* A stopped child leaves the list, and is freed. */
void ksi_child_remove(struct ksi_supervisor *self, struct ksi_child *child);
/* NULL: none. Running, or being restarted. */
struct ksi_child *ksi_child_of_pid(const struct ksi_supervisor *self, ks_pid pid);
struct ksi_child *ksi_child_of_id(const struct ksi_supervisor *self, const char *id);
/* "supervisor 'app': child 'table' <0.5.1> ..." */
void ksi_child_report(ks_level level, const struct ksi_supervisor *self,
    const struct ksi_child *child, const char *format, ...) KS_PRINTF(4, 5);

/* --- supervisor_stop.c ------------------------------------------------------------------------ */
/* Ends its process, or its restarting; returns when it is gone. */
void ksi_child_stop(struct ksi_supervisor *self, struct ksi_child *child);
/* All, in reverse start order; those of a dynamic supervisor at once. */
void ksi_supervisor_stop_children(struct ksi_supervisor *self);

/* --- supervisor_restart.c --------------------------------------------------------------------- */
/* The process of a child has ended by itself: restarts it, keeps it stopped, or forgets it. */
ks_next ksi_child_ended(struct ksi_supervisor *self, struct ksi_child *child, ks_reason reason);
/* Tries the restart that failed first once more. */
ks_next ksi_supervisor_retry(struct ksi_supervisor *self);

/* --- supervisor_call.c ------------------------------------------------------------------------ */
/* A call or cast. */
ks_next ksi_supervisor_serve(struct ksi_supervisor *self, const ks_msg *msg);
/* Has ksi_supervisor_retry run after what is queued. False: out of memory, or the queue is full. */
bool ksi_supervisor_retry_later(void);
#endif
