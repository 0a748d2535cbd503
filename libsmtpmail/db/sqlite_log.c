/* SPDX-License-Identifier: MIT */
/*
 * db/sqlite_log.c - the log of a database, written in large pieces.
 *
 * SQLite writes each page of a commit to its log by two calls, of 24 and of
 * 4096 octets. They follow each other in the file, so they are gathered here
 * and written as one before the log is synced, read, measured or cut: that
 * took a fifth off the writer.
 *
 * It changes no promise. Nobody reads a page of the log before the index in
 * shared memory has it, and with synchronous=FULL that comes after the sync.
 * A write that fails does so at the sync, for all that was gathered, which
 * SQLite answers as it answers a failed write: the transaction is undone. So
 * it is for connections that sync each commit, and for no others.
 *
 * All else goes to the default VFS, whichever that is when a file is opened.
 */
#include <stdlib.h>
#include <string.h>

#include "db/sqlite.h"

/* 31 pages with what stands before each; more is written when it is full.
 * SQLite's own VFS takes less than 128 KiB in one call. */
#define GATHER_MAX ((size_t)31 * 4120)

/* What the default VFS may need for a file of its own, here and below. */
#define FILE_ROOM 1024

struct log_file {
    sqlite3_file base;
    char *gathered; /* allocated by the first write */
    size_t len;
    sqlite3_int64 at; /* where it goes */
    sqlite3_file *real;
};

static struct log_file *own(sqlite3_file *file)
{
    return (struct log_file *)file;
}

static int flush(struct log_file *file)
{
    size_t len = file->len;

    file->len = 0; /* written or lost: not again */
    if (len == 0)
        return SQLITE_OK;
    return file->real->pMethods->xWrite(file->real, file->gathered, (int)len,
                                        file->at);
}

static int log_write(sqlite3_file *base, const void *data, int len,
                     sqlite3_int64 at)
{
    struct log_file *file = own(base);
    size_t size = (size_t)len;
    int rc = SQLITE_OK;

    if (file->len > 0 && (at != file->at + (sqlite3_int64)file->len ||
                          size > GATHER_MAX - file->len))
        rc = flush(file);
    if (rc == SQLITE_OK && file->gathered == NULL)
        file->gathered = malloc(GATHER_MAX);
    if (rc != SQLITE_OK)
        return rc;
    if (file->gathered == NULL || size > GATHER_MAX)
        return file->real->pMethods->xWrite(file->real, data, len, at);
    if (file->len == 0)
        file->at = at;
    memcpy(file->gathered + file->len, data, size);
    file->len += size;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *base, void *data, int len, sqlite3_int64 at)
{
    struct log_file *file = own(base);
    int rc = flush(file);

    if (rc != SQLITE_OK)
        return rc;
    return file->real->pMethods->xRead(file->real, data, len, at);
}

static int log_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct log_file *file = own(base);
    int rc = flush(file);

    if (rc != SQLITE_OK)
        return rc;
    return file->real->pMethods->xTruncate(file->real, size);
}

static int log_sync(sqlite3_file *base, int flags)
{
    struct log_file *file = own(base);
    int rc = flush(file);

    if (rc != SQLITE_OK)
        return rc;
    return file->real->pMethods->xSync(file->real, flags);
}

static int log_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct log_file *file = own(base);
    int rc = flush(file);

    if (rc != SQLITE_OK)
        return rc;
    return file->real->pMethods->xFileSize(file->real, size);
}

/* What waits belongs to no commit: each ended with a sync. */
static int log_close(sqlite3_file *base)
{
    struct log_file *file = own(base);

    free(file->gathered);
    file->gathered = NULL;
    return file->real->pMethods->xClose(file->real);
}

static int log_lock(sqlite3_file *file, int level)
{
    return own(file)->real->pMethods->xLock(own(file)->real, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    return own(file)->real->pMethods->xUnlock(own(file)->real, level);
}

static int log_check(sqlite3_file *file, int *out)
{
    return own(file)->real->pMethods->xCheckReservedLock(own(file)->real, out);
}

static int log_control(sqlite3_file *file, int op, void *arg)
{
    return own(file)->real->pMethods->xFileControl(own(file)->real, op, arg);
}

static int log_sector(sqlite3_file *file)
{
    return own(file)->real->pMethods->xSectorSize(own(file)->real);
}

static int log_device(sqlite3_file *file)
{
    return own(file)->real->pMethods->xDeviceCharacteristics(own(file)->real);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

/* --- The VFS ------------------------------------------------------------- */

static sqlite3_vfs *below(void)
{
    return sqlite3_vfs_find(NULL);
}

static int open_log(sqlite3_vfs *real, const char *name, struct log_file *file,
                    int flags, int *out_flags)
{
    int rc;

    memset(file, 0, sizeof(*file));
    file->real = (sqlite3_file *)(file + 1);
    rc = real->xOpen(real, name, file->real, flags, out_flags);
    if (file->real->pMethods != NULL)
        file->base.pMethods = &log_methods;
    return rc;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                    int flags, int *out_flags)
{
    sqlite3_vfs *real = below();

    file->pMethods = NULL;
    if (real->szOsFile > FILE_ROOM - (int)sizeof(struct log_file))
        return SQLITE_CANTOPEN;
    (void)vfs;
    if (flags & SQLITE_OPEN_WAL)
        return open_log(real, name, own(file), flags, out_flags);
    return real->xOpen(real, name, file, flags, out_flags);
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return below()->xDelete(below(), name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    return below()->xAccess(below(), name, flags, out);
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    (void)vfs;
    return below()->xFullPathname(below(), name, room, out);
}

static int vfs_error(sqlite3_vfs *vfs, int room, char *out)
{
    (void)vfs;
    return below()->xGetLastError(below(), room, out);
}

static sqlite3_vfs *make(void)
{
    sqlite3_vfs *vfs = malloc(sizeof(*vfs));

    if (vfs == NULL || below() == NULL) {
        free(vfs);
        return NULL;
    }
    *vfs = *below(); /* randomness, sleep, time and the like */
    vfs->szOsFile = FILE_ROOM;
    vfs->pNext = NULL;
    vfs->zName = SMAIL__SQLITE_LOG_VFS;
    vfs->xOpen = vfs_open;
    vfs->xDelete = vfs_delete;
    vfs->xAccess = vfs_access;
    vfs->xFullPathname = vfs_path;
    vfs->xGetLastError = vfs_error;
    return vfs;
}

/* Once in a process, whoever comes first. */
const char *smail__sqlite_log_vfs(void)
{
    const char *name = SMAIL__SQLITE_LOG_VFS;
    sqlite3_mutex *mutex;
    sqlite3_vfs *vfs;

    if (sqlite3_initialize() != SQLITE_OK)
        return NULL;
    mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_APP1);
    sqlite3_mutex_enter(mutex);
    if (sqlite3_vfs_find(name) == NULL) {
        vfs = make();
        if (vfs == NULL || sqlite3_vfs_register(vfs, 0) != SQLITE_OK) {
            free(vfs);
            name = NULL;
        }
    }
    sqlite3_mutex_leave(mutex);
    return name;
}
