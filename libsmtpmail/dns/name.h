/* SPDX-License-Identifier: MIT */
/*
 * dns/name.h - domain names as text: lower case, without the dot at the end.
 * (RFC 1035, 3.1; RFC 5782, 2.1 and 2.4)
 *
 * An octet that is no letter, digit, hyphen, underscore, asterisk or slash is
 * written \DDD, so that a name from the net is one word whatever it holds.
 */
#ifndef SMAIL__DNS_NAME_H
#define SMAIL__DNS_NAME_H

#include <smtpmail/error.h>

/* RFC 1035, 2.3.4: 255 octets on the wire, 63 a label. */
#define SMAIL__DNS_WIRE_MAX 255
#define SMAIL__DNS_LABEL_MAX 63

/* Text with its NUL: each octet may be written as four. */
#define SMAIL__DNS_NAME_ROOM 1020

/*
 * The one form of `text`, which may end in a dot and hold \DDD and \X. The
 * root is "". SMAIL_EMALFORMED for an empty label or a bad escape, SMAIL_ELIMIT
 * for a name that is too long.
 */
int smail__dns_name(char out[SMAIL__DNS_NAME_ROOM], smail_span text);

/* From and to the wire, without compression. `len` is what it takes there. */
int smail__dns_name_from_wire(char out[SMAIL__DNS_NAME_ROOM], size_t *len,
                              smail_span wire);
int smail__dns_name_to_wire(unsigned char out[SMAIL__DNS_WIRE_MAX], size_t *len,
                            smail_span text);

/* Names that are not case-folded yet. */
bool smail__dns_name_equal(smail_span a, smail_span b);

/*
 * The name under `zone` that stands for an address: "1.2.0.192.in-addr.arpa",
 * or its 32 nibbles for IPv6. `zone` "" gives in-addr.arpa or ip6.arpa.
 * SMAIL_ELIMIT when `zone` is too long for it.
 */
int smail__dns_reverse(char out[SMAIL__DNS_NAME_ROOM],
                       const unsigned char *address, bool is_ipv6,
                       const char *zone);

#endif
