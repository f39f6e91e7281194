/* SPDX-License-Identifier: Apache-2.0 */
/* reserve.h - tables that grow in place: address space first, memory when it is needed. */
#ifndef KSI_RUNTIME_RESERVE_H
#define KSI_RUNTIME_RESERVE_H
#include <stddef.h>
#include <stdint.h>

/* Address space without memory, zeroed when used; NULL: none to be had. */
void *ksi_reserve(size_t size);
void ksi_unreserve(void *table, size_t size);
/* Makes more elements usable; returns how many are now: `committed` when memory is short. */
uint32_t ksi_commit(void *table, size_t element, uint32_t committed, uint32_t max);

#endif
