/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - bytes that grow up to a hard limit: what is read from a peer, what waits to be written.
 *
 * Invariants: len <= capacity <= limit; ptr is NULL exactly when capacity is 0. A call that fails
 * changes nothing. One thread at a time. */
#ifndef KSI_BASE_BUF_H
#define KSI_BASE_BUF_H
#include <kiosk/types.h>

struct ksi_buf {
    uint8_t *ptr;
    size_t len;
    size_t capacity;
    size_t limit;
};

/* Empty, without memory; never more than limit bytes. */
void ksi_buf_init(struct ksi_buf *buf, size_t limit);
/* Back to what init made. */
void ksi_buf_free(struct ksi_buf *buf);
/* Room for more bytes behind len, to be written by the caller, who then adds to len.
 * KS_FULL: that would be above the limit; KS_NOMEM. */
ks_status ksi_buf_reserve(struct ksi_buf *buf, size_t more) KS_MUST_USE;
ks_status ksi_buf_append(struct ksi_buf *buf, const void *bytes, size_t len) KS_MUST_USE;
ks_status ksi_buf_append_byte(struct ksi_buf *buf, uint8_t byte) KS_MUST_USE;
/* Forgets the first len bytes (at most all); the rest moves to the front. */
void ksi_buf_consume(struct ksi_buf *buf, size_t len);
#endif
