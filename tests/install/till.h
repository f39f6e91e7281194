/* SPDX-License-Identifier: Apache-2.0 */
/* till.h - what the consumers of an installed kiosk have in common: a server, the tree that it
 * stands in, and who visits it. Also for C++. */
#ifndef TILL_H
#define TILL_H
#include <kiosk/kiosk.h>

typedef struct till_args {
    int64_t cash;
} till_args;
KS_DECLARE_TYPE(till_args);
KS_MODULE(till, till_args);
/* The root: a till, and a visitor whose end is that of the program. */
KS_API const ks_module shop_module;

#ifdef __cplusplus
extern "C" {
#endif
ks_status till_add(ks_pid till, int64_t cash, int64_t *ret_cash) KS_MUST_USE;
void till_break(ks_pid till); /* it ends with an error, and its supervisor starts another one */

/* The visitor's whole life, which each consumer has in its own language. */
void visit(void);
#ifdef __cplusplus
}
#endif
#endif
