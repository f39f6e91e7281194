/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - the frame that a new stack starts from; see context.h. */
#include "runtime/context.h"

void ksi_context_start(void);

void ksi_context_make(struct ksi_place *ret_place, void *top, void (*fn)(void *arg), void *arg)
{
    uintptr_t *sp = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15);
#if defined(__x86_64__)
    *ret_place = (struct ksi_place){ .sp = (uintptr_t)sp,
        .pc = (uintptr_t)ksi_context_start,
        .rbx = (uintptr_t)fn,
        .rbp = (uintptr_t)arg };
#else
    enum { SAVED = 20, FN = 0, ARG = 1, RETURN = 11 };
    sp -= SAVED;
    for (int i = 0; i < SAVED; i++) sp[i] = 0;
    sp[FN] = (uintptr_t)fn;
    sp[ARG] = (uintptr_t)arg;
    sp[RETURN] = (uintptr_t)ksi_context_start;
    ret_place->sp = (uintptr_t)sp;
#endif
}
