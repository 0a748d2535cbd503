/* SPDX-License-Identifier: MIT */
/*
 * verify/domain_check.h - what DNS should say of a domain whose mail we have,
 * what it says, and what to put there.
 *
 * No I/O: verify/question.h tells how it is driven.
 */
#ifndef SMAIL__VERIFY_DOMAIN_CHECK_H
#define SMAIL__VERIFY_DOMAIN_CHECK_H

#include "base/buf.h"
#include "verify/ip.h"
#include "verify/question.h"

#define SMAIL__CHECK_ADDRESSES_MAX 16 /* of ours */
#define SMAIL__CHECK_KEYS_MAX 32      /* of DKIM, old ones among them */
#define SMAIL__CHECK_DATA_MAX 6       /* forms of one certificate */

/* Addresses and keys have one each, and there are a dozen more. */
#define SMAIL__CHECKS_MAX \
    (2 * SMAIL__CHECK_ADDRESSES_MAX + SMAIL__CHECK_KEYS_MAX + 16)

/* An SPF record may ask for two hundred, for each of our addresses. */
#define SMAIL__CHECK_QUESTIONS_MAX 1000

/* Records that are shown of one answer, and octets of one. */
#define SMAIL__CHECK_FOUND_MAX 20
#define SMAIL__CHECK_RECORD_MAX 1024

/* The worse, the larger; in the order of smail_check_status. */
enum smail__check_status {
    SMAIL__CHECK_OK,
    SMAIL__CHECK_OPTIONAL, /* not there, and that is fine */
    SMAIL__CHECK_INSECURE, /* nobody looks at it: the zone is not signed */
    SMAIL__CHECK_WARNING,
    SMAIL__CHECK_UNKNOWN, /* DNS does not answer */
    SMAIL__CHECK_MISSING,
    SMAIL__CHECK_WRONG
};

struct smail__check {
    const char *name; /* "SPF" */
    const char *type; /* "TXT" */
    enum smail__check_status status;
    char owner[SMAIL__DNS_NAME_ROOM];
    struct smail__buf expected; /* lines of a zone file; may be "" */
    struct smail__buf found;    /* a record a line */
    size_t found_count;
    struct smail__buf explanation; /* sentences */
};

struct smail__check_key {
    const char *name; /* of the record: "s1._domainkey.example.org" */
    const char *text; /* what it should be: "v=DKIM1; k=rsa; p=..." */
    bool is_retired;
};

/* What a TLSA record of our certificate holds (RFC 6698, 2.1). */
struct smail__check_data {
    uint8_t selector, matching;
    smail_span data;
};

/* Where the policy of MTA-STS stands. */
enum smail__check_policy {
    SMAIL__CHECK_NOT_FETCHED, /* nobody tried */
    SMAIL__CHECK_FETCHED,
    SMAIL__CHECK_FETCH_FAILED
};

struct smail__domain_facts {
    const char *domain;                /* in A-labels, lower case */
    const char *hostname;              /* what EHLO says; likewise */
    const struct smail__ip *addresses; /* ours; none: those of `hostname` */
    size_t address_count;
    const struct smail__check_key *keys;
    size_t key_count;
    const struct smail__check_data *data; /* of the certificate */
    size_t data_count;
    const char *no_data; /* why there is none; NULL: none is configured */
    bool is_for_another; /* the certificate does not name the hostname */
    bool sees_security;  /* the resolver looks at signatures */
    bool fetches_policy; /* somebody will look at it */
    enum smail__check_policy policy;
    const char *policy_text; /* what was fetched, or why it was not */
    int64_t now;
};

struct smail__domain_check {
    struct smail__check list[SMAIL__CHECKS_MAX];
    size_t count;
    bool wants_policy; /* there is a record: the policy is worth fetching */
};

/* Zeroed once; evaluate() empties it before it fills it. */
void smail__domain_check_dispose(struct smail__domain_check *check);

/* True: `out` is the outcome. False: questions are open. */
bool smail__domain_check_evaluate(struct smail__domain_check *out,
                                  struct smail__questions *questions,
                                  const struct smail__domain_facts *facts);

#endif
