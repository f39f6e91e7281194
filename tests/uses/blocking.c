/* SPDX-License-Identifier: Apache-2.0 */
/* blocking.c - work that blocks its thread, in three ways: a server that keeps the checksums of
 * files, whose reading and counting is done on the pool; a name that is looked up there; a list
 * that is saved whole or not at all. All the while other processes go on. */
#include <kiosk/kiosk.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 << 20, PATIENCE = 10000 };

/* --- on a thread of the pool: plain functions ------------------------------------------------- */
typedef struct digest {
    uint64_t size, sum;
} digest;
KS_TYPE(digest, size, sum);
KS_BLOCKING(hash_file, ks_text, digest);

/* FNV-1a. The path is a copy that belongs to the job; so would be what ks_job_alloc gives. */
static ks_status hash_file_work(ks_job *job, const ks_text *path, digest *reply)
{
    FILE *file = fopen(path->ptr, "re");
    if (!file) return KS_NOT_FOUND;
    reply->sum = 0xcbf29ce484222325u;
    for (int byte; (byte = getc(file)) != EOF; reply->size++)
        reply->sum = (reply->sum ^ (uint8_t)byte) * 0x100000001b3u;
    fclose(file);
    return KS_OK;
}

typedef struct lookup { /* flat data need no description: they are copied there and back */
    char host[64], address[64];
    int error;
} lookup;
static void look_up(void *data)
{
    lookup *it = data;
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
    it->error = getaddrinfo(it->host, NULL, &hints, &found);
    if (it->error) return;
    getnameinfo(found->ai_addr, found->ai_addrlen, it->address, sizeof it->address, NULL, 0,
        NI_NUMERICHOST);
    freeaddrinfo(found);
}

/* --- a server that remembers ------------------------------------------------------------------ */
KS_MODULE(sums, void);
KS_CALL(sums, of, ks_text, digest);
struct sums {
    char path[256]; /* the latest one */
    ks_stat stat;   /* of the file whose digest it is */
    digest digest;
};

/* Not by the time alone: a clock that ticks every few ms sees no difference between two writes. */
static bool same_file(const ks_stat *a, const ks_stat *b)
{
    return a->modified_ns == b->modified_ns && a->size == b->size && a->inode == b->inode &&
        a->device == b->device;
}

/* The deadline of the call goes along: who has given up is not worked for. */
static ks_next sums_handle_of(sums *self, const ks_text *path, digest *reply)
{
    ks_stat stat;
    ks_status status = ks_path_stat(path->ptr, PATIENCE, &stat);
    if (status) return ks_fail(status);
    if (strcmp(self->path, path->ptr) != 0 || !same_file(&self->stat, &stat)) {
        status = hash_file(path, &self->digest, PATIENCE);
        if (status) return ks_fail(status);
        snprintf(self->path, sizeof self->path, "%s", path->ptr);
        self->stat = stat;
    }
    *reply = self->digest;
    return ks_reply();
}
KS_GEN_SERVER(sums, .ops = KS_OPS(sums, of));

/* --- a program -------------------------------------------------------------------------------- */
static void show(const char *path)
{
    digest found;
    ks_text text = ks_str(path);
    ks_status status = sums_call_of(ks_named("sums"), &text, &found, PATIENCE);
    if (status)
        printf("no sum: %s\n", ks_status_text(status));
    else
        printf(
            "%llu bytes, %016llx\n", (unsigned long long)found.size, (unsigned long long)found.sum);
}

static void show_address(const char *host)
{
    lookup it = { 0 };
    snprintf(it.host, sizeof it.host, "%s", host);
    ks_status status = ks_blocking(look_up, &it, sizeof it, PATIENCE);
    if (status)
        printf("%s: %s\n", host, ks_status_text(status));
    else
        printf("%s: %s\n", host, it.error ? gai_strerror(it.error) : it.address);
}

KS_MODULE(visitor, void);
static void visitor_main(const ks_none *args)
{
    ks_text text;
    const char *path = ks_format("/tmp/kiosk-use-%llx", (unsigned long long)ks_random(UINT64_MAX));
    if (ks_write_file(path, ks_lit("a list\n"), PATIENCE)) ks_exit(ks_error("nothing is saved"));
    show(path);
    show(path);
    if (ks_write_file(path, ks_lit("a longer list\n"), PATIENCE)) ks_exit(ks_error("not saved"));
    show(path);
    if (ks_read_file(path, FILE_MAX, PATIENCE, &text) == KS_OK)
        printf("it says: " KS_TEXT_FMT, KS_TEXT_ARG(text));
    if (ks_path_unlink(path, PATIENCE)) ks_exit(ks_error("it stays"));
    show(path);
    show_address("127.0.0.1");
}
KS_PROCESS(visitor);

KS_SUPERVISOR(app, .auto_shutdown = KS_ANY_SIGNIFICANT,
    .children = KS_CHILDREN({ KS_START(sums), .name = "sums" },
        { KS_START(visitor), .restart = KS_TEMPORARY, .significant = true }));

int main(int argc, char **argv) { return ks_main(argc, argv, KS_CHILD(app)); }
