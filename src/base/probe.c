/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - the probe that stands in no path of its own; see probe.h. */
#include "base/probe.h"

void ksi_probe_stall(uint64_t pid, const char *module, int64_t ns)
{
    (void)pid, (void)module, (void)ns; /* where there are no probes */
    KSI_PROBE3(stall, pid, module, ns);
}
