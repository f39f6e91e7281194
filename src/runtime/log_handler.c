/* SPDX-License-Identifier: Apache-2.0 */
/* log_handler.c - who handles log events, and the filters before them.
 *
 *     event -> filters of all -> level and filters of each handler -> the handler
 *
 * Changed by the runtime's thread, or before it runs; read by any thread without a lock: the gate
 * of a place is opened last when it is filled, and closed first. A handler or filter that fails
 * (ks_exit) is removed where it failed, by closing its gate, and the others go on. */
#include "runtime/log.h"

#include "base/atomic.h"
#include "base/base.h"
#include "runtime/guard.h"
#include <errno.h>
#include <stdio.h>

enum { HANDLERS = 8, FILTERS = 16, ID_BYTES = 48, WHY_BYTES = 160, ABSENT = KS_LOG_NONE + 1 };

struct handler {
    char id[ID_BYTES];
    _Atomic(ks_log_handle *) handle; /* NULL, of the usual one: the standard */
    void *arg;
    bool only_filtered;
    _Atomic int least; /* the gate; ABSENT: a free place */
};
static struct handler handlers[HANDLERS] = { { .id = "default" }, { .least = ABSENT },
    { .least = ABSENT }, { .least = ABSENT }, { .least = ABSENT }, { .least = ABSENT },
    { .least = ABSENT }, { .least = ABSENT } };
static struct handler *const usual = &handlers[0];
static _Atomic(ks_log_handle *) standard = ks_log_to_text;

struct filter {
    char id[ID_BYTES];
    ks_log_filter *filter;
    void *arg;
    const struct handler *of; /* NULL: of all */
    uint32_t order;           /* as they were added */
    _Atomic bool open;        /* the gate; false: a free place */
};
static struct filter filters[FILTERS];
static uint32_t filters_added;

static bool is_there(const struct handler *handler)
{
    /* acquire: what stands behind the gate; pairs with the release in fill() */
    return ksi_load_acquire(&handler->least) != ABSENT;
}

static bool is_open(const struct filter *filter)
{
    /* acquire: what stands behind the gate; pairs with the release in ks_log_add_filter() */
    return ksi_load_acquire(&filter->open);
}

static bool is_id(const char *id) { return id && id[0] && strlen(id) < ID_BYTES; }

static struct handler *find_handler(const char *id)
{
    for (int i = 0; id && i < HANDLERS; i++)
        if (is_there(&handlers[i]) && strcmp(handlers[i].id, id) == 0) return &handlers[i];
    return NULL;
}

/* --- filters ---------------------------------------------------------------------------------- */
static struct filter *find_filter(const struct handler *of, const char *id)
{
    for (int i = 0; id && i < FILTERS; i++)
        if (is_open(&filters[i]) && filters[i].of == of && strcmp(filters[i].id, id) == 0)
            return &filters[i];
    return NULL;
}

/* The next one in order, behind that of a number. */
static struct filter *next_filter(const struct handler *of, uint32_t behind)
{
    struct filter *next = NULL;
    for (int i = 0; i < FILTERS; i++) {
        struct filter *filter = &filters[i];
        if (!is_open(filter) || filter->of != of || filter->order <= behind) continue;
        if (!next || filter->order < next->order) next = filter;
    }
    return next;
}

ks_status ks_log_add_filter(const char *handler, const char *id, ks_log_filter *filter, void *arg)
{
    const struct handler *of = handler ? find_handler(handler) : NULL;
    if (!is_id(id) || !filter) return KS_BADARG;
    if (handler && !of) return KS_NOT_FOUND;
    if (find_filter(of, id)) return KS_ALREADY_PRESENT;
    for (int i = 0; i < FILTERS; i++) {
        struct filter *place = &filters[i];
        if (is_open(place)) continue;
        memcpy(place->id, id, strlen(id) + 1);
        place->filter = filter;
        place->arg = arg;
        place->of = of;
        place->order = ++filters_added;
        ksi_store_release(&place->open, true); /* all of the above; pairs with is_open() */
        return KS_OK;
    }
    return KS_FULL;
}

ks_status ks_log_remove_filter(const char *handler, const char *id)
{
    const struct handler *of = handler ? find_handler(handler) : NULL;
    struct filter *filter = !handler || of ? find_filter(of, id) : NULL;
    if (!filter) return KS_NOT_FOUND;
    ksi_store_relaxed(&filter->open, false); /* who is in there goes on */
    return KS_OK;
}

/* --- handlers --------------------------------------------------------------------------------- */
/* The last word of a broken program has the form of what stands before it. */
static void choose_form(void)
{
    bool json = false;
    for (int i = 0; i < HANDLERS; i++) {
        ks_log_handle *handle = ksi_load_relaxed(&handlers[i].handle); /* written by us only */
        if (!handle && i == 0) handle = ksi_load_relaxed(&standard);   /* as above */
        json |= handle == ks_log_to_json && is_there(&handlers[i]);
    }
    ksi_assert_form(json);
}

void ksi_log_set_standard(ks_log_handle *handle)
{
    ksi_store_relaxed(&standard, handle); /* a pointer to a constant by itself */
    choose_form();
}

/* The gate is the caller's to open. */
static void fill(struct handler *place, const ks_log_handler *row)
{
    place->arg = row->arg;
    place->only_filtered = row->only_filtered;
    ksi_store_relaxed(&place->handle, row->handle);    /* published by the gate */
    ksi_store_release(&place->least, (int)row->least); /* all of it; pairs with is_there() */
    choose_form();
}

static ks_log_handler row_of(const struct handler *place)
{
    int least = ksi_load_relaxed(&place->least); /* a number by itself */
    return (ks_log_handler){ .handle = least == ABSENT ? NULL : ksi_load_relaxed(&place->handle),
        .arg = place->arg,
        .least = least == ABSENT ? KS_LOG_DEBUG : (ks_level)least,
        .only_filtered = place->only_filtered };
}

ks_log_handler ks_log_set_handler(ks_log_handle *handle, void *arg)
{
    ks_log_handler old = row_of(usual), row = old;
    row.handle = handle;
    row.arg = arg;
    fill(usual, &row);
    return old;
}

/* Rows of older programs are shorter. */
static bool read_row(const ks_log_handler *given, size_t size, ks_log_handler *ret_row)
{
    memset(ret_row, 0, sizeof *ret_row);
    if (!given) return false;
    memcpy(ret_row, given, size < sizeof *ret_row ? size : sizeof *ret_row);
    return ret_row->handle && ksi_log_is_limit(ret_row->least);
}

ks_status ks_log_add_handler_(const char *id, const ks_log_handler *handler, size_t size)
{
    ks_log_handler row;
    if (!is_id(id) || !read_row(handler, size, &row)) return KS_BADARG;
    if (find_handler(id)) return KS_ALREADY_PRESENT;
    for (int i = strcmp(id, usual->id) == 0 ? 0 : 1; i < HANDLERS; i++) {
        if (is_there(&handlers[i])) continue;
        if (i > 0) memcpy(handlers[i].id, id, strlen(id) + 1);
        fill(&handlers[i], &row);
        return KS_OK;
    }
    return KS_FULL;
}

ks_status ks_log_change_handler_(const char *id, const ks_log_handler *handler, size_t size)
{
    ks_log_handler row;
    struct handler *place = find_handler(id);
    if (!place) return KS_NOT_FOUND;
    if (!read_row(handler, size, &row)) return KS_BADARG;
    fill(place, &row);
    return KS_OK;
}

ks_status ks_log_get_handler_(const char *id, ks_log_handler *ret_handler, size_t size)
{
    const struct handler *place = find_handler(id);
    if (!place) return KS_NOT_FOUND;
    const ks_log_handler row = row_of(place);
    memset(ret_handler, 0, size);
    memcpy(ret_handler, &row, size < sizeof row ? size : sizeof row);
    return KS_OK;
}

static void remove_handler(struct handler *handler)
{
    ksi_store_relaxed(&handler->least, ABSENT); /* who is in there goes on */
    for (int i = 0; i < FILTERS; i++)
        if (is_open(&filters[i]) && filters[i].of == handler)
            ksi_store_relaxed(&filters[i].open, false); /* as above */
}

ks_status ks_log_remove_handler(const char *id)
{
    struct handler *handler = find_handler(id);
    if (!handler) return KS_NOT_FOUND;
    remove_handler(handler);
    choose_form();
    return KS_OK;
}

ks_status ks_log_set_handler_level(const char *id, ks_level least)
{
    struct handler *handler = find_handler(id);
    if (!handler) return KS_NOT_FOUND;
    if (!ksi_log_is_limit(least)) return KS_BADARG;
    ksi_store_relaxed(&handler->least, (int)least); /* a number by itself */
    return KS_OK;
}

/* --- what fails ------------------------------------------------------------------------------- */
static void deliver(const ks_log_event *given);

static ks_log_event error_here(void)
{
    KSI_INSIDE(s);
    return ksi_log_event_of(s ? s->current : NULL, KS_LOG_ERROR);
}

/* Of each kind one event; it goes to who is left, so this ends. */
static void report_failure(const char *what, const char *id, const char *why)
{
    char text[ID_BYTES + WHY_BYTES + 64];
    ks_log_event event = error_here();
    snprintf(
        text, sizeof text, "kiosk: the log %s '%s' has failed and was removed: %s", what, id, why);
    event.message = ks_str(text);
    deliver(&event);
}

/* Standard error takes the place of the usual one: what follows is seen. */
static void handler_failed(struct handler *handler, const char *why)
{
    if (handler == usual)
        ksi_store_relaxed(&usual->handle, NULL); /* the standard needs no argument */
    else
        remove_handler(handler);
    report_failure("handler", handler->id, why);
}

static void filter_failed(struct filter *filter, const char *why)
{
    ksi_store_relaxed(&filter->open, false); /* who is in there goes on */
    report_failure("filter", filter->id, why);
}

/* --- delivering ------------------------------------------------------------------------------- */
struct filtering {
    const struct filter *filter;
    ks_log_event *event;
    ks_filter_verdict verdict;
};

static void run_filter(void *arg)
{
    struct filtering *f = arg;
    f->verdict = f->filter->filter(f->event, f->filter->arg);
}

/* One that fails says nothing. */
static ks_filter_verdict ask(struct filter *filter, ks_log_event *event)
{
    char why[WHY_BYTES];
    ks_log_event before = *event;
    struct filtering f = { .filter = filter, .event = event };
    if (!ksi_guard_run(run_filter, &f, why, sizeof why)) {
        *event = before;
        filter_failed(filter, why);
        return KS_FILTER_IGNORE;
    }
    if ((unsigned)f.verdict <= KS_FILTER_STOP) return f.verdict;
    *event = before;
    filter_failed(filter, "it gave no verdict that there is");
    return KS_FILTER_IGNORE;
}

/* May change the event. */
static bool admits(const struct handler *of, ks_log_event *event, bool only_filtered)
{
    bool admitted = !only_filtered;
    uint32_t behind = 0;
    for (struct filter *filter; (filter = next_filter(of, behind));) {
        behind = filter->order;
        ks_filter_verdict verdict = ask(filter, event);
        if (verdict == KS_FILTER_STOP) return false;
        if (verdict == KS_FILTER_LOG) admitted = true;
    }
    return admitted;
}

struct handling {
    ks_log_handle *handle;
    const ks_log_event *event;
    void *arg;
};

static void run_handler(void *arg)
{
    const struct handling *h = arg;
    h->handle(h->event, h->arg);
}

/* Our own do not fail. */
static bool is_own(ks_log_handle *handle)
{
    return handle == ks_log_to_text || handle == ks_log_to_json;
}

static void hand_to(struct handler *handler, ks_log_event event)
{
    char why[WHY_BYTES];
    if (!admits(handler, &event, handler->only_filtered)) return;
    struct handling h = { ksi_load_relaxed(&handler->handle), &event, handler->arg };
    if (!h.handle) h.handle = ksi_load_relaxed(&standard);
    if (is_own(h.handle)) {
        h.handle(&event, NULL);
        return;
    }
    if (ksi_guard_run(run_handler, &h, why, sizeof why)) return;
    handler_failed(handler, why);
    if (handler == usual) ksi_load_relaxed (&standard)(&event, NULL);
}

static void deliver(const ks_log_event *given)
{
    ks_log_event event = *given;
    if (!admits(NULL, &event, false)) return;
    for (int i = 0; i < HANDLERS; i++) {
        /* acquire: what stands behind the gate; pairs with the release in fill() */
        if ((int)event.level < ksi_load_acquire(&handlers[i].least)) continue;
        hand_to(&handlers[i], event);
    }
}

/* What a handler or filter logs itself would not end. */
void ksi_log_submit(const ks_log_event *event)
{
    KSI_INSIDE(s); /* a handler that faults may hold a lock of its own: not contained */
    (void)s;
    int error = errno; /* who logs a failure may still want to look at it */
    if (ksi_guard_is_inside()) return;
    deliver(event);
    errno = error;
}
