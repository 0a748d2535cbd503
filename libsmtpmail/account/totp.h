/* SPDX-License-Identifier: MIT */
/*
 * account/totp.h - the second factor of an account (RFC 6238): a secret that
 * an app shares, and codes on paper for the day it is gone.
 *
 * While it is in force the account's password alone opens nothing; app
 * passwords still do, and sessions that exist stay: whoever turns it on is
 * logged in, and the list of sessions is where others are ended.
 *
 * Times are seconds since the epoch, and arguments. Guessing is not bounded
 * here: callers ask a limiter first, with SMAIL__TOTP_TRIES.
 */
#ifndef SMAIL__ACCOUNT_TOTP_H
#define SMAIL__ACCOUNT_TOTP_H

#include <smtpmail/store.h>

#include "account/totp_code.h"

/* Wrong codes at once, and seconds until one more is let in. */
#define SMAIL__TOTP_TRIES 5
#define SMAIL__TOTP_TRY_SECONDS 60

#define SMAIL__RECOVERY_CODES 10

/* 16 letters of 5 bits in groups of 4, and a NUL. */
#define SMAIL__RECOVERY_SIZE 20

struct smail__recovery_codes {
    char text[SMAIL__RECOVERY_CODES][SMAIL__RECOVERY_SIZE];
};

struct smail__totp_status {
    int64_t confirmed_at; /* 0: not in force */
    unsigned codes_left;
};

/* A new secret, not in force. SMAIL_ESTATE when one is in force. */
int smail__totp_begin(unsigned char secret[SMAIL__TOTP_SECRET_LEN],
                      smail_store *store, smail_id account, smail_error *err);

/* Put it in force, given a code that it makes; the recovery codes are shown
 * this once. SMAIL_EAUTH for a wrong code, SMAIL_ESTATE when nothing was
 * begun or it is in force. */
int smail__totp_confirm(struct smail__recovery_codes *out, smail_store *store,
                        smail_id account, smail_span code, int64_t now,
                        smail_error *err);

/* Take a code, or a recovery code, each once. SMAIL_EAUTH when it is neither
 * or no second factor is in force. */
int smail__totp_check(smail_store *store, smail_id account, smail_span code,
                      int64_t now, smail_error *err);

/* New recovery codes; the old ones end. SMAIL_ESTATE when not in force. */
int smail__totp_renew_codes(struct smail__recovery_codes *out,
                            smail_store *store, smail_id account,
                            smail_error *err);

/* Its secret and codes are forgotten. No error when there was none. */
int smail__totp_disable(smail_store *store, smail_id account, smail_error *err);

int smail__totp_status(struct smail__totp_status *out, smail_store *store,
                       smail_id account, smail_error *err);

#endif
