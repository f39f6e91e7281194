/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - the frame that a new stack starts from; see context.h. */
#include "runtime/context.h"

void ksi_context_start(void);

void *ksi_context_make(void *top, void (*fn)(void *arg), void *arg)
{
    uintptr_t *sp = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15);
#if defined(__x86_64__)
    *--sp = 0; /* after the two pops rsp must be a multiple of 16 before the call */
    *--sp = 0;
    *--sp = (uintptr_t)arg;
    *--sp = (uintptr_t)fn;
    *--sp = (uintptr_t)ksi_context_start; /* popped by the switch */
#else
    enum { SAVED = 20, FN = 0, ARG = 1, RETURN = 11 };
    sp -= SAVED;
    for (int i = 0; i < SAVED; i++) sp[i] = 0;
    sp[FN] = (uintptr_t)fn;
    sp[ARG] = (uintptr_t)arg;
    sp[RETURN] = (uintptr_t)ksi_context_start;
#endif
    return sp;
}
