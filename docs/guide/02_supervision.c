/* SPDX-License-Identifier: Apache-2.0 */
/* 02_supervision.c - Supervision
 *
 * A server that finds its state broken should not repair it. It should end, and another one should
 * begin from a state that is known to be good. That is what a supervisor is for: it starts its
 * children, waits for their ends, and starts them again. Code that does not have to survive
 * everything is short.
 *
 * This program has a stock that loses count, and a shop that depends on it. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## A server that ends
 *
 * It is started with an argument. `init` runs before anybody can call the server; when it fails,
 * the start fails, and nothing is left of it. */
typedef struct stock_args {
    int64_t items;
} stock_args;
KS_TYPE(stock_args, items);
KS_MODULE(stock, stock_args);
KS_CALL(stock, take, ks_int, ks_int);
KS_CALL(stock, count, void, ks_int);
struct stock {
    int64_t items;
};

static ks_next stock_init(stock *self, const stock_args *args)
{
    if (args->items < 0) return ks_fail(KS_BADARG);
    self->items = args->items;
    return ks_ok();
}

/* Nobody should be able to take more than there is. Suppose that this check was forgotten where it
 * belongs: in the caller. Then the server ends, and says why. Its caller gets `KS_NOPROC`, since
 * who died before answering is not there. */
static ks_next stock_handle_take(stock *self, const ks_int *n, ks_int *reply)
{
    if (*n > self->items)
        return ks_stop(ks_error("asked for %" PRId64 " of %" PRId64, *n, self->items));
    *reply = self->items -= *n;
    return ks_reply();
}
static ks_next stock_handle_count(stock *self, ks_int *reply)
{
    *reply = self->items;
    return ks_reply();
}
KS_GEN_SERVER(stock, .init = stock_init, .ops = KS_OPS(stock, take, count));

/* A log event, the *crash report*, says which process ended, why, while doing what, with its
 * latest signals. You do not write that code.
 *
 * ## A server that depends on another
 *
 * The shop remembers what it has sold. That is only true of the stock that it sold from, so when
 * the stock begins anew, the shop must, too. This is said below, not here. */
KS_MODULE(shop, void);
KS_CALL(shop, sell, ks_int, ks_int);
KS_CALL(shop, sold, void, ks_int);
struct shop {
    int64_t sold;
};
static ks_next shop_handle_sell(shop *self, const ks_int *n, ks_int *reply)
{
    ks_int left;
    ks_status status = stock_call_take(ks_named("stock"), n, &left, 1000);
    if (status) return ks_fail(status);
    *reply = self->sold += *n;
    return ks_reply();
}
static ks_next shop_handle_sold(shop *self, ks_int *reply)
{
    *reply = self->sold;
    return ks_reply();
}
KS_GEN_SERVER(shop, .ops = KS_OPS(shop, sell, sold));

/* ## The tree, as data
 *
 * Children are rows, started in order and stopped in reverse order. `KS_REST_FOR_ONE`: when one
 * ends, it and those behind it are started again, since they may depend on it. `KS_ONE_FOR_ONE`
 * would start that one alone, `KS_ONE_FOR_ALL` all of them.
 *
 * More than three restarts in five seconds are too many: then this supervisor ends, and the one
 * above has to decide. A fault that a restart does not cure climbs until somebody can cure it, or
 * the program ends. */
KS_SUPERVISOR(business, .strategy = KS_REST_FOR_ONE, .max_restarts = 3, .max_seconds = 5,
    .children = KS_CHILDREN(
        { KS_START(stock, .items = 10), .name = "stock" }, { KS_START(shop), .name = "shop" }));

/* ## Watching it */
static int64_t ask(ks_status (*call)(ks_pid, ks_int *, ks_ms), const char *name)
{
    ks_int value = -1;
    ks_status status = call(ks_named(name), &value, 1000);
    return status ? -1 : value;
}

static void wait_for_restart(ks_ref monitor, const char *name)
{
    ks_receive_ref(monitor, KS_INFINITY);             /* the old one has ended */
    while (ks_is_none(ks_whereis(name))) ks_sleep(1); /* the new one is there */
}

KS_MODULE(visitor, void);
static void visitor_main(const ks_none *args)
{
    ks_int n = 4, sold;
    ks_status status = shop_call_sell(ks_named("shop"), &n, &sold, 1000);
    printf("%s: %" PRId64 " sold\n", ks_status_text(status), sold); //=> ok: 4 sold

    n = 40;
    ks_ref monitor = ks_monitor(ks_named("shop"));
    status = shop_call_sell(ks_named("shop"), &n, &sold, 1000);
    printf("%s\n",
        status == KS_NOPROC ? "somebody has ended" : "it went well"); //=> somebody has ended
    wait_for_restart(monitor, "shop");
    printf("stock %" PRId64 "\n", ask(stock_call_count, "stock")); //=> stock 10
    printf("sold %" PRId64 "\n", ask(shop_call_sold, "shop"));     //=> sold 0

    /* How often, can be asked of the supervisor. */
    ks_child_info children[2];
    size_t count;
    status = ks_which_children(ks_named("business"), children, 2, &count);
    if (status) ks_exit(ks_because(status));
    for (size_t i = 0; i < count; i++)
        printf(KS_TEXT_FMT ": %" PRId64 "\n", KS_TEXT_ARG(children[i].id), children[i].restarts);
    //=> stock: 1
    //=> shop: 1
}
KS_PROCESS(visitor);

/* ## Rows that depend on something
 *
 * What the rows look like may depend on a configuration, or on the command line. Then a supervisor
 * has arguments, as a server has, and a function that adds its rows; they are started when it has
 * returned. When this program is started with a word, nobody visits, and it runs until Ctrl-C. */
typedef struct app_args {
    bool visited;
} app_args;
KS_TYPE(app_args, visited);
KS_MODULE(app, app_args);

static ks_status app_init(const app_args *args)
{
    ks_status status = ks_add_child(&(ks_child){ KS_START(business), .name = "business" });
    if (status || !args->visited) return status;
    return ks_add_child(
        &(ks_child){ KS_START(visitor), .restart = KS_TEMPORARY, .significant = true });
}
KS_SUPERVISOR_INIT(app, .auto_shutdown = KS_ANY_SIGNIFICANT);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app, .visited = argc == 1)); }

/* ## Which children are started again
 *
 * | `.restart` | |
 * |---|---|
 * | `KS_PERMANENT`, the default | always |
 * | `KS_TRANSIENT` | unless it ended clean: `KS_NORMAL`, `KS_SHUTDOWN` |
 * | `KS_TEMPORARY` | never |
 *
 * A child that fails because something outside is away should not fail three times a second. A row
 * may say `.backoff = { .first_ms = 100, .max_ms = 5000 }`: then restarts wait, each twice as long
 * as the one before.
 *
 * ## Children that come and go
 *
 * A `KS_DYNAMIC` supervisor has no rows. `ks_start_child` starts one, with the same kind of row: a
 * process for each connection, job or game. They are forgotten when they have ended.
 *
 * ## What a process should be trusted with
 *
 * Put what may fail below what must not. State that is dear goes into a server that does little
 * else, near the top, or into a file; work that is risky, into children that can be lost. */
