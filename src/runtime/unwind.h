/* SPDX-License-Identifier: Apache-2.0 */
/* unwind.h - who called whom on a stack, by the tables that compilers write for exceptions.
 *
 * For the handler of faults: no lock, no memory, and no read outside of the tables
 * of an object and of the stack that is walked, whatever stands on it. A walk that meets something
 * that it does not know ends, and says so. */
#ifndef KSI_RUNTIME_UNWIND_H
#define KSI_RUNTIME_UNWIND_H
#include "runtime/image.h"

/* By the numbers of DWARF. */
#if defined(__x86_64__)
enum { KSI_REGISTERS = 17, KSI_REGISTER_SP = 7 };
#else
enum { KSI_REGISTERS = 32, KSI_REGISTER_SP = 31 };
#endif
struct ksi_registers {
    uintptr_t pc;
    uintptr_t value[KSI_REGISTERS];
};

enum ksi_walk {
    KSI_WALK_OWN,     /* all of it is the program's or the library's */
    KSI_WALK_FOREIGN, /* code of something else has called */
    KSI_WALK_LOST     /* it cannot be told */
};
/* From where registers say up to the first frame of the stack [lowest, top), which is
 * ksi_context_start's. */
enum ksi_walk ksi_unwind(
    const struct ksi_image *image, struct ksi_registers registers, uintptr_t lowest, uintptr_t top);

#endif
