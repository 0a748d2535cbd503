/* SPDX-License-Identifier: MIT */
/* account/identity_row.h - the rows of identities, as they stand. */
#ifndef SMAIL__ACCOUNT_IDENTITY_ROW_H
#define SMAIL__ACCOUNT_IDENTITY_ROW_H

#include <smtpmail/account.h>

#include "base/buf.h"
#include "store/store.h"

/* reply_to and bcc are JSON, as they came: lists of addresses or "". */
enum smail__identity_text {
    SMAIL__IDENTITY_NAME,
    SMAIL__IDENTITY_ADDRESS,
    SMAIL__IDENTITY_REPLY_TO,
    SMAIL__IDENTITY_BCC,
    SMAIL__IDENTITY_PLAIN_SIGNATURE,
    SMAIL__IDENTITY_HTML_SIGNATURE
};
#define SMAIL__IDENTITY_TEXTS 6

struct smail__identity {
    smail_id id;
    struct smail__buf texts[SMAIL__IDENTITY_TEXTS];
};

void smail__identity_init(struct smail__identity *identity);
void smail__identity_dispose(struct smail__identity *identity);

/* 1, or 0 when the account has no such identity. */
int smail__identity_load(struct smail__identity *out, struct smail__db *db,
                         smail_id account, smail_id id, smail_error *err);
/* The next behind `*id`: 1, or 0. */
int smail__identity_next(smail_id *id, struct smail__db *db, smail_id account,
                         smail_error *err);

/* Everybody has one: make the first of an account that has none. */
int smail__identity_ensure(smail_store *store, smail_id account,
                           smail_error *err);

/* A new one (id 0: it gets one), or all texts of one that is there. */
int smail__identity_save(struct smail__identity *identity, smail_store *store,
                         smail_id account, smail_error *err);
/* SMAIL_ENOTFOUND; SMAIL_ESTATE for the last one. */
int smail__identity_remove(smail_store *store, smail_id account, smail_id id,
                           smail_error *err);

#endif
