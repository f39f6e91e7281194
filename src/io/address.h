/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - numeric addresses of TCP: "127.0.0.1:80", "[::1]:80", ":80". Any thread. */
#ifndef KSI_IO_ADDRESS_H
#define KSI_IO_ADDRESS_H
#include <kiosk/types.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct ksi_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
    bool every; /* no host was given */
};

/* False: not an address; nothing is guessed. Without a host: IPv6, every address. */
bool ksi_address_parse(const char *text, struct ksi_address *ret_address);
/* An IPv4 address in IPv6 form is shown as what it is. KS_OK, -ENOSPC, -EAFNOSUPPORT. */
ks_status ksi_address_print(const struct ksi_address *address, char *buffer, size_t size);

#endif
