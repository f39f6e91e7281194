/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.c - runtimes are made, started, stopped and given up. See runtime.h. */
#include "io/runtime.h"
#include "base/base.h"
#include "io/job_threads.h"
#include "runtime/fault.h"
#include "runtime/log_output.h"
#include "runtime/scheduler.h"
#include "runtime/signal.h"
#include <kiosk/log.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_TIMEOUT = 1000, BLOCKING_IDLE = KSI_KNOB(10000, 1) };

/* --- the state -------------------------------------------------------------------------------- */
enum ksi_state ksi_state_of(struct ks_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    enum ksi_state state = runtime->state;
    pthread_mutex_unlock(&runtime->lock);
    return state;
}

void ksi_set_state(struct ks_runtime *runtime, enum ksi_state state)
{
    pthread_mutex_lock(&runtime->lock);
    runtime->state = state;
    pthread_cond_broadcast(&runtime->changed);
    pthread_mutex_unlock(&runtime->lock);
}

static void wait_for_start(struct ks_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    while (runtime->state == KSI_BEGINS) pthread_cond_wait(&runtime->changed, &runtime->lock);
    pthread_mutex_unlock(&runtime->lock);
}

/* --- making one ------------------------------------------------------------------------------- */
static bool read_root(struct ks_runtime *runtime, const ks_child *root, size_t size)
{
    ks_child *row = &runtime->root;
    if (!root) return true;
    memcpy(row, root, size < sizeof *row ? size : sizeof *row);
    if (!row->module) return false;
    const char *name = row->name ? row->name : row->id ? row->id : row->module->name;
    memcpy(runtime->name, name, strnlen(name, sizeof runtime->name - 1));
    return true;
}

ks_status ksi_handle_new(const ks_runtime_options *options, const ks_child *root, size_t size,
    struct ks_runtime **ret_runtime)
{
    struct ks_runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime) return KS_NOMEM;
    if (!read_root(runtime, root, size)) {
        free(runtime);
        return KS_BADARG;
    }
    runtime->options = *options;
    runtime->process = getpid();
    runtime->signals = runtime->timer = -1;
    ksi_store_relaxed(&runtime->references, 1); /* nobody else has it */
    int error = pthread_mutex_init(&runtime->lock, NULL);
    KSI_ASSERT(error == 0); /* glibc's never fail */
    error = pthread_cond_init(&runtime->changed, NULL);
    KSI_ASSERT(error == 0);
    *ret_runtime = runtime;
    return KS_OK;
}

static ks_status open_io(struct ks_runtime *runtime, struct ksi_seams *ret_seams)
{
    if (!ksi_sockets_init(&runtime->sockets)) return KS_NOMEM;
    for (uint32_t i = 0; i < runtime->options.schedulers; i++) {
        ks_status status = ksi_io_new(&runtime->sockets, &runtime->io[i]);
        if (status) return status;
        ret_seams[i] = ksi_real_seams(&runtime->io[i]->poller);
    }
    return KS_OK;
}

/* Nobody may be able to make it when it is needed. */
static bool make_order(struct ks_runtime *runtime)
{
    runtime->order = ksi_message_new(&runtime->core->scheduler, &ksi_termination_type,
        &(ksi_termination){ .number = KSI_BY_HOST });
    return runtime->order != NULL;
}

ks_status ksi_handle_open(struct ks_runtime *runtime)
{
    struct ksi_seams seams[KSI_SCHEDULERS_MAX] = { { 0 } };
    uint32_t count = runtime->options.schedulers;
    ks_status status = open_io(runtime, seams);
    if (status) return status;
    struct ksi_runtime *core = ksi_runtime_new(&runtime->options, seams, count);
    if (!core) return KS_NOMEM;
    runtime->core = core;
    core->handle = runtime;
    for (uint32_t i = 0; i < count; i++) ksi_io_attach(runtime->io[i], core->schedulers[i]);
    if (!runtime->options.fatal_faults) core->contains_faults = ksi_faults_begin();
    core->jobs = ksi_job_threads_new(
        runtime->options.blocking_threads, runtime->options.blocking_queue_max, BLOCKING_IDLE);
    if (!core->jobs) return KS_NOMEM;
    if (runtime->started && !(ksi_runtime_share(core) && make_order(runtime))) return KS_NOMEM;
    return runtime->options.host_driven ? ksi_host_open(runtime) : KS_OK;
}

/* --- giving it up ----------------------------------------------------------------------------- */
/* Not before: until its last client is closed somebody may be about to wake one of them. */
static void close_descriptors(struct ks_runtime *runtime)
{
    for (uint32_t i = 0; i < runtime->options.schedulers; i++) {
        if (!runtime->io[i]) continue;
        ksi_io_close_all(runtime->io[i]);
        ksi_poller_end(&runtime->io[i]->poller);
    }
    if (runtime->timer >= 0) close(runtime->timer);
    runtime->timer = -1;
}

static void free_runtime(struct ks_runtime *runtime)
{
    struct ksi_runtime *core = runtime->core;
    if (core) ksi_life_end_jobs(runtime);
    if (core) ksi_life_settle(runtime);
    if (core) ksi_job_threads_free(core->jobs);
    if (core && core->contains_faults) ksi_faults_end();
    if (core && runtime->order) ksi_message_free(&core->scheduler, runtime->order);
    close_descriptors(runtime);
    if (core) ksi_runtime_end(core);
    for (uint32_t i = 0; i < runtime->options.schedulers; i++) ksi_io_free(runtime->io[i]);
    ksi_slots_end(&runtime->sockets);
    ksi_clients_free(runtime);
    pthread_cond_destroy(&runtime->changed);
    pthread_mutex_destroy(&runtime->lock);
    free(runtime);
}

ks_runtime *ks_runtime_ref(ks_runtime *runtime)
{
    ksi_add_relaxed(&runtime->references, 1); /* whoever adds has one */
    return runtime;
}

void ks_runtime_unref(ks_runtime *runtime)
{
    /* acq_rel: the last one sees all uses of the others behind it */
    if (runtime && ksi_sub_acq_rel(&runtime->references, 1) == 1) free_runtime(runtime);
}

ks_runtime *ks_this_runtime(void)
{
    KSI_INSIDE(s);
    if (!s || !s->runtime->handle) return NULL;
    if (!s->parallel && !ksi_runtime_share(s->runtime)) return NULL;
    return s->runtime->handle;
}

/* --- for programs with a main of their own ---------------------------------------------------- */
static void *live(void *arg)
{
    struct ks_runtime *runtime = arg;
    ksi_runner_label(&runtime->core->scheduler);
    ksi_live(runtime);
    return NULL;
}

static ks_status start_threads(struct ks_runtime *runtime)
{
    ks_status status = ksi_thread_start(&runtime->first, live, runtime);
    if (status) return status;
    wait_for_start(runtime);
    if (runtime->start_status) pthread_join(runtime->first, NULL);
    return runtime->start_status;
}

static ks_status start_hosted(struct ks_runtime *runtime)
{
    if (ksi_life_begin(runtime)) {
        ksi_host_drive(runtime, KSI_RUNS);
        if (runtime->start_status) ksi_host_drive(runtime, KSI_OVER);
    }
    return runtime->start_status;
}

static ks_status start(struct ks_runtime *runtime)
{
    runtime->started = true;
    ksi_log_output_open();
    ks_status status = ksi_handle_open(runtime);
    if (status)
        ks_log_error(
            "kiosk: there is no runtime for '%s': %s", runtime->name, ks_status_text(status));
    else
        status = runtime->options.host_driven ? start_hosted(runtime) : start_threads(runtime);
    if (!status) return KS_OK;
    ks_runtime_unref(runtime);
    ksi_log_output_close(LOG_TIMEOUT);
    return status;
}

/* A process may not wait for a runtime; a client's thread may. */
static bool is_inside(void) { return ksi_this_scheduler && !ksi_this_scheduler->client; }

ks_status ks_runtime_start_(const ks_runtime_options *options, size_t options_size,
    const ks_child *root, size_t size, ks_runtime **ret_runtime)
{
    ks_runtime_options known;
    struct ks_runtime *runtime;
    if (is_inside()) return KS_DENIED;
    if (!ksi_options(options, options_size, &known) || known.handle_termination) return KS_BADARG;
    ks_status status = ksi_handle_new(&known, root, size, &runtime);
    if (!status) status = start(runtime);
    if (!status) *ret_runtime = runtime;
    return status;
}

/* NULL: it may be stopped, and this once. */
static const char *refuse_stop(struct ks_runtime *runtime)
{
    if (is_inside()) return "in a process";
    if (runtime->process != getpid()) return "in the child of a fork";
    if (!runtime->started) return "of ks_run";
    if (runtime->driver && runtime->driver != &ksi_this_thread) return "on another thread";
    pthread_mutex_lock(&runtime->lock);
    bool again = runtime->stopped;
    runtime->stopped = true;
    pthread_mutex_unlock(&runtime->lock);
    return again ? "for the second time" : NULL;
}

static void order_end(struct ks_runtime *runtime)
{
    struct ksi_process *boot = ksi_slot_of(&runtime->core->scheduler, runtime->boot.id);
    ksi_end_by(runtime, runtime->options.stop_timeout);
    ksi_block_push(boot, runtime->boot.id, runtime->order);
    runtime->order = NULL;
}

ks_status ks_runtime_stop(ks_runtime *runtime)
{
    const char *refused = refuse_stop(runtime);
    if (refused) {
        ks_log_error("kiosk: ks_runtime_stop %s: nothing is done", refused);
        return KS_DENIED;
    }
    order_end(runtime);
    if (runtime->driver)
        ksi_host_drive(runtime, KSI_OVER);
    else
        pthread_join(runtime->first, NULL);
    ksi_life_end_jobs(runtime);
    ks_status status = runtime->status;
    ks_runtime_unref(runtime);
    ksi_log_output_close(LOG_TIMEOUT);
    return status;
}
