/* SPDX-License-Identifier: MIT */
/*
 * store/backup.c - a second store that is the first one at some moment, and
 * the way back.
 *
 * The order makes every cut harmless: files first, those of the new snapshot
 * beside those of the last; then the database by one rename; then what only
 * the last one named goes. While files are copied the sweeper of the store
 * leaves them alone, for a time that is put off again and again, so that a
 * backup which died holds nothing for long.
 */
#include "store/backup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"

#define HOLD_SECONDS 600
#define HOLD_AGAIN_SECONDS 60
#define PATH_ROOM ((size_t)64 * 1024)

struct backup {
    smail_store *store; /* NULL: a restore, nothing holds files there */
    const struct smail__files *files; /* NULL: the system's */
    int64_t held_at;
    struct smail__db *snapshot;
    struct smail__blobs to;
    bool has_blobs;
    char *path;    /* where the database goes */
    char *waiting; /* where it stands until all is there */
    struct smail__copying copying;
};

/* --- Holding files -------------------------------------------------------- */

struct hold {
    int64_t until;
};

static int hold_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO setting (name, value) VALUES ('files_held_until', $1) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    const struct hold *hold = arg;
    struct smail__statement *row;
    char text[24];
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__format(text, sizeof(text), "%lld", (long long)hold->until);
    smail__bind_text(row, 1, smail__span(text));
    return smail__statement_run(row, err);
}

static int hold(smail_store *store, int64_t seconds, smail_error *err)
{
    struct hold hold = { smail__store_now(store) + seconds };

    return smail__store_write(store, hold_job, &hold, err);
}

static int keep_holding(void *user, smail_error *err)
{
    struct backup *backup = user;
    int64_t now = (int64_t)time(NULL);

    if (backup->store == NULL || now < backup->held_at + HOLD_AGAIN_SECONDS)
        return 0;
    backup->held_at = now;
    return hold(backup->store, HOLD_SECONDS, err);
}

/* --- Both ways ------------------------------------------------------------ */

static char *join(const char *path, const char *name)
{
    struct smail__buf text;

    smail__buf_init(&text, PATH_ROOM, NULL);
    smail__buf_printf(&text, "%s%s", path, name);
    if (smail__buf_error(&text) != 0) {
        smail__buf_dispose(&text);
        return NULL;
    }
    return text.data;
}

static int open_snapshot(struct backup *backup, const char *path,
                         smail_error *err)
{
    char *url = join("sqlite:", path);
    int code;

    if (url == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = smail__db_open(&backup->snapshot, url,
                          SMAIL__DB_READ_ONLY | SMAIL__DB_MUST_EXIST, err);
    free(url);
    return code;
}

/* The folder of files at the target, for the store that the snapshot is. */
static int claim(struct backup *backup, smail_error *err)
{
    static const char sql[] =
        "SELECT value FROM setting WHERE name = 'store_id'";
    char id[SMAIL__STORE_ID_LEN + 1] = "";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, backup->snapshot, sql, err);

    if (code == 0)
        code = smail__statement_step(row, err);
    if (code > 0) {
        smail_span value = smail__column_span(row, 0);

        if (value.len == SMAIL__STORE_ID_LEN)
            memcpy(id, value.data, value.len);
        smail__statement_reset(row);
    }
    if (code >= 0 && id[0] == '\0')
        return smail__fail(err, SMAIL_ECORRUPT, "the snapshot has no id");
    if (code >= 0)
        code = smail__blobs_open(&backup->to, backup->path, backup->files, err);
    backup->has_blobs = code == 0;
    if (code == 0)
        code = smail__blobs_claim(&backup->to, id, true, err);
    return code < 0 ? code : 0;
}

static int report_line(const char *text, void *user)
{
    struct smail__copying *copying = user;

    copying->result->damaged++;
    if (copying->finding != NULL)
        copying->finding(text, copying->finding_user);
    return 0;
}

/* No log of a reader may stay beside a file that is renamed. */
static void remove_log(const char *path)
{
    static const char *const suffixes[] = { "-wal", "-shm" };

    for (size_t i = 0; i < 2; i++) {
        char *name = join(path, suffixes[i]);

        if (name != NULL)
            (void)unlink(name);
        free(name);
    }
}

/* With the snapshot open: its pages, its files. */
static int carry(struct backup *backup, smail_error *err)
{
    struct smail__copying *copying = &backup->copying;
    int code = claim(backup, err);

    copying->to = &backup->to;
    copying->names = backup->snapshot;
    if (code == 0)
        code = smail__db_check(backup->snapshot, report_line, copying, err);
    if (code == 0)
        code = smail__copy_files(copying, err);
    return code;
}

/* The database appears; then what only the last one named goes. */
static int settle(struct backup *backup, smail_error *err)
{
    const struct smail__files *files = backup->to.files;
    char *folder;
    int rc;

    smail__db_close(backup->snapshot);
    backup->snapshot = NULL;
    remove_log(backup->waiting);
    remove_log(backup->path);
    folder = join(backup->path, "");
    if (folder == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (strrchr(folder, '/') != NULL)
        strrchr(folder, '/')[1] = '\0';
    else
        smail__format(folder, 2, ".");
    rc = files->rename(backup->waiting, backup->path, files->user);
    if (rc == 0)
        rc = files->sync_folder(folder, files->user);
    free(folder);
    if (rc < 0)
        return smail__fail_os(err, SMAIL_EIO, -rc, "cannot name %s: %s",
                              backup->path, strerror(-rc));
    rc = open_snapshot(backup, backup->path, err);
    backup->copying.names = backup->snapshot;
    if (rc == 0)
        rc = smail__remove_unnamed(&backup->copying, err);
    return rc;
}

static void dispose(struct backup *backup)
{
    if (backup->snapshot != NULL) {
        smail__db_close(backup->snapshot);
        remove_log(backup->path);
    }
    if (backup->waiting != NULL) {
        (void)unlink(backup->waiting);
        remove_log(backup->waiting);
    }
    if (backup->has_blobs)
        smail__blobs_close(&backup->to);
    free(backup->path);
    free(backup->waiting);
}

static int name(struct backup *backup, const char *path, smail_error *err)
{
    backup->path = join(path, "");
    backup->waiting = join(path, ".waiting");
    if (backup->path == NULL || backup->waiting == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return 0;
}

static int conclude(const smail_backup *result, int code, smail_error *err)
{
    if (code == 0 && result->damaged > 0)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "%llu faults; all that is whole was copied",
                           (unsigned long long)result->damaged);
    return code;
}

/* --- Backup --------------------------------------------------------------- */

/* Its own name is part of the backup: who made it may not have synced it. */
static int make_folder(const struct smail__files *files, const char *path,
                       smail_error *err)
{
    char *parent = join(path, "/..");
    int rc;

    if (parent == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    rc = files->make_folder(path, files->user);
    if (rc == 0 || rc == -EEXIST)
        rc = files->sync_folder(parent, files->user);
    free(parent);
    if (rc == 0)
        return 0;
    return smail__fail_os(err, SMAIL_EIO, -rc, "cannot create %s: %s", path,
                          strerror(-rc));
}

static int take_snapshot(struct backup *backup, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, backup->store, err);

    if (code < 0)
        return code;
    code = smail__db_backup(db, backup->waiting, err);
    smail__store_end_read(backup->store, db);
    return code == 0 ? open_snapshot(backup, backup->waiting, err) : code;
}

int smail_store_backup(smail_backup *out, smail_store *store,
                       const char *folder,
                       void (*finding)(const char *text, void *user),
                       void *user, smail_error *err)
{
    smail_backup result = SMAIL_BACKUP_INIT;
    struct backup backup = { .store = store, .files = store->blobs.files };
    char *path = join(folder, "/mail.db");
    int code = path != NULL ? make_folder(backup.files, folder, err)
                            : smail__fail(err, SMAIL_ENOMEM, "out of memory");

    if (code == 0)
        code = name(&backup, path, err);
    free(path);
    backup.held_at = (int64_t)time(NULL);
    backup.copying = (struct smail__copying){ .from = &store->blobs,
                                              .each = keep_holding,
                                              .user = &backup,
                                              .finding = finding,
                                              .finding_user = user,
                                              .result = &result };
    if (code == 0)
        code = hold(store, HOLD_SECONDS, err);
    if (code == 0) {
        code = take_snapshot(&backup, err);
        if (code == 0)
            code = carry(&backup, err);
        if (code == 0)
            code = settle(&backup, err);
        (void)hold(store, 0, NULL);
    }
    dispose(&backup);
    memcpy(out, &result,
           out->size < sizeof(result) ? out->size : sizeof(result));
    return conclude(&result, code, err);
}

/* --- Restore -------------------------------------------------------------- */

static int check_target(const char *path, smail_error *err)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return 0;
    return smail__fail(err, SMAIL_EEXISTS,
                       "%s is there already; move it away first", path);
}

static int restore(struct backup *backup, const char *from, smail_error *err)
{
    struct smail__blobs files;
    int code = open_snapshot(backup, from, err);

    if (code < 0)
        return code;
    code = smail__db_backup(backup->snapshot, backup->waiting, err);
    smail__db_close(backup->snapshot);
    backup->snapshot = NULL;
    if (code == 0)
        code = open_snapshot(backup, backup->waiting, err);
    if (code == 0)
        code = smail__blobs_open(&files, from, NULL, err);
    if (code < 0)
        return code;
    backup->copying.from = &files;
    code = carry(backup, err);
    if (code == 0)
        code = settle(backup, err);
    smail__blobs_close(&files);
    return code;
}

int smail_store_restore(smail_backup *out, const char *url, const char *folder,
                        void (*finding)(const char *text, void *user),
                        void *user, smail_error *err)
{
    smail_backup result = SMAIL_BACKUP_INIT;
    struct backup backup = { .store = NULL };
    const char *path = url + strlen("sqlite:");
    char *from = join(folder, "/mail.db");
    int code = 0;

    if (from == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (strncmp(url, "sqlite:", strlen("sqlite:")) != 0 || path[0] == ':')
        code =
            smail__fail(err, SMAIL_EINVAL,
                        "a backup is restored to sqlite:PATH, not '%s'", url);
    if (code == 0 && access(from, R_OK) != 0)
        code = smail__fail_os(err, SMAIL_ENOTFOUND, errno,
                              "there is no backup in %s", folder);
    if (code == 0)
        code = check_target(path, err);
    if (code == 0)
        code = name(&backup, path, err);
    backup.copying = (struct smail__copying){ .finding = finding,
                                              .finding_user = user,
                                              .result = &result };
    if (code == 0)
        code = restore(&backup, from, err);
    free(from);
    dispose(&backup);
    memcpy(out, &result,
           out->size < sizeof(result) ? out->size : sizeof(result));
    return conclude(&result, code, err);
}
