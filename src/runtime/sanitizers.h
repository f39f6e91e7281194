/* SPDX-License-Identifier: Apache-2.0 */
/* sanitizers.h - which sanitizer this build runs under, under one name for gcc and clang. */
#ifndef KSI_RUNTIME_SANITIZERS_H
#define KSI_RUNTIME_SANITIZERS_H

#ifndef __has_feature
#define __has_feature(name) 0 /* gcc 12 has macros instead */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define KSI_ADDRESS_SANITIZER 1
#else
#define KSI_ADDRESS_SANITIZER 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define KSI_THREAD_SANITIZER 1
#else
#define KSI_THREAD_SANITIZER 0
#endif
#define KSI_SANITIZED (KSI_ADDRESS_SANITIZER || KSI_THREAD_SANITIZER)

#endif
