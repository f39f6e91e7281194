/* SPDX-License-Identifier: Apache-2.0 */
/* 01_first_server.c - A first server
 *
 * A server is a process: it has a state that nobody else can touch, and a mailbox. Others send it
 * messages. It takes one at a time, calls the function that belongs to it, and goes on to the next.
 * So there is nothing to lock, and whoever reads the code of a server reads all that can happen to
 * its state.
 *
 * This chapter is a program: a till that adds up what it is given. kiosk.h is all of kiosk. */
#include <inttypes.h>
#include <kiosk/kiosk.h>
#include <stdio.h>

/* ## What can be asked
 *
 * First the name of the server, and what it is started with: nothing. Then its state. Then a row
 * for each thing that can be asked of it: a *call* has a request and a reply, a *cast* only a
 * message. `ks_int` is an `int64_t`; larger requests are structs of yours. */
KS_MODULE(till, void);
struct till {
    int64_t cash;
    int64_t customers;
};
KS_CALL(till, pay, ks_int, ks_int);
KS_CALL(till, count, void, ks_int);
KS_CAST(till, empty, void);

/* ## What others see
 *
 * A row makes typed functions for clients: `till_call_pay`, `till_cast_empty`. One usually wraps
 * them, so that the face of a server is ordinary C, which can stand in a header. The last argument
 * of a call says how long its caller waits: `KS_DEFAULT_TIMEOUT` is 5 seconds. */
static ks_status till_pay(ks_pid server, int64_t amount, int64_t *ret_cash)
{
    return till_call_pay(server, &amount, ret_cash, KS_DEFAULT_TIMEOUT);
}

/* ## What it does
 *
 * A row also declares a handler, which must now be written. It gets the state, the request, and a
 * place for the reply. What it returns says what comes next. If you forget one, or get a type
 * wrong, the program does not compile. */
static ks_next till_handle_pay(till *self, const ks_int *amount, ks_int *reply)
{
    if (*amount <= 0) return ks_fail(KS_BADARG);
    self->customers++;
    *reply = self->cash += *amount;
    return ks_reply();
}

static ks_next till_handle_count(till *self, ks_int *reply)
{
    *reply = self->customers;
    return ks_reply();
}

static ks_next till_handle_empty(till *self)
{
    self->cash = 0;
    return ks_noreply();
}

/* `ks_fail` is how a server says no: the caller's function returns that status, and the server
 * lives on. The last line makes the server out of its parts. */
KS_GEN_SERVER(till, .ops = KS_OPS(till, pay, count, empty));

/* ## Somebody who uses it
 *
 * A plain process is a function that runs until it returns. This one calls the till. A call looks
 * like any function call, and blocks like one; but what waits is this process, not the thread,
 * which runs others meanwhile. */
KS_MODULE(customer, void);
static void customer_main(const ks_none *args)
{
    ks_pid server = ks_named("till");
    int64_t cash = 0, customers = 0;
    ks_status status = till_pay(server, 40, &cash);
    printf("%s, %" PRId64 "\n", ks_status_text(status), cash); //=> ok, 40
    status = till_pay(server, 2, &cash);
    printf("%s, %" PRId64 "\n", ks_status_text(status), cash); //=> ok, 42
    status = till_pay(server, -1, &cash);
    printf("%s\n", ks_status_text(status)); //=> badarg

    till_cast_empty(server);
    status = till_call_count(server, &customers, 1000);
    printf("%s, %" PRId64 "\n", ks_status_text(status), customers); //=> ok, 2
    status = till_pay(server, 5, &cash);
    printf("%s, %" PRId64 "\n", ks_status_text(status), cash); //=> ok, 5
}
KS_PROCESS(customer);

/* The cast returned at once, before the till was empty. All the same the next calls found it
 * empty: what one process sends to another arrives in order.
 *
 * ## The program
 *
 * Nothing runs alone: a supervisor starts the till, registers it as "till", then starts the
 * customer. It would start the till again if that failed, which is the next chapter. The customer
 * is *temporary*, so it is not started again, and *significant*, so that with its end the program
 * ends. */
KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(till), .name = "till" },
        { KS_START(customer), .restart = KS_TEMPORARY, .significant = true }));

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }

/* `ks_main` runs the program until its root ends, or until Ctrl-C, and returns what main should.
 *
 *     cc -o till 01_first_server.c $(pkg-config --cflags --libs kiosk)
 *
 * ## In a header
 *
 * When several files use the till, its header has `KS_MODULE(till, void);` and the prototypes of
 * functions such as `till_pay`. The rows, the state and the handlers stay in its one .c file:
 * nobody else sees them. */
