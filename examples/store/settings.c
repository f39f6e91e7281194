/* SPDX-License-Identifier: Apache-2.0 */
/* settings - the command line. Called by main before the runtime starts. */
#include "settings.h"

#include "resp.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

KS_TYPE(settings, address, data_dir, idle_timeout, send_timeout, started, shards, connections_max,
    request_max, demo);

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
    "    --data-dir DIR        directory reserved for snapshots; created when it is missing.\n"
    "                          For now all data lives in memory and nothing is put there.\n"
    "    --shards N            servers that share the keys, 1 to 256 (4)\n"
    "    --max-connections N   clients at a time; one more is told so and closed (10000)\n"
    "    --max-request BYTES   of all arguments of a request together (524288)\n"
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
    "COMMANDS\n"
    "    PING ECHO GET SET DEL EXISTS INCR DBSIZE INFO QUIT, CLIENT ID, CLIENT LIST, CLIENT KILL "
    "ID\n"
    "    n, and as far as clients need them CLIENT COMMAND CONFIG SELECT; with --demo also\n"
    "    DEBUG CRASH-SHARD key\n";

enum option_code {
    OPTION_PORT = 256,
    OPTION_BIND,
    OPTION_DATA_DIR,
    OPTION_SHARDS,
    OPTION_MAX_CONNECTIONS,
    OPTION_MAX_REQUEST,
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
    { "shards", required_argument, NULL, OPTION_SHARDS },
    { "max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS },
    { "max-request", required_argument, NULL, OPTION_MAX_REQUEST },
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
    case OPTION_SHARDS: s->shards = number("shards", optarg, 1, 256); break;
    case OPTION_MAX_CONNECTIONS:
        s->connections_max = number("max-connections", optarg, 1, 10000000);
        break;
    case OPTION_MAX_REQUEST:
        s->request_max = number("max-request", optarg, 64, 512 * 1024 * 1024);
        break;
    case OPTION_IDLE_TIMEOUT:
        s->idle_timeout = seconds("idle-timeout", 0);
        if (!s->idle_timeout) s->idle_timeout = KS_INFINITY;
        break;
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
    return s;
}
