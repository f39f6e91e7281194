/* SPDX-License-Identifier: Apache-2.0 */
/* address.c - see address.h and kiosk/socket.h. */
#include "io/address.h"
#include "base/base.h"
#include <arpa/inet.h>
#include <errno.h>
#include <kiosk/type.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

KS_TYPE(ks_address, size, (array, bytes));

enum { PORT_MAX = 65535, HOST_SIZE = INET6_ADDRSTRLEN + 1 + IF_NAMESIZE };
enum { PATH_AT = offsetof(struct sockaddr_un, sun_path) };
static const char unix_prefix[] = "unix:";

/* --- from a text ------------------------------------------------------------------------------ */
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

/* host may end in %interface, and is changed. */
static bool parse_v6(char *host, in_port_t port, struct ksi_address *ret_address)
{
    *ret_address = (struct ksi_address){ .size = sizeof(struct sockaddr_in6) };
    ret_address->v6.sin6_family = AF_INET6;
    ret_address->v6.sin6_port = port;
    char *percent = strchr(host, '%');
    if (percent) {
        *percent = '\0';
        ret_address->v6.sin6_scope_id = if_nametoindex(percent + 1);
        if (!ret_address->v6.sin6_scope_id) return false;
    }
    return inet_pton(AF_INET6, host, &ret_address->v6.sin6_addr) == 1;
}

/* "@" alone has no name: the kernel chooses one. An abstract name begins with a NUL and has no end
 * but its length. */
static bool parse_unix(const char *name, struct ksi_address *ret_address)
{
    size_t length = strlen(name);
    *ret_address = (struct ksi_address){ .size = PATH_AT };
    ret_address->path.sun_family = AF_UNIX;
    if (length == 0 || length >= sizeof ret_address->path.sun_path) return false;
    if (name[0] != '@') {
        memcpy(ret_address->path.sun_path, name, length + 1);
        ret_address->size = (socklen_t)(PATH_AT + length + 1);
    } else if (length > 1) {
        memcpy(ret_address->path.sun_path + 1, name + 1, length - 1);
        ret_address->size = (socklen_t)(PATH_AT + length);
    }
    return true;
}

bool ksi_address_parse(const char *text, struct ksi_address *ret_address)
{
    if (text && strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0)
        return parse_unix(text + sizeof unix_prefix - 1, ret_address);
    const char *colon = text ? strrchr(text, ':') : NULL;
    in_port_t port;
    if (!colon || !parse_port(colon + 1, &port)) return false;
    size_t length = (size_t)(colon - text);
    char host[HOST_SIZE + 2] = "";
    if (length >= sizeof host) return false;
    memcpy(host, text, length);
    if (length == 0) {
        bool known = parse_v6((char[]){ "::" }, port, ret_address);
        ret_address->every = true;
        return known;
    }
    if (host[0] != '[') return parse_v4(host, port, ret_address);
    if (host[length - 1] != ']') return false;
    host[length - 1] = '\0';
    return parse_v6(host + 1, port, ret_address);
}

/* --- to a text -------------------------------------------------------------------------------- */
static void print_v6(const struct sockaddr_in6 *v6, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN], interface[IF_NAMESIZE + 1] = "%";
    unsigned port = ntohs(v6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
        snprintf(text, size, "%s:%u", host, port);
        return;
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    if (!v6->sin6_scope_id || !if_indextoname(v6->sin6_scope_id, interface + 1))
        interface[0] = '\0';
    snprintf(text, size, "[%s%s]:%u", host, interface, port);
}

static void print_unix(const struct ksi_address *address, char *text, size_t size)
{
    const char *name = address->path.sun_path;
    size_t length = address->size > PATH_AT ? address->size - PATH_AT : 0;
    if (length && name[0]) length = strnlen(name, length);
    int at = snprintf(text, size, "%s", unix_prefix);
    for (size_t i = 0; i < length; i++) {
        char byte = name[i];
        bool odd = byte < ' ' || byte == 127;
        text[at++] = i == 0 && !byte ? '@' : odd ? '?' : byte;
    }
    text[at] = '\0';
}

static ks_status print(const struct ksi_address *address, char text[KS_ADDRESS_TEXT_MAX])
{
    char host[INET_ADDRSTRLEN];
    switch (address->any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(text, KS_ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(address->v4.sin_port));
        return KS_OK;
    case AF_INET6: print_v6(&address->v6, text, KS_ADDRESS_TEXT_MAX); return KS_OK;
    case AF_UNIX: print_unix(address, text, KS_ADDRESS_TEXT_MAX); return KS_OK;
    default: return -EAFNOSUPPORT;
    }
}

ks_status ksi_address_print(const struct ksi_address *address, char *buffer, size_t size)
{
    char text[KS_ADDRESS_TEXT_MAX];
    ks_status status = print(address, text);
    if (status) return status;
    if (strlen(text) >= size) return -ENOSPC;
    memcpy(buffer, text, strlen(text) + 1);
    return KS_OK;
}

/* --- as a value ------------------------------------------------------------------------------- */
ks_address ksi_address_pack(const struct ksi_address *address)
{
    ks_address packed = { .size = (uint8_t)address->size };
    if (address->size > KSI_ADDRESS_SIZE) packed.size = 0; /* not one of ours */
    memcpy(packed.bytes, &address->any, packed.size);
    return packed;
}

bool ksi_address_unpack(const ks_address *packed, struct ksi_address *ret_address)
{
    *ret_address = (struct ksi_address){ .size = packed->size };
    if (packed->size > KSI_ADDRESS_SIZE) return false;
    memcpy(&ret_address->any, packed->bytes, packed->size);
    switch (ret_address->any.sa_family) {
    case AF_INET: return packed->size == sizeof ret_address->v4;
    case AF_INET6: return packed->size == sizeof ret_address->v6;
    case AF_UNIX: return packed->size >= PATH_AT;
    default: return false;
    }
}

ks_status ks_address_parse(const char *text, ks_address *ret_address)
{
    struct ksi_address address;
    if (!ksi_address_parse(text, &address)) return KS_BADARG;
    *ret_address = ksi_address_pack(&address);
    return KS_OK;
}

const char *ks_address_text(const ks_address *packed, char *buffer, size_t size)
{
    char text[KS_ADDRESS_TEXT_MAX] = "none";
    struct ksi_address address;
    if (ksi_address_unpack(packed, &address)) (void)print(&address, text);
    if (size) snprintf(buffer, size, "%s", text);
    return buffer;
}

bool ks_same_address(const ks_address *a, const ks_address *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

uint16_t ks_address_port(const ks_address *packed)
{
    struct ksi_address address;
    if (!ksi_address_unpack(packed, &address)) return 0;
    if (address.any.sa_family == AF_INET) return ntohs(address.v4.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}
