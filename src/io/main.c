/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - ks_run and ks_main: the calling thread is the first scheduler. */
#include "io/runtime.h"
#include "runtime/log_output.h"
#include "runtime/scheduler.h"
#include <kiosk/log.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_TIMEOUT = 1000 };

#define LOG_WORDS "a level from debug to emergency or none, MODULE=LEVEL, text, json"

static ks_status run(struct ks_runtime *runtime)
{
    ks_status status = ksi_signals_open(runtime);
    if (!status) status = ksi_handle_open(runtime);
    if (!status) status = ksi_signals_hear(runtime);
    if (status) {
        ks_log_error(
            "kiosk: there is no runtime for '%s': %s", runtime->name, ks_status_text(status));
    } else {
        ksi_live(runtime);
        status = runtime->status;
    }
    ksi_signals_close(runtime);
    return status;
}

static ks_status run_program(const ks_runtime_options *options, size_t options_size,
    const ks_child *root, size_t size, bool is_main)
{
    ks_runtime_options known;
    struct ks_runtime *runtime;
    if (ksi_this_scheduler) return KS_DENIED; /* it would block the process that calls */
    if (!root || !ksi_options(options, options_size, &known) || known.host_driven) return KS_BADARG;
    ks_status status = ksi_handle_new(&known, root, size, &runtime);
    if (status) return status;
    runtime->is_main = is_main;
    ksi_log_output_open();
    status = run(runtime);
    ks_runtime_unref(runtime);
    ksi_log_output_close(LOG_TIMEOUT);
    return status;
}

ks_status ks_run_(
    const ks_runtime_options *options, size_t options_size, const ks_child *root, size_t size)
{
    return run_program(options, options_size, root, size, false);
}

/* KIOSK_LOG=... for all programs of an environment, --kiosk-log=... for this run. */
static bool configure_log(int argc, char **argv)
{
    static const char option[] = "--kiosk-log=";
    const char *words = getenv("KIOSK_LOG");
    if (words && ks_log_configure(words))
        ks_log_warning(
            "kiosk: KIOSK_LOG='%s' is not understood, and left out: %s", words, LOG_WORDS);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], option, sizeof option - 1) != 0) continue;
        words = argv[i] + sizeof option - 1;
        if (!ks_log_configure(words)) continue;
        ks_log_error("kiosk: %s'%s': %s", option, words, LOG_WORDS);
        return false;
    }
    return true;
}

int ks_main_(int argc, char **argv, const ks_child *root, size_t size)
{
    if (!configure_log(argc, argv)) return 1;
    ks_runtime_options options = { .handle_termination = true };
    ks_status status = run_program(&options, sizeof options, root, size, true);
    return status ? 1 : 0;
}
