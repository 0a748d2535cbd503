/* SPDX-License-Identifier: MIT */
/* db/postgres.h - what the files of the PostgreSQL driver share. */
#ifndef SMAIL__DB_POSTGRES_H
#define SMAIL__DB_POSTGRES_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "db/driver.h"

/* Of pg_type, where they never change. */
enum postgres_type {
    POSTGRES_BOOL = 16,
    POSTGRES_BYTEA = 17,
    POSTGRES_INT8 = 20,
    POSTGRES_INT2 = 21,
    POSTGRES_INT4 = 23,
    POSTGRES_TEXT = 25,
    POSTGRES_VARCHAR = 1043,
    POSTGRES_NUMERIC = 1700
};

/* Parameters of one statement; ours have at most thirty. */
#define POSTGRES_PARAMETERS_MAX 64

/* Octets of rows that a statement keeps when another one needs the line
 * before all of them were read. */
#define POSTGRES_HELD_MAX ((size_t)64 * 1024 * 1024)

enum postgres_kind { POSTGRES_NULL, POSTGRES_NUMBER, POSTGRES_BYTES };

struct postgres_value {
    enum postgres_kind kind;
    char number[24]; /* as the type of the parameter wants it */
    smail_span bytes;
    char *copy; /* of text with a NUL in it */
    int format; /* 1: binary */
};

/* Statements that the driver says in its own words. */
enum postgres_verb { POSTGRES_OTHER, POSTGRES_BEGIN, POSTGRES_COMMIT };

struct postgres_statement {
    struct smail__statement base;
    struct postgres_db *db;
    const char *sql; /* with `level` the key in the cache */
    int level;
    enum postgres_verb verb;
    char name[24];
    int parameters, columns;
    Oid *types;
    struct postgres_value *values;
    bool running;  /* from the first step to the last */
    PGresult *row; /* that step() found */
    PGresult **held;
    size_t held_count, held_room, held_at, held_bytes;
    PGresult *failure;       /* behind what is held */
    bool held_too_much;      /* and what came then was thrown away */
    int question;            /* the parameter that is a search, or 0 */
    struct smail__buf asked; /* the search, in PostgreSQL's words */
};

struct postgres_db {
    struct smail__db base;
    PGconn *handle;
    char *url;
    unsigned flags;
    bool broken;
    bool is_claimed;
    int level;
    int64_t changes;
    unsigned long long named;          /* statements, so far */
    struct postgres_statement *active; /* its rows are still coming */
    struct postgres_statement **cache; /* open addressing, a power of two */
    size_t cached, cache_room;
};

/* postgres_error.c: fills `err` from a result, or from the connection. */
int smail__postgres_fail(struct postgres_db *db, const PGresult *result,
                         const char *doing, smail_error *err);

/* postgres_words.c: where our one text differs from what PostgreSQL reads. */
enum postgres_verb smail__postgres_verb(const char *sql);
/* `out` is made here. `question`: the parameter that asks the index, or 0. */
int smail__postgres_spell(struct smail__buf *out, int *question,
                          const char *sql, smail_error *err);
/* A query of the SQLite index as one of PostgreSQL's. */
int smail__postgres_question(struct smail__buf *out, smail_span question);

/* postgres_value.c */
int64_t smail__postgres_int(const PGresult *row, int column);
void smail__postgres_put_int(struct postgres_value *value, Oid type,
                             int64_t number);

/* postgres_row.c: rows on their way. */
int smail__postgres_start(struct postgres_statement *statement,
                          smail_error *err);
int smail__postgres_next(struct postgres_statement *statement,
                         smail_error *err);
void smail__postgres_reset(struct postgres_statement *statement);
/* Free the line for another statement. */
void smail__postgres_hold(struct postgres_db *db);

/* postgres_open.c */
int smail__postgres_open(struct smail__db **out, const char *location,
                         unsigned flags, smail_error *err);
void smail__postgres_close(struct smail__db *db);
int smail__postgres_reopen(struct smail__db *db, smail_error *err);

/* postgres_statement.c */
int smail__postgres_exec(struct smail__db *db, const char *sql,
                         smail_error *err);
int smail__postgres_prepare(struct smail__statement **out, struct smail__db *db,
                            const char *sql, smail_error *err);
void smail__postgres_forget(struct postgres_db *db);
int smail__postgres_begin(struct postgres_db *db, smail_error *err);

/* postgres_care.c */
int smail__postgres_checkpoint(struct smail__db *db, enum smail__checkpoint how,
                               smail_error *err);
int smail__postgres_check(struct smail__db *db,
                          int (*each)(const char *text, void *user), void *user,
                          smail_error *err);
int smail__postgres_backup(struct smail__db *db, const char *to,
                           smail_error *err);
int64_t smail__postgres_size(struct smail__db *db);

#endif
