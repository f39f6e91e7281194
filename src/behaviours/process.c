/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - the plain process as a behaviour: a function that blocks, and ends when it returns.
 *
 * Its start is acknowledged before the function runs, or by the function. Written on public
 * functions only. */
#include <kiosk/behaviour.h>

static ks_next on_start(const ks_module *module, void *self, const void *args)
{
    if (!module->acknowledges) ks_init_ack();
    module->main(args);
    return ks_stop(KS_NORMAL);
}

const ks_behaviour ks_process_behaviour = {
    .version = KS_BEHAVIOUR_VERSION, .name = "process", .on_start = on_start
};
