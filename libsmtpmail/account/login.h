/* SPDX-License-Identifier: MIT */
/*
 * account/login.h - the password of an account's owner, and no app password:
 * for what programs may not do, as a log-in at a browser.
 */
#ifndef SMAIL__ACCOUNT_LOGIN_H
#define SMAIL__ACCOUNT_LOGIN_H

#include <smtpmail/account.h>

/* The first of two steps: whether a code is wanted, too, which the caller is
 * to ask for (smail_totp_check()) before anybody is let in. */
int smail__login_first(smail_id *out, bool *wants_code, smail_store *store,
                       smail_span user, smail_span password, smail_error *err);

/* As smail_account_login(). SMAIL_EAUTH as well while a second factor is in
 * force. */
int smail__login_owner(smail_id *out, smail_store *store, smail_span user,
                       smail_span password, smail_error *err);

#endif
