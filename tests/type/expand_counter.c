/* SPDX-License-Identifier: Apache-2.0 */
/* expand_counter.c - a small server whose expansion is kept in expand_counter.golden, so that a
 * change of the macros shows as a readable difference. Never linked. */
#include <kiosk/gen_server.h>

typedef enum mode { UP, DOWN } mode;
KS_ENUM(mode, UP, DOWN);

typedef struct step {
    int64_t by;
    mode mode;
    KS_LIST_OF(ks_text) notes;
} step;
KS_TYPE(step, by, (enum, mode, mode), (list, notes, ks_text));

KS_MODULE(counter, ks_int);
struct counter {
    int64_t value;
};
KS_CALL(counter, add, step, ks_int);
KS_CAST(counter, reset, void);

static ks_next counter_init(counter *self, const ks_int *first)
{
    self->value = *first;
    return ks_ok();
}

static ks_next counter_handle_add(counter *self, const step *step, ks_int *reply)
{
    *reply = self->value += step->mode == UP ? step->by : -step->by;
    return ks_reply();
}

static ks_next counter_handle_reset(counter *self)
{
    self->value = 0;
    return ks_noreply();
}

KS_GEN_SERVER(counter, .init = counter_init, .ops = KS_OPS(counter, add, reset));
