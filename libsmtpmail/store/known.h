/* SPDX-License-Identifier: MIT */
/*
 * store/known.h - whether an account has the very bytes of a message already.
 * Imports ask; deliveries neither ask nor pay for it.
 */
#ifndef SMAIL__STORE_KNOWN_H
#define SMAIL__STORE_KNOWN_H

#include "store/append.h"

/* Note what came to the account since the last time, in steps. `more` may be
 * NULL; when it returns false, the rest is left for the next time. */
int smail__known_catch_up(smail_store *store, smail_id account,
                          bool (*more)(void *user), void *user,
                          smail_error *err);

/* The hash of what was appended, which nothing can be appended to then. */
int smail__append_digest(const unsigned char **out, struct smail_append *append,
                         smail_error *err);

/* The message of `account` with these bytes; SMAIL_ENOTFOUND. */
int smail__known_find(smail_id *out, smail_store *store, smail_id account,
                      const unsigned char sha256[SMAIL__SHA256_LEN],
                      smail_error *err);

/* What the bytes of a message hashed to when they came. SMAIL_ENOTFOUND. */
int smail__email_digest(unsigned char out[SMAIL__SHA256_LEN],
                        smail_store *store, smail_id account, smail_id email,
                        smail_error *err);

/*
 * Have the commit fail with SMAIL_EEXISTS, and fill `known`, when the account
 * of its first target has these bytes by then; and note them when it has not.
 * `refuse` false only notes. `known` must stay until the commit is done.
 */
struct smail__known {
    bool refuse;
    smail_id account;
    smail_id email;
};
void smail__append_known(struct smail_append *append,
                         struct smail__known *known);

#endif
