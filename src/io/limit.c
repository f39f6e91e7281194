/* SPDX-License-Identifier: Apache-2.0 */
/* limit.c - see limit.h.
 *
 * Who waits for room leaves a word: a block that names the record of its wait. Whoever closes a
 * connection pushes it into the inbox of the process, whose scheduler may be another one. Under the
 * lock either the count is seen or the word is there. */
#include "io/limit.h"
#include "base/base.h"
#include "io/socket.h"
#include "runtime/signal.h"
#include <pthread.h>
#include <stdlib.h>

struct ksi_limit {
    pthread_mutex_t lock; /* of all that follows */
    uint32_t max, open;
    bool listens;             /* the listener has its share */
    struct ksi_process *slot; /* who waits */
    struct ksi_message *word; /* NULL: nobody */
};

struct ksi_limit *ksi_limit_new(struct ksi_scheduler *s, uint32_t max)
{
    if (KSI_UNLIKELY(s->pool.fails != NULL) && s->pool.fails(s->pool.fails_arg)) return NULL;
    struct ksi_limit *limit = malloc(sizeof *limit);
    if (!limit) return NULL;
    *limit = (struct ksi_limit){ .max = max, .listens = true };
    pthread_mutex_init(&limit->lock, NULL);
    return limit;
}

struct ksi_limit *ksi_limit_share(struct ksi_limit *limit)
{
    if (!limit) return NULL;
    pthread_mutex_lock(&limit->lock);
    limit->open++;
    pthread_mutex_unlock(&limit->lock);
    return limit;
}

void ksi_limit_leave(struct ksi_limit *limit, bool listens)
{
    if (!limit) return;
    pthread_mutex_lock(&limit->lock);
    if (listens)
        limit->listens = false;
    else
        limit->open--;
    if (limit->word && !listens) {
        ksi_block_push(limit->slot, 0, limit->word);
        limit->word = NULL;
    }
    bool last = !limit->listens && !limit->open;
    pthread_mutex_unlock(&limit->lock);
    if (!last) return;
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

uint32_t ksi_limit_open(struct ksi_limit *limit)
{
    if (!limit) return 0;
    pthread_mutex_lock(&limit->lock);
    uint32_t open = limit->open;
    pthread_mutex_unlock(&limit->lock);
    return open;
}

bool ksi_limit_has_room(struct ksi_limit *limit)
{
    return !limit || ksi_limit_open(limit) < limit->max;
}

/* --- waiting ---------------------------------------------------------------------------------- */
/* False: there is room meanwhile. */
static bool leave_word(struct ksi_limit *limit, struct ksi_process *slot, struct ksi_message *word)
{
    pthread_mutex_lock(&limit->lock);
    bool waits = limit->open >= limit->max;
    if (waits) {
        limit->slot = slot;
        limit->word = word;
    }
    pthread_mutex_unlock(&limit->lock);
    return waits;
}

/* The wait is over. What was pushed finds no record. */
static void forget(struct ksi_limit *limit)
{
    pthread_mutex_lock(&limit->lock);
    struct ksi_message *word = limit->word;
    limit->word = NULL;
    pthread_mutex_unlock(&limit->lock);
    if (word) ksi_message_free(ksi_this_scheduler, word);
}

/* The process that waits ends; its listener, which has a share, goes after this. */
static void release(void *resource) { forget(resource); }

static struct ksi_message *new_word(struct ksi_scheduler *s, const struct ksi_record *record)
{
    uint8_t size_class;
    struct ksi_message *word = ksi_pool_get(&s->pool, sizeof *word, &size_class);
    if (!word) return NULL;
    *word = (struct ksi_message){
        .kind = KSI_EVENT, .size_class = size_class, .ref = ksi_record_handle(s, record)
    };
    return word;
}

ks_status ksi_limit_wait(
    struct ksi_io *io, struct ksi_socket *listener, struct ksi_patience *patience)
{
    struct ksi_scheduler *s = io->scheduler;
    struct ksi_process *self = s->current;
    struct ksi_limit *limit = listener->limit;
    struct ksi_record *record = ksi_record_new(s, self, KSI_RECORD_RESOURCE);
    if (!record) return KS_NOMEM;
    record->own.release = release;
    record->own.resource = limit;
    ks_status status = KS_NOMEM;
    struct ksi_message *word = new_word(s, record);
    if (word && leave_word(limit, self, word)) {
        status = ksi_socket_wait(io, listener, KS_READABLE, patience);
        forget(limit);
    } else if (word) {
        ksi_message_free(s, word);
        status = KS_OK;
    }
    ksi_record_remove(s, self, record);
    ksi_record_free(s, record);
    return status;
}
