/* SPDX-License-Identifier: MIT */
/* net/endpoint.h - a network address and port, as text and for sockets. */
#ifndef SMAIL__NET_ENDPOINT_H
#define SMAIL__NET_ENDPOINT_H

#include <smtpmail/error.h>

/* Room for the text of an address, with the NUL: INET6_ADDRSTRLEN. */
#define SMAIL__ADDRESS_TEXT 46

struct smail__endpoint {
    bool is_ipv6;
    unsigned char address[16]; /* 4 of them for IPv4 */
    uint16_t port;
};

/*
 * "127.0.0.1:25", "[::1]:25"; the host may be "*" for all of IPv4 and "[*]"
 * for all of IPv6, port 0 lets the system choose. SMAIL_EMALFORMED; names are
 * not looked up.
 */
int smail__endpoint_parse(struct smail__endpoint *out, smail_span text,
                          smail_error *err);

/* The address alone. IPv4 in IPv6 (::ffff:a.b.c.d) is written as IPv4. */
void smail__endpoint_text(char out[SMAIL__ADDRESS_TEXT],
                          const struct smail__endpoint *endpoint);

bool smail__endpoint_is_loopback(const struct smail__endpoint *endpoint);

struct sockaddr;
struct sockaddr_storage;

/* The length of what was filled in. */
size_t smail__endpoint_to_socket(struct sockaddr_storage *out,
                                 const struct smail__endpoint *endpoint);

/* Other families come out as the IPv4 address 0.0.0.0. */
void smail__endpoint_from_socket(struct smail__endpoint *out,
                                 const struct sockaddr *address);

/*
 * Is `endpoint` within one of the networks of `list`: "127.0.0.0/8 ::1",
 * parted by spaces or commas? check() says whether a list is well formed.
 */
bool smail__endpoint_in(const struct smail__endpoint *endpoint,
                        const char *list);
int smail__endpoint_check(const char *list, smail_error *err);

#endif
