/* SPDX-License-Identifier: Apache-2.0 */
/* hog.c - see hog.h.
 *
 * Who is a hog: a handler that, outside of the library, has used the processor in one turn for
 * three quarters of the limit, or that is not runnable at two looks in a row (it sits in a system
 * call) and has been in its turn for as many looks as make up the limit. A look that comes late
 * does not count: the whole program may have stood still. A thread that is runnable and gets no
 * processor is crowded out or throttled, and no hog, however long that takes.
 *
 * The monitor's own thread, but for what hog.h says. */
#define _GNU_SOURCE /* sched_setscheduler, SCHED_IDLE, syscall */
#include "runtime/hog.h"
#include "base/clock.h"
#include "base/futex.h"
#include "base/label.h"
#include "runtime/overdue.h"
#include "runtime/scheduler.h"
#include "runtime/stall.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, RUNNERS_MAX = 32, QUIET_TICKS = 3 };
#define TICK_NS ((int64_t)5 * NS_PER_MS)
#define SLOW_TICK_NS (20 * TICK_NS)

/* What the monitor knows of a scheduler. */
struct ksi_watch {
    struct ksi_runner *runner; /* that has it since */
    uint32_t turns;
    int64_t since_ns, cpu_ns; /* when the turn was first seen, and what its thread had used */
    int64_t looks;            /* since then, those in time */
    bool hurried;             /* the turn was asked to end, at an earlier look */
    bool sits;                /* it was not runnable at the latest look */
    struct ksi_runner *spare; /* a thread that has never had the scheduler */
    uint32_t runners;         /* made here */
};

static void memory_barrier_of_all(void)
{
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* --- priority --------------------------------------------------------------------------------- */
static bool set_policy(pid_t tid, int policy)
{
    struct sched_param none = { 0 };
    return sched_setscheduler(tid, policy, &none) == 0;
}

/* A thread that may not get its priority back had better keep it. Tried by a thread that ends. */
static void *try_demotion(void *arg)
{
    bool *ret_can = arg;
    *ret_can = set_policy(0, SCHED_IDLE) && set_policy(0, SCHED_OTHER);
    return NULL;
}

static bool can_demote(void)
{
    pthread_t thread;
    bool can = false;
    if (pthread_create(&thread, NULL, try_demotion, &can)) return false;
    pthread_join(thread, NULL);
    return can;
}

/* The late thread may have its scheduler back at any moment: it stores its word, then looks whether
 * it was demoted; we store that, then look at the word. The fences make one of the two see the
 * other. */
static void demote(const struct ksi_hogs *hogs, struct ksi_runner *runner)
{
    if (!hogs->can_demote || sched_getscheduler(runner->tid) != SCHED_OTHER) return;
    ksi_store_relaxed(&runner->demoted, true);
    if (!set_policy(runner->tid, SCHED_IDLE)) return;
    ksi_fence();
    /* relaxed: the fence orders it */
    bool still_late = ksi_load_relaxed(&ksi_load_relaxed(&runner->thread)->word) == KSI_LOST;
    if (!still_late) (void)set_policy(runner->tid, SCHED_OTHER);
}

void ksi_hog_restore(struct ksi_runner *runner)
{
    ksi_fence();
    if (!ksi_load_relaxed(&runner->demoted)) return; /* relaxed: the fence orders it */
    ksi_store_relaxed(&runner->demoted, false);
    (void)set_policy(0, SCHED_OTHER);
}

/* --- threads ---------------------------------------------------------------------------------- */
static void *run(void *arg)
{
    struct ksi_runner *runner = arg;
    ksi_runner_label(runner->scheduler);
    ksi_runner_begin(runner);
    ksi_runner_run(runner);
    return NULL;
}

static bool make_spare(struct ksi_scheduler *s, struct ksi_watch *watch)
{
    if (watch->spare) return true;
    if (watch->runners >= RUNNERS_MAX) return false;
    struct ksi_runner *runner = calloc(1, sizeof *runner);
    if (!runner) return false;
    if (!ksi_runner_init(s, runner) || pthread_create(&runner->made, NULL, run, runner)) {
        ksi_runner_end(runner);
        free(runner);
        return false;
    }
    watch->runners++;
    watch->spare = runner;
    return true;
}

/* One that is neither late nor the holder. It stays so: only we make runners late. */
static struct ksi_runner *find_waiting(struct ksi_scheduler *s, const struct ksi_runner *holder)
{
    struct ksi_runner *runner = s->runners;
    /* relaxed: who is late may stop to be so meanwhile */
    while (runner && (runner == holder || ksi_load_relaxed(&runner->state) == KSI_RUNNER_LATE))
        runner = runner->next;
    return runner;
}

/* The scheduler is ours. */
static struct ksi_runner *choose(
    struct ksi_scheduler *s, struct ksi_watch *watch, const struct ksi_runner *holder)
{
    struct ksi_runner *to = find_waiting(s, holder);
    if (to) return to;
    to = watch->spare;
    watch->spare = NULL;
    to->next = s->runners;
    s->runners = to;
    return to;
}

/* --- taking ----------------------------------------------------------------------------------- */
/* True: the scheduler is ours. See ksi_come_in() for the other half. */
static bool take(struct ksi_scheduler *s, struct ksi_runner *holder, uint32_t turns)
{
    struct ksi_thread *thread = ksi_load_relaxed(&holder->thread); /* look() has seen it */
    uint32_t word = KSI_HAS;
    /* acq_rel: no more than relaxed is needed, the barrier below is what counts */
    if (!ksi_cas_acq_rel(&thread->word, &word, KSI_ASKED)) return false;
    memory_barrier_of_all();
    /* acquire: what the thread did inside; pairs with the release in ksi_go_out() */
    bool outside = !ksi_load_acquire(&thread->inside);
    bool same = ksi_load_relaxed(&s->turns) == turns; /* a hint: else it is no hog */
    word = KSI_ASKED;
    /* acq_rel: the thread answers by a CAS of its own when it comes in meanwhile */
    if (outside && same) return ksi_cas_acq_rel(&thread->word, &word, KSI_LOST);
    (void)ksi_cas_acq_rel(&thread->word, &word, KSI_HAS);
    return false;
}

static void hand_on(struct ksi_hogs *hogs, struct ksi_scheduler *s, struct ksi_watch *watch)
{
    struct ksi_runner *late = watch->runner;
    if (!make_spare(s, watch) && !find_waiting(s, late)) return; /* tried again at the next look */
    if (!late->stall) late->stall = calloc(1, sizeof *late->stall);
    if (!late->stall || !take(s, late, watch->turns)) return;
    ksi_stall_describe(s, late->stall);
    late->late_since_ns = watch->since_ns;
    ksi_runner_is_late(s);
    ksi_runner_give(s, choose(s, watch, late));
    ksi_stall_report(hogs, late);
    demote(hogs, late); /* after it was asked where it is */
}

/* --- looking ---------------------------------------------------------------------------------- */
static int64_t cpu_ns(const struct ksi_runner *runner)
{
    clockid_t clock;
    struct timespec used = { 0, 0 };
    if (pthread_getcpuclockid(runner->pthread, &clock) == 0) (void)clock_gettime(clock, &used);
    return used.tv_sec * (int64_t)1000000000 + used.tv_nsec;
}

/* Has, or waits for, a processor. */
static bool is_runnable(const struct ksi_runner *runner)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)runner->tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (length <= 0) return true;
    text[length] = 0;
    const char *name_end = strrchr(text, ')');
    return !name_end || name_end[1] != ' ' || name_end[2] == 'R';
}

/* In the turn that is watched. */
static bool is_hog(struct ksi_watch *watch, int64_t limit_ns)
{
    if (cpu_ns(watch->runner) - watch->cpu_ns >= limit_ns / 4 * 3) return true;
    bool sat = watch->sits;
    watch->sits = !is_runnable(watch->runner);
    return sat && watch->sits && watch->looks * TICK_NS >= limit_ns;
}

static void begin_anew(struct ksi_watch *watch, struct ksi_runner *holder, uint32_t turns)
{
    watch->runner = holder;
    watch->turns = turns;
    watch->since_ns = ksi_clock_monotonic();
    watch->cpu_ns = cpu_ns(holder);
    watch->looks = 0;
    watch->hurried = watch->sits = false;
}

/* Of short handlers one turn may run many: it ends after the one that runs now. True: it was asked
 * to before. */
static bool hurry(struct ksi_scheduler *s, struct ksi_watch *watch)
{
    bool before = watch->hurried;
    watch->hurried = true;
    if (!before) ksi_store_relaxed(&s->hurry, true); /* a word that ksi_serve() looks at */
    return before;
}

/* False: the scheduler rests. */
static bool look(
    struct ksi_hogs *hogs, struct ksi_scheduler *s, struct ksi_watch *watch, bool in_time)
{
    /* acquire: the runner is complete; pairs with the release in ksi_runner_give() */
    struct ksi_runner *holder = ksi_load_acquire(&s->holder);
    uint32_t turns = ksi_load_relaxed(&s->turns); /* a count, no more */
    /* acquire: who it is; pairs with the release in ksi_runner_begin() */
    struct ksi_thread *thread = holder ? ksi_load_acquire(&holder->thread) : NULL;
    if (!thread || ksi_load_relaxed(&s->resting)) { /* a hint: we look again */
        watch->runner = NULL;
        return false;
    }
    if (holder != watch->runner || turns != watch->turns) {
        begin_anew(watch, holder, turns);
        return true;
    }
    watch->looks += in_time;
    bool hog = is_hog(watch, hogs->limit_ns), hurried = hurry(s, watch);
    /* relaxed: take() looks again */
    if (hog && hurried && !ksi_load_relaxed(&thread->inside)) hand_on(hogs, s, watch);
    return true;
}

static bool look_at_all(struct ksi_runtime *runtime, bool in_time)
{
    bool busy = false;
    for (uint32_t i = 0; i < runtime->scheduler_count; i++)
        busy |= look(&runtime->hogs, runtime->schedulers[i], &runtime->hogs.watch[i], in_time);
    return busy;
}

static bool all_rest(const struct ksi_runtime *runtime)
{
    for (uint32_t i = 0; i < runtime->scheduler_count; i++)
        /* relaxed: the barrier before makes this see who came back before we slept */
        if (!ksi_load_relaxed(&runtime->schedulers[i]->resting)) return false;
    return true;
}

/* --- sleeping --------------------------------------------------------------------------------- */
/* Until a scheduler has work, or we are to quit. */
static void sleep_on(struct ksi_runtime *runtime)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    uint32_t awake = KSI_HOGS_AWAKE, asleep = KSI_HOGS_ASLEEP;
    /* acq_rel: as in idle() of scheduler.c, which stores resting, then looks at word: one of the
     * two sees the other, by the barrier */
    if (!ksi_cas_acq_rel(&hogs->word, &awake, KSI_HOGS_ASLEEP)) return;
    memory_barrier_of_all();
    bool ends = ksi_load_relaxed(&hogs->end_by_ns); /* relaxed: the barrier orders it */
    if (!ends && all_rest(runtime)) (void)ksi_futex_wait(&hogs->word, KSI_HOGS_ASLEEP, INT64_MAX);
    (void)ksi_cas_acq_rel(&hogs->word, &asleep, KSI_HOGS_AWAKE);
}

bool ksi_hogs_wake(struct ksi_hogs *hogs, uint32_t asleep)
{
    /* acq_rel: no data; that it slept */
    if (!ksi_cas_acq_rel(&hogs->word, &asleep, KSI_HOGS_AWAKE)) return false;
    ksi_futex_wake(&hogs->word);
    return true;
}

/* --- the monitor ------------------------------------------------------------------------------ */
static void look_for_hogs(struct ksi_runtime *runtime)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    int64_t before = ksi_clock_monotonic();
    /* acquire: nothing else is read after it */
    for (int quiet = 0; ksi_load_acquire(&hogs->word) != KSI_HOGS_QUIT;) {
        (void)ksi_futex_wait(&hogs->word, KSI_HOGS_AWAKE, TICK_NS);
        int64_t now = ksi_clock_monotonic();
        bool busy = look_at_all(runtime, now - before < 3 * TICK_NS);
        bool ends = ksi_overdue_look(runtime);
        quiet = busy || ends ? 0 : quiet + 1;
        if (quiet >= QUIET_TICKS) sleep_on(runtime);
        before = quiet >= QUIET_TICKS ? ksi_clock_monotonic() : now;
    }
}

/* Nobody is a hog here, but a handler that never returns would keep the program from ending. */
static void wait_for_end(struct ksi_runtime *runtime)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    uint32_t word = KSI_HOGS_AWAKE;
    (void)ksi_cas_acq_rel(&hogs->word, &word, KSI_HOGS_DEAF); /* QUIT stays */
    ksi_fence(); /* with ksi_hogs_end_by(): we see that the end was ordered, or are woken */
    /* acquire: nothing else is read after it */
    while ((word = ksi_load_acquire(&hogs->word)) != KSI_HOGS_QUIT) {
        bool ends = ksi_overdue_look(runtime);
        (void)ksi_futex_wait(&hogs->word, word, ends ? SLOW_TICK_NS : INT64_MAX);
    }
}

static void *watch_over(void *arg)
{
    struct ksi_runtime *runtime = arg;
    ksi_label_thread("kiosk-monitor");
    if (runtime->hogs.looks)
        look_for_hogs(runtime);
    else
        wait_for_end(runtime);
    return NULL;
}

/* --- start and stop --------------------------------------------------------------------------- */
static bool has_barrier(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

ks_status ksi_hogs_start(struct ksi_runtime *runtime, ks_ms limit, bool ends_program)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    hogs->watch = calloc(runtime->scheduler_count, sizeof *hogs->watch);
    if (!hogs->watch) return KS_NOMEM;
    hogs->looks = limit < KS_INFINITY && has_barrier();
    hogs->ends_program = ends_program;
    if (hogs->looks) hogs->limit_ns = limit * NS_PER_MS;
    hogs->can_demote = hogs->looks && can_demote();
    ksi_store_relaxed(&hogs->word, KSI_HOGS_AWAKE); /* its thread does not run yet */
    int error = pthread_create(&hogs->thread, NULL, watch_over, runtime);
    hogs->started = !error;
    if (error) free(hogs->watch);
    return -error;
}

static void end_spare(struct ksi_watch *watch)
{
    if (!watch->spare) return;
    ksi_runner_quit(watch->spare);
    watch->spare = NULL;
}

void ksi_hogs_stop(struct ksi_runtime *runtime)
{
    struct ksi_hogs *hogs = &runtime->hogs;
    if (!hogs->started) return;
    (void)ksi_exchange_acq_rel(&hogs->word, KSI_HOGS_QUIT); /* an order to end; no data */
    ksi_futex_wake(&hogs->word);
    pthread_join(hogs->thread, NULL);
    for (uint32_t i = 0; i < runtime->scheduler_count; i++) end_spare(&hogs->watch[i]);
    free(hogs->watch);
    hogs->started = false;
}
