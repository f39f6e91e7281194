/* SPDX-License-Identifier: Apache-2.0 */
/* fault_test - a fault ends the process that it happens in, and nobody else hears of it but those
 * who asked to. */
#include "runtime/faulty.h"
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- a server that faults where it is told to, and one that does not -------------------------- */
enum place { IN_HANDLER, IN_INIT, IN_TERMINATE, IN_CONTINUE, IN_TIMEOUT, IN_FORMAT };
typedef struct diver_args {
    int32_t place;
} diver_args;
KS_TYPE(diver_args, place);
KS_MODULE(diver, diver_args);
KS_CALL(diver, dive, ks_int, ks_int);
KS_CAST(diver, sink, ks_text);
KS_CALL(diver, trip, ks_int, void);
struct diver {
    enum place place;
};

static ks_next diver_init(diver *self, const diver_args *args)
{
    self->place = (enum place)args->place;
    if (self->place == IN_INIT) overflow();
    if (self->place == IN_CONTINUE) return ks_continue(ks_ok(), 1);
    return self->place == IN_TIMEOUT ? ks_after(ks_ok(), 1) : ks_ok();
}
static ks_next diver_handle_dive(diver *self, const ks_int *request, ks_int *reply)
{
    overflow();
    return ks_reply();
}
static ks_next diver_handle_sink(diver *self, const ks_text *request)
{
    overflow();
    return ks_noreply();
}
static ks_next diver_handle_trip(diver *self, const ks_int *request)
{
    static void (*const ways[])(void) = { store_nowhere, call_nowhere, divide, trap };
    ways[*request]();
    return ks_reply();
}
static ks_next diver_handle_continue(diver *self, int what)
{
    overflow();
    return ks_noreply();
}
static ks_next diver_handle_timeout(diver *self)
{
    overflow();
    return ks_noreply();
}
static void diver_terminate(diver *self, ks_reason why)
{
    if (self->place == IN_TERMINATE) overflow();
}
static void diver_format_status(const diver *self, char *buffer, size_t size)
{
    if (self->place == IN_FORMAT) overflow();
}
KS_GEN_SERVER(diver, .init = diver_init, .handle_continue = diver_handle_continue,
    .handle_timeout = diver_handle_timeout, .terminate = diver_terminate,
    .format_status = diver_format_status, .ops = KS_OPS(diver, dive, sink, trip));

KS_MODULE(bystander, void);
KS_CALL(bystander, count, void, ks_int);
struct bystander {
    int64_t count;
};
static ks_next bystander_handle_count(bystander *self, ks_int *reply)
{
    *reply = ++self->count;
    return ks_reply();
}
KS_GEN_SERVER(bystander, .ops = KS_OPS(bystander, count));

static ks_pid start_with(size_t stack_size, enum place place, ks_ref *ret_monitor)
{
    ks_pid pid;
    ks_child row = *KS_CHILD(diver, .place = (int32_t)place);
    row.stack_size = stack_size;
    ck_assert_int_eq(ks_start_monitor(&row, &pid, ret_monitor), KS_OK);
    return pid;
}

static ks_status dive(ks_pid pid)
{
    ks_int number = 42, reply;
    return diver_call_dive(pid, &number, &reply, 10000);
}

/* --- stack overflow --------------------------------------------------------------------------- */
static void a_handler_overflows(void)
{
    ks_pid other;
    ks_ref monitor;
    ks_int count;
    forget_log();
    ck_assert_int_eq(ks_start(KS_CHILD(bystander), &other), KS_OK);
    ks_pid pid = start_with(0, IN_HANDLER, &monitor);
    ck_assert_int_eq(dive(pid), KS_NOPROC);
    ck_overflowed(monitor);
    ck_assert(log_has("stack_overflow: in 'diver', handler of 'dive', stack of 256 KiB"));
    ck_assert(log_has("while handling: call dive"));
    ck_assert(log_has("message: 42"));
    ck_assert_int_eq(bystander_call_count(other, &count, 1000), KS_OK);
    ck_assert_int_eq(count, 1);
    const ks_text text = ks_str("deep");
    pid = start_with(0, IN_HANDLER, &monitor);
    ck_assert_int_eq(diver_cast_sink(pid, &text), KS_OK);
    ck_overflowed(monitor);
    ck_assert_int_eq(bystander_call_count(other, &count, 1000), KS_OK);
}
SCENARIO(a_handler_overflows)

/* The stacks that were full are used again, and end where they did. */
static void many_overflow_one_after_the_other(void)
{
    ks_ref monitor;
    ck_assert_int_eq(dive(start_with(0, IN_HANDLER, &monitor)), KS_NOPROC);
    size_t stacks = ksi_this_scheduler->runner->stacks.count;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(dive(start_with(0, IN_HANDLER, &monitor)), KS_NOPROC);
        ck_overflowed(monitor);
    }
    ck_assert_uint_eq(ksi_this_scheduler->runner->stacks.count, stacks);
}
SCENARIO(many_overflow_one_after_the_other)

static void plain_overflow(void *arg) { overflow(); }
static void overflow_later(void *arg)
{
    ks_sleep(1);
    overflow();
}

static void a_plain_process_overflows(void)
{
    ks_ref monitor;
    forget_log();
    ks_spawn_monitor(plain_overflow, NULL, &monitor);
    ck_overflowed(monitor);
    ks_spawn_monitor(overflow_later, NULL, &monitor);
    ck_overflowed(monitor);
    ck_assert(log_has("stack_overflow: in 'process'"));
}
SCENARIO(a_plain_process_overflows)

static void stacks_of_other_sizes_overflow(void)
{
    const struct {
        size_t size;
        const char *text;
    } sizes[] = { { 64 << 10, "stack of 64 KiB" }, { 1 << 20, "stack of 1024 KiB" },
        { 8 << 20, "stack of 8192 KiB" } };
    for (int i = 0; i < 3; i++) {
        ks_ref monitor;
        forget_log();
        ks_pid pid = start_with(sizes[i].size, IN_HANDLER, &monitor);
        ck_assert_int_eq(dive(pid), KS_NOPROC);
        ck_overflowed(monitor);
        ck_assert(log_has(sizes[i].text));
        ck_assert_int_eq(dive(start_with(sizes[i].size, IN_HANDLER, &monitor)), KS_NOPROC);
    }
}
SCENARIO(stacks_of_other_sizes_overflow)

static size_t resident_pages(char *start, size_t size)
{
    static unsigned char pages[4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    ck_assert_uint_le(size / page, sizeof pages);
    ck_assert_int_eq(mincore(start, size / page * page, pages), 0);
    for (size_t i = 0; i < size / page; i++) count += pages[i] & 1;
    return count;
}

/* 8 MiB were touched. */
static void the_memory_of_a_full_stack_goes_back(void)
{
    ks_ref monitor;
    ck_assert_int_eq(dive(start_with(8 << 20, IN_HANDLER, &monitor)), KS_NOPROC);
    ck_overflowed(monitor);
    struct ksi_stacks *stacks = &ksi_this_scheduler->runner->apart[KSI_STACK_CLASSES - 1];
    ck_assert_ptr_nonnull(stacks->free);
    ck_assert_uint_le(resident_pages(stacks->free->lowest, stacks->free->size), 16);
}
SCENARIO(the_memory_of_a_full_stack_goes_back)

/* --- elsewhere than in a handler -------------------------------------------------------------- */
static void init_overflows(void)
{
    ks_pid pid;
    forget_log();
    ck_assert_int_eq(ks_start(KS_CHILD(diver, .place = IN_INIT), &pid), KS_EXITED);
    ck_assert(log_has("stack_overflow: in 'diver', init"));
}
SCENARIO(init_overflows)

static void other_callbacks_overflow(void)
{
    ks_ref monitor;
    start_with(0, IN_CONTINUE, &monitor);
    ck_overflowed(monitor);
    start_with(0, IN_TIMEOUT, &monitor);
    ck_overflowed(monitor);
    forget_log();
    ks_pid pid = start_with(0, IN_TERMINATE, &monitor);
    ck_assert_int_eq(ks_stop_process(pid, KS_NORMAL, 1000), KS_EXITED);
    ck_overflowed(monitor);
    ck_assert(log_has("stack_overflow: in 'diver', terminate"));
}
SCENARIO(other_callbacks_overflow)

/* As when it ends by ks_exit: who asked hears of it, the server lives. */
static void a_formatter_overflows(void)
{
    ks_ref monitor;
    char text[100];
    forget_log();
    ks_pid pid = start_with(0, IN_FORMAT, &monitor);
    ck_assert_int_eq(ks_format_status(pid, text, sizeof text, 1000), KS_EXITED);
    ck_assert(ks_is_alive(pid));
    ck_assert(log_has("stack_overflow: in 'diver'"));
    ck_assert_int_eq(dive(pid), KS_NOPROC); /* which formats it for the report */
    ck_overflowed(monitor);
    ck_assert(log_has("handler of 'dive'"));
}
SCENARIO(a_formatter_overflows)

static int released;
static void release(void *resource) { released++; }
static void overflow_in_release(void *resource)
{
    released++;
    overflow();
}
static void store_in_release(void *resource)
{
    released++;
    store_nowhere();
}
static void owner(void *arg)
{
    ks_own(release, NULL);
    ks_own(store_in_release, NULL);
    ks_own(release, NULL);
    ks_own(overflow_in_release, NULL);
    ks_own(release, NULL);
    ks_sleep(KS_INFINITY);
}

/* The reason of the end stands; the others are released. */
static void release_hooks_overflow(void)
{
    ks_ref monitor;
    forget_log();
    ks_pid pid = ks_spawn_monitor(owner, NULL, &monitor);
    ks_yield();
    ks_exit_process(pid, KS_KILL);
    ck_assert_int_eq(reason_of(monitor).kind, KS_REASON_KILLED);
    ck_assert_int_eq(released, 5);
    ck_assert(log_has("stack_overflow: in 'process', a release hook"));
    ck_assert(log_has("fault 11: SIGSEGV at 0x0"));
}
SCENARIO(release_hooks_overflow)

static void owner_that_overflows(void *arg)
{
    int here = 1;
    ks_own(release, NULL);
    ks_defer(release, &here);
    overflow();
}
static void defers_an_overflow(void *arg) { ks_defer(plain_overflow, NULL); }

static void what_it_owned_is_released(void)
{
    ks_ref monitor;
    released = 0;
    ks_spawn_monitor(owner_that_overflows, NULL, &monitor);
    ck_overflowed(monitor);
    ck_assert_int_eq(released, 2);
    ks_spawn_monitor(defers_an_overflow, NULL, &monitor);
    (void)reason_of(monitor);
}
SCENARIO(what_it_owned_is_released)

/* --- other faults ----------------------------------------------------------------------------- */
static void faults_of_all_kinds(void)
{
    static const int numbers[] = { SIGSEGV, SIGSEGV, SIGFPE, SIGILL };
    for (ks_int way = 0; way < 4; way++) {
#if !defined(__x86_64__)
        if (way > 1) break; /* its division gives 0, its trap is another signal */
#endif
        ks_ref monitor;
        forget_log();
        ks_pid pid = start_with(0, IN_HANDLER, &monitor);
        ck_assert_int_eq(diver_call_trip(pid, &way, 1000), KS_NOPROC);
        ck_faulted(monitor, numbers[way]);
        ck_assert(log_has("in 'diver', handler of 'trip'"));
        ck_assert(log_has("program +0x"));
        ck_assert(log_has("fault "));
    }
}
SCENARIO(faults_of_all_kinds)

static void child_main(const void *args)
{
    ks_sleep(1);
    store_nowhere();
}
static const ks_module child_module = { .version = KS_MODULE_VERSION,
    .name = "child",
    .behaviour = &ks_process_behaviour,
    .main = child_main };
KS_SUPERVISOR(nurse, .max_restarts = 3, .max_seconds = 100,
    .children = KS_CHILDREN({ .module = &child_module }));

/* Its intensity, and no more, is what stops it. */
static void a_supervisor_restarts_it(void)
{
    ks_pid pid;
    ks_ref monitor;
    forget_log();
    ck_assert_int_eq(ks_start_monitor(KS_CHILD(nurse), &pid, &monitor), KS_OK);
    ck_assert_int_eq(reason_of(monitor).kind, KS_REASON_SHUTDOWN);
    ck_assert(log_has("restarting (3 of 3"));
}
SCENARIO(a_supervisor_restarts_it)

#if defined(__x86_64__)
static uint32_t control_word(void)
{
    uint32_t control;
    __asm__ volatile("stmxcsr %0" : "=m"(control));
    return control;
}
static void spoil_and_fault(void *arg)
{
    uint32_t control = control_word() | 0x6000; /* rounds towards zero */
    __asm__ volatile("ldmxcsr %0\n\tfldpi\n\tfldpi\n\tstd" : : "m"(control));
    store_nowhere();
}

/* What a process did to the processor ends with it. */
static void the_processor_is_as_before(void)
{
    ks_ref monitor;
    uint32_t before = control_word();
    ks_spawn_monitor(spoil_and_fault, NULL, &monitor);
    ck_faulted(monitor, SIGSEGV);
    ck_assert_uint_eq(control_word() & 0xffc0, before & 0xffc0);
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    ck_assert_uint_eq(flags & 0x400, 0);
}
#else
static void the_processor_is_as_before(void) {}
#endif
SCENARIO(the_processor_is_as_before)

/* --- hogs: the scheduler is another thread's when they fault ---------------------------------- */
/* Hangs for ever, unless the others go on without it. */
static int ends[2]; /* a pipe */
static void hog(void)
{
    char byte;
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
}
static void hog_and_overflow(void *arg)
{
    hog();
    overflow();
}
static void hog_and_store(void *arg)
{
    hog();
    store_nowhere();
}
static void hog_with_a_hook(void *arg)
{
    ks_own(overflow_in_release, NULL);
    hog_and_store(arg);
}

/* Lets them go on: a server, since whoever has a stack may have it on one of their threads. */
typedef struct rescuer_args {
    int32_t count;
    ks_pid kills; /* before that */
} rescuer_args;
KS_TYPE(rescuer_args, count, kills);
KS_MODULE(rescuer, rescuer_args);
struct rescuer {
    rescuer_args args;
};
static ks_next rescuer_init(rescuer *self, const rescuer_args *args)
{
    self->args = *args;
    return ks_after(ks_ok(), 1);
}
static ks_next rescuer_handle_timeout(rescuer *self)
{
    if (!ks_is_none(self->args.kills)) ks_exit_process(self->args.kills, KS_KILL);
    for (int i = 0; i < self->args.count; i++) ck_assert_int_eq(write(ends[1], "", 1), 1);
    return ks_stop(KS_NORMAL);
}
KS_GEN_SERVER(rescuer, .init = rescuer_init, .handle_timeout = rescuer_handle_timeout);

static void hogs_fault(void)
{
    enum { COUNT = 6 };
    void (*const ways[])(void *arg) = { hog_and_overflow, hog_and_store, hog_with_a_hook };
    ks_ref monitors[COUNT];
    ks_pid pid;
    forget_log();
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(ks_start(KS_CHILD(rescuer, .count = COUNT), &pid), KS_OK);
    for (int i = 0; i < COUNT; i++) ks_spawn_monitor(ways[i % 3], NULL, &monitors[i]);
    for (int i = 0; i < COUNT; i++)
        if (i % 3 == 0)
            ck_overflowed(monitors[i]);
        else
            ck_faulted(monitors[i], SIGSEGV);
    ck_assert(log_has("keeps its thread"));
    close(ends[0]);
    close(ends[1]);
}
SCENARIO(hogs_fault)

/* It ends by what came first. */
static void a_hog_is_killed_and_faults(void)
{
    ks_ref monitor;
    ks_pid pid;
    ck_assert_int_eq(pipe(ends), 0);
    ks_pid killed = ks_spawn_monitor(hog_and_store, NULL, &monitor);
    ck_assert_int_eq(ks_start(KS_CHILD(rescuer, .count = 1, .kills = killed), &pid), KS_OK);
    ck_assert_int_eq(reason_of(monitor).kind, KS_REASON_KILLED);
    close(ends[0]);
    close(ends[1]);
}
SCENARIO(a_hog_is_killed_and_faults)

/* --- several schedulers ----------------------------------------------------------------------- */
static void divers_everywhere(void)
{
    enum { COUNT = 64 };
    ks_ref monitors[COUNT];
    ks_pid other;
    ck_assert_int_eq(ks_start(KS_CHILD(bystander), &other), KS_OK);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < COUNT; i++)
            ks_spawn_monitor(i % 2 ? plain_overflow : overflow_later, NULL, &monitors[i]);
        for (int i = 0; i < COUNT; i++) ck_overflowed(monitors[i]);
        ks_int count;
        ck_assert_int_eq(bystander_call_count(other, &count, 10000), KS_OK);
        ck_assert_int_eq(count, round + 1);
    }
}

START_TEST(several_schedulers)
{
    const ks_runtime_options options = { .schedulers = 2 };
    ck_assert_int_eq(run(&options, divers_everywhere), KS_OK);
}
END_TEST

int main(void)
{
    if (KSI_SANITIZED) return 77;
    const TTest *const tests[] = { a_handler_overflows_test, many_overflow_one_after_the_other_test,
        a_plain_process_overflows_test, stacks_of_other_sizes_overflow_test,
        the_memory_of_a_full_stack_goes_back_test, init_overflows_test,
        other_callbacks_overflow_test, a_formatter_overflows_test, release_hooks_overflow_test,
        what_it_owned_is_released_test, faults_of_all_kinds_test, a_supervisor_restarts_it_test,
        the_processor_is_as_before_test, hogs_fault_test, a_hog_is_killed_and_faults_test,
        several_schedulers };
    return run_suite("fault", tests, sizeof tests / sizeof tests[0]);
}
