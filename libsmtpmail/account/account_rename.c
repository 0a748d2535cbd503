/* SPDX-License-Identifier: MIT */
/* account/account_rename.c - another first address for an account. */
#include <string.h>

#include <smtpmail/account.h>

#include "account/account_rules.h"
#include "base/error.h"
#include "base/span.h"
#include "store/change.h"
#include "store/store.h"

/* Its address, unless its removal was cut short. */
static const char sql_get[] = "SELECT a.domain, a.local, d.name FROM address a"
                              " JOIN domain d ON d.id = a.domain"
                              " WHERE a.account = $1 AND a.is_primary = 1";

static const char sql_set[] = "UPDATE account SET address = $1 WHERE id = $2";

static const char sql_set_address[] =
    "UPDATE address SET domain = $1, local = $2"
    " WHERE account = $3 AND is_primary = 1";

static const char sql_leads_elsewhere[] =
    "SELECT 1 FROM alias WHERE domain = $1 AND local = $2 AND target <> $3";

static const char sql_take_alias[] =
    "DELETE FROM alias WHERE domain = $1 AND local = $2 AND target = $3";

static const char sql_add_alias[] =
    "INSERT INTO alias (domain, local, target) VALUES ($1, $2, $3)";

/* What leads to both already is not to do so twice. */
static const char sql_drop_twins[] =
    "DELETE FROM alias WHERE target = $1 AND EXISTS"
    " (SELECT 1 FROM alias b WHERE b.domain = alias.domain"
    " AND b.local = alias.local AND b.target = $2)";

static const char sql_lead_on[] =
    "UPDATE alias SET target = $1 WHERE target = $2";

static const char sql_identity[] =
    "SELECT id FROM identity WHERE account = $1 AND lower(address) = $2"
    " LIMIT 1";

static const char sql_set_identity[] =
    "UPDATE identity SET address = $1 WHERE account = $2 AND id = $3";

struct job {
    smail_id account;
    bool drop_old;
    struct smail__name name, old_name;
    char text[SMAIL__NAME_SIZE], old_text[SMAIL__NAME_SIZE];
    smail_id domain, old_domain;
};

static int read_old(struct job *job, struct smail__db *db, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_get, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, job->account);
    rc = smail__statement_step(row, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    if (rc < 0)
        return rc;
    job->old_domain = smail__column_int(row, 0);
    smail__format(job->old_name.local, sizeof(job->old_name.local), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 1)));
    smail__format(job->old_name.domain, sizeof(job->old_name.domain), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 2)));
    smail__statement_reset(row);
    smail__name_text(job->old_text, &job->old_name);
    return 0;
}

static int prepare_alias(struct smail__statement **out, struct smail__db *db,
                         const char *sql, smail_id domain, const char *local,
                         const char *target, smail_error *err)
{
    int rc = smail__db_prepare(out, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(*out, 1, domain);
    smail__bind_text(*out, 2, smail__span(local));
    smail__bind_text(*out, 3, smail__span(target));
    return 0;
}

/* An alias of this account alone makes way: else nobody could be renamed
 * back. */
static int take_own_alias(struct job *job, struct smail__db *db,
                          smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__lookup_domain(&job->domain, db, job->name.domain, err);

    if (rc != 0)
        return rc == SMAIL_ENOTFOUND ? 0 : rc; /* the next check says so */
    rc = prepare_alias(&row, db, sql_leads_elsewhere, job->domain,
                       job->name.local, job->old_text, err);
    if (rc == 0)
        rc = smail__statement_step(row, err);
    if (rc != 0) {
        if (rc > 0)
            smail__statement_reset(row);
        return rc < 0 ? rc : 0;
    }
    rc = prepare_alias(&row, db, sql_take_alias, job->domain, job->name.local,
                       job->old_text, err);
    return rc != 0 ? rc : smail__statement_run(row, err);
}

static int set_address(const struct job *job, struct smail__db *db,
                       smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_set, err);

    if (rc != 0)
        return rc;
    smail__bind_text(row, 1, smail__span(job->text));
    smail__bind_int(row, 2, job->account);
    rc = smail__statement_run(row, err);
    if (rc == 0)
        rc = smail__db_prepare(&row, db, sql_set_address, err);
    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, job->domain);
    smail__bind_text(row, 2, smail__span(job->name.local));
    smail__bind_int(row, 3, job->account);
    return smail__statement_run(row, err);
}

static int run_pair(struct smail__db *db, const char *sql, const char *first,
                    const char *second, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_text(row, 1, smail__span(first));
    smail__bind_text(row, 2, smail__span(second));
    return smail__statement_run(row, err);
}

static int lead_on(const struct job *job, struct smail__db *db,
                   smail_error *err)
{
    struct smail__statement *row;
    int rc = run_pair(db, sql_drop_twins, job->old_text, job->text, err);

    if (rc == 0)
        rc = run_pair(db, sql_lead_on, job->text, job->old_text, err);
    if (rc != 0 || job->drop_old)
        return rc;
    rc = prepare_alias(&row, db, sql_add_alias, job->old_domain,
                       job->old_name.local, job->text, err);
    return rc != 0 ? rc : smail__statement_run(row, err);
}

/* 1 when there was one. */
static int move_identity(const struct job *job, smail_tx *tx, smail_error *err)
{
    struct smail__statement *row;
    smail_id id;
    int rc = smail__db_prepare(&row, smail__tx_db(tx), sql_identity, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, job->account);
    smail__bind_text(row, 2, smail__span(job->old_text));
    rc = smail__statement_step(row, err);
    if (rc <= 0)
        return rc;
    id = smail__column_int(row, 0);
    smail__statement_reset(row);

    rc = smail__db_prepare(&row, smail__tx_db(tx), sql_set_identity, err);
    if (rc != 0)
        return rc;
    smail__bind_text(row, 1, smail__span(job->text));
    smail__bind_int(row, 2, job->account);
    smail__bind_int(row, 3, id);
    rc = smail__statement_run(row, err);
    if (rc == 0)
        rc = smail__tx_change_rare(tx, job->account, SMAIL__OBJECT_IDENTITY, id,
                                   SMAIL__OP_UPDATED, err);
    return rc != 0 ? rc : 1;
}

static int rename_account(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct job *job = arg;
    int rc = read_old(job, db, err);

    if (rc == 0)
        rc = take_own_alias(job, db, err);
    if (rc == 0)
        rc = smail__account_check_free(&job->domain, db, &job->name, job->text,
                                       err);
    if (rc == 0)
        rc = set_address(job, db, err);
    if (rc == 0)
        rc = lead_on(job, db, err);
    if (rc != 0 || !job->drop_old)
        return rc;
    while ((rc = move_identity(job, tx, err)) == 1)
        continue;
    return rc;
}

int smail_account_rename(smail_store *store, smail_id account,
                         const char *address, bool drop_old, smail_error *err)
{
    struct job job = { .account = account, .drop_old = drop_old };
    int rc = smail__account_check_address(&job.name, job.text, address, err);

    return rc != 0 ? rc : smail__store_write(store, rename_account, &job, err);
}
