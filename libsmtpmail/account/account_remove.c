/* SPDX-License-Identifier: MIT */
/*
 * account/account_remove.c - an account goes in steps, for its mail may be
 * much: first nobody can write to it or log in, then its mail goes, a
 * little in each transaction, and last its row. Cut short, it is begun again
 * by the same call.
 */
#include <string.h>

#include <smtpmail/account.h>

#include "account/lookup.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "store/store.h"

/* Messages in one transaction. */
#define STEP 200

/* Aliases that lead to the account, directly and through others. */
#define DEAD_MAX ((size_t)1 << 20)

static const char sql_get[] = "SELECT address FROM account WHERE id = $1";

static const char sql_close[] =
    "UPDATE account SET is_admin = 0, is_disabled = 1, password = NULL,"
    " credential_version = credential_version + 1 WHERE id = $1";

/* Somebody must get the mail of postmaster. */
static const char sql_heir[] =
    "UPDATE account SET is_admin = 1 WHERE id ="
    " (SELECT min(account) FROM address)"
    " AND NOT EXISTS (SELECT 1 FROM account WHERE is_admin = 1)";

static const char sql_addresses[] = "DELETE FROM address WHERE account = $1";
static const char sql_sessions[] = "DELETE FROM session WHERE account = $1";
static const char sql_app[] = "DELETE FROM app_password WHERE account = $1";
static const char sql_totp[] = "DELETE FROM totp WHERE account = $1";
static const char sql_codes[] = "DELETE FROM recovery_code WHERE account = $1";
static const char sql_events[] = "DELETE FROM login_event WHERE account = $1";
static const char sql_identities[] = "DELETE FROM identity WHERE account = $1";
static const char sql_limits[] = "DELETE FROM account_limit WHERE account = $1";
static const char sql_sent[] = "DELETE FROM sent_count WHERE account = $1";
static const char sql_account[] = "DELETE FROM account WHERE id = $1";

static const char sql_leads_to[] =
    "SELECT a.domain, a.local, d.name FROM alias a"
    " JOIN domain d ON d.id = a.domain WHERE a.target = $1 LIMIT 1";

static const char sql_unlink[] =
    "DELETE FROM alias WHERE domain = $1 AND local = $2 AND target = $3";

struct job {
    smail_id account;
    bool is_done;
};

static int run_for(const char *sql, struct smail__db *db, smail_id account,
                   smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    return smail__statement_run(statement, err);
}

static int unlink_alias(struct smail__db *db, smail_id domain,
                        const char *local, smail_span target, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_unlink, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, domain);
    smail__bind_text(statement, 2, smail__span(local));
    smail__bind_text(statement, 3, target);
    return smail__statement_run(statement, err);
}

/*
 * Take out one alias that leads to `target`: 1, or 0 when there is none left.
 * An alias that leads nowhere any more is dead itself, and put into `dead`.
 */
static int unlink_one(struct smail__buf *dead, struct smail__db *db,
                      smail_span target, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__name name;
    char text[SMAIL__NAME_SIZE];
    smail_id domain;
    int rc = smail__db_prepare(&statement, db, sql_leads_to, err);

    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, target);
    rc = smail__statement_step(statement, err);
    if (rc != 1)
        return rc;
    domain = smail__column_int(statement, 0);
    smail__format(name.local, sizeof(name.local), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 1)));
    smail__format(name.domain, sizeof(name.domain), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 2)));
    smail__statement_reset(statement);

    rc = unlink_alias(db, domain, name.local, target, err);
    if (rc == 0)
        rc = smail__lookup_alias(db, domain, name.local, err);
    if (rc == SMAIL_ENOTFOUND) {
        smail__name_text(text, &name);
        rc = 0;
        if (!smail__name_is_admin(smail__span(name.local)))
            smail__buf_printf(dead, "%s\n", text);
    }
    return rc != 0 ? rc : 1;
}

static int unlink_aliases(struct smail__db *db, smail_span address,
                          smail_error *err)
{
    struct smail__buf dead;
    size_t at = 0;
    int rc = 0;

    smail__buf_init(&dead, DEAD_MAX, NULL);
    smail__buf_append(&dead, address);
    smail__buf_putc(&dead, '\n');
    while (rc == 0 && at < dead.len) {
        char text[SMAIL__NAME_SIZE];
        smail_span rest = smail__span_from(smail__buf_span(&dead), at);
        smail_span target = smail__span_cut(&rest, '\n');

        at += target.len + 1;
        smail__format(text, sizeof(text), "%.*s", SMAIL__SPAN_ARG(target));
        while ((rc = unlink_one(&dead, db, smail__span(text), err)) == 1)
            continue;
        if (rc == 0 && smail__buf_error(&dead) != 0)
            rc = smail__fail(err, smail__buf_error(&dead),
                             "too many aliases lead to the account");
    }
    smail__buf_dispose(&dead);
    return rc;
}

/* Nobody reaches it any more. */
static int close_account(smail_tx *tx, void *arg, smail_error *err)
{
    static const char *const steps[] = {
        sql_close, sql_addresses, sql_sessions,   sql_app,   sql_totp,
        sql_codes, sql_events,    sql_identities, sql_limits
    };
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    const struct job *job = arg;
    char address[SMAIL__NAME_SIZE];
    int rc = smail__db_prepare(&statement, db, sql_get, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->account);
    rc = smail__statement_step(statement, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    if (rc < 0)
        return rc;
    smail__format(address, sizeof(address), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 0)));
    smail__statement_reset(statement);

    rc = unlink_aliases(db, smail__span(address), err);
    for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
        rc = run_for(steps[i], db, job->account, err);
    if (rc == 0)
        rc = smail__db_prepare(&statement, db, sql_heir, err);
    return rc != 0 ? rc : smail__statement_run(statement, err);
}

/* The row goes with the last of the mail, so that none comes in between. */
static int purge(smail_tx *tx, void *arg, smail_error *err)
{
    struct job *job = arg;
    int rc = smail__tx_purge_account(tx, job->account, STEP, err);

    job->is_done = rc == 0;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    /* Whoever is still logged in sends, and is counted, until the end. */
    rc = run_for(sql_sent, smail__tx_db(tx), job->account, err);
    if (rc == 0)
        rc = run_for(sql_account, smail__tx_db(tx), job->account, err);
    if (rc == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    return rc;
}

int smail_account_remove(smail_store *store, smail_id account, smail_error *err)
{
    struct job job = { account, false };
    int rc = smail__store_write(store, close_account, &job, err);

    while (rc == 0 && !job.is_done)
        rc = smail__store_write(store, purge, &job, err);
    return rc;
}
