/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - a queue of bytes in one block of the scheduler's pool: filled at the end, emptied at
 * the start. An empty one has no block.
 *
 * Invariants: start <= end < size, or all are 0 and ptr is NULL: behind the end there is always
 * room for a NUL. Used by the scheduler's thread only. */
#ifndef KSI_IO_BYTES_H
#define KSI_IO_BYTES_H
#include "runtime/pool.h"
#include <kiosk/types.h>

struct ksi_bytes {
    char *ptr;
    uint32_t size, start, end;
    uint8_t size_class;
    bool filled;    /* the last block was used up in one go: a larger one would have been better */
    bool held;      /* the byte at start is a NUL for somebody who reads what is before it ... */
    char held_byte; /* ... and this is what belongs there */
};

static inline uint32_t ksi_bytes_count(const struct ksi_bytes *bytes)
{
    return bytes->end - bytes->start;
}
static inline uint32_t ksi_bytes_room(const struct ksi_bytes *bytes)
{
    return bytes->size ? bytes->size - 1 - bytes->end : 0;
}
/* Room at the end for at least one byte more, while no more than max are there. KS_OK, KS_NOMEM,
 * KS_FULL. What was lent before is moved. */
ks_status ksi_bytes_make_room(struct ksi_pool *pool, struct ksi_bytes *bytes, uint32_t max);
/* All of text behind the end. KS_OK, KS_NOMEM. */
ks_status ksi_bytes_append(struct ksi_pool *pool, struct ksi_bytes *bytes, ks_text text);
/* Gives the block back. */
void ksi_bytes_drop(struct ksi_pool *pool, struct ksi_bytes *bytes);
/* Lends the first length bytes, followed by a NUL, and takes `skip` bytes more away with them. */
ks_text ksi_bytes_take(struct ksi_bytes *bytes, uint32_t length, uint32_t skip);
/* The byte that a NUL stands for comes back; before anything else is done. */
void ksi_bytes_settle(struct ksi_bytes *bytes);

#endif
