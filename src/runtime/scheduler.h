/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.h - a scheduler and its runtime: everything that one thread needs to run processes.
 *
 * Every pooled stack runs the same loop. It takes a process from the run queue and calls its
 * handler right there; a handler that returns costs no switch. One that blocks keeps its stack,
 * and the scheduler goes on with the loop of another. Used by the thread that runs the
 * scheduler, but for `wake`, into which anybody pushes. */
#ifndef KSI_RUNTIME_SCHEDULER_H
#define KSI_RUNTIME_SCHEDULER_H
#include "runtime/hog.h"
#include "runtime/name.h"
#include "runtime/pool.h"
#include "runtime/process.h"
#include "runtime/record.h"
#include "runtime/recorder.h"
#include "runtime/runner.h"
#include "runtime/slots.h"
#include "runtime/stack.h"
#include "runtime/thread.h"
#include <kiosk/runtime.h>

/* The four seams between a runtime and the world; each can be replaced. */
struct ksi_seams {
    int64_t (*monotonic_ns)(void *arg);
    int64_t (*wall_ns)(void *arg);
    uint64_t (*random)(void *arg);
    /* The scheduling choice: which of count runnable processes; 0 is the one that waits longest. */
    uint32_t (*choose)(void *arg, uint32_t count);
    /* Looks for I/O; waits at most timeout_ns (0: not, INT64_MAX: until woken). */
    void (*poll)(void *arg, int64_t timeout_ns);
    /* Makes a poll that waits return. Any thread. */
    void (*unpark)(void *arg);
    void *arg;
};
/* What a simulation adds; NULL in a real runtime. */
struct ksi_simulator {
    bool (*yields)(struct ksi_simulator *simulator);
    bool (*holds_back)(struct ksi_simulator *simulator);
    /* Who gets a process that is ready, of those that may move; NULL: it stays. */
    struct ksi_scheduler *(*moves_to)(struct ksi_simulator *simulator);
};

/* The processes of a runtime, and the part of the table that a scheduler takes them from. */
struct ksi_process_table {
    struct ksi_process *slots; /* of table */
    struct ksi_slots table;
    struct ksi_shared *shared;      /* one for each slot */
    _Atomic(uint32_t) shared_count; /* that can be used; changed under the lock of the table */
    _Atomic(uint16_t)
        *origins; /* the number of the scheduler that a piece of the table belongs to */
};

/* Processes that are ready, longest waiting first; linked by queue_next. */
struct ksi_queue {
    struct ksi_process *first, **end;
    uint32_t length;
};

/* Calls in a row that came from elsewhere, of one caller to one server; see move.c. */
struct ksi_talk {
    uint64_t from; /* pid id */
    uint32_t to;   /* index */
    uint32_t count;
};
enum { KSI_TALKS = 32 };
/* How long a slice should be; one of short turns is shorter. */
enum { KSI_SLICE_NS = 1000000 };

struct ksi_scheduler {
    struct ksi_runtime *runtime;
    uint32_t number; /* among the schedulers of its runtime */
    bool parallel;   /* there are others, or may be: clients */
    bool client;     /* of a foreign thread, whose process is `guest`: client.h */
    void *io;        /* of the layer above */
    struct ksi_simulator *simulator;
    struct ksi_process *current;
    struct ksi_runner *runner;        /* whose thread runs it */
    struct ksi_runner *runners;       /* all of them */
    struct ksi_stack *stack;          /* we are on it */
    struct ksi_process *next;         /* to run at once: a call hands over */
    struct ksi_message *next_message; /* what `next` is to handle first; NULL: its mailbox */
    int hand_offs_left, rounds_left;
    uint32_t slice_turns;               /* turns when the slice began */
    uint32_t slice_messages;            /* in it, but for the first of each turn */
    uint32_t turn_ns;                   /* how long a turn of one message takes, on average */
    int64_t shared_ns;                  /* the slice in which we levelled */
    int kept;                           /* turns until we look again for somebody to give away */
    int looks_left;                     /* turns until we look again what others left for us */
    uint32_t unlinks;                   /* serial of the latest */
    struct ksi_queue queue;             /* of normal priority */
    struct ksi_queue high, low;         /* see priority.c */
    uint32_t ranked;                    /* processes in these two */
    uint32_t others_waited, low_waited; /* turns that went to more important ones */
    struct ksi_stack *left;             /* left in the middle of a handler that will not go on */
    struct ksi_stack *deep;             /* it was full: its pages go back; see fault.c */
    struct ksi_process *pending;        /* timers to arm when the slice ends */
    int64_t now_ns;                     /* when the slice began */
    uint32_t stamp;                     /* the same in ms, cut: what messages are stamped with */
    struct ksi_pool pool;
    struct ksi_slot_cache free_processes;
    _Atomic(int64_t) processes_alive; /* made here, less those that ended here */
    struct ksi_wheel wheel;
    struct ksi_records records;
    _Atomic(bool) stopping;
    struct ksi_message *reserve; /* blocks for signals that must not fail */
    int reserve_count;
    bool heard_drain; /* its sockets know */
    struct ksi_process *guest;
    bool cut; /* client: its process is condemned, by that reason; nothing waits any more */
    int32_t cut_kind, cut_code;
    bool hosted; /* a thread of the program lends it turns, which end after so many slices */
    int32_t slices_left;
    struct ksi_fault_thread *faults;        /* between two of its turns; else NULL */
    void (*flush)(struct ksi_scheduler *s); /* what the running process wrote; NULL: nothing */
    /* --- read by the monitor --- */
    _Atomic(struct ksi_runner *) holder; /* runner */
    _Atomic(uint32_t) turns;             /* counts who ran */
    uint32_t still_turns;                /* the monitor's, of overdue.c: in that turn it has been */
    int64_t still_since_ns;
    _Atomic(bool) hurry; /* the turn should end after this handler; the monitor's */
    /* --- read by other threads all the time, so nothing that changes often stands beside it --- */
    _Alignas(64) struct ksi_seams seams;
    _Atomic(bool) hungry;   /* it has nothing to do */
    _Atomic(bool) resting;  /* it waits in its poll */
    _Atomic(uint32_t) load; /* length of the queue, when a slice began */
    /* --- written by other threads below --- */
    /* processes with a new signal in their inbox */
    _Alignas(64) _Atomic(struct ksi_process *) wake;
    _Atomic(struct ksi_process *) moved;    /* processes and free slots that are ours from now on */
    _Atomic(struct ksi_runner *) returning; /* late ones that want it back */
    _Alignas(64) struct ksi_recorder recorder;
    struct ksi_runner first; /* of the thread that began */
    struct ksi_talk talks[KSI_TALKS];
};

/* A scheduler's number is below the latter, which is a power of two; clients come after those that
 * run processes. */
enum { KSI_SCHEDULERS_MAX = 64, KSI_CLIENTS_MAX = 1024, KSI_NUMBERS = 2048 };
/* Schedulers of foreign threads: client.h. */
struct ksi_clients {
    pthread_mutex_t lock; /* of what follows, and of who is started by a client */
    bool closed;          /* nobody may be started any more */
    struct ksi_scheduler *of[KSI_CLIENTS_MAX];
    _Atomic(uint32_t) count; /* of those that were made; they stay */
    _Atomic(bool) over;      /* nothing runs any more: nobody waits for anything */
};
struct ksi_runtime {
    struct ksi_scheduler scheduler; /* the first one: of the thread that runs the runtime */
    struct ksi_scheduler *schedulers[KSI_SCHEDULERS_MAX];
    uint32_t scheduler_count;
    struct ksi_clients clients;
    struct ks_runtime *handle; /* of the layer above, which users hold; NULL: a simulation */
    struct ksi_process_table processes;
    struct ksi_slots records;
    struct ksi_spans spans;
    struct ksi_names names;
    struct ksi_hogs hogs;
    struct ks_runtime_options options;
    _Atomic(bool) draining;     /* drain_until stands */
    _Atomic(ks_ms) drain_until; /* a moment: who is waited for until it may finish its work */
    bool contains_faults;
    _Atomic(uint64_t) boot; /* pid id: who is asked to stop the program; 0: nobody */
    const struct ksi_socket_hooks *sockets; /* of the layer above; NULL: there are none */
    struct ksi_job_threads *jobs; /* of the layer above; NULL: jobs run at once, in virtual time */
    /* Somebody outside of any process calls: tests that step a runtime. NULL: refused. */
    void (*outside)(struct ksi_runtime *runtime, void (*fn)(void *arg), void *arg);
    struct ksi_runtime *next, **link; /* debugger.c: among those of this OS process */
};

/* --- scheduler.c ---------------------------------------------------------------------------- */
/* options and the seams of count schedulers are copied. NULL: out of memory or address space. */
struct ksi_runtime *ksi_runtime_new(
    const ks_runtime_options *options, const struct ksi_seams *seams, uint32_t count);
/* The parts that every scheduler has, by its number. False: out of memory. */
bool ksi_scheduler_init(struct ksi_runtime *runtime, struct ksi_scheduler *s,
    const struct ksi_seams *seams, uint32_t number);
void ksi_scheduler_end(struct ksi_scheduler *s);
static inline struct ksi_scheduler *ksi_scheduler_of(struct ksi_runtime *runtime, uint32_t number)
{
    if (number < KSI_SCHEDULERS_MAX) return runtime->schedulers[number];
    return runtime->clients.of[number - KSI_SCHEDULERS_MAX];
}
/* From now on other threads may send to its processes. By the thread that runs its only scheduler,
 * or before any runs. False: out of memory. */
bool ksi_runtime_share(struct ksi_runtime *runtime);
/* Every process must be gone. */
void ksi_runtime_end(struct ksi_runtime *runtime);
/* What the runtimes that have ended did not give back, all together; nothing, or the library is
 * wrong: for tests. */
struct ksi_left {
    _Atomic(int64_t) blocks, records;
};
extern struct ksi_left ksi_left;
/* Runs until ksi_scheduler_stop was called and nobody is ready, on the calling thread. */
void ksi_scheduler_run(struct ksi_scheduler *s);
/* The same for one that was not stopped before. */
void ksi_scheduler_serve(struct ksi_scheduler *s);
/* Runs whoever is ready, and does not wait. */
void ksi_scheduler_finish(struct ksi_scheduler *s);
void ksi_scheduler_stop(struct ksi_scheduler *s);
/* The wait of p is over, as if its time were. */
void ksi_time_out(struct ksi_scheduler *s, struct ksi_process *p);
/* Somebody is ready, as far as can be seen without looking for I/O and timers. */
bool ksi_has_work(const struct ksi_scheduler *s);
/* priority.c: of a process that is not queued and has another priority than normal. */
void ksi_ready_ranked(struct ksi_scheduler *s, struct ksi_process *p);
static inline void ksi_queue_put(struct ksi_queue *queue, struct ksi_process *p)
{
    p->queue_next = NULL;
    *queue->end = p;
    queue->end = &p->queue_next;
    queue->length++;
}
/* Into the run queue, unless it is there. */
static inline void ksi_ready(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->flags & KSI_QUEUED) return;
    if (__builtin_expect(p->flags & KSI_RANKED, 0)) {
        ksi_ready_ranked(s, p);
        return;
    }
    p->flags |= KSI_QUEUED;
    ksi_queue_put(&s->queue, p);
}
/* Puts the running process aside until ksi_wake. KS_TIMEOUT: timeout ms are over; KS_NOMEM: no
 * stack to go on with, it was not put aside; KS_OK: woken. */
ks_status ksi_block(struct ksi_scheduler *s, enum ksi_wait wait, ks_ms timeout);
/* Ends the wait of p when it is that one. */
void ksi_wake(struct ksi_scheduler *s, struct ksi_process *p, enum ksi_wait wait);
/* The running process leaves its stack for ever: it ends when it is condemned, else it serves
 * on. */
_Noreturn void ksi_leave(struct ksi_scheduler *s);
/* --- debugger.c ------------------------------------------------------------------------------- */
extern struct ksi_runtime *ksi_runtimes; /* the newest first */
void ksi_debugger_add(struct ksi_runtime *runtime);
void ksi_debugger_remove(struct ksi_runtime *runtime);

/* --- move.c: processes that change their home ------------------------------------------------- */
/* Home of p from now on is another scheduler; p is in no queue of ours. */
void ksi_move(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_scheduler *to);
/* The same of a process that may be about to run: what counts from our slice becomes a moment. */
void ksi_send_off(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_scheduler *to);
/* Takes in who was moved to us. */
void ksi_take_moved(struct ksi_scheduler *s);
/* Gives work to schedulers that have none. */
void ksi_share(struct ksi_scheduler *s);
/* A call from elsewhere has come for p, and stands in its mailbox. True: p has moved to its
 * caller. */
bool ksi_follow(struct ksi_scheduler *s, struct ksi_process *p, const struct ksi_message *m);
/* s is the home of p: s may touch it, and nobody else moves it. */
static inline bool ksi_is_home(const struct ksi_scheduler *s, struct ksi_process *p)
{
    /* acquire: what its former home wrote; pairs with the release in ksi_move() */
    return ksi_load_acquire(&p->scheduler) == s;
}
/* s is the home of the slot, and id is its tenant: that stays so until s does something about it. A
 * slot may come home after it was looked up, when its process has ended elsewhere. */
static inline bool ksi_is_here(const struct ksi_scheduler *s, struct ksi_process *p, uint64_t id)
{
    if (KSI_LIKELY(!s->parallel)) return true; /* it was looked up in this very turn */
    /* relaxed: only its home changes them */
    return ksi_is_home(s, p) && ksi_load_relaxed(&p->generation) == id >> 32 &&
        ksi_load_relaxed(&p->in_use);
}
/* --- home.c: processes that are held on a scheduler ------------------------------------------- */
/* p was just made, and is to be held on the scheduler of that number, from 1; 0: on none. It is in
 * no queue until ksi_release_held. KS_BADARG: there is none such. */
ks_status ksi_hold(struct ksi_scheduler *s, struct ksi_process *p, uint32_t number);
/* p is ready, on that scheduler: ours no more, unless it is this one. number is not 0. */
void ksi_release_held(struct ksi_scheduler *s, struct ksi_process *p, uint32_t number);
/* p was made by the running process, and may run: where it is held, or here, or, when that is a
 * client, on a scheduler. False: the runtime ends, and takes nobody any more. */
bool ksi_launch_elsewhere(struct ksi_scheduler *s, struct ksi_process *p, uint32_t held_on);
static inline bool ksi_launch(struct ksi_scheduler *s, struct ksi_process *p, uint32_t held_on)
{
    if (KSI_UNLIKELY(s->client)) return ksi_launch_elsewhere(s, p, held_on);
    if (KSI_UNLIKELY(held_on))
        ksi_release_held(s, p, held_on);
    else
        ksi_ready(s, p);
    return true;
}
/* False where blocking is refused: outside of a process, in a release hook. */
static inline bool ksi_may_block(const struct ksi_scheduler *s)
{
    return s && s->current && !(s->current->flags & KSI_IN_HOOK);
}
/* The running process goes on after everybody who is ready. */
void ksi_put_last(struct ksi_scheduler *s);
/* A seeded runner may put the caller aside here. At the entry of every function that sends. */
void ksi_simulated_yield(struct ksi_scheduler *s);
/* Timers of waits are armed when the slice ends, so that the clock is read once a slice and a
 * timer is never early; a call that is answered within its slice never touches the wheel. */
static inline void ksi_start_timer(struct ksi_scheduler *s, struct ksi_process *p, ks_ms ms)
{
    p->timer_ms = ms;
    if (ms >= KS_INFINITY) return;
    p->flags |= KSI_PENDING_TIMER;
    p->pending_next = s->pending;
    p->pending_link = &s->pending;
    if (p->pending_next) p->pending_next->pending_link = &p->pending_next;
    s->pending = p;
}
static inline void ksi_unlink_pending(struct ksi_process *p)
{
    p->flags &= ~(uint32_t)KSI_PENDING_TIMER;
    *p->pending_link = p->pending_next;
    if (p->pending_next) p->pending_next->pending_link = p->pending_link;
    p->timer.next = NULL; /* not armed */
}
static inline void ksi_cancel_timer(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->flags & KSI_PENDING_TIMER)
        ksi_unlink_pending(p);
    else if (ksi_timer_armed(&p->timer))
        ksi_wheel_cancel(&s->wheel, &p->timer);
}
int64_t ksi_fresh_ns(struct ksi_scheduler *s);

/* As KSI_INSIDE; a seeded runner may put the caller aside. */
#define KSI_ENTER(s)                                                                               \
    KSI_INSIDE(s);                                                                                 \
    if (s && KSI_UNLIKELY(s->simulator != NULL)) ksi_simulated_yield(s)

/* --- table.c ---------------------------------------------------------------------------------- */
/* --- message.c -------------------------------------------------------------------------------- */
/* A block whose body is a deep copy of value; NULL: out of memory. type may be NULL: no body. */
struct ksi_message *ksi_message_new(
    struct ksi_scheduler *s, const ks_type *type, const void *value);
/* The same of a value that points at nothing, whatever its type could. */
struct ksi_message *ksi_message_shallow(
    struct ksi_scheduler *s, const ks_type *type, const void *value);
/* The same. Most values are flat, and fit into the smallest block. */
static KSI_INLINE struct ksi_message *ksi_message_of(
    struct ksi_scheduler *s, const ks_type *type, const void *value)
{
    enum { SMALL = KSI_POOL_SMALLEST - sizeof(struct ksi_message) };
    struct ksi_message *m = (struct ksi_message *)s->pool.free[0];
    if (KSI_UNLIKELY(
            !value || !type->flat || type->size > SMALL || !m || s->pool.fails || type->owns))
        return ksi_message_new(s, type, value);
    s->pool.free[0] = ((struct ksi_free_block *)m)->next;
    s->pool.room[0]++;
    *m = (struct ksi_message){ .public = { .type = type, .body = m->body }, .serial = s->stamp };
    ksi_copy_flat(m->body, value, type->size);
    return m;
}
void ksi_message_free_slow(struct ksi_scheduler *s, struct ksi_message *m);
/* Gives back what the body owns, then the block. */
static inline void ksi_message_free(struct ksi_scheduler *s, struct ksi_message *m)
{
    const ks_type *type = m->public.type;
    if (__builtin_expect(type && type->owns, 0))
        ksi_message_free_slow(s, m);
    else
        ksi_pool_give(&s->pool, m, m->size_class);
}

/* A process with nothing in it, or NULL. */
struct ksi_process *ksi_process_new(struct ksi_scheduler *s);
/* From here on every signal finds nobody. */
void ksi_process_gone(struct ksi_scheduler *s, struct ksi_process *p);
void ksi_process_free(struct ksi_scheduler *s, struct ksi_process *p);
/* A slot that came home: its process had moved, and ended elsewhere. */
void ksi_slot_returned(struct ksi_scheduler *s, struct ksi_process *p);
/* How many processes there are. */
uint64_t ksi_alive(const struct ksi_runtime *runtime);
/* The living process of an id; NULL. One that is exiting counts as dead. */
static inline struct ksi_process *ksi_process_of(struct ksi_scheduler *s, uint64_t id)
{
    uint32_t index = (uint32_t)id;
    const struct ksi_process_table *processes = &s->runtime->processes;
    /* acquire: the slot is there; pairs with the release in slots.c */
    if (KSI_UNLIKELY(index >= ksi_load_acquire(&processes->table.used))) return NULL;
    struct ksi_process *p = &processes->slots[index];
    /* acquire: who is seen to be gone is seen with all that its end did. Of a process that lives
     * elsewhere this is a hint; its home checks it again */
    if (ksi_load_acquire(&p->generation) != id >> 32 || !ksi_load_acquire(&p->in_use)) return NULL;
    return p;
}
/* The slot that a pid names, whoever lives there. */
static inline struct ksi_process *ksi_slot_of(const struct ksi_scheduler *s, uint64_t id)
{
    return &s->runtime->processes.slots[(uint32_t)id];
}
/* What a pid of any kind stands for now; NULL: nobody. */
uint64_t ksi_resolve_slow(struct ksi_scheduler *s, ks_pid pid);
enum { KSI_PID_PROCESS = 0, KSI_PID_NAME = 1, KSI_PID_ALIAS = 2 };
/* What a name stands for may come again. The other bits of its kind are a part of its hash. */
static inline bool ksi_is_name(ks_pid pid) { return (pid.kind & 15) == KSI_PID_NAME; }
/* *ret_id: its pid id, which who sends to another scheduler needs: the slot may have another tenant
 * when the signal is pushed. 0: nobody. */
static inline struct ksi_process *ksi_resolve_id(
    struct ksi_scheduler *s, ks_pid pid, uint64_t *ret_id)
{
    bool direct = KSI_LIKELY(pid.kind == KSI_PID_PROCESS && pid.node == 0);
    uint64_t id = direct ? pid.id : ksi_resolve_slow(s, pid);
    struct ksi_process *p = ksi_process_of(s, id);
    *ret_id = p ? id : 0;
    return p;
}
static inline struct ksi_process *ksi_resolve(struct ksi_scheduler *s, ks_pid pid)
{
    uint64_t id;
    return ksi_resolve_id(s, pid, &id);
}
static inline struct ksi_shared *ksi_shared_of(
    const struct ksi_scheduler *s, const struct ksi_process *p)
{
    return &s->runtime->processes.shared[p->index];
}
static inline ks_pid ksi_pid(uint64_t id) { return (ks_pid){ .id = id }; }
static inline ks_pid ksi_pid_of(const struct ksi_process *p)
{
    return (ks_pid){ .id = ksi_process_id(p) };
}
struct ksi_cold *ksi_cold(struct ksi_scheduler *s, struct ksi_process *p);

/* --- priority.c: who is next when not all are of normal priority ------------------------------ */
/* The queue that has its turn, while `ranked` is not 0. */
struct ksi_queue *ksi_queue_choose(struct ksi_scheduler *s);
/* KS_BADARG: there is none such. */
ks_status ksi_priority_set(struct ksi_process *p, ks_priority priority);
ks_priority ksi_priority_of(const struct ksi_process *p);

/* --- apart.c: handlers on stacks of another size ---------------------------------------------- */
void ksi_apart_init(struct ksi_scheduler *s, struct ksi_runner *runner);
void ksi_apart_end(struct ksi_runner *runner);
/* From now on the handlers of p have stacks of at least so many bytes; 0: the default. KS_BADARG:
 * more than there is; KS_NOMEM: there is none now. Not of the running process. */
ks_status ksi_apart_set(struct ksi_scheduler *s, struct ksi_process *p, size_t stack_size);
/* The bytes of a stack of p's. */
size_t ksi_apart_size(const struct ksi_scheduler *s, const struct ksi_process *p);
/* Serves p, which has a class, on a stack of that class; the caller's goes into the pool until it
 * is taken again. Without memory p ends. */
void ksi_serve_apart(struct ksi_scheduler *s, struct ksi_process *p);

/* --- suspend.c -------------------------------------------------------------------------------- */
/* Ends a suspension that p made: its record goes. */
void ksi_suspension_end(struct ksi_scheduler *s, struct ksi_process *p, struct ksi_record *record);

/* --- serve.c: what a process without a stack does when it is its turn ------------------------- */
void ksi_serve(struct ksi_scheduler *s, struct ksi_process *p);
/* What a callback returned, done: next, of a process that becomes a server. */
void ksi_go_on(struct ksi_scheduler *s, struct ksi_process *p, ks_next next);
/* The start of p has failed with that status: it ends, without a report. */
void ksi_start_fail(struct ksi_scheduler *s, struct ksi_process *p, ks_status status);
/* Gives back what the turn borrowed, and runs what was deferred. */
void ksi_turn_end_slow(struct ksi_scheduler *s, struct ksi_process *p);
static inline void ksi_turn_end(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (__builtin_expect(p->turn || p->received, 0)) ksi_turn_end_slow(s, p);
}
/* Borrowed until the turn ends; NULL: out of memory. */
void *ksi_turn_alloc(struct ksi_scheduler *s, struct ksi_process *p, size_t size);

/* --- hibernate.c ------------------------------------------------------------------------------ */
/* Nothing is queued, and p was told to hibernate: its callback runs. */
void ksi_fall_asleep(struct ksi_scheduler *s, struct ksi_process *p);
/* Gives back what p does not need while it sleeps. */
void ksi_trim(struct ksi_scheduler *s, struct ksi_process *p);
/* A message has come for a plain process that gave up its stack. */
void ksi_wake_up(struct ksi_scheduler *s, struct ksi_process *p);
/* Hibernates by itself, if its module says so. */
static inline uint32_t ksi_rests(const ks_module *module)
{
    const ks_ms *after = module->hibernate_after;
    return after && *after > 0 ? KSI_RESTS : 0;
}

/* --- death.c ---------------------------------------------------------------------------------- */
/* A copy of a reason's text, cut; NULL: there is none, or out of memory: kind and code say
 * enough. */
struct ksi_block *ksi_reason_text_new(struct ksi_scheduler *s, const char *text);
static inline const char *ksi_block_text(const struct ksi_block *block)
{
    return block ? (const char *)(block + 1) : NULL;
}
/* Sets the reason, once: the first one wins. Does not end anything yet. */
void ksi_set_reason(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason);
ks_reason ksi_reason_of(const struct ksi_process *p);
/* Marks p as exiting and lets the scheduler end it. Not for the running process. */
void ksi_condemn(struct ksi_scheduler *s, struct ksi_process *p, ks_reason reason);
/* Releases, frees names, tells watchers, frees the slot; on a stack of the loop. */
void ksi_die(struct ksi_scheduler *s, struct ksi_process *p);

/* --- report.c --------------------------------------------------------------------------------- */
/* Before anybody formats: the reason, and the message being handled. */
void ksi_report_fill(struct ksi_process *p, ks_report *ret_report);
void ksi_report_crash(struct ksi_scheduler *s, struct ksi_process *p, const ks_report *said);

#endif
