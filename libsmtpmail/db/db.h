/* SPDX-License-Identifier: MIT */
/*
 * db/db.h - one connection to a database, whichever it is.
 *
 * SQL is one text for all drivers, with parameters $1, $2 ... in the order in
 * which they first appear. A connection belongs to one thread at a time.
 */
#ifndef SMAIL__DB_DB_H
#define SMAIL__DB_DB_H

#include <smtpmail/error.h>

struct smail__db;
struct smail__statement;

enum smail__db_flags {
    SMAIL__DB_READ_ONLY = 1 << 0, /* short reads; never blocks the writer */
    SMAIL__DB_MUST_EXIST = 1 << 1
};

/* `url` as smail_store_open() takes it. */
int smail__db_open(struct smail__db **out, const char *url, unsigned flags,
                   smail_error *err);
void smail__db_close(struct smail__db *db);

/* Statements without parameters and rows: BEGIN, DDL, PRAGMA. */
int smail__db_exec(struct smail__db *db, const char *sql, smail_error *err);

/*
 * A prepared statement, from the connection's cache, reset and unbound. `sql`
 * must be a constant that lives as long as the program: the cache goes by its
 * address. Good until the connection closes.
 */
int smail__db_prepare(struct smail__statement **out, struct smail__db *db,
                      const char *sql, smail_error *err);

/* Parameters count from 1. The bytes must stay until the next reset. */
void smail__bind_int(struct smail__statement *statement, int index,
                     int64_t value);
void smail__bind_text(struct smail__statement *statement, int index,
                      smail_span text);
void smail__bind_blob(struct smail__statement *statement, int index,
                      smail_span bytes);
void smail__bind_null(struct smail__statement *statement, int index);

/* 1 and a row, 0 at the end, negative on failure (a broken constraint is
 * SMAIL_EEXISTS). At the end and on failure the statement resets itself. */
int smail__statement_step(struct smail__statement *statement, smail_error *err);

/* For statements that return no rows: step to the end. 0 or negative. */
int smail__statement_run(struct smail__statement *statement, smail_error *err);
void smail__statement_reset(struct smail__statement *statement);

/* Of the row that step() found; columns count from 0. NULL reads as 0 or as
 * an empty span whose data is NULL. Spans are good until the next step. */
int64_t smail__column_int(struct smail__statement *statement, int column);
smail_span smail__column_span(struct smail__statement *statement, int column);
bool smail__column_is_null(struct smail__statement *statement, int column);

/* Rows that the last run() changed, and the id its INSERT made. */
int64_t smail__db_changes(const struct smail__db *db);
int64_t smail__db_last_id(const struct smail__db *db);

#endif
