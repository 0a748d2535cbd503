/* SPDX-License-Identifier: MIT */
/*
 * verify/sts.h - MTA-STS: the record that says there is a policy, the policy,
 * and which hosts it names (RFC 8461, 3.1, 3.2 and 4.1). No I/O.
 */
#ifndef SMAIL__VERIFY_STS_H
#define SMAIL__VERIFY_STS_H

#include <smtpmail/error.h>

#include "dns/answer.h"

/* Characters of an id (RFC 8461, 3.1). */
#define SMAIL__STS_ID_MAX 32

/* Octets of a policy that are read (RFC 8461, 3.3, leaves it to us; their
 * lists of hosts are short). */
#define SMAIL__STS_POLICY_MAX 65536

/* Seconds: a policy says no more, and no more is believed (RFC 8461, 3.2). */
#define SMAIL__STS_MAX_AGE 31557600

enum smail__sts_mode {
    SMAIL__STS_UNKNOWN, /* not asked yet */
    SMAIL__STS_NONE,    /* there is no policy, or it could not be had */
    SMAIL__STS_TESTING,
    SMAIL__STS_ENFORCE
};

struct smail__sts_policy {
    enum smail__sts_mode mode; /* never UNKNOWN */
    uint32_t max_age;
    char *hosts; /* patterns, lower case, parted by newlines; "" */
};

/* "_mta-sts.example.org" TXT: the id of the one record that is for MTA-STS.
 * False: there is none, or more than one, or it makes no sense, which is all
 * the same (RFC 8461, 3.1). */
bool smail__sts_read_id(char out[SMAIL__STS_ID_MAX + 1],
                        const struct smail__dns_answer *answer);

/* SMAIL_EMALFORMED with the reason; SMAIL_ENOMEM. `out->hosts` is the
 * caller's, to be freed. */
int smail__sts_policy_parse(struct smail__sts_policy *out, smail_span text,
                            smail_error *err);

/* Does one of the patterns ("*.example.org", parted by newlines) name the
 * host? (RFC 8461, 4.1) */
bool smail__sts_matches(smail_span patterns, const char *host);

#endif
