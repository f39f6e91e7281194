/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_index.c - a chained hash table whose nodes stand in the children. See supervisor.h.
 *
 * Between an eighth full and full, so that neither a lookup nor the memory depends on how many
 * children there once were. Memory is the calling process's. */
#include "behaviours/supervisor.h"

enum { BITS_MIN = 3 };

static struct ksi_node **bucket_of(const struct ksi_index *index, uint64_t key)
{
    return &index->buckets[key * 0x9e3779b97f4a7c15u >> (64 - index->bits)];
}

static void push(struct ksi_index *index, struct ksi_node *node)
{
    struct ksi_node **bucket = bucket_of(index, node->key);
    node->next = *bucket;
    *bucket = node;
}

static void resize(struct ksi_index *index, uint32_t bits)
{
    struct ksi_index old = *index;
    index->buckets = ks_alloc(sizeof *index->buckets << bits);
    index->bits = bits;
    for (size_t i = 0; old.buckets && i < (size_t)1 << old.bits; i++) {
        while (old.buckets[i]) {
            struct ksi_node *node = old.buckets[i];
            old.buckets[i] = node->next;
            push(index, node);
        }
    }
    ks_free(old.buckets);
}

void ksi_index_add(struct ksi_index *index, struct ksi_node *node)
{
    if (!index->buckets) resize(index, BITS_MIN);
    if (index->count >= (size_t)1 << index->bits) resize(index, index->bits + 1);
    push(index, node);
    index->count++;
}

void ksi_index_remove(struct ksi_index *index, struct ksi_node *node)
{
    struct ksi_node **link = bucket_of(index, node->key);
    while (*link != node) link = &(*link)->next;
    *link = node->next;
    index->count--;
    if (index->bits > BITS_MIN && index->count < (size_t)1 << (index->bits - 3))
        resize(index, index->bits - 1);
}

static struct ksi_node *from(struct ksi_node *node, uint64_t key)
{
    while (node && node->key != key) node = node->next;
    return node;
}

struct ksi_node *ksi_index_find(const struct ksi_index *index, uint64_t key)
{
    return index->buckets ? from(*bucket_of(index, key), key) : NULL;
}

struct ksi_node *ksi_index_next(const struct ksi_node *node) { return from(node->next, node->key); }
