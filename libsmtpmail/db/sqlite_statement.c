/* SPDX-License-Identifier: MIT */
/* db/sqlite_statement.c - statements, prepared once, and the driver's table. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "db/sqlite.h"

#define CACHE_START 64

static struct sqlite_statement *own(struct smail__statement *statement)
{
    return (struct sqlite_statement *)statement;
}

static size_t slot(const struct sqlite_db *db, const char *sql, int level)
{
    uint64_t key = (uint64_t)(uintptr_t)sql + (uint64_t)level;

    key *= 0x9e3779b97f4a7c15u;
    return (size_t)(key >> 32) & (db->cache_room - 1);
}

static struct sqlite_statement **find(const struct sqlite_db *db,
                                      const char *sql, int level)
{
    size_t at = slot(db, sql, level);

    while (db->cache[at] != NULL &&
           (db->cache[at]->sql != sql || db->cache[at]->level != level))
        at = (at + 1) & (db->cache_room - 1);
    return &db->cache[at];
}

static int grow(struct sqlite_db *db)
{
    struct sqlite_statement **old = db->cache;
    size_t room = db->cache_room;

    if (db->cached * 2 < room)
        return 0;
    db->cache_room = room == 0 ? CACHE_START : room * 2;
    db->cache = calloc(db->cache_room, sizeof(struct sqlite_statement *));
    if (db->cache == NULL) {
        db->cache = old;
        db->cache_room = room;
        return SMAIL_ENOMEM;
    }
    for (size_t i = 0; i < room; i++)
        if (old[i] != NULL)
            *find(db, old[i]->sql, old[i]->level) = old[i];
    free(old);
    return 0;
}

int smail__sqlite_prepare(struct smail__statement **out, struct smail__db *base,
                          const char *sql, smail_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    struct sqlite_statement **place, *statement;
    int rc;

    if (grow(db) < 0)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    place = find(db, sql, db->level);
    if (*place != NULL) {
        statement = *place;
        sqlite3_reset(statement->handle);
        sqlite3_clear_bindings(statement->handle);
        statement->bind_error = SQLITE_OK;
        *out = &statement->base;
        return 0;
    }
    statement = calloc(1, sizeof(*statement));
    if (statement == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                            &statement->handle, NULL);
    if (rc != SQLITE_OK) {
        free(statement);
        return smail__sqlite_fail(db, rc, "asking", err);
    }
    statement->base.driver = base->driver;
    statement->db = db;
    statement->sql = sql;
    statement->level = db->level;
    *place = statement;
    db->cached++;
    *out = &statement->base;
    return 0;
}

/* Finalize all statements, before the connection closes. */
void smail__sqlite_forget(struct sqlite_db *db)
{
    for (size_t i = 0; i < db->cache_room; i++) {
        if (db->cache[i] == NULL)
            continue;
        sqlite3_finalize(db->cache[i]->handle);
        free(db->cache[i]);
    }
    free(db->cache);
    db->cache = NULL;
    db->cached = 0;
    db->cache_room = 0;
}

int smail__sqlite_exec(struct smail__db *base, const char *sql,
                       smail_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        return smail__sqlite_fail(db, rc, "changing", err);
    return 0;
}

int smail__sqlite_step(struct smail__statement *base, smail_error *err)
{
    struct sqlite_statement *statement = own(base);
    int rc = statement->bind_error;
    int code;

    if (rc != SQLITE_OK) {
        sqlite3_reset(statement->handle);
        return smail__fail_os(err, SMAIL_EINVAL, rc, "cannot bind: %s",
                              sqlite3_errstr(rc));
    }
    rc = sqlite3_step(statement->handle);
    if (rc == SQLITE_ROW)
        return 1;
    code = 0;
    if (rc != SQLITE_DONE)
        code = smail__sqlite_fail(
            statement->db, rc,
            statement->db->flags & SMAIL__DB_READ_ONLY ? "reading" : "writing",
            err);
    sqlite3_reset(statement->handle);
    return code;
}

static void note(struct sqlite_statement *statement, int rc)
{
    if (rc != SQLITE_OK && statement->bind_error == SQLITE_OK)
        statement->bind_error = rc;
}

static void bind_int(struct smail__statement *statement, int index,
                     int64_t value)
{
    note(own(statement),
         sqlite3_bind_int64(own(statement)->handle, index, value));
}

/* A span of nothing is an empty value, not NULL. */
static const char *bytes_of(smail_span span)
{
    return span.data != NULL ? span.data : "";
}

static void bind_text(struct smail__statement *statement, int index,
                      smail_span text)
{
    note(own(statement),
         sqlite3_bind_text64(own(statement)->handle, index, bytes_of(text),
                             text.len, SQLITE_STATIC, SQLITE_UTF8));
}

static void bind_blob(struct smail__statement *statement, int index,
                      smail_span bytes)
{
    note(own(statement),
         sqlite3_bind_blob64(own(statement)->handle, index, bytes_of(bytes),
                             bytes.len, SQLITE_STATIC));
}

static void bind_null(struct smail__statement *statement, int index)
{
    note(own(statement), sqlite3_bind_null(own(statement)->handle, index));
}

static void reset(struct smail__statement *statement)
{
    sqlite3_reset(own(statement)->handle);
}

static int64_t column_int(struct smail__statement *statement, int column)
{
    return sqlite3_column_int64(own(statement)->handle, column);
}

static smail_span column_span(struct smail__statement *statement, int column)
{
    sqlite3_stmt *handle = own(statement)->handle;
    smail_span span = { NULL, 0 };

    if (sqlite3_column_type(handle, column) == SQLITE_NULL)
        return span;
    span.data = sqlite3_column_blob(handle, column);
    span.len = (size_t)sqlite3_column_bytes(handle, column);
    if (span.data == NULL)
        span.data = ""; /* no bytes, but a value */
    return span;
}

static bool column_is_null(struct smail__statement *statement, int column)
{
    return sqlite3_column_type(own(statement)->handle, column) == SQLITE_NULL;
}

static int64_t changes(const struct smail__db *db)
{
    return sqlite3_changes64(((const struct sqlite_db *)db)->handle);
}

static int64_t last_id(const struct smail__db *db)
{
    return sqlite3_last_insert_rowid(((const struct sqlite_db *)db)->handle);
}

static void reset_all(struct smail__db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    sqlite3_stmt *handle = NULL;

    while ((handle = sqlite3_next_stmt(db->handle, handle)) != NULL)
        if (sqlite3_stmt_busy(handle))
            sqlite3_reset(handle);
}

static bool in_transaction(const struct smail__db *db)
{
    return !sqlite3_get_autocommit(((const struct sqlite_db *)db)->handle);
}

static bool is_broken(const struct smail__db *db)
{
    return ((const struct sqlite_db *)db)->broken;
}

static bool is_shared(const struct smail__db *db)
{
    return ((const struct sqlite_db *)db)->path == NULL;
}

static void nest(struct smail__db *db, int by)
{
    ((struct sqlite_db *)db)->level += by;
}

static const char *path(const struct smail__db *db)
{
    return ((const struct sqlite_db *)db)->path;
}

static int lock(struct smail__db *db, smail_error *err)
{
    return smail__sqlite_turn_take(&((struct sqlite_db *)db)->turn, err);
}

static void unlock(struct smail__db *db)
{
    smail__sqlite_turn_drop(&((struct sqlite_db *)db)->turn);
}

/* A database in memory is its process's own. */
static bool claim(struct smail__db *db)
{
    return is_shared(db);
}

static struct smail__db_log log_of(const struct smail__db *base)
{
    const struct sqlite_db *db = (const struct sqlite_db *)base;

    return (struct smail__db_log){ db->log_pages,
                                   db->log_pages - db->log_placed };
}

static const char *own_sql(const struct smail__migration *step)
{
    return step->sqlite;
}

static const struct smail__db_word words[] = {
    { "ID", "INTEGER" },
    { "INT", "INTEGER" },
    { "BLOB", "BLOB" },
    { "TEXT", "TEXT" },
    { "CLUSTERED", "WITHOUT ROWID" },
    { "NEVER_REUSED", "AUTOINCREMENT" },
    { NULL, NULL },
};

const struct smail__db_driver smail__db_sqlite = {
    .scheme = "sqlite:",
    .words = words,
    .own_sql = own_sql,
    .tune_process = smail__sqlite_tune_process,
    .open = smail__sqlite_open,
    .close = smail__sqlite_close,
    .exec = smail__sqlite_exec,
    .prepare = smail__sqlite_prepare,
    .bind_int = bind_int,
    .bind_text = bind_text,
    .bind_blob = bind_blob,
    .bind_null = bind_null,
    .step = smail__sqlite_step,
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
    .reopen = smail__sqlite_reopen,
    .log = log_of,
    .checkpoint = smail__sqlite_checkpoint,
    .check = smail__sqlite_check,
    .backup = smail__sqlite_copy,
    .size = smail__sqlite_size,
};
