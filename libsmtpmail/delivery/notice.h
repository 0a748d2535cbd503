/* SPDX-License-Identifier: MIT */
/*
 * delivery/notice.h - a delivery status notification, from what came of a
 * message to the mailbox of its sender (RFC 3461, 6; RFC 3464; RFC 6533).
 */
#ifndef SMAIL__DELIVERY_NOTICE_H
#define SMAIL__DELIVERY_NOTICE_H

#include "delivery/sender.h"

/*
 * Write the notice of `settlement`, to whoever sent the message: into their
 * inbox if they are here, else into the queue, from <>; in one transaction
 * with smail__settle(), which `done` speaks of. As smail__settle_later().
 */
int smail__notice_later(smail_store *store,
                        const struct smail__settlement *settlement,
                        const char *hostname,
                        void (*done)(const smail_error *error, void *arg),
                        void *arg, smail_error *err);

/* The same of what is settled already: `done` speaks of the notice. */
int smail__notice_after(smail_store *store,
                        const struct smail__settlement *settlement,
                        const char *hostname,
                        void (*done)(const smail_error *error, void *arg),
                        void *arg, smail_error *err);

/* What the notice is made of. */
struct smail__notice {
    const struct smail__settlement *settlement;
    const char *hostname;   /* Reporting-MTA */
    const char *to;         /* who is told; NULL: the sender */
    const char *message_id; /* of the notice, without angle brackets */
    const char *boundary;
    smail_span header; /* of the message that it is about */
    smail_span body;   /* and its rest; returned if `whole` */
    bool whole;
};

/* The text of it, CRLF line ends. No I/O, no clock, no randomness. */
int smail__notice_write(struct smail__buf *out,
                        const struct smail__notice *notice, smail_error *err);

/* In plain words: what a status code means, and what one can do. */
void smail__notice_explain(const char **what, const char **advice,
                           smail_span status);

#endif
