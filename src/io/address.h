/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - numeric addresses: "127.0.0.1:80", "[::1]:80", ":80", "unix:/path", "unix:@name". Any
 * thread. */
#ifndef KSI_IO_ADDRESS_H
#define KSI_IO_ADDRESS_H
#include <kiosk/socket.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct ksi_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
    };
    socklen_t size;
    bool every; /* no host was given */
};
enum { KSI_ADDRESS_SIZE = sizeof(struct sockaddr_un) }; /* the largest of the union */
_Static_assert(sizeof(struct sockaddr_un) <= sizeof((ks_address *)0)->bytes, "they fit");

/* False: not an address; nothing is guessed. Without a host: IPv6, every address. */
bool ksi_address_parse(const char *text, struct ksi_address *ret_address);
/* As the kernel gave it: *address.size bytes of it count. */
ks_address ksi_address_pack(const struct ksi_address *address);
/* False: none, or not one of ours. */
bool ksi_address_unpack(const ks_address *packed, struct ksi_address *ret_address);
/* KS_OK, -ENOSPC, -EAFNOSUPPORT. */
ks_status ksi_address_print(const struct ksi_address *address, char *buffer, size_t size);
/* It is in the file system: its path. */
static inline const char *ksi_address_path(const struct ksi_address *address)
{
    bool has = address->any.sa_family == AF_UNIX && address->path.sun_path[0];
    return has ? address->path.sun_path : NULL;
}

#endif
