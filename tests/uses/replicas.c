/* SPDX-License-Identifier: Apache-2.0 */
/* replicas.c - asks several replicas: one by turn, the first answer of all, or all the answers
 * that come within a time. What comes too late is never seen. */
#include <kiosk/kiosk.h>
#include <stdio.h>

enum { REPLICAS = 3 };
static const char *const names[REPLICAS] = { "replica_1", "replica_2", "replica_3" };

/* --- a replica, near or far ------------------------------------------------------------------- */
typedef struct replica_args {
    ks_ms delay;
} replica_args;
KS_TYPE(replica_args, delay);
KS_MODULE(replica, replica_args);
KS_CALL(replica, read, ks_text, ks_text);
struct replica {
    ks_ms delay;
};

static ks_next replica_init(replica *self, const replica_args *args)
{
    self->delay = args->delay;
    return ks_ok();
}

static ks_next replica_handle_read(replica *self, const ks_text *key, ks_text *reply)
{
    ks_sleep(self->delay);
    *reply = ks_str(ks_format(KS_TEXT_FMT " after %d ms", KS_TEXT_ARG(*key), (int)self->delay));
    return ks_reply();
}

KS_GEN_SERVER(replica, .init = replica_init, .ops = KS_OPS(replica, read));

/* --- asking ----------------------------------------------------------------------------------- */
/* Round robin; the next one when a replica does not answer. No process in between. */
static ks_status read_one(int turn, ks_text key, ks_text *ret_value)
{
    ks_status status = KS_NOPROC;
    for (int i = 0; status && i < REPLICAS; i++)
        status = replica_call_read(ks_named(names[(turn + i) % REPLICAS]), &key, ret_value, 1000);
    return status;
}

static void send_all(replica_read_request *requests, ks_text key)
{
    for (int i = 0; i < REPLICAS; i++) requests[i] = replica_send_read(ks_named(names[i]), &key);
}

static bool is_response(const ks_msg *msg, void *arg) { return ks_as(ks_response, msg) != NULL; }

/* All at once; the first that succeeds wins. */
static ks_status read_first(ks_text key, ks_text *ret_value, ks_ms timeout)
{
    replica_read_request requests[REPLICAS];
    ks_ms until = ks_now() + timeout;
    ks_status status = KS_NOPROC, first = KS_TIMEOUT;
    send_all(requests, key);
    for (int left = REPLICAS; first && left > 0; left--) {
        const ks_msg *msg = ks_receive_if(is_response, NULL, ks_until(until));
        if (!msg) break;
        for (int i = 0; i < REPLICAS; i++)
            if (replica_check_read(requests[i], msg, ret_value, &status)) first = status;
    }
    for (int i = 0; i < REPLICAS; i++) ks_abandon(requests[i].raw);
    return first;
}

/* All at once, within one time: how many came. */
static int read_all(ks_text key, ks_text *ret_values, ks_ms timeout)
{
    replica_read_request requests[REPLICAS];
    ks_ms until = ks_now() + timeout;
    int count = 0;
    send_all(requests, key);
    for (int i = 0; i < REPLICAS; i++)
        if (replica_receive_read(requests[i], &ret_values[count], ks_until(until)) == KS_OK)
            count++;
    return count;
}

/* --- the program ------------------------------------------------------------------------------ */
/* clang-format off */
KS_SUPERVISOR(replicas, .restart = KS_TEMPORARY, .children = KS_CHILDREN(
    { KS_START(replica, .delay = 800), .id = "1", .name = "replica_1" },
    { KS_START(replica, .delay = 10), .id = "2", .name = "replica_2" },
    { KS_START(replica, .delay = 100), .id = "3", .name = "replica_3" }));
/* clang-format on */

KS_MODULE(program, void);

static void show(const char *what, ks_status status, ks_text value)
{
    if (status)
        printf("%s: %s\n", what, ks_status_text(status));
    else
        printf("%s: " KS_TEXT_FMT "\n", what, KS_TEXT_ARG(value));
}

static void program_main(const ks_none *args)
{
    ks_pid tree;
    ks_text value, values[REPLICAS];
    if (ks_start_link(KS_CHILD(replicas), &tree)) ks_exit(ks_because(KS_EXITED));
    show("by turn", read_one(1, ks_lit("apple"), &value), value);
    show("first", read_first(ks_lit("pear"), &value, 5000), value);
    ks_sleep(1000); /* for those who still work at it */
    printf("within 400 ms: %d\n", read_all(ks_lit("plum"), values, 400));
    ks_exit_process(ks_named("replica_2"), KS_KILL);
    ks_sleep(1000);
    show("first without replica_2", read_first(ks_lit("fig"), &value, 5000), value);
    for (int i = 0; i < REPLICAS; i++) ks_exit_process(ks_named(names[i]), KS_KILL);
    show("without any", read_first(ks_lit("fig"), &value, 5000), value);
    printf("messages left: %llu\n", (unsigned long long)ks_mailbox_length(ks_self()));
    if (ks_stop_process(tree, KS_NORMAL, KS_INFINITY)) ks_exit(ks_because(KS_EXITED));
}

KS_PROCESS(program);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(program)); }
