/* SPDX-License-Identifier: MIT */
/* db/postgres_driver.c - values in, values out, and the driver's table. */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "db/postgres.h"

/* Beside it in pg_locks, as in postgres_statement.c, the hash of the schema's
 * name: who indexes. */
#define CLAIM_CLASS "1399677290"

static struct postgres_statement *own(struct smail__statement *statement)
{
    return (struct postgres_statement *)statement;
}

static int step(struct smail__statement *base, smail_error *err)
{
    struct postgres_statement *statement = own(base);
    int code;

    if (statement->verb == POSTGRES_BEGIN)
        return smail__postgres_begin(statement->db, err);
    if (!statement->running) {
        code = smail__postgres_start(statement, err);
        if (code < 0)
            return code;
    }
    return smail__postgres_next(statement, err);
}

static void reset(struct smail__statement *statement)
{
    smail__postgres_reset(own(statement));
}

/* NULL for one that the statement does not have, as SQLite ignores it. */
static struct postgres_value *value_at(struct postgres_statement *statement,
                                       int index)
{
    return index >= 1 && index <= statement->parameters
               ? &statement->values[index - 1]
               : NULL;
}

static void bind_int(struct smail__statement *base, int index, int64_t number)
{
    struct postgres_statement *statement = own(base);
    struct postgres_value *value = value_at(statement, index);

    if (value != NULL)
        smail__postgres_put_int(value, statement->types[index - 1], number);
}

/* PostgreSQL has no NUL in text: a space, as for a word that ends there. */
static smail_span without_nul(struct postgres_value *value, smail_span text)
{
    free(value->copy);
    value->copy = NULL;
    if (text.len == 0 || memchr(text.data, '\0', text.len) == NULL)
        return text;
    value->copy = malloc(text.len);
    if (value->copy == NULL)
        return text; /* which the server refuses */
    for (size_t i = 0; i < text.len; i++)
        value->copy[i] = text.data[i] != '\0' ? text.data[i] : ' ';
    return (smail_span){ value->copy, text.len };
}

/* A span of nothing is an empty value, not NULL. */
static void bind_bytes(struct smail__statement *base, int index,
                       smail_span bytes)
{
    struct postgres_statement *statement = own(base);
    struct postgres_value *value = value_at(statement, index);

    if (value == NULL)
        return;
    if (index == statement->question &&
        smail__postgres_question(&statement->asked, bytes) == 0)
        bytes = smail__buf_span(&statement->asked);
    if (statement->types[index - 1] == POSTGRES_TEXT)
        bytes = without_nul(value, bytes);
    value->kind = POSTGRES_BYTES;
    value->bytes = bytes;
    value->format = 1;
    if (value->bytes.data == NULL)
        value->bytes.data = "";
}

static void bind_null(struct smail__statement *base, int index)
{
    struct postgres_value *value = value_at(own(base), index);

    if (value != NULL)
        value->kind = POSTGRES_NULL;
}

static int64_t column_int(struct smail__statement *base, int column)
{
    const PGresult *row = own(base)->row;

    return row != NULL ? smail__postgres_int(row, column) : 0;
}

static smail_span column_span(struct smail__statement *base, int column)
{
    const PGresult *row = own(base)->row;
    smail_span span = { NULL, 0 };

    if (row == NULL || PQgetisnull(row, 0, column))
        return span;
    span.data = PQgetvalue(row, 0, column);
    span.len = (size_t)PQgetlength(row, 0, column);
    return span;
}

static bool column_is_null(struct smail__statement *base, int column)
{
    const PGresult *row = own(base)->row;

    return row == NULL || PQgetisnull(row, 0, column);
}

/* --- The connection ------------------------------------------------------ */

static int64_t changes(const struct smail__db *db)
{
    return ((const struct postgres_db *)db)->changes;
}

static int64_t last_id(const struct smail__db *base)
{
    const struct postgres_db *db = (const struct postgres_db *)base;
    PGresult *result;
    int64_t id = 0;

    smail__postgres_hold((struct postgres_db *)(uintptr_t)db);
    result = PQexecParams(db->handle, "SELECT lastval()", 0, NULL, NULL, NULL,
                          NULL, 1);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        id = smail__postgres_int(result, 0);
    PQclear(result);
    return id;
}

static void reset_all(struct smail__db *base)
{
    struct postgres_db *db = (struct postgres_db *)base;

    for (size_t i = 0; i < db->cache_room; i++)
        if (db->cache[i] != NULL && db->cache[i]->running)
            smail__postgres_reset(db->cache[i]);
}

static bool in_transaction(const struct smail__db *base)
{
    switch (PQtransactionStatus(((const struct postgres_db *)base)->handle)) {
    case PQTRANS_ACTIVE: /* rows are coming */
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        return true;
    default:
        return false;
    }
}

static bool is_broken(const struct smail__db *base)
{
    const struct postgres_db *db = (const struct postgres_db *)base;

    return db->broken || PQstatus(db->handle) == CONNECTION_BAD;
}

static bool is_shared(const struct smail__db *db)
{
    (void)db;
    return false;
}

static void nest(struct smail__db *db, int by)
{
    ((struct postgres_db *)db)->level += by;
}

/* It has no file, and nothing beside it. */
static const char *path(const struct smail__db *db)
{
    (void)db;
    return NULL;
}

/* BEGIN takes the lock and the end of the transaction gives it back. */
static int lock(struct smail__db *db, smail_error *err)
{
    (void)db;
    (void)err;
    return 0;
}

static void unlock(struct smail__db *db)
{
    (void)db;
}

/* The server takes the lock back when the connection ends, however. */
static bool claim(struct smail__db *base)
{
    static const char sql[] = "SELECT pg_try_advisory_lock(" CLAIM_CLASS
                              ", hashtext(current_schema()))";
    struct postgres_db *db = (struct postgres_db *)base;
    PGresult *result;
    bool is_ours;

    if (db->is_claimed)
        return !is_broken(base);
    smail__postgres_hold(db);
    result = PQexecParams(db->handle, sql, 0, NULL, NULL, NULL, NULL, 1);
    is_ours = PQresultStatus(result) == PGRES_TUPLES_OK &&
              smail__postgres_int(result, 0) != 0;
    PQclear(result);
    db->is_claimed = is_ours;
    return is_ours;
}

/* The server cares for its log itself. */
static struct smail__db_log log_of(const struct smail__db *db)
{
    (void)db;
    return (struct smail__db_log){ 0, 0 };
}

static void tune_process(void)
{
}

static const char *own_sql(const struct smail__migration *step)
{
    return step->postgres;
}

static const struct smail__db_word words[] = {
    { "ID", "BIGINT GENERATED BY DEFAULT AS IDENTITY" },
    { "INT", "BIGINT" },
    { "BLOB", "BYTEA" },
    { "TEXT", "TEXT COLLATE \"C\"" },
    { "CLUSTERED", "" },
    { "NEVER_REUSED", "" },
    { NULL, NULL },
};

const struct smail__db_driver smail__db_postgres = {
    .scheme = "postgresql:",
    .words = words,
    .own_sql = own_sql,
    .tune_process = tune_process,
    .open = smail__postgres_open,
    .close = smail__postgres_close,
    .exec = smail__postgres_exec,
    .prepare = smail__postgres_prepare,
    .bind_int = bind_int,
    .bind_text = bind_bytes,
    .bind_blob = bind_bytes,
    .bind_null = bind_null,
    .step = step,
    .reset = reset,
    .column_int = column_int,
    .column_span = column_span,
    .column_is_null = column_is_null,
    .changes = changes,
    .last_id = last_id,
    .reset_all = reset_all,
    .in_transaction = in_transaction,
    .is_broken = is_broken,
    .is_shared = is_shared,
    .nest = nest,
    .path = path,
    .lock = lock,
    .unlock = unlock,
    .claim = claim,
    .reopen = smail__postgres_reopen,
    .log = log_of,
    .checkpoint = smail__postgres_checkpoint,
    .check = smail__postgres_check,
    .backup = smail__postgres_backup,
    .size = smail__postgres_size,
};
