/* SPDX-License-Identifier: Apache-2.0 */
/* deed - see deed.h: the descriptions, by which they travel. */
#include "deed.h"

KS_TYPE(deed, verb, flags, key, value, number, hash);
KS_TYPE(outcome, status, number, text);
KS_TYPE(deeds, (list, list, deed));
KS_TYPE(outcomes, (list, list, outcome));
