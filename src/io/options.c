/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - of a runtime: what was not said, and what cannot be. Any thread. */
#include "base/base.h"
#include "io/cores.h"
#include "io/runtime.h"
#include <stdlib.h>
#include <string.h>

enum { PROCESSES_MAX = 16 * 1000 * 1000, STACK_SIZE = 256 * 1024, STOP_TIMEOUT = 30000 };
enum { HOG_LIMIT = 10, BLOCKING_THREADS = KSI_KNOB(64, 2), BLOCKING_QUEUE = KSI_KNOB(10000, 1000) };

static uint32_t default_schedulers(void)
{
    const char *text = getenv("KIOSK_SCHEDULERS");
    long count = text ? strtol(text, NULL, 10) : 0;
    if (count > KSI_SCHEDULERS_MAX) return KSI_SCHEDULERS_MAX;
    return count < 1 ? ksi_cores() : (uint32_t)count;
}

static bool default_fatal_faults(void)
{
    const char *text = getenv("KIOSK_FAULTS");
    return text && strcmp(text, "die") == 0;
}

bool ksi_options(const ks_runtime_options *given, size_t size, ks_runtime_options *ret_options)
{
    ks_runtime_options options = { 0 };
    if (given) memcpy(&options, given, size < sizeof options ? size : sizeof options);
    if (!options.processes_max) options.processes_max = PROCESSES_MAX;
    if (!options.stack_size) options.stack_size = STACK_SIZE;
    if (!options.stop_timeout) options.stop_timeout = STOP_TIMEOUT;
    if (!options.drain_timeout) options.drain_timeout = options.stop_timeout / 3 * 2;
    if (!options.hog_limit) options.hog_limit = HOG_LIMIT;
    if (!options.schedulers) options.schedulers = options.host_driven ? 1 : default_schedulers();
    if (options.schedulers > KSI_SCHEDULERS_MAX) options.schedulers = KSI_SCHEDULERS_MAX;
    if (!options.blocking_threads) options.blocking_threads = BLOCKING_THREADS;
    if (!options.blocking_queue_max) options.blocking_queue_max = BLOCKING_QUEUE;
    if (default_fatal_faults()) options.fatal_faults = true;
    *ret_options = options;
    if (options.host_driven && options.schedulers > 1) return false;
    return options.stop_timeout > 0 && options.drain_timeout > 0;
}
