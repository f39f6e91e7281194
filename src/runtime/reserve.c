/* SPDX-License-Identifier: Apache-2.0 */
/* reserve.c - see reserve.h. PROT_NONE maps are not counted by strict overcommit. */
#include "runtime/reserve.h"
#include <sys/mman.h>

enum { STEP = 1 << 20 }; /* bytes; a multiple of any page size in use */

void *ksi_reserve(size_t size)
{
    void *table = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return table == MAP_FAILED ? NULL : table;
}

void ksi_unreserve(void *table, size_t size) { munmap(table, size); }

uint32_t ksi_commit(void *table, size_t element, uint32_t committed, uint32_t max)
{
    /* The last element need not end where a step does: up, or the same step is taken again. */
    size_t start = ((size_t)committed * element + STEP - 1) / STEP * STEP;
    size_t end = start + STEP;
    if (end > (size_t)max * element) end = (size_t)max * element;
    if (start >= end) return committed;
    if (mprotect((char *)table + start, end - start, PROT_READ | PROT_WRITE)) return committed;
    return (uint32_t)(end / element);
}
