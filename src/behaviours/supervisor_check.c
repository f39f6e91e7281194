/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor_check.c - which specs and rows are right, and what they say when they say nothing.
 * Nothing here looks at a running supervisor. See supervisor.h. */
#include "behaviours/supervisor.h"

#include <string.h>

enum { SHUTDOWN_MS = 5000 };

/* --- defaults --------------------------------------------------------------------------------- */
const char *ksi_child_row_id(const ks_child *row) { return row->id ? row->id : row->module->name; }

ks_restart ksi_child_row_restart(const ks_supervisor_spec *spec, const ks_child *row)
{
    if (row->restart) return row->restart;
    return spec->restart ? spec->restart : KS_PERMANENT;
}

ks_ms ksi_child_row_shutdown(const ks_child *row)
{
    if (row->shutdown) return row->shutdown < KS_INFINITY ? row->shutdown : KS_INFINITY;
    return row->module->behaviour == &ks_supervisor_behaviour ? KS_INFINITY : SHUTDOWN_MS;
}

ks_backoff ksi_child_row_backoff(const ks_supervisor_spec *spec, const ks_child *row)
{
    return row->backoff.first_ms ? row->backoff : spec->backoff;
}

ks_child ksi_child_row_read(const void *row, size_t size)
{
    ks_child read = { 0 };
    memcpy(&read, row, size < sizeof read ? size : sizeof read);
    return read;
}

/* --- what is right ---------------------------------------------------------------------------- */
bool ksi_supervisor_spec_is_right(const ks_supervisor_spec *spec)
{
    if (spec->max_restarts < KS_NONE || spec->max_seconds < 0) return false;
    if (spec->strategy < KS_ONE_FOR_ONE || spec->strategy > KS_DYNAMIC) return false;
    if (spec->restart < KS_RESTART_DEFAULT || spec->restart > KS_TEMPORARY) return false;
    if (!ksi_auto_shutdown_is_right(spec->strategy, (int)spec->auto_shutdown)) return false;
    const ks_extra_arguments *extra = spec->extra_arguments;
    if (extra && (spec->strategy != KS_DYNAMIC || !extra->module || !extra->add)) return false;
    return ks_backoff_is_right(&spec->backoff);
}

bool ksi_child_row_is_right(
    const ks_supervisor_spec *spec, ks_auto_shutdown auto_shutdown, const ks_child *row)
{
    if (!row->module || !row->module->behaviour) return false;
    if (row->restart < KS_RESTART_DEFAULT || row->restart > KS_TEMPORARY) return false;
    if (row->shutdown < 0 && row->shutdown != KS_BRUTAL_KILL) return false;
    if (row->start_timeout < 0 || row->drain < 0) return false;
    if (!ks_backoff_is_right(&row->backoff)) return false;
    if (!row->significant) return true;
    return auto_shutdown != KS_NEVER && ksi_child_row_restart(spec, row) != KS_PERMANENT;
}

/* --- without a supervisor --------------------------------------------------------------------- */
static ks_child row_at(const ks_supervisor_spec *spec, size_t index)
{
    const ks_child_list *list = &spec->children;
    return ksi_child_row_read((const char *)list->items + index * list->item_size, list->item_size);
}

static ks_status check_row(const ks_supervisor_spec *spec, size_t index)
{
    ks_child row = row_at(spec, index);
    if (spec->strategy == KS_DYNAMIC) return KS_BADARG;
    if (!ksi_child_row_is_right(spec, spec->auto_shutdown, &row)) return KS_BADARG;
    for (size_t i = 0; i < index; i++) {
        ks_child earlier = row_at(spec, i);
        if (strcmp(ksi_child_row_id(&earlier), ksi_child_row_id(&row)) == 0)
            return KS_ALREADY_PRESENT;
    }
    return spec->max_children && index >= spec->max_children ? KS_FULL : KS_OK;
}

ks_status ks_check_children(const ks_supervisor_spec *spec, size_t *ret_index)
{
    size_t index = spec->children.count;
    ks_status status = ksi_supervisor_spec_is_right(spec) ? KS_OK : KS_BADARG;
    for (size_t i = 0; i < spec->children.count && !status; i++) {
        status = check_row(spec, i);
        if (status) index = i;
    }
    if (ret_index) *ret_index = index;
    return status;
}
