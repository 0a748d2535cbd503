/* SPDX-License-Identifier: MIT */
/* smtp/client_envelope.h - writing MAIL and RCPT (RFC 5321, 4.1.1). */
#ifndef SMAIL__SMTP_CLIENT_ENVELOPE_H
#define SMAIL__SMTP_CLIENT_ENVELOPE_H

#include "smtp/address.h"
#include "smtp/client.h"

/*
 * What the caller has of these two, over zeroed defaults: its structs may be
 * older and smaller than ours.
 */
smail_smtp_mail smail__client_mail_of(const smail_smtp_envelope *envelope);
smail_smtp_rcpt smail__client_recipient(const smail_smtp_envelope *envelope,
                                        size_t index);

/* The grammar, with UTF-8 allowed. */
bool smail__client_is_path(const smail_path *path,
                           enum smail__address_kind kind);
bool smail__client_is_ascii(const smail_path *path);

/* RFC 8689, 4.2.1: REQUIRETLS counts only where nobody listens. */
bool smail__client_promises_tls(const smail_smtp_client *session);

/* Octets of a value once it is encoded, at its longest. */
size_t smail__client_xtext_len(smail_span text);
size_t smail__client_orcpt_len(bool utf8, smail_span address);

/*
 * Append MAIL and all RCPTs, each with its CRLF. The envelope has passed
 * smail__client_check(). Returns what MAIL says of the content.
 */
smail_smtp_body_type smail__client_put_envelope(
    struct smail__buf *out, const smail_smtp_client *session,
    const smail_smtp_envelope *envelope);

#endif
