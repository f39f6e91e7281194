/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/bin.h - large immutable bytes that travel by count instead of by copy.
 *
 * A message field of type `ks_bin *` is shared: sending counts it up, and the receiver's share is
 * given back when its handler returns. To keep one longer, ks_bin_ref it. Every function: any
 * thread, also outside of a runtime. */
#ifndef KIOSK_BIN_H
#define KIOSK_BIN_H
#include "types.h"

typedef struct ks_bin ks_bin;

/* A copy of the bytes, counted once. NULL when out of memory. */
KS_API ks_bin *ks_bin_new(ks_blob bytes) KS_MUST_USE;
/* Adopts memory: from now on nobody writes to it, and release(ptr) runs when the last share is
 * given back, on whatever thread that is; it must not block. release may be NULL. When out of
 * memory: NULL, and the memory stays the caller's. */
KS_API ks_bin *ks_bin_take(void *ptr, size_t len, void (*release)(void *ptr)) KS_MUST_USE;
/* One share more, one share less. NULL is fine. ks_bin_ref returns what it got. */
KS_API ks_bin *ks_bin_ref(ks_bin *bin);
KS_API void ks_bin_unref(ks_bin *bin);
/* A view, valid as long as the share; of NULL: empty. */
KS_API ks_blob ks_bin_bytes(const ks_bin *bin);
#endif
