/* SPDX-License-Identifier: MIT */
/*
 * db/sqlite_renew.c - the log after a sync of it failed.
 *
 * The system reports a page that it could not write once, and believes it to
 * be written from then on. The bytes are still there to be read, but the next
 * sync does not bring them to disk, and what is built on them, a checkpoint
 * that is cut in the middle, would be lost with them. So they are written once
 * more, each where it stands, and synced by another descriptor.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "db/sqlite.h"

#define PIECE (64 * 1024)

static int write_again(sqlite3_file *file, char *piece)
{
    sqlite3_int64 size, at = 0;
    int rc = file->pMethods->xFileSize(file, &size);

    while (rc == SQLITE_OK && at < size) {
        int len = size - at < PIECE ? (int)(size - at) : PIECE;

        rc = file->pMethods->xRead(file, piece, len, at);
        if (rc == SQLITE_OK)
            rc = file->pMethods->xWrite(file, piece, len, at);
        at += len;
    }
    if (rc == SQLITE_OK && size > 0)
        rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    return rc;
}

/* By SQLite's own calls, but not those of a connection: it would read the log
 * and might move it to its place. No lock is on this file. */
int smail__sqlite_renew_log(struct sqlite_db *db, smail_error *err)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    char *name = smail__sqlite_join(db->path, "-wal");
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    char *piece = malloc(PIECE);
    int rc = SQLITE_NOMEM, flags = 0, code = 0;

    if (name == NULL || file == NULL || piece == NULL)
        goto out;
    rc = SQLITE_OK;
    if (access(name, F_OK) != 0)
        goto out;
    rc = vfs->xOpen(vfs, name, file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL,
                    &flags);
    if (rc == SQLITE_OK)
        rc = write_again(file, piece);
    if (file->pMethods != NULL)
        file->pMethods->xClose(file);
out:
    if (rc != SQLITE_OK)
        code = smail__sqlite_fail(db, rc, "writing the log again,", err);
    free(piece);
    free(file);
    free(name);
    return code;
}
