/* SPDX-License-Identifier: Apache-2.0 */
/* deeds.h - what a worker of the stress program does with processes that are no servers; each deed
 * leaves nothing in the worker's mailbox. By a worker, which traps exits. */
#ifndef TESTS_STRESS_DEEDS_H
#define TESTS_STRESS_DEEDS_H
#include "stress/stress.h"

/* There is one DOWN of that kind, and no second one. */
void one_down(ks_ref monitor, ks_reason_kind kind);

/* Others may link to us from now on. */
void be_known(const struct work *w);

void kill_victims(struct work *w);
void link_victim(struct work *w);
void hold_a_name(struct work *w);
void name_a_victim(struct work *w);
void storm(struct work *w);
void cross_links(struct work *w);
void answer_by_alias(struct work *w);
void cancel_a_timer(struct work *w);

#endif
