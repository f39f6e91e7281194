/* SPDX-License-Identifier: Apache-2.0 */
/* context_aarch64.S - the switch and the first steps on a new stack, for AAPCS64.
 *
 * ksi_context_switch(uintptr_t *save, uintptr_t load) keeps x19-x30 and d8-d15 on the old stack,
 * stores its pointer in *save, and takes the same from the new one. Whatever holds sp has 16-byte
 * alignment. */
#if defined(__aarch64__)
        .text
        .p2align 4
        .globl ksi_context_switch
        .hidden ksi_context_switch
        .type ksi_context_switch, %function
ksi_context_switch:
        .cfi_startproc
        sub     sp, sp, #160
        .cfi_def_cfa_offset 160
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #160
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size ksi_context_switch, .-ksi_context_switch

        .p2align 4
        .globl ksi_context_start
        .hidden ksi_context_start
        .type ksi_context_start, %function
ksi_context_start:
        .cfi_startproc
        .cfi_undefined x30
        mov     x0, x20
        mov     x29, xzr
        blr     x19
        brk     #1
        .cfi_endproc
        .size ksi_context_start, .-ksi_context_start
#endif
        .section .note.GNU-stack, "", %progbits
