/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what check.c and check_cpp.cc share. */
#ifndef CHECK_H
#define CHECK_H
#include "rt.h"
#ifdef __cplusplus
extern "C" {
#endif
/* Counts, and prints what is wrong. */
void expect(bool good, const char *where, const char *what);
void spin_until_taken(void); /* as a handler does that does not come back */
void cpp_handler(struct process *self, struct request *request, long value);
#ifdef __cplusplus
}
#endif
#endif
