/* SPDX-License-Identifier: MIT */
/*
 * store/repair.c - mends what smail_store_check() finds, where there is
 * something to mend it by: rows by rows. Bytes that are gone stay gone.
 */
#include "base/error.h"
#include "store/rule.h"
#include "store/stray.h"
#include "store/sweep.h"

struct repair {
    smail_id account;
    uint64_t mended;
    smail_error *err;
};

/* Clients that follow the changes have to look at everything again. */
static int forget_changes(smail_tx *tx, smail_id account, smail_error *err)
{
    static const char sql[] = "DELETE FROM change WHERE account = $1";
    struct smail__statement *row;
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, account, err);

    if (code == 0)
        code = smail__db_prepare(&row, tx->db, sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    return smail__statement_run(row, err);
}

static int mend(smail_tx *tx, const struct smail__rule *rule, smail_id account,
                smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, rule->mend, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    return smail__statement_run(row, err);
}

static int repair_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct repair *repair = arg;
    uint64_t found = 0;

    for (size_t i = 0; i < smail__rule_count; i++) {
        const struct smail__rule *rule = &smail__rules[i];
        int code =
            smail__rule_apply(rule, tx->db, repair->account, NULL, NULL, err);

        if (code > 0) {
            found += (uint64_t)code;
            code = mend(tx, rule, repair->account, err);
        }
        if (code < 0)
            return code;
    }
    repair->mended = found;
    return found > 0 ? forget_changes(tx, repair->account, err) : 0;
}

static int next(smail_id *account, smail_store *store, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__rule_next_account(account, db, err);
    smail__store_end_read(store, db);
    return code;
}

static int strays_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__strays_mend(arg, tx, err);
}

int smail_store_repair(uint64_t *mended, smail_store *store, smail_error *err)
{
    struct repair repair = { .account = 0 };
    int code;

    *mended = 0;
    while ((code = next(&repair.account, store, err)) > 0) {
        code = smail__store_write(store, repair_job, &repair, err);
        if (code < 0)
            return code;
        *mended += repair.mended;
    }
    repair.mended = 0;
    if (code == 0)
        code = smail__store_write(store, strays_job, &repair.mended, err);
    if (code < 0)
        return code;
    *mended += repair.mended;
    code = smail__sweep_orphans(&repair.mended, store, err);
    *mended += repair.mended;
    return code;
}
