/* SPDX-License-Identifier: Apache-2.0 */
/* context_x86_64.S - the first steps on a new stack. The switch itself is inline, see context.h.
 *
 * ksi_context_start is entered by the jump of a switch with fn in rbx and arg in rbp: it calls
 * fn(arg), which must not come back. The undefined return address ends backtraces. */
#if defined(__x86_64__)
        .text
        .p2align 4
        .globl ksi_context_start
        .hidden ksi_context_start
        .type ksi_context_start, @function
ksi_context_start:
        .cfi_startproc
        .cfi_undefined rip
        movq %rbp, %rdi
        xorl %ebp, %ebp
        call *%rbx
        ud2
        .cfi_endproc
        .size ksi_context_start, .-ksi_context_start
#endif
        .section .note.GNU-stack, "", @progbits
