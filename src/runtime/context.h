/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - the switch from one stack to another, and what the tools must be told of it.
 *
 * What is kept stands in its place (x86-64), or below its stack pointer, see context_aarch64.S.
 * MXCSR and the x87 control word stay as they are: a handler that changes them must change them
 * back before it blocks. */
#ifndef KSI_RUNTIME_CONTEXT_H
#define KSI_RUNTIME_CONTEXT_H
#include <stddef.h>
#include <stdint.h>

struct ksi_place {
    uintptr_t sp;
#if defined(__x86_64__)
    uintptr_t pc, rbx, rbp;
#endif
};

/* Runs fn(arg) on the stack below top at the first switch to the place; fn must not return. */
void ksi_context_make(struct ksi_place *ret_place, void *top, void (*fn)(void *arg), void *arg);

#if defined(__x86_64__)
/* Inline, so that the compiler saves only what it needs; it ends in a jump, since a return after a
 * change of stack is always mispredicted. Nothing is pushed: the red zone stays, what the compiler
 * says of the frame is right at each instruction, and no memory is touched but the place. */
#define KSI_CONTEXT_SWITCH(save, load)                                                             \
    do {                                                                                           \
        struct ksi_place *ksi_save_ = (save);                                                      \
        const struct ksi_place *ksi_load_ = (load);                                                \
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"                                               \
                         "movq %%rsp, (%%rdi)\n\tmovq %%rax, 8(%%rdi)\n\t"                         \
                         "movq %%rbx, 16(%%rdi)\n\tmovq %%rbp, 24(%%rdi)\n\t"                      \
                         "movq (%%rsi), %%rsp\n\t"                                                 \
                         "movq 16(%%rsi), %%rbx\n\tmovq 24(%%rsi), %%rbp\n\t"                      \
                         "jmp *8(%%rsi)\n1:"                                                       \
                         : "+D"(ksi_save_), "+S"(ksi_load_)                                        \
                         :                                                                         \
                         : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",     \
                         "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",    \
                         "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",     \
                         "memory", "cc");                                                          \
    } while (0)
#else
void ksi_context_switch(uintptr_t *save, uintptr_t load);
#define KSI_CONTEXT_SWITCH(save, load) ksi_context_switch(&(save)->sp, (load)->sp)
#endif

#endif
