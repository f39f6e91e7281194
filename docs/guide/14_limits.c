/* SPDX-License-Identifier: Apache-2.0 */
/* 14_limits.c - Limits and honest trade-offs
 *
 * kiosk brings a model that was made for a virtual machine to a language that has none. Most of it
 * holds. This chapter says what does not, so that you hear it here and not at night. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>
#include <stdlib.h>

/* ## A killed process does not clean up after itself
 *
 * Its stack is dropped, not unwound: no line of it runs any more. What kiosk gave it goes back.
 * What `malloc` gave it, stays; a lock that it holds, stays locked. Register what must be given
 * back. */
static void note(void *what)
{
    printf("given back: %s\n", (const char *)what);
    free(what);
}

static char *text_of(const char *text)
{
    char *copy = malloc(16);
    if (!copy) ks_exit(ks_because(KS_NOMEM));
    snprintf(copy, 16, "%s", text);
    return copy;
}

static void holder(void *arg)
{
    char *owned = text_of("owned");
    char *plain = text_of("plain");
    *(char **)arg = plain; /* so that this program does not leak: nobody else would know */
    ks_own(note, owned);
    ks_receive(KS_INFINITY);
    note(plain); /* never reached by who is killed */
}

static void killed(void)
{
    ks_ref ref;
    char *plain = NULL;
    ks_pid pid = ks_spawn_monitor(holder, &plain, &ref);
    ks_yield();
    ks_exit_process(pid, KS_KILL);
    ks_receive_ref(ref, KS_INFINITY); //=> given back: owned
    free(plain);
}

/* Do not block while you hold a lock: not in a call, not in a receive. Others on the same thread
 * may want it, and the process may be ended where it stands. Better: let a server own what the
 * lock protects.
 *
 * ## A handler that computes keeps its thread
 *
 * Nobody interrupts C code. After 10 ms (`.hog_limit`) the scheduler goes on with another thread,
 * and the log says who the late one is. But who was blocked in the middle of a handler on that
 * thread waits for it, since a stack never changes its thread. What is known to take long, or to
 * block in a library, goes to the pool: `ks_blocking`. */
static void slow_sum(void *data)
{
    int64_t *sum = data;
    for (int64_t i = 1; i <= 1000000; i++) *sum += i;
}

static void computes(void)
{
    int64_t sum = 0; /* a copy goes to the thread, and comes back */
    if (ks_blocking(slow_sum, &sum, sizeof sum, 10000) == KS_OK)
        printf("sum: %" PRId64 "\n", sum); //=> sum: 500000500000
}

/* ## Memory is shared after all
 *
 * Processes share nothing by way of kiosk: messages are copied. But a pointer is a pointer. A wild
 * one can spoil the state of another process, or of the runtime, and nobody may notice. A fault
 * that *is* noticed ends its process only, when all functions on the stack are the program's own;
 * with a library among them, which may hold a lock, the program ends. What must not be trusted
 * that far belongs into an OS process of its own.
 *
 * A limit is possible: who takes more than its row says ends, and not the program. */
static void takes_too_much(void *arg)
{
    for (;;) ks_alloc(1 << 20); /* until it is ended */
}

static void greedy(void)
{
    char text[80];
    ks_ref ref;
    ks_spawn_options limits = { .memory_max = 16 << 20, .ret_monitor = &ref };
    if (ks_spawn_with(takes_too_much, NULL, &limits, NULL)) return;
    const ks_down *down = ks_as(ks_down, ks_receive_ref(ref, KS_INFINITY));
    printf("greedy: %s\n", ks_reason_text(down->reason, text, sizeof text)); //=> greedy: nomem
}

KS_MODULE(limits, void);
static void limits_main(const ks_none *args)
{
    killed();
    computes();
    greedy();
}
KS_PROCESS(limits);
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(limits)); }

/* ## Stacks
 *
 * A blocked process owns a stack: 256 KiB of address space, of which it uses what it touches. An
 * idle server owns none. Large arrays on the stack and deep recursion need `.stack_size` in the
 * row, up to 8 MiB. An overflow ends the process with `KS_STACK_OVERFLOW`.
 *
 * ## errno, and what else belongs to a thread
 *
 * Others run on your thread while you are blocked. `errno` and C++ exceptions in flight are kept
 * for you. Other thread-local variables, yours or a library's, are not: do not keep a pointer to
 * one over a blocking call; tell `ks_keep_thread_state` of those that matter.
 *
 * ## Numbers
 *
 * | | |
 * |---|---|
 * | processes | 16 million (`.processes_max`) |
 * | a mailbox | 1 million messages, 256 MiB, unless its row says otherwise |
 * | an idle server | 256 bytes and its state |
 * | a name | 255 bytes; one for each process |
 * | fields of a described struct | 32 |
 * | a text in a reason | 119 bytes |
 * | the largest stack | 8 MiB |
 * | resolution of time | 1 ms; never early |
 *
 * ## What is given up for it
 *
 * - *No preemption.* A virtual machine counts reductions. Here a loop runs until it ends, and a
 *   second thread helps the others out.
 * - *No code loading.* A new version is a new program; the drain makes the change gentle.
 * - *Copying.* A message is copied, always. Large bytes that never change travel as `ks_bin`, by
 *   count.
 * - *Macros.* Types in C need them. They generate declarations and thin stubs, and nothing else;
 *   `tools/expand.sh` of the source tree shows what.
 * - *Linux only*: x86-64, and aarch64. */
