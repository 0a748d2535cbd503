/* SPDX-License-Identifier: MIT */
/*
 * delivery/submit.h - a message of one's own, sent: what a draft lacks is
 * added, Bcc taken out, everybody it is for gets it, and the record of it is
 * written, all in one transaction.
 *
 * Who is elsewhere gets it by way of the queue, as does everybody if it is to be
 * sent later. One recipient that cannot be refuses the whole submission, so
 * that nobody believes to have written to somebody.
 */
#ifndef SMAIL__DELIVERY_SUBMIT_H
#define SMAIL__DELIVERY_SUBMIT_H

#include "account/sent.h"
#include "delivery/route.h"
#include "delivery/submission.h"

/* Recipients of one message, and what these stand for, at most. */
#define SMAIL__SUBMIT_RECIPIENTS_MAX 1000

/* Why it was refused; the names are those of RFC 8621, 7.5. */
enum smail__submit_fault {
    SMAIL__SUBMIT_FINE,
    SMAIL__SUBMIT_NO_EMAIL,      /* there is no such message */
    SMAIL__SUBMIT_INVALID_EMAIL, /* no From, or no header that makes sense */
    SMAIL__SUBMIT_TOO_LARGE,
    SMAIL__SUBMIT_TOO_MANY_RECIPIENTS,
    SMAIL__SUBMIT_NO_RECIPIENTS,
    SMAIL__SUBMIT_INVALID_RECIPIENTS, /* named in `refused` */
    SMAIL__SUBMIT_FORBIDDEN_MAIL_FROM,
    SMAIL__SUBMIT_FORBIDDEN_FROM,
    SMAIL__SUBMIT_RATE_LIMIT /* of RFC 8620, 5.3: later it may be sent */
};

struct smail__submit {
    smail_id account;
    smail_id email; /* what is sent; it stays where it is */
    smail_id identity;

    /* The envelope. Without recipients and sender it is made of the header
     * (RFC 8621, 7). */
    bool has_envelope;
    smail_span sender; /* address, or empty for <> */
    const smail_span *recipients;
    size_t recipient_count;

    uint64_t size_max; /* 0: none */

    /* The account's day; NULL: it is not counted. */
    const struct smail__sent_caps *caps;

    /* By which way to other hosts; NULL: only to addresses here. */
    const struct smail__routes *routes;
    int64_t release_at;                    /* not before; 0: at once */
    uint32_t warn_seconds, expire_seconds; /* 0: the defaults of outgoing.h */

    /* Goes into the same transaction: the message becomes the Sent copy. May
     * be NULL. */
    int (*also)(smail_tx *tx, void *arg, smail_error *err);
    void *also_arg;

    /* Filled in. */
    enum smail__submit_fault fault; /* when it returns SMAIL_EINVAL */
    struct smail__buf refused;      /* addresses, parted by newlines */
    struct smail__submission made;  /* when it returns 0 */
    size_t recipient_total;         /* how many it went to */
    uint32_t recipients_max;        /* with TOO_MANY_RECIPIENTS */
};

void smail__submit_prepare(struct smail__submit *submit);
void smail__submit_dispose(struct smail__submit *submit);

/* 0 when everybody has it, on disk. SMAIL_EINVAL: `fault` says why nobody
 * has, and `err` says it in words for a person. */
int smail__submit_send(struct smail__submit *submit, smail_store *store,
                       smail_error *err);

#endif
