/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - what is loaded: the program, kiosk when it is a library of its own, and all the rest.
 *
 * Of the rest nothing is kept: what belongs to neither is foreign, whenever it was loaded. */
#ifndef KSI_RUNTIME_IMAGE_H
#define KSI_RUNTIME_IMAGE_H
#include <stdbool.h>
#include <stdint.h>

enum { KSI_OBJECT_TEXTS = 4 };
struct ksi_object {
    uintptr_t base;       /* what addresses in its file count from */
    uintptr_t start, end; /* everything that is loaded of it */
    struct {
        uintptr_t start, end;
    } texts[KSI_OBJECT_TEXTS]; /* what can be executed */
    int text_count;
    const uint8_t *table; /* .eh_frame_hdr: see frame_table.h; NULL: it has none */
};
struct ksi_image {
    struct ksi_object program, library; /* library: without text, when the program has it inside */
    bool libc_apart; /* libc is an object of its own: its frames can be told from the program's */
};

/* Takes a lock of the loader: not in a handler of signals. */
void ksi_image_look(struct ksi_image *ret_image);

static inline bool ksi_object_has(const struct ksi_object *object, uintptr_t code)
{
    for (int i = 0; i < object->text_count; i++)
        if (code >= object->texts[i].start && code < object->texts[i].end) return true;
    return false;
}

#endif
