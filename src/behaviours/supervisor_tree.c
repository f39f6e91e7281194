/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_tree.c - the tree below a supervisor as text. Runs in whoever asks.
 * See supervisor.h. */
#include "behaviours/supervisor.h"

#include <string.h>

enum { SHOWN = 20, DEPTH_MAX = 32 };

struct tree {
    char *buffer;
    size_t size, length;
    char indent[3 * DEPTH_MAX + 1];
    int depth;
};

static void put(struct tree *tree, ks_text text)
{
    for (size_t i = 0; i < text.len; i++, tree->length++)
        if (tree->length + 1 < tree->size) tree->buffer[tree->length] = text.ptr[i];
}

static void put_pid(struct tree *tree, ks_pid pid)
{
    char text[64];
    ks_print_(&ks_pid_type, &pid, text, sizeof text);
    put(tree, ks_str(text));
}

static void put_child(struct tree *tree, const ks_child_info *info, bool last)
{
    put(tree, ks_str(tree->indent));
    put(tree, ks_str(last ? "`- " : "|- "));
    put(tree, info->id);
    put(tree, ks_str(" "));
    if (info->state == KS_CHILD_RUNNING)
        put_pid(tree, info->pid);
    else
        put(tree, ks_str(info->state == KS_CHILD_STOPPED ? "stopped" : "restarting"));
    put(tree, ks_str(" "));
    put(tree, info->is_supervisor ? ks_str("supervisor") : info->name);
    put(tree, ks_str("\n"));
}

static void put_more(struct tree *tree, uint64_t count)
{
    char text[64];
    ks_print_(&ks_int_type, &(ks_int){ (ks_int)count }, text, sizeof text);
    put(tree, ks_str(tree->indent));
    put(tree, ks_str("... and "));
    put(tree, ks_str(text));
    put(tree, ks_str(" more\n"));
}

/* Of a supervisor that does not answer, nothing is shown. Recursion: at most DEPTH_MAX. */
static void put_children(struct tree *tree, const ksi_children *children)
{
    size_t count = children->infos.count;
    uint64_t more = children->count - count;
    for (size_t i = 0; i < count; i++) {
        const ks_child_info *info = &children->infos.items[i];
        bool last = i + 1 == count && !more;
        ksi_children below;
        put_child(tree, info, last);
        if (!info->is_supervisor || ks_is_none(info->pid) || tree->depth == DEPTH_MAX) continue;
        if (ksi_which_children(info->pid, SHOWN, &below) != KS_OK) continue;
        memcpy(&tree->indent[3 * tree->depth++], last ? "   " : "|  ", 4);
        put_children(tree, &below);
        tree->indent[3 * --tree->depth] = 0;
    }
    if (more) put_more(tree, more);
}

size_t ks_format_tree(ks_pid supervisor, char *buffer, size_t size)
{
    struct tree tree = { .buffer = buffer, .size = size };
    ksi_children children;
    if (ksi_which_children(supervisor, SHOWN, &children) == KS_OK) {
        put(&tree, children.supervisor);
        put(&tree, ks_str(" "));
        put_pid(&tree, children.pid);
        put(&tree, ks_str(" supervisor\n"));
        put_children(&tree, &children);
    }
    if (size) buffer[tree.length < size ? tree.length : size - 1] = 0;
    return tree.length;
}
