/* SPDX-License-Identifier: MIT */
/*
 * account/app_password_keys.h - app passwords as SCRAM sees them (RFC 5802,
 * 3).
 *
 * A client names its user and not which of his passwords it holds, and gets
 * one salt: so all of an account's have the same. It is derived from the name
 * and a secret of the store, so that a name nobody has gets a salt just as
 * well, always the same.
 */
#ifndef SMAIL__ACCOUNT_APP_PASSWORD_KEYS_H
#define SMAIL__ACCOUNT_APP_PASSWORD_KEYS_H

#include "account/app_password.h"
#include "crypto/scram.h"

struct smail__app_password_key {
    smail_id id;
    int64_t last_used;
};

struct smail__app_password_keys {
    smail_id account;                              /* 0: nobody */
    char address[SMAIL__APP_PASSWORD_ADDRESS_MAX]; /* as it is in the store */
    size_t count;
    /* At least one has salt and iterations, whatever the count. */
    struct smail__scram scram[SMAIL__APP_PASSWORDS_MAX];
    struct smail__app_password_key key[SMAIL__APP_PASSWORDS_MAX];
};

/* Those of `user` that are good for submission `now`. Nobody, a disabled account and one
   without any are no error: their count is 0. */
int smail__app_password_keys(struct smail__app_password_keys *out,
                             smail_store *store, smail_span user, int64_t now,
                             smail_error *err);

/* The `index`th was used. */
void smail__app_password_used(const struct smail__app_password_keys *keys,
                              size_t index, smail_store *store, int64_t now);

/* The salt for new passwords of the account with this address. */
int smail__app_password_salt(unsigned char out[SMAIL__SCRAM_SALT_LEN],
                             smail_store *store, smail_span address,
                             smail_error *err);

#endif
