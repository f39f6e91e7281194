/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.c - see bytes.h. */
#include "io/bytes.h"
#include "base/base.h"
#include <string.h>

enum { FIRST_SIZE = KSI_KNOB(4096, 16) };

static void move_to_front(struct ksi_bytes *bytes)
{
    uint32_t count = ksi_bytes_count(bytes);
    if (count) memmove(bytes->ptr, bytes->ptr + bytes->start, count);
    bytes->start = 0;
    bytes->end = count;
}

/* A block of that size, with what is there at its front. */
static ks_status resize(struct ksi_pool *pool, struct ksi_bytes *bytes, uint32_t size)
{
    uint8_t size_class;
    char *block = ksi_pool_get(pool, size, &size_class);
    if (!block) return KS_NOMEM;
    uint32_t count = ksi_bytes_count(bytes);
    if (count) memcpy(block, bytes->ptr + bytes->start, count);
    if (bytes->ptr) ksi_pool_give(pool, bytes->ptr, bytes->size_class);
    bytes->ptr = block;
    bytes->size = size;
    bytes->size_class = size_class;
    bytes->start = 0;
    bytes->end = count;
    return KS_OK;
}

/* At least `least`, by doubling, no more than most. */
static uint32_t next_size(uint32_t size, uint32_t least, uint32_t most)
{
    uint64_t next = size ? size : FIRST_SIZE / 2;
    do next *= 2;
    while (next < least);
    return next < most ? (uint32_t)next : most;
}

ks_status ksi_bytes_make_room(struct ksi_pool *pool, struct ksi_bytes *bytes, uint32_t max)
{
    uint32_t count = ksi_bytes_count(bytes);
    if (count >= max) return KS_FULL;
    if (count == 0) bytes->start = bytes->end = 0;
    if (ksi_bytes_room(bytes) * 4 < bytes->size && bytes->start) move_to_front(bytes);
    bool larger = ksi_bytes_room(bytes) == 0 || (count == 0 && bytes->filled);
    bytes->filled = false;
    if (!larger || bytes->size > max) return KS_OK;
    ks_status status = resize(pool, bytes, next_size(bytes->size, 2, max + 1));
    return status && ksi_bytes_room(bytes) ? KS_OK : status;
}

ks_status ksi_bytes_append(struct ksi_pool *pool, struct ksi_bytes *bytes, ks_text text)
{
    if (!text.len) return KS_OK;
    uint32_t length = (uint32_t)text.len;
    if (ksi_bytes_room(bytes) < length && bytes->start) move_to_front(bytes);
    if (ksi_bytes_room(bytes) < length) {
        uint32_t least = bytes->end + length + 1;
        ks_status status = resize(pool, bytes, next_size(bytes->size, least, UINT32_MAX));
        if (status) return status;
    }
    memcpy(bytes->ptr + bytes->end, text.ptr, length);
    bytes->end += length;
    return KS_OK;
}

void ksi_bytes_drop(struct ksi_pool *pool, struct ksi_bytes *bytes)
{
    if (bytes->ptr) ksi_pool_give(pool, bytes->ptr, bytes->size_class);
    *bytes = (struct ksi_bytes){ 0 };
}

ks_text ksi_bytes_take(struct ksi_bytes *bytes, uint32_t length, uint32_t skip)
{
    if (!bytes->ptr) return ks_lit("");
    char *text = bytes->ptr + bytes->start;
    bytes->start += length + skip;
    if (skip == 0) { /* the byte behind the text may be one that was not yet read */
        bytes->held = bytes->start < bytes->end;
        bytes->held_byte = text[length];
    }
    text[length] = '\0';
    return (ks_text){ text, length };
}

void ksi_bytes_settle(struct ksi_bytes *bytes)
{
    if (!bytes->held) return;
    bytes->held = false;
    bytes->ptr[bytes->start] = bytes->held_byte;
}
