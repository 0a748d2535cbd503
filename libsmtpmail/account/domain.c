/* SPDX-License-Identifier: MIT */
/* account/domain.c - whose mail is ours at all. */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "account/lookup.h"
#include "base/error.h"
#include "base/span.h"
#include "store/store.h"

/* Rows read at a time, so that no reader is held while the caller works. */
#define PAGE 64

static const char sql_add[] =
    "INSERT INTO domain (name, created_at) VALUES ($1, $2)";

static const char sql_used[] =
    "SELECT EXISTS (SELECT 1 FROM address WHERE domain = $1) OR"
    " EXISTS (SELECT 1 FROM alias WHERE domain = $1)";

static const char sql_keys[] = "DELETE FROM dkim_key WHERE domain = $1";
static const char sql_remove[] = "DELETE FROM domain WHERE id = $1";

static const char sql_list[] =
    "SELECT id, name, created_at,"
    " (SELECT count(DISTINCT account) FROM address WHERE domain = d.id)"
    " FROM domain d WHERE name > $1 ORDER BY name LIMIT $2";

struct job {
    char name[SMAIL_DOMAIN_MAX + 1];
    smail_id id;
};

static int add(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    struct job *job = arg;
    int rc = smail__lookup_domain(&job->id, db, job->name, err);

    if (rc == 0)
        return smail__fail(err, SMAIL_EEXISTS, "the domain %s exists already",
                           job->name);
    if (rc == SMAIL_ENOTFOUND)
        rc = smail__db_prepare(&statement, db, sql_add, err);
    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(job->name));
    smail__bind_int(statement, 2, smail__tx_now(tx));
    rc = smail__statement_run(statement, err);
    job->id = smail__db_last_id(db);
    return rc;
}

int smail_domain_add(smail_id *out, smail_store *store, const char *name,
                     smail_error *err)
{
    struct job job;
    int rc = smail__name_domain(job.name, name, err);

    if (rc == 0)
        rc = smail__store_write(store, add, &job, err);
    if (rc == 0 && out != NULL)
        *out = job.id;
    return rc;
}

static int remove_unused(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    struct job *job = arg;
    int64_t used;
    int rc = smail__lookup_domain(&job->id, db, job->name, err);

    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "there is no domain %s here", job->name);
    if (rc == 0)
        rc = smail__db_prepare(&statement, db, sql_used, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->id);
    rc = smail__statement_step(statement, err);
    if (rc < 0)
        return rc;
    used = smail__column_int(statement, 0);
    smail__statement_reset(statement);
    if (used != 0)
        return smail__fail(err, SMAIL_ESTATE,
                           "the domain %s has accounts or aliases: remove them "
                           "first",
                           job->name);
    rc = smail__db_prepare(&statement, db, sql_keys, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->id);
    rc = smail__statement_run(statement, err);
    if (rc == 0)
        rc = smail__db_prepare(&statement, db, sql_remove, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->id);
    return smail__statement_run(statement, err);
}

int smail_domain_remove(smail_store *store, const char *name, smail_error *err)
{
    struct job job;
    int rc = smail__name_domain(job.name, name, err);

    return rc != 0 ? rc : smail__store_write(store, remove_unused, &job, err);
}

struct row {
    smail_domain domain;
    char name[SMAIL_DOMAIN_MAX + 1];
};

/* The rows behind `after`; how many, or negative. */
static int read_page(struct row rows[PAGE], smail_store *store,
                     const char *after, smail_error *err)
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
    smail__bind_text(statement, 1, smail__span(after));
    smail__bind_int(statement, 2, PAGE);
    while (count < PAGE && (rc = smail__statement_step(statement, err)) == 1) {
        struct row *row = &rows[count++];

        row->domain.id = smail__column_int(statement, 0);
        smail__format(row->name, sizeof(row->name), "%.*s",
                      SMAIL__SPAN_ARG(smail__column_span(statement, 1)));
        row->domain.name = row->name;
        row->domain.created_at = smail__column_int(statement, 2);
        row->domain.accounts = (uint64_t)smail__column_int(statement, 3);
    }
    smail__statement_reset(statement);
out:
    smail__store_end_read(store, db);
    return rc < 0 ? rc : count;
}

int smail_domain_list(smail_store *store,
                      int (*each)(const smail_domain *domain, void *user),
                      void *user, smail_error *err)
{
    struct row *rows = malloc(PAGE * sizeof(*rows));
    char after[SMAIL_DOMAIN_MAX + 1] = "";
    int count, rc = 0;

    if (rows == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to list domains");
    do {
        count = read_page(rows, store, after, err);
        if (count < 0)
            rc = count;
        for (int i = 0; rc == 0 && i < count; i++)
            rc = each(&rows[i].domain, user);
        if (count > 0)
            memcpy(after, rows[count - 1].name, sizeof(after));
    } while (rc == 0 && count == PAGE);
    free(rows);
    return rc;
}
