/* SPDX-License-Identifier: MIT */
/* account/account_set.c - what may be changed of an account. */
#include <string.h>

#include <smtpmail/account.h>

#include "account/account_limit.h"
#include "account/account_rules.h"
#include "base/error.h"
#include "base/span.h"
#include "store/store.h"

/* One whose removal was cut short has no address any more. */
static const char sql_has[] = "SELECT 1 FROM address WHERE account = $1";

static const char sql_name[] = "UPDATE account SET name = $1 WHERE id = $2";
static const char sql_bytes[] =
    "UPDATE account SET quota_bytes = $1 WHERE id = $2";
static const char sql_emails[] =
    "UPDATE account SET quota_emails = $1 WHERE id = $2";
static const char sql_admin[] =
    "UPDATE account SET is_admin = $1 WHERE id = $2";

static const char sql_any_admin[] =
    "SELECT EXISTS (SELECT 1 FROM account WHERE is_admin = 1)";

struct job {
    smail_id account;
    const smail_account_changes *changes;
};

static int set_number(struct smail__db *db, const char *sql,
                      const struct job *job, int64_t value, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, value);
    smail__bind_int(row, 2, job->account);
    return smail__statement_run(row, err);
}

static int set_name(struct smail__db *db, const struct job *job,
                    smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_name, err);

    if (rc != 0)
        return rc;
    smail__bind_text(row, 1, smail__span(job->changes->name));
    smail__bind_int(row, 2, job->account);
    return smail__statement_run(row, err);
}

/* Somebody must get the mail of postmaster. */
static int check_admin(struct smail__db *db, smail_error *err)
{
    struct smail__statement *row;
    bool any;
    int rc = smail__db_prepare(&row, db, sql_any_admin, err);

    if (rc == 0)
        rc = smail__statement_step(row, err);
    if (rc < 0)
        return rc;
    any = smail__column_int(row, 0) != 0;
    smail__statement_reset(row);
    return any ? 0
               : smail__fail(err, SMAIL_ESTATE,
                             "this is the last admin: make another one first");
}

static int check_there(struct smail__db *db, smail_id account, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_has, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    rc = smail__statement_step(row, err);
    if (rc == 1)
        smail__statement_reset(row);
    if (rc == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    return rc < 0 ? rc : 0;
}

static int change(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    const struct job *job = arg;
    const smail_account_changes *changes = job->changes;
    int rc = check_there(db, job->account, err);

    if (rc == 0 && changes->name != NULL)
        rc = set_name(db, job, err);
    if (rc == 0 && changes->quota_bytes != NULL)
        rc =
            set_number(db, sql_bytes, job, (int64_t)*changes->quota_bytes, err);
    if (rc == 0 && changes->quota_emails != NULL)
        rc = set_number(db, sql_emails, job, (int64_t)*changes->quota_emails,
                        err);
    if (rc == 0 && changes->admin != NULL) {
        rc = set_number(db, sql_admin, job, *changes->admin, err);
        if (rc == 0 && !*changes->admin)
            rc = check_admin(db, err);
    }
    for (size_t i = 0; rc == 0 && i < changes->limit_count; i++)
        rc = smail__account_limit_put(tx, job->account, &changes->limits[i],
                                      err);
    return rc;
}

int smail_account_set(smail_store *store, smail_id account,
                      const smail_account_changes *changes, smail_error *err)
{
    smail_account_changes all = SMAIL_ACCOUNT_CHANGES_INIT;
    struct job job = { account, &all };
    int rc = 0;

    memcpy(&all, changes,
           changes->size < sizeof(all) ? changes->size : sizeof(all));
    if (all.name != NULL)
        rc = smail__account_check_name(all.name, err);
    if (rc == 0 && all.quota_bytes != NULL)
        rc = smail__account_check_quota(*all.quota_bytes, err);
    if (rc == 0 && all.quota_emails != NULL)
        rc = smail__account_check_quota(*all.quota_emails, err);
    for (size_t i = 0; rc == 0 && i < all.limit_count; i++)
        rc = smail__account_limit_check(&all.limits[i], err);
    return rc != 0 ? rc : smail__store_write(store, change, &job, err);
}
