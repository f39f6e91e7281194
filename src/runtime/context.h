/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - the switch from one stack to another, and what the tools must be told of it.
 *
 * A context is a stack pointer below which [instruction][rbx][rbp] are saved (x86-64), or what
 * ksi_context_switch of context_aarch64.S saves. MXCSR and the x87 control word stay as they are: a
 * handler that changes them must change them back before it blocks. */
#ifndef KSI_RUNTIME_CONTEXT_H
#define KSI_RUNTIME_CONTEXT_H
#include <stddef.h>
#include <stdint.h>

/* Runs fn(arg) at the first switch to the returned context; fn must not return. */
void *ksi_context_make(void *top, void (*fn)(void *arg), void *arg);

#if defined(__x86_64__)
/* Inline, so that the compiler saves only what it needs; it ends in a jump, since a return after a
 * change of stack is always mispredicted. The red zone is stepped over first. */
#define KSI_CONTEXT_SWITCH(save, load)                                                             \
    do {                                                                                           \
        void **ksi_save_ = (save);                                                                 \
        void *ksi_load_ = (load);                                                                  \
        __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"                                             \
                         "pushq %%rbp\n\tpushq %%rbx\n\t"                                          \
                         "leaq 1f(%%rip), %%rax\n\tpushq %%rax\n\t"                                \
                         "movq %%rsp, (%%rdi)\n\tmovq %%rsi, %%rsp\n\t"                            \
                         "popq %%rax\n\tjmp *%%rax\n"                                              \
                         "1:\tpopq %%rbx\n\tpopq %%rbp\n\tleaq 128(%%rsp), %%rsp"                  \
                         : "+D"(ksi_save_), "+S"(ksi_load_)                                        \
                         :                                                                         \
                         : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",     \
                         "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",    \
                         "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",     \
                         "memory", "cc");                                                          \
    } while (0)
#else
void ksi_context_switch(void **save, void *load);
#define KSI_CONTEXT_SWITCH(save, load) ksi_context_switch((save), (load))
#endif

#endif
