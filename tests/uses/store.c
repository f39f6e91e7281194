/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - a TCP store: one process per connection reads lines (SET k v, GET k) and answers as
 * Redis would. The program is its own client. */
#include <kiosk/kiosk.h>
#include <stdio.h>

/* --- the data: one server --------------------------------------------------------------------- */
typedef struct pair {
    ks_text key, value;
} pair;
KS_TYPE(pair, key, value);
KS_MODULE(table, void);
KS_CALL(table, set, pair, void);
KS_CALL(table, get, ks_text, ks_text);
struct row {
    char *key, *value;
};
struct table {
    struct row *rows;
    int count;
};

static struct row *find(table *self, ks_text key)
{
    for (int i = 0; i < self->count; i++)
        if (ks_text_eq(ks_str(self->rows[i].key), key)) return &self->rows[i];
    return NULL;
}

static ks_next table_handle_set(table *self, const pair *p)
{
    struct row *row = find(self, p->key);
    if (!row) {
        self->rows = ks_realloc(self->rows, sizeof *row * (size_t)(self->count + 1));
        row = &self->rows[self->count++];
        *row = (struct row){ .key = ks_strdup(p->key) };
    }
    ks_free(row->value);
    row->value = ks_strdup(p->value);
    return ks_reply();
}

static ks_next table_handle_get(table *self, const ks_text *key, ks_text *reply)
{
    const struct row *row = find(self, *key);
    if (!row) return ks_fail(KS_NOT_FOUND);
    *reply = ks_str(row->value);
    return ks_reply();
}

KS_GEN_SERVER(table, .ops = KS_OPS(table, set, get));

/* --- a connection: a plain process, blocking-looking ------------------------------------------ */
typedef struct connection_args {
    ks_socket socket;
} connection_args;
KS_TYPE(connection_args, socket);
KS_MODULE(connection, connection_args);

static ks_status answer_set(ks_socket to, const char *key, const char *value)
{
    const pair p = { ks_str(key), ks_str(value) };
    ks_status status = table_call_set(ks_named("table"), &p, 1000);
    if (status) return ks_writef(to, "-ERR %s\r\n", ks_status_text(status));
    return ks_writef(to, "+OK\r\n");
}

static ks_status answer_get(ks_socket to, const char *key)
{
    ks_text k = ks_str(key), value;
    ks_status status = table_call_get(ks_named("table"), &k, &value, 1000);
    if (status == KS_NOT_FOUND) return ks_writef(to, "$-1\r\n");
    if (status) return ks_writef(to, "-ERR %s\r\n", ks_status_text(status));
    return ks_writef(to, "$%zu\r\n" KS_TEXT_FMT "\r\n", value.len, KS_TEXT_ARG(value));
}

static ks_status answer(ks_socket to, const char *line)
{
    char key[64], value[256];
    if (sscanf(line, "SET %63s %255s", key, value) == 2) return answer_set(to, key, value);
    if (sscanf(line, "GET %63s", key) == 1) return answer_get(to, key);
    return ks_writef(to, "-ERR unknown command\r\n");
}

static void connection_main(const connection_args *args)
{
    ks_text line;
    while (ks_read_line(args->socket, 60000, &line) == KS_OK) {
        const char *text = ks_format(KS_TEXT_FMT, KS_TEXT_ARG(line));
        if (answer(args->socket, text)) return;
        ks_end_turn();
    }
} /* the socket closes with us */

KS_PROCESS(connection);

/* --- accept, and the tree --------------------------------------------------------------------- */
typedef struct acceptor_args {
    const char *address;
} acceptor_args;
KS_TYPE(acceptor_args, address);
KS_MODULE(acceptor, acceptor_args);

/* Its address, once the kernel has chosen a port, stands in the table itself. */
static void acceptor_main(const acceptor_args *args)
{
    char address[64];
    ks_socket listener, socket;
    ks_status status = ks_tcp_listen(args->address, NULL, &listener);
    if (!status) status = ks_local_name(listener, address, sizeof address);
    const pair p = { ks_lit("address"), ks_str(address) };
    if (!status) status = table_call_set(ks_named("table"), &p, 1000);
    if (status) ks_exit(ks_because(status));
    while (ks_tcp_accept(listener, KS_INFINITY, &socket) == KS_OK) {
        status =
            ks_start_child(ks_named("connections"), KS_CHILD(connection, .socket = socket), NULL);
        if (status) ks_log_warning("connection refused: %s", ks_status_text(status));
    }
}

KS_PROCESS(acceptor);

/* clang-format off */
KS_SUPERVISOR(connections, .strategy = KS_DYNAMIC, .restart = KS_TEMPORARY, .max_children = 10000);
KS_SUPERVISOR(store, .strategy = KS_ONE_FOR_ONE, .children = KS_CHILDREN(
    { KS_START(table), .name = "table" },
    { KS_START(connections), .name = "connections" },
    { KS_START(acceptor, .address = "127.0.0.1:0") }));
/* clang-format on */

/* --- a client --------------------------------------------------------------------------------- */
KS_MODULE(program, void);

static void must(ks_status status)
{
    if (status) ks_exit(ks_because(status));
}

static void ask(ks_socket socket, const char *command, int lines)
{
    must(ks_writef(socket, "%s\r\n", command));
    printf("> %s\n", command);
    for (int i = 0; i < lines; i++) {
        ks_text line;
        must(ks_read_line(socket, 1000, &line));
        printf(KS_TEXT_FMT "\n", KS_TEXT_ARG(line));
    }
}

static ks_socket connect_to_store(void)
{
    ks_text key = ks_lit("address"), address;
    ks_socket socket;
    while (table_call_get(ks_named("table"), &key, &address, 1000) != KS_OK) ks_sleep(1);
    must(ks_tcp_connect(address.ptr, NULL, 1000, &socket));
    return socket;
}

static void program_main(const ks_none *args)
{
    ks_pid tree;
    must(ks_start_link(KS_CHILD(store), &tree));
    ks_socket first = connect_to_store(), second = connect_to_store();
    ask(first, "GET greeting", 1);
    ask(first, "SET greeting hello", 1);
    ask(second, "GET greeting", 2);
    ask(second, "SING", 1);
    ks_close(first);
    ks_close(second);
    must(ks_stop_process(tree, KS_NORMAL, KS_INFINITY));
}

KS_PROCESS(program);

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(program)); }
