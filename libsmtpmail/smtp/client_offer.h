/* SPDX-License-Identifier: MIT */
/* smtp/client_offer.h - reading the reply to EHLO (RFC 5321, 4.1.1.1). */
#ifndef SMAIL__SMTP_CLIENT_OFFER_H
#define SMAIL__SMTP_CLIENT_OFFER_H

#include <smtpmail/smtp_client.h>

#include "base/buf.h"

struct smail__client_offer {
    smail_smtp_offer is; /* its spans point into what follows */
    struct smail__buf mechanisms;
    struct smail__buf xclient;
    struct smail__buf profile;
};

void smail__client_offer_init(struct smail__client_offer *offer,
                              const smail_mem *mem);
void smail__client_offer_dispose(struct smail__client_offer *offer);

/* Nothing is offered, as after HELO. */
void smail__client_offer_clear(struct smail__client_offer *offer);

/*
 * Learn from the text of a 250 to EHLO, its first line included. 0 or
 * SMAIL_ENOMEM. What is not known, or makes no sense, is passed over: the
 * extension then counts as offered without parameters.
 */
int smail__client_offer_read(struct smail__client_offer *offer,
                             smail_span text);

#endif
