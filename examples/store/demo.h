/* SPDX-License-Identifier: Apache-2.0 */
/* demo - a process that shows the supervision tree and what to try, and ends. */
#ifndef STORE_DEMO_H
#define STORE_DEMO_H
#include <kiosk/kiosk.h>

typedef struct demo_args {
    const char *address;
} demo_args;
KS_MODULE(demo, demo_args);
#endif
