/* SPDX-License-Identifier: MIT */
/*
 * account/login.h - the password of an account's owner, and no app password:
 * for what programs may not do, as a log-in at a browser.
 */
#ifndef SMAIL__ACCOUNT_LOGIN_H
#define SMAIL__ACCOUNT_LOGIN_H

#include <smtpmail/account.h>

/* As smail_account_login(). SMAIL_EAUTH as well while a second factor is in
 * force. */
int smail__login_owner(smail_id *out, smail_store *store, smail_span user,
                       smail_span password, smail_error *err);

#endif
