/* SPDX-License-Identifier: Apache-2.0 */
/* timer_wheel.c - see timer_wheel.h. */
#include "runtime/timer_wheel.h"
#include "base/base.h"

enum { BITS = 6, MASK = KSI_WHEEL_SLOTS - 1 };

static int level_of(int64_t now, int64_t due)
{
    uint64_t differs = ((uint64_t)now ^ (uint64_t)due) | MASK;
    int level = (63 - __builtin_clzll(differs)) / BITS;
    return level < KSI_WHEEL_LEVELS ? level : KSI_WHEEL_LEVELS - 1;
}

static int slot_of(int level, int64_t due)
{
    return (int)(((uint64_t)due >> (level * BITS)) & MASK);
}

static void insert(struct ksi_wheel *wheel, struct ksi_timer *timer)
{
    int level = level_of(wheel->now, timer->due);
    int slot = slot_of(level, timer->due);
    struct ksi_timer *head = &wheel->slots[level][slot];
    timer->next = head;
    timer->previous = head->previous;
    timer->previous->next = timer;
    head->previous = timer;
    wheel->occupied[level] |= 1ull << slot;
}

/* The first tick of the nearest occupied slot of a level; slots behind now belong to the next
 * turn. */
static int64_t first_of_level(const struct ksi_wheel *wheel, int level)
{
    uint64_t bits = wheel->occupied[level];
    if (!bits) return INT64_MAX;
    int here = slot_of(level, wheel->now);
    uint64_t ahead = here == MASK ? 0 : bits & (~0ull << (here + 1));
    int64_t width = (int64_t)1 << (level * BITS);
    int64_t turn = wheel->now & ~(width * KSI_WHEEL_SLOTS - 1);
    if (level == 0 && (bits >> here & 1)) return wheel->now;
    if (ahead) return turn + width * __builtin_ctzll(ahead);
    return turn + width * KSI_WHEEL_SLOTS + width * __builtin_ctzll(bits);
}

void ksi_wheel_init(struct ksi_wheel *wheel, int64_t now)
{
    *wheel = (struct ksi_wheel){ .now = now };
    for (int level = 0; level < KSI_WHEEL_LEVELS; level++)
        for (int slot = 0; slot < KSI_WHEEL_SLOTS; slot++) {
            struct ksi_timer *head = &wheel->slots[level][slot];
            head->next = head->previous = head;
        }
}

void ksi_wheel_arm(struct ksi_wheel *wheel, struct ksi_timer *timer, int64_t due)
{
    KSI_ASSERT(!ksi_timer_armed(timer));
    timer->due = due > wheel->now ? due : wheel->now;
    insert(wheel, timer);
}

void ksi_wheel_cancel(struct ksi_wheel *wheel, struct ksi_timer *timer)
{
    if (!ksi_timer_armed(timer)) return;
    struct ksi_timer *next = timer->next;
    timer->previous->next = next;
    next->previous = timer->previous;
    timer->next = timer->previous = NULL;
    if (next->next != next) return;
    size_t slot = (size_t)(next - &wheel->slots[0][0]); /* only the head is left */
    wheel->occupied[slot / KSI_WHEEL_SLOTS] &= ~(1ull << slot % KSI_WHEEL_SLOTS);
}

static void move_down(struct ksi_wheel *wheel, int level, int slot)
{
    struct ksi_timer *head = &wheel->slots[level][slot];
    struct ksi_timer *timer = head->next;
    head->next = head->previous = head;
    wheel->occupied[level] &= ~(1ull << slot);
    while (timer != head) {
        struct ksi_timer *next = timer->next;
        insert(wheel, timer);
        timer = next;
    }
}

int64_t ksi_wheel_next(const struct ksi_wheel *wheel)
{
    int64_t earliest = INT64_MAX;
    for (int level = 0; level < KSI_WHEEL_LEVELS; level++) {
        int64_t first = first_of_level(wheel, level);
        if (first < earliest) earliest = first;
    }
    return earliest;
}

struct ksi_timer *ksi_wheel_advance(struct ksi_wheel *wheel, int64_t now)
{
    for (;;) { /* each round fires a timer, moves a slot down, or ends */
        struct ksi_timer *head = &wheel->slots[0][wheel->now & MASK], *timer = head->next;
        if (timer != head && timer->due <= now) {
            ksi_wheel_cancel(wheel, timer);
            return timer;
        }
        int64_t next = ksi_wheel_next(wheel);
        if (next > now) {
            if (now > wheel->now) wheel->now = now;
            return NULL;
        }
        wheel->now = next;
        for (int level = KSI_WHEEL_LEVELS - 1; level > 0; level--) {
            int64_t width = (int64_t)1 << (level * BITS);
            int slot = slot_of(level, next);
            if (next % width == 0 && (wheel->occupied[level] >> slot & 1))
                move_down(wheel, level, slot);
        }
    }
}
