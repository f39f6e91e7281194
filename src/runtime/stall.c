/* SPDX-License-Identifier: Apache-2.0 */
/* stall.c - see stall.h.
 *
 * Where the stuck thread is, it says itself: it is sent SIGURG, which nobody hears by default, with
 * a handler that notes the program counter and the frames above it. Only when the program has not
 * taken that signal for itself. The monitor's thread, but for the handler. */
#define _GNU_SOURCE /* dladdr, REG_RIP, tgkill */
#include "runtime/stall.h"
#include "base/base.h"
#include "base/clock.h"
#include "base/futex.h"
#include "base/probe.h"
#include "runtime/log.h"
#include "runtime/scheduler.h"
#include "runtime/signal.h"
#include "runtime/start.h"
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { FRAMES = 16, FIELDS = 7, NS_PER_MS = 1000000, ANSWER_MS = 50 };
#define REPORT_EVERY_NS INT64_C(1000000000)

/* --- where the thread is ---------------------------------------------------------------------- */
static pthread_mutex_t asking =
    PTHREAD_MUTEX_INITIALIZER; /* of what follows: there is one signal */
static uintptr_t frames[FRAMES];
static size_t frame_count;
static uintptr_t stack_low, stack_high;
static _Atomic(uint32_t) answered; /* a futex */

/* Frames by their pointers, as far as there are any: the library and gcc -O0 keep them. */
static void note_frames(uintptr_t pc, uintptr_t frame)
{
    frame_count = 0;
    frames[frame_count++] = pc;
    while (frame_count < FRAMES && frame >= stack_low && frame + 16 <= stack_high &&
        frame % sizeof frame == 0) {
        const uintptr_t *at = (const uintptr_t *)frame;
        frames[frame_count++] = at[1];
        if (at[0] <= frame) break;
        frame = at[0];
    }
}

static void note_place(int signal, siginfo_t *info, void *context)
{
    const ucontext_t *stopped = context;
    (void)signal, (void)info;
#if defined(__x86_64__)
    note_frames((uintptr_t)stopped->uc_mcontext.gregs[REG_RIP],
        (uintptr_t)stopped->uc_mcontext.gregs[REG_RBP]);
#elif defined(__aarch64__)
    note_frames((uintptr_t)stopped->uc_mcontext.pc, (uintptr_t)stopped->uc_mcontext.regs[29]);
#endif
    /* release: the frames; pairs with the acquire in ask_place() */
    ksi_store_release(&answered, 1);
    ksi_futex_wake(&answered);
}

/* In a system call: the kernel knows, and a signal might end it. */
static bool look_up_place(const struct ksi_runner *runner)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)runner->tid);
    FILE *file = fopen(path, "re");
    bool good = file && fgets(text, sizeof text, file) && text[0] != 'r'; /* "running" */
    if (file) fclose(file);
    const char *last = good ? strrchr(text, ' ') : NULL;
    frame_count = 0;
    if (last) frames[frame_count++] = (uintptr_t)strtoull(last, NULL, 16);
    return last != NULL;
}

/* Under the lock. False: there was no answer. */
static bool ask_place(const struct ksi_runner *runner, const struct ksi_stall *stall)
{
    struct sigaction ours = { .sa_sigaction = note_place,
        .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };
    struct sigaction old;
    if (sigaction(SIGURG, NULL, &old)) return false;
    if ((old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_DFL) return false;
    stack_low = stall->stack_low;
    stack_high = stall->stack_high;
    ksi_store_relaxed(&answered, 0); /* the signal comes later */
    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGURG, &ours, NULL)) return false;
    if (syscall(SYS_tgkill, getpid(), runner->tid, SIGURG) == 0)
        (void)ksi_futex_wait(&answered, 0, ANSWER_MS * NS_PER_MS);
    /* acquire: pairs with the release in note_place() */
    bool good = ksi_load_acquire(&answered) == 1;
    ours.sa_flags = 0;
    ours.sa_handler = SIG_DFL;
    (void)sigaction(SIGURG, &ours, NULL); /* one that comes late is ignored */
    return good;
}

/* The innermost frame in the file that the module comes from, else the innermost. */
static uintptr_t frame_of(const ks_module *module)
{
    Dl_info of_module, of_frame;
    if (!dladdr(module, &of_module)) return frames[0];
    for (size_t i = 0; i < frame_count; i++)
        if (dladdr((const void *)frames[i], &of_frame) && of_frame.dli_fbase == of_module.dli_fbase)
            return frames[i];
    return frames[0];
}

/* "in work() at ./demo+0x1234": what addr2line understands. */
static void put_place(char *text, size_t size, uintptr_t at)
{
    Dl_info info;
    if (!dladdr((const void *)at, &info) || !info.dli_fname) return;
    uintptr_t offset = at - (uintptr_t)info.dli_fbase;
    if (info.dli_sname)
        snprintf(text, size, "%s() at %s+0x%" PRIxPTR, info.dli_sname, info.dli_fname, offset);
    else
        snprintf(text, size, "%s+0x%" PRIxPTR, info.dli_fname, offset);
}

/* The thread runs on meanwhile; nobody waits for us. */
static void describe_place(const struct ksi_runner *runner, struct ksi_stall *stall)
{
    pthread_mutex_lock(&asking);
    if (look_up_place(runner) || ask_place(runner, stall))
        put_place(stall->place, sizeof stall->place, frame_of(stall->module));
    pthread_mutex_unlock(&asking);
}

/* --- what it does ----------------------------------------------------------------------------- */
static void describe_operation(const struct ksi_process *p, struct ksi_stall *stall)
{
    const struct ksi_message *m = p->current;
    const char *kind = "a message";
    if (p->flags & KSI_DYING) {
        kind = "what is released with it";
    } else if (p->flags & KSI_TERMINATING) {
        kind = "terminate";
    } else if (p->flags & KSI_STARTING) {
        kind = "init";
    } else if (!m) {
        kind = ksi_is_plain(p) ? "its function" : "a time-out, or a continue";
    } else if (m->public.op) {
        snprintf(stall->operation, sizeof stall->operation, "the %s '%s'",
            m->public.op->kind == KS_OP_CALL ? "call" : "cast", m->public.op->name);
        kind = NULL;
    }
    if (kind) snprintf(stall->operation, sizeof stall->operation, "%s", kind);
    if (m && m->public.type && m->public.body)
        ks_print_(m->public.type, m->public.body, stall->message, sizeof stall->message);
}

static void describe_name(
    struct ksi_scheduler *s, const struct ksi_process *p, struct ksi_stall *stall)
{
    const char *label = p->cold ? ksi_block_text(p->cold->label) : NULL;
    if (ksi_name_text(s, p, stall->name, sizeof stall->name)) return;
    snprintf(stall->name, sizeof stall->name, "%s", label ? label : p->module->name);
}

void ksi_stall_describe(struct ksi_scheduler *s, struct ksi_stall *ret_stall)
{
    *ret_stall = (struct ksi_stall){ .pid = ksi_pid_of(s->current),
        .module = s->current->module,
        .stack_low = (uintptr_t)s->stack->lowest,
        .stack_high = (uintptr_t)s->stack->lowest + s->stack->size };
    describe_name(s, s->current, ret_stall);
    describe_operation(s->current, ret_stall);
}

/* --- the reports ------------------------------------------------------------------------------ */
static void say(
    ks_level level, const char *text, const struct ksi_runner *late, uint64_t unreported)
{
    struct ksi_stall *stall = late->stall;
    describe_place(late, stall);
    ks_log_field fields[FIELDS] = { KS_WITH("process", stall->pid),
        KS_WITH("name", (const char *)stall->name),
        KS_WITH("operation", (const char *)stall->operation),
        KS_WITH("so_far_ms", (ksi_clock_monotonic() - late->late_since_ns) / NS_PER_MS) };
    size_t count = 4;
    if (stall->message[0]) fields[count++] = KS_WITH("message", (const char *)stall->message);
    if (stall->place[0]) fields[count++] = KS_WITH("place", (const char *)stall->place);
    if (unreported) fields[count++] = KS_WITH("not_reported", (int64_t)unreported);
    ks_report_(level, __FILE__, __LINE__, text, fields, count);
}

void ksi_stall_report(struct ksi_hogs *hogs, const struct ksi_runner *late)
{
    int64_t now = ksi_clock_monotonic();
    ksi_probe_stall(late->stall->pid.id, late->stall->module->name, now - late->late_since_ns);
    if (!ks_log_enabled(KS_LOG_WARNING)) return;
    if (hogs->reported_ns && now - hogs->reported_ns < REPORT_EVERY_NS) {
        hogs->unreported++;
        return;
    }
    say(KS_LOG_WARNING, "a handler keeps its thread: the others go on without it", late,
        hogs->unreported);
    hogs->reported_ns = now;
    hogs->unreported = 0;
}

void ksi_stall_overdue(const struct ksi_hogs *hogs, const struct ksi_runner *late)
{
    say(KS_LOG_CRITICAL,
        hogs->ends_program ? "a handler does not return: the program ends without it"
                           : "a handler does not return: ks_run waits for it",
        late, 0);
}

void ksi_stall_still(const struct ksi_hogs *hogs, uint32_t scheduler)
{
    ks_log(KS_LOG_CRITICAL, "scheduler %u is in one turn that does not end: %s", scheduler,
        hogs->ends_program ? "the program ends without it" : "ks_run waits for it");
}
