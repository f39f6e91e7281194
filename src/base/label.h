/* SPDX-License-Identifier: Apache-2.0 */
/* label.h - names that tools show: of threads (top, gdb, perf), of maps (smaps, where the kernel
 * has CONFIG_ANON_VMA_NAME, since Linux 5.17). Nothing depends on them. Any thread. */
#ifndef KSI_BASE_LABEL_H
#define KSI_BASE_LABEL_H
#include <stddef.h>

/* Of the calling thread; cut to 15 bytes. */
void ksi_label_thread(const char *name);
/* Of an anonymous map, or a part of one, that begins at a page. */
void ksi_label_memory(void *start, size_t size, const char *name);

#endif
