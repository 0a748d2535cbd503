/* SPDX-License-Identifier: MIT */
/*
 * dns/record.h - records from the wire, and from text as zone files and
 * people write them (RFC 1035, 5.1).
 */
#ifndef SMAIL__DNS_RECORD_H
#define SMAIL__DNS_RECORD_H

#include "base/buf.h"
#include "dns/answer.h"

#define SMAIL__DNS_RECORD_MAX 65535 /* RFC 1035, 3.2.1: RDLENGTH */

struct smail__dns_mx {
    uint16_t preference;
    char host[SMAIL__DNS_NAME_ROOM]; /* "": there is none (RFC 7505, 3) */
};

/* RFC 6698, 2.1. */
struct smail__dns_tlsa {
    uint8_t usage, selector, matching;
    smail_span data; /* of the record */
};

/* RFC 2782. */
struct smail__dns_srv {
    uint16_t priority, weight, port;
    char host[SMAIL__DNS_NAME_ROOM]; /* "": there is none */
};

/* All: SMAIL_EMALFORMED for a record of another shape. */
int smail__dns_read_mx(struct smail__dns_mx *out, smail_span record);
int smail__dns_read_srv(struct smail__dns_srv *out, smail_span record);
int smail__dns_read_tlsa(struct smail__dns_tlsa *out, smail_span record);

/* PTR, CNAME and NS. */
int smail__dns_read_name(char out[SMAIL__DNS_NAME_ROOM], smail_span record);

/* The strings of a TXT record, joined (RFC 7208, 3.3). */
int smail__dns_read_txt(struct smail__buf *out, smail_span record);

/* 4 octets of A, 16 of AAAA; the others of `out` stay. */
int smail__dns_read_address(unsigned char out[16], bool *is_ipv6,
                            smail_span record);

/*
 * Append to `out` the wire form of "10 mx.example.org", "192.0.2.1",
 * "3 1 1 a0b1..." and so on; the text of TXT is one string, cut in pieces of
 * 255. SMAIL_EMALFORMED, SMAIL_EINVAL for a type that has no text here.
 */
int smail__dns_write(struct smail__buf *out, enum smail__dns_type type,
                     smail_span text);

#endif
