/* SPDX-License-Identifier: MIT */
/**
 * @file login.h
 * Who logged in to an account, or tried to: for its owner, who sees there what
 * was somebody else.
 *
 * The programs write it at the page, for HTTP Basic and for submission. What
 * is the same (service, method, peer, outcome) is written once an hour, so
 * that a program that logs in for each message does not push out the rest.
 * Addresses that are no account leave no trace here.
 */
#ifndef SMTPMAIL_LOGIN_H
#define SMTPMAIL_LOGIN_H

#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

/** Of one account, of those who got in and as many of those who only tried;
    the oldest give way. */
#define SMAIL_LOGINS_MAX 100

typedef enum smail_login_outcome {
    SMAIL_LOGIN_OK = 0,
    SMAIL_LOGIN_WRONG = 1,      /**< The password, or whatever proof. */
    SMAIL_LOGIN_WRONG_CODE = 2, /**< The password was right, the code not. */
    SMAIL_LOGIN_DISABLED = 3    /**< All was right; the account is disabled. */
} smail_login_outcome;

/** "ok", "wrong", "code" or "disabled". */
SMAIL_API const char *smail_login_outcome_name(smail_login_outcome outcome);

typedef struct smail_login {
    size_t size;
    int64_t at;          /**< Seconds since the epoch. */
    const char *service; /**< "page", "http" or "submission". */
    const char *method;  /**< "password", "password and code", "app password",
                            or the name of a SASL mechanism. */
    const char *peer;    /**< The address it came from. */
    smail_login_outcome outcome;
} smail_login;

#define SMAIL_LOGIN_INIT    \
    {                       \
        sizeof(smail_login) \
    }

/** Note one. It is written a moment later, and nobody waits for it; that it
    cannot be is no reason to turn somebody away, and nothing is said. */
SMAIL_API void smail_login_note(smail_store *store, smail_id account,
                                const smail_login *login);

/** The newest first, `limit` at most, 0: all. A value other than 0 from `each`
    ends it and is returned. */
SMAIL_API int smail_login_list(smail_store *store, smail_id account,
                               uint64_t limit,
                               int (*each)(const smail_login *login,
                                           void *user),
                               void *user, smail_error *err);

SMAIL_END_DECLS

#endif
