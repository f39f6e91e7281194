/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/api.h - how public functions are declared. Nothing here is specific to a concept, so every
 * other public header may include it; it includes nothing. */
#ifndef KIOSK_API_H
#define KIOSK_API_H

/* The library is built with hidden symbols: what carries KS_API is what a program can link to. */
#ifdef __cplusplus
#define KS_API extern "C" __attribute__((visibility("default")))
#else
#define KS_API extern __attribute__((visibility("default")))
#endif

#define KS_MUST_USE __attribute__((warn_unused_result))
#define KS_PRINTF(string, first) __attribute__((format(printf, string, first)))

#endif
