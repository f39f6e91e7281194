/* SPDX-License-Identifier: Apache-2.0 */
/* type.h - deep copies by description: how large, where to, and what to give back.
 *
 * A copy is one struct of type->size bytes and a tail: one run of bytes for everything it points
 * at, in parts of multiples of 8 bytes, so that whoever sends allocates once. Recursion follows the
 * nesting of the data. Any thread; the value must not change meanwhile. */
#ifndef KSI_TYPE_TYPE_H
#define KSI_TYPE_TYPE_H
#include <kiosk/type.h>

#include <string.h>

/* What ksi_type_tail answers at most: more than can be allocated, and sums with it do not wrap. */
#define KSI_TYPE_TAIL_MAX ((size_t)PTRDIFF_MAX & ~(size_t)7)

size_t ksi_type_tail_deep(const ks_type *type, const void *value);
char *ksi_type_detach(const ks_type *type, void *copied, char *tail);
void ksi_type_release_deep(const ks_type *type, void *value);

/* Bytes beyond type->size that a deep copy of value needs; a multiple of 8. */
static inline size_t ksi_type_tail(const ks_type *type, const void *value)
{
    return type->flat ? 0 : ksi_type_tail_deep(type, value);
}

/* Deep copy: *to gets the struct, everything it points at goes to tail, which is aligned to 8 and
 * may follow *to in the same block. Texts and C strings are followed by a NUL. ks_bin are counted
 * up; ks_sockets are copied as they are. Returns tail + ksi_type_tail(type, from). */
static inline char *ksi_type_copy(const ks_type *type, void *to, const void *from, char *tail)
{
    memcpy(to, from, type->size);
    return type->flat ? tail : ksi_type_detach(type, to, tail);
}

/* Visits each socket inside, also those behind pointers; visit may change it. */
void ksi_type_each_socket(
    const ks_type *type, void *value, void (*visit)(ks_socket *socket, void *arg), void *arg);

/* Bytes of each ks_bin inside, also behind pointers: what a copy keeps alive beside its own. */
size_t ksi_type_shared(const ks_type *type, void *value);

/* Before the memory of a copy is dropped: gives back each ks_bin and zeroes the secrets. Only for
 * copies, which are nobody else's: it writes into *value in spite of the const, which is there
 * because holders of received messages have no other pointer. */
static inline void ksi_type_release(const ks_type *type, const void *value)
{
    if (type->owns) ksi_type_release_deep(type, (void *)value);
}

/* As ks_print_, with depth levels of structs and lists, 8 at most; 0: 8. */
size_t ksi_print(const ks_type *type, const void *value, int depth, char *buffer, size_t size);
/* One value of a field, or one element of an array, as ks_print_ shows it; a secret is shown, too:
 * whoever calls has looked. */
size_t ksi_print_element(const ks_field *field, const void *at, char *buffer, size_t size);

/* An enum's number, whatever the width of its C type, and its name; NULL when it has none. */
int64_t ksi_enum_get(const ks_enum *names, const void *at);
const char *ksi_enum_name(const ks_enum *names, int64_t value);

/* How many bytes of a reason's text a copy keeps: KS_REASON_TEXT_MAX, less half a character. */
size_t ksi_reason_length(const char *text);

/* What a list looks like in any struct, whatever its elements are. */
struct ksi_items {
    const void *items;
    size_t count;
};

/* memcpy, since the members have other types than these. A list without memory is empty. */
static inline struct ksi_items ksi_items_at(const void *at)
{
    struct ksi_items list;
    memcpy(&list, at, sizeof list);
    if (!list.items) list.count = 0;
    return list;
}
static inline void *ksi_pointer_at(const void *at)
{
    void *pointer;
    memcpy(&pointer, at, sizeof pointer);
    return pointer;
}
#endif
