/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - what the pure parts of the store need a process for: its memory. Included by the
 * compiler before each of them, so that they can be tested without one. */
#ifndef TESTS_EXAMPLES_PARTS_MEMORY_H
#define TESTS_EXAMPLES_PARTS_MEMORY_H
#include <kiosk/process.h>

/* Blocks that were taken and not given back. */
extern size_t parts_blocks;
void *parts_alloc(size_t size);
void *parts_realloc(void *memory, size_t size);
void parts_free(void *memory);
#define ks_alloc parts_alloc
#define ks_realloc parts_realloc
#define ks_free parts_free
#endif
