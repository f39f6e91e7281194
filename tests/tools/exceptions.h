/* SPDX-License-Identifier: Apache-2.0 */
/* exceptions.h - what the two halves of the program know of each other: processes and servers are
 * made in C, what they do is C++. */
#ifndef EXCEPTIONS_H
#define EXCEPTIONS_H
#include <kiosk/test.h>

#ifdef __cplusplus
extern "C" {
#endif
/* exceptions.c: a server's handler that throws, catches and blocks; the answer is value + 1. */
int64_t ask_server(int64_t value);
/* exceptions.cc */
void cpp_throws_and_catches(int64_t value); /* in the handler of the server */
void cpp_blocks_everywhere(void *arg);      /* plain processes from here on */
void cpp_sleeps_in_catch(void *arg);
void cpp_exits_in_catch(void *arg);
void cpp_exits_while_unwinding(void *arg);
void cpp_looks(void *arg); /* nothing may be in flight where a process begins */
#ifdef __cplusplus
}
#endif
#endif
