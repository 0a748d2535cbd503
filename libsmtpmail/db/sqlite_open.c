/* SPDX-License-Identifier: MIT */
/*
 * db/sqlite_open.c - connections: create, open, upgrade, reopen, close.
 *
 * A new database is made whole under another name, synced and renamed, so
 * that a crash leaves either none or a complete one. Settings and why:
 *
 *   journal_mode=WAL, synchronous=FULL   a commit is one sync of the log
 *   wal_autocheckpoint=0                 checkpoints are the writer's, under
 *                                        its lock (sqlite_lock.c)
 *   NO_CKPT_ON_CLOSE                     nor does closing make one
 *   page_size=4096                       larger pages wrote two and three
 *                                        times as much, and were no faster
 *   foreign_keys=ON                      two look-ups in cached pages a
 *                                        message; dirties none
 *   secure_delete=FAST                   overwrites what it can without
 *                                        writing more pages; Debian's default
 *                                        ON would write every freed page
 *   mmap_size=0                          an I/O error must not be a signal
 *   temp_store=MEMORY                    savepoints need no files
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "db/sqlite.h"

static const char settings[] = "PRAGMA synchronous = FULL;"
                               "PRAGMA wal_autocheckpoint = 0;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA secure_delete = FAST;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA cache_size = -8192";

/* Each allocation took a lock that all threads share: a third of the waking
 * and sleeping of a server under load. */
void smail__sqlite_tune_process(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int committed(void *user, sqlite3 *handle, const char *name, int pages)
{
    struct sqlite_db *db = user;

    (void)handle;
    (void)name;
    if (pages < db->log_pages)
        db->log_placed = 0; /* the log began anew */
    db->log_pages = pages;
    return SQLITE_OK;
}

/* Who only reads writes no log, and who never syncs has to write at once. */
static const char *vfs_for(const struct sqlite_db *db)
{
    if (db->path == NULL ||
        (db->flags & (SMAIL__DB_READ_ONLY | SMAIL__DB_UNSAFE)) != 0)
        return NULL;
    return smail__sqlite_log_vfs();
}

static int connect_to(struct sqlite_db *db, const char *path, smail_error *err)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &db->handle, flags, vfs_for(db));

    if (rc != SQLITE_OK)
        return smail__sqlite_fail(db, rc, "opening", err);
    sqlite3_busy_timeout(db->handle, SMAIL__SQLITE_BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return smail__sqlite_exec(&db->base, settings, err);
}

static void disconnect(struct sqlite_db *db)
{
    smail__sqlite_forget(db);
    sqlite3_close(db->handle);
    db->handle = NULL;
}

/* What a connection needs beside the settings of all. */
static int set_up(struct sqlite_db *db, smail_error *err)
{
    int code = 0;

    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_hook(db->handle, committed, db);
    if (db->flags & SMAIL__DB_READ_ONLY)
        code = smail__sqlite_exec(
            &db->base, "PRAGMA query_only = ON; PRAGMA cache_size = -2048",
            err);
    if (code == 0 && (db->flags & SMAIL__DB_UNSAFE))
        code = smail__sqlite_exec(&db->base, "PRAGMA synchronous = OFF", err);
    return code;
}

static int make(struct sqlite_db *db, const char *path, smail_error *err)
{
    char first[128];
    int code = connect_to(db, path, err);

    smail__format(first, sizeof(first),
                  "PRAGMA page_size = 4096; PRAGMA application_id = %d",
                  SMAIL__SQLITE_APPLICATION_ID);
    if (code == 0)
        code = smail__sqlite_exec(&db->base, first, err);
    if (code == 0)
        code = smail__db_migrate(&db->base, smail__migrations,
                                 smail__migration_count, err);
    if (code == 0)
        code = smail__sqlite_exec(&db->base, "PRAGMA journal_mode = WAL", err);
    return code;
}

/* Under the lock: make the database, unless somebody else just did. */
static int create(struct sqlite_db *db, smail_error *err)
{
    enum sqlite_found found;
    char *name = NULL;
    int fd, code;

    code = smail__sqlite_probe(&found, db->path, err);
    if (code < 0 || found == SQLITE_FOUND_STORE)
        return code;
    name = smail__sqlite_join(db->path, ".new");
    if (name == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    smail__sqlite_remove(name);
    fd = smail__sqlite_open_private(name, err);
    if (fd < 0) {
        free(name);
        return SMAIL_EIO;
    }
    close(fd);
    code = make(db, name, err);
    disconnect(db);
    if (code == 0)
        code = smail__sqlite_sync_file(name, err);
    if (code == 0 && rename(name, db->path) != 0)
        code = smail__fail(err, SMAIL_EIO, "cannot create %s", db->path);
    if (code == 0)
        code = smail__sqlite_sync_parent(db->path, err);
    if (code < 0)
        smail__sqlite_remove(name);
    free(name);
    return code;
}

/* Under the lock: from `version` to ours, with a copy of what was. */
static int upgrade(struct sqlite_db *db, smail_error *err)
{
    int version, code = smail__db_version(&version, &db->base, err);
    char suffix[32];
    char *name;

    if (code < 0 || version >= (int)smail__migration_count)
        return code;
    smail__format(suffix, sizeof(suffix), ".backup-v%d", version);
    name = smail__sqlite_join(db->path, suffix);
    if (name == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = smail__sqlite_backup(db, name, err);
    free(name);
    if (code == 0)
        code = smail__db_migrate(&db->base, smail__migrations,
                                 smail__migration_count, err);
    return code;
}

static int check_version(struct sqlite_db *db, smail_error *err)
{
    int version, code = smail__db_version(&version, &db->base, err);
    int known = (int)smail__migration_count;

    if (code == 0 && version > known)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "%s has schema %d, this program knows %d and "
                           "older; it was left as it is; use a newer program",
                           db->path, version, known);
    if (code < 0 || version == known)
        return code;
    code = smail__sqlite_turn_take(&db->turn, err);
    if (code == 0)
        code = upgrade(db, err);
    smail__sqlite_turn_drop(&db->turn);
    return code;
}

static int open_writer(struct sqlite_db *db, smail_error *err)
{
    enum sqlite_found found;
    int code = smail__sqlite_probe(&found, db->path, err);

    if (code < 0)
        return code;
    if (found == SQLITE_FOUND_NOTHING && (db->flags & SMAIL__DB_MUST_EXIST))
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no store at %s",
                           db->path);
    code = smail__sqlite_turn_open(&db->turn, db->path, err);
    if (code == 0 && found == SQLITE_FOUND_NOTHING) {
        code = smail__sqlite_turn_take(&db->turn, err);
        if (code == 0)
            code = create(db, err);
        smail__sqlite_turn_drop(&db->turn);
    }
    if (code == 0)
        code = connect_to(db, db->path, err);
    if (code == 0)
        code = check_version(db, err);
    if (code == 0)
        code = set_up(db, err);
    return code;
}

static int open_memory(struct sqlite_db *db, smail_error *err)
{
    int code = connect_to(db, ":memory:", err);

    if (code == 0)
        code = smail__db_migrate(&db->base, smail__migrations,
                                 smail__migration_count, err);
    return code;
}

static int open_reader(struct sqlite_db *db, smail_error *err)
{
    int code = connect_to(db, db->path, err);

    return code == 0 ? set_up(db, err) : code;
}

void smail__sqlite_close(struct smail__db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;

    disconnect(db);
    smail__sqlite_turn_close(&db->turn);
    free(db->path);
    free(db);
}

/*
 * After a failed sync the log may hold pages that the system believes to be
 * on disk and that are not: it reports the failure once. Nothing may be
 * added behind them. So they are written again (sqlite_renew.c), then all of
 * the log goes to its place, and the log begins anew.
 */
int smail__sqlite_reopen(struct smail__db *base, smail_error *err)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    int code;

    disconnect(db);
    code = smail__sqlite_renew_log(db, err);
    if (code == 0)
        code = connect_to(db, db->path, err);
    if (code == 0)
        code = set_up(db, err);
    if (code == 0)
        code = check_version(db, err);
    if (code == 0)
        code = smail__sqlite_checkpoint(base, SMAIL__CHECKPOINT_TRUNCATE, err);
    db->broken = code < 0;
    return code;
}

/* By a connection of its own: those of readers may not write anywhere. */
int smail__sqlite_copy(struct smail__db *base, const char *to, smail_error *err)
{
    const struct sqlite_db *db = (struct sqlite_db *)base;
    struct sqlite_db own = { .base = { db->base.driver }, .path = db->path };
    int code;

    if (db->path == NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "a store in memory cannot be backed up");
    smail__sqlite_turn_init(&own.turn);
    code = connect_to(&own, own.path, err);
    if (code == 0)
        sqlite3_db_config(own.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                          NULL);
    if (code == 0)
        code = smail__sqlite_backup(&own, to, err);
    disconnect(&own);
    return code;
}

int smail__sqlite_open(struct smail__db **out, const char *location,
                       unsigned flags, smail_error *err)
{
    struct sqlite_db *db;
    int code;

    if (location[0] == '\0')
        return smail__fail(err, SMAIL_EINVAL,
                           "the store's URL names no file; use sqlite:PATH");
    db = calloc(1, sizeof(*db));
    if (db == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    db->base.driver = &smail__db_sqlite;
    db->flags = flags;
    smail__sqlite_turn_init(&db->turn);
    if (strcmp(location, ":memory:") == 0) {
        code = open_memory(db, err);
    } else if ((db->path = smail__strdup(location)) == NULL) {
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    } else if (flags & SMAIL__DB_READ_ONLY) {
        code = open_reader(db, err);
    } else {
        code = open_writer(db, err);
    }
    if (code < 0) {
        smail__sqlite_close(&db->base);
        return code;
    }
    *out = &db->base;
    return 0;
}
