/* SPDX-License-Identifier: Apache-2.0 */
/* till.c - see till.h. */
#include "till.h"

/* --- the server ------------------------------------------------------------------------------- */
KS_TYPE(till_args, cash);
KS_CALL(till, add, ks_int, ks_int);
KS_CAST(till, break, void);
struct till {
    int64_t cash;
};

ks_status till_add(ks_pid till, int64_t cash, int64_t *ret_cash)
{
    return till_call_add(till, &cash, ret_cash, KS_DEFAULT_TIMEOUT);
}
void till_break(ks_pid till) { till_cast_break(till); }

static ks_next till_init(till *self, const till_args *args)
{
    self->cash = args->cash;
    return ks_ok();
}
static ks_next till_handle_add(till *self, const ks_int *cash, ks_int *reply)
{
    *reply = self->cash += *cash;
    return ks_reply();
}
static ks_next till_handle_break(till *self)
{
    return ks_stop(ks_error("broken with %lld in it", (long long)self->cash));
}
KS_GEN_SERVER(till, .init = till_init, .ops = KS_OPS(till, add, break));

/* --- the visitor, and the tree ---------------------------------------------------------------- */
KS_MODULE(visitor, void);
static void visitor_main(const ks_none *args)
{
    (void)args;
    visit();
}
KS_PROCESS(visitor);

KS_SUPERVISOR(shop, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(till, .cash = 100), .name = "till" },
        { KS_START(visitor), .restart = KS_TEMPORARY, .significant = true }));
