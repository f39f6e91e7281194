/* SPDX-License-Identifier: Apache-2.0 */
/* keep.c - see keep.h, kiosk/keep.h. */
#include "runtime/keep.h"
#include "base/base.h"
#include "runtime/block.h"
#include <kiosk/keep.h>
#include <pthread.h>
#include <string.h>

/* Of the C++ ABI. Weak: a program without C++ has none, and shall not need its library. */
extern struct ksi_exceptions *__cxa_get_globals(void) __attribute__((weak));

_Atomic(bool) ksi_keeping;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of who adds one */
static ks_thread_state states[KSI_KEPT_MAX];
static _Atomic(uint32_t) state_count;

void ksi_keep_open(void)
{
    if (__cxa_get_globals) ksi_store_relaxed(&ksi_keeping, true); /* it stays so */
}

static uint32_t count_states(void)
{
    /* acquire: the functions; pairs with the release in ks_keep_thread_state_() */
    return ksi_load_acquire(&state_count);
}

static struct ksi_exceptions exchange_exceptions(struct ksi_exceptions exceptions)
{
    struct ksi_exceptions old = { .caught = NULL };
    if (!__cxa_get_globals) return old;
    struct ksi_exceptions *globals = __cxa_get_globals();
    old = *globals;
    *globals = exceptions;
    return old;
}

static void keep(struct ksi_kept *kept, struct ksi_stack *stack)
{
    kept->exceptions = exchange_exceptions((struct ksi_exceptions){ .caught = NULL });
    kept->count = count_states();
    for (uint32_t i = 0; i < kept->count; i++) kept->saved[i] = states[i].save();
    stack->kept = kept;
}

static void put_back(const struct ksi_kept *kept, struct ksi_stack *stack)
{
    stack->kept = NULL;
    for (uint32_t i = count_states(); i-- > 0;) /* some may be new since */
        states[i].restore(i < kept->count ? kept->saved[i] : NULL);
    (void)exchange_exceptions(kept->exceptions);
}

void ksi_keep_and_go_to(struct ksi_scheduler *s, struct ksi_stack *to)
{
    struct ksi_stack *from = s->stack;
    struct ksi_kept kept;
    keep(&kept, from);
    ksi_go_to(s, to);
    put_back(&kept, from);
}

void ksi_keep_and_switch(struct ksi_stack *from, struct ksi_stack *to)
{
    struct ksi_kept kept;
    keep(&kept, from);
    ksi_stack_switch(from, to);
    put_back(&kept, from);
}

void ksi_keep_discard(struct ksi_stack *stack)
{
    struct ksi_kept *kept = stack->kept;
    if (!kept) return;
    stack->kept = NULL;
    for (uint32_t i = kept->count; i-- > 0;)
        if (kept->saved[i]) states[i].discard(kept->saved[i]);
}

void ksi_keep_nothing(void)
{
    for (uint32_t i = count_states(); i-- > 0;) states[i].restore(NULL);
    (void)exchange_exceptions((struct ksi_exceptions){ .caught = NULL });
}

ks_status ks_keep_thread_state_(const ks_thread_state *state, size_t size)
{
    ks_thread_state copy = { .save = NULL };
    memcpy(&copy, state, size < sizeof copy ? size : sizeof copy);
    if (!copy.save || !copy.restore || !copy.discard) return KS_BADARG;
    pthread_mutex_lock(&lock);
    uint32_t count = count_states();
    bool room = count < KSI_KEPT_MAX;
    if (room) {
        states[count] = copy;
        /* release: the functions; pairs with the acquire in count_states() */
        ksi_store_release(&state_count, count + 1);
        ksi_store_relaxed(&ksi_keeping, true); /* it stays so */
    }
    pthread_mutex_unlock(&lock);
    return room ? KS_OK : KS_FULL;
}
