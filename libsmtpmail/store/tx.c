/* SPDX-License-Identifier: MIT */
/* store/tx.c - what a job may do inside its transaction. */
#include <stdlib.h>

#include "base/error.h"
#include "store/internal.h"

struct smail__db *smail__tx_db(smail_tx *tx)
{
    return tx->db;
}

int64_t smail__tx_now(const smail_tx *tx)
{
    return tx->now;
}

void smail__tx_begin_job(smail_tx *tx)
{
    tx->seq_count = 0;
    tx->unchanged = false;
}

void smail__tx_unchanged(smail_tx *tx)
{
    tx->unchanged = true;
}

void smail__tx_dispose(smail_tx *tx)
{
    free(tx->seqs);
    tx->seqs = NULL;
}

void smail__tx_touch(smail_tx *tx, smail_id account)
{
    struct smail__touched *touched = &tx->store->writer.touched;

    for (size_t i = touched->count; i > 0; i--)
        if (touched->accounts[i - 1] == account)
            return;
    if (touched->count == SMAIL__TOUCHED_MAX)
        touched->all = true;
    else
        touched->accounts[touched->count++] = account;
}

int smail__tx_note_modseq(smail_tx *tx, smail_id account, int64_t modseq,
                          smail_error *err)
{
    if (tx->seq_count == SMAIL__TX_ACCOUNTS_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "one change is of too many accounts");
    if (tx->seq_count == tx->seq_room) {
        size_t room = tx->seq_room == 0 ? 16 : tx->seq_room * 2;
        struct smail__tx_seq *seqs = realloc(tx->seqs, room * sizeof(*seqs));

        if (seqs == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        tx->seqs = seqs;
        tx->seq_room = room;
    }
    tx->seqs[tx->seq_count].account = account;
    tx->seqs[tx->seq_count].modseq = modseq;
    tx->seq_count++;
    smail__tx_touch(tx, account);
    return 0;
}

int smail__db_value(int64_t *out, struct smail__db *db, const char *sql,
                    int64_t first, int64_t second, smail_error *err)
{
    struct smail__statement *statement;
    int code = smail__db_prepare(&statement, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(statement, 1, first);
    if (second != INT64_MIN)
        smail__bind_int(statement, 2, second);
    code = smail__statement_step(statement, err);
    if (code > 0)
        *out = smail__column_int(statement, 0);
    smail__statement_reset(statement);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "no such row");
    return code < 0 ? code : 0;
}

static int count_up(int64_t *out, smail_tx *tx, const char *sql,
                    smail_id account, smail_error *err)
{
    int code = smail__db_value(out, tx->db, sql, account, INT64_MIN, err);

    if (code == SMAIL_ENOTFOUND)
        return smail__fail(err, code, "there is no account %lld",
                           (long long)account);
    return code;
}

int smail__tx_next_id(smail_id *out, smail_tx *tx, smail_id account,
                      smail_error *err)
{
    return count_up(out, tx,
                    "UPDATE account SET next_id = next_id + 1 WHERE id = $1 "
                    "RETURNING next_id - 1",
                    account, err);
}

int smail__tx_modseq(int64_t *out, smail_tx *tx, smail_id account,
                     smail_error *err)
{
    int code;

    for (size_t i = tx->seq_count; i > 0; i--) {
        if (tx->seqs[i - 1].account == account) {
            *out = tx->seqs[i - 1].modseq;
            return 0;
        }
    }
    code = count_up(out, tx,
                    "UPDATE account SET modseq = modseq + 1 WHERE id = $1 "
                    "RETURNING modseq",
                    account, err);
    if (code < 0)
        return code;
    return smail__tx_note_modseq(tx, account, *out, err);
}

/* Of several changes to one object at one modseq the last that matters
 * stays: destroyed beats all, created beats updated. */
static const char change_sql[] =
    "INSERT INTO change (account, modseq, type, object, op) "
    "VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (account, modseq, type, object) DO UPDATE "
    "SET op = excluded.op WHERE excluded.op <> 2";

int smail__tx_change(smail_tx *tx, smail_id account, enum smail__object type,
                     smail_id object, enum smail__op op, smail_error *err)
{
    struct smail__statement *statement;
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, account, err);

    if (code == 0)
        code = smail__db_prepare(&statement, tx->db, change_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(statement, 1, account);
    smail__bind_int(statement, 2, modseq);
    smail__bind_int(statement, 3, type);
    smail__bind_int(statement, 4, object);
    smail__bind_int(statement, 5, op);
    return smail__statement_run(statement, err);
}
