/* SPDX-License-Identifier: Apache-2.0 */
/* label.c - see label.h. */
#include "base/label.h"
#include <sys/prctl.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* Linux 5.17 */
#define PR_SET_VMA_ANON_NAME 0
#endif

void ksi_label_thread(const char *name) { (void)prctl(PR_SET_NAME, name); }

void ksi_label_memory(void *start, size_t size, const char *name)
{
    (void)prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, start, size, name);
}
