/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/keep.h - what libraries keep for each thread, kept for each handler.
 *
 * While a handler blocks, others run on its thread. errno and the C++ exceptions that are being
 * thrown or handled are kept for it (one that is in flight when its process is ended is not
 * destroyed); where a library has more of the kind, such as OpenSSL's queue of errors, say how
 * to take it away and how to put it back. C++ is seen when the program is linked with it, not when
 * it comes later by dlopen. */
#ifndef KIOSK_KEEP_H
#define KIOSK_KEEP_H
#include "types.h"

/* The three functions call nothing of kiosk, and do not block. */
typedef struct ks_thread_state {
    /* A handler blocks: its state leaves the thread, which is as a new one afterwards. NULL: there
     * was none. */
    void *(*save)(void);
    /* It goes on: whatever others left on the thread is dropped, what save gave is put back.
     * NULL: there was none; also where a process was ended, so that the next one finds nothing. */
    void (*restore)(void *saved);
    /* The process was ended while it was blocked. */
    void (*discard)(void *saved);
} ks_thread_state;

/* For all runtimes of the program, from now on; before the first handler runs, rather. What a
 * handler leaves behind when it returns is the next one's, as after any function. KS_BADARG: one
 * of the three is missing; KS_FULL: there are four already. Any thread. */
static inline ks_status ks_keep_thread_state(const ks_thread_state *state) KS_MUST_USE;

KS_API ks_status ks_keep_thread_state_(const ks_thread_state *state, size_t size);
static inline ks_status ks_keep_thread_state(const ks_thread_state *state)
{
    return ks_keep_thread_state_(state, sizeof *state);
}
#endif
