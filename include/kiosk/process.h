/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/process.h - processes and signals: spawn, send, receive, link, monitor, exit, names.
 *
 * Unless said otherwise a function is called from inside a process, and never blocks. A function
 * that takes a pid accepts every kind: a process, a name, an alias. */
#ifndef KIOSK_PROCESS_H
#define KIOSK_PROCESS_H
#include "type.h"

/* A plain process: it ends when fn returns (reason normal). arg is not copied: it must outlive the
 * process; to hand values over, and to be supervised, describe it with KS_PROCESS (start.h).
 * None when memory or the limit of processes is used up; using none is harmless: KS_NOPROC. */
KS_API ks_pid ks_spawn(void (*fn)(void *arg), void *arg);
KS_API ks_pid ks_spawn_link(void (*fn)(void *arg), void *arg);
KS_API ks_pid ks_spawn_monitor(void (*fn)(void *arg), void *arg, ks_ref *ret_monitor);

KS_API ks_pid ks_self(void);
KS_API ks_pid ks_parent(void); /* who spawned the caller; none for the first process */
KS_API bool ks_is_alive(ks_pid pid);
/* It sleeps, and has given back what it can do without: see ks_hibernate, ks_hibernate_then. */
KS_API bool ks_is_hibernating(ks_pid pid);
KS_API void ks_sleep(ks_ms duration); /* blocks the process */
/* Lets others run; the caller goes on after everybody who was ready. Blocks the process. */
KS_API void ks_yield(void);
/* Seen in reports; cut to 63 bytes. */
KS_API void ks_set_label(const char *format, ...) KS_PRINTF(1, 2);

/* Who is ready and of high priority runs first, then normal, then low. Nobody starves: of 64 turns
 * in a row one goes to those that are not high, and of 8 of these one to those that are low. */
typedef enum ks_priority { KS_PRIORITY_NORMAL, KS_PRIORITY_LOW, KS_PRIORITY_HIGH } ks_priority;
/* Of the caller; the old one. Another value, or outside of a process: nothing changes. */
KS_API ks_priority ks_set_priority(ks_priority priority);

/* --- messages ------------------------------------------------------------------------------- */
struct ks_op;
typedef struct ks_msg {
    const ks_type *type;
    const void *body;
    const struct ks_op *op; /* NULL; for behaviours: the operation of a call or cast */
} ks_msg;

/* The message as a `const T *`, or NULL when it is something else, or none came:
 * ks_as(tick, ks_receive(100)). */
#define ks_as(T, msg) ((const T *)ks_as_(&T##_type, (msg)))
static inline const void *ks_as_(const ks_type *type, const ks_msg *msg)
{
    return msg && msg->type == type ? msg->body : NULL;
}

/* Copies value to the process: ks_send(to, tick, &(tick){ .n = 1, .of = 3 }). To a dead one:
 * nothing. KS_OVERLOAD when the receiver's mailbox limit refused it, KS_NOMEM; else KS_OK. Blocks
 * only while a mailbox with the policy KS_BLOCK is full; KS_DEADLINE: as long as the request being
 * handled may take. */
#define ks_send(to, T, ...) ks_send_((to), &T##_type, KS_CHECKED(T, __VA_ARGS__))
KS_API ks_status ks_send_(ks_pid to, const ks_type *type, const void *value);

/* Receive, blocks the process for at most timeout ms. NULL: nothing came in time; 0 polls. What
 * came stays valid until the next ks_receive; the selective forms below add to it, so that two
 * things awaited in a row are both readable. In a server's handler, use the selective forms
 * only. */
KS_API const ks_msg *ks_receive(ks_ms timeout);
/* Selective: the first message that fits; the others keep their places. */
#define ks_receive_as(T, timeout) ((const T *)ks_receive_type_(&T##_type, (timeout)))
KS_API const void *ks_receive_type_(const ks_type *type, ks_ms timeout);
/* What belongs to a ref: the DOWN of a monitor, a timer's message, what came through an alias. For
 * the newest few refs of a process, what was queued before the ref was made is not looked at. */
KS_API const ks_msg *ks_receive_ref(ks_ref ref, ks_ms timeout);
/* fits must not block. */
KS_API const ks_msg *ks_receive_if(
    bool (*fits)(const ks_msg *msg, void *arg), void *arg, ks_ms timeout);
/* Gives back everything received, replied and formatted so far. For loops that only call or receive
 * selectively. */
KS_API void ks_end_turn(void);

/* --- the two system messages ---------------------------------------------------------------- */
typedef struct ks_down { /* a monitored process ended, or was not there (KS_NOPROC) */
    ks_ref ref;
    ks_pid pid; /* as it was given to ks_monitor */
    ks_reason reason;
    uint64_t tag; /* of ks_monitor_options, else 0 */
} ks_down;
typedef struct ks_exited { /* a linked process ended, and we trap exits */
    ks_pid pid;
    ks_reason reason;
} ks_exited;
KS_DECLARE_TYPE(ks_down);
KS_DECLARE_TYPE(ks_exited);

/* Two-way, at most one for each pair. To a missing process: an exit signal with KS_NOPROC. */
KS_API void ks_link(ks_pid pid);
KS_API void ks_unlink(ks_pid pid); /* after it returned no exit of pid arrives */
/* Exactly one ks_down follows. The zero ref when pid is the caller itself, or out of memory. */
KS_API ks_ref ks_monitor(ks_pid pid);
/* After it no DOWN arrives. False: there was nothing to end: the DOWN was queued, and is dropped,
 * or was received; or the ref is foreign. */
KS_API bool ks_demonitor(ks_ref monitor);
/* A monitor can be an alias, too: hand ks_monitor_alias(monitor) to whoever shall answer, and wait
 * for ks_receive_ref(monitor, timeout): it gives the answer or the DOWN, whichever comes first.
 * What turns the alias off, besides ks_unalias: */
typedef enum ks_alias_mode {
    KS_ALIAS_NONE,             /* there is no alias */
    KS_ALIAS_EXPLICIT_UNALIAS, /* nothing */
    KS_ALIAS_DEMONITOR,        /* ks_demonitor, the DOWN */
    KS_ALIAS_REPLY_DEMONITOR   /* these, and the first message through it, which ends the monitor */
} ks_alias_mode;
typedef struct ks_monitor_options {
    ks_alias_mode alias;
    uint64_t tag; /* yours; handed back in the ks_down: an index, a key */
} ks_monitor_options;
/* As ks_monitor: ks_monitor_with(pid, &(ks_monitor_options){ .tag = row }). options NULL: none. */
static inline ks_ref ks_monitor_with(ks_pid pid, const ks_monitor_options *options);
/* As ks_spawn_monitor. */
static inline ks_pid ks_spawn_monitor_with(
    void (*fn)(void *arg), void *arg, const ks_monitor_options *options, ks_ref *ret_monitor);
/* The alias of a monitor of ours; what is sent to that of one that has none is dropped. */
KS_API ks_pid ks_monitor_alias(ks_ref monitor);
/* Who is linked with a process, whom it monitors (as it was given), who monitors it (once for each
 * monitor). The first max go into ret, which may be NULL when max is 0; *ret_count is how many
 * there are. Links in the order of their ids, monitors newest first. KS_OK, KS_NOPROC, KS_DENIED
 * (outside of a runtime). */
KS_API ks_status ks_links(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count) KS_MUST_USE;
KS_API ks_status ks_monitors(ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count) KS_MUST_USE;
KS_API ks_status ks_monitored_by(
    ks_pid pid, ks_pid *ret, size_t max, size_t *ret_count) KS_MUST_USE;
KS_API bool ks_trap_exit(bool on); /* the old value */
/* Ends the calling process, from any depth. */
KS_API void ks_exit(ks_reason reason) __attribute__((noreturn));
/* An exit signal to a process, by the rules of erlang:exit/2. */
KS_API void ks_exit_process(ks_pid pid, ks_reason reason);

/* --- memory of a process -------------------------------------------------------------------- */
/* Everything below is given back when the process ends, however it ends. Out of memory, or above
 * memory_max, the process exits with reason KS_NOMEM: so never NULL. */
KS_API void *ks_alloc(size_t size);                 /* zeroed, 16-byte aligned */
KS_API void *ks_realloc(void *memory, size_t size); /* not of what ks_copy made */
KS_API void ks_free(void *memory); /* NULL is fine; only by the process that owns it */
KS_API char *ks_strdup(ks_text text);
/* printf into memory that is borrowed until the handler returns (plain process: its turn ends). */
KS_API const char *ks_format(const char *format, ...) KS_PRINTF(1, 2);
/* release(resource) runs when the process ends, also when killed: newest first, on a stack of the
 * scheduler; it must not block. For what the process does not own by itself: a library's handle, a
 * lock file. */
KS_API ks_ref ks_own(void (*release)(void *resource), void *resource);
KS_API void ks_disown(ks_ref owned); /* forget it, without releasing */
/* Runs fn(arg) when the turn ends, newest first: the current handler has returned and its reply was
 * copied (plain process: its next ks_receive or ks_end_turn); also when the process ends before. */
KS_API void ks_defer(void (*fn)(void *arg), void *arg);

/* --- names and aliases ---------------------------------------------------------------------- */
/* A pid that stands for a name: every use looks it up. Works wherever a pid does. Any thread. */
KS_API ks_pid ks_named(const char *name);
/* One name a process, one process a name. KS_ALREADY_STARTED (taken, or pid has one), KS_NOPROC,
 * KS_BADARG (empty, or longer than 255 bytes), KS_NOMEM. */
KS_API ks_status ks_register(const char *name, ks_pid pid) KS_MUST_USE;
KS_API void ks_unregister(const char *name);
KS_API ks_pid ks_whereis(const char *name); /* none when nobody holds it */
/* A pid that stands for a child, by its id: every use looks it up, so it goes on meaning that child
 * when it is restarted; who is not running is KS_NOPROC. Works wherever a pid does, and asks
 * nobody. supervisor: when it is a name, that is looked up now. A dynamic child has one when its
 * row gave an id. Any thread, but for names. */
KS_API ks_pid ks_child_of(ks_pid supervisor, const char *id);
/* A child of the caller's own supervisor, which is its parent: ks_child_of(ks_parent(), id). */
KS_API ks_pid ks_sibling(const char *id);
/* A pid of ourselves that can be turned off: what arrives by it afterwards is dropped, also what
 * was under way (of calls: what was sent afterwards). Out of memory, the process exits with reason
 * KS_NOMEM. */
KS_API ks_pid ks_alias(void);
/* Turns itself off with the first message that arrives by it. */
KS_API ks_pid ks_reply_alias(void);
/* Also of the alias of a monitor, which stays. False: it was off, or is not the caller's. */
KS_API bool ks_unalias(ks_pid alias);
/* For ks_receive_ref: what came through an alias of the caller. The zero ref: it is no alias. */
KS_API ks_ref ks_alias_ref(ks_pid alias);

/* --- context: inherited by every process that is spawned -------------------------------------- */
KS_API uint64_t ks_trace_id(void); /* 0: none */
KS_API void ks_set_trace_id(uint64_t id);

KS_API ks_ref ks_monitor_with_(ks_pid pid, const ks_monitor_options *options, size_t size);
KS_API ks_pid ks_spawn_monitor_with_(void (*fn)(void *arg), void *arg,
    const ks_monitor_options *options, size_t size, ks_ref *ret_monitor);
static inline ks_ref ks_monitor_with(ks_pid pid, const ks_monitor_options *options)
{
    return ks_monitor_with_(pid, options, sizeof *options);
}
static inline ks_pid ks_spawn_monitor_with(
    void (*fn)(void *arg), void *arg, const ks_monitor_options *options, ks_ref *ret_monitor)
{
    return ks_spawn_monitor_with_(fn, arg, options, sizeof *options, ret_monitor);
}
#endif
