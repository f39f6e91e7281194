/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - see image.h. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "runtime/image.h"
#include <link.h>

struct search {
    struct ksi_object program, library, libc;
    int seen;
};

static void add_segment(struct ksi_object *object, const ElfW(Phdr) * segment)
{
    uintptr_t start = object->base + segment->p_vaddr, end = start + segment->p_memsz;
    if (segment->p_type == PT_GNU_EH_FRAME) object->table = (const uint8_t *)start;
    if (segment->p_type != PT_LOAD) return;
    if (start < object->start) object->start = start;
    if (end > object->end) object->end = end;
    if (!(segment->p_flags & PF_X) || object->text_count == KSI_OBJECT_TEXTS) return;
    object->texts[object->text_count].start = start;
    object->texts[object->text_count++].end = end;
}

/* Called by libc: the return address is of its own text, wherever that is. */
static int see_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *search = arg;
    struct ksi_object object = { .base = info->dlpi_addr, .start = UINTPTR_MAX };
    for (int i = 0; i < info->dlpi_phnum; i++) add_segment(&object, &info->dlpi_phdr[i]);
    if (search->seen++ == 0) search->program = object;
    if (ksi_object_has(&object, (uintptr_t)see_object)) search->library = object;
    if (ksi_object_has(&object, (uintptr_t)__builtin_return_address(0))) search->libc = object;
    return 0;
}

void ksi_image_look(struct ksi_image *ret_image)
{
    struct search search = { .seen = 0 };
    dl_iterate_phdr(see_object, &search);
    const struct ksi_object *program = &search.program, *library = &search.library,
                            *libc = &search.libc;
    *ret_image = (struct ksi_image){ .program = *program };
    if (library->start != program->start) ret_image->library = *library;
    ret_image->libc_apart =
        libc->text_count > 0 && libc->start != program->start && libc->start != library->start;
}
