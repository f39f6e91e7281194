/* SPDX-License-Identifier: Apache-2.0 */
/* desk.h - the server of the scenarios: answers at once, slowly, later, or never. */
#ifndef SPIKE_DESK_H
#define SPIKE_DESK_H
#include <kiosk/kiosk.h>

KS_MODULE(desk, void);
ks_status desk_ask(ks_pid server, ks_ms timeout);               /* answered at once */
ks_status desk_slow(ks_pid server, ks_ms takes, ks_ms timeout); /* the handler sleeps that long */
ks_status desk_later(ks_pid server, ks_ms timeout);             /* deferred, until desk_answer */
ks_status desk_relay(
    ks_pid server, ks_pid behind, ks_ms timeout); /* the handler calls desk_later */
ks_status desk_murder(
    ks_pid server, ks_ms timeout); /* the handler kills its caller, then replies */
void desk_answer(ks_pid server);   /* all that wait */
void desk_crash(ks_pid server);
void desk_finish(ks_pid server);                        /* ends clean */
int64_t desk_waiting(ks_pid server);                    /* deferred, and somebody still waits */
ks_status desk_last_word(ks_pid server, ks_ms timeout); /* a reply and the end */
#endif
