/* SPDX-License-Identifier: MIT */
/* db/sqlite_error.c - SQLite's codes in ours. */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/format.h"
#include "db/sqlite.h"

static int constraint(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
        return SMAIL_EEXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return SMAIL_ESTATE;
    default:
        return SMAIL_EINVAL;
    }
}

/* SQLite forgets why a file could not be created: look for room, and for
 * inodes, which some filesystems count. */
static bool has_room(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    char folder[4096] = ".";
    struct statvfs info;

    if (slash != NULL)
        smail__format(folder, sizeof(folder), "%.*s/", (int)(slash - path),
                      path);
    if (path == NULL || statvfs(folder, &info) != 0)
        return true;
    return info.f_bavail > 0 && (info.f_files == 0 || info.f_favail > 0);
}

static bool is_full(struct sqlite_db *db, int rc)
{
    int os;

    if ((rc & 0xff) == SQLITE_FULL)
        return true;
    if ((rc & 0xff) != SQLITE_IOERR && (rc & 0xff) != SQLITE_CANTOPEN)
        return false;
    os = db->handle != NULL ? sqlite3_system_errno(db->handle) : errno;
    if (os == ENOSPC || os == EDQUOT)
        return true;
    return (rc & 0xff) == SQLITE_CANTOPEN && !has_room(db->path);
}

static int translate(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return SMAIL_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return SMAIL_ETEMP;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
        return SMAIL_ECORRUPT;
    case SQLITE_CONSTRAINT:
        return constraint(rc);
    case SQLITE_TOOBIG:
        return SMAIL_ELIMIT;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return SMAIL_EIO;
    default:
        return SMAIL_EINVAL;
    }
}

int smail__sqlite_fail(struct sqlite_db *db, int rc, const char *doing,
                       smail_error *err)
{
    const char *path = db->path != NULL ? db->path : ":memory:";
    const char *text =
        db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);

    if (is_full(db, rc))
        return smail__fail_os(err, SMAIL_ETEMP, rc,
                              "disk full while %s %s; make room on it", doing,
                              path);
    if ((rc & 0xff) == SQLITE_IOERR)
        db->broken = true;
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        return smail__fail_os(err, SMAIL_ETEMP, rc,
                              "another program holds %s locked", path);
    return smail__fail_os(err, translate(rc), rc, "%s %s: %s", doing, path,
                          text);
}
