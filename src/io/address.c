/* SPDX-License-Identifier: Apache-2.0 */
/* address.c - see address.h. */
#include "io/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, HOST_SIZE = INET6_ADDRSTRLEN };

/* Decimal, without sign, blanks or leading zeros. */
static bool parse_port(const char *text, in_port_t *ret_port)
{
    if (text[0] == '0' && text[1]) return false;
    unsigned port = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && port <= PORT_MAX; at++)
        port = port * 10 + (unsigned)(*at - '0');
    if (at == text || *at || port > PORT_MAX) return false;
    *ret_port = htons((in_port_t)port);
    return true;
}

static bool parse_v4(const char *host, in_port_t port, struct ksi_address *ret_address)
{
    *ret_address = (struct ksi_address){ .size = sizeof(struct sockaddr_in) };
    ret_address->v4.sin_family = AF_INET;
    ret_address->v4.sin_port = port;
    return inet_pton(AF_INET, host, &ret_address->v4.sin_addr) == 1;
}

static bool parse_v6(const char *host, in_port_t port, struct ksi_address *ret_address)
{
    *ret_address = (struct ksi_address){ .size = sizeof(struct sockaddr_in6) };
    ret_address->v6.sin6_family = AF_INET6;
    ret_address->v6.sin6_port = port;
    return inet_pton(AF_INET6, host, &ret_address->v6.sin6_addr) == 1;
}

bool ksi_address_parse(const char *text, struct ksi_address *ret_address)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    in_port_t port;
    if (!colon || !parse_port(colon + 1, &port)) return false;
    size_t length = (size_t)(colon - text);
    char host[HOST_SIZE + 2] = "";
    if (length >= sizeof host) return false;
    memcpy(host, text, length);
    if (length == 0) {
        bool known = parse_v6("::", port, ret_address);
        ret_address->every = true;
        return known;
    }
    if (host[0] != '[') return parse_v4(host, port, ret_address);
    if (host[length - 1] != ']') return false;
    host[length - 1] = '\0';
    return parse_v6(host + 1, port, ret_address);
}

ks_status ksi_address_print(const struct ksi_address *address, char *buffer, size_t size)
{
    char host[HOST_SIZE];
    const char *form = "%s:%u";
    unsigned port;
    if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        port = ntohs(address->v4.sin_port);
    } else if (address->any.sa_family == AF_INET6) {
        const struct in6_addr *v6 = &address->v6.sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(v6)) {
            inet_ntop(AF_INET, &v6->s6_addr[12], host, sizeof host);
        } else {
            inet_ntop(AF_INET6, v6, host, sizeof host);
            form = "[%s]:%u";
        }
        port = ntohs(address->v6.sin6_port);
    } else {
        return -EAFNOSUPPORT;
    }
    char text[HOST_SIZE + 16];
    int length = snprintf(text, sizeof text, form, host, port);
    if ((size_t)length >= size) return -ENOSPC;
    memcpy(buffer, text, (size_t)length + 1);
    return KS_OK;
}
