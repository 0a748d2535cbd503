/* SPDX-License-Identifier: MIT */
/*
 * account/remember.h - passwords that were right a moment ago.
 *
 * A program with HTTP Basic sends its password with every request, and
 * checking one takes tens of milliseconds on purpose. So for a few minutes
 * what was verified is remembered: not the password but its HMAC under a key
 * that never leaves the process. Each hit looks up the account again, so a
 * changed password or a disabled account counts at once.
 *
 * May be used from any thread.
 */
#ifndef SMAIL__ACCOUNT_REMEMBER_H
#define SMAIL__ACCOUNT_REMEMBER_H

#include "store/store.h"

#define SMAIL__REMEMBER_SECONDS 300

struct smail__remember;

/* `store` is kept and must outlive it. */
int smail__remember_new(struct smail__remember **out, smail_store *store,
                        smail_error *err);
void smail__remember_free(struct smail__remember *remember);

/* 0 and the account when user and password are known to be right;
 * SMAIL_ENOTFOUND when they are not known. */
int smail__remember_find(smail_id *account, struct smail__remember *remember,
                         smail_span user, smail_span password, int64_t now,
                         smail_error *err);

/*
 * The credential's version is to be asked before the password is verified,
 * and handed in after, so that a change in between is not missed.
 * SMAIL_ENOTFOUND for an account that is gone, SMAIL_EAUTH for a disabled one.
 */
int smail__credential_version(int64_t *out, smail_store *store,
                              smail_id account, smail_error *err);
void smail__remember_add(struct smail__remember *remember, smail_span user,
                         smail_span password, smail_id account, int64_t version,
                         int64_t now);

#endif
