/* SPDX-License-Identifier: MIT */
/*
 * db/postgres_statement.c - statements, prepared once.
 *
 * The server says of which type each parameter is. Where it believes in 32
 * bits, because of a number that stands beside it, it is told 64.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "db/postgres.h"

#define CACHE_START 64

/* Beside this in pg_locks: the hash of the schema's name. */
#define LOCK_CLASS "1399677289" /* "Smai": who writes */

/* --- The cache ----------------------------------------------------------- */

static struct postgres_statement **find(const struct postgres_db *db,
                                        const char *sql, int level)
{
    uint64_t key = (uint64_t)(uintptr_t)sql + (uint64_t)level;
    size_t at;

    key *= 0x9e3779b97f4a7c15u;
    at = (size_t)(key >> 32) & (db->cache_room - 1);
    while (db->cache[at] != NULL &&
           (db->cache[at]->sql != sql || db->cache[at]->level != level))
        at = (at + 1) & (db->cache_room - 1);
    return &db->cache[at];
}

static int grow(struct postgres_db *db, smail_error *err)
{
    struct postgres_statement **old = db->cache;
    size_t room = db->cache_room;

    if (db->cached * 2 < room)
        return 0;
    db->cache_room = room == 0 ? CACHE_START : room * 2;
    db->cache = calloc(db->cache_room, sizeof(struct postgres_statement *));
    if (db->cache == NULL) {
        db->cache = old;
        db->cache_room = room;
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < room; i++)
        if (old[i] != NULL)
            *find(db, old[i]->sql, old[i]->level) = old[i];
    free(old);
    return 0;
}

static void dispose(struct postgres_statement *statement)
{
    if (statement == NULL)
        return;
    smail__postgres_reset(statement);
    smail__buf_dispose(&statement->asked);
    for (int i = 0; statement->values != NULL && i < statement->parameters; i++)
        free(statement->values[i].copy);
    free(statement->held);
    free(statement->types);
    free(statement->values);
    free(statement);
}

/* The server forgets its side when the connection ends. */
void smail__postgres_forget(struct postgres_db *db)
{
    for (size_t i = 0; i < db->cache_room; i++)
        dispose(db->cache[i]);
    free(db->cache);
    db->cache = NULL;
    db->cached = 0;
    db->cache_room = 0;
}

/* --- Preparing ----------------------------------------------------------- */

static int done(struct postgres_db *db, PGresult *result, const char *doing,
                smail_error *err)
{
    int code = 0;

    if (PQresultStatus(result) != PGRES_COMMAND_OK &&
        PQresultStatus(result) != PGRES_TUPLES_OK)
        code = smail__postgres_fail(db, result, doing, err);
    PQclear(result);
    return code;
}

static int describe(struct postgres_statement *statement, bool *again,
                    smail_error *err)
{
    PGconn *handle = statement->db->handle;
    PGresult *result = PQdescribePrepared(handle, statement->name);
    int count;

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return done(statement->db, result, "asking", err);
    count = PQnparams(result);
    if (count > POSTGRES_PARAMETERS_MAX) {
        PQclear(result);
        return smail__fail(err, SMAIL_ELIMIT, "too many parameters");
    }
    free(statement->types);
    statement->types = calloc((size_t)count + 1, sizeof(Oid));
    statement->parameters = count;
    statement->columns = PQnfields(result);
    *again = false;
    for (int i = 0; statement->types != NULL && i < count; i++) {
        Oid type = PQparamtype(result, i);
        bool is_short = type == POSTGRES_INT4 || type == POSTGRES_INT2;

        statement->types[i] = is_short ? POSTGRES_INT8 : type;
        *again = *again || is_short;
    }
    PQclear(result);
    return statement->types == NULL
               ? smail__fail(err, SMAIL_ENOMEM, "out of memory")
               : 0;
}

static int prepare_as(struct postgres_statement *statement, const char *sql,
                      smail_error *err)
{
    struct postgres_db *db = statement->db;

    smail__format(statement->name, sizeof(statement->name), "s%llu",
                  ++db->named);
    return done(db,
                PQprepare(db->handle, statement->name, sql,
                          statement->parameters, statement->types),
                "asking", err);
}

static int prepare(struct postgres_statement *statement, smail_error *err)
{
    struct smail__buf sql;
    bool again = false;
    int code;

    smail__postgres_hold(statement->db);
    code =
        smail__postgres_spell(&sql, &statement->question, statement->sql, err);
    if (code == 0)
        code = prepare_as(statement, sql.data, err);
    if (code == 0)
        code = describe(statement, &again, err);
    if (code == 0 && again)
        code = prepare_as(statement, sql.data, err);
    if (code == 0 && again)
        code = describe(statement, &again, err);
    smail__buf_dispose(&sql);
    if (code < 0)
        return code;
    statement->values =
        calloc((size_t)statement->parameters + 1, sizeof(*statement->values));
    return statement->values == NULL
               ? smail__fail(err, SMAIL_ENOMEM, "out of memory")
               : 0;
}

static void unbind(struct postgres_statement *statement)
{
    smail__postgres_reset(statement);
    for (int i = 0; i < statement->parameters; i++)
        statement->values[i].kind = POSTGRES_NULL;
}

int smail__postgres_prepare(struct smail__statement **out,
                            struct smail__db *base, const char *sql,
                            smail_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    struct postgres_statement **place, *statement;
    int code = grow(db, err);

    if (code < 0)
        return code;
    place = find(db, sql, db->level);
    if (*place != NULL) {
        unbind(*place);
        *out = &(*place)->base;
        return 0;
    }
    statement = calloc(1, sizeof(*statement));
    if (statement == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    statement->base.driver = base->driver;
    statement->db = db;
    statement->sql = sql;
    statement->level = db->level;
    statement->verb = smail__postgres_verb(sql);
    smail__buf_init(&statement->asked, (size_t)256 * 1024, NULL);
    if (statement->verb != POSTGRES_BEGIN)
        code = prepare(statement, err);
    if (code < 0) {
        dispose(statement);
        return code;
    }
    *place = statement;
    db->cached++;
    *out = &statement->base;
    return 0;
}

/* --- Running ------------------------------------------------------------- */

/*
 * A reader sees one state of the store. A writer takes turns with all other
 * writers of the store, wherever they are, until its COMMIT or ROLLBACK; what
 * it reads behind the lock is what the last of them left.
 */
int smail__postgres_begin(struct postgres_db *db, smail_error *err)
{
    static const char reader[] =
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    static const char writer[] =
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
        "SELECT pg_advisory_xact_lock(" LOCK_CLASS
        ", hashtext(current_schema()))";

    smail__postgres_hold(db);
    return done(
        db,
        PQexec(db->handle, db->flags & SMAIL__DB_READ_ONLY ? reader : writer),
        "beginning in", err);
}

int smail__postgres_exec(struct smail__db *base, const char *sql,
                         smail_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;

    if (smail__postgres_verb(sql) == POSTGRES_BEGIN)
        return smail__postgres_begin(db, err);
    smail__postgres_hold(db);
    return done(db, PQexec(db->handle, sql), "changing", err);
}
