/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c - see fault.h.
 *
 *     fault -> on_fault, on the thread's stack for signals: is it contained?
 *         yes: the saved pc and sp are changed, and it returns; the kernel restores the mask, and
 *              land() runs on the stack of the fault, below it: as if the instruction at fault had
 *              been a call of ks_exit. Of a full stack the end is used again.
 *         no:  a report; then who was there before us, at last the default: the instruction runs
 *              again, and faults for good, with a core file that shows where
 *
 * Contained is what happens in the program's own text, in a handler, with nothing but the program's
 * and our own frames below it: a frame of a library might hold a lock, and is never dropped. */
#define _GNU_SOURCE /* the registers of a ucontext_t */
#include "runtime/fault.h"
#include "base/base.h"
#include <errno.h>
#include <inttypes.h>
#include <kiosk/log.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { SIGNAL_STACK = 64 << 10, LANDING = 32 << 10, RED_ZONE = 256, MARGIN = 16 << 10 };

/* There when the program, not this library, was compiled with a sanitizer. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

/* What a thread that runs schedulers has; it stands at the top of its memory, above the stack for
 * signals. */
struct ksi_fault_thread {
    struct ksi_fault_thread *outer; /* of the runtime that the thread was in before */
    stack_t stack, old_stack;
    char *memory;
    size_t size;
    bool busy; /* the handler runs */
    struct ksi_fault fault;
    uintptr_t control; /* of floating point, as the thread had it */
};
static _Thread_local struct ksi_fault_thread *mine __attribute__((tls_model("initial-exec")));

/* Written before the handlers are installed. */
static struct ksi_image image;
static pid_t owner;

/* --- registers -------------------------------------------------------------------------------- */
#if defined(__x86_64__)
static void read_registers(const ucontext_t *context, struct ksi_registers *ret_registers)
{
    static const int order[KSI_REGISTERS - 1] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI,
        REG_RDI, REG_RBP, REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
        REG_R15 };
    const greg_t *saved = context->uc_mcontext.gregs;
    for (int i = 0; i < KSI_REGISTERS - 1; i++)
        ret_registers->value[i] = (uintptr_t)saved[order[i]];
    ret_registers->pc = ret_registers->value[KSI_REGISTERS - 1] = (uintptr_t)saved[REG_RIP];
}

/* Back to the call by which we came here, without its return address. */
static bool undo_call(struct ksi_registers *registers, uintptr_t lowest, uintptr_t top)
{
    uintptr_t *sp = &registers->value[KSI_REGISTER_SP];
    if (*sp % sizeof *sp || *sp < lowest || *sp >= top) return false;
    registers->pc = *(const uintptr_t *)*sp - 1;
    *sp += sizeof *sp;
    return true;
}

/* As after a call, with a return address that ends backtraces. */
static void go_on_at(ucontext_t *context, void (*fn)(void), uintptr_t top)
{
    enum { DIRECTION = 0x400, ALIGNMENT_CHECK = 0x40000 };
    greg_t *saved = context->uc_mcontext.gregs;
    uintptr_t *sp = (uintptr_t *)(top & ~(uintptr_t)15) - 1;
    *sp = 0;
    saved[REG_RSP] = (greg_t)(uintptr_t)sp;
    saved[REG_RBP] = 0;
    saved[REG_RIP] = (greg_t)(uintptr_t)fn;
    saved[REG_EFL] &= ~(greg_t)(DIRECTION | ALIGNMENT_CHECK);
}

static uintptr_t floating_control(void)
{
    uint16_t x87;
    uint32_t sse;
    __asm__ volatile("fnstcw %0\n\tstmxcsr %1" : "=m"(x87), "=m"(sse));
    return (uintptr_t)sse << 16 | x87;
}

static void set_floating_control(uintptr_t control)
{
    uint16_t x87 = (uint16_t)control;
    uint32_t sse = (uint32_t)(control >> 16);
    __asm__ volatile("fninit\n\tfldcw %0\n\tldmxcsr %1" : : "m"(x87), "m"(sse));
}
#else
static void read_registers(const ucontext_t *context, struct ksi_registers *ret_registers)
{
    const mcontext_t *saved = &context->uc_mcontext;
    for (int i = 0; i < KSI_REGISTER_SP; i++) ret_registers->value[i] = saved->regs[i];
    ret_registers->value[KSI_REGISTER_SP] = saved->sp;
    ret_registers->pc = saved->pc;
}

static bool undo_call(struct ksi_registers *registers, uintptr_t lowest, uintptr_t top)
{
    enum { LINK = 30 };
    registers->pc = registers->value[LINK] - 1;
    return true;
}

static void go_on_at(ucontext_t *context, void (*fn)(void), uintptr_t top)
{
    mcontext_t *saved = &context->uc_mcontext;
    saved->sp = top & ~(uintptr_t)15;
    saved->regs[29] = saved->regs[30] = 0;
    saved->pc = (uintptr_t)fn;
}

static uintptr_t floating_control(void)
{
    uintptr_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
}

static void set_floating_control(uintptr_t control)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
}
#endif

/* --- landing ---------------------------------------------------------------------------------- */
/* "SIGSEGV at 0x0, program +0x1234, in 'shard', handler of 'get'"
 * "in 'shard', handler of 'get', stack of 256 KiB" */
static void say_where(
    const struct ksi_fault *fault, const struct ksi_scheduler *s, char *text, size_t size)
{
    const char *kind, *what = ksi_fault_doing(s->current, &kind);
    char place[96], at[32] = "";
    snprintf(place, sizeof place, "in '%.32s'%s%s%s%.32s%s", s->current->module->name,
        kind ? ", " : "", kind ? kind : "", what ? " '" : "", what ? what : "", what ? "'" : "");
    if (fault->number == SIGSEGV || fault->number == SIGBUS)
        snprintf(at, sizeof at, " at 0x%" PRIxPTR, fault->address);
    if (fault->overflows)
        snprintf(text, size, "%s, stack of %zu KiB", place, s->stack->home->size >> 10);
    else
        snprintf(text, size, "%s%s, program +0x%" PRIxPTR ", %s", ksi_fault_name(fault->number), at,
            fault->code - image.program.base, place);
}

/* A late thread waits here until it has its scheduler again; another process of its may fault
 * meanwhile. */
static void land(void)
{
    struct ksi_fault fault = mine->fault;
    set_floating_control(mine->control);
    ksi_come_in();
    struct ksi_scheduler *s = ksi_this_scheduler;
    struct ksi_process *p = s->current;
    char text[2 * KS_REASON_TEXT_MAX], whole[4 * KS_REASON_TEXT_MAX];
    say_where(&fault, s, text, sizeof text);
    ks_reason reason = { .kind = KS_REASON_FAULT, .code = fault.number, .text = text };
    if (fault.overflows) {
        reason = (ks_reason){ KS_REASON_STATUS, KS_STACK_OVERFLOW, text };
        s->deep = s->stack;
    }
    if (p->flags & (KSI_EXITING | KSI_FORMATTING)) /* where this is not the reason of its end */
        ks_log_error("kiosk: %s", ks_reason_text(reason, whole, sizeof whole));
    ks_exit(reason);
}

void ksi_faults_trim(struct ksi_scheduler *s)
{
    enum { KEPT = 16 << 10 };
    struct ksi_stack *stack = s->deep;
    s->deep = NULL;
    if (!stack->fresh || stack->size <= KEPT) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t end = ((uintptr_t)stack - KEPT) & ~(page - 1);
    (void)madvise(stack->lowest, end - (uintptr_t)stack->lowest, MADV_DONTNEED);
}

/* --- is it contained? ------------------------------------------------------------------------- */
/* Of a call of a NULL pointer the caller is to blame: it is as if he had not called. */
static void blame(struct ksi_fault *fault, const struct ksi_stack *stack)
{
    enum { NOWHERE = 4096 };
    struct ksi_registers caller = fault->registers;
    if (fault->number == SIGSEGV && caller.pc < NOWHERE && fault->address == caller.pc &&
        undo_call(&caller, (uintptr_t)stack->lowest, (uintptr_t)stack))
        fault->registers = caller;
    fault->code = fault->registers.pc;
}

/* What lies below the stack was touched by who stands near its end. With sp far from there it is a
 * wild pointer like any other. */
static bool overflows(const struct ksi_fault *fault, const struct ksi_stack *stack)
{
    uintptr_t lowest = (uintptr_t)stack->lowest;
    if (fault->number != SIGSEGV && fault->number != SIGBUS) return false;
    return fault->address < lowest && fault->address >= lowest - stack->home->guard_size &&
        fault->registers.value[KSI_REGISTER_SP] < lowest + MARGIN;
}

static const char *why_not_walked(const struct ksi_fault *fault, const struct ksi_stack *stack)
{
    enum ksi_walk walk =
        ksi_unwind(&image, fault->registers, (uintptr_t)stack->lowest, (uintptr_t)stack);
    if (walk == KSI_WALK_OWN) return NULL;
    return walk == KSI_WALK_FOREIGN
        ? "a function of a library is among the callers, and may hold a lock"
        : "its callers cannot be told: the program has no unwind tables, or the stack is broken";
}

/* Who faults, and where he stands. */
struct place {
    struct ksi_process *process; /* NULL: nobody that is known */
    struct ksi_stack *stack;     /* NULL: none of ours */
    bool inside;
};

/* The thread is inside from now on. Of a late one the scheduler runs other processes. */
static struct place find_place(bool was_inside)
{
    struct ksi_thread *thread = &ksi_this_thread;
    struct place place = { .inside = was_inside };
    uint32_t word = KSI_ASKED;
    /* acq_rel: as in ksi_regain() */
    bool has = ksi_cas_acq_rel(&thread->word, &word, KSI_HAS) || word == KSI_HAS;
    if (has) {
        place.process = thread->scheduler->current;
        place.stack = thread->scheduler->stack;
    } else if (!was_inside) {
        struct ksi_runner *me = thread->runner;
        /* acquire: who we are; pairs with the release in ksi_runner_is_late(). It ends: the monitor
         * has our scheduler, and is about to say so. */
        while (ksi_load_acquire(&me->state) != KSI_RUNNER_LATE) sched_yield();
        place.process = me->process;
        place.stack = me->stack;
    }
    if (place.stack && !place.stack->home) place.stack = NULL;
    return place;
}

static const char inside[] = "it is inside of the library";

/* It is on a stack of ours. NULL: it is contained. */
static const char *why_not(
    const struct ksi_fault *fault, const siginfo_t *info, const struct place *place)
{
    if (place->inside || !place->process) return inside;
    if (!image.libc_apart) return "libc is a part of the program, where its frames cannot be told";
    if (fault->number == SIGBUS &&
        (info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO))
        return "memory has failed";
    if (!ksi_object_has(&image.program, fault->code)) return "the code is not the program's own";
    return why_not_walked(fault, place->stack);
}

/* Below everything that is in use, but on a full stack, where the innermost frames give way. */
static uintptr_t landing_on(const struct ksi_fault *fault, const struct ksi_stack *stack)
{
    uintptr_t sp = fault->registers.value[KSI_REGISTER_SP] - RED_ZONE;
    uintptr_t least = (uintptr_t)stack->lowest + LANDING;
    return sp > least ? sp : least;
}

static uint32_t come_in(void)
{
    uint32_t was_inside = ksi_load_relaxed(&ksi_this_thread.inside); /* only we write it */
    ksi_store_relaxed(&ksi_this_thread.inside, 1);                   /* as in ksi_come_in() */
    ksi_compiler_barrier();
    return was_inside;
}

/* True: it is contained, and land() is what the thread goes on with, inside. */
static bool contain(struct ksi_fault_thread *thread, int number, const siginfo_t *info,
    ucontext_t *context, bool report)
{
    uint32_t was_inside = come_in();
    struct place place = find_place(was_inside);
    struct ksi_fault *fault = &thread->fault;
    *fault = (struct ksi_fault){ .number = number, .address = (uintptr_t)info->si_addr };
    read_registers(context, &fault->registers);
    fault->code = fault->registers.pc;
    if (place.stack) {
        fault->overflows = overflows(fault, place.stack);
        blame(fault, place.stack);
    }
    const char *why = place.stack ? why_not(fault, info, &place) : inside;
    if (!why) {
        go_on_at(context, land, landing_on(fault, place.stack));
        return true;
    }
    if (report) ksi_fault_report(fault, &image.program, place.process, why);
    ksi_store_release(&ksi_this_thread.inside, was_inside); /* release: as in ksi_go_out() */
    return false;
}

/* --- who was there before --------------------------------------------------------------------- */
static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static struct sigaction previous[KSI_COUNT_OF(numbers)];
static struct {
    pthread_mutex_t lock; /* of users, and of what is installed */
    int users;
    bool buried[KSI_COUNT_OF(numbers)]; /* somebody came over us, and calls us: we stay */
} installed = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t index_of(int number)
{
    size_t i = 0;
    while (numbers[i] != number) i++;
    return i;
}

static struct sigaction *previous_of(int number) { return &previous[index_of(number)]; }

static bool has_function(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) ||
        (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

/* A fault happens again when we return, and ends the program where it is; a sent one does not. */
static void leave_to_default(int number, const siginfo_t *info)
{
    bool sent = info->si_code <= 0;
    if (sent && previous_of(number)->sa_handler == SIG_IGN) return;
    signal(number, SIG_DFL);
    if (sent) raise(number);
}

/* As if it had been called by the kernel; which restores the mask when we return. */
static void call_previous(
    const struct sigaction *action, int number, siginfo_t *info, void *context)
{
    sigset_t itself;
    sigemptyset(&itself);
    sigaddset(&itself, number);
    pthread_sigmask(SIG_BLOCK, &action->sa_mask, NULL);
    if (action->sa_flags & SA_NODEFER) pthread_sigmask(SIG_UNBLOCK, &itself, NULL);
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
}

static void chain(int number, siginfo_t *info, void *context)
{
    struct sigaction action = *previous_of(number);
    if (!has_function(&action)) {
        leave_to_default(number, info);
        return;
    }
    if ((unsigned)action.sa_flags & SA_RESETHAND)
        *previous_of(number) = (struct sigaction){ .sa_handler = SIG_DFL };
    call_previous(&action, number, info, context);
}

/* --- the handler ------------------------------------------------------------------------------ */
/* Ours is what a scheduler's thread does by itself: not what somebody sent, not in a child that the
 * program forked. With a handler before us it is his to report. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    struct ksi_fault_thread *thread = mine;
    int kept = errno;
    bool contained = false;
    if (thread && !thread->busy && info->si_code > 0 && getpid() == owner) {
        thread->busy = true;
        contained = contain(thread, number, info, context, !has_function(previous_of(number)));
        thread->busy = false;
    }
    if (!contained) chain(number, info, context);
    errno = kept;
}

static bool is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_fault;
}

static void install(int number)
{
    struct sigaction ours = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK }, now;
    sigemptyset(&ours.sa_mask);
    if (installed.buried[index_of(number)]) return;
    if (sigaction(number, NULL, &now)) return;
    *previous_of(number) = now;
    (void)sigaction(number, &ours, NULL);
}

/* Who has come since then may have us as his previous one, for ever: not to be called by whom we
 * call, we do not come again. */
static void uninstall(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now)) return;
    installed.buried[index_of(number)] = !is_ours(&now);
    if (is_ours(&now)) (void)sigaction(number, previous_of(number), NULL);
}

/* Theirs are the handlers, and the shadows of stacks that are left. */
static bool is_sanitized(void) { return KSI_SANITIZED || __asan_init || __tsan_init; }

bool ksi_faults_begin(void)
{
    if (is_sanitized()) return false;
    pthread_mutex_lock(&installed.lock);
    owner = getpid();
    if (installed.users++ == 0) {
        ksi_image_look(&image);
        for (size_t i = 0; i < KSI_COUNT_OF(numbers); i++) install(numbers[i]);
    }
    pthread_mutex_unlock(&installed.lock);
    return true;
}

void ksi_faults_end(void)
{
    pthread_mutex_lock(&installed.lock);
    if (--installed.users == 0)
        for (size_t i = 0; i < KSI_COUNT_OF(numbers); i++) uninstall(numbers[i]);
    pthread_mutex_unlock(&installed.lock);
}

/* --- threads ---------------------------------------------------------------------------------- */
static struct ksi_fault_thread *new_thread(void)
{
    size_t guard = (size_t)sysconf(_SC_PAGESIZE), size = guard + SIGNAL_STACK;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    (void)mprotect(memory, guard, PROT_NONE); /* without it there is less to be seen, no more */
    size_t top = (sizeof(struct ksi_fault_thread) + 63) / 64 * 64;
    struct ksi_fault_thread *thread = (struct ksi_fault_thread *)(void *)(memory + size - top);
    *thread = (struct ksi_fault_thread){ .memory = memory, .size = size };
    thread->stack = (stack_t){ .ss_sp = memory + guard, .ss_size = SIGNAL_STACK - top };
    return thread;
}

struct ksi_fault_thread *ksi_faults_enter(struct ksi_scheduler *s)
{
    if (!s->runtime->contains_faults) return NULL;
    struct ksi_fault_thread *thread = s->faults ? s->faults : new_thread();
    if (!thread) return NULL;
    s->faults = NULL;
    thread->outer = mine;
    thread->control = floating_control();
    (void)sigaltstack(&thread->stack, &thread->old_stack);
    mine = thread;
    return thread;
}

/* A host comes back very soon. */
void ksi_faults_leave(struct ksi_scheduler *s, struct ksi_fault_thread *thread)
{
    if (!thread) return;
    mine = thread->outer;
    (void)sigaltstack(&thread->old_stack, NULL);
    if (s->hosted)
        s->faults = thread;
    else
        munmap(thread->memory, thread->size);
}
