/* SPDX-License-Identifier: MIT */
/* tests/powercut/disk_files.c - the blob files' calls, logged. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

static const struct smail__files *system_files(void)
{
    return &smail__files_default;
}

/* What the next call fails with: an errno below zero, or 0. */
static int refused(struct disk *disk)
{
    int fault = disk->refusing ? EIO : 0;

    pthread_mutex_lock(&disk->mutex);
    if (fault == 0 && disk->recording)
        fault = disk_fault(disk);
    pthread_mutex_unlock(&disk->mutex);
    return -fault;
}

static int opened(struct disk *disk, int fd, int inode)
{
    if (fd >= 0 && (size_t)fd < sizeof(disk->fds) / sizeof(disk->fds[0]))
        disk->fds[fd] = inode;
    return fd;
}

static int open_unnamed(const char *folder, void *user)
{
    struct disk *disk = user;
    int fd = refused(disk);

    if (fd == 0)
        fd = system_files()->open_unnamed(folder, NULL);
    pthread_mutex_lock(&disk->mutex);
    if (fd >= 0 && disk->recording)
        opened(disk, fd, disk_new_inode(disk, DISK_BLOB));
    pthread_mutex_unlock(&disk->mutex);
    return fd;
}

static int create(const char *path, void *user)
{
    struct disk *disk = user;
    const char *below = disk_below(disk, path);
    int fd = refused(disk);

    if (fd == 0)
        fd = system_files()->create(path, NULL);
    pthread_mutex_lock(&disk->mutex);
    if (fd >= 0 && disk->recording)
        opened(disk, fd, disk_inode(disk, below, disk_sync_of(below)));
    pthread_mutex_unlock(&disk->mutex);
    return fd;
}

static int64_t write_at(int fd, const void *data, size_t len, uint64_t offset,
                        void *user)
{
    struct disk *disk = user;
    int64_t wrote = disk->full ? -ENOSPC : refused(disk);

    if (wrote < 0)
        return wrote;
    wrote = system_files()->write(fd, data, len, offset, NULL);
    pthread_mutex_lock(&disk->mutex);
    if (wrote > 0 && disk->recording)
        disk_add_write(disk, disk->fds[fd], data, (size_t)wrote, offset);
    pthread_mutex_unlock(&disk->mutex);
    return wrote;
}

static int sync_file(int fd, void *user)
{
    struct disk *disk = user;
    int rc = 0;

    pthread_mutex_lock(&disk->mutex);
    if (disk->recording) {
        disk->again += disk->lost_fds[fd];
        rc = disk_add_sync(disk, disk->fds[fd]);
        disk->lost_fds[fd] = rc < 0;
    }
    pthread_mutex_unlock(&disk->mutex);
    return rc < 0 ? -EIO : 0;
}

static int close_file(int fd, void *user)
{
    struct disk *disk = user;

    pthread_mutex_lock(&disk->mutex);
    disk->fds[fd] = -1;
    disk->lost_fds[fd] = false;
    pthread_mutex_unlock(&disk->mutex);
    return system_files()->close(fd, NULL);
}

static int link_unnamed(int fd, const char *path, void *user)
{
    struct disk *disk = user;
    int rc = refused(disk);

    if (rc == 0)
        rc = system_files()->link_unnamed(fd, path, NULL);

    pthread_mutex_lock(&disk->mutex);
    if (rc == 0 && disk->recording)
        disk_add_name(disk, disk_below(disk, path), disk->fds[fd]);
    pthread_mutex_unlock(&disk->mutex);
    return rc;
}

/* Names that change are logged by disk_calls.c. */
static int rename_file(const char *from, const char *to, void *user)
{
    (void)user;
    return system_files()->rename(from, to, NULL);
}

static int unlink_file(const char *path, void *user)
{
    (void)user;
    return system_files()->unlink(path, NULL);
}

static int make_folder(const char *path, void *user)
{
    struct disk *disk = user;

    int rc = disk->full ? -ENOSPC : refused(disk);

    return rc < 0 ? rc : system_files()->make_folder(path, NULL);
}

static unsigned folder_sync(const char *below)
{
    if (below[0] == '\0')
        return DISK_ROOT;
    if (strncmp(below, "backup", 6) == 0) {
        if (below[6] == '\0' || below[7] == '\0')
            return DISK_BACKUP;
        below += 7;
    }
    return strchr(below, '/') == NULL ? DISK_BLOB_FOLDER : DISK_BLOB_NAME;
}

static int sync_folder(const char *path, void *user)
{
    struct disk *disk = user;
    char *whole = realpath(path, NULL);
    const char *below = whole == NULL ? NULL : disk_below(disk, whole);
    int rc = whole == NULL ? -1 : 0;

    pthread_mutex_lock(&disk->mutex);
    if (disk->recording && below != NULL)
        rc = disk_add_sync_folder(disk, below, folder_sync(below));
    pthread_mutex_unlock(&disk->mutex);
    free(whole);
    return rc < 0 ? -EIO : 0;
}

struct smail__files disk_files(struct disk *disk)
{
    return (struct smail__files){
        .open_unnamed = open_unnamed,
        .create = create,
        .write = write_at,
        .sync = sync_file,
        .close = close_file,
        .link_unnamed = link_unnamed,
        .rename = rename_file,
        .unlink = unlink_file,
        .make_folder = make_folder,
        .sync_folder = sync_folder,
        .user = disk,
    };
}
