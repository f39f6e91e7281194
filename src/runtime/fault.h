/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - contained faults: a stack overflow or a wild pointer ends the process that has it.
 *
 * The handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL are there while some runtime of the OS process
 * contains faults; what is not ours goes to who was there before. A scheduler's thread has a stack
 * for signals. See docs/design/0015-faults.md. */
#ifndef KSI_RUNTIME_FAULT_H
#define KSI_RUNTIME_FAULT_H
#include "runtime/scheduler.h"
#include "runtime/unwind.h"
#include <signal.h>

/* Of a runtime that contains faults: before its threads run, and after. False: nothing is contained
 * in this build, and there is no end. Any thread. */
bool ksi_faults_begin(void);
void ksi_faults_end(void);

/* Of a thread that is to run s. NULL: nothing is contained there, or there is no memory for it. */
struct ksi_fault_thread *ksi_faults_enter(struct ksi_scheduler *s);
void ksi_faults_leave(struct ksi_scheduler *s, struct ksi_fault_thread *thread);

/* The pages that an overflow has touched go back: after the death of who had it. */
void ksi_faults_trim(struct ksi_scheduler *s);

/* --- inside of the handler -------------------------------------------------------------------- */
struct ksi_fault {
    int number; /* of the signal */
    uintptr_t address;
    uintptr_t code; /* that did it: pc, or where nothing was called */
    bool overflows; /* the stack */
    struct ksi_registers registers;
};
/* Into standard error: whose fault, and why it is not contained. p: NULL: nobody's. */
void ksi_fault_report(const struct ksi_fault *fault, const struct ksi_object *program,
    const struct ksi_process *p, const char *why);
const char *ksi_fault_name(int number);
/* What p was doing; a part of one of the texts of the program, or NULL. *ret_kind: of what sort. */
const char *ksi_fault_doing(const struct ksi_process *p, const char **ret_kind);

#endif
