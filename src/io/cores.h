/* SPDX-License-Identifier: Apache-2.0 */
/* cores.h - how many processors a program may use: what it is allowed to run on, and what its
 * control groups let it have. Any thread. */
#ifndef KSI_IO_CORES_H
#define KSI_IO_CORES_H
#include <stdint.h>

/* At least 1. The affinity of the calling thread, cut to the quota of its control groups (versions
 * 1 and 2), rounded up. */
uint32_t ksi_cores(void);
/* The same with files below other folders than / : for tests. */
uint32_t ksi_cores_below(const char *root, uint32_t allowed);
#endif
