/* SPDX-License-Identifier: Apache-2.0 */
/* log_queue.c - see log_queue.h. A record that would cross the end begins at the start again; a
 * record of size SKIP stands for the rest, with or without room for more than its own head. */
#include "runtime/log_queue.h"

#include <string.h>

#define SKIP UINT32_MAX

static struct ksi_log_line *line_at(struct ksi_log_queue *queue, uint64_t at)
{
    return (struct ksi_log_line *)(void *)(queue->bytes + at % KSI_LOG_QUEUE_BYTES);
}

static uint64_t length_of(size_t size)
{
    return (sizeof(struct ksi_log_line) + size + 7) & ~(uint64_t)7;
}

bool ksi_log_queue_put(
    struct ksi_log_queue *queue, ks_level level, const char *line, size_t size, uint32_t stands_for)
{
    bool urgent = level >= KS_LOG_ERROR;
    uint64_t bytes_max = urgent ? KSI_LOG_QUEUE_BYTES : KSI_LOG_QUEUE_BYTES / 4 * 3;
    uint32_t lines_max = urgent ? KSI_LOG_QUEUE_LINES : KSI_LOG_QUEUE_LINES / 4 * 3;
    if (size > KSI_LOG_QUEUE_BYTES || queue->count >= lines_max) return false;
    if (queue->count == 0) queue->head = queue->tail = 0;
    uint64_t need = length_of(size),
             to_end = KSI_LOG_QUEUE_BYTES - queue->tail % KSI_LOG_QUEUE_BYTES;
    uint64_t skipped = need > to_end ? to_end : 0;
    if (queue->tail - queue->head + skipped + need > bytes_max) return false;
    if (skipped) line_at(queue, queue->tail)->size = SKIP;
    queue->tail += skipped;
    struct ksi_log_line *at = line_at(queue, queue->tail);
    *at = (struct ksi_log_line){ .size = (uint32_t)size, .stands_for = stands_for };
    memcpy(at + 1, line, size);
    queue->tail += need;
    queue->count++;
    return true;
}

const struct ksi_log_line *ksi_log_queue_first(struct ksi_log_queue *queue, const char **ret_bytes)
{
    if (queue->count == 0) return NULL;
    const struct ksi_log_line *first = line_at(queue, queue->head);
    if (first->size == SKIP) {
        queue->head += KSI_LOG_QUEUE_BYTES - queue->head % KSI_LOG_QUEUE_BYTES;
        first = line_at(queue, queue->head);
    }
    *ret_bytes = (const char *)(first + 1);
    return first;
}

void ksi_log_queue_take(struct ksi_log_queue *queue)
{
    const char *bytes;
    const struct ksi_log_line *first = ksi_log_queue_first(queue, &bytes);
    KSI_ASSERT(first);
    queue->head += length_of(first->size);
    queue->count--;
}
