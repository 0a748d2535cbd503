/* SPDX-License-Identifier: MIT */
/*
 * queue/tls_result.h - how sessions to other hosts fared with TLS, counted by
 * day, domain, policy, host and result (RFC 8460, 4): in memory first, and
 * from there now and then into rows.
 */
#ifndef SMAIL__QUEUE_TLS_RESULT_H
#define SMAIL__QUEUE_TLS_RESULT_H

#include <smtpmail/queue.h>

#include "dns/name.h"
#include "store/store.h"

/* Kinds of sessions that are counted apart before they are written down; what
 * is beyond counts as one of nobody's. */
#define SMAIL__TLS_TALLY_MAX 500

/* Rows of one day; likewise. */
#define SMAIL__TLS_RESULTS_MAX 20000

/* Days that are kept. */
#define SMAIL__TLS_RESULT_DAYS 35

/* RFC 8460, 4.3. Written by name. */
enum smail__tls_result {
    SMAIL__TLS_SUCCESSFUL,
    SMAIL__TLS_STARTTLS_NOT_SUPPORTED,
    SMAIL__TLS_CERTIFICATE_HOST_MISMATCH,
    SMAIL__TLS_CERTIFICATE_EXPIRED,
    SMAIL__TLS_CERTIFICATE_NOT_TRUSTED,
    SMAIL__TLS_VALIDATION_FAILURE,
    SMAIL__TLS_TLSA_INVALID,
    SMAIL__TLS_DNSSEC_INVALID,
    SMAIL__TLS_STS_POLICY_FETCH_ERROR,
    SMAIL__TLS_STS_POLICY_INVALID,
    SMAIL__TLS_STS_WEBPKI_INVALID
};

const char *smail__tls_result_name(enum smail__tls_result result);

struct smail__tls_count {
    int64_t day; /* since the epoch */
    smail_tls_policy policy;
    enum smail__tls_result result;
    uint64_t sessions;
    char domain[SMAIL__DNS_NAME_ROOM];
    char host[SMAIL__DNS_NAME_ROOM]; /* "": it came to none */
};

/* Zero it. */
struct smail__tls_tally {
    struct smail__tls_count *list;
    size_t count;
};

/* One session more; without memory it is not counted. */
void smail__tls_tally_add(struct smail__tls_tally *tally, int64_t now,
                          const char *domain, smail_tls_policy policy,
                          const char *host, enum smail__tls_result result);
void smail__tls_tally_dispose(struct smail__tls_tally *tally);

/* In a job: into the rows. */
int smail__tls_tally_write(smail_tx *tx, const struct smail__tls_tally *tally,
                           smail_error *err);

/* In a job: forget what is older than what is kept. */
int smail__tls_result_trim(smail_tx *tx, int64_t now, smail_error *err);

#endif
