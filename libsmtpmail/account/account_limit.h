/* SPDX-License-Identifier: MIT */
/*
 * account/account_limit.h - limits of one account that differ from the
 * server's. They are named as the keys of [limits] are.
 */
#ifndef SMAIL__ACCOUNT_ACCOUNT_LIMIT_H
#define SMAIL__ACCOUNT_ACCOUNT_LIMIT_H

#include <smtpmail/account.h>

#include "store/store.h"

enum smail__account_limit {
    SMAIL__LIMIT_MESSAGES_PER_HOUR,
    SMAIL__LIMIT_RECIPIENTS_PER_HOUR,
    SMAIL__LIMIT_MESSAGES_PER_DAY,
    SMAIL__LIMIT_RECIPIENTS_PER_DAY
};
#define SMAIL__ACCOUNT_LIMITS 4

/* 0: the server's. */
struct smail__account_limits {
    uint32_t value[SMAIL__ACCOUNT_LIMITS];
};

/* All of one account; none of an account that is not there. */
int smail__account_limits_load(struct smail__account_limits *out,
                               struct smail__db *db, smail_id account,
                               smail_error *err);

/* The same, with a reader of its own. */
int smail__account_limits_read(struct smail__account_limits *out,
                               smail_store *store, smail_id account,
                               smail_error *err);

/* Its name and number make sense. SMAIL_EINVAL. */
int smail__account_limit_check(const smail_account_limit *limit,
                               smail_error *err);

/* Checked before. */
int smail__account_limit_put(smail_tx *tx, smail_id account,
                             const smail_account_limit *limit,
                             smail_error *err);

#endif
