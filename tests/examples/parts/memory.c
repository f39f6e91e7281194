/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - see memory.h. */
#include "memory.h"

#include <stdlib.h>

size_t parts_blocks;

void *parts_alloc(size_t size)
{
    void *memory = calloc(1, size + !size);
    if (!memory) abort();
    parts_blocks++;
    return memory;
}

void *parts_realloc(void *memory, size_t size)
{
    void *other = realloc(memory, size + !size);
    if (!other) abort();
    if (!memory) parts_blocks++;
    return other;
}

void parts_free(void *memory)
{
    if (memory) parts_blocks--;
    free(memory);
}
