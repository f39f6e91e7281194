/* SPDX-License-Identifier: Apache-2.0 */
/* glob - patterns as KEYS and SCAN know them: * ? [abc] [^a] [a-z] and \ before what is meant as
 * it stands. Pure; any thread. At worst pattern times text steps, however many stars. */
#ifndef STORE_GLOB_H
#define STORE_GLOB_H
#include <kiosk/types.h>

bool glob_matches(ks_text pattern, ks_text text);
/* Names of parameters come in any case. */
bool glob_matches_any_case(ks_text pattern, ks_text text);
#endif
