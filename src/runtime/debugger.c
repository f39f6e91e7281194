/* SPDX-License-Identifier: Apache-2.0 */
/* debugger.c - where a debugger begins to look: the runtimes of this OS process. Nothing here reads
 * the list; tools/kiosk-gdb.py does, and knows the structs by their names. Any thread. */
#include "runtime/scheduler.h"

struct ksi_runtime *ksi_runtimes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void ksi_debugger_add(struct ksi_runtime *runtime)
{
    pthread_mutex_lock(&lock);
    runtime->next = ksi_runtimes;
    runtime->link = &ksi_runtimes;
    if (runtime->next) runtime->next->link = &runtime->next;
    ksi_runtimes = runtime;
    pthread_mutex_unlock(&lock);
}

void ksi_debugger_remove(struct ksi_runtime *runtime)
{
    pthread_mutex_lock(&lock);
    if (runtime->link) { /* else it did not get so far */
        *runtime->link = runtime->next;
        if (runtime->next) runtime->next->link = runtime->link;
    }
    pthread_mutex_unlock(&lock);
}
