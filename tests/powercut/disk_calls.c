/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/disk_calls.c - the few calls by which names change, or by
 * which a file is synced that SQLite wrote: the linker hands them to us
 * (--wrap), for they go through no table.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);

/* Tests have one disk at a time. */
static struct disk *watched;

void disk_watch_calls(struct disk *disk)
{
    watched = disk;
}

/* Locked when it is not NULL. */
static struct disk *begin(const char *path, const char **below)
{
    struct disk *disk = watched;

    *below = disk == NULL ? NULL : disk_below(disk, path);
    if (*below == NULL)
        return NULL;
    pthread_mutex_lock(&disk->mutex);
    if (disk->recording)
        return disk;
    pthread_mutex_unlock(&disk->mutex);
    return NULL;
}

static void end(struct disk *disk)
{
    if (disk != NULL)
        pthread_mutex_unlock(&disk->mutex);
}

static int path_of(char out[600], int fd)
{
    char name[64];
    ssize_t len;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    len = readlink(name, out, 599);
    out[len < 0 ? 0 : len] = '\0';
    return len < 0 ? -1 : 0;
}

int __wrap_fsync(int fd)
{
    char path[600];
    const char *below;
    struct disk *disk;
    struct stat info;
    int rc;

    if (path_of(path, fd) < 0 || fstat(fd, &info) != 0 ||
        (disk = begin(path, &below)) == NULL)
        return __real_fsync(fd);
    if (S_ISDIR(info.st_mode))
        rc = disk_add_sync_folder(disk, below, DISK_COPY_NAME);
    else
        rc = disk_add_sync_as(
            disk, disk_inode(disk, below, disk_sync_of(below)), DISK_COPY);
    end(disk);
    if (rc < 0)
        errno = EIO;
    return rc;
}

int __wrap_rename(const char *from, const char *to)
{
    const char *below;
    struct disk *disk = begin(from, &below);
    int rc = __real_rename(from, to);

    if (disk != NULL && rc == 0)
        disk_add_rename(disk, below, disk_below(disk, to));
    end(disk);
    return rc;
}

int __wrap_unlink(const char *path)
{
    const char *below;
    struct disk *disk = begin(path, &below);
    int rc = __real_unlink(path);

    if (disk != NULL && rc == 0)
        disk_add_unlink(disk, below);
    end(disk);
    return rc;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    const char *below;
    struct disk *disk = begin(path, &below);
    int rc = __real_mkdir(path, mode);

    if (disk != NULL && rc == 0)
        disk_add_folder(disk, below);
    end(disk);
    return rc;
}
