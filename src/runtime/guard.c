/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - see guard.h. The guard stands on the stack of whoever runs; the process knows it, as it
 * may block in there, and others may run meanwhile. Outside of a process nothing blocks, so one
 * variable of the thread is enough. */
#include "runtime/guard.h"

#include "runtime/scheduler.h"
#include <kiosk/process.h>
#include <setjmp.h>

struct ksi_guard {
    jmp_buf back;
    char *why;
    size_t size;
    uint32_t was_inside; /* the entries that are left do not end: thread.h */
};

/* The process that runs such code without a guard, for want of memory. */
static _Thread_local ks_pid bare;

/* Where the guard of what runs now is kept; NULL: nowhere, and no memory to make it. */
static struct ksi_guard **place(bool make)
{
    static _Thread_local struct ksi_guard *outside;
    KSI_INSIDE(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self) return &outside;
    struct ksi_cold *cold = make ? ksi_cold(s, self) : self->cold;
    return cold ? &cold->guard : NULL;
}

bool ksi_guard_run(void (*fn)(void *arg), void *arg, char *ret_why, size_t size)
{
    uint32_t inside = ksi_load_relaxed(&ksi_this_thread.inside); /* only we write it */
    struct ksi_guard guard = { .why = ret_why, .size = size, .was_inside = inside };
    struct ksi_guard **const at = place(true);
    if (!at) {
        bare = ks_self();
        fn(arg);
        bare = (ks_pid){ 0 };
        return true;
    }
    struct ksi_guard *const outer = *at;
    *at = &guard;
    bool failed = setjmp(guard.back) != 0;
    if (failed)
        ksi_store_release(&ksi_this_thread.inside, guard.was_inside); /* as in ksi_entry_end() */
    else
        fn(arg);
    *at = outer;
    return !failed;
}

bool ksi_guard_is_inside(void)
{
    struct ksi_guard **at = place(false);
    return at ? *at != NULL : ks_same_pid(bare, ks_self());
}

void ksi_guard_leave(ks_reason reason)
{
    struct ksi_guard **at = place(false);
    if (!at || !*at) return;
    (void)ks_reason_text(reason, (*at)->why, (*at)->size);
    longjmp((*at)->back, 1);
}
