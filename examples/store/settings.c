/* SPDX-License-Identifier: Apache-2.0 */
/* settings - the command line. Called by main before the runtime starts. */
#include "settings.h"

#include "resp.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

KS_TYPE(settings, address, data_dir, snapshot, idle_timeout, send_timeout, started, snapshot_every,
    memory_max, shards, connections_max, request_max, output_max, demo);

static const char help[] =
    "NAME\n"
    "    store - a key-value server that speaks RESP2, the protocol of redis-cli\n"
    "\n"
    "USAGE\n"
    "    store [--port N] [--data-dir DIR] [OPTION...]\n"
    "\n"
    "OPTIONS\n"
    "    --port N              TCP port, 0 for any free one (6380)\n"
    "    --bind ADDRESS        numeric address to listen on (127.0.0.1)\n"
    "    --data-dir DIR        keep a snapshot of the keys in this directory, created when it is\n"
    "                          missing; load it at the start. Without it there is none\n"
    "    --snapshot-every S    seconds between snapshots; 0: only by SAVE, BGSAVE and at an\n"
    "                          ordered stop (300)\n"
    "    --maxmemory BYTES     of keys, values and what goes with them; each shard has its part.\n"
    "                          What would take more is refused; 0: no limit (0)\n"
    "    --shards N            servers that share the keys, 1 to 256 (4)\n"
    "    --max-connections N   clients at a time; one more is told so and closed (10000)\n"
    "    --max-request BYTES   of all arguments of a request together (512kb)\n"
    "    --max-output BYTES    of one answer; a larger one is an error instead (64mb)\n"
    "    --idle-timeout S      close a connection that sends nothing for so long; 0: never (0)\n"
    "    --send-timeout S      close a connection that takes no answers for so long (30)\n"
    "    --demo                show the supervision tree and what to try; allows DEBUG\n"
    "    --kiosk-log=WORDS     a level from debug to emergency, json: what is logged, and how "
    "(notice)\n"
    "    --help, --version\n"
    "\n"
    "OUTPUT\n"
    "    \"READY port N\" on standard output once clients can connect; the log is on standard\n"
    "    error. SIGTERM and SIGINT stop it in order: nobody new is let in, and who is connected\n"
    "    gets the answers to what was asked.\n"
    "\n"
    "EXIT STATUS\n"
    "    0 stopped in order, 1 it could not start or failed, 2 wrong command line\n"
    "\n"
    "    BYTES may end in kb, mb or gb.\n"
    "\n"
    "ENVIRONMENT\n"
    "    KIOSK_SCHEDULERS=n    threads that run processes (one for each core)\n"
    "\n"
    "COMMANDS\n"
    "    APPEND BGSAVE CLIENT COMMAND CONFIG DBSIZE DECR DECRBY DEL ECHO EXISTS EXPIRE EXPIREAT\n"
    "    FLUSHALL FLUSHDB GET GETDEL HELLO INCR INCRBY INFO KEYS LASTSAVE MGET MSET PERSIST "
    "PEXPIRE\n"
    "    PEXPIREAT PING PSETEX PTTL QUIT SAVE SCAN SELECT SET SETEX SETNX STRLEN TOUCH TTL TYPE\n"
    "    UNLINK; with --demo also DEBUG CRASH-SHARD key. README.md says what each guarantees.\n";

enum { BYTES_MAX = 512 * 1024 * 1024 };
enum option_code {
    OPTION_PORT = 256,
    OPTION_BIND,
    OPTION_DATA_DIR,
    OPTION_SNAPSHOT_EVERY,
    OPTION_MAXMEMORY,
    OPTION_SHARDS,
    OPTION_MAX_CONNECTIONS,
    OPTION_MAX_REQUEST,
    OPTION_MAX_OUTPUT,
    OPTION_IDLE_TIMEOUT,
    OPTION_SEND_TIMEOUT,
    OPTION_DEMO,
    OPTION_KIOSK_LOG,
    OPTION_HELP,
    OPTION_VERSION
};
static const struct option options[] = {
    { "port", required_argument, NULL, OPTION_PORT },
    { "bind", required_argument, NULL, OPTION_BIND },
    { "data-dir", required_argument, NULL, OPTION_DATA_DIR },
    { "snapshot-every", required_argument, NULL, OPTION_SNAPSHOT_EVERY },
    { "maxmemory", required_argument, NULL, OPTION_MAXMEMORY },
    { "shards", required_argument, NULL, OPTION_SHARDS },
    { "max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS },
    { "max-request", required_argument, NULL, OPTION_MAX_REQUEST },
    { "max-output", required_argument, NULL, OPTION_MAX_OUTPUT },
    { "idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT },
    { "send-timeout", required_argument, NULL, OPTION_SEND_TIMEOUT },
    { "demo", no_argument, NULL, OPTION_DEMO },
    { "kiosk-log", required_argument, NULL, OPTION_KIOSK_LOG },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { NULL, 0, NULL, 0 },
};

static void __attribute__((noreturn)) usage_error(void)
{
    fputs("Try 'store --help'.\n", stderr);
    exit(2);
}

static uint32_t number(const char *option, const char *text, uint32_t least, uint32_t most)
{
    int64_t value;
    if (!resp_integer((ks_text){ text, strlen(text) }, &value) || value < least || value > most) {
        fprintf(stderr, "store: --%s takes a number from %u to %u, not '%s'\n", option, least, most,
            text);
        usage_error();
    }
    return (uint32_t)value;
}

static ks_ms seconds(const char *option, uint32_t least)
{
    return (ks_ms)number(option, optarg, least, 365 * 86400) * 1000;
}

/* 0 as never. */
static ks_ms seconds_or_never(const char *option)
{
    ks_ms ms = seconds(option, 0);
    return ms ? ms : KS_INFINITY;
}

static int64_t bytes(const char *option, int64_t least, int64_t most)
{
    static const char *const units[] = { "kb", "mb", "gb" };
    int64_t value, factor = 1;
    ks_text text = { optarg, strlen(optarg) };
    for (int i = 0; i < 3 && text.len > 2 && factor == 1; i++) {
        if (strcasecmp(text.ptr + text.len - 2, units[i]) != 0) continue;
        text.len -= 2;
        factor = INT64_C(1) << (10 * (i + 1));
    }
    bool good = resp_integer(text, &value) && !__builtin_mul_overflow(value, factor, &value);
    if (good && value >= least && value <= most) return value;
    fprintf(stderr, "store: --%s takes bytes from %" PRId64 " to %" PRId64 ", not '%s'\n", option,
        least, most, optarg);
    usage_error();
}

/* Lives as long as the program. */
static const char *full_address(const char *host, uint32_t port)
{
    static char address[INET6_ADDRSTRLEN + 16];
    struct in6_addr binary;
    bool v6 = inet_pton(AF_INET6, host, &binary) == 1;
    if (!v6 && inet_pton(AF_INET, host, &binary) != 1) {
        fprintf(
            stderr, "store: --bind takes a numeric address such as 127.0.0.1, not '%s'\n", host);
        usage_error();
    }
    snprintf(address, sizeof address, v6 ? "[%s]:%u" : "%s:%u", host, port);
    return address;
}

/* Likewise. */
static const char *snapshot_path(const char *folder)
{
    static char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/store.snapshot", folder);
    if (len < (int)sizeof path - 64) return path; /* there is another name beside it */
    fprintf(stderr, "store: --data-dir is too long\n");
    usage_error();
}

struct words { /* of the command line, before they are put together */
    const char *host;
    uint32_t port;
};

static void take_option(int code, settings *s, struct words *words)
{
    switch (code) {
    case OPTION_PORT: words->port = number("port", optarg, 0, 65535); break;
    case OPTION_BIND: words->host = optarg; break;
    case OPTION_DATA_DIR: s->data_dir = optarg; break;
    case OPTION_SNAPSHOT_EVERY: s->snapshot_every = seconds_or_never("snapshot-every"); break;
    case OPTION_MAXMEMORY: s->memory_max = bytes("maxmemory", 0, INT64_MAX); break;
    case OPTION_SHARDS: s->shards = number("shards", optarg, 1, 256); break;
    case OPTION_MAX_CONNECTIONS:
        s->connections_max = number("max-connections", optarg, 1, 10000000);
        break;
    case OPTION_MAX_REQUEST: s->request_max = (uint32_t)bytes("max-request", 64, BYTES_MAX); break;
    case OPTION_MAX_OUTPUT: s->output_max = (uint32_t)bytes("max-output", 64, BYTES_MAX); break;
    case OPTION_IDLE_TIMEOUT: s->idle_timeout = seconds_or_never("idle-timeout"); break;
    case OPTION_SEND_TIMEOUT: s->send_timeout = seconds("send-timeout", 1); break;
    case OPTION_DEMO: s->demo = true; break;
    case OPTION_KIOSK_LOG: break; /* ks_main takes it */
    case OPTION_HELP: fputs(help, stdout); exit(0);
    case OPTION_VERSION: puts("store " STORE_VERSION); exit(0);
    default: usage_error(); /* getopt_long has said what is wrong */
    }
}

settings settings_from_command_line(int argc, char **argv)
{
    settings s = { .shards = 4,
        .connections_max = 10000,
        .request_max = 512 * 1024,
        .output_max = 64 * 1024 * 1024,
        .snapshot_every = 300 * 1000,
        .idle_timeout = KS_INFINITY,
        .send_timeout = 30 * 1000 };
    struct words words = { "127.0.0.1", 6380 };
    for (int code; (code = getopt_long(argc, argv, "", options, NULL)) != -1;)
        take_option(code, &s, &words);
    if (optind < argc) {
        fprintf(stderr, "store: unexpected argument '%s'\n", argv[optind]);
        usage_error();
    }
    s.address = full_address(words.host, words.port);
    if (s.data_dir) s.snapshot = snapshot_path(s.data_dir);
    return s;
}
