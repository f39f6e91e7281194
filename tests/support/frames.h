/* SPDX-License-Identifier: Apache-2.0 */
/* frames.h - functions with large frames, compiled as a program that follows kiosk's advice. */
#ifndef SUPPORT_FRAMES_H
#define SUPPORT_FRAMES_H
#include <stddef.h>

int touch_1_mib(void);
int touch_alloca(size_t size);
/* Else clang gives a frame no more than the byte that is used. */
static inline void keep_whole(volatile char *frame)
{
    __asm__ __volatile__("" : : "r"(frame) : "memory");
}

#endif
