/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - static probes: places that perf, bpftrace, gdb and SystemTap find by their names.
 *
 * Each is a nop, and a note in the file that says where its arguments stand; it costs nothing until
 * somebody traces it. Without <sys/sdt.h>, or with -DKIOSK_PROBES=OFF, there are none. Provider:
 * kiosk. A pid is its id, index below and generation above, 0: none; a name is a C string.
 *
 *     spawn(pid, parent, module)     exit(pid, kind of reason, code)
 *     send(from, to, name)           a message, cast, or asynchronous request: operation or type
 *     call(from, to, name)           a call, by who waits for it
 *     reply(to, status)              who waits for a call or a start is answered
 *     block(pid, wait)               enum ksi_wait: 1 reply, 2 message, 3 file descriptor, 4 time,
 *     wake(pid, wait, timed out)         5 room in a mailbox
 *     stall(pid, module, ns)         a handler keeps its scheduler for long
 *
 * docs/debugging.md shows their use. Everywhere. */
#ifndef KSI_BASE_PROBE_H
#define KSI_BASE_PROBE_H
#include <stdint.h>

#if !defined(KSI_NO_PROBES) && __has_include(<sys/sdt.h>)
#ifdef __clang__
/* It would put a value into memory first, where that is one of the choices. */
#define STAP_SDT_ARG_CONSTRAINT nr
/* Wherever a probe stands: the header's macros are GNU's. */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#include <sys/sdt.h>
#define KSI_PROBE2(name, a, b) DTRACE_PROBE2(kiosk, name, a, b)
#define KSI_PROBE3(name, a, b, c) DTRACE_PROBE3(kiosk, name, a, b, c)
#else
#define KSI_PROBE2(name, a, b) ((void)0)
#define KSI_PROBE3(name, a, b, c) ((void)0)
#endif

/* stall: called by who finds the handler, on whatever thread. */
void ksi_probe_stall(uint64_t pid, const char *module, int64_t ns);

#endif
