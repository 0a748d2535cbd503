/* SPDX-License-Identifier: MIT */
/* account/account_limit.c - see account/account_limit.h. */
#include "account/account_limit.h"

#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"

static const char *const names[SMAIL__ACCOUNT_LIMITS] = {
    [SMAIL__LIMIT_MESSAGES_PER_HOUR] = "messages-per-hour",
    [SMAIL__LIMIT_RECIPIENTS_PER_HOUR] = "recipients-per-hour",
    [SMAIL__LIMIT_MESSAGES_PER_DAY] = "messages-per-day",
    [SMAIL__LIMIT_RECIPIENTS_PER_DAY] = "recipients-per-day",
};

static const char sql_list[] =
    "SELECT name, value FROM account_limit WHERE account = $1 ORDER BY name";

static const char sql_put[] =
    "INSERT INTO account_limit (account, name, value) VALUES ($1, $2, $3)"
    " ON CONFLICT (account, name) DO UPDATE SET value = excluded.value";

static const char sql_remove[] =
    "DELETE FROM account_limit WHERE account = $1 AND name = $2";

/* -1: it is none of ours. */
static int index_of(smail_span name)
{
    for (int i = 0; i < SMAIL__ACCOUNT_LIMITS; i++)
        if (smail__span_is(name, names[i]))
            return i;
    return -1;
}

int smail__account_limits_load(struct smail__account_limits *out,
                               struct smail__db *db, smail_id account,
                               smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_list, err);

    *out = (struct smail__account_limits){ .value = { 0 } };
    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    while ((rc = smail__statement_step(row, err)) == 1) {
        int index = index_of(smail__column_span(row, 0));
        int64_t value = smail__column_int(row, 1);

        /* One of a newer version is not ours to heed. */
        if (index >= 0 && value > 0 && value <= SMAIL_ACCOUNT_LIMIT_MAX)
            out->value[index] = (uint32_t)value;
    }
    smail__statement_reset(row);
    return rc;
}

int smail__account_limits_read(struct smail__account_limits *out,
                               smail_store *store, smail_id account,
                               smail_error *err)
{
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__account_limits_load(out, db, account, err);
    smail__store_end_read(store, db);
    return rc;
}

int smail__account_limit_check(const smail_account_limit *limit,
                               smail_error *err)
{
    if (index_of(smail__span(limit->name)) < 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "there is no limit '%s' of an account: there are "
                           "%s, %s, %s and %s",
                           limit->name == NULL ? "" : limit->name, names[0],
                           names[1], names[2], names[3]);
    if (limit->value != NULL &&
        (*limit->value == 0 || *limit->value > SMAIL_ACCOUNT_LIMIT_MAX))
        return smail__fail(err, SMAIL_EINVAL, "%s is 1 to %d", limit->name,
                           SMAIL_ACCOUNT_LIMIT_MAX);
    return 0;
}

int smail__account_limit_put(smail_tx *tx, smail_id account,
                             const smail_account_limit *limit, smail_error *err)
{
    struct smail__statement *row;
    int rc =
        smail__db_prepare(&row, smail__tx_db(tx),
                          limit->value != NULL ? sql_put : sql_remove, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    smail__bind_text(row, 2, smail__span(limit->name));
    if (limit->value != NULL)
        smail__bind_int(row, 3, (int64_t)*limit->value);
    return smail__statement_run(row, err);
}

int smail_account_limit_set(smail_store *store, smail_id account,
                            const smail_account_limit *limit, smail_error *err)
{
    smail_account_changes changes = SMAIL_ACCOUNT_CHANGES_INIT;

    changes.limits = limit;
    changes.limit_count = 1;
    return smail_account_set(store, account, &changes, err);
}

int smail_account_limit_get(uint64_t *out, smail_store *store, smail_id account,
                            const char *name, smail_error *err)
{
    smail_account_limit limit = { .name = name };
    struct smail__account_limits all;
    int rc = smail__account_limit_check(&limit, err);

    if (rc == 0)
        rc = smail__account_limits_read(&all, store, account, err);
    if (rc != 0)
        return rc;
    *out = all.value[index_of(smail__span(name))];
    if (*out == 0)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "the account has no %s of its own", name);
    return 0;
}

int smail_account_limit_list(smail_store *store, smail_id account,
                             int (*each)(const smail_account_limit *limit,
                                         void *user),
                             void *user, smail_error *err)
{
    struct smail__account_limits all;
    int rc = smail__account_limits_read(&all, store, account, err);

    for (int i = 0; rc == 0 && i < SMAIL__ACCOUNT_LIMITS; i++) {
        uint64_t value = all.value[i];
        smail_account_limit limit = { names[i], &value };

        if (value != 0)
            rc = each(&limit, user);
    }
    return rc;
}
