/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/version.h - which kiosk this is: at compile time (macros) and at run time (the function).
 * The build takes its own version from the three numbers here, so there is one place to change. */
#ifndef KIOSK_VERSION_H
#define KIOSK_VERSION_H
#include "api.h"

#define KS_VERSION_MAJOR 0
#define KS_VERSION_MINOR 1
#define KS_VERSION_PATCH 0

/* The version of the library that the program runs with, as "0.1.0". Any thread may call it, also
 * before a runtime is started. The text is static. */
KS_API const char *ks_version(void);

#endif
