/* SPDX-License-Identifier: Apache-2.0 */
/* size.c - bytes of the structures of the runtime: struct ksi_process by groups of fields, and what
 * a process registers. */
#include "runtime/memory.h"
#include "runtime/name.h"
#include "runtime/record.h"
#include "runtime/scheduler.h"
#include <stdio.h>

#define AT(field) offsetof(struct ksi_process, field)

static void group(const char *what, size_t first, size_t end)
{
    printf("  %4zu  %s\n", end - first, what);
}

int main(void)
{
    printf("struct ksi_process, %zu bytes:\n", sizeof(struct ksi_process));
    group("identity: generation, index, scheduler", AT(generation), AT(inbox));
    group("inbox, place in the wake list", AT(inbox), AT(module));
    group("module, state", AT(module), AT(flags));
    group("flags, next_what, wait, in_use", AT(flags), AT(call_serial));
    group("call serial, queue length", AT(call_serial), AT(mailbox));
    group("mailbox", AT(mailbox), AT(queue_next));
    group("run queue (queue_previous is never used)", AT(queue_next), AT(stack));
    group("stack", AT(stack), AT(current));
    group("turn: current, received, turn", AT(current), AT(timer));
    group("timer, its duration or the exit reason", AT(timer), AT(pending_next));
    group("list of timers to arm", AT(pending_next), AT(call));
    group("call, request", AT(call), AT(parent));
    group("parent", AT(parent), AT(cold));
    group("cold, memory, deferred, context, name", AT(cold), AT(links));
    group("links, owned, watchers, mailbox limit", AT(links), sizeof(struct ksi_process));
    printf("beside it:\n");
    printf("  %4zu  message header\n", sizeof(struct ksi_message));
    printf("  %4zu  cold part (arguments, label, memory limit, a stop)\n", sizeof(struct ksi_cold));
    printf("  %4zu  record: each link, monitor, timer, alias, owned resource\n",
        sizeof(struct ksi_record));
    printf("  %4zu  name, without its text\n", sizeof(struct ksi_name));
    printf("  %4zu  header of ks_alloc\n", sizeof(struct ksi_allocation));
    printf("  %4zu  header of a turn's block\n", sizeof(struct ksi_block));
    return 0;
}
