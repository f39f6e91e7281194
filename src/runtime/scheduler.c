/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler.c - the loop, blocking and waking, slices. See scheduler.h. */
#include "runtime/scheduler.h"
#include "base/base.h"
#include "runtime/block.h"
#include "runtime/client.h"
#include "runtime/fault.h"
#include "runtime/mailbox.h"
#include "runtime/reserve.h"
#include "runtime/signal.h"
#include "runtime/timer.h"
#include <stdlib.h>
#include <string.h>

#ifdef KSI_MEAN
enum { HAND_OFFS = 2, ROUNDS = 1 };
#else
enum { HAND_OFFS = 64, ROUNDS = 64 };
#endif
enum { LOOK_NS = 8000, LOOKS_MAX = KSI_KNOB(16, 1) };
enum { NS_PER_MS = 1000000, CHOICES = 16, RECORDS_PER_PROCESS = 4 };
enum { REST_AFTER_NS = 100 * NS_PER_MS, TURN_NS = 1000 };

_Thread_local struct ksi_thread ksi_this_thread __attribute__((tls_model("initial-exec")));

/* --- the run queue -------------------------------------------------------------------------- */
static KSI_INLINE struct ksi_process *take(struct ksi_scheduler *s, struct ksi_queue *queue)
{
    struct ksi_process **link = &queue->first;
    if (KSI_UNLIKELY(s->simulator != NULL)) {
        uint32_t choices = queue->length < CHOICES ? queue->length : CHOICES;
        uint32_t chosen = s->seams.choose(s->seams.arg, choices);
        for (uint32_t i = 0; i < chosen; i++) link = &(*link)->queue_next;
    }
    struct ksi_process *p = *link;
    *link = p->queue_next;
    if (!*link) queue->end = link;
    queue->length--;
    p->flags &= ~(uint32_t)KSI_QUEUED;
    return p;
}

/* While somebody of high priority is ready nobody is handed over to. */
static __attribute__((noinline)) struct ksi_process *take_ranked(struct ksi_scheduler *s)
{
    struct ksi_queue *queue = ksi_queue_choose(s);
    if (queue != &s->queue) s->ranked--;
    struct ksi_process *p = take(s, queue);
    if (s->high.first) s->hand_offs_left = 0;
    return p;
}

/* --- slices ---------------------------------------------------------------------------------- */
static void arm_pending(struct ksi_scheduler *s)
{
    while (s->pending) {
        struct ksi_process *p = s->pending;
        ksi_unlink_pending(p);
        int64_t due = ksi_due(s->now_ns, p->timer_ms);
        ksi_wheel_arm(&s->wheel, &p->timer, due);
        struct ksi_message *request = p->wait == KSI_WAIT_REPLY ? p->request : NULL;
        if (request && ksi_request_is_here(s, p) && (request->flags & KSI_RELATIVE)) {
            request->flags &= (uint8_t)~KSI_RELATIVE;
            request->deadline = ksi_deadline(s->now_ns, p->timer_ms);
        }
    }
}

void ksi_time_out(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->wait == KSI_WAIT_REPLY) { /* a reply that is here counts; else it is given up now */
        ksi_inbox_drain(s, p);
        if (p->wait != KSI_WAIT_REPLY) return;
        if (!ksi_request_cancel(s, p)) return; /* the answer was decided, and will be here soon */
    }
    if (p->wait != KSI_WAIT_NOTHING) KSI_PROBE3(wake, KSI_PROBED_PID(p), p->wait, 1);
    p->flags |= KSI_TIMED_OUT;
    p->wait = KSI_WAIT_NOTHING;
    ksi_ready(s, p);
}

static void fire(struct ksi_scheduler *s, struct ksi_timer *timer)
{
    struct ksi_process_table *table = &s->runtime->processes;
    char *at = (char *)timer, *first = (char *)table->slots;
    if (at < first || at >= (char *)(table->slots + table->table.max)) {
        ksi_timing_due(s, timer);
        return;
    }
    ksi_time_out(s, KSI_CONTAINER_OF(timer, struct ksi_process, timer));
}

int64_t ksi_fresh_ns(struct ksi_scheduler *s) { return s->seams.monotonic_ns(s->seams.arg); }

static void measure_turns(struct ksi_scheduler *s, int64_t slice_ns)
{
    enum { LONG_NS = 1000000 };
    uint32_t turns = ksi_load_relaxed(&s->turns); /* our own */
    uint32_t count = turns - s->slice_turns + s->slice_messages;
    s->slice_turns = turns;
    s->slice_messages = 0;
    ksi_store_relaxed(&s->load, s->queue.length); /* for others to guess by */
    if (!count) return;
    int64_t ns = slice_ns / count;
    s->turn_ns = (3 * s->turn_ns + (uint32_t)(ns < LONG_NS ? ns : LONG_NS)) / 4;
}

/* As many turns as fit, if they are like those before; so that timers are punctual. */
static int turns_of_a_slice(const struct ksi_scheduler *s)
{
    if (s->turn_ns <= KSI_SLICE_NS / ROUNDS || s->simulator) return ROUNDS;
    return KSI_SLICE_NS / (int)s->turn_ns + 1;
}

static int turns_between_looks(const struct ksi_scheduler *s)
{
    if (s->simulator) return 0;
    return s->turn_ns < LOOK_NS / LOOKS_MAX ? LOOKS_MAX : LOOK_NS / (int)s->turn_ns;
}

/* A new slice: the clock is read, what is due is fired, what waits since the last slice is
 * armed. */
static void new_slice(struct ksi_scheduler *s)
{
    int64_t now = ksi_fresh_ns(s);
    measure_turns(s, now - s->now_ns);
    s->rounds_left = turns_of_a_slice(s);
    s->now_ns = now;
    s->stamp = (uint32_t)(s->now_ns / NS_PER_MS);
    struct ksi_timer *timer;
    while ((timer = ksi_wheel_advance(&s->wheel, s->now_ns / KSI_TICK_NS))) fire(s, timer);
    arm_pending(s);
}

/* Nobody can run: waits for I/O, a signal from elsewhere, or the next timer. */
static void idle(struct ksi_scheduler *s)
{
    int64_t next = ksi_wheel_next(&s->wheel);
    int64_t timeout = INT64_MAX;
    if (next <= INT64_MAX / KSI_TICK_NS) timeout = next * KSI_TICK_NS - s->now_ns;
    if (timeout < 0) timeout = 0;
    bool rests = s->pool.stirred && !s->simulator && timeout > REST_AFTER_NS;
    if (KSI_UNLIKELY(rests)) timeout = REST_AFTER_NS; /* a load that comes back soon needs it */
    /* relaxed: who gives work publishes it by the lists; this only says that it is wanted */
    ksi_store_relaxed(&s->hungry, true);
    ksi_store_relaxed(&s->resting, true); /* for the monitor: see sleep_on() in hog.c */
    s->seams.poll(s->seams.arg, timeout);
    ksi_store_relaxed(&s->resting, false);
    ksi_compiler_barrier(); /* the monitor's barrier does the rest */
    struct ksi_hogs *hogs = &s->runtime->hogs;
    bool asleep = ksi_load_relaxed(&hogs->word) == KSI_HOGS_ASLEEP;
    if (KSI_UNLIKELY(asleep) && !s->client) (void)ksi_hogs_wake(hogs, KSI_HOGS_ASLEEP);
    ksi_store_relaxed(&s->hungry, false);
    if (KSI_UNLIKELY(rests) && ksi_fresh_ns(s) - s->now_ns >= timeout) ksi_pool_rest(&s->pool);
    s->rounds_left = 0;
    s->slice_turns = ksi_load_relaxed(&s->turns); /* the wait is no part of a turn */
    s->slice_messages = 0;
}

/* True: others have left something for us. Each look takes the line from who writes into it, so
 * while there is other work there is one every few us only. */
static KSI_INLINE bool is_something_left(struct ksi_scheduler *s)
{
    if (KSI_UNLIKELY(s->parallel)) {
        if (s->queue.first && --s->looks_left > 0) return false;
        s->looks_left = turns_between_looks(s);
    }
    /* relaxed: hints, so that empty lists cost a load each */
    return ksi_load_relaxed(&s->wake) || ksi_load_relaxed(&s->moved) ||
        ksi_load_relaxed(&s->returning);
}

static KSI_INLINE struct ksi_process *pick(struct ksi_scheduler *s)
{
    for (;;) { /* until there is somebody, or the scheduler is stopped */
        struct ksi_process *p = s->next;
        if (p) {
            s->next = NULL;
            p->flags &= ~(uint32_t)KSI_QUEUED;
            return p;
        }
        s->hand_offs_left = HAND_OFFS;
        const bool left = is_something_left(s);
        if (KSI_UNLIKELY(left)) ksi_take_moved(s);
        if (KSI_UNLIKELY(left)) ksi_take_returning(s);
        if (--s->rounds_left <= 0 || !(s->queue.first || s->ranked)) {
            new_slice(s);
            if (s->queue.first || s->ranked || s->hosted) s->seams.poll(s->seams.arg, 0);
            if (KSI_UNLIKELY(s->hosted) && --s->slices_left < 0) return NULL;
        }
        if (left || !s->queue.first) ksi_take_wakes(s);
        if (KSI_UNLIKELY(s->ranked > 0)) return take_ranked(s);
        if (KSI_UNLIKELY(s->parallel) && s->queue.length > !s->simulator) {
            ksi_share(s);
            if (!s->queue.first) continue; /* a slice ends before we wait */
        }
        if (s->queue.first) return take(s, &s->queue);
        if (s->next) continue; /* a reply from elsewhere has come, just now */
        if (KSI_LIKELY(!ksi_load_acquire(&s->stopping)) || ksi_is_first_late(s))
            idle(s);
        else if (ksi_run_first(s))
            return NULL;
    }
}

/* --- who runs --------------------------------------------------------------------------------- */
static KSI_INLINE void resume(struct ksi_scheduler *s, struct ksi_process *p)
{
    struct ksi_stack *to = p->stack;
    if (KSI_UNLIKELY(to->runner != s->runner)) {
        ksi_run_elsewhere(s, p);
        return;
    }
    p->stack = NULL;
    s->current = p;
    ksi_stack_give(&s->runner->stacks, s->stack);
    ksi_go_to(s, to);
}

ks_status ksi_block(struct ksi_scheduler *s, enum ksi_wait wait, ks_ms timeout)
{
    return ksi_block_inline(s, wait, timeout);
}

void ksi_wake(struct ksi_scheduler *s, struct ksi_process *p, enum ksi_wait wait)
{
    if (p->wait != wait) return;
    KSI_PROBE3(wake, KSI_PROBED_PID(p), wait, 0);
    p->wait = KSI_WAIT_NOTHING;
    ksi_cancel_timer(s, p);
    ksi_ready(s, p);
}

void ksi_put_last(struct ksi_scheduler *s)
{
    ksi_ready(s, s->current);
    (void)ksi_put_aside(s, s->current);
}

void ksi_simulated_yield(struct ksi_scheduler *s)
{
    if (!ksi_may_block(s) || !s->simulator->yields(s->simulator)) return;
    ksi_put_last(s);
}

_Noreturn void ksi_leave(struct ksi_scheduler *s)
{
    struct ksi_process *p = s->current;
    KSI_ASSERT(p);
    if (s->flush) s->flush(s);
    if (ksi_keeps()) ksi_keep_nothing();
    s->left = s->stack;
    s->current = NULL;
    ksi_ready(s, p);
    struct ksi_stack *to = ksi_stack_get(&s->runner->stacks);
    KSI_ASSERT(to);
    ksi_go_to(s, to);
    __builtin_unreachable();
}

static void end(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->stack) {
        ksi_keep_discard(p->stack);
        ksi_stack_drop(p->stack);
        p->stack = NULL;
    }
    ksi_die(s, p);
    s->current = NULL;
    if (KSI_UNLIKELY(s->deep != NULL)) ksi_faults_trim(s);
}

/* False: it goes on like any other. */
static __attribute__((noinline)) bool run_unusual(struct ksi_scheduler *s, struct ksi_process *p)
{
    if (p->flags & KSI_EXITING) {
        if (ksi_late_end(s, p)) return true;
        if (p->stack && (p->flags & KSI_DYING)) return false; /* a late release hook goes on */
        end(s, p);
    } else if (p->flags & KSI_SUSPENDED)
        return true; /* ready again when it is resumed */
    else if (p->stack)
        return false;
    else
        ksi_serve_apart(s, p);
    return true;
}

static KSI_INLINE void run_one(struct ksi_scheduler *s, struct ksi_process *p)
{
    ksi_add_owned(&s->turns, 1);
    if (KSI_UNLIKELY(p->flags & KSI_UNUSUAL) && run_unusual(s, p)) return;
    if (p->stack) {
        if (p->wait == KSI_WAIT_NOTHING) resume(s, p);
        return; /* on the stack of another turn: s->current is not ours to clear */
    } else {
        s->current = p;
        ksi_serve(s, p);
    }
    s->current = NULL;
}

/* The loop of every pooled stack. */
static void loop(void *arg)
{
    struct ksi_scheduler *s = arg;
    ksi_stack_entered(s->stack);
    ksi_forget_left(s);
    for (;;) { /* as long as the scheduler lives */
        struct ksi_process *p = pick(s);
        if (KSI_LIKELY(p != NULL)) {
            run_one(s, p);
        } else {
            ksi_stack_give(&s->runner->stacks, s->stack);
            ksi_go_to(s, &s->runner->end);
        }
    }
}

void ksi_scheduler_serve(struct ksi_scheduler *s)
{
    struct ksi_scheduler *outer = ksi_this_scheduler;
    struct ksi_runner *outer_runner = ksi_this_thread.runner;
    uint32_t was_inside = ksi_load_relaxed(&ksi_this_thread.inside); /* our own */
    struct ksi_fault_thread *faults = ksi_faults_enter(s);
    ksi_runner_begin(&s->first);
    /* release: the runner is complete; pairs with the acquire of the monitor */
    ksi_store_release(&s->holder, &s->first);
    ksi_stack_of_thread(&s->runner->end);
    s->stack = &s->runner->end;
    struct ksi_stack *first = ksi_stack_get(&s->runner->stacks);
    KSI_ASSERT(first);
    ksi_go_away(s, first, errno);
    ksi_faults_leave(s, faults);
    ksi_this_scheduler = outer;
    ksi_this_thread.runner = outer_runner;
    ksi_store_release(&ksi_this_thread.inside, was_inside); /* release: as in ksi_go_out() */
}

bool ksi_has_work(const struct ksi_scheduler *s)
{
    /* relaxed: a hint; who gave it unparks s, which is seen by its poller */
    return s->next || s->queue.first || s->ranked || ksi_load_relaxed(&s->wake) ||
        ksi_load_relaxed(&s->moved);
}

static void run(struct ksi_scheduler *s, bool stopping)
{
    ksi_store_relaxed(&s->stopping, stopping); /* of the thread that runs s */
    ksi_scheduler_serve(s);
}

void ksi_scheduler_run(struct ksi_scheduler *s) { run(s, false); }

void ksi_scheduler_finish(struct ksi_scheduler *s) { run(s, true); }

void ksi_scheduler_stop(struct ksi_scheduler *s)
{
    /* release: what led to the end; pairs with the acquire in pick() */
    ksi_store_release(&s->stopping, true);
    s->seams.unpark(s->seams.arg);
}

/* --- a runtime -------------------------------------------------------------------------------- */
static bool init_tables(struct ksi_runtime *runtime)
{
    uint32_t max = runtime->options.processes_max;
    struct ksi_slots *processes = &runtime->processes.table;
    if (!ksi_slots_init(processes, sizeof(struct ksi_process),
            offsetof(struct ksi_process, free_next), max, "kiosk processes") ||
        !ksi_records_init(&runtime->records, max * RECORDS_PER_PROCESS))
        return false;
    runtime->processes.slots = ksi_slot_at(processes, 0);
    runtime->processes.shared = ksi_reserve((size_t)max * sizeof(struct ksi_shared));
    if (!runtime->processes.shared) return false;
    runtime->processes.origins =
        calloc(max / KSI_SLOTS_FRESH + 1, sizeof *runtime->processes.origins);
    return runtime->processes.origins != NULL;
}

/* Two stacks from the start: one to run on, one in reserve. */
bool ksi_runner_init(struct ksi_scheduler *s, struct ksi_runner *runner)
{
    struct ksi_stacks *stacks = &runner->stacks;
    runner->scheduler = s;
    ksi_stacks_init(stacks, runner, s->runtime->options.stack_size, loop, s);
    stacks->few = s->client; /* it has one process, and that needs none */
    ksi_apart_init(s, runner);
    struct ksi_stack *first = ksi_stack_get(stacks);
    struct ksi_stack *second = first ? ksi_stack_get(stacks) : NULL;
    if (first) ksi_stack_give(stacks, first);
    if (second) ksi_stack_give(stacks, second);
    return second != NULL;
}

bool ksi_scheduler_init(struct ksi_runtime *runtime, struct ksi_scheduler *s,
    const struct ksi_seams *seams, uint32_t number)
{
    s->runtime = runtime;
    s->seams = *seams;
    s->number = number;
    s->queue.end = &s->queue.first;
    s->high.end = &s->high.first;
    s->low.end = &s->low.first;
    ksi_pool_init(&s->pool, &runtime->spans);
    s->now_ns = ksi_fresh_ns(s);
    s->turn_ns = TURN_NS;
    s->stamp = (uint32_t)(s->now_ns / NS_PER_MS);
    ksi_wheel_init(&s->wheel, s->now_ns / KSI_TICK_NS);
    s->records.slots = &runtime->records;
    s->records.table = ksi_slot_at(&runtime->records, 0);
    s->runner = s->runners = &s->first;
    return ksi_runner_init(s, &s->first);
}

struct ksi_left ksi_left;

void ksi_scheduler_end(struct ksi_scheduler *s)
{
    ksi_signals_end(s);
    /* relaxed: counts; some schedulers have more than they made */
    ksi_add_relaxed(&ksi_left.blocks, ksi_pool_blocks(&s->pool));
    ksi_add_relaxed(&ksi_left.records, s->records.alive);
    ksi_runners_quit(s);
    ksi_runner_end(&s->first);
    ksi_pool_end(&s->pool);
}

/* Zero, but for the ring, which is written before it is read: 128 KiB that need not be touched. */
static void clear(void *memory, size_t size, struct ksi_recorder *recorder)
{
    char *start = memory, *ring = (char *)recorder->ring;
    memset(start, 0, (size_t)(ring - start));
    memset(ring + sizeof recorder->ring, 0, (size_t)(start + size - ring) - sizeof recorder->ring);
}

static bool add_scheduler(
    struct ksi_runtime *runtime, struct ksi_scheduler *s, const struct ksi_seams *seams)
{
    uint32_t number = runtime->scheduler_count++;
    runtime->schedulers[number] = s;
    return ksi_scheduler_init(runtime, s, seams, number);
}

bool ksi_runtime_share(struct ksi_runtime *runtime)
{
    for (uint32_t i = 0; i < runtime->scheduler_count; i++)
        if (!ksi_signals_reserve(runtime->schedulers[i])) return false;
    for (uint32_t i = 0; i < runtime->scheduler_count; i++) runtime->schedulers[i]->parallel = true;
    return true;
}

struct ksi_runtime *ksi_runtime_new(
    const ks_runtime_options *options, const struct ksi_seams *seams, uint32_t count)
{
    struct ksi_runtime *runtime = aligned_alloc(64, sizeof *runtime);
    if (!runtime) return NULL;
    clear(runtime, sizeof *runtime, &runtime->scheduler.recorder);
    runtime->options = *options;
    ksi_keep_open();
    ksi_spans_init(&runtime->spans);
    ksi_names_init(&runtime->names);
    ksi_clients_init(&runtime->clients);
    bool good = init_tables(runtime);
    good &= add_scheduler(runtime, &runtime->scheduler, &seams[0]);
    for (uint32_t i = 1; i < count && good; i++) {
        struct ksi_scheduler *s = aligned_alloc(64, sizeof *s);
        if (s) clear(s, sizeof *s, &s->recorder);
        good = s && add_scheduler(runtime, s, &seams[i]);
    }
    if (good && (count == 1 || ksi_runtime_share(runtime))) {
        ksi_debugger_add(runtime);
        return runtime;
    }
    ksi_runtime_end(runtime);
    return NULL;
}

void ksi_runtime_end(struct ksi_runtime *runtime)
{
    KSI_ASSERT(ksi_alive(runtime) == 0);
    ksi_debugger_remove(runtime);
    ksi_names_end(&runtime->names);
    for (uint32_t i = 0; i < runtime->scheduler_count; i++) {
        struct ksi_scheduler *s = runtime->schedulers[i];
        ksi_scheduler_end(s);
        if (i) free(s);
    }
    ksi_clients_end(&runtime->clients);
    ksi_slots_end(&runtime->records);
    if (runtime->processes.shared)
        ksi_unreserve(runtime->processes.shared,
            (size_t)runtime->options.processes_max * sizeof(struct ksi_shared));
    ksi_slots_end(&runtime->processes.table);
    free(runtime->processes.origins);
    ksi_spans_end(&runtime->spans);
    free(runtime);
}
