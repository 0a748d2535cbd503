/* SPDX-License-Identifier: MIT */
/*
 * store/change_read.c - the log of changes, read (RFC 8620, 5.2).
 *
 * The log is bounded: its floor is the modseq before the first row, and what
 * is asked from below it cannot be told.
 */
#include <stdlib.h>

#include "base/error.h"
#include "store/change.h"
#include "store/internal.h"

static bool is_rare(enum smail__object type)
{
    return type == SMAIL__OBJECT_IDENTITY || type == SMAIL__OBJECT_SUBMISSION;
}

/* Up to there the log is gone. */
static int floor_of(int64_t *out, struct smail__db *db, smail_id account,
                    smail_error *err)
{
    static const char first_sql[] =
        "SELECT modseq - 1 FROM change WHERE account = $1 "
        "ORDER BY modseq LIMIT 1";
    static const char none_sql[] = "SELECT modseq FROM account WHERE id = $1";
    int code = smail__db_value(out, db, first_sql, account, INT64_MIN, err);

    if (code == SMAIL_ENOTFOUND)
        code = smail__db_value(out, db, none_sql, account, INT64_MIN, err);
    return code;
}

int smail__change_state(int64_t *out, struct smail__db *db, smail_id account,
                        enum smail__object type, smail_error *err)
{
    static const char log_sql[] =
        "SELECT modseq FROM change WHERE account = $1 AND type = $2 "
        "ORDER BY modseq DESC LIMIT 1";
    static const char rare_sql[] =
        "SELECT modseq FROM type_state WHERE account = $1 AND type = $2";
    int code = smail__db_value(out, db, is_rare(type) ? rare_sql : log_sql,
                               account, type, err);

    if (code != SMAIL_ENOTFOUND)
        return code;
    if (!is_rare(type))
        return floor_of(out, db, account, err);
    *out = 0;
    return 0;
}

/* --- The list ------------------------------------------------------------ */

/* Where an object stands in the list. */
struct table {
    size_t *slots; /* index + 1 of the list; 0: free */
    size_t mask;
};

static int table_begin(struct table *table, size_t max, smail_error *err)
{
    size_t size = 64;

    while (size < 2 * (max + 1))
        size *= 2;
    table->slots = calloc(size, sizeof(*table->slots));
    table->mask = size - 1;
    return table->slots != NULL
               ? 0
               : smail__fail(err, SMAIL_ENOMEM, "out of memory");
}

static size_t *table_slot(struct table *table,
                          const struct smail__changes *changes, smail_id object)
{
    size_t at = (size_t)((uint64_t)object * 0x9e3779b97f4a7c15u >> 20);

    for (;; at++) {
        size_t *slot = &table->slots[at & table->mask];

        if (*slot == 0 || changes->list[*slot - 1].object == object)
            return slot;
    }
}

static int add(struct smail__changes *out, struct table *table, smail_id object,
               enum smail__op op, smail_error *err)
{
    size_t *slot = table_slot(table, out, object);
    struct smail__changed *known;

    if (*slot != 0) {
        known = &out->list[*slot - 1];
        if (op != SMAIL__OP_UPDATED)
            known->op = known->op == SMAIL__OP_CREATED ? 0 : op;
        return 0;
    }
    if (out->count == out->room) {
        size_t room = out->room == 0 ? 64 : out->room * 2;

        known = realloc(out->list, room * sizeof(*known));
        if (known == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        out->list = known;
        out->room = room;
    }
    out->list[out->count++] = (struct smail__changed){ object, op };
    *slot = out->count;
    return 0;
}

static const char list_sql[] =
    "SELECT modseq, object, op FROM change WHERE account = $1 "
    "AND modseq > $2 AND type = $3 ORDER BY modseq";

/*
 * Rows come by modseq. When one goes beyond `max`, what is given ends with
 * the modseq before it.
 */
static int gather(struct smail__changes *out, struct table *table,
                  struct smail__statement *row, size_t max, smail_error *err)
{
    size_t whole = 0; /* objects up to the last whole modseq */
    int64_t current = out->modseq;
    int code;

    while ((code = smail__statement_step(row, err)) > 0) {
        int64_t modseq = smail__column_int(row, 0);

        if (modseq != current) {
            whole = out->count;
            out->modseq = current;
            current = modseq;
        }
        if (out->count == max &&
            *table_slot(table, out, smail__column_int(row, 1)) == 0) {
            out->more = true;
            break;
        }
        code = add(out, table, smail__column_int(row, 1),
                   (enum smail__op)smail__column_int(row, 2), err);
        if (code < 0)
            return code;
    }
    if (code == 0)
        out->modseq = current;
    else if (code > 0)
        out->count = whole;
    return code < 0 ? code : 0;
}

static int read_list(struct smail__changes *out, struct smail__db *db,
                     smail_id account, enum smail__object type, size_t max,
                     smail_error *err)
{
    struct smail__statement *row;
    struct table table = { 0 };
    int64_t since = out->modseq;
    int code = smail__db_prepare(&row, db, list_sql, err);

    if (code == 0)
        code = table_begin(&table, max, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, since);
    smail__bind_int(row, 3, type);
    code = gather(out, &table, row, max, err);
    smail__statement_reset(row);
    free(table.slots);
    if (code == 0 && out->more && out->modseq == since)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "one change is of more than %zu objects", max);
    return code;
}

/* What came and went in between was never there. */
static void drop_passing(struct smail__changes *changes)
{
    size_t kept = 0;

    for (size_t i = 0; i < changes->count; i++)
        if (changes->list[i].op != 0)
            changes->list[kept++] = changes->list[i];
    changes->count = kept;
}

int smail__changes_read(struct smail__changes *out, struct smail__db *db,
                        smail_id account, enum smail__object type,
                        int64_t since, size_t max, smail_error *err)
{
    int64_t state, floor = 0;
    int code = smail__change_state(&state, db, account, type, err);

    *out = (struct smail__changes){ .modseq = since };
    if (code == 0 && since != state)
        code = floor_of(&floor, db, account, err);
    if (code < 0)
        return code;
    if (since > state || since < floor)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "the log does not reach there");
    if (since < state)
        code = read_list(out, db, account, type, max, err);
    drop_passing(out);
    return code;
}

void smail__changes_dispose(struct smail__changes *changes)
{
    free(changes->list);
    *changes = (struct smail__changes){ .list = NULL };
}

int smail__tx_change_rare(smail_tx *tx, smail_id account,
                          enum smail__object type, smail_id object,
                          enum smail__op op, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO type_state (account, type, modseq) VALUES ($1, $2, $3) "
        "ON CONFLICT (account, type) DO UPDATE SET modseq = excluded.modseq";
    struct smail__statement *row;
    int64_t modseq;
    int code = smail__tx_change(tx, account, type, object, op, err);

    if (code == 0)
        code = smail__tx_modseq(&modseq, tx, account, err);
    if (code == 0)
        code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, type);
    smail__bind_int(row, 3, modseq);
    return smail__statement_run(row, err);
}
