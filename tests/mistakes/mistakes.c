/* SPDX-License-Identifier: Apache-2.0 */
/* mistakes.c - typical mistakes in a server; compiled with -DM=1 to -DM=24, each must be refused,
 * and with -DM=0, which is correct. run.sh has what the compilers must say. */
#include <kiosk/kiosk.h>

typedef struct put_req {
    ks_text key;
    int64_t value;
} put_req;
typedef struct box_args {
    int32_t limit;
} box_args;

#if M == 1 /* a field forgotten */
KS_TYPE(put_req, key);
#else
KS_TYPE(put_req, key, value);
#endif
KS_TYPE(box_args, limit);

#if M == 2 /* who frees it? */
typedef struct bad {
    char *name;
} bad;
KS_TYPE(bad, name);
#endif

typedef enum colour { RED, GREEN } colour;
typedef enum shape { ROUND, SQUARE } shape;
KS_ENUM(colour, RED, GREEN);
KS_ENUM(shape, ROUND, SQUARE);
typedef struct drawing {
    colour colour;
    KS_LIST_OF(put_req) items;
} drawing;
#if M == 17 /* described as another enum */
KS_TYPE(drawing, (enum, colour, shape), (list, items, put_req));
#elif M == 18 /* described as a list of something else */
KS_TYPE(drawing, (enum, colour, colour), (list, items, box_args));
#else
KS_TYPE(drawing, (enum, colour, colour), (list, items, put_req));
#endif

KS_MODULE(box, box_args);
struct box {
    int64_t value;
    box *other;
};
KS_CALL(box, put, put_req, ks_int);
KS_CALL(box, get, void, ks_text);
#if M == 3 /* a column missing */
KS_CALL(box, drop, void);
#endif
KS_CAST(box, reset, void);

#if M == 4 /* a handler with the wrong request */
static ks_next box_handle_put(box *self, const ks_text *req, ks_int *reply) { return ks_reply(); }
#else
static ks_next box_handle_put(box *self, const put_req *req, ks_int *reply)
{
    *reply = req->value;
    return ks_reply();
}
#endif

static ks_next box_handle_get(box *self, ks_text *reply)
{
#if M == 5 /* the caller of another operation */
    box_get_from from = box_from_put();
#else
    box_get_from from = box_from_get();
#endif
#if M == 6 /* a late reply of the wrong type */
    box_reply_get(from, &(ks_int){ 1 });
#else
    box_reply_get(from, reply);
#endif
    return ks_noreply();
}

#if M != 7 /* a handler forgotten */
static ks_next box_handle_reset(box *self) { return ks_noreply(); }
#endif

static ks_next box_init(box *self, const box_args *args)
{
#if M == 8 /* a status is no verdict */
    return KS_FULL;
#else
    return ks_fail(KS_FULL);
#endif
}

#if M == 9 /* no such row */
KS_GEN_SERVER(box, .init = box_init, .ops = KS_OPS(box, put, get, resett));
#elif M == 10 /* no such callback */
KS_GEN_SERVER(box, .init = box_init, .handle_tineout = NULL, .ops = KS_OPS(box, put, get, reset));
#else
KS_GEN_SERVER(box, .init = box_init, .ops = KS_OPS(box, put, get, reset));
#endif

/* What a supervisor adds to the arguments of its children. */
KS_MODULE(boxes, box_args);
KS_EXTRA_ARGUMENTS(boxes, box);
#if M == 24 /* to those of another module */
static void boxes_add_arguments(const box_args *own, put_req *args) { args->value = own->limit; }
#else
static void boxes_add_arguments(const box_args *own, box_args *args) { args->limit = own->limit; }
#endif
static ks_status boxes_init(const box_args *args) { return KS_OK; }
KS_SUPERVISOR_INIT(boxes, .strategy = KS_DYNAMIC, .extra_arguments = &boxes_extra_arguments);

struct undescribed {
    int number;
};

void client(ks_pid to);
void client(ks_pid to)
{
    int32_t wrong = 0;
    ks_int right = 0;
    box_cast_reset(to); /* the status of a cast may be ignored */
#if M == 11             /* the wrong reply variable */
    if (box_call_put(to, &(put_req){ .value = 1 }, &wrong, 100)) return;
#elif M == 12 /* casting a call */
    box_cast_put(to, &(put_req){ .value = 1 });
#elif M == 13 /* no such start argument */
    if (ks_start_link(KS_CHILD(box, .limits = 3), NULL)) return;
#elif M == 14 /* the wrong body */
    ks_send(to, put_req, &right);
#elif M == 15 /* the status of a call ignored */
    box_call_put(to, &(put_req){ .value = 1 }, &right, 100);
#elif M == 16 /* a number is no pid */
    if (box_call_put(7, &(put_req){ .value = 1 }, &right, 100)) return;
#endif
#if M == 20 /* the response to another operation */
    box_get_request request = box_send_put(to, &(put_req){ .value = 1 });
#else
    box_put_request request = box_send_put(to, &(put_req){ .value = 1 });
#endif
    ks_abandon(request.raw);
#if M == 19 /* printed as something else */
    char text[10];
    ks_print(put_req, &right, text, sizeof text);
#endif
#if M == 21 /* a field of a type that nobody described */
    ks_report(KS_LOG_INFO, "text", KS_WITH("colour", (struct undescribed){ 1 }));
#elif M == 22 /* described as something else */
    ks_report(KS_LOG_INFO, "text", KS_WITH_TYPE("put", put_req, &right));
#elif M == 23 /* a format without its argument */
    ks_log_info("listening on %s");
#else
    ks_report(KS_LOG_INFO, "text", KS_WITH("n", right), KS_WITH("to", to));
#endif
    (void)wrong, (void)right;
}
