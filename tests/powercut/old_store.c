/* SPDX-License-Identifier: MIT */
/* tests/powercut/old_store.c - a store as an earlier release left it. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/driver.h"
#include "db/sqlite.h"
#include "work.h"

static void exec(sqlite3 *handle, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(handle, sql, NULL, NULL, &error) == SQLITE_OK)
        return;
    fprintf(stderr, "old store: %s: %s\n", sql, error);
    abort();
}

/* The queue and the full text are made otherwise, or anew. */
static bool is_copied(const char *name)
{
    static const char *const others[] = { "queue_",     "attempt",
                                          "email_text", "schema_version",
                                          "sqlite_",    "setting" };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return false;
    return true;
}

/* The columns that the old table has, by name. */
static void copy_table(sqlite3 *handle, const char *name)
{
    sqlite3_stmt *row = NULL;
    char columns[2000] = "", sql[4600];
    size_t len = 0;

    snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%.60s')",
             name);
    need(sqlite3_prepare_v2(handle, sql, -1, &row, NULL) == SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW)
        len += (size_t)snprintf(columns + len, sizeof(columns) - len, "%s%s",
                                len > 0 ? ", " : "",
                                (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    snprintf(sql, sizeof(sql),
             "INSERT INTO main.%.60s (%s) SELECT %s FROM new.%.60s", name,
             columns, columns, name);
    exec(handle, sql);
}

static void copy_all(sqlite3 *handle)
{
    char names[100][64];
    sqlite3_stmt *row = NULL;
    int count = 0;

    need(sqlite3_prepare_v2(handle,
                            "SELECT name FROM main.sqlite_schema "
                            "WHERE type = 'table'",
                            -1, &row, NULL) == SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW && count < 100)
        snprintf(names[count++], sizeof(names[0]), "%s",
                 (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    for (int i = 0; i < count; i++)
        if (is_copied(names[i]))
            copy_table(handle, names[i]);
    exec(handle, "INSERT INTO main.setting SELECT * FROM new.setting");
    exec(handle, "DELETE FROM main.unindexed");
    exec(handle, "INSERT INTO main.unindexed (account, email) "
                 "SELECT account, id FROM main.email");
}

/* Rows of old releases held the bytes as they came. */
static void put_bytes(sqlite3 *handle, const struct work *work)
{
    for (int i = 0; i < WORK_MESSAGES; i++) {
        size_t size = work->messages[i].size;
        sqlite3_stmt *row = NULL;
        char *text, subject[20];

        if (size == 0 || size > SMAIL__SMALL_MAX)
            continue;
        text = work_message(work, i);
        snprintf(subject, sizeof(subject), "%d", i);
        need(sqlite3_prepare_v2(handle,
                                "UPDATE blob SET data = ?1 WHERE id IN "
                                "(SELECT blob FROM email WHERE "
                                "subject = CAST(?2 AS BLOB))",
                                -1, &row, NULL) == SQLITE_OK);
        sqlite3_bind_blob(row, 1, text, (int)size, SQLITE_STATIC);
        sqlite3_bind_text(row, 2, subject, -1, SQLITE_STATIC);
        need(sqlite3_step(row) == SQLITE_DONE);
        need(sqlite3_changes(handle) == 1);
        sqlite3_finalize(row);
        free(text);
    }
}

void old_store_make(const struct work *work, int version)
{
    struct sqlite_db db = { .base = { &smail__db_sqlite } };
    smail_error err = SMAIL_ERROR_INIT;
    char path[300], old[320], sql[400];

    snprintf(path, sizeof(path), "%s/mail.db", work->root);
    snprintf(old, sizeof(old), "%s.old", path);
    db.path = old;
    smail__sqlite_turn_init(&db.turn);
    need(sqlite3_open(old, &db.handle) == SQLITE_OK);
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d",
             SMAIL__SQLITE_APPLICATION_ID);
    exec(db.handle, sql);
    work_must(
        smail__db_migrate(&db.base, smail__migrations, (size_t)version, &err),
        &err);
    snprintf(sql, sizeof(sql), "ATTACH '%s' AS new", path);
    exec(db.handle, sql);
    copy_all(db.handle);
    put_bytes(db.handle, work);
    exec(db.handle, "DETACH new");
    exec(db.handle, "PRAGMA journal_mode = WAL");
    smail__sqlite_forget(&db);
    need(sqlite3_close(db.handle) == SQLITE_OK);
    smail__sqlite_remove(path);
    need(rename(old, path) == 0);
}
