/* SPDX-License-Identifier: Apache-2.0 */
/* 08_overload.c - Overload
 *
 * A mailbox without a limit is a way to run out of memory. Worse: before that, everything that
 * waits in it becomes too old to be of use, and the server works for people who have gone. So here
 * each mailbox has a limit, and you say what a full one does.
 *
 * The default limit, a million messages or 256 MiB, is there to save the program from itself. A
 * server that may be asked faster than it can answer wants a limit of its own. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## A printer that is slow
 *
 * Nothing in it speaks of overload. */
KS_MODULE(printer, void);
KS_CAST(printer, print, ks_int);
KS_CALL(printer, pages, void, ks_text);
struct printer {
    char pages[100];
    int length;
};
static ks_next printer_handle_print(printer *self, const ks_int *page)
{
    ks_sleep(20);
    self->length += snprintf(
        self->pages + self->length, sizeof self->pages - (size_t)self->length, " %" PRId64, *page);
    return ks_noreply();
}
static ks_next printer_handle_pages(printer *self, ks_text *reply)
{
    *reply = ks_str(self->pages);
    return ks_reply();
}
KS_GEN_SERVER(printer, .ops = KS_OPS(printer, print, pages));

/* ## Four policies
 *
 * The row that starts it says what a full mailbox does. */
/* clang-format off */
KS_SUPERVISOR(printers, .children = KS_CHILDREN(
    { KS_START(printer), .id = "1", .name = "refuses",
      .mailbox_max = 2, .overload = KS_REFUSE },
    { KS_START(printer), .id = "2", .name = "drops newest",
      .mailbox_max = 2, .overload = KS_DROP_NEWEST },
    { KS_START(printer), .id = "3", .name = "drops oldest",
      .mailbox_max = 2, .overload = KS_DROP_OLDEST },
    { KS_START(printer), .id = "4", .name = "lets wait",
      .mailbox_max = 2, .overload = KS_BLOCK }));
/* clang-format on */

/* Each gets six pages, faster than it prints. The first one is being printed at once, so it does
 * not count any more; two have room. */
static void flood(const char *name)
{
    ks_pid to = ks_named(name);
    int refused = 0;
    for (ks_int page = 1; page <= 6; page++) {
        if (printer_cast_print(to, &page) == KS_OVERLOAD) refused++;
        if (page == 1) ks_sleep(5); /* it has begun */
    }
    ks_sleep(200);
    ks_text pages = { 0 };
    if (printer_call_pages(to, &pages, 5000)) return;
    printf("%s:" KS_TEXT_FMT "; refused %d\n", name, KS_TEXT_ARG(pages), refused);
}

KS_MODULE(office, void);
static void office_main(const ks_none *args)
{
    flood("refuses");      //=> refuses: 1 2 3; refused 3
    flood("drops newest"); //=> drops newest: 1 2 3; refused 0
    flood("drops oldest"); //=> drops oldest: 1 5 6; refused 0
    flood("lets wait");    //=> lets wait: 1 2 3 4 5 6; refused 0

    printf("turned away: %" PRIu64 ", dropped: %" PRIu64 "\n",
        ks_mailbox_refused(ks_named("refuses")), ks_mailbox_dropped(ks_named("drops oldest")));
    //=> turned away: 3, dropped: 3
}
KS_PROCESS(office);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(printers) },
        { KS_START(office), .restart = KS_TEMPORARY, .significant = true }));
int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* ## Which one
 *
 * - `KS_REFUSE`, the default: the sender hears it, and can tell its own client. Best at the edge
 *   of a program, where somebody can be told *not now*.
 * - `KS_DROP_OLDEST`: for what is replaced by newer: positions, measurements, pictures.
 * - `KS_DROP_NEWEST`: for what may be lost in silence, such as samples. Count them.
 * - `KS_BLOCK`: the sender is slowed down to the pace of the receiver. Best inside a chain of
 *   processes. What would close a circle of processes that wait for each other is refused.
 *
 * A refused or dropped *call* always fails with `KS_OVERLOAD`. Replies, exits, DOWNs and a
 * server's own single timers are never refused.
 *
 * ## The other means
 *
 * - Deadlines: what waited for too long is not begun ([Time-outs](03_timeouts_and_deadlines.md)).
 * - `ks_mailbox_length` and `ks_mailbox_age` cost no message. An age above what your clients
 *   accept is the earliest sign.
 * - `.memory_max` ends a process that takes more, with `KS_NOMEM`, instead of the program.
 * - `.max_children` of a dynamic supervisor: no more connections than can be served.
 * - `.backoff`: restarts that wait, so that a database that is down is not asked ten times a
 *   second. */
