/* SPDX-License-Identifier: Apache-2.0 */
/* stall.h - what the log says of a handler that keeps its thread for too long. By the monitor. */
#ifndef KSI_RUNTIME_STALL_H
#define KSI_RUNTIME_STALL_H
#include "runtime/hog.h"
#include <kiosk/process.h>

struct ksi_stall {
    const ks_module *module;
    uintptr_t stack_low, stack_high;
    ks_pid pid;
    char name[64];      /* or label, or module */
    char operation[64]; /* what it does, with its kind: "the call 'set'" */
    char message[128];  /* the body, without what is secret in it */
    char place[160];    /* where the thread is: file and offset, for addr2line */
};
/* Of the process that runs on s, which is the monitor's now; all but the place. */
void ksi_stall_describe(struct ksi_scheduler *s, struct ksi_stall *ret_stall);
/* A runner has become late. At most one a second; others are counted. */
void ksi_stall_report(struct ksi_hogs *hogs, const struct ksi_runner *late);
/* A late runner keeps the program from ending. */
void ksi_stall_overdue(const struct ksi_hogs *hogs, const struct ksi_runner *late);
/* So does a scheduler that stays in one turn, of which nothing more is known. */
void ksi_stall_still(const struct ksi_hogs *hogs, uint32_t scheduler);
#endif
