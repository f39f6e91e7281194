/* SPDX-License-Identifier: Apache-2.0 */
/* context_x86_64.S - the first steps on a new stack. The switch itself is inline, see context.h.
 *
 * ksi_context_start is entered by the jump of a switch with rsp at [fn][arg]: it pops both, calls
 * fn(arg), and must not come back. The undefined return address ends backtraces. */
#if defined(__x86_64__)
        .text
        .p2align 4
        .globl ksi_context_start
        .hidden ksi_context_start
        .type ksi_context_start, @function
ksi_context_start:
        .cfi_startproc
        .cfi_undefined rip
        popq %rax
        popq %rdi
        xorl %ebp, %ebp
        call *%rax
        ud2
        .cfi_endproc
        .size ksi_context_start, .-ksi_context_start
#endif
        .section .note.GNU-stack, "", @progbits
