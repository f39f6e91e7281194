/* SPDX-License-Identifier: Apache-2.0 */
/* stack.c - see stack.h. */
#include "runtime/stack.h"
#include "base/base.h"
#include "base/label.h"
#include "runtime/context.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if KSI_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if KSI_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0u
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

#ifdef KSI_MEAN
enum { STACKS_IN_REGION = 2, COLOURS = 16, COLOUR = 64 };
#else
enum { STACKS_IN_REGION = 64, COLOURS = 16, COLOUR = 64 };
#endif
enum { REGION_BYTES = 16 << 20 }; /* where 64 large ones would be too much at once */
/* So that a frame of less faults, too, and not in the stack below; what compilers for aarch64 take
 * for granted when they probe. */
enum { GUARD_BYTES = 64 << 10 };
struct ksi_region {
    struct ksi_region *next;
    char *start;
    size_t size;
};

static size_t whole_pages(size_t size, size_t page) { return (size + page - 1) / page * page; }

void ksi_stacks_init(struct ksi_stacks *stacks, struct ksi_runner *runner, size_t size,
    void (*entry)(void *), void *arg)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), guard = whole_pages(GUARD_BYTES, page);
    size = whole_pages(size, page);
    /* An odd number of pages apart: else their tops fall into a few sets of the processor's table
     * of pages, and each switch among a thousand stacks walks the kernel's (ring: a tenth of its
     * time). */
    if ((size + guard) / page % 2 == 0) guard += page;
    *stacks = (struct ksi_stacks){
        .runner = runner, .size = size, .guard_size = guard, .entry = entry, .entry_arg = arg
    };
}

/* Emulators take advice that they do not know, and do nothing: so the kernel is to read there. */
static bool is_guarded(const char *low) { return access(low, F_OK) && errno == EFAULT; }

/* The guard lies below the stack: MADV_GUARD_INSTALL costs no map of its own; mprotect does. */
static bool install_guard(struct ksi_stacks *stacks, char *low)
{
    size_t size = stacks->guard_size;
    bool first = stacks->guard == KS_GUARD_NONE;
    if (stacks->guard != KS_GUARD_PROTECT && madvise(low, size, MADV_GUARD_INSTALL) == 0 &&
        (!first || is_guarded(low))) {
        stacks->guard = KS_GUARD_INSTALL;
        return true;
    }
    stacks->guard = KS_GUARD_PROTECT;
    return mprotect(low, size, PROT_NONE) == 0;
}

static size_t stacks_in_region(const struct ksi_stacks *stacks)
{
    size_t count = REGION_BYTES / stacks->size;
    if (count < 2 || stacks->few) count = 2;
    return count < STACKS_IN_REGION ? count : STACKS_IN_REGION;
}

static bool new_region(struct ksi_stacks *stacks)
{
    struct ksi_region *region = malloc(sizeof *region);
    if (!region) return false;
    region->size = (stacks->guard_size + stacks->size) * stacks_in_region(stacks);
    region->start = mmap(NULL, region->size, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (region->start == MAP_FAILED) {
        free(region);
        return false;
    }
    ksi_label_memory(region->start, region->size, "kiosk stacks");
    madvise(region->start, region->size, MADV_NOHUGEPAGE); /* else 2 MiB for a stack of 4 KiB */
    region->next = stacks->regions;
    stacks->regions = region;
    stacks->next = region->start;
    stacks->end = region->start + region->size;
    return true;
}

/* The next use starts at the loop. */
static void make_fresh(struct ksi_stacks *stacks, struct ksi_stack *stack)
{
    ksi_context_make(&stack->place, stack, stacks->entry, stacks->entry_arg);
    stack->fresh = true;
    stack->fake = NULL;
#if KSI_THREAD_SANITIZER
    stack->fiber = __tsan_create_fiber(0);
#endif
}

struct ksi_stack *ksi_stack_new(struct ksi_stacks *stacks)
{
    if (stacks->next == stacks->end && !new_region(stacks)) return NULL;
    if (!install_guard(stacks, stacks->next)) return NULL;
    char *low = stacks->next + stacks->guard_size;
    stacks->next = low + stacks->size;
    size_t offset = (1 + stacks->count % COLOURS) * COLOUR + sizeof(struct ksi_stack);
    char *top = stacks->next - (offset + 63) / 64 * 64;
    struct ksi_stack *stack = (struct ksi_stack *)(void *)top;
    *stack = (struct ksi_stack){ .runner = stacks->runner, .lowest = low, .home = stacks };
    stack->size = (size_t)(top - stack->lowest);
    stack->valgrind = VALGRIND_STACK_REGISTER(stack->lowest, top);
    stacks->count++;
    make_fresh(stacks, stack);
    return stack;
}

/* What is on it is forgotten. */
static void clear(struct ksi_stack *stack)
{
#if KSI_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(stack->lowest, stack->size);
#endif
#if KSI_THREAD_SANITIZER
    __tsan_destroy_fiber(stack->fiber);
#endif
    make_fresh(stack->home, stack);
}

void ksi_stack_drop(struct ksi_stack *stack)
{
    clear(stack);
    ksi_stack_give(stack->home, stack);
}

#if KSI_ADDRESS_SANITIZER
/* What has been a stack; the rest of the newest region was never touched. */
static void unpoison(const struct ksi_stacks *stacks, const struct ksi_region *region)
{
    bool newest = region->start + region->size == stacks->end;
    const char *end = newest ? stacks->next : region->start + region->size;
    __asan_unpoison_memory_region(region->start, (size_t)(end - region->start));
}
#endif

void ksi_stacks_renew(struct ksi_stacks *stacks)
{
    for (struct ksi_stack *stack = stacks->free; stack; stack = stack->next)
        if (!stack->fresh) clear(stack);
}

void ksi_stacks_end(struct ksi_stacks *stacks)
{
    for (struct ksi_stack *stack = stacks->free; stack; stack = stack->next) {
        VALGRIND_STACK_DEREGISTER(stack->valgrind);
#if KSI_THREAD_SANITIZER
        __tsan_destroy_fiber(stack->fiber);
#endif
    }
    while (stacks->regions) {
        struct ksi_region *region = stacks->regions;
        stacks->regions = region->next;
#if KSI_ADDRESS_SANITIZER
        unpoison(stacks, region);
#endif
        munmap(region->start, region->size);
        free(region);
    }
}

void ksi_stack_of_thread(struct ksi_stack *stack)
{
    *stack = (struct ksi_stack){ 0 };
#if KSI_THREAD_SANITIZER
    stack->fiber = __tsan_get_current_fiber();
#endif
}

#if KSI_ADDRESS_SANITIZER
static _Thread_local struct ksi_stack *left; /* what the latest switch came from */
#endif

/* A thread's stack is left by a switch: its bounds are known when the switch is over. */
#if KSI_ADDRESS_SANITIZER
static void finish_switch(void *fake)
{
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(fake, &bottom, &size);
    if (!left || left->lowest) return;
    left->lowest = (char *)(uintptr_t)bottom;
    left->size = size;
}
#endif

void ksi_stack_entered(struct ksi_stack *stack)
{
    stack->fresh = false;
#if KSI_ADDRESS_SANITIZER
    finish_switch(NULL);
#endif
}

#if KSI_SANITIZED
void ksi_stack_leaving(struct ksi_stack *from, struct ksi_stack *to)
{
#if KSI_ADDRESS_SANITIZER
    left = from;
    __sanitizer_start_switch_fiber(&from->fake, to->lowest, to->size);
#endif
}

void ksi_stack_back(struct ksi_stack *from)
{
#if KSI_ADDRESS_SANITIZER
    finish_switch(from->fake);
#endif
}
#endif
