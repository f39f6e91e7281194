/* SPDX-License-Identifier: Apache-2.0 */
/* mark_test - marks in a mailbox from which messages are taken anywhere: every ref finds what is
 * its own, and the rest keeps its order. */
#include "support/scenario.h"
#include <kiosk/timer.h>
#include <string.h>

enum { REFS = 12, STEPS = 300 };

static void post(ks_int number) { KS_CHECK_OK(ks_send(ks_self(), ks_int, &number)); }

static bool is_number(const ks_msg *msg, void *arg)
{
    return ks_as(ks_int, msg) && *ks_as(ks_int, msg) == *(const ks_int *)arg;
}

/* A queue as it should be: numbers above 0 are messages, below are those of ref -number - 1. */
struct model {
    ks_int queue[2 * STEPS];
    int length;
    ks_int last;
    ks_pid alias[REFS];
};

static void model_take(struct model *model, int at)
{
    memmove(&model->queue[at], &model->queue[at + 1],
        sizeof model->queue[0] * (size_t)(model->length - at - 1));
    model->length--;
}

static int first_of(const struct model *model, ks_int number)
{
    for (int i = 0; i < model->length; i++)
        if (model->queue[i] == number) return i;
    return -1;
}

static void append(struct model *model, uint64_t ref)
{
    if (ref < REFS) {
        KS_CHECK_OK(ks_send(model->alias[ref], ks_float, &(ks_float){ (double)ref }));
        model->queue[model->length++] = -(ks_int)ref - 1;
    } else {
        post(++model->last);
        model->queue[model->length++] = model->last;
    }
}

static void take_of_ref(struct model *model, uint64_t ref)
{
    int at = first_of(model, -(ks_int)ref - 1);
    const ks_msg *msg = ks_receive_ref(ks_alias_ref(model->alias[ref]), 0);
    KS_CHECK((msg != NULL) == (at >= 0));
    if (!msg) return;
    KS_CHECK(ks_as(ks_float, msg) && *ks_as(ks_float, msg) == (double)ref);
    model_take(model, at);
}

static void take_anywhere(struct model *model)
{
    if (!model->length) return;
    int at = (int)ks_random((uint64_t)model->length);
    if (model->queue[at] < 0) return;
    KS_CHECK(ks_receive_if(is_number, &model->queue[at], 0) != NULL);
    model_take(model, at);
}

static void take_first(struct model *model)
{
    const ks_msg *msg = ks_receive(0);
    KS_CHECK((msg != NULL) == (model->length > 0));
    if (!msg) return;
    if (model->queue[0] > 0)
        KS_CHECK(is_number(msg, &model->queue[0]));
    else
        KS_CHECK(*ks_as(ks_float, msg) == (double)(-model->queue[0] - 1));
    model_take(model, 0);
}

static void random_use_agrees_with_a_plain_queue(void)
{
    struct model model = { .length = 0 };
    for (int i = 0; i < 40; i++) append(&model, REFS);
    for (int i = 0; i < REFS; i++) {
        model.alias[i] = ks_alias();
        append(&model, ks_random((uint64_t)i + 1));
    }
    for (int i = 0; i < STEPS; i++) {
        switch (ks_random(5)) {
        case 0:
        case 1: append(&model, ks_random(2 * REFS)); break;
        case 2: take_of_ref(&model, ks_random(REFS)); break;
        case 3: take_anywhere(&model); break;
        default: take_first(&model);
        }
        KS_CHECK(ks_mailbox_length(ks_self()) == (uint64_t)model.length);
    }
    while (model.length) take_first(&model);
    KS_CHECK(nothing_comes());
}

/* More refs than marks: the older ones are found as well. */
static void a_ref_without_a_mark_is_found(void)
{
    ks_ref timers[40];
    for (ks_int i = 0; i < 40; i++) post(i);
    for (int i = 0; i < 40; i++)
        timers[i] = ks_send_after(1 + i, ks_self(), ks_float, &(ks_float){ i });
    ks_sleep(100);
    for (int i = 39; i >= 0; i--) {
        const ks_msg *msg = ks_receive_ref(timers[i], 0);
        KS_CHECK(ks_as(ks_float, msg) && *ks_as(ks_float, msg) == (double)i);
    }
    for (ks_int i = 0; i < 40; i++) KS_CHECK(is_number(ks_receive(0), &i));
    KS_CHECK(nothing_comes());
}

/* What a mark stood behind is taken, message by message, from the front and from the back. */
static void a_mark_outlives_what_it_stood_behind(void)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        for (ks_int i = 0; i < 40; i++) post(i);
        ks_pid alias = ks_alias();
        for (ks_int i = 0; i < 40; i++) {
            ks_int number = backwards ? 39 - i : i;
            KS_CHECK(ks_receive_if(is_number, &number, 0) != NULL);
            if (i == 20) KS_CHECK(ks_receive_ref(ks_alias_ref(alias), 0) == NULL);
        }
        post(40);
        KS_CHECK_OK(ks_send(alias, ks_float, &(ks_float){ 1 }));
        KS_CHECK(ks_receive_ref(ks_alias_ref(alias), 0) != NULL);
        KS_CHECK(is_number(ks_receive(0), &(ks_int){ 40 }));
        KS_CHECK(nothing_comes());
        ks_unalias(alias);
    }
}

int main(void)
{
    return run_scenarios("marks", 100,
        SCENARIOS(SCENARIO(random_use_agrees_with_a_plain_queue),
            SCENARIO(a_ref_without_a_mark_is_found),
            SCENARIO(a_mark_outlives_what_it_stood_behind)));
}
