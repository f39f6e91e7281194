/* SPDX-License-Identifier: Apache-2.0 */
/* log_metadata.c - fields that all log events of a process carry. In its own memory, so that they
 * go with it; its crash report still has them. Called from inside a process. */
#include "base/base.h"
#include "runtime/log.h"

#include <kiosk/process.h>

enum { FIELDS = 16 };

/* Borrowed by the caller; NULL: there are none. */
static struct ksi_metadata **metadata_here(void)
{
    KSI_INSIDE(s);
    struct ksi_process *self = s ? s->current : NULL;
    if (!self || (self->flags & KSI_IN_HOOK)) return NULL;
    struct ksi_cold *cold = ksi_cold(s, self);
    if (!cold) ks_exit(ksi_because(KS_NOMEM));
    return &cold->metadata;
}

static size_t count_of(const struct ksi_metadata *metadata)
{
    return metadata ? metadata->count : 0;
}

static bool has(const ks_log_field *fields, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].key, key) == 0) return true;
    return false;
}

/* Numbers stand in the field itself, the rest is copied. */
static ks_log_field copy_of(const ks_log_field *field)
{
    ks_log_field copy = *field;
    copy.key = ks_strdup(ks_str(field->key ? field->key : "?"));
    if (field->inside && field->type->flat) return copy;
    if (field->type == &ks_none_type) return copy;
    copy.inside = false;
    copy.value.record = ks_copy_(field->type, ks_log_value(field));
    return copy;
}

static void drop(const ks_log_field *field)
{
    ks_free((void *)field->key);
    if (!field->inside && field->type != &ks_none_type) ks_free((void *)field->value.record);
}

/* Those given take the place of all, or with keeps of those with their keys. */
static ks_status set(const ks_log_field *fields, size_t count, bool keeps)
{
    struct ksi_metadata **here = metadata_here();
    if (!here) return KS_DENIED;
    struct ksi_metadata *old = *here;
    size_t old_count = count_of(old), kept = 0;
    for (size_t i = 0; i < old_count && keeps; i++) kept += !has(fields, count, old->fields[i].key);
    if (kept + count > FIELDS) return KS_FULL;
    struct ksi_metadata *made = ks_alloc(sizeof *made + (kept + count) * sizeof *fields);
    for (size_t i = 0; i < old_count && kept; i++)
        if (!has(fields, count, old->fields[i].key))
            made->fields[made->count++] = copy_of(&old->fields[i]);
    for (size_t i = 0; i < count; i++)
        if (!has(&fields[i + 1], count - i - 1, fields[i].key)) /* the last of a key counts */
            made->fields[made->count++] = copy_of(&fields[i]);
    *here = made;
    for (size_t i = 0; i < old_count; i++) drop(&old->fields[i]);
    ks_free(old);
    return KS_OK;
}

ks_status ks_log_set_process_metadata_(const ks_log_field *fields, size_t count)
{
    return set(fields, count, false);
}

ks_status ks_log_update_process_metadata_(const ks_log_field *fields, size_t count)
{
    return set(fields, count, true);
}

void ks_log_unset_process_metadata(void)
{
    struct ksi_metadata **here = metadata_here();
    if (!here) return;
    struct ksi_metadata *old = *here;
    *here = NULL;
    for (size_t i = 0; i < count_of(old); i++) drop(&old->fields[i]);
    ks_free(old);
}

size_t ks_log_get_process_metadata(ks_log_field *ret_fields, size_t max)
{
    KSI_INSIDE(s);
    const struct ksi_cold *cold = s && s->current ? s->current->cold : NULL;
    const struct ksi_metadata *metadata = cold ? cold->metadata : NULL;
    size_t count = count_of(metadata);
    for (size_t i = 0; i < count && i < max; i++) ret_fields[i] = metadata->fields[i];
    return count;
}
