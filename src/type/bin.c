/* SPDX-License-Identifier: Apache-2.0 */
/* bin.c - counted immutable bytes. Invariant: ptr and len never change, and the bytes are there as
 * long as count > 0. Any thread. */
#include <kiosk/bin.h>

#include "base/atomic.h"
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

struct ks_bin {
    _Atomic uint64_t count; /* 64 bits: cannot overflow in a machine's lifetime */
    const uint8_t *ptr;
    size_t len;
    void (*release)(void *ptr); /* NULL: the bytes are our own or need none */
    uint8_t own[];
};

static ks_bin *make(size_t own, size_t len)
{
    ks_bin *bin = own > SIZE_MAX - sizeof(ks_bin) ? NULL : malloc(sizeof(ks_bin) + own);
    if (!bin) return NULL;
    atomic_init(&bin->count, 1);
    bin->ptr = bin->own;
    bin->len = len;
    bin->release = NULL;
    return bin;
}

ks_bin *ks_bin_new(ks_blob bytes)
{
    size_t len = bytes.ptr ? bytes.len : 0;
    ks_bin *bin = make(len, len);
    if (bin && len > 0) memcpy(bin->own, bytes.ptr, len);
    return bin;
}

ks_bin *ks_bin_take(void *ptr, size_t len, void (*release)(void *ptr))
{
    ks_bin *bin = make(0, len);
    if (!bin) return NULL;
    bin->ptr = ptr;
    bin->release = release;
    return bin;
}

ks_bin *ks_bin_ref(ks_bin *bin)
{
    /* relaxed: whoever can ref has a share already, so nothing is published by this. */
    if (bin) ksi_add_relaxed(&bin->count, 1);
    return bin;
}

void ks_bin_unref(ks_bin *bin)
{
    if (!bin) return;
    /* acq_rel: our reads come before the release by the last one, and as the last one we come
     * after the reads of all others; pairs with itself in other threads. */
    uint64_t before = ksi_sub_acq_rel(&bin->count, 1);
    KSI_ASSERT(before > 0);
    if (before > 1) return;
    if (bin->release) bin->release((void *)bin->ptr);
    free(bin);
}

ks_blob ks_bin_bytes(const ks_bin *bin)
{
    return bin ? (ks_blob){ bin->ptr, bin->len } : (ks_blob){ NULL, 0 };
}
