/* SPDX-License-Identifier: Apache-2.0 */
/* fault_fatal_test - faults that are not contained: what ends the program, what it says then, and
 * what a program that has handlers of its own keeps. */
#include "runtime/faulty.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a child that faults ---------------------------------------------------------------------- */
static char said[16384]; /* on standard error */

static void read_all(int fd)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(fd, said + length, sizeof said - 1 - length)) > 0) length += (size_t)got;
    said[length] = 0;
    close(fd);
}

/* The signal that ends a program which runs the scenario; 0: it lived. */
static int ended_by_with(const ks_runtime_options *options, void (*fn)(void))
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(run(options, fn) == KS_OK ? 0 : 99);
    }
    close(ends[1]);
    read_all(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) ck_assert_int_eq(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
static int ended_by(void (*fn)(void)) { return ended_by_with(NULL, fn); }

#define CK_SAYS(text) ck_assert_msg(strstr(said, text) != NULL, "it said: %s", said)
#define CK_SAYS_NOT(text) ck_assert_msg(strstr(said, text) == NULL, "it said: %s", said)

/* A process of its own does it, and would be all that ends. */
static void in_a_process(void (*fn)(void *arg))
{
    ks_ref monitor;
    ks_spawn_monitor(fn, NULL, &monitor);
    (void)reason_of(monitor);
}

/* --- what is not contained -------------------------------------------------------------------- */
static int compare_nowhere(const void *a, const void *b)
{
    store_nowhere();
    return 0;
}
static int compare_deep(const void *a, const void *b)
{
    overflow();
    return 0;
}
static void sort(int (*compare)(const void *a, const void *b))
{
    int numbers[2] = { 2, 1 };
    qsort(numbers, 2, sizeof numbers[0], compare);
}
static void sort_nowhere(void *arg) { sort(compare_nowhere); }
static void sort_deep(void *arg) { sort(compare_deep); }
static void a_callback_faults(void) { in_a_process(sort_nowhere); }
static void a_callback_overflows(void) { in_a_process(sort_deep); }

START_TEST(a_library_among_the_callers_is_fatal)
{
    ck_assert_int_eq(ended_by(a_callback_faults), SIGSEGV);
    CK_SAYS("kiosk: SIGSEGV at address 0x0");
    CK_SAYS("a function of a library is among the callers");
    CK_SAYS("> of 'process'");
    CK_SAYS("core");
    ck_assert_int_eq(ended_by(a_callback_overflows), SIGSEGV);
    CK_SAYS("kiosk: SIGSEGV, stack overflow, at address");
    CK_SAYS("a function of a library is among the callers");
}
END_TEST

static void clear_nowhere(void *arg) { memset(nowhere, 0, (size_t)zero + 100000); }
static void libc_faults(void) { in_a_process(clear_nowhere); }

static __attribute__((noinline)) int recurse_printing(int depth)
{
    char text[32];
    snprintf(text, sizeof text, "%d", depth);
    return depth < 1000000000 ? recurse_printing(depth + 1) + text[0] : 0;
}
static void print_deep(void *arg) { zero = recurse_printing(0) * 0; }
static void libc_overflows(void) { in_a_process(print_deep); }

START_TEST(a_fault_in_a_library_is_fatal)
{
    ck_assert_int_eq(ended_by(libc_faults), SIGSEGV);
    CK_SAYS("the code is not the program's own");
    ck_assert_int_eq(ended_by(libc_overflows), SIGSEGV);
    CK_SAYS("stack overflow");
}
END_TEST

static bool fit_nowhere(const ks_msg *msg, void *arg)
{
    store_nowhere();
    return true;
}
static void receive_nowhere(void *arg)
{
    const ks_int number = 1;
    (void)ks_send(ks_self(), ks_int, &number);
    (void)ks_receive_if(fit_nowhere, NULL, 1000);
}
static void the_library_faults(void) { in_a_process(receive_nowhere); }

static __attribute__((noinline)) int recurse_asking(int depth)
{
    volatile char frame[16];
    frame[0] = (char)depth;
    ks_set_label("%d", depth);
    return depth < 1000000000 ? recurse_asking(depth + 1) + frame[0] : 0;
}
static void ask_deep(void *arg) { zero = recurse_asking(0) * 0; }
static void the_library_overflows(void) { in_a_process(ask_deep); }

START_TEST(inside_of_kiosk_it_is_fatal)
{
    ck_assert_int_eq(ended_by(the_library_faults), SIGSEGV);
    CK_SAYS("it is inside of the library");
    ck_assert_int_eq(ended_by(the_library_overflows), SIGSEGV);
    CK_SAYS("stack overflow");
}
END_TEST

static void abort_now(void *arg) { abort(); }
static void it_aborts(void) { in_a_process(abort_now); }
static void raise_now(void *arg) { raise(SIGSEGV); }
static void it_is_sent(void) { in_a_process(raise_now); }

START_TEST(what_is_sent_is_not_ours)
{
    ck_assert_int_eq(ended_by(it_aborts), SIGABRT);
    CK_SAYS_NOT("kiosk: SIG");
    ck_assert_int_eq(ended_by(it_is_sent), SIGSEGV);
    CK_SAYS_NOT("kiosk: SIG");
}
END_TEST

static void *fault_in_a_thread(void *arg)
{
    store_nowhere();
    return NULL;
}
static void a_foreign_thread_faults(void)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, fault_in_a_thread, NULL), 0);
    pthread_join(thread, NULL);
}

START_TEST(a_foreign_thread_is_not_ours)
{
    ck_assert_int_eq(ended_by(a_foreign_thread_faults), SIGSEGV);
    CK_SAYS_NOT("kiosk: SIG");
}
END_TEST

static void store_in_process(void *arg) { store_nowhere(); }
static void a_process_faults(void) { in_a_process(store_in_process); }

START_TEST(containing_can_be_turned_off)
{
    const ks_runtime_options fatal = { .fatal_faults = true };
    ck_assert_int_eq(ended_by(a_process_faults), 0);
    CK_SAYS("fault 11");
    ck_assert_int_eq(ended_by_with(&fatal, a_process_faults), SIGSEGV);
    CK_SAYS_NOT("fault 11");
    setenv("KIOSK_FAULTS", "die", true);
    ck_assert_int_eq(ended_by(a_process_faults), SIGSEGV);
    CK_SAYS_NOT("fault 11");
    setenv("KIOSK_FAULTS", "contain", true);
    ck_assert_int_eq(ended_by(a_process_faults), 0);
    unsetenv("KIOSK_FAULTS");
}
END_TEST

/* A child of a handler has a scheduler's thread, and no scheduler. */
static void fork_and_fault(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        store_nowhere();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
}

START_TEST(a_forked_child_is_not_ours)
{
    ck_assert_int_eq(ended_by(fork_and_fault), 0);
    CK_SAYS_NOT("SIGSEGV");
}
END_TEST

/* --- a good guest ----------------------------------------------------------------------------- */
static sigjmp_buf out;
static volatile sig_atomic_t handled;
static void jump_out(int number, siginfo_t *info, void *context)
{
    handled++;
    siglongjmp(out, 1);
}
static void handle_by_jump(void)
{
    struct sigaction action = { .sa_sigaction = jump_out, .sa_flags = SA_SIGINFO };
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGSEGV, &action, NULL), 0);
}

static void *probe_memory(void *arg)
{
    for (int i = 0; i < 10; i++)
        if (!sigsetjmp(out, 1)) store_nowhere();
    return NULL;
}
static void probe_in_a_thread(void)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, probe_memory, NULL), 0);
    pthread_join(thread, NULL);
    in_a_process(store_in_process);
}

/* A program that asks by a fault whether memory is there goes on to do so. */
START_TEST(who_was_there_before_is_called)
{
    handle_by_jump();
    handled = 0;
    ck_assert_int_eq(run(NULL, probe_in_a_thread), KS_OK);
    ck_assert_int_eq(handled, 10); /* and not of the process */
}
END_TEST

static void say_and_exit(int number)
{
    static const char text[] = "the program's own report\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(written > 0 ? 0 : 98);
}

START_TEST(who_was_there_before_reports_alone)
{
    signal(SIGSEGV, say_and_exit);
    ck_assert_int_eq(ended_by(a_callback_faults), 0);
    CK_SAYS("the program's own report");
    CK_SAYS_NOT("kiosk: SIG");
    ck_assert_int_eq(ended_by(a_process_faults), 0);
    CK_SAYS("fault 11");
    CK_SAYS_NOT("the program's own report");
}
END_TEST

static void nothing(void) {}

static bool same_stack(const stack_t *a, const stack_t *b)
{
    return a->ss_sp == b->ss_sp && a->ss_size == b->ss_size && a->ss_flags == b->ss_flags;
}

START_TEST(everything_is_as_before)
{
    static char memory[65536];
    stack_t mine = { .ss_sp = memory, .ss_size = sizeof memory }, stack;
    struct sigaction action;
    for (int round = 0; round < 3; round++) {
        if (round == 1) ck_assert_int_eq(sigaltstack(&mine, NULL), 0);
        if (round == 2) signal(SIGBUS, say_and_exit);
        stack_t before;
        ck_assert_int_eq(sigaltstack(NULL, &before), 0);
        ck_assert_int_eq(run(NULL, round ? a_process_faults : nothing), KS_OK);
        ck_assert_int_eq(sigaltstack(NULL, &stack), 0);
        ck_assert(same_stack(&before, &stack));
        ck_assert_int_eq(sigaction(SIGSEGV, NULL, &action), 0);
        ck_assert(action.sa_handler == SIG_DFL);
        ck_assert_int_eq(sigaction(SIGBUS, NULL, &action), 0);
        ck_assert(action.sa_handler == (round == 2 ? say_and_exit : SIG_DFL));
    }
}
END_TEST

static struct sigaction under; /* who was there when over_us came */
static void over_us(int number, siginfo_t *info, void *context)
{
    handled++;
    under.sa_sigaction(number, info, context);
}
static void come_over_us(void)
{
    struct sigaction action = { .sa_sigaction = over_us, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    ck_assert_int_eq(sigaction(SIGSEGV, &action, &under), 0);
    in_a_process(store_in_process);
}

/* He stays when we end, and calls us for ever. */
START_TEST(who_comes_later_stays)
{
    struct sigaction action;
    handled = 0;
    ck_assert_int_eq(run(NULL, come_over_us), KS_OK);
    ck_assert_int_eq(handled, 1);
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &action), 0);
    ck_assert(action.sa_sigaction == over_us);
    ck_assert_int_eq(run(NULL, a_process_faults), KS_OK);
    ck_assert_int_eq(handled, 2);
    ck_assert_int_eq(ended_by(a_callback_faults), SIGSEGV);
    ck_assert_int_eq(ended_by(a_foreign_thread_faults), SIGSEGV);
}
END_TEST

int main(void)
{
    if (KSI_SANITIZED) return 77;
    const TTest *const tests[] = { a_library_among_the_callers_is_fatal,
        a_fault_in_a_library_is_fatal, inside_of_kiosk_it_is_fatal, what_is_sent_is_not_ours,
        a_foreign_thread_is_not_ours, containing_can_be_turned_off, a_forked_child_is_not_ours,
        who_was_there_before_is_called, who_was_there_before_reports_alone, everything_is_as_before,
        who_comes_later_stays };
    return run_suite("fault_fatal", tests, sizeof tests / sizeof tests[0]);
}
