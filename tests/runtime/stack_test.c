/* SPDX-License-Identifier: Apache-2.0 */
/* stack_test - switches, guards and reuse of pooled stacks. What faults does so in a child. */
#include "runtime/stack.h"

#include "base/atomic.h"
#include "support/suite.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 64 * 1024, MANY = 200 };

/* The test's own stack, the one that runs, and what it is to do. */
static struct ksi_stacks stacks;
static struct ksi_stack thread, *running;
static void (*work)(void);
static int entered;

static void go_to(struct ksi_stack *stack)
{
    running = stack;
    ksi_stack_switch(&thread, stack);
}

static void go_back(void) { ksi_stack_switch(running, &thread); }

static void entry(void *arg)
{
    ksi_stack_entered(running);
    ck_assert_ptr_eq(arg, &stacks);
    for (;;) { /* until the stack is dropped */
        entered++;
        if (work) work();
        go_back();
    }
}

static void begin(void)
{
    entered = 0;
    work = NULL;
    ksi_stacks_init(&stacks, NULL, SIZE, entry, &stacks);
    ksi_stack_of_thread(&thread);
}

START_TEST(a_stack_goes_on_where_it_was_left)
{
    begin();
    struct ksi_stack *stack = ksi_stack_get(&stacks);
    for (int i = 1; i <= 5; i++) {
        go_to(stack);
        ck_assert_int_eq(entered, i);
    }
    ck_assert(!stack->fresh);
    ksi_stack_give(&stacks, stack);
    ck_assert_ptr_eq(ksi_stack_get(&stacks), stack);
    go_to(stack);
    ck_assert_int_eq(entered, 6);
    ksi_stack_give(&stacks, stack);
    ksi_stacks_end(&stacks);
}
END_TEST

static void leave_in_the_middle(void)
{
    for (;;) go_back(); /* until it is dropped */
}

/* Its frames are forgotten: the next use starts at the loop. */
START_TEST(a_dropped_stack_starts_again)
{
    begin();
    work = leave_in_the_middle;
    struct ksi_stack *stack = ksi_stack_get(&stacks);
    for (int i = 1; i <= 3; i++) {
        go_to(stack);
        go_to(stack);
        ck_assert_int_eq(entered, i);
        ksi_stack_drop(stack);
        ck_assert(stack->fresh);
        ck_assert_ptr_eq(ksi_stack_get(&stacks), stack);
    }
    ksi_stack_drop(stack);
    ksi_stacks_end(&stacks);
}
END_TEST

/* Callee-saved registers and locals belong to a stack. */
static void keep_numbers(void)
{
    volatile double sum = 0;
    int numbers[64];
    for (int i = 0; i < 64; i++) numbers[i] = i * entered;
    go_back();
    for (int i = 0; i < 64; i++) sum += numbers[i];
    ck_assert(sum == 2016.0 * numbers[1]);
}

START_TEST(stacks_do_not_touch_each_other)
{
    begin();
    work = keep_numbers;
    struct ksi_stack *all[MANY];
    for (int i = 0; i < MANY; i++) {
        all[i] = ksi_stack_get(&stacks);
        ck_assert_ptr_nonnull(all[i]);
        ck_assert_uint_eq((uintptr_t)all[i]->lowest % 16, 0);
        go_to(all[i]);
    }
    ck_assert_int_eq(entered, MANY);
    for (int i = 0; i < MANY; i++) go_to(all[i]);
    ck_assert_uint_eq(stacks.count, MANY);
    ck_assert_uint_eq(stacks.in_pool, 0);
    for (int i = 0; i < MANY; i++) ksi_stack_give(&stacks, all[i]);
    ck_assert_uint_eq(stacks.in_pool, MANY);
    ksi_stacks_end(&stacks);
}
END_TEST

/* --- guards ----------------------------------------------------------------------------------- */
/* The signal that ends a child which does the work on a stack; 0: it lived. */
static int ended_by(void (*what)(void))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        signal(SIGSEGV, SIG_DFL); /* a sanitizer's would speak and exit */
        begin();
        work = what;
        go_to(ksi_stack_get(&stacks));
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void write_at_the_lowest(void) { *(volatile char *)running->lowest = 1; }

static void write_below_the_lowest(void) { *(volatile char *)(running->lowest - 1) = 1; }

static void write_at_the_end_of_the_guard(void)
{
    *(volatile char *)(running->lowest - running->home->guard_size) = 1;
}

/* The stack below: nobody is told, which is what the guard's size is for. */
static void write_below_the_guard(void)
{
    struct ksi_stack *above = ksi_stack_get(&stacks);
    ck_assert_ptr_eq(above->lowest - above->home->guard_size, running->lowest + above->home->size);
    *(volatile char *)(above->lowest - above->home->guard_size - 1) = 1;
}

static __attribute__((noinline)) int fall(int depth)
{
    volatile char frame[512];
    memset((char *)(uintptr_t)frame, depth, sizeof frame);
    return depth < 1000000 ? fall(depth + 1) + frame[depth % 512] : 0;
}

static void overflow(void) { entered = fall(0); }

static void stay_within(void) { entered = fall(1000000 - 50); }

START_TEST(an_overflow_faults_in_the_guard)
{
    ck_assert_int_eq(ended_by(write_at_the_lowest), 0);
    ck_assert_int_eq(ended_by(write_below_the_lowest), SIGSEGV);
    ck_assert_int_eq(ended_by(write_at_the_end_of_the_guard), SIGSEGV);
    ck_assert_int_eq(ended_by(write_below_the_guard), 0);
    ck_assert_int_eq(ended_by(stay_within), 0);
    ck_assert_int_eq(ended_by(overflow), SIGSEGV);
}
END_TEST

START_TEST(the_guard_in_force_can_be_read)
{
    begin();
    ck_assert_int_eq(stacks.guard, KS_GUARD_NONE);
    struct ksi_stack *stack = ksi_stack_get(&stacks);
    ck_assert(stacks.guard == KS_GUARD_PROTECT || stacks.guard == KS_GUARD_INSTALL);
    ck_assert_uint_ge(stacks.guard_size, 64 * 1024);
    ck_assert_uint_ge(stack->size, SIZE - 2048); /* colour and descriptor */
    ksi_stack_give(&stacks, stack);
    ksi_stacks_end(&stacks);
    begin();
    stacks.guard = KS_GUARD_PROTECT; /* what an older kernel offers */
    stack = ksi_stack_get(&stacks);
    ck_assert_int_eq(stacks.guard, KS_GUARD_PROTECT);
    go_to(stack);
    ksi_stack_give(&stacks, stack);
    ksi_stacks_end(&stacks);
}
END_TEST

int main(void)
{
    return run_suite("stack", 60,
        TESTS(a_stack_goes_on_where_it_was_left, a_dropped_stack_starts_again,
            stacks_do_not_touch_each_other, an_overflow_faults_in_the_guard,
            the_guard_in_force_can_be_read));
}
