/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_test - who is among the callers, as the compiler's tables have it. Compiled without frame
 * pointers, so that the tables are all there is. */
#define _GNU_SOURCE /* the registers of a ucontext_t */
#include "runtime/stack.h"
#include "runtime/unwind.h"
#include "support/suite.h"

#include <alloca.h>
#include <string.h>
#include <ucontext.h>

enum { SIZE = 256 * 1024, DEEP = 500, WILD_RUNS = 200000 };

static struct ksi_stacks stacks;
static struct ksi_stack thread, *running;
static struct ksi_image image;
static void (*work)(void);
static enum ksi_walk seen;

/* --- where we are ----------------------------------------------------------------------------- */
static void read_registers(const ucontext_t *context, struct ksi_registers *ret_registers)
{
    memset(ret_registers, 0, sizeof *ret_registers);
#if defined(__x86_64__)
    static const int order[] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP,
        REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    for (int i = 0; i < 16; i++)
        ret_registers->value[i] = (uintptr_t)context->uc_mcontext.gregs[order[i]];
    ret_registers->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
    for (int i = 0; i < KSI_REGISTER_SP; i++)
        ret_registers->value[i] = context->uc_mcontext.regs[i];
    ret_registers->value[KSI_REGISTER_SP] = context->uc_mcontext.sp;
    ret_registers->pc = context->uc_mcontext.pc;
#endif
}

static enum ksi_walk walk_from(struct ksi_registers registers)
{
    return ksi_unwind(&image, registers, (uintptr_t)running->lowest, (uintptr_t)running);
}

static __attribute__((noinline)) void look(void)
{
    ucontext_t context;
    struct ksi_registers registers;
    ck_assert_int_eq(getcontext(&context), 0);
    read_registers(&context, &registers);
    seen = walk_from(registers);
}

static void entry(void *arg)
{
    ksi_stack_entered(running);
    for (;;) { /* until the stack is dropped */
        work();
        ksi_stack_switch(running, &thread);
    }
}

static enum ksi_walk walk_in(void (*what)(void))
{
    ksi_image_look(&image);
    ksi_stacks_init(&stacks, NULL, SIZE, entry, NULL);
    ksi_stack_of_thread(&thread);
    running = ksi_stack_get(&stacks);
    work = what;
    seen = KSI_WALK_LOST;
    ksi_stack_switch(&thread, running);
    ksi_stack_give(&stacks, running);
    ksi_stacks_end(&stacks);
    return seen;
}

/* --- frames of many kinds --------------------------------------------------------------------- */
static volatile int zero;

static __attribute__((noinline)) int recurse(int depth)
{
    volatile char frame[100];
    frame[depth % 100] = (char)depth;
    if (depth == 0) look();
    return depth ? recurse(depth - 1) + frame[depth % 100] : 0;
}
static void deep(void) { zero = recurse(DEEP) * 0; }

/* Its frame is found by an expression, in what gcc makes of it. */
static __attribute__((noinline)) void realigned(int size)
{
    _Alignas(64) volatile char aligned[64];
    volatile char *moving = alloca((size_t)size);
    memset((char *)(uintptr_t)moving, 1, (size_t)size);
    aligned[0] = moving[0];
    look();
    zero = aligned[0] * 0;
}
static void in_a_realigned_frame(void) { realigned(1000 + zero); }

static int compare(const void *a, const void *b)
{
    look();
    return 0;
}
static void in_a_callback(void)
{
    int numbers[2] = { 2, 1 };
    qsort(numbers, 2, sizeof numbers[0], compare);
}

START_TEST(frames_of_the_program_are_its_own)
{
    ck_assert_int_eq(walk_in(look), KSI_WALK_OWN);
    ck_assert_int_eq(walk_in(deep), KSI_WALK_OWN);
    ck_assert_int_eq(walk_in(in_a_realigned_frame), KSI_WALK_OWN);
}
END_TEST

START_TEST(a_library_among_the_callers_is_seen)
{
    ck_assert_int_eq(walk_in(in_a_callback), KSI_WALK_FOREIGN);
}
END_TEST

/* --- what it cannot know ---------------------------------------------------------------------- */
/* Nobody wrote down what this does with the stack. */
void call_without_tables(void (*fn)(void));
#if defined(__x86_64__)
__asm__(".text\ncall_without_tables:\n\tsubq $40, %rsp\n\tcall *%rdi\n\taddq $40, %rsp\n\tret\n");
#else
__asm__(".text\ncall_without_tables:\n\tstr x30, [sp, #-32]!\n\tblr x0\n\tldr x30, [sp], #32\n"
        "\tret\n");
#endif
static void without_tables(void) { call_without_tables(look); }

START_TEST(a_function_without_tables_is_lost)
{
    ck_assert_int_eq(walk_in(without_tables), KSI_WALK_LOST);
}
END_TEST

static void below_the_stack(void)
{
    ucontext_t context;
    struct ksi_registers registers;
    ck_assert_int_eq(getcontext(&context), 0);
    read_registers(&context, &registers);
    registers.value[KSI_REGISTER_SP] = (uintptr_t)running + 64;
    seen = walk_from(registers);
}

START_TEST(a_stack_pointer_that_is_elsewhere_is_lost)
{
    ck_assert_int_eq(walk_in(below_the_stack), KSI_WALK_LOST);
}
END_TEST

static uint64_t random_state = 1;
static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Anything may stand on the stack and in the registers, and any code be the first: it ends, and
 * reads nothing that is not there. */
static void wildly(void)
{
    uintptr_t start = image.program.texts[0].start, end = image.program.texts[0].end;
    uintptr_t *words = (uintptr_t *)(void *)running->lowest, count = 4096;
    for (uintptr_t i = 0; i < count; i++)
        words[i] =
            draw() % 2 ? start + draw() % (end - start) : (uintptr_t)(words + draw() % count);
    for (int run = 0; run < WILD_RUNS; run++) {
        struct ksi_registers registers = { .pc = start + draw() % (end - start) };
        for (int i = 0; i < KSI_REGISTERS; i++)
            registers.value[i] = draw() % 8 ? (uintptr_t)(words + draw() % count) : draw();
        ck_assert_int_ne(walk_from(registers), KSI_WALK_OWN);
    }
}

START_TEST(a_broken_stack_is_walked_without_harm)
{
    ck_assert_int_eq(walk_in(wildly), KSI_WALK_LOST);
}
END_TEST

int main(void)
{
    return run_suite("unwind", 60,
        TESTS(frames_of_the_program_are_its_own, a_library_among_the_callers_is_seen,
            a_function_without_tables_is_lost, a_stack_pointer_that_is_elsewhere_is_lost,
            a_broken_stack_is_walked_without_harm));
}
