/* SPDX-License-Identifier: MIT */
/**
 * @file totp.h
 * The second factor of an account: time-based one-time passwords (RFC 6238),
 * and codes on paper for the day the app is gone.
 *
 *     smail_totp_begin()     a secret, for an app to keep
 *     smail_totp_confirm()   a code that it makes: it is in force
 *     smail_totp_check()     a code, at each log-in at the page
 *
 * While it is in force the account's password alone opens nothing, neither
 * here (smail_account_login()) nor in the programs; app passwords still do,
 * for there is nobody to type a code into a program. Sessions that exist stay.
 *
 * Times are seconds since the epoch.
 */
#ifndef SMTPMAIL_TOTP_H
#define SMTPMAIL_TOTP_H

#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

#define SMAIL_TOTP_CODES 10

/** Wrong codes in a row, and seconds until one more is looked at. */
#define SMAIL_TOTP_TRIES 5
#define SMAIL_TOTP_TRY_SECONDS 60

/** What an app needs. Wipe it when it has been shown. */
typedef struct smail_totp_secret {
    char text[33]; /**< The secret in base32, for fingers. */
    char uri[800]; /**< "otpauth://totp/...", for a QR code. */
} smail_totp_secret;

/** Recovery codes, each good once in place of a code. Kept as digests: they
    can be shown this once. */
typedef struct smail_totp_codes {
    char text[SMAIL_TOTP_CODES][20];
} smail_totp_codes;

typedef struct smail_totp_status {
    int64_t confirmed_at; /**< 0: not in force. */
    unsigned codes_left;  /**< Recovery codes that were not used. */
} smail_totp_status;

/** A new secret, which is not in force before it is confirmed. `issuer` is who
    an app says it is for; NULL: the domain of the address. SMAIL_ESTATE when
    one is in force. */
SMAIL_API int smail_totp_begin(smail_totp_secret *out, smail_store *store,
                               smail_id account, const char *issuer,
                               smail_error *err);

/** Put it in force, given a code that it makes. SMAIL_EAUTH for a wrong one,
    SMAIL_EBUSY after too many of them, SMAIL_ESTATE when nothing was begun or
    it is in force. */
SMAIL_API int smail_totp_confirm(smail_totp_codes *out, smail_store *store,
                                 smail_id account, smail_span code, int64_t now,
                                 smail_error *err);

/** Take a code, or a recovery code, each once; the clock of the app may be off
    by 30 seconds. SMAIL_EAUTH when it is neither or nothing is in force,
    SMAIL_EBUSY after too many wrong ones: then no code is looked at, and `err`
    says for how long. */
SMAIL_API int smail_totp_check(smail_store *store, smail_id account,
                               smail_span code, int64_t now, smail_error *err);

/** New recovery codes; the old ones end. SMAIL_ESTATE when not in force. */
SMAIL_API int smail_totp_renew_codes(smail_totp_codes *out, smail_store *store,
                                     smail_id account, smail_error *err);

/** Secret and codes are forgotten. No error when there was none. */
SMAIL_API int smail_totp_disable(smail_store *store, smail_id account,
                                 smail_error *err);

SMAIL_API int smail_totp_get(smail_totp_status *out, smail_store *store,
                             smail_id account, smail_error *err);

SMAIL_END_DECLS

#endif
