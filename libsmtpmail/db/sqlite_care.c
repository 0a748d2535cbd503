/* SPDX-License-Identifier: MIT */
/* db/sqlite_care.c - checkpoint, backup, check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "db/sqlite.h"

/* How long a checkpoint that wants the whole log waits for readers, while
 * nobody can commit. */
#define READER_PATIENCE_MS 20

/* Lines of an integrity check; behind a hundred the picture is clear. */
#define FINDINGS_MAX 100

int smail__sqlite_checkpoint(struct smail__db *base, enum smail__checkpoint how,
                             smail_error *err)
{
    static const int modes[] = {
        [SMAIL__CHECKPOINT_PASSIVE] = SQLITE_CHECKPOINT_PASSIVE,
        [SMAIL__CHECKPOINT_RESTART] = SQLITE_CHECKPOINT_RESTART,
        [SMAIL__CHECKPOINT_TRUNCATE] = SQLITE_CHECKPOINT_TRUNCATE,
    };
    struct sqlite_db *db = (struct sqlite_db *)base;
    int pages = 0, placed = 0, rc;

    if (db->path == NULL)
        return 0;
    sqlite3_busy_timeout(db->handle, READER_PATIENCE_MS);
    rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, modes[how], &pages,
                                   &placed);
    sqlite3_busy_timeout(db->handle, SMAIL__SQLITE_BUSY_MS);
    if (pages >= 0 && placed >= 0) {
        db->log_pages = pages;
        db->log_placed = placed;
    }
    if ((rc & 0xff) == SQLITE_BUSY || (rc == SQLITE_OK && placed < pages))
        return smail__fail(err, SMAIL_EBUSY,
                           "a reader is in the way of the "
                           "checkpoint");
    if (rc != SQLITE_OK)
        return smail__sqlite_fail(db, rc, "checkpointing", err);
    return 0;
}

/* The copy is a store like any other: with a log, which is not there yet. */
static int set_log_mode(const char *path)
{
    sqlite3 *handle = NULL;
    int rc = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL);

    if (rc == SQLITE_OK)
        rc =
            sqlite3_exec(handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    sqlite3_close(handle);
    return rc;
}

/* VACUUM INTO a name of its own first: what stands under the final name is
 * always whole. SQLite does not sync what it writes there. */
int smail__sqlite_backup(struct sqlite_db *db, const char *to, smail_error *err)
{
    char *name = smail__sqlite_join(to, ".new");
    sqlite3_stmt *statement = NULL;
    int rc, code = 0;

    if (name == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    smail__sqlite_remove(name);
    rc = sqlite3_prepare_v2(db->handle, "VACUUM INTO ?1", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        code = smail__sqlite_fail(db, rc, "backing up", err);
    if (code == 0 && (rc = set_log_mode(name)) != SQLITE_OK)
        code = smail__fail_os(err, SMAIL_EIO, rc, "cannot finish %s: %s", name,
                              sqlite3_errstr(rc));
    if (code == 0)
        code = smail__sqlite_sync_file(name, err);
    if (code == 0 && rename(name, to) != 0)
        code = smail__fail(err, SMAIL_EIO, "cannot name the backup %s", to);
    if (code == 0)
        code = smail__sqlite_sync_parent(to, err);
    if (code < 0)
        smail__sqlite_remove(name);
    free(name);
    return code;
}

static int each_row(struct sqlite_db *db, const char *sql, bool relations,
                    int (*each)(const char *text, void *user), void *user,
                    smail_error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    int told = 0, stop = 0;

    while (rc == SQLITE_OK && stop == 0 && told < FINDINGS_MAX) {
        const char *first, *third;
        char line[200];

        rc = sqlite3_step(statement);
        if (rc != SQLITE_ROW)
            break;
        rc = SQLITE_OK;
        first = (const char *)sqlite3_column_text(statement, 0);
        if (!relations && strcmp(first, "ok") == 0)
            continue;
        third =
            relations ? (const char *)sqlite3_column_text(statement, 2) : "";
        smail__format(line, sizeof(line),
                      relations ? "a row of %s refers to a row of %s that is "
                                  "not there"
                                : "database: %s%s",
                      first, third);
        stop = each(line, user);
        told++;
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        int code = smail__sqlite_fail(db, rc, "checking", err);

        sqlite3_finalize(statement);
        return code;
    }
    sqlite3_finalize(statement);
    return stop;
}

int smail__sqlite_check(struct smail__db *base,
                        int (*each)(const char *text, void *user), void *user,
                        smail_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    int code = each_row(db, "PRAGMA integrity_check", false, each, user, err);

    if (code != 0)
        return code;
    return each_row(db, "PRAGMA foreign_key_check", true, each, user, err);
}

static int64_t pragma(struct sqlite_db *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = 0;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

int64_t smail__sqlite_size(struct smail__db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;

    return pragma(db, "PRAGMA page_count") * pragma(db, "PRAGMA page_size");
}
