/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c - a protocol with phases as plain processes: the state is where the program stands. */
#include <kiosk/kiosk.h>
#include <stdio.h>

typedef struct hello {
    ks_pid from;
    ks_text name;
} hello;
typedef struct chunk {
    int32_t index;
    ks_blob bytes;
} chunk;
typedef struct finish {
    uint64_t checksum;
} finish;
typedef struct verdict {
    bool good;
} verdict;
KS_TYPE(hello, from, name);
KS_TYPE(chunk, index, bytes);
KS_TYPE(finish, checksum);
KS_TYPE(verdict, good);

/* --- the receiver ----------------------------------------------------------------------------- */
static uint64_t sum_of(ks_blob bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes.len; i++) sum += bytes.ptr[i];
    return sum;
}

static void receive_chunks(ks_pid peer, ks_ref monitor)
{
    uint64_t sum = 0;
    for (;;) { /* until the peer has finished, left, or said nothing for too long */
        const ks_msg *msg = ks_receive(30000);
        if (!msg) ks_exit(ks_error("peer is silent"));
        const chunk *c = ks_as(chunk, msg);
        const finish *f = ks_as(finish, msg);
        const ks_down *down = ks_as(ks_down, msg);
        if (c) sum += sum_of(c->bytes);
        if (f) {
            ks_send(peer, verdict, &(verdict){ .good = f->checksum == sum });
            return;
        }
        if (down && ks_same_ref(down->ref, monitor)) ks_exit(ks_shutdown("peer left"));
    }
}

static void receiver(void *arg)
{
    const hello *hi = ks_receive_as(hello, 5000); /* whatever else is queued keeps its place */
    if (!hi) return;
    ks_pid peer = hi->from;
    receive_chunks(peer, ks_monitor(peer));
}

/* --- the sender, which is the program --------------------------------------------------------- */
/* A chunk arrives before the greeting: the receiver takes the greeting first all the same. */
static void transfer(uint64_t checksum)
{
    ks_ref monitor;
    ks_pid to = ks_spawn_monitor(receiver, NULL, &monitor);
    for (int32_t i = 0; i < 3; i++) {
        ks_send(to, chunk, &(chunk){ .index = i, .bytes = ks_bytes("abc", 3) });
        if (i == 0) ks_send(to, hello, &(hello){ .from = ks_self(), .name = ks_lit("file.bin") });
    }
    ks_send(to, finish, &(finish){ .checksum = checksum });
    const verdict *v = ks_receive_as(verdict, 5000);
    const ks_msg *end = ks_receive_ref(monitor, 5000); /* v is still readable */
    printf("good: %s, ended: %s\n", v && v->good ? "yes" : "no",
        end && ks_is_clean(ks_as(ks_down, end)->reason) ? "clean" : "not clean");
    ks_end_turn();
}

/* Leaves in the middle: the receiver hears of it by its monitor. */
static void leaves_early(void *arg)
{
    const ks_pid *to = arg;
    ks_send(*to, hello, &(hello){ .from = ks_self(), .name = ks_lit("file.bin") });
    ks_send(*to, chunk, &(chunk){ .bytes = ks_bytes("abc", 3) });
}

static void broken_transfer(void)
{
    char text[80];
    ks_ref monitor;
    ks_pid to = ks_spawn_monitor(receiver, NULL, &monitor);
    ks_spawn(leaves_early, &to);
    const ks_msg *end = ks_receive_ref(monitor, 5000);
    if (end) printf("ended: %s\n", ks_reason_text(ks_as(ks_down, end)->reason, text, sizeof text));
}

KS_MODULE(sender, void);

static void sender_main(const ks_none *args)
{
    transfer(882);
    transfer(881);
    broken_transfer();
}

KS_PROCESS(sender);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(sender)); }
