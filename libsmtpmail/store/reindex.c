/* SPDX-License-Identifier: MIT */
/*
 * store/reindex.c - what is derived from messages, made anew from their bytes,
 * by whoever indexes. Mail goes on meanwhile; search and previews come back as
 * the index catches up.
 */
#include "store/index.h"

/* Messages of one job. */
#define STEP 500

struct step {
    smail_id account, email;                  /* behind these */
    unsigned char before[SMAIL__BLOB_ID_LEN]; /* ids begin with the time */
    bool more;
};

static int begin_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char *const sqls[] = {
        "INSERT INTO email_text (email_text) VALUES ('delete-all')",
        "DELETE FROM unindexed",
    };
    int code = 0;

    (void)arg;
    for (size_t i = 0; code >= 0 && i < sizeof(sqls) / sizeof(sqls[0]); i++)
        code = smail__db_run(tx->db, sqls[i], err);
    return code;
}

static int next_email(struct step *step, smail_tx *tx, smail_error *err)
{
    static const char sql[] =
        "SELECT account, id FROM email WHERE (account, id) > ($1, $2) "
        "AND blob < $3 ORDER BY account, id LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, step->account);
    smail__bind_int(row, 2, step->email);
    smail__bind_blob(
        row, 3,
        (smail_span){ (const char *)step->before, sizeof(step->before) });
    code = smail__statement_step(row, err);
    if (code > 0) {
        step->account = smail__column_int(row, 0);
        step->email = smail__column_int(row, 1);
    }
    smail__statement_reset(row);
    return code;
}

static int run_for(const char *sql, const struct step *step, smail_tx *tx,
                   smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, step->account);
    smail__bind_int(row, 2, step->email);
    return smail__statement_run(row, err);
}

static int step_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char forget_sql[] =
        "DELETE FROM email_derived WHERE account = $1 AND email = $2";
    static const char want_sql[] =
        "INSERT INTO unindexed (account, email) VALUES ($1, $2)";
    struct step *step = arg;
    int code = 1;

    for (int i = 0; i < STEP && (code = next_email(step, tx, err)) > 0; i++) {
        code = run_for(forget_sql, step, tx, err);
        if (code == 0)
            code = run_for(want_sql, step, tx, err);
        if (code < 0)
            return code;
        code = 1;
    }
    step->more = code > 0;
    return code < 0 ? code : 0;
}

int smail_store_reindex(smail_store *store, smail_error *err)
{
    struct step step = { .more = true };
    int code = smail__store_write(store, begin_job, NULL, err);

    /* What comes from now on is indexed anyway. */
    if (code == 0)
        code = smail__store_new_id(step.before, store, err);

    while (code == 0 && step.more) {
        struct step before = step;

        code = smail__store_write(store, step_job, &step, err);
        if (code < 0)
            step = before;
    }
    smail__indexer_wake(store);
    return code;
}
