/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - which events are logged.
 *
 * Levels are read by any thread at every event, without a lock: numbers by themselves, and a table
 * of modules that only grows. Who handles them: log_handler.c. */
#include "runtime/log.h"

#include "base/atomic.h"
#include "base/base.h"
#include <pthread.h>

enum { MODULES = 32, MODULE_BYTES = 48, UNSET = -1 };

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
    if (!ksi_log_is_limit(least)) return KS_BADARG;
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
        ksi_log_set_standard(json ? ks_log_to_json : ks_log_to_text);
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
