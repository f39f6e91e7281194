/* SPDX-License-Identifier: Apache-2.0 */
/* kiosk/client.h - threads of the program that are processes; several runtimes; event loops.
 *
 * A program with a main of its own starts a runtime, and its threads use the servers in it as if
 * they were thread-safe objects:
 *
 *     ks_runtime_start(NULL, KS_CHILD(app), &runtime);
 *     ks_client_open(runtime, &client);           on each thread that calls
 *     counter_add(ks_named("counter"), 1, &n);    as in any process
 *     ks_client_close(client);
 *     ks_runtime_stop(runtime);
 *
 * There may be several runtimes at once, which know nothing of each other, one after the other, any
 * number of times. The library starts no thread before ks_runtime_start; its threads have all
 * signals blocked, but those of faults. */
#ifndef KIOSK_CLIENT_H
#define KIOSK_CLIENT_H
#include "runtime.h"

/* --- a runtime ---------------------------------------------------------------------------------*/
/* Returns when root has started; its schedulers run on threads of their own. root NULL: the runtime
 * is empty, and clients start what they need. What root points at is needed until this returns.
 * Any thread; not inside a process, a client's thread may. *ret_runtime: one reference, which
 * ks_runtime_stop gives up; written on KS_OK only.
 *
 * KS_OK; KS_BADARG: a row or option that cannot be (handle_termination is for ks_run: signals are
 * the program's); KS_NOMEM; -errno: no thread, no descriptor; KS_DENIED: inside a process; else
 * what root's start gave. Then nothing is left of it. Root may end by itself later: then all ends
 * as by ks_runtime_stop, which has still to be called. */
static inline ks_status ks_runtime_start(
    const ks_runtime_options *options, const ks_child *root, ks_runtime **ret_runtime) KS_MUST_USE;
/* Stops all in order, as drain.h says, waits for it, and gives up the reference of
 * ks_runtime_start. Waits for no client: those that wait are woken, as ks_client_open says; but for
 * each handler, and, for at most .stop_timeout, for blocking work that has begun. Any thread that
 * holds that reference, also one with a client; host-driven: the one that started it.
 *
 * KS_OK: root ended clean; KS_EXITED: not, or something had to be killed; KS_DENIED: inside a
 * process, in the child of a fork, for the second time, of a runtime of ks_run's, or host-driven on
 * another thread (the log says which): then nothing was done. */
KS_API ks_status ks_runtime_stop(ks_runtime *runtime);
/* A runtime is there until its last reference is given up: that of its start, those that were
 * taken, and one of each open client. When it has stopped, all that is left to do with it is
 * refused; its memory and descriptors go with the last one. Any thread that knows it to be there.
 */
KS_API ks_runtime *ks_runtime_ref(ks_runtime *runtime); /* runtime */
KS_API void ks_runtime_unref(ks_runtime *runtime);      /* NULL is fine */
/* The one that the caller is in: a process of ks_run, ks_main or ks_runtime_start, or a client.
 * Borrowed: who hands it to a thread that may outlive it takes a reference first. NULL: outside,
 * in a simulation, or out of memory. */
KS_API ks_runtime *ks_this_runtime(void);

/* --- clients ---------------------------------------------------------------------------------- */
/* The calling thread is a process of the runtime, until ks_client_close: it has a pid, calls,
 * casts, sends, receives, monitors, links, starts and spawns (what it starts runs elsewhere), has
 * memory and a name, and work done by ks_blocking; what blocks blocks the thread. Its turn ends by
 * ks_end_turn, or its next ks_receive: a thread that calls again and again without them collects
 * what it was replied. Any number of threads, up to 1024 at a time, each its own client; open one
 * for each thread, not for each call. A thread that ends closes its client.
 *
 * Different from other processes:
 *     - It is on no scheduler: ks_scheduler_id gives 0, nobody looks for hogs there, a fault in it
 *       is the program's.
 *     - No sockets, no ks_wait_fd: KS_DENIED; a socket that is sent to it is closed.
 *     - Its timers fire, what it is sent is limited by its mailbox, and questions about it
 *       (ks_process_info) are answered, while it waits.
 *     - Its stack is the program's. An exit signal that it does not trap, and KS_KILL, end it as
 *       far as that goes: nothing waits any more. Calls and requests give KS_NOPROC, receives NULL,
 *       starts, stops and blocking work KS_TIMEOUT, sleeps end; casts and sends go where somebody
 *       is. Its links and monitors hear the reason when it is closed. ks_exit, also when memory is
 *       short in ks_alloc, ends the thread, by pthread_exit.
 *     - After a fork it is not to be used in the child, which must call exec or _exit.
 *
 * While the runtime stops, clients go on until the servers are gone: from then on calls give
 * KS_NOPROC, starts KS_DRAINING (ks_spawn: no pid), and whoever waits is woken, as above.
 * ks_draining() and ks_trap_drain() tell a client that it began.
 *
 * Any thread that is no process yet, and knows the runtime to be there. *ret_client: the calling
 * thread's, until it closes it; written on KS_OK only. KS_OK; KS_DENIED: the thread is a process
 * already, or the OS process is the child of a fork (the log says which); KS_FULL: 1024 clients are
 * open; KS_NOMEM; KS_DRAINING: the runtime stops; KS_CLOSED: it has stopped. */
typedef struct ks_client ks_client;
KS_API ks_status ks_client_open(ks_runtime *runtime, ks_client **ret_client) KS_MUST_USE;
/* It ends: what it owns is released, who is linked with it or monitors it hears of it, its requests
 * are given up. By its own thread, outside of any callback of the library; else nothing is done but
 * a line in the log. NULL is fine. */
KS_API void ks_client_close(ks_client *client);

/* --- a runtime in somebody else's event loop -------------------------------------------------- */
/* With .host_driven there is one scheduler and no thread of it: the thread that started the runtime
 * lends it turns, and no other thread may. When it waits for something as a client, or in
 * ks_runtime_stop, the processes run meanwhile. A handler that computes for long keeps the loop;
 * blocking work goes to threads here as well. */
/* Readable when ks_runtime_turn would do something: for poll, epoll (also edge-triggered, when
 * turns are repeated as long as they return true), uv_poll_t. The runtime's own, and the same for
 * as long as the runtime is there; -1: not host-driven. Any thread. */
KS_API int ks_runtime_fd(const ks_runtime *runtime);
/* Runs what is ready, for one slice, and never waits. True: more is ready, and the descriptor is
 * readable. In a process, on another thread, not host-driven (the log says which), and when the
 * runtime has ended: false. */
KS_API bool ks_runtime_turn(ks_runtime *runtime);

KS_API ks_status ks_runtime_start_(const ks_runtime_options *options, size_t options_size,
    const ks_child *root, size_t size, ks_runtime **ret_runtime);
static inline ks_status ks_runtime_start(
    const ks_runtime_options *options, const ks_child *root, ks_runtime **ret_runtime)
{
    return ks_runtime_start_(options, sizeof *options, root, sizeof *root, ret_runtime);
}
#endif
