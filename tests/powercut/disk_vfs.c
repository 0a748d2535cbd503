/* SPDX-License-Identifier: MIT */
/* tests/powercut/disk_vfs.c - SQLite's own VFS, every change logged. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "disk.h"

struct file {
    sqlite3_file base;
    struct disk *disk;
    int inode;      /* -1: not on the disk */
    bool names_too; /* the first sync also syncs the folder */
    bool lost;      /* a sync of it failed */
    char folder[64];
    sqlite3_file *real;
};

static struct file *own(sqlite3_file *file)
{
    return (struct file *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
    return own(file)->real;
}

static bool is_logged(struct file *file)
{
    return file->inode >= 0 && file->disk->recording;
}

static int x_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int x_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
    return real(file)->pMethods->xRead(real(file), data, len, at);
}

/* As SQLite's own VFS tells it. */
static int refused(struct file *file)
{
    int fault = 0;

    pthread_mutex_lock(&file->disk->mutex);
    if (is_logged(file))
        fault = disk_fault(file->disk);
    pthread_mutex_unlock(&file->disk->mutex);
    if (fault == 0)
        return SQLITE_OK;
    return fault == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int x_write(sqlite3_file *base, const void *data, int len,
                   sqlite3_int64 at)
{
    struct file *file = own(base);
    int rc = refused(file);

    if (rc != SQLITE_OK)
        return rc;
    if (file->inode >= 0 && file->disk->full)
        return SQLITE_FULL;
    if (file->inode >= 0 && file->disk->refusing)
        return SQLITE_IOERR_WRITE;
    rc = real(base)->pMethods->xWrite(real(base), data, len, at);
    pthread_mutex_lock(&file->disk->mutex);
    if (rc == SQLITE_OK && is_logged(file))
        disk_add_write(file->disk, file->inode, data, (size_t)len,
                       (uint64_t)at);
    pthread_mutex_unlock(&file->disk->mutex);
    return rc;
}

static int x_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = own(base);
    int rc = real(base)->pMethods->xTruncate(real(base), size);

    pthread_mutex_lock(&file->disk->mutex);
    if (rc == SQLITE_OK && is_logged(file)) {
        struct disk_op *op = disk_add(file->disk, DISK_OP_TRUNCATE);

        op->inode = file->inode;
        op->offset = (uint64_t)size;
    }
    pthread_mutex_unlock(&file->disk->mutex);
    return rc;
}

static int x_sync(sqlite3_file *base, int flags)
{
    struct file *file = own(base);
    int rc = 0;

    (void)flags;
    pthread_mutex_lock(&file->disk->mutex);
    if (is_logged(file)) {
        file->disk->again += file->lost;
        rc = disk_add_sync(file->disk, file->inode);
        file->lost = rc < 0;
        if (rc == 0 && file->names_too)
            disk_add_sync_folder(file->disk, file->folder, DISK_LOG_NAME);
        file->names_too = false;
    }
    pthread_mutex_unlock(&file->disk->mutex);
    return rc < 0 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int x_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int x_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int x_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int x_check_reserved(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int x_file_control(sqlite3_file *file, int op, void *arg)
{
    return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int x_sector_size(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int x_device(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int x_shm_map(sqlite3_file *file, int page, int size, int extend,
                     void volatile **out)
{
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

static int x_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void x_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int x_shm_unmap(sqlite3_file *file, int unlink)
{
    return real(file)->pMethods->xShmUnmap(real(file), unlink);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_device,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

/* --- The VFS ------------------------------------------------------------- */

/* Tests have one disk at a time. */
static sqlite3_vfs shim;
static sqlite3_vfs *below;

#define MAY_BE_NEW \
    (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)

/* Of a path below the root. */
static void folder_of(char out[64], const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    need(len < 64);
    memcpy(out, path, len);
    out[len] = '\0';
}

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base,
                  int flags, int *out_flags)
{
    struct file *file = own(base);
    struct disk *disk = vfs->pAppData;
    const char *path = disk_below(disk, name);
    int rc;

    memset(file, 0, sizeof(*file));
    file->disk = disk;
    file->inode = -1;
    file->real = (sqlite3_file *)&file[1];
    rc = below->xOpen(below, name, file->real, flags, out_flags);
    if (file->real->pMethods != NULL)
        file->base.pMethods = &methods;
    if (rc != SQLITE_OK || path == NULL)
        return rc;
    pthread_mutex_lock(&disk->mutex);
    if (disk->recording)
        file->inode = disk_inode(disk, path, disk_sync_of(path));
    folder_of(file->folder, path);
    file->names_too = (flags & SQLITE_OPEN_CREATE) && (flags & MAY_BE_NEW);
    pthread_mutex_unlock(&disk->mutex);
    return rc;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct disk *disk = vfs->pAppData;
    const char *path = disk_below(disk, name);
    int rc = below->xDelete(below, name, 0);
    char folder[64];

    if (path != NULL)
        folder_of(folder, path);
    pthread_mutex_lock(&disk->mutex);
    if (rc == SQLITE_OK && disk->recording && path != NULL) {
        disk_add_unlink(disk, path);
        if (sync_folder)
            disk_add_sync_folder(disk, folder, DISK_LOG_NAME);
    }
    pthread_mutex_unlock(&disk->mutex);
    return rc;
}

void disk_under_sqlite(struct disk *disk)
{
    if (below == NULL)
        below = sqlite3_vfs_find("unix");
    disk_watch_calls(disk);
    if (disk == NULL) {
        sqlite3_vfs_register(below, 1);
        return;
    }
    sqlite3_vfs_unregister(&shim);
    shim = *below;
    shim.zName = "powercut";
    shim.pNext = NULL;
    shim.pAppData = disk;
    shim.szOsFile = (int)sizeof(struct file) + below->szOsFile;
    shim.xOpen = x_open;
    shim.xDelete = x_delete;
    sqlite3_vfs_register(&shim, 1);
}
