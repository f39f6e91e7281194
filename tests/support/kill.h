/* SPDX-License-Identifier: Apache-2.0 */
/* kill.h - sweeps: the same small story again and again, with a kill that comes a little later each
 * time, first counted in turns of the scheduler, then in virtual milliseconds. */
#ifndef KILL_H
#define KILL_H
#include "support/scenario.h"

/* One moment. Set victim before kill_arm, or name, which is looked up when the moment has come. */
struct kill {
    int yields;
    ks_ms ms;
    ks_pid victim;
    const char *name;
    ks_ref killer; /* set by kill_arm */
};
/* Starts the killer. */
void kill_arm(struct kill *kill);
/* Waits until the killer has done its work. */
void kill_done(struct kill *kill);
/* Calls story for every moment of the sweep. */
void kill_sweep(int yields_max, ks_ms ms_max, void (*story)(struct kill *kill));

/* The end of a monitored process that was killed, or got to its end before. */
void ended_or_killed(ks_ref monitor);
/* Whoever holds the name is killed; then nobody does. */
void clear_name(const char *name);
#endif
