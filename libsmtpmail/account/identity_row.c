/* SPDX-License-Identifier: MIT */
/* account/identity_row.c - see jmap/identity_row.h. */
#include "account/identity_row.h"

#include "base/error.h"
#include "base/span.h"
#include "store/change.h"

void smail__identity_init(struct smail__identity *identity)
{
    identity->id = 0;
    for (int i = 0; i < SMAIL__IDENTITY_TEXTS; i++)
        smail__buf_init(&identity->texts[i],
                        i >= SMAIL__IDENTITY_PLAIN_SIGNATURE
                            ? SMAIL_SIGNATURE_MAX
                            : SMAIL_IDENTITY_TEXT_MAX,
                        NULL);
}

void smail__identity_dispose(struct smail__identity *identity)
{
    for (int i = 0; i < SMAIL__IDENTITY_TEXTS; i++)
        smail__buf_dispose(&identity->texts[i]);
}

int smail__identity_load(struct smail__identity *out, struct smail__db *db,
                         smail_id account, smail_id id, smail_error *err)
{
    static const char sql[] =
        "SELECT name, address, reply_to, bcc, text_signature, html_signature "
        "FROM identity WHERE account = $1 AND id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, id);
    code = smail__statement_step(row, err);
    if (code > 0) {
        out->id = id;
        for (int i = 0; i < SMAIL__IDENTITY_TEXTS; i++) {
            smail__buf_clear(&out->texts[i]);
            smail__buf_append(&out->texts[i], smail__column_span(row, i));
        }
    }
    smail__statement_reset(row);
    return code;
}

int smail__identity_next(smail_id *id, struct smail__db *db, smail_id account,
                         smail_error *err)
{
    static const char sql[] = "SELECT id FROM identity WHERE account = $1 "
                              "AND id > $2 ORDER BY id LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, *id);
    code = smail__statement_step(row, err);
    if (code > 0)
        *id = smail__column_int(row, 0);
    smail__statement_reset(row);
    return code;
}

/* --- Jobs ---------------------------------------------------------------- */

struct job {
    smail_id account;
    struct smail__identity *identity;
    smail_id id;
};

static int count(int64_t *out, struct smail__db *db, smail_id account,
                 smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(
        &row, db, "SELECT count(*) FROM identity WHERE account = $1", err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = smail__column_int(row, 0);
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static int insert_first(smail_tx *tx, smail_id account, smail_id id,
                        smail_error *err)
{
    static const char sql[] =
        "INSERT INTO identity (account, id, name, address) "
        "SELECT id, $1, name, address FROM account WHERE id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, id);
    smail__bind_int(row, 2, account);
    code = smail__statement_run(row, err);
    if (code == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    return code;
}

static int ensure_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct job *job = arg;
    int64_t had = 0;
    smail_id id;
    int code = count(&had, smail__tx_db(tx), job->account, err);

    if (code < 0 || had > 0)
        return code; /* somebody was faster */
    code = smail__tx_next_id(&id, tx, job->account, err);
    if (code == 0)
        code = insert_first(tx, job->account, id, err);
    if (code == 0)
        code = smail__tx_change_rare(tx, job->account, SMAIL__OBJECT_IDENTITY,
                                     id, SMAIL__OP_CREATED, err);
    return code;
}

int smail__identity_ensure(smail_store *store, smail_id account,
                           smail_error *err)
{
    struct job job = { account, NULL, 0 };
    struct smail__db *db;
    smail_id id = 0;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__identity_next(&id, db, account, err);
    smail__store_end_read(store, db);
    return code == 0  ? smail__store_write(store, ensure_job, &job, err)
           : code < 0 ? code
                      : 0;
}

static int save_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char insert_sql[] =
        "INSERT INTO identity (name, address, reply_to, bcc, text_signature, "
        "html_signature, account, id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    static const char update_sql[] =
        "UPDATE identity SET name = $1, address = $2, reply_to = $3, "
        "bcc = $4, text_signature = $5, html_signature = $6 "
        "WHERE account = $7 AND id = $8";
    struct job *job = arg;
    bool is_new = job->identity->id == 0;
    struct smail__statement *row;
    int64_t had = 0;
    int code = count(&had, smail__tx_db(tx), job->account, err);

    job->id = job->identity->id;
    if (code == 0 && is_new && had >= SMAIL_IDENTITIES_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "at most %d identities",
                           SMAIL_IDENTITIES_MAX);
    if (code == 0 && is_new)
        code = smail__tx_next_id(&job->id, tx, job->account, err);
    if (code == 0)
        code = smail__db_prepare(&row, smail__tx_db(tx),
                                 is_new ? insert_sql : update_sql, err);
    if (code < 0)
        return code;
    for (int i = 0; i < SMAIL__IDENTITY_TEXTS; i++)
        smail__bind_text(row, i + 1,
                         job->identity->texts[i].len > 0
                             ? smail__buf_span(&job->identity->texts[i])
                             : SMAIL__SPAN(""));
    smail__bind_int(row, 7, job->account);
    smail__bind_int(row, 8, job->id);
    code = smail__statement_run(row, err);
    if (code == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such identity");
    if (code == 0)
        code = smail__tx_change_rare(
            tx, job->account, SMAIL__OBJECT_IDENTITY, job->id,
            is_new ? SMAIL__OP_CREATED : SMAIL__OP_UPDATED, err);
    return code;
}

int smail__identity_save(struct smail__identity *identity, smail_store *store,
                         smail_id account, smail_error *err)
{
    struct job job = { account, identity, 0 };
    int code = 0;

    for (int i = 0; i < SMAIL__IDENTITY_TEXTS; i++)
        if (smail__buf_error(&identity->texts[i]) != 0)
            return smail__fail(err, smail__buf_error(&identity->texts[i]),
                               "a text of the identity is too long");
    code = smail__store_write(store, save_job, &job, err);
    if (code == 0)
        identity->id = job.id;
    return code;
}

static int remove_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char sql[] =
        "DELETE FROM identity WHERE account = $1 AND id = $2";
    const struct job *job = arg;
    struct smail__statement *row;
    int64_t left = 0;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, job->account);
    smail__bind_int(row, 2, job->id);
    code = smail__statement_run(row, err);
    if (code == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such identity");
    if (code == 0)
        code = count(&left, smail__tx_db(tx), job->account, err);
    if (code == 0 && left == 0)
        return smail__fail(err, SMAIL_ESTATE, "the last identity stays");
    if (code == 0)
        code = smail__tx_change_rare(tx, job->account, SMAIL__OBJECT_IDENTITY,
                                     job->id, SMAIL__OP_DESTROYED, err);
    return code;
}

int smail__identity_remove(smail_store *store, smail_id account, smail_id id,
                           smail_error *err)
{
    struct job job = { account, NULL, id };

    return smail__store_write(store, remove_job, &job, err);
}
