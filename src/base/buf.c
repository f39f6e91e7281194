/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - see buf.h. */
#include "base/buf.h"

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* The mean build grows byte by byte, so that every append moves the bytes. */
enum { FIRST_CAPACITY = KSI_KNOB(64, 1), GROWTH = KSI_KNOB(2, 1) };

void ksi_buf_init(struct ksi_buf *buf, size_t limit) { *buf = (struct ksi_buf){ .limit = limit }; }

void ksi_buf_free(struct ksi_buf *buf)
{
    free(buf->ptr);
    ksi_buf_init(buf, buf->limit);
}

/* Twice as much each time, so that n appends cost O(n); at least what is needed, at most limit. */
static size_t grown(const struct ksi_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    if (capacity <= buf->limit / GROWTH)
        capacity *= GROWTH;
    else
        capacity = buf->limit;
    return capacity < needed ? needed : capacity;
}

ks_status ksi_buf_reserve(struct ksi_buf *buf, size_t more)
{
    KSI_ASSERT(buf->len <= buf->capacity);
    if (more <= buf->capacity - buf->len) return KS_OK;
    if (more > buf->limit - buf->len) return KS_FULL;
    size_t capacity = grown(buf, buf->len + more);
    uint8_t *ptr = capacity > PTRDIFF_MAX ? NULL : realloc(buf->ptr, capacity);
    if (!ptr) return KS_NOMEM;
    buf->ptr = ptr;
    buf->capacity = capacity;
    return KS_OK;
}

ks_status ksi_buf_append(struct ksi_buf *buf, const void *bytes, size_t len)
{
    ks_status status = ksi_buf_reserve(buf, len);
    if (status || len == 0) return status;
    memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    return KS_OK;
}

ks_status ksi_buf_append_byte(struct ksi_buf *buf, uint8_t byte)
{
    return ksi_buf_append(buf, &byte, 1);
}

void ksi_buf_consume(struct ksi_buf *buf, size_t len)
{
    if (len >= buf->len) {
        buf->len = 0;
        return;
    }
    if (len == 0) return;
    memmove(buf->ptr, buf->ptr + len, buf->len - len);
    buf->len -= len;
}
