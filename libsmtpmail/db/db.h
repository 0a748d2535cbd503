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
    SMAIL__DB_MUST_EXIST = 1 << 1,
    SMAIL__DB_UNSAFE = 1 << 2 /* no sync at all: to test that tests notice */
};

/* See smail_store_tune_process(). */
void smail__db_tune_process(void);

/* `url` as smail_store_open() takes it. */
int smail__db_open(struct smail__db **out, const char *url, unsigned flags,
                   smail_error *err);
void smail__db_close(struct smail__db *db);

/* Statements without parameters and rows: BEGIN, DDL, PRAGMA. */
int smail__db_exec(struct smail__db *db, const char *sql, smail_error *err);

/* The same for what runs often: prepared once. `sql` must be a constant. */
int smail__db_run(struct smail__db *db, const char *sql, smail_error *err);

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

/* 1 and a row, 0 at the end, negative on failure (a row that is there already
 * is SMAIL_EEXISTS, one that others refer to SMAIL_ESTATE). At the end and on failure the statement resets itself. */
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

/* --- What the store's writer and readers need beyond that ---------------- */

/* Let go of every row that a statement still holds, and what it pins. */
void smail__db_reset_all(struct smail__db *db);

/* False also when the database ended the transaction itself, on an error. */
bool smail__db_in_transaction(const struct smail__db *db);

/* The system refused a read, write or sync: close or reopen it. */
bool smail__db_is_broken(const struct smail__db *db);

/* There is no second connection to it: a database in memory. */
bool smail__db_is_shared(const struct smail__db *db);

/* 1: what is prepared from now on leaves the statements in use alone, until
 * the matching -1. For a shared connection that is lent a second time. */
void smail__db_nest(struct smail__db *db, int by);

/* Of the database file; NULL if there is none. */
const char *smail__db_path(const struct smail__db *db);

/* One process at a time, in the order they came; around BEGIN to COMMIT and
 * around a checkpoint. */
int smail__db_lock(struct smail__db *db, smail_error *err);
void smail__db_unlock(struct smail__db *db);

/* For a database without a file whose lock could tell: whether this connection
 * is the one whose process works behind deliveries. It stays so until the
 * connection ends. */
bool smail__db_claim(struct smail__db *db);

/* A new connection in place of a broken one; statements are gone. What the
 * log holds is first made safe, so that nothing new rests on it. */
int smail__db_reopen(struct smail__db *db, smail_error *err);

/* The log as of the last commit or checkpoint here, in pages: how long it
 * is, and how much of it is not yet in its place. */
struct smail__db_log {
    int64_t pages;
    int64_t waiting;
};
struct smail__db_log smail__db_log(const struct smail__db *db);

enum smail__checkpoint {
    SMAIL__CHECKPOINT_PASSIVE, /* as far as nobody is in the way */
    SMAIL__CHECKPOINT_RESTART, /* wait a moment for readers; reuse the log */
    SMAIL__CHECKPOINT_TRUNCATE /* and give its space back */
};

/* Move pages from the log to their place. SMAIL_EBUSY: not all of them. */
int smail__db_checkpoint(struct smail__db *db, enum smail__checkpoint how,
                         smail_error *err);

/* Every page and index, and rows that refer to rows: one line a fault. */
int smail__db_check(struct smail__db *db,
                    int (*each)(const char *text, void *user), void *user,
                    smail_error *err);

/* Copy the database as it is at one moment to the file `to`, whole and synced,
 * while others use it. What stood there is replaced. */
int smail__db_backup(struct smail__db *db, const char *to, smail_error *err);

/* Bytes of the database. */
int64_t smail__db_size(struct smail__db *db);

#endif
