/* SPDX-License-Identifier: MIT */
/*
 * dns/zone.h - names and their records in memory: DNS for tests, without a
 * net.
 *
 * What was added is looked up as a server would (RFC 1034, 4.3.2 and 4.3.3):
 * CNAMEs are followed, "*.example.org" stands for the names under it that are
 * not there, a name above others exists.
 */
#ifndef SMAIL__DNS_ZONE_H
#define SMAIL__DNS_ZONE_H

#include "dns/answer.h"

#define SMAIL__DNS_ZONE_RECORDS_MAX 100000

/* What is said of a name instead of records. */
enum smail__dns_trouble {
    SMAIL__DNS_FINE,
    SMAIL__DNS_SERVFAIL,   /* TEMPORARY */
    SMAIL__DNS_UNSOUND,    /* TEMPORARY and BOGUS */
    SMAIL__DNS_UNANSWERED, /* nothing at all: the asker's patience ends it */
    SMAIL__DNS_MISSING     /* NO_NAME, also where "*" would stand for it */
};

struct smail__dns_zone;

int smail__dns_zone_new(struct smail__dns_zone **out);
void smail__dns_zone_free(struct smail__dns_zone *zone);

/* A record in its wire form. SMAIL_EMALFORMED for the name, SMAIL_ELIMIT. */
int smail__dns_zone_add(struct smail__dns_zone *zone, smail_span name,
                        enum smail__dns_type type, smail_span record);

/* For one type of a name, or 0 for all. */
int smail__dns_zone_trouble(struct smail__dns_zone *zone, smail_span name,
                            enum smail__dns_type type,
                            enum smail__dns_trouble trouble);

/* Answers about the name are SECURE. */
int smail__dns_zone_secure(struct smail__dns_zone *zone, smail_span name);

/* Nothing more comes: before the first find(), which any thread may call. */
void smail__dns_zone_finish(struct smail__dns_zone *zone);

/* The answer, the caller's; SMAIL_ETEMP when there is to be none. */
int smail__dns_zone_find(struct smail__dns_answer **out,
                         const struct smail__dns_zone *zone, smail_span name,
                         enum smail__dns_type type);

#endif
