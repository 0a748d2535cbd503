/* SPDX-License-Identifier: MIT */
/*
 * account/totp_code.h - time-based one-time passwords (RFC 6238): codes and
 * how a secret is handed to an app. Nothing here touches the store.
 */
#ifndef SMAIL__ACCOUNT_TOTP_CODE_H
#define SMAIL__ACCOUNT_TOTP_CODE_H

#include <smtpmail/error.h>

#include "base/buf.h"

#define SMAIL__TOTP_SECONDS 30
#define SMAIL__TOTP_DIGITS 6
#define SMAIL__TOTP_SECRET_LEN 20

/* In base32 (RFC 4648, 6), and a NUL. */
#define SMAIL__TOTP_TEXT_SIZE 33

/* Steps that a clock may be off, either way. */
#define SMAIL__TOTP_WINDOW 1

/* The HOTP value of RFC 4226, 5.3, of `digits` digits, at most 8. */
uint32_t smail__hotp(smail_span secret, uint64_t counter, unsigned digits);

/*
 * The step within the window around `now` whose code this is and that comes
 * after `last_step`; 0: there is none. Each step is tried, whichever fits.
 * Spaces in a code are skipped.
 */
int64_t smail__totp_step(smail_span secret, smail_span code, int64_t now,
                         int64_t last_step);

void smail__totp_text(char out[SMAIL__TOTP_TEXT_SIZE],
                      const unsigned char secret[SMAIL__TOTP_SECRET_LEN]);

/* otpauth://totp/ISSUER:LABEL?secret=..., for an app that reads QR codes. */
void smail__totp_uri(struct smail__buf *out, smail_span issuer,
                     smail_span label,
                     const unsigned char secret[SMAIL__TOTP_SECRET_LEN]);

#endif
