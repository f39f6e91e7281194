/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - doubly linked rings inside structs: no allocation, O(1) removal from anywhere.
 *
 * A list is a head of the same type as its members' nodes. Invariant: following next from any node
 * comes back to it, and prev is the way back; a node alone, or an empty head, points at itself.
 * One thread at a time.
 *
 *     struct ksi_list *node = ksi_list_pop_front(&waiting);
 *     struct waiter *waiter = node ? KSI_CONTAINER_OF(node, struct waiter, node) : NULL; */
#ifndef KSI_BASE_LIST_H
#define KSI_BASE_LIST_H
#include <stdbool.h>
#include <stddef.h>

struct ksi_list {
    struct ksi_list *next; /* of a head: the first */
    struct ksi_list *prev; /* of a head: the last */
};

/* Goes through a list; node may be removed meanwhile, its neighbour may not. */
#define KSI_LIST_EACH(list, node, following)                                                       \
    for (struct ksi_list *node = (list)->next, *following = node->next; node != (list);            \
         node = following, following = node->next)

static inline void ksi_list_init(struct ksi_list *node) { node->next = node->prev = node; }

static inline bool ksi_list_is_empty(const struct ksi_list *list) { return list->next == list; }

static inline void ksi_list_insert_after(struct ksi_list *place, struct ksi_list *node)
{
    node->prev = place;
    node->next = place->next;
    place->next->prev = node;
    place->next = node;
}

static inline void ksi_list_push_front(struct ksi_list *list, struct ksi_list *node)
{
    ksi_list_insert_after(list, node);
}

static inline void ksi_list_push_back(struct ksi_list *list, struct ksi_list *node)
{
    ksi_list_insert_after(list->prev, node);
}

/* The node is alone afterwards, so removing it twice does no harm. */
static inline void ksi_list_remove(struct ksi_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    ksi_list_init(node);
}

/* NULL when the list is empty. */
static inline struct ksi_list *ksi_list_pop_front(struct ksi_list *list)
{
    if (ksi_list_is_empty(list)) return NULL;
    struct ksi_list *node = list->next;
    ksi_list_remove(node);
    return node;
}

/* All of from, in order, behind what is in list; from is empty afterwards. */
static inline void ksi_list_append_all(struct ksi_list *list, struct ksi_list *from)
{
    if (ksi_list_is_empty(from)) return;
    from->next->prev = list->prev;
    from->prev->next = list;
    list->prev->next = from->next;
    list->prev = from->prev;
    ksi_list_init(from);
}
#endif
