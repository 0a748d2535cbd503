/* SPDX-License-Identifier: MIT */
/*
 * dns/answer.h - what DNS says to a question, and how far it can be believed.
 *
 * Records are the octets of the wire, names uncompressed; record.h reads them.
 */
#ifndef SMAIL__DNS_ANSWER_H
#define SMAIL__DNS_ANSWER_H

#include "dns/name.h"

/* By their numbers: RFC 1035, 3.2.2; RFC 3596, 2.1; RFC 2782; RFC 6698, 7.1. */
enum smail__dns_type {
    SMAIL__DNS_A = 1,
    SMAIL__DNS_NS = 2,
    SMAIL__DNS_CNAME = 5,
    SMAIL__DNS_SOA = 6,
    SMAIL__DNS_PTR = 12,
    SMAIL__DNS_MX = 15,
    SMAIL__DNS_TXT = 16,
    SMAIL__DNS_AAAA = 28,
    SMAIL__DNS_SRV = 33,
    SMAIL__DNS_TLSA = 52
};

/* "MX"; and from it, whatever its case. 0: no type that is known here. */
const char *smail__dns_type_name(enum smail__dns_type type);
enum smail__dns_type smail__dns_type_of(smail_span name);

enum smail__dns_status {
    SMAIL__DNS_FOUND,    /* there are records */
    SMAIL__DNS_NO_DATA,  /* the name exists, but has none of that type */
    SMAIL__DNS_NO_NAME,  /* NXDOMAIN */
    SMAIL__DNS_TEMPORARY /* nobody knows now: it may be asked again */
};

/* RFC 4033, 5; RFC 4035, 4.3. */
enum smail__dns_security {
    SMAIL__DNS_INSECURE, /* not signed, or nobody looked */
    SMAIL__DNS_SECURE,   /* signed, and the signatures hold */
    SMAIL__DNS_BOGUS     /* they do not hold: the status is TEMPORARY, and no
                            record is given */
};

#define SMAIL__DNS_RECORDS_MAX 1000 /* of one answer */
#define SMAIL__DNS_CHAIN_MAX 8      /* CNAMEs, one after the other */

struct smail__dns_answer {
    enum smail__dns_status status;
    enum smail__dns_security security;
    uint32_t ttl;
    char *name; /* that the records are of: behind all CNAMEs */
    char *why;  /* for the log; "" when all is well */
    smail_span *records;
    size_t count;
};

/* One block, with room for `count` records of `octets` in all; NULL without
 * memory. add() fills it, in order. */
struct smail__dns_answer *smail__dns_answer_new(enum smail__dns_status status,
                                                const char *name,
                                                const char *why, size_t count,
                                                size_t octets);
void smail__dns_answer_add(struct smail__dns_answer *answer, smail_span record);
void smail__dns_answer_free(struct smail__dns_answer *answer);

#endif
