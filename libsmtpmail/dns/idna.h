/* SPDX-License-Identifier: MIT */
/* dns/idna.h - domains as people write them, for the DNS (RFC 5891). */
#ifndef SMAIL__DNS_IDNA_H
#define SMAIL__DNS_IDNA_H

#include <smtpmail/address.h>
#include <smtpmail/error.h>

/* Lower case, every label an A-label or plain ASCII. SMAIL_EMALFORMED: it is
 * no domain; SMAIL_ENOMEM. */
int smail__idna_to_ascii(char out[SMAIL_DOMAIN_MAX + 1], smail_span domain);

#endif
