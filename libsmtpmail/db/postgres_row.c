/* SPDX-License-Identifier: MIT */
/*
 * db/postgres_row.c - rows, one at a time, as the server sends them.
 *
 * A line to the server carries the rows of one statement. When another
 * statement wants it before all of them were read, what is still to come is
 * held in memory, up to a limit, and given out later.
 */
#include <stdlib.h>

#include "base/error.h"
#include "db/postgres.h"

static void drop_row(struct postgres_statement *statement)
{
    PQclear(statement->row);
    statement->row = NULL;
}

static void drop_held(struct postgres_statement *statement)
{
    for (size_t i = statement->held_at; i < statement->held_count; i++)
        PQclear(statement->held[i]);
    statement->held_at = 0;
    statement->held_count = 0;
    statement->held_bytes = 0;
    statement->held_too_much = false;
    PQclear(statement->failure);
    statement->failure = NULL;
}

/* Read what is still to come of the answer and throw it away. */
static void skip_rest(struct postgres_db *db)
{
    PGresult *result;

    while ((result = PQgetResult(db->handle)) != NULL)
        PQclear(result);
    db->active = NULL;
}

void smail__postgres_reset(struct postgres_statement *statement)
{
    if (statement->db->active == statement)
        skip_rest(statement->db);
    drop_row(statement);
    drop_held(statement);
    statement->running = false;
}

/* False: it does not fit, and is gone. */
static bool keep(struct postgres_statement *statement, PGresult *row)
{
    size_t room = statement->held_room;

    statement->held_bytes += PQresultMemorySize(row);
    if (statement->held_bytes > POSTGRES_HELD_MAX)
        return false;
    if (statement->held_count == room) {
        PGresult **held;

        room = room == 0 ? 64 : room * 2;
        held = realloc(statement->held, room * sizeof(PGresult *));
        if (held == NULL)
            return false;
        statement->held = held;
        statement->held_room = room;
    }
    statement->held[statement->held_count++] = row;
    return true;
}

void smail__postgres_hold(struct postgres_db *db)
{
    struct postgres_statement *statement = db->active;
    PGresult *result;

    if (statement == NULL)
        return;
    while ((result = PQgetResult(db->handle)) != NULL) {
        ExecStatusType status = PQresultStatus(result);

        if (status == PGRES_SINGLE_TUPLE && !statement->held_too_much &&
            keep(statement, result))
            continue;
        if (status == PGRES_SINGLE_TUPLE) {
            statement->held_too_much = true;
        } else if (status != PGRES_TUPLES_OK && statement->failure == NULL) {
            statement->failure = result;
            continue;
        }
        PQclear(result);
    }
    db->active = NULL;
}

/* What is bound, as libpq takes it. */
static int send(struct postgres_statement *statement)
{
    const char *values[POSTGRES_PARAMETERS_MAX];
    int lengths[POSTGRES_PARAMETERS_MAX];
    int formats[POSTGRES_PARAMETERS_MAX];

    for (int i = 0; i < statement->parameters; i++) {
        const struct postgres_value *value = &statement->values[i];

        values[i] = value->kind == POSTGRES_NULL     ? NULL
                    : value->kind == POSTGRES_NUMBER ? value->number
                                                     : value->bytes.data;
        lengths[i] = (int)value->bytes.len;
        formats[i] = value->format;
    }
    return PQsendQueryPrepared(statement->db->handle, statement->name,
                               statement->parameters, values, lengths, formats,
                               1);
}

int smail__postgres_start(struct postgres_statement *statement,
                          smail_error *err)
{
    struct postgres_db *db = statement->db;

    for (int i = 0; i < statement->parameters; i++)
        if (statement->values[i].bytes.len > INT32_MAX)
            return smail__fail(err, SMAIL_ELIMIT,
                               "a value is too long for PostgreSQL");
    smail__postgres_hold(db);
    if (!send(statement) ||
        (statement->columns > 0 && !PQsetSingleRowMode(db->handle))) {
        int code = smail__postgres_fail(db, NULL, "asking", err);

        skip_rest(db);
        return code;
    }
    db->active = statement;
    statement->running = true;
    return 0;
}

/* As SQLite counts: what only reads changes nothing of the number. */
static int64_t read_changes(const struct postgres_db *db, PGresult *result)
{
    const char *text = PQcmdTuples(result);
    const char *verb = PQcmdStatus(result);
    int64_t changes = 0;

    if (verb[0] != 'I' && verb[0] != 'U' && verb[0] != 'D')
        return db->changes;
    for (; *text >= '0' && *text <= '9'; text++)
        changes = changes * 10 + (*text - '0');
    return changes;
}

/* COMMIT of a transaction in which a statement had failed undoes it, and
 * says so only here. */
static bool is_undone(const struct postgres_statement *statement,
                      PGresult *result)
{
    return statement->verb == POSTGRES_COMMIT && PQcmdStatus(result)[0] == 'R';
}

/* The last of an answer: 0, or what went wrong. */
static int end(struct postgres_statement *statement, PGresult *result,
               smail_error *err)
{
    struct postgres_db *db = statement->db;
    ExecStatusType status = PQresultStatus(result);
    int code = 0;

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        db->changes = read_changes(db, result);
    else
        code = smail__postgres_fail(
            db, result, db->flags & SMAIL__DB_READ_ONLY ? "reading" : "writing",
            err);
    if (code == 0 && is_undone(statement, result))
        code =
            smail__fail(err, SMAIL_ETEMP, "PostgreSQL undid the transaction");
    PQclear(result);
    smail__postgres_reset(statement);
    return code;
}

static int next_held(struct postgres_statement *statement, smail_error *err)
{
    int code = 0;

    if (statement->held_at < statement->held_count) {
        statement->row = statement->held[statement->held_at++];
        return 1;
    }
    if (statement->held_too_much)
        code = smail__fail(err, SMAIL_ELIMIT,
                           "an answer of PostgreSQL is too large to be held");
    else if (statement->failure != NULL)
        code = smail__postgres_fail(statement->db, statement->failure,
                                    "reading", err);
    smail__postgres_reset(statement);
    return code;
}

int smail__postgres_next(struct postgres_statement *statement, smail_error *err)
{
    struct postgres_db *db = statement->db;
    PGresult *result;

    drop_row(statement);
    if (db->active != statement)
        return next_held(statement, err);
    result = PQgetResult(db->handle);
    if (result == NULL) {
        int code = smail__postgres_fail(db, NULL, "asking", err);

        smail__postgres_reset(statement);
        return code;
    }
    if (PQresultStatus(result) != PGRES_SINGLE_TUPLE)
        return end(statement, result, err);
    statement->row = result;
    return 1;
}
