/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - which events are logged, and who handles them.
 *
 * Levels are read by any thread at every event, without a lock: numbers by themselves, and a table
 * of modules that only grows. Handlers are changed by the runtime's thread, or before it runs. */
#include "runtime/log.h"

#include "base/atomic.h"
#include "base/base.h"
#include <errno.h>
#include <pthread.h>

enum { HANDLERS = 8, MODULES = 32, MODULE_BYTES = 48, ID_BYTES = 48, UNSET = -1 };

/* --- levels ----------------------------------------------------------------------------------- */
static _Atomic int general = KS_LOG_NOTICE;
static struct {
    _Atomic int count; /* published entries; their names never change */
    pthread_mutex_t adding;
    struct {
        char name[MODULE_BYTES];
        _Atomic int least; /* UNSET: the general one */
    } table[MODULES];
} modules = { .adding = PTHREAD_MUTEX_INITIALIZER };

static bool is_limit(ks_level level) { return (unsigned)level <= KS_LOG_NONE; }

static int find_module(const char *name)
{
    int count = ksi_load_acquire(&modules.count); /* pairs with the release in add_module() */
    for (int i = 0; i < count; i++)
        if (strcmp(modules.table[i].name, name) == 0) return i;
    return -1;
}

static int least_of_module(const char *name)
{
    int found = find_module(name);
    return found < 0 ? UNSET
                     : ksi_load_relaxed(&modules.table[found].least); /* a number by itself */
}

static const char *this_module(void)
{
    KSI_INSIDE(s);
    return s && s->current && s->current->module ? s->current->module->name : NULL;
}

bool ks_log_enabled(ks_level level)
{
    int least = ksi_load_relaxed(&general);               /* a number by itself */
    if (KSI_UNLIKELY(ksi_load_relaxed(&modules.count))) { /* the names are read after an acquire */
        const char *module = this_module();
        int own = module ? least_of_module(module) : UNSET;
        if (own != UNSET) least = own;
    }
    return (int)level >= least && level < KS_LOG_NONE;
}

ks_level ks_log_set_level(ks_level least)
{
    ks_level old = (ks_level)ksi_load_relaxed(&general);
    ksi_store_relaxed(&general, (int)least); /* a number by itself */
    return old;
}

/* -1: the table is full. */
static int add_module(const char *name)
{
    int count = ksi_load_relaxed(&modules.count); /* changed under the lock that we hold */
    if (count == MODULES) return -1;
    memcpy(modules.table[count].name, name, strlen(name) + 1);
    ksi_store_relaxed(&modules.table[count].least, UNSET); /* published below */
    ksi_store_release(&modules.count, count + 1);          /* the name; pairs with find_module() */
    return count;
}

ks_status ks_log_set_module_level(const char *module, ks_level least)
{
    if (!module || !module[0] || strlen(module) >= MODULE_BYTES) return KS_BADARG;
    if (!is_limit(least)) return KS_BADARG;
    pthread_mutex_lock(&modules.adding);
    int at = find_module(module);
    if (at < 0) at = add_module(module);
    pthread_mutex_unlock(&modules.adding);
    if (at < 0) return KS_FULL;
    ksi_store_relaxed(&modules.table[at].least, (int)least); /* a number by itself */
    return KS_OK;
}

void ks_log_unset_module_level(const char *module)
{
    int at = module ? find_module(module) : -1;
    if (at >= 0) ksi_store_relaxed(&modules.table[at].least, UNSET); /* a number by itself */
}

/* --- handlers --------------------------------------------------------------------------------- */
struct handler {
    char id[ID_BYTES]; /* empty: a free place */
    ks_log_handle *handle;
    void *arg;
    _Atomic int least;
};
static struct handler handlers[HANDLERS] = { { .id = "default" } };
static ks_log_handle *standard = ks_log_to_text; /* what the usual handler is when nobody set one */
static bool default_removed;

static struct handler *find_handler(const char *id)
{
    if (!id || !id[0]) return NULL;
    if (strcmp(id, handlers[0].id) == 0) return default_removed ? NULL : &handlers[0];
    for (int i = 1; i < HANDLERS; i++)
        if (strcmp(handlers[i].id, id) == 0) return &handlers[i];
    return NULL;
}

ks_log_handler ks_log_set_handler(ks_log_handle *handle, void *arg)
{
    struct handler *usual = &handlers[0];
    ks_log_handler old = { .handle = default_removed ? NULL : usual->handle,
        .arg = usual->arg,
        .least = (ks_level)ksi_load_relaxed(&usual->least) }; /* a number by itself */
    usual->handle = handle;
    usual->arg = arg;
    default_removed = false;
    return old;
}

static ks_status fill(struct handler *place, const char *id, const ks_log_handler *row)
{
    if (place != &handlers[0]) memcpy(place->id, id, strlen(id) + 1);
    place->handle = row->handle;
    place->arg = row->arg;
    ksi_store_relaxed(&place->least, (int)row->least); /* a number by itself */
    return KS_OK;
}

ks_status ks_log_add_handler_(const char *id, const ks_log_handler *handler, size_t size)
{
    ks_log_handler row = { 0 };
    if (!id || !id[0] || strlen(id) >= ID_BYTES || !handler) return KS_BADARG;
    memcpy(&row, handler, size < sizeof row ? size : sizeof row);
    if (!row.handle) return KS_BADARG;
    if (find_handler(id)) return KS_ALREADY_PRESENT;
    if (strcmp(id, handlers[0].id) == 0) {
        default_removed = false;
        return fill(&handlers[0], id, &row);
    }
    for (int i = 1; i < HANDLERS; i++)
        if (!handlers[i].id[0]) return fill(&handlers[i], id, &row);
    return KS_FULL;
}

ks_status ks_log_remove_handler(const char *id)
{
    struct handler *handler = find_handler(id);
    if (!handler) return KS_NOT_FOUND;
    handler->handle = NULL;
    ksi_store_relaxed(&handler->least, 0); /* a number by itself */
    if (handler == &handlers[0])
        default_removed = true;
    else
        handler->id[0] = 0;
    return KS_OK;
}

ks_status ks_log_set_handler_level(const char *id, ks_level least)
{
    struct handler *handler = find_handler(id);
    if (!handler) return KS_NOT_FOUND;
    if (!is_limit(least)) return KS_BADARG;
    ksi_store_relaxed(&handler->least, (int)least); /* a number by itself */
    return KS_OK;
}

void ksi_log_submit(const ks_log_event *event)
{
    /* Whose event this thread hands on. In a simulation others may run meanwhile, and log. */
    static _Thread_local bool handling;
    static _Thread_local ks_pid handled;
    ks_pid self = ks_self(), outer = handled;
    bool inside = handling;
    int error = errno; /* who logs a failure may still want to look at it */
    if (inside && ks_same_pid(self, outer)) return;
    handling = true;
    handled = self;
    for (int i = 0; i < HANDLERS; i++) {
        const struct handler *handler = &handlers[i];
        if ((int)event->level < ksi_load_relaxed(&handler->least)) continue; /* by itself */
        if (handler->handle)
            handler->handle(event, handler->arg);
        else if (i == 0 && !default_removed)
            standard(event, NULL);
    }
    handling = inside;
    handled = outer;
    errno = error;
}

/* --- words ------------------------------------------------------------------------------------ */
static const char *const level_names[] = { "debug", "info", "notice", "warning", "error",
    "critical", "alert", "emergency", "none" };

const char *ks_log_level_text(ks_level level)
{
    return (unsigned)level < KSI_COUNT_OF(level_names) ? level_names[level] : "?";
}

static bool is_word(const char *word, size_t len, const char *other)
{
    return strlen(other) == len && memcmp(word, other, len) == 0;
}

/* -1: there is none of that name. */
static int level_of(const char *word, size_t len)
{
    for (size_t i = 0; i < KSI_COUNT_OF(level_names); i++)
        if (is_word(word, len, level_names[i])) return (int)i;
    return -1;
}

/* One word; checked only, or applied as well. */
static ks_status take_word(const char *word, size_t len, bool apply)
{
    const char *equal = memchr(word, '=', len);
    int level = equal ? level_of(equal + 1, len - (size_t)(equal + 1 - word)) : level_of(word, len);
    bool text = is_word(word, len, "text"), json = is_word(word, len, "json");
    if (level < 0 && !text && !json) return KS_BADARG;
    if (equal) {
        char module[MODULE_BYTES] = "";
        size_t size = (size_t)(equal - word);
        if (size == 0 || size >= sizeof module) return KS_BADARG;
        memcpy(module, word, size);
        return apply ? ks_log_set_module_level(module, (ks_level)level) : KS_OK;
    }
    if (!apply) return KS_OK;
    if (level >= 0)
        (void)ks_log_set_level((ks_level)level);
    else
        standard = json ? ks_log_to_json : ks_log_to_text;
    return KS_OK;
}

static ks_status take_words(const char *words, bool apply)
{
    for (const char *word = words; *word;) {
        size_t len = strcspn(word, ",");
        ks_status status = len ? take_word(word, len, apply) : KS_OK;
        if (status) return status;
        word += len + (word[len] == ',');
    }
    return KS_OK;
}

ks_status ks_log_configure(const char *words)
{
    if (!words) return KS_BADARG;
    ks_status status = take_words(words, false);
    return status ? status : take_words(words, true);
}
