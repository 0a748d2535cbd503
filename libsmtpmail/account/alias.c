/* SPDX-License-Identifier: MIT */
/* account/alias.c - addresses that lead to others. */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "account/lookup.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/store.h"

#define PAGE 64

static const char sql_add[] =
    "INSERT INTO alias (domain, local, target) VALUES ($1, $2, $3)";

static const char sql_has[] =
    "SELECT 1 FROM alias WHERE domain = $1 AND local = $2"
    " AND lower(target) = lower($3)";

static const char sql_remove[] =
    "DELETE FROM alias WHERE domain = $1 AND local = $2"
    " AND lower(target) = lower($3)";

static const char sql_remove_all[] =
    "DELETE FROM alias WHERE domain = $1 AND local = $2";

static const char sql_leads_here[] =
    "SELECT d.name, a.local FROM alias a JOIN domain d ON d.id = a.domain"
    " WHERE a.target = $1 LIMIT 1";

static const char sql_list[] =
    "SELECT d.name, a.local, a.target"
    " FROM domain d JOIN alias a ON a.domain = d.id"
    " WHERE (d.name, a.local, a.target) > ($1, $2, $3)"
    " ORDER BY d.name, a.local, a.target LIMIT $4";

struct job {
    struct smail__name alias, target;
    bool has_target;
    char alias_text[SMAIL__NAME_SIZE], target_text[SMAIL__NAME_SIZE];
    const char *target_said; /* as it was given */
    smail_id domain;
};

static int parse(struct job *job, const char *alias, const char *target,
                 smail_error *err)
{
    int rc = smail__name_parse(&job->alias, alias, true, err);

    job->has_target = target != NULL;
    job->target_said = target;
    if (rc == 0 && target != NULL)
        rc = smail__name_parse(&job->target, target, false, err);
    if (rc != 0)
        return rc;
    smail__name_text(job->alias_text, &job->alias);
    if (target != NULL)
        smail__name_text(job->target_text, &job->target);
    return 0;
}

static int find_domain(struct job *job, struct smail__db *db, smail_error *err)
{
    int rc = smail__lookup_domain(&job->domain, db, job->alias.domain, err);

    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "there is no domain %s here",
                           job->alias.domain);
    return rc;
}

/* --- Adding -------------------------------------------------------------- */

/* RFC 5321, 2.4: the local part of another host's address is that host's to
 * compare, so its case stays. */
static void keep_local(struct job *job)
{
    smail_span rest = smail__span(job->target_said);
    smail_span local = smail__span_cut(&rest, '@');

    smail__format(job->target_text, sizeof(job->target_text), "%.*s@%s",
                  SMAIL__SPAN_ARG(local), job->target.domain);
}

/* Is the target elsewhere, or does it exist and is the alias not on the way to
 * it? */
static int check_target(struct job *job, struct smail__db *db, smail_error *err)
{
    struct smail__resolve resolve = { .max = SMAIL_RESOLVED_MAX,
                                      .is_exact = true,
                                      .origin = &job->alias };
    struct smail__buf outside;
    int rc;

    resolve.out = calloc(resolve.max, sizeof(*resolve.out));
    if (resolve.out == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to follow aliases");
    smail__buf_init(&outside, SMAIL__OUTSIDE_MAX, NULL);
    resolve.outside = &outside;
    rc = smail__lookup_resolve(&resolve, db, &job->target, err);
    smail__buf_dispose(&outside);
    free(resolve.out);
    switch (rc) {
    case SMAIL_EINVAL:
        keep_local(job);
        return 0;
    case SMAIL_ENOTFOUND:
        return smail__fail(err, rc, "%s is not an address here",
                           job->target_text);
    case SMAIL_ESTATE:
        return smail__fail(err, SMAIL_EINVAL, "%s leads back to %s",
                           job->target_text, job->alias_text);
    default:
        return rc;
    }
}

static int bind_row(struct smail__statement **out, struct smail__db *db,
                    const char *sql, const struct job *job, smail_error *err)
{
    int rc = smail__db_prepare(out, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(*out, 1, job->domain);
    smail__bind_text(*out, 2, smail__span(job->alias.local));
    if (sql != sql_remove_all)
        smail__bind_text(*out, 3, smail__span(job->target_text));
    return 0;
}

static int check_free(const struct job *job, struct smail__db *db,
                      smail_error *err)
{
    struct smail__statement *statement;
    smail_id account;
    int rc =
        smail__lookup_account(&account, db, job->domain, job->alias.local, err);

    if (rc == 0)
        return smail__fail(err, SMAIL_EEXISTS,
                           "%s is the address of an account", job->alias_text);
    if (rc != SMAIL_ENOTFOUND)
        return rc;
    rc = bind_row(&statement, db, sql_has, job, err);
    if (rc == 0)
        rc = smail__statement_step(statement, err);
    if (rc == 1) {
        smail__statement_reset(statement);
        return smail__fail(err, SMAIL_EEXISTS, "%s leads to %s already",
                           job->alias_text, job->target_text);
    }
    return rc;
}

static int add(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    struct job *job = arg;
    int rc = find_domain(job, db, err);

    if (rc == 0)
        rc = check_free(job, db, err);
    if (rc == 0)
        rc = check_target(job, db, err);
    if (rc == 0)
        rc = bind_row(&statement, db, sql_add, job, err);
    return rc != 0 ? rc : smail__statement_run(statement, err);
}

int smail_alias_add(smail_store *store, const char *alias, const char *target,
                    smail_error *err)
{
    struct job job;
    int rc = parse(&job, alias, target, err);

    return rc != 0 ? rc : smail__store_write(store, add, &job, err);
}

/* --- Removing ------------------------------------------------------------ */

/* An alias that leads here would lead nowhere. */
static int check_unused(const struct job *job, struct smail__db *db,
                        smail_error *err)
{
    struct smail__statement *statement;
    smail_span domain, local;
    int rc = smail__lookup_alias(db, job->domain, job->alias.local, err);

    if (rc != SMAIL_ENOTFOUND)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_leads_here, err);
    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(job->alias_text));
    rc = smail__statement_step(statement, err);
    if (rc != 1 || smail__name_is_admin(smail__span(job->alias.local))) {
        smail__statement_reset(statement);
        return rc < 0 ? rc : 0;
    }
    domain = smail__column_span(statement, 0);
    local = smail__column_span(statement, 1);
    rc = smail__fail(
        err, SMAIL_ESTATE, "%.*s@%.*s leads to %s: remove it first",
        SMAIL__SPAN_ARG(local), SMAIL__SPAN_ARG(domain), job->alias_text);
    smail__statement_reset(statement);
    return rc;
}

static int remove_rows(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    struct job *job = arg;
    int rc = find_domain(job, db, err);

    if (rc == 0)
        rc = bind_row(&statement, db,
                      job->has_target ? sql_remove : sql_remove_all, job, err);
    if (rc == 0)
        rc = smail__statement_run(statement, err);
    if (rc != 0)
        return rc;
    if (smail__db_changes(db) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           job->has_target ? "the alias %s does not lead to %s"
                                           : "there is no alias %s",
                           job->alias_text, job->target_text);
    return check_unused(job, db, err);
}

int smail_alias_remove(smail_store *store, const char *alias,
                       const char *target, smail_error *err)
{
    struct job job = { .has_target = false };
    int rc = parse(&job, alias, target, err);

    return rc != 0 ? rc : smail__store_write(store, remove_rows, &job, err);
}

/* --- Listing ------------------------------------------------------------- */

struct row {
    struct smail__name name;
    char address[SMAIL__NAME_SIZE];
    char target[SMAIL__NAME_SIZE];
};

static void copy_row(struct row *out, struct smail__statement *statement)
{
    smail__format(out->name.domain, sizeof(out->name.domain), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 0)));
    smail__format(out->name.local, sizeof(out->name.local), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 1)));
    smail__format(out->target, sizeof(out->target), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 2)));
    smail__name_text(out->address, &out->name);
}

static int read_page(struct row rows[PAGE], smail_store *store,
                     const struct row *after, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__db *db;
    int count = 0;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_list, err);
    if (rc != 0)
        goto out;
    smail__bind_text(statement, 1, smail__span(after->name.domain));
    smail__bind_text(statement, 2, smail__span(after->name.local));
    smail__bind_text(statement, 3, smail__span(after->target));
    smail__bind_int(statement, 4, PAGE);
    while (count < PAGE && (rc = smail__statement_step(statement, err)) == 1)
        copy_row(&rows[count++], statement);
    smail__statement_reset(statement);
out:
    smail__store_end_read(store, db);
    return rc < 0 ? rc : count;
}

int smail_alias_list(smail_store *store,
                     int (*each)(const smail_alias *alias, void *user),
                     void *user, smail_error *err)
{
    struct row *rows = malloc(PAGE * sizeof(*rows));
    struct row after = { .target = "" };
    int count, rc = 0;

    if (rows == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to list aliases");
    do {
        count = read_page(rows, store, &after, err);
        if (count < 0)
            rc = count;
        for (int i = 0; rc == 0 && i < count; i++) {
            smail_alias alias = { rows[i].address, rows[i].target };

            rc = each(&alias, user);
        }
        if (count > 0)
            after = rows[count - 1];
    } while (rc == 0 && count == PAGE);
    free(rows);
    return rc;
}
