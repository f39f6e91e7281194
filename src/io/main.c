/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the life of a program: ks_run and ks_main.
 *
 *     first run of the scheduler:  `boot` starts root, waits for its end or for a signal to stop it
 *     second run:                  `sweep` kills what is left, until it is alone
 *
 * Each of the two ends its run by a release hook, so that it ends however the process ends. The
 * signals are read by the scheduler's loop, so that a second one is heard while root stops. Whose
 * handler never returns is named by the monitor of hogs, which then ends a program of ks_main. */
#include "base/base.h"
#include "io/io.h"
#include "io/job_threads.h"
#include "runtime/drain.h"
#include "runtime/fault.h"
#include "runtime/log_output.h"
#include "runtime/overdue.h"
#include "runtime/start.h"
#include <errno.h>
#include <kiosk/drain.h>
#include <kiosk/io.h>
#include <kiosk/log.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { PROCESSES_MAX = 16 * 1000 * 1000, STACK_SIZE = 256 * 1024, STOP_TIMEOUT = 30000 };
enum { HOG_LIMIT = 10, NAMED_MAX = 8, PROGRESS = 5000, MS = 1000, LOG_TIMEOUT = 1000 };
enum { BLOCKING_THREADS = KSI_KNOB(64, 2), BLOCKING_QUEUE = KSI_KNOB(10000, 1000) };
enum { BLOCKING_IDLE = KSI_KNOB(10000, 1) }; /* ms */

#define LOG_WORDS "a level from debug to emergency or none, MODULE=LEVEL, text, json"

typedef struct ksi_termination { /* SIGTERM or SIGINT came, or the program asks for it: 0 */
    int32_t number;
} ksi_termination;
KS_TYPE(ksi_termination, number);

struct program {
    ks_child root;
    const char *name; /* of root, for people */
    ks_runtime_options options;
    struct ksi_io *io[KSI_SCHEDULERS_MAX]; /* of the schedulers */
    pthread_t threads[KSI_SCHEDULERS_MAX]; /* of all but the first, which is the caller's */
    uint32_t threads_started;
    struct ksi_runtime *runtime;
    int signals; /* signalfd, or -1 */
    sigset_t old_mask;
    ks_pid boot, running; /* running: root, once it was started */
    int signals_heard;
    bool at_once; /* a second signal came */
    bool is_main; /* the operating system's process is ours to end */
    ks_status status;
};

/* --- signals ---------------------------------------------------------------------------------- */
static const char *signal_name(int number)
{
    if (number == 0) return "ks_stop_program";
    return number == SIGINT ? "SIGINT" : "SIGTERM";
}

/* From then on the log names whose handler does not return, and a program of ks_main ends. */
static void end_by(const struct program *program, ks_ms after)
{
    ksi_hogs_end_by(program->runtime, ks_now() + after);
}

/* 0: none. */
static int next_signal(int fd)
{
    struct signalfd_siginfo info;
    ssize_t got = read(fd, &info, sizeof info);
    return got == sizeof info ? (int)info.ssi_signo : 0;
}

/* By the scheduler's loop: no process is needed for it, whose thread could be stuck. */
static void hear_signals(void *arg)
{
    struct program *program = arg;
    int number;
    while ((number = next_signal(program->signals))) {
        if (++program->signals_heard == 1) {
            end_by(program, program->options.stop_timeout);
            (void)ks_send(program->boot, ksi_termination, &(ksi_termination){ .number = number });
            continue;
        }
        program->at_once = true;
        end_by(program, 0);
        ks_log_warning("kiosk: %s again: everything is killed", signal_name(number));
        bool started = !ks_is_none(program->running);
        ks_exit_process(started ? program->running : program->boot, KS_KILL);
    }
}

/* In the mask of this thread, as long as the program runs: no handler is installed. */
static ks_status open_signals(struct program *program)
{
    program->signals = -1;
    if (!program->options.handle_termination) return KS_OK;
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    int error = pthread_sigmask(SIG_BLOCK, &both, &program->old_mask);
    if (error) return -error;
    program->signals = signalfd(-1, &both, SFD_CLOEXEC | SFD_NONBLOCK);
    if (program->signals >= 0) return KS_OK;
    ks_status status = -errno;
    (void)pthread_sigmask(SIG_SETMASK, &program->old_mask, NULL);
    return status;
}

/* Once there is a runtime: its first scheduler hears them. */
static ks_status hear(struct program *program)
{
    struct ksi_io *io = program->io[0];
    if (program->signals < 0) return KS_OK;
    io->on_signals = hear_signals;
    io->signals_arg = program;
    return ksi_poller_set(&io->poller, EPOLL_CTL_ADD, program->signals, EPOLLIN, KSI_IO_SIGNALS);
}

static void close_signals(struct program *program)
{
    if (program->signals < 0) return;
    while (next_signal(program->signals)) {} /* what came late was meant for what has ended */
    close(program->signals);
    (void)pthread_sigmask(SIG_SETMASK, &program->old_mask, NULL);
}

/* --- first run: from the start of root to its end --------------------------------------------- */
enum phase { RUNS, STOPS, KILLED };
struct boot { /* the state of the first process, once root was started */
    struct program *program;
    enum phase phase;
    ks_ms until; /* it stops: a moment */
};

static void stop_scheduler(void *resource)
{
    const struct program *program = resource;
    end_by(program, program->options.stop_timeout); /* of what is left: see sweep() */
    ksi_scheduler_stop(&program->runtime->scheduler);
}

static void last_word(struct program *program, ks_reason reason)
{
    char text[KS_REASON_TEXT_MAX + 64];
    bool clean = ks_is_clean(reason) && reason.code == 0; /* with a code: a supervisor gave up */
    program->status = clean ? KS_OK : KS_EXITED;
    ks_log(clean ? KS_LOG_NOTICE : KS_LOG_ERROR, "kiosk: root '%s' ended: %s", program->name,
        ks_reason_text(reason, text, sizeof text));
}

static void report_progress(const struct boot *self)
{
    ks_log_notice("kiosk: still stopping '%s': %llu processes, %lld s left", self->program->name,
        (unsigned long long)ks_process_count(), (long long)(ks_until(self->until) / MS));
}

static void kill_root(struct boot *self)
{
    self->phase = KILLED;
    ks_log_error("kiosk: root '%s' did not stop within %lld ms: it is killed", self->program->name,
        (long long)self->program->options.stop_timeout);
    ks_exit_process(self->program->running, KS_KILL);
}

static void drain(struct boot *self, int signal)
{
    struct program *program = self->program;
    ks_log_notice("kiosk: %s: stopping; work may be finished for %lld ms", signal_name(signal),
        (long long)program->options.drain_timeout);
    self->phase = STOPS;
    self->until = ks_now() + program->options.stop_timeout;
    end_by(program, program->options.stop_timeout);
    ksi_drain_begin(&program->runtime->scheduler, program->options.drain_timeout);
    ks_ask_to_stop(program->running, KS_SHUTDOWN);
}

static ks_next wait_on(const struct boot *self)
{
    if (self->phase != STOPS) return ks_noreply();
    ks_ms left = ks_until(self->until);
    return ks_after(ks_noreply(), left < PROGRESS ? left : PROGRESS);
}

/* Nobody but root and the signals know us: anything else is dropped. */
static ks_next on_message(const ks_module *module, void *state, const ks_msg *msg)
{
    struct boot *self = state;
    const ksi_termination *ordered = ks_as(ksi_termination, msg);
    if (ordered && self->phase == RUNS) drain(self, ordered->number);
    return wait_on(self);
}

static ks_next on_exited(const ks_module *module, void *state, const ks_exited *exited, bool parent)
{
    const struct boot *self = state;
    if (!ks_same_pid(exited->pid, self->program->running)) return wait_on(self);
    last_word(self->program, exited->reason);
    return ks_stop(KS_NORMAL);
}

static ks_next on_timeout(const ks_module *module, void *state)
{
    struct boot *self = state;
    if (ks_until(self->until) > 0)
        report_progress(self);
    else
        kill_root(self);
    return wait_on(self);
}

static ks_next on_system(const ks_module *module, void *state, ks_reason stop)
{
    return wait_on(state);
}

static const ks_behaviour boot_behaviour = { .version = KS_BEHAVIOUR_VERSION,
    .name = "kiosk",
    .on_message = on_message,
    .on_exit = on_exited,
    .on_timeout = on_timeout,
    .on_system = on_system };
static const ks_module boot_module = { .version = KS_MODULE_VERSION,
    .name = "kiosk",
    .behaviour = &boot_behaviour,
    .state_size = sizeof(struct boot) };

/* Once root was started, without a stack: it can stop root while the thread that it began on is
 * stuck in a handler. */
static void boot(void *arg)
{
    struct program *program = arg;
    ks_set_label("kiosk");
    ks_trap_exit(true);
    (void)ks_own(stop_scheduler, program);
    program->boot = ks_self();
    /* relaxed: a number; who uses it sends a signal */
    ksi_store_relaxed(&program->runtime->boot, program->boot.id);
    program->status = ks_start_link(&program->root, &program->running);
    if (!program->status)
        ks_enter_loop_(&boot_module, &(struct boot){ .program = program }, ks_noreply());
    ks_log_error(
        "kiosk: root '%s' did not start: %s", program->name, ks_status_text(program->status));
}

/* --- second run: nothing is left -------------------------------------------------------------- */
static bool is_left(const struct program *program, const struct ksi_process *p)
{
    return ksi_load_relaxed(&p->in_use) && p != program->runtime->scheduler.current;
}

static void report_left(const struct program *program)
{
    const struct ksi_process_table *table = &program->runtime->processes;
    uint64_t count = 0;
    for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++) {
        const struct ksi_process *p = &table->slots[i];
        char name[KSI_NAME_BYTES];
        if (!is_left(program, p) || ++count > NAMED_MAX) continue;
        bool named = ksi_name_text(&program->runtime->scheduler, p, name, sizeof name);
        ks_log_notice("kiosk: '%s' was left: it is killed", named ? name : p->module->name);
    }
    if (count > NAMED_MAX)
        ks_log_notice(
            "kiosk: %llu more were left: they are killed", (unsigned long long)(count - NAMED_MAX));
}

/* Who has no living parent, the latest first: asked to end, as the parent would. */
static void stop_left(const struct program *program)
{
    struct ksi_scheduler *s = &program->runtime->scheduler;
    const struct ksi_process_table *table = &program->runtime->processes;
    ks_ms until = ks_now() + program->options.stop_timeout;
    for (uint32_t i = ksi_load_acquire(&table->table.used); i-- > 1 && !program->at_once;) {
        const struct ksi_process *p = &table->slots[i];
        if (!is_left(program, p) || ksi_process_of(s, p->parent)) continue;
        (void)ks_stop_process(ksi_pid_of(p), KS_SHUTDOWN, ks_until(until));
    }
}

static void sweep(void *arg)
{
    struct program *program = arg;
    struct ksi_scheduler *s = &program->runtime->scheduler;
    struct ksi_process_table *table = &program->runtime->processes;
    (void)ks_own(stop_scheduler, program);
    end_by(program, program->at_once ? 0 : program->options.stop_timeout);
    if (!program->at_once) stop_left(program);
    report_left(program);
    while (ksi_alive(program->runtime) >
        1) { /* ends: who is killed runs no more than its release hooks */
        for (uint32_t i = 1; i < ksi_load_acquire(&table->table.used); i++) {
            struct ksi_process *p = &table->slots[i];
            if (ksi_load_acquire(&p->in_use) && p != s->current)
                ks_exit_process(ksi_pid_of(p), KS_KILL);
        }
        if (program->threads_started)
            ks_sleep(1);
        else
            ks_yield();
    }
}

/* --- a program -------------------------------------------------------------------------------- */
static bool run(struct program *program, void (*fn)(void *arg))
{
    struct ksi_scheduler *s = &program->runtime->scheduler;
    struct ksi_process *p = ksi_spawn(s, fn, program);
    if (!p) return false;
    ksi_ready(s, p);
    ksi_scheduler_run(s);
    return true;
}

static void *run_thread(void *arg)
{
    ksi_scheduler_serve(arg);
    return NULL;
}

/* The other schedulers; they run until stop_threads(). */
static ks_status start_threads(struct program *program)
{
    struct ksi_runtime *runtime = program->runtime;
    for (uint32_t i = 1; i < runtime->scheduler_count; i++) {
        int error = pthread_create(&program->threads[i], NULL, run_thread, runtime->schedulers[i]);
        if (error) return -error;
        program->threads_started++;
    }
    return KS_OK;
}

static void stop_threads(struct program *program)
{
    for (uint32_t i = 1; i <= program->threads_started; i++) {
        ksi_scheduler_stop(program->runtime->schedulers[i]);
        pthread_join(program->threads[i], NULL);
    }
}

/* Who was given up works on, for as long as an ordered stop may take; after a second signal not. */
static void end_jobs(const struct program *program)
{
    ks_ms timeout = program->at_once ? MS : program->options.stop_timeout;
    uint32_t left = ksi_job_threads_end(program->runtime->jobs, timeout);
    program->runtime->jobs = NULL;
    if (left) ks_log_error("kiosk: blocking work did not end: threads left behind: %u", left);
}

static void end_runtime(struct program *program)
{
    if (program->runtime) end_jobs(program);
    if (program->runtime && program->runtime->contains_faults) ksi_faults_end();
    for (uint32_t i = 0; i < program->options.schedulers; i++)
        if (program->runtime) ksi_io_close_all(program->io[i]);
    if (program->runtime) ksi_runtime_end(program->runtime);
    for (uint32_t i = 0; i < program->options.schedulers; i++) ksi_io_free(program->io[i]);
}

static void run_runtime(struct program *program)
{
    KSI_INSIDE(none); /* between its runs, the monitor leaves the scheduler alone */
    (void)none;
    program->status = start_threads(program);
    if (program->status) {
        stop_threads(program);
        end_runtime(program);
        return;
    }
    program->status =
        ksi_hogs_start(program->runtime, program->options.hog_limit, program->is_main);
    if (program->status)
        ks_log_warning("kiosk: hogs are not looked for: %s", ks_status_text(program->status));
    program->status = KS_EXITED;
    if (!run(program, boot)) program->status = KS_NOMEM;
    if (!run(program, sweep)) { /* what runs on is the operating system's to clear away */
        program->status = KS_NOMEM;
        return;
    }
    ksi_hogs_stop(program->runtime);
    stop_threads(program);
    end_runtime(program);
}

static ks_status make_runtime(struct program *program)
{
    struct ksi_seams seams[KSI_SCHEDULERS_MAX];
    uint32_t count = program->options.schedulers;
    ks_status status = KS_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        status = ksi_io_new(&program->io[i]);
        if (!status) seams[i] = ksi_real_seams(&program->io[i]->poller);
    }
    if (!status) program->runtime = ksi_runtime_new(&program->options, seams, count);
    if (!status && !program->runtime) status = KS_NOMEM;
    if (!status && !program->options.fatal_faults)
        program->runtime->contains_faults = ksi_faults_begin();
    if (!status) {
        program->runtime->jobs = ksi_job_threads_new(
            program->options.blocking_threads, program->options.blocking_queue_max, BLOCKING_IDLE);
        if (!program->runtime->jobs) status = KS_NOMEM;
    }
    if (!status) status = hear(program);
    for (uint32_t i = 0; i < count && !status; i++)
        ksi_io_attach(program->io[i], program->runtime->schedulers[i]);
    if (status) end_runtime(program);
    return status;
}

static uint32_t default_schedulers(void)
{
    const char *text = getenv("KIOSK_SCHEDULERS");
    long count = text ? strtol(text, NULL, 10) : 1;
    return count < 1 ? 1 : (uint32_t)count;
}

static bool default_fatal_faults(void)
{
    const char *text = getenv("KIOSK_FAULTS");
    return text && strcmp(text, "die") == 0;
}

static bool complete(const ks_runtime_options *given, size_t size, ks_runtime_options *ret_options)
{
    ks_runtime_options options = { 0 };
    if (given) memcpy(&options, given, size < sizeof options ? size : sizeof options);
    if (!options.processes_max) options.processes_max = PROCESSES_MAX;
    if (!options.stack_size) options.stack_size = STACK_SIZE;
    if (!options.stop_timeout) options.stop_timeout = STOP_TIMEOUT;
    if (!options.drain_timeout) options.drain_timeout = options.stop_timeout / 3 * 2;
    if (!options.hog_limit) options.hog_limit = HOG_LIMIT;
    if (!options.schedulers) options.schedulers = default_schedulers();
    if (options.schedulers > KSI_SCHEDULERS_MAX) options.schedulers = KSI_SCHEDULERS_MAX;
    if (!options.blocking_threads) options.blocking_threads = BLOCKING_THREADS;
    if (!options.blocking_queue_max) options.blocking_queue_max = BLOCKING_QUEUE;
    if (default_fatal_faults()) options.fatal_faults = true;
    *ret_options = options;
    return options.stop_timeout > 0 && options.drain_timeout > 0;
}

ks_status ks_stop_program(void)
{
    KSI_INSIDE(s);
    uint64_t boot_id = s ? ksi_load_relaxed(&s->runtime->boot) : 0; /* a number, no more */
    if (!boot_id) return KS_DENIED;
    ksi_hogs_end_by(s->runtime, ks_now() + s->runtime->options.stop_timeout);
    return ks_send(ksi_pid(boot_id), ksi_termination, &(ksi_termination){ 0 });
}

static const char *name_of(const ks_child *root)
{
    if (root->name) return root->name;
    return root->id ? root->id : root->module->name;
}

static ks_status run_program(const ks_runtime_options *options, size_t options_size,
    const ks_child *root, size_t size, bool is_main)
{
    struct program program = { .signals = -1, .is_main = is_main };
    if (ksi_this_scheduler) return KS_DENIED; /* it would block the process that calls */
    if (!root || !complete(options, options_size, &program.options)) return KS_BADARG;
    memcpy(&program.root, root, size < sizeof program.root ? size : sizeof program.root);
    if (!program.root.module) return KS_BADARG;
    program.name = name_of(&program.root);
    ksi_log_output_open();
    ks_status status = open_signals(&program);
    if (!status) status = make_runtime(&program);
    if (status)
        ks_log_error(
            "kiosk: there is no runtime for '%s': %s", program.name, ks_status_text(status));
    else
        run_runtime(&program);
    close_signals(&program);
    ksi_log_output_close(LOG_TIMEOUT);
    return status ? status : program.status;
}

ks_status ks_run_(
    const ks_runtime_options *options, size_t options_size, const ks_child *root, size_t size)
{
    return run_program(options, options_size, root, size, false);
}

/* KIOSK_LOG=... for all programs of an environment, --kiosk-log=... for this run. */
static bool configure_log(int argc, char **argv)
{
    static const char option[] = "--kiosk-log=";
    const char *words = getenv("KIOSK_LOG");
    if (words && ks_log_configure(words))
        ks_log_warning(
            "kiosk: KIOSK_LOG='%s' is not understood, and left out: %s", words, LOG_WORDS);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], option, sizeof option - 1) != 0) continue;
        words = argv[i] + sizeof option - 1;
        if (!ks_log_configure(words)) continue;
        ks_log_error("kiosk: %s'%s': %s", option, words, LOG_WORDS);
        return false;
    }
    return true;
}

int ks_main_(int argc, char **argv, const ks_child *root, size_t size)
{
    if (!configure_log(argc, argv)) return 1;
    ks_runtime_options options = { .handle_termination = true };
    ks_status status = run_program(&options, sizeof options, root, size, true);
    return status ? 1 : 0;
}
