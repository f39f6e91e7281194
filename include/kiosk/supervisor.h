/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/supervisor.h - supervision trees as data.
 *
 *     KS_SUPERVISOR(app, .strategy = KS_ONE_FOR_ONE, .children = KS_CHILDREN(
 *         { KS_START(config, .path = "/etc/app.conf"), .name = "config" },
 *         { KS_START(connections), .name = "connections" }));
 *
 * More than max_restarts within max_seconds end it, its children first, with a shutdown whose code
 * is KS_EXITED: clean for the supervisor above, a failure for ks_main.
 * A restart may wait: .backoff in a row, or in the supervisor for all. The supervisor goes on
 * answering, the child is KS_CHILD_RESTARTING, can be terminated, and counts as one restart; its
 * group is stopped at once, and started with it.
 * A supervisor is a module: it may be a child of another one, or the root given to ks_main. */
#ifndef KIOSK_SUPERVISOR_H
#define KIOSK_SUPERVISOR_H
#include "start.h"

/* The restart of a group counts as one. It forgets temporary siblings, and starts stopped ones. A
 * sibling that does not start is then the one to be restarted: with KS_REST_FOR_ONE from there on,
 * with KS_ONE_FOR_ALL the group, whose started part is stopped before. */
typedef enum ks_strategy {
    KS_ONE_FOR_ONE,  /* a child that ends is restarted alone */
    KS_ONE_FOR_ALL,  /* with all others: stopped in reverse start order, started in order */
    KS_REST_FOR_ONE, /* with those behind it in start order, in the same way */
    KS_DYNAMIC       /* one for one, but children come by ks_start_child and ks_start_or_get only,
                        need no id (one that is given must be its own), and are forgotten when they
                        end for good; they are shut down all at once */
} ks_strategy;
/* When a supervisor ends, clean, because of .significant children. An end counts when it is by
 * itself and for good: not one that is followed by a restart, nor that of a sibling which the
 * supervisor stops, nor ks_terminate_child. KS_BADARG: a significant child that is permanent, or
 * whose supervisor has KS_NEVER; a dynamic supervisor that has not. */
typedef enum ks_auto_shutdown {
    KS_NEVER,
    KS_ANY_SIGNIFICANT, /* one has ended */
    KS_ALL_SIGNIFICANT  /* one has ended, and no other runs or is being restarted */
} ks_auto_shutdown;
typedef struct ks_child_list {
    const ks_child *items;
    size_t count;
    size_t item_size; /* so that a newer library can read rows of older programs */
} ks_child_list;

typedef struct ks_extra_arguments ks_extra_arguments;
struct ks_supervisor_spec {
    ks_strategy strategy;
    int max_restarts;      /* default 3; KS_NONE: the first failure ends the supervisor */
    int max_seconds;       /* default 5: more than max_restarts within it end the supervisor */
    uint32_t max_children; /* more: KS_FULL; 0: no limit */
    ks_restart restart;    /* for children whose row says nothing; default permanent */
    ks_child_list children;
    ks_auto_shutdown auto_shutdown;
    ks_backoff backoff; /* of children whose row says nothing; default: none */
    const ks_extra_arguments *extra_arguments; /* dynamic only; default: none */
};

#define KS_CHILDREN(...)                                                                           \
    {                                                                                              \
        (const ks_child[]){ __VA_ARGS__ },                                                         \
            sizeof((const ks_child[]){ __VA_ARGS__ }) / sizeof(ks_child), sizeof(ks_child)         \
    }

/* Fixed children, no arguments. Declares and defines P_module. */
#define KS_SUPERVISOR(P, ...)                                                                      \
    KS_MODULE(P, void);                                                                            \
    static const ks_supervisor_spec P##_spec_ = { __VA_ARGS__ };                                   \
    const ks_module P##_module = { .version = KS_MODULE_VERSION,                                   \
        .name = #P,                                                                                \
        .behaviour = &ks_supervisor_behaviour,                                                     \
        .state_size = KS_SUPERVISOR_STATE_SIZE,                                                    \
        .args = P##_args_type_,                                                                    \
        .supervisor = &P##_spec_ }

/* Children that depend on the arguments: `static ks_status group_init(const group_args *args)` adds
 * them with ks_add_child, in start order. KS_MODULE(group, group_args) must stand before. */
#define KS_SUPERVISOR_INIT(P, ...)                                                                 \
    static ks_status P##_init(const P##_args *args);                                               \
    static ks_next P##_init_(void *self, const void *args)                                         \
    {                                                                                              \
        (void)self;                                                                                \
        ks_status status = P##_init(args);                                                         \
        return status ? ks_fail(status) : ks_ok();                                                 \
    }                                                                                              \
    static const ks_supervisor_spec P##_spec_ = { __VA_ARGS__ };                                   \
    const ks_module P##_module = { .version = KS_MODULE_VERSION,                                   \
        .name = #P,                                                                                \
        .behaviour = &ks_supervisor_behaviour,                                                     \
        .state_size = KS_SUPERVISOR_STATE_SIZE,                                                    \
        .args = P##_args_type_,                                                                    \
        .init = P##_init_,                                                                         \
        .supervisor = &P##_spec_ }
enum { KS_SUPERVISOR_STATE_SIZE = 192 };

/* Arguments that a dynamic supervisor adds to those of its children of module C, whoever starts
 * them: what all of them share, so that who asks for one need not know it.
 *
 *     KS_EXTRA_ARGUMENTS(rooms, room);
 *     static void rooms_add_arguments(const rooms_args *own, room_args *args)
 *     {
 *         args->archive = own->archive;
 *     }
 *     KS_SUPERVISOR_INIT(rooms, .strategy = KS_DYNAMIC, .extra_arguments = &rooms_extra_arguments);
 *
 * It runs in the supervisor before each start, so also before a restart, on a copy of what the row
 * says: what it stores there is copied to the child, and not into the row. own: the arguments of
 * the supervisor. KS_MODULE of both must stand before. */
#define KS_EXTRA_ARGUMENTS(P, C)                                                                   \
    static void P##_add_arguments(const P##_args *own, C##_args *args);                            \
    static void P##_add_arguments_(const void *own, void *args)                                    \
    {                                                                                              \
        P##_add_arguments((const P##_args *)own, (C##_args *)args);                                \
    }                                                                                              \
    static const ks_extra_arguments P##_extra_arguments = { &C##_module, P##_add_arguments_ }
struct ks_extra_arguments {
    const ks_module *module;
    void (*add)(const void *own, void *args);
};

/* Inside P_init only: copied; started after P_init has returned. KS_ALREADY_PRESENT (same id),
 * KS_FULL, KS_BADARG (a wrong row, or the supervisor is dynamic), KS_DENIED (not inside P_init). */
static inline ks_status ks_add_child(const ks_child *child) KS_MUST_USE;

/* What may depend on the arguments, too. 0: what KS_SUPERVISOR_INIT says. */
typedef struct ks_supervisor_limits {
    int max_restarts; /* KS_NONE: the first failure ends the supervisor */
    int max_seconds;
    uint32_t max_children;
} ks_supervisor_limits;
/* Inside P_init only, for this supervisor. KS_BADARG, KS_DENIED (not inside P_init). */
static inline ks_status ks_supervisor_limit(const ks_supervisor_limits *limits) KS_MUST_USE;

/* Would a supervisor start with this? KS_OK, KS_BADARG, KS_ALREADY_PRESENT (two rows have one id),
 * KS_FULL. ret_index, which may be NULL: the row that is wrong, or how many rows there are when it
 * is none of them. Starts nothing. Any thread. */
KS_API ks_status ks_check_children(const ks_supervisor_spec *spec, size_t *ret_index);

/* --- a running supervisor --------------------------------------------------------------------- */
/* These block until it has answered, so also while it waits for the init of another child. All give
 * the statuses of a call, too: KS_NOPROC, KS_UNDEF (that is no supervisor), KS_CALLING_SELF...
 * One that was told to end while the program drains answers until its children have finished their
 * work; whatever would start a child or change a row is KS_DRAINING then. */
/* Copies the row, starts the child, keeps it when the start succeeded, or gave KS_IGNORE (not of a
 * temporary or dynamic child). KS_ALREADY_STARTED (*ret_pid: who has the id or the name),
 * KS_ALREADY_PRESENT (the id exists, but does not run), KS_FULL, KS_BADARG, or what the start
 * gave. When the supervisor refuses, or the start fails, sockets in the arguments are the caller's
 * again, unless the child has closed them or given them away. */
static inline ks_status ks_start_child(
    ks_pid supervisor, const ks_child *child, ks_pid *ret_pid) KS_MUST_USE;
/* The child of the row's id, started unless it runs: of many who ask at once, one starts it, and
 * all get the same pid. One that is stopped starts by the row that it was kept with. KS_OK: it
 * runs; KS_ALREADY_PRESENT: it is being restarted; else as ks_start_child. In a dynamic supervisor
 * the row must give an id: KS_BADARG. */
static inline ks_status ks_start_or_get(
    ks_pid supervisor, const ks_child *child, ks_pid *ret_pid) KS_MUST_USE;
/* Stopped, not restarted; the row is kept (not of a temporary or dynamic child). KS_NOT_FOUND. */
KS_API ks_status ks_terminate_child(ks_pid supervisor, const char *id);
/* A child that is being restarted is found by the pid that it had. Not by a named pid. */
KS_API ks_status ks_terminate_child_pid(ks_pid supervisor, ks_pid child);
/* A stopped child again. KS_ALREADY_STARTED (runs, or is being restarted), KS_NOT_FOUND (so for all
 * dynamic children that gave no id), or what the start gave. */
KS_API ks_status ks_restart_child(ks_pid supervisor, const char *id, ks_pid *ret_pid);
/* Forgets a stopped child. KS_ALREADY_STARTED (runs, or is being restarted), KS_NOT_FOUND. */
KS_API ks_status ks_delete_child(ks_pid supervisor, const char *id);

/* The row that a child will be started by next, every default filled in; what it points at is
 * borrowed until the caller's handler returns. Arguments of a temporary child are not kept: NULL.
 * KS_NOT_FOUND. */
static inline ks_status ks_get_child(
    ks_pid supervisor, const char *id, ks_child *ret_child) KS_MUST_USE;
/* The same of a child that runs or is being restarted, by its pid. */
static inline ks_status ks_get_child_pid(
    ks_pid supervisor, ks_pid child, ks_child *ret_child) KS_MUST_USE;
/* Replaces the row of the child of its id, whether it runs or not: from its next start on; how it
 * is stopped and whether it is restarted, at once. KS_NOT_FOUND, KS_BADARG (a wrong row, one
 * without its arguments, or temporary for a child that does not run; nothing has changed). */
static inline ks_status ks_change_child(ks_pid supervisor, const ks_child *child) KS_MUST_USE;
/* Other limits for a running supervisor; 0: what its module says. Children above max_children stay.
 * KS_BADARG. */
static inline ks_status ks_change_limits(
    ks_pid supervisor, const ks_supervisor_limits *limits) KS_MUST_USE;
/* Another .auto_shutdown for a running supervisor, from the next end of a child on. With KS_NEVER
 * the children that are significant stay as they are, but no end counts, and no row may say so any
 * more. KS_BADARG: there is none such, or it is dynamic. */
KS_API ks_status ks_change_auto_shutdown(
    ks_pid supervisor, ks_auto_shutdown auto_shutdown) KS_MUST_USE;

typedef enum ks_child_state {
    KS_CHILD_RUNNING,
    KS_CHILD_RESTARTING, /* its start has failed since it ended, or waits for its back-off */
    KS_CHILD_STOPPED
} ks_child_state;
typedef struct ks_child_info {
    ks_text id;    /* borrowed until the caller's handler returns */
    ks_text name;  /* the module's */
    ks_pid pid;    /* none unless running */
    int32_t state; /* ks_child_state */
    bool is_supervisor;
    int64_t restarts; /* by the supervisor */
} ks_child_info;
/* In start order. At most max are written; *ret_count is how many there are. */
KS_API ks_status ks_which_children(
    ks_pid supervisor, ks_child_info *ret_children, size_t max, size_t *ret_count);
typedef struct ks_child_counts {
    int64_t specs, active, supervisors, workers; /* the last two: whether they run or not */
} ks_child_counts;
KS_DECLARE_TYPE(ks_child_info);
KS_DECLARE_TYPE(ks_child_counts);
KS_API ks_status ks_count_children(ks_pid supervisor, ks_child_counts *ret_counts);
/* The tree below a supervisor as text, a line a process, at most 20 children of each supervisor;
 * cut to size; its full length. Asks every supervisor in it. */
KS_API size_t ks_format_tree(ks_pid supervisor, char *buffer, size_t size);

KS_API ks_status ks_add_child_(const ks_child *child, size_t size);
static inline ks_status ks_add_child(const ks_child *child)
{
    return ks_add_child_(child, sizeof *child);
}
KS_API ks_status ks_start_child_(
    ks_pid supervisor, const ks_child *child, size_t size, ks_pid *ret_pid);
static inline ks_status ks_start_child(ks_pid supervisor, const ks_child *child, ks_pid *ret_pid)
{
    return ks_start_child_(supervisor, child, sizeof *child, ret_pid);
}
KS_API ks_status ks_start_or_get_(
    ks_pid supervisor, const ks_child *child, size_t size, ks_pid *ret_pid);
static inline ks_status ks_start_or_get(ks_pid supervisor, const ks_child *child, ks_pid *ret_pid)
{
    return ks_start_or_get_(supervisor, child, sizeof *child, ret_pid);
}
/* id NULL: the child of pid. */
KS_API ks_status ks_get_child_(
    ks_pid supervisor, const char *id, ks_pid pid, ks_child *ret_child, size_t size);
static inline ks_status ks_get_child(ks_pid supervisor, const char *id, ks_child *ret_child)
{
    ks_pid none = { 0, 0, 0 };
    return id ? ks_get_child_(supervisor, id, none, ret_child, sizeof *ret_child) : KS_BADARG;
}
static inline ks_status ks_get_child_pid(ks_pid supervisor, ks_pid child, ks_child *ret_child)
{
    return ks_get_child_(supervisor, NULL, child, ret_child, sizeof *ret_child);
}
KS_API ks_status ks_change_child_(ks_pid supervisor, const ks_child *child, size_t size);
static inline ks_status ks_change_child(ks_pid supervisor, const ks_child *child)
{
    return ks_change_child_(supervisor, child, sizeof *child);
}
KS_API ks_status ks_supervisor_limit_(const ks_supervisor_limits *limits, size_t size);
static inline ks_status ks_supervisor_limit(const ks_supervisor_limits *limits)
{
    return ks_supervisor_limit_(limits, sizeof *limits);
}
KS_API ks_status ks_change_limits_(
    ks_pid supervisor, const ks_supervisor_limits *limits, size_t size);
static inline ks_status ks_change_limits(ks_pid supervisor, const ks_supervisor_limits *limits)
{
    return ks_change_limits_(supervisor, limits, sizeof *limits);
}
#endif
