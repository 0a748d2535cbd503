/* SPDX-License-Identifier: MIT */
/*
 * queue/queue.h - the queue as its workers see it. Knows no accounts, no
 * routes and no clock.
 *
 *                    insert()
 *                       |
 *     release        WAITING  <----- settle(PUT_OFF)
 *   HELD  ------->      |
 *     ^    hold         | claim(): a lease, with a token and an end
 *     +------------  leased ----> settle(): DELIVERED, FAILED
 *                       |
 *                       | the end passes without a word: a strike; the third
 *                       | holds it
 *                       v
 *                    WAITING
 *
 * Whoever claimed has the entries to itself until the lease ends, and settles
 * each with the token; when the lease was lost meanwhile the settling fails,
 * for somebody else may have it by now. queue_destination holds for each
 * destination when its next entry is due, so that neither a million entries
 * nor a destination that is down are looked at in vain.
 */
#ifndef SMAIL__QUEUE_QUEUE_H
#define SMAIL__QUEUE_QUEUE_H

#include <smtpmail/queue.h>

#include "base/buf.h"
#include "store/store.h"

/* Leases that may end without a word before an entry is held. */
#define SMAIL__QUEUE_STRIKES_MAX 3

/* Attempts of one recipient that are remembered; then the oldest go. */
#define SMAIL__QUEUE_HISTORY_MAX 100

/* Octets of a reply that are kept. */
#define SMAIL__QUEUE_REPLY_MAX 1000

enum smail__queue_kind {
    SMAIL__QUEUE_SUBMITTED = 0,
    SMAIL__QUEUE_FORWARDED = 1,
    SMAIL__QUEUE_NOTICE = 2 /* a DSN: nobody is told of what becomes of it */
};

enum smail__queue_flags {
    SMAIL__QUEUE_UTF8 = 1 << 0,       /* SMTPUTF8 */
    SMAIL__QUEUE_REQUIRETLS = 1 << 1, /* RFC 8689 */
    SMAIL__QUEUE_BY_TRACE = 1 << 2,   /* BY=...T */
    SMAIL__QUEUE_PRIORITY = 1 << 3    /* MT-PRIORITY was said */
};

/* Octets of a destination: a domain, and the name of a route before it. */
#define SMAIL__QUEUE_DESTINATION_MAX (SMAIL_DOMAIN_MAX + 80)

/* What MAIL said, and which bytes. */
struct smail__queue_message {
    smail_id id;            /* out */
    unsigned char name[16]; /* of the append; the blob's too, at first */
    uint64_t skip;          /* octets at the blob's front that are not sent */
    smail_span prefix;      /* goes in front of the rest */
    uint64_t size;          /* of all that is sent */
    enum smail__queue_kind kind;
    smail_id account, email, submission; /* 0: none */
    smail_span sender;                   /* "" is <> */
    smail_span envelope_id;
    smail_span message_id, subject;
    int body; /* smail_smtp_body_type */
    int ret;  /* smail_smtp_ret */
    unsigned flags;
    int priority;
    int by_mode; /* smail_smtp_by_mode */
    int64_t by_at;
    int64_t created_at;
    int64_t release_at; /* not before; 0: at once */
    int64_t warn_at;    /* tell the sender of a delay; 0: never */
    int64_t expires_at;
};

struct smail__queue_recipient {
    smail_id id;          /* counts from 1; insert() sets it */
    smail_span recipient; /* without angle brackets */
    smail_span destination;
    unsigned notify;               /* smail_smtp_notify bits; 0: not said */
    smail_span original_recipient; /* "rfc822;..." as it was given, or "" */
    /* Of a claimed one: */
    uint32_t attempts;
    int64_t warned_at;
};

/* Inside the job that stores the bytes, whose blob `name` is: their rows. */
int smail__queue_insert(smail_tx *tx, struct smail__queue_message *message,
                        struct smail__queue_recipient *recipients, size_t count,
                        smail_error *err);

/* --- Working on it ------------------------------------------------------- */

struct smail__queue_wish {
    int64_t now;
    int64_t until;          /* when the lease ends */
    int64_t token;          /* not 0; random, never used before; of the first
                         claim, counted up for the others */
    smail_span destination; /* "": whichever is due longest */
    const smail_span *busy; /* none of these; */
    size_t busy_count;      /* only when `destination` is "" */
    size_t max;             /* entries; what is suspect comes alone */
    size_t destinations;    /* claims at most, of one each; 0: one */
};

struct smail__queue_item {
    size_t message; /* index */
    int priority;   /* of that */
    struct smail__queue_recipient recipient;
};

/* Entries of one destination, those of one message in a row, the more urgent
 * ones first (RFC 6710). */
struct smail__queue_claim {
    struct smail__queue_claim *next; /* of another destination */
    int64_t token;
    smail_span destination;
    struct smail__queue_message *messages;
    size_t message_count;
    struct smail__queue_item *items;
    size_t count;
    bool is_more;           /* others are due there too */
    int64_t next_due;       /* when nothing was claimed: when it is worth it; 0:
                         nothing waits */
    struct smail__buf text; /* what the spans point into */
};

/* In a job. Each of `*out` is to be freed by claim_free(). When nothing is
 * due there is one, without a destination; one without entries had some that
 * were held instead. */
int smail__queue_claim(struct smail__queue_claim **out, smail_tx *tx,
                       const struct smail__queue_wish *wish, smail_error *err);
void smail__queue_claim_free(struct smail__queue_claim *claim);
void smail__queue_claims_free(struct smail__queue_claim *claims);

struct smail__queue_result {
    smail_id message, recipient;
    smail_queue_outcome outcome; /* 0: given back as it was, untried */
    int64_t next_attempt;        /* of PUT_OFF, and of what is given back */
    bool warned;                 /* its sender was told of the delay */
    int64_t started_at, ended_at;
    smail_span host, address, tls, phase, reply;
    bool is_lost; /* out: the lease was gone, and nothing done */
};

/* In a job: what came of entries of `destination`. */
int smail__queue_settle(smail_tx *tx, smail_span destination, int64_t token,
                        struct smail__queue_result *results, size_t count,
                        int64_t now, smail_error *err);

/* In a job: the leases under `token` last until then. The number of them. */
int smail__queue_renew(uint64_t *count, smail_tx *tx, int64_t token,
                       int64_t until, smail_error *err);

/*
 * In a job, by whoever is alone with the queue and has not begun: all leases
 * are void. `in_hand` (0: none) is the message on which a worker died.
 */
int smail__queue_recover(smail_tx *tx, smail_id in_hand, int64_t now,
                         smail_error *err);

/* Note in an entry's history what was done to it, in words. */
int smail__queue_note(smail_tx *tx, smail_id message, smail_id recipient,
                      int64_t now, smail_span text, smail_error *err);

/* --- For this folder ----------------------------------------------------- */

/* Entries were added to or taken from those that wait for `destination`; its
 * next_due is found anew unless `due` is not 0, which is the least new one. */
int smail__queue_recount(smail_tx *tx, smail_span destination, int64_t by,
                         int64_t due, smail_error *err);

/* `by` recipients of the message have come to an end; the last lets the bytes
 * go. */
int smail__queue_close(smail_tx *tx, smail_id message, int64_t by, int64_t now,
                       smail_error *err);

/* Append one row to an entry's history. */
int smail__queue_history_add(smail_tx *tx, uint32_t number,
                             const struct smail__queue_result *one,
                             smail_error *err);

#endif
