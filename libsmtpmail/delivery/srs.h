/* SPDX-License-Identifier: MIT */
/*
 * delivery/srs.h - the Sender Rewriting Scheme: a forwarded message leaves
 * with a sender of ours, so that the next host's look at SPF (RFC 7208) finds
 * us, and a bounce to it finds its way back. No I/O, no clock.
 *
 *    bob@example.org          SRS0=HASH=TT=example.org=bob@ours
 *    SRS0=x@other             SRS1=HASH=other==x@ours
 */
#ifndef SMAIL__DELIVERY_SRS_H
#define SMAIL__DELIVERY_SRS_H

#include <smtpmail/address.h>
#include <smtpmail/error.h>

#define SMAIL__SRS_SECRET_LEN 32

/* How long a bounce may take. */
#define SMAIL__SRS_DAYS 21

/* Room for an address and a NUL. */
#define SMAIL__SRS_ROOM (SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2)

/* SMAIL_ELIMIT: it does not fit into a local part, send it as it is. <> stays
 * "". */
int smail__srs_forward(char out[SMAIL__SRS_ROOM], const smail_path *sender,
                       smail_span our_domain,
                       const unsigned char secret[SMAIL__SRS_SECRET_LEN],
                       int64_t now);

bool smail__srs_is_ours(smail_span local);

/* Where a bounce to such a local part has to go. SMAIL_EAUTH: it is none that
 * we made, or too old. */
int smail__srs_reverse(char out[SMAIL__SRS_ROOM], smail_span local,
                       const unsigned char secret[SMAIL__SRS_SECRET_LEN],
                       int64_t now);

#endif
