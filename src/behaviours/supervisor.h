/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.h - what the files of the supervisor share: its state, its children, its restarts.
 *
 * Invariants: every child is in the list, in start order; in by_pid unless it is stopped, under the
 * latest pid it had; in by_id, and bound to its id, unless it is dynamic and gave none. Nothing is
 * kept of a temporary or dynamic child that is stopped, nor the arguments of a temporary one that
 * runs. Called by the supervisor process only. */
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
    struct ksi_child *retry_next, *retry_previous;
    ks_child row; /* complete: no field is left to a default */
    ks_pid pid;   /* the latest; meaningless while it is stopped */
    ks_child_state state;
    ks_status status; /* of the latest restart that failed */
    int64_t restarts;
    bool has_id;      /* found by its id */
    bool retries;     /* in the list of those to be tried again */
    uint32_t attempt; /* of its back-off: failures since it last ran well */
    uint32_t delay;   /* the serial of the wait before its restart; 0: it does not wait */
    ks_ref timer;     /* of that wait */
    ks_ms started;    /* when; only with a back-off */
};

/* What a supervisor that was told to end waits for, while the program drains. */
enum ksi_leaving {
    KSI_STAYS,   /* it was not told to end */
    KSI_WORKING, /* the work of a child; of a dynamic supervisor that of all */
    KSI_ASKED,   /* the end of a child that was told to shut down */
    KSI_KILLED   /* ... that was killed */
};

struct ksi_supervisor {
    const ks_module *module;
    const void *args;               /* its own, borrowed as long as the process lives */
    struct ksi_child *first, *last; /* in start order */
    struct ksi_index by_pid, by_id;
    struct ksi_child *retry, *retry_last; /* whose restart failed: to be tried again */
    ks_child_counts counts;
    ks_ms *moments; /* a ring: of the latest restarts, oldest first */
    uint32_t moment_first, moment_count, moment_size;
    uint32_t max_restarts; /* moment_count <= max_restarts */
    ks_ms window;
    uint32_t max_children; /* 0: no limit */
    uint32_t delays;       /* the serial of the latest wait */
    uint8_t auto_shutdown; /* enum ks_auto_shutdown */
    uint8_t leaving;       /* enum ksi_leaving */
    bool in_init;          /* the module's init runs: it may add children */
    bool asked;            /* a call is being handled: the caller knows what was started */
    bool killed;           /* a limit made it kill a child, or a supervisor below it */
    /* --- while it leaves --- */
    uint32_t patience; /* the serial of the wait */
    uint32_t at_work;  /* running children that may finish their work */
    ks_reason why;     /* with which it will end */
    struct ksi_child
        *awaited; /* of a supervisor that is not dynamic; those behind it are stopped */
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

/* --- supervisor.c ----------------------------------------------------------------------------- */
/* KS_OK, KS_BADARG: then nothing has changed. A field that is 0 is taken from the module. */
ks_status ksi_supervisor_set_limits(
    struct ksi_supervisor *self, const ks_supervisor_limits *limits);
static inline bool ksi_auto_shutdown_is_right(ks_strategy strategy, int auto_shutdown)
{
    if (auto_shutdown < KS_NEVER || auto_shutdown > KS_ALL_SIGNIFICANT) return false;
    return auto_shutdown == KS_NEVER || strategy != KS_DYNAMIC;
}

/* --- supervisor_check.c: what may be a row, or a supervisor ----------------------------------- */
/* Of a spec, without its children. */
bool ksi_supervisor_spec_is_right(const ks_supervisor_spec *spec);
bool ksi_child_row_is_right(
    const ks_supervisor_spec *spec, ks_auto_shutdown auto_shutdown, const ks_child *row);
/* What a row says, or its supervisor, or the library. */
const char *ksi_child_row_id(const ks_child *row);
ks_restart ksi_child_row_restart(const ks_supervisor_spec *spec, const ks_child *row);
ks_ms ksi_child_row_shutdown(const ks_child *row);
ks_backoff ksi_child_row_backoff(const ks_supervisor_spec *spec, const ks_child *row);
/* Rows of older programs are shorter. */
ks_child ksi_child_row_read(const void *row, size_t size);

/* --- supervisor_child.c: rows and their states ------------------------------------------------ */
/* May a child of this row be added? KS_OK; KS_BADARG, KS_FULL; KS_ALREADY_STARTED,
 * KS_ALREADY_PRESENT: of that id is *ret_child. */
ks_status ksi_child_check(
    const struct ksi_supervisor *self, const ks_child *row, struct ksi_child **ret_child);
/* A copy of a row, stopped, without arguments, and not in the list yet. */
struct ksi_child *ksi_child_new(const struct ksi_supervisor *self, const ks_child *row);
void ksi_child_copy_args(struct ksi_child *child, const void *args);
/* Takes the place of its row, which is right and has its id; the arguments are copied. */
void ksi_child_change(struct ksi_supervisor *self, struct ksi_child *child, const ks_child *row);
void ksi_child_insert(struct ksi_supervisor *self, struct ksi_child *child);
/* Gives back what is in no list. */
void ksi_child_free(struct ksi_child *child);
void ksi_child_drop_args(struct ksi_child *child);
/* Starts it. KS_OK: it runs; else what the start gave, and the state is what it was. args are the
 * row's own, or such as came in a request. *ret_pid is set also for KS_ALREADY_STARTED. */
ks_status ksi_child_start(
    struct ksi_supervisor *self, struct ksi_child *child, const void *args, ks_pid *ret_pid);
/* Among those to be tried again after what is queued; and the first of them, taken out. */
void ksi_child_retry(struct ksi_supervisor *self, struct ksi_child *child);
struct ksi_child *ksi_child_take_retry(struct ksi_supervisor *self);
/* It waits for its restart no more, whatever it waited for. */
void ksi_child_wait_no_more(struct ksi_supervisor *self, struct ksi_child *child);
/* Its process has ended, maybe a while ago, and another one shall take its place. */
void ksi_child_restarting(struct ksi_supervisor *self, struct ksi_child *child);
/* Its process has ended for good. It stays in the list. */
void ksi_child_stopped(struct ksi_supervisor *self, struct ksi_child *child);
/* A stopped child leaves the list, and is freed. */
void ksi_child_remove(struct ksi_supervisor *self, struct ksi_child *child);
/* NULL: none. Running, or being restarted. */
struct ksi_child *ksi_child_of_pid(const struct ksi_supervisor *self, ks_pid pid);
struct ksi_child *ksi_child_of_id(const struct ksi_supervisor *self, const char *id);
/* That waits with this serial; pid: the latest that it had. */
struct ksi_child *ksi_child_of_delay(const struct ksi_supervisor *self, ks_pid pid, uint32_t delay);
/* "supervisor 'app': child 'table' <0.5.1> ...", and a second line with what OTP's reports say: the
 * context ("child_terminated"), and the child by its row. An error; context NULL: progress, which
 * is KS_LOG_INFO, or KS_LOG_DEBUG when somebody asked for the start. */
void ksi_child_report(const char *context, const struct ksi_supervisor *self,
    const struct ksi_child *child, const char *format, ...) KS_PRINTF(4, 5);

/* --- supervisor_stop.c ------------------------------------------------------------------------ */
/* Asks, or kills at once, and gives the monitor. A supervisor that cannot make one ends itself: it
 * could not know when the child is gone, and its own end ends the child. */
ks_ref ksi_child_tell(const struct ksi_child *child);
/* Its process is gone, as it was told, or has ended by itself meanwhile: reports what is worth it.
 */
void ksi_child_gone(struct ksi_supervisor *self, struct ksi_child *child, ks_reason reason);
/* What a DOWN says; when the monitor came too late, what the exit says that stands in the queue. */
ks_reason ksi_child_reason(ks_pid pid, ks_reason down);
/* Ends its process, or its restarting; returns when it is gone. */
void ksi_child_stop(struct ksi_supervisor *self, struct ksi_child *child);
/* All, in reverse start order; those of a dynamic supervisor at once. */
void ksi_supervisor_stop_children(struct ksi_supervisor *self);

/* --- supervisor_drain.c ----------------------------------------------------------------------- */
/* The supervisor is to end: at once, or, when the program drains, as soon as its children have
 * finished their work. */
ks_next ksi_supervisor_leave(struct ksi_supervisor *self, ks_reason why);
/* While it leaves: the next step, if there is one to be done now. */
ks_next ksi_supervisor_leave_on(struct ksi_supervisor *self);
/* ... a process has ended, which may be a child: by an exit, or by a DOWN. */
ks_next ksi_supervisor_lost(struct ksi_supervisor *self, ks_pid pid, ks_reason reason);
/* ... the wait with this serial is over. */
ks_next ksi_supervisor_impatient(struct ksi_supervisor *self, uint32_t patience);

/* --- supervisor_restart.c --------------------------------------------------------------------- */
/* The process of a child has ended by itself: restarts it, keeps it stopped, or forgets it. */
ks_next ksi_child_ended(struct ksi_supervisor *self, struct ksi_child *child, ks_reason reason);
/* Tries the restart that failed first once more. */
ks_next ksi_supervisor_retry(struct ksi_supervisor *self);
/* Its back-off is over. */
ks_next ksi_child_due(struct ksi_supervisor *self, struct ksi_child *child);

/* --- supervisor_call.c ------------------------------------------------------------------------ */
typedef struct ksi_children {
    ks_text supervisor; /* the name of its module */
    ks_pid pid;         /* its own */
    uint64_t count;     /* of all: the list may be cut */
    KS_LIST_OF(ks_child_info) infos;
} ksi_children;
/* What a supervisor answers about its children, at most max of them; borrowed as a reply is. */
ks_status ksi_which_children(ks_pid supervisor, size_t max, ksi_children *ret_children);
/* A call or cast. */
ks_next ksi_supervisor_serve(struct ksi_supervisor *self, const ks_msg *msg);
/* Has ksi_supervisor_retry run in a moment. False: out of memory. */
bool ksi_supervisor_retry_later(void);
/* Has ksi_child_due run when delay ms are over. The zero ref: out of memory. */
ks_ref ksi_child_due_later(const struct ksi_child *child, ks_ms delay);
/* Has ksi_supervisor_impatient run when limit ms are over. False: out of memory. */
bool ksi_supervisor_impatient_later(uint32_t patience, ks_ms limit);
#endif
