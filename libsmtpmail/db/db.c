/* SPDX-License-Identifier: MIT */
/* db/db.c - hands every call to the driver that the URL named. */
#include "db/db.h"

#include <string.h>

#include "base/error.h"
#include "db/driver.h"

static const struct smail__db_driver *const drivers[] = { &smail__db_sqlite,
                                                          &smail__db_postgres };

void smail__db_close(struct smail__db *db)
{
    if (db != NULL)
        db->driver->close(db);
}

int smail__db_exec(struct smail__db *db, const char *sql, smail_error *err)
{
    return db->driver->exec(db, sql, err);
}

int smail__db_prepare(struct smail__statement **out, struct smail__db *db,
                      const char *sql, smail_error *err)
{
    return db->driver->prepare(out, db, sql, err);
}

int smail__db_run(struct smail__db *db, const char *sql, smail_error *err)
{
    struct smail__statement *statement;
    int code = smail__db_prepare(&statement, db, sql, err);

    return code < 0 ? code : smail__statement_run(statement, err);
}

void smail__bind_int(struct smail__statement *statement, int index,
                     int64_t value)
{
    statement->driver->bind_int(statement, index, value);
}

void smail__bind_text(struct smail__statement *statement, int index,
                      smail_span text)
{
    statement->driver->bind_text(statement, index, text);
}

void smail__bind_blob(struct smail__statement *statement, int index,
                      smail_span bytes)
{
    statement->driver->bind_blob(statement, index, bytes);
}

void smail__bind_null(struct smail__statement *statement, int index)
{
    statement->driver->bind_null(statement, index);
}

int smail__statement_step(struct smail__statement *statement, smail_error *err)
{
    return statement->driver->step(statement, err);
}

int smail__statement_run(struct smail__statement *statement, smail_error *err)
{
    int got;

    do {
        got = smail__statement_step(statement, err);
    } while (got > 0);
    return got;
}

void smail__statement_reset(struct smail__statement *statement)
{
    statement->driver->reset(statement);
}

int64_t smail__column_int(struct smail__statement *statement, int column)
{
    return statement->driver->column_int(statement, column);
}

smail_span smail__column_span(struct smail__statement *statement, int column)
{
    return statement->driver->column_span(statement, column);
}

bool smail__column_is_null(struct smail__statement *statement, int column)
{
    return statement->driver->column_is_null(statement, column);
}

int64_t smail__db_changes(const struct smail__db *db)
{
    return db->driver->changes(db);
}

int64_t smail__db_last_id(const struct smail__db *db)
{
    return db->driver->last_id(db);
}

void smail__db_reset_all(struct smail__db *db)
{
    db->driver->reset_all(db);
}

bool smail__db_in_transaction(const struct smail__db *db)
{
    return db->driver->in_transaction(db);
}

bool smail__db_is_broken(const struct smail__db *db)
{
    return db->driver->is_broken(db);
}

bool smail__db_is_shared(const struct smail__db *db)
{
    return db->driver->is_shared(db);
}

void smail__db_nest(struct smail__db *db, int by)
{
    db->driver->nest(db, by);
}

const char *smail__db_path(const struct smail__db *db)
{
    return db->driver->path(db);
}

int smail__db_lock(struct smail__db *db, smail_error *err)
{
    return db->driver->lock(db, err);
}

void smail__db_unlock(struct smail__db *db)
{
    db->driver->unlock(db);
}

bool smail__db_claim(struct smail__db *db)
{
    return db->driver->claim(db);
}

int smail__db_reopen(struct smail__db *db, smail_error *err)
{
    return db->driver->reopen(db, err);
}

struct smail__db_log smail__db_log(const struct smail__db *db)
{
    return db->driver->log(db);
}

int smail__db_checkpoint(struct smail__db *db, enum smail__checkpoint how,
                         smail_error *err)
{
    return db->driver->checkpoint(db, how, err);
}

int smail__db_check(struct smail__db *db,
                    int (*each)(const char *text, void *user), void *user,
                    smail_error *err)
{
    return db->driver->check(db, each, user, err);
}

int smail__db_backup(struct smail__db *db, const char *to, smail_error *err)
{
    return db->driver->backup(db, to, err);
}

int64_t smail__db_size(struct smail__db *db)
{
    return db->driver->size(db);
}

void smail__db_tune_process(void)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        drivers[i]->tune_process();
}

int smail__db_open(struct smail__db **out, const char *url, unsigned flags,
                   smail_error *err)
{
    size_t count = sizeof(drivers) / sizeof(drivers[0]);

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(drivers[i]->scheme);

        if (strncmp(url, drivers[i]->scheme, len) == 0)
            return drivers[i]->open(out, url + len, flags, err);
    }
    return smail__fail(err, SMAIL_EINVAL,
                       "'%s' is not the URL of a store; use sqlite:PATH or "
                       "postgresql://HOST/DATABASE",
                       url);
}
