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

/* The typed stubs rely on these being errors, which compilers before gcc 14 only warn about. Here,
 * and not among the flags of the packages, so that they hold for whoever includes a header, and
 * that C++ never hears of them. */
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#pragma GCC diagnostic error "-Wimplicit-function-declaration"
#pragma GCC diagnostic error "-Wint-conversion"
#endif

#endif
