/* SPDX-License-Identifier: Apache-2.0 */
/* keep_openssl_test - OpenSSL's queue of errors, one for each thread, is a handler's own while it
 * blocks, once the program has said how to take it away and put it back. */
#include "support/scenario.h"

#include <kiosk/keep.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* --- what a program would have ---------------------------------------------------------------- */
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
static void *save_errors(void)
{
    if (!ERR_peek_error()) return NULL;
    ERR_STATE *saved = OSSL_ERR_STATE_new();
    if (saved) OSSL_ERR_STATE_save(saved);
    return saved;
}
static void discard_errors(void *saved) { OSSL_ERR_STATE_free(saved); }
static void restore_errors(void *saved)
{
    ERR_clear_error();
    if (!saved) return;
    OSSL_ERR_STATE_restore(saved);
    OSSL_ERR_STATE_free(saved);
}
#else
/* What that version has no function for: an error, and the older ones behind it. */
struct saved_error {
    struct saved_error *older;
    unsigned long code;
    int line;
    char *file, *function, *data;
};
static void discard_errors(void *saved)
{
    for (struct saved_error *e = saved; e;) {
        struct saved_error *older = e->older;
        free(e->file);
        free(e->function);
        free(e->data);
        free(e);
        e = older;
    }
}
static void *save_errors(void)
{
    struct saved_error *saved = NULL;
    const char *file, *function, *data;
    int line, flags;
    unsigned long code;
    while ((code = ERR_get_error_all(&file, &line, &function, &data, &flags))) {
        struct saved_error *e = malloc(sizeof *e);
        if (!e) continue;
        *e =
            (struct saved_error){ saved, code, line, strdup(file), strdup(function), strdup(data) };
        saved = e;
    }
    return saved;
}
static void restore_oldest_first(const struct saved_error *e)
{
    if (!e) return;
    restore_oldest_first(e->older); /* at most 16 */
    ERR_new();
    ERR_set_debug(e->file, e->line, e->function);
    ERR_set_error(ERR_GET_LIB(e->code), ERR_GET_REASON(e->code), "%s", e->data ? e->data : "");
}
static void restore_errors(void *saved)
{
    ERR_clear_error();
    restore_oldest_first(saved);
    discard_errors(saved);
}
#endif

/* --- handlers that fail in OpenSSL ------------------------------------------------------------ */
static void fail_to_read(void)
{
    static const char text[] = "no certificate";
    BIO *bio = BIO_new_mem_buf(text, -1);
    KS_CHECK(bio != NULL && PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) == NULL);
    BIO_free(bio);
}
static void fail_to_divide(void)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *one = BN_new(), *zero = BN_new(), *result = BN_new();
    BN_one(one);
    BN_zero(zero);
    KS_CHECK(BN_div(result, NULL, one, zero, context) == 0);
    BN_free(one);
    BN_free(zero);
    BN_free(result);
    BN_CTX_free(context);
}

KS_MODULE(divider, void);
KS_CALL(divider, divide, ks_int, ks_int);
struct divider {
    int count;
};
static ks_next divider_handle_divide(divider *self, const ks_int *value, ks_int *reply)
{
    ERR_clear_error();
    fail_to_divide();
    unsigned long code = ERR_peek_error();
    ks_sleep(*value);
    KS_CHECK(ERR_peek_error() == code && ERR_peek_last_error() == code);
    *reply = ERR_GET_REASON(code);
    return ks_reply(); /* and leaves it behind */
}
KS_GEN_SERVER(divider, .ops = KS_OPS(divider, divide));

static void reads(void *arg)
{
    ks_pid server = *(const ks_pid *)arg;
    ERR_clear_error();
    fail_to_read();
    ERR_add_error_data(1, "and more of it");
    ks_int reason;
    for (int i = 0; i < 3; i++)
        KS_CHECK_OK(divider_call_divide(server, &(ks_int){ i }, &reason, 10000));
    KS_CHECK(reason == BN_R_DIV_BY_ZERO);
    const char *file, *function, *data;
    int line, flags;
    unsigned long code = ERR_get_error_all(&file, &line, &function, &data, &flags);
    KS_CHECK(ERR_GET_LIB(code) == ERR_LIB_PEM || ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER);
    KS_CHECK(line > 0 && file[0] && strstr(data, "and more of it"));
    KS_CHECK(ERR_get_error() == 0);
}

static void each_handler_has_its_own_errors(void)
{
    ks_pid server;
    ks_ref monitors[3];
    KS_CHECK_OK(ks_start(KS_CHILD(divider), &server));
    for (int i = 0; i < 3; i++) ks_spawn_monitor(reads, &server, &monitors[i]);
    for (int i = 0; i < 3; i++) KS_CHECK(ended_with(monitors[i], KS_REASON_NORMAL));
    kill_and_wait(server);
    KS_CHECK(ERR_peek_error() == 0); /* we had none when we blocked */
}

static void sleeps(void *arg)
{
    fail_to_divide();
    ks_sleep(KS_INFINITY);
}
static void who_is_killed_leaves_no_errors(void)
{
    ks_pid pid = ks_spawn(sleeps, NULL);
    ks_sleep(1);
    kill_and_wait(pid); /* what was kept for it is freed: a leak checker would say so */
    KS_CHECK(ERR_peek_error() == 0);
}

int main(int argc, char **argv)
{
    const ks_thread_state errors = { save_errors, restore_errors, discard_errors };
    bool without = argc > 1 && strcmp(argv[1], "without") == 0; /* to see it fail */
    if (!without && ks_keep_thread_state(&errors)) return EXIT_FAILURE;
    return run_scenarios("keep_openssl", 20,
        SCENARIOS(
            SCENARIO(each_handler_has_its_own_errors), SCENARIO(who_is_killed_leaves_no_errors)));
}
