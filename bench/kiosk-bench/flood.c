/* SPDX-License-Identifier: Apache-2.0 */
/* flood.c - flood_*: ten million casts at a server that is given less time than it would need, by
 * each policy of its mailbox. Every cast must be accounted for, the mailbox and the memory of the
 * OS process stay within their limits, and afterwards the server answers as fast as before. */
#include "bench.h"

#include <stdlib.h>

enum {
    MAILBOX_MAX = 100000,
    MAILBOX_BYTES_MAX = 8 << 20, /* reached first: each cast is a block of 128 bytes */
    SLACK_BYTES = 4 << 20,       /* stacks, and the flight of the flood itself */
    AT_ONCE = 1000,              /* casts before anybody else may run */
    CALLS = 2001,
    SLOWER_MAX = 4
};

typedef struct drop {
    int64_t words[8];
} drop;
KS_TYPE(drop, (array, words));
KS_MODULE(basin, void);
struct basin {
    int64_t handled;
};
KS_CALL(basin, handled, void, ks_int);
KS_CAST(basin, fill, drop);

static ks_next basin_handle_handled(basin *self, ks_int *reply)
{
    *reply = self->handled;
    return ks_reply();
}

static ks_next basin_handle_fill(basin *self, const drop *one)
{
    self->handled++;
    return ks_noreply();
}

KS_GEN_SERVER(basin, .ops = KS_OPS(basin, handled, fill));

static int64_t handled_by(ks_pid server)
{
    ks_int handled;
    ks_status status;
    do status = basin_call_handled(server, &handled, 60000); /* it may be refused, as any call */
    while (status == KS_OVERLOAD && (ks_yield(), true));
    if (status) wrong("a call failed");
    return handled;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_call_ns(ks_pid server)
{
    static double times[CALLS];
    for (int i = 0; i < CALLS; i++) {
        double start = now_seconds();
        (void)handled_by(server);
        times[i] = (now_seconds() - start) * 1e9;
    }
    qsort(times, CALLS, sizeof *times, compare);
    return times[CALLS / 2];
}

/* How many casts were refused; the longest mailbox. */
static int64_t pour(ks_pid server, int64_t n, uint64_t *ret_longest)
{
    int64_t refused = 0;
    *ret_longest = 0;
    for (int64_t i = 0; i < n; i++) {
        refused += basin_cast_fill(server, &(drop){ .words = { i } }) == KS_OVERLOAD;
        if (i % AT_ONCE != AT_ONCE - 1) continue;
        uint64_t length = ks_mailbox_length(server);
        if (length > *ret_longest) *ret_longest = length;
        if (ks_mailbox_bytes(server) > MAILBOX_BYTES_MAX) wrong("the mailbox passed its limit");
        ks_yield();
    }
    return refused;
}

static void flood(ks_overload policy)
{
    int64_t n = scaled(10000000), before_bytes = memory_bytes("VmRSS:");
    ks_pid server;
    const ks_child row = { KS_START(basin), .mailbox_max = MAILBOX_MAX,
        .mailbox_bytes_max = MAILBOX_BYTES_MAX, .overload = policy };
    if (ks_start(&row, &server)) wrong("a server did not start");
    double before = median_call_ns(server), start = now_seconds();
    uint64_t longest;
    int64_t refused = pour(server, n, &longest);
    double seconds = now_seconds() - start;
    int64_t handled = handled_by(server), dropped = (int64_t)ks_mailbox_dropped(server);
    double after = median_call_ns(server);
    int64_t peak = memory_bytes("VmHWM:") - before_bytes;
    if (handled + refused + dropped != n) wrong("a cast was lost");
    if (peak > MAILBOX_BYTES_MAX + SLACK_BYTES) wrong("memory passed the limit of the mailbox");
    if (after > SLOWER_MAX * before) wrong("the server answers late after the flood");
    struct fields fields = { .len = 0 };
    add_number(&fields, "handled", (double)handled);
    add_number(&fields, "refused", (double)refused);
    add_number(&fields, "dropped", (double)dropped);
    add_number(&fields, "mailbox", (double)longest);
    add_number(&fields, "peak_bytes", (double)peak);
    add_number(&fields, "call_ns_before", before);
    add_number(&fields, "call_ns_after", after);
    report(&(struct result){ n, seconds, &fields });
    ks_exit_process(server, KS_KILL);
}

void flood_refuse(void) { flood(KS_REFUSE); }
void flood_drop_newest(void) { flood(KS_DROP_NEWEST); }
void flood_drop_oldest(void) { flood(KS_DROP_OLDEST); }
void flood_block(void) { flood(KS_BLOCK); }
