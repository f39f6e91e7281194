/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/spawn.h - a plain process with options. */
#ifndef KIOSK_SPAWN_H
#define KIOSK_SPAWN_H
#include "start.h"

/* A zero field means the default. Names and labels are copied. */
typedef struct ks_spawn_options {
    const char *name;     /* registered before the process runs */
    const char *label;    /* as of ks_set_label */
    size_t stack_size;    /* bytes, at most KS_STACK_SIZE_MAX, rounded up: see ks_child */
    size_t memory_max;    /* bytes; more ends the process: see ks_child */
    uint32_t mailbox_max; /* messages; default 1 million */
    ks_overload overload;
    ks_priority priority;
    bool link;           /* to the caller, before the process runs */
    ks_ref *ret_monitor; /* where the ref goes of a monitor that stands before the process runs; set
                            on success only; NULL: none */
    uint32_t scheduler;  /* held on that one; 0: on any: see ks_child */
} ks_spawn_options;

/* A process that runs fn(arg), as of ks_spawn: ks_spawn_with(work, job, &(ks_spawn_options){
 * .stack_size = 1 << 20, .link = true }, &pid). options NULL: none; ret_pid may be NULL. On failure
 * nothing is left behind, and fn never ran. KS_OK; KS_ALREADY_STARTED (*ret_pid is the holder of
 * the name), KS_BADARG (an impossible name, stack_size, priority or scheduler), KS_NOMEM,
 * KS_DENIED (outside of a process, or in a release hook). Called from inside a process. */
static inline ks_status ks_spawn_with(
    void (*fn)(void *arg), void *arg, const ks_spawn_options *options, ks_pid *ret_pid) KS_MUST_USE;

KS_API ks_status ks_spawn_with_(void (*fn)(void *arg), void *arg, const ks_spawn_options *options,
    size_t size, ks_pid *ret_pid);
static inline ks_status ks_spawn_with(
    void (*fn)(void *arg), void *arg, const ks_spawn_options *options, ks_pid *ret_pid)
{
    return ks_spawn_with_(fn, arg, options, sizeof *options, ret_pid);
}
#endif
