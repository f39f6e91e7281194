/* SPDX-License-Identifier: Apache-2.0 */
/* frames.c - see frames.h. Only the far end is touched, which a guard alone does not catch. */
#include "support/frames.h"
#include <alloca.h>

__attribute__((noinline)) int touch_1_mib(void)
{
    volatile char frame[1 << 20];
    keep_whole(frame);
    frame[0] = 1;
    return frame[0];
}

__attribute__((noinline)) int touch_alloca(size_t size)
{
    volatile char *frame = alloca(size);
    frame[0] = 1;
    return frame[0];
}
