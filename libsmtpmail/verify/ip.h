/* SPDX-License-Identifier: MIT */
/* verify/ip.h - addresses as octets, as text and within networks. */
#ifndef SMAIL__VERIFY_IP_H
#define SMAIL__VERIFY_IP_H

#include <smtpmail/error.h>

/* Room for the text of one, with the NUL. */
#define SMAIL__IP_TEXT 46

struct smail__ip {
    bool is_ipv6;
    unsigned char octets[16]; /* 4 of them for IPv4 */
};

/* "192.0.2.1", "2001:db8::1"; nothing around it. IPv4 in IPv6
   (::ffff:192.0.2.1) stays IPv6: unmap() makes IPv4 of it.
   SMAIL_EMALFORMED. */
int smail__ip_parse(struct smail__ip *out, smail_span text);
void smail__ip_unmap(struct smail__ip *ip);
void smail__ip_text(char out[SMAIL__IP_TEXT], const struct smail__ip *ip);

/* The record of A or AAAA. SMAIL_EMALFORMED. */
int smail__ip_read(struct smail__ip *out, smail_span record);

bool smail__ip_equal(const struct smail__ip *a, const struct smail__ip *b);

/* Are the first `bits` of both the same? Never in two families. */
bool smail__ip_within(const struct smail__ip *ip,
                      const struct smail__ip *network, unsigned bits);

/* Nobody outside can reach it: loopback, link-local, private, shared,
   unspecified, multicast, and what stands for one of them (RFC 6890, 2.2). */
bool smail__ip_is_private(const struct smail__ip *ip);

#endif
