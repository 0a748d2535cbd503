/* SPDX-License-Identifier: MIT */
/* store/files.c - the system calls behind store/files.h. */
#define _GNU_SOURCE
#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"

/* Mail is read by its owner alone. */
#define FILE_MODE 0600
#define FOLDER_MODE 0700

/* What root makes in a folder belongs to the folder's owner, who else could
 * not read it later. */
static void adopt(const char *folder, int fd)
{
    struct stat info;

    if (geteuid() == 0 && stat(folder, &info) == 0 &&
        fchown(fd, info.st_uid, info.st_gid) != 0)
        errno = 0; /* the owner will be told that it cannot read it */
}

static int open_unnamed(const char *folder, void *user)
{
    int fd;

    (void)user;
    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return errno == EISDIR ? -EOPNOTSUPP : -errno;
    if (access("/proc/self/fd", X_OK) != 0) {
        close(fd); /* link_unnamed() could not name it */
        return -EOPNOTSUPP;
    }
    adopt(folder, fd);
    return fd;
}

static int create(const char *path, void *user)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    char folder[4096];
    const char *slash = strrchr(path, '/');

    (void)user;
    if (fd < 0)
        return -errno;
    if (slash != NULL && (size_t)(slash - path) < sizeof(folder)) {
        smail__format(folder, sizeof(folder), "%.*s", (int)(slash - path),
                      path);
        adopt(folder, fd);
    }
    return fd;
}

static int64_t write_at(int fd, const void *data, size_t len, uint64_t offset,
                        void *user)
{
    int64_t wrote;

    (void)user;
    do {
        wrote = pwrite(fd, data, len, (off_t)offset);
    } while (wrote < 0 && errno == EINTR);
    return wrote < 0 ? -errno : wrote;
}

static int sync_file(int fd, void *user)
{
    (void)user;
    return fsync(fd) == 0 ? 0 : -errno;
}

static int close_file(int fd, void *user)
{
    (void)user;
    return close(fd) == 0 ? 0 : -errno;
}

static int link_unnamed(int fd, const char *path, void *user)
{
    char name[64];

    (void)user;
    smail__format(name, sizeof(name), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
               ? 0
               : -errno;
}

static int rename_file(const char *from, const char *to, void *user)
{
    (void)user;
    return rename(from, to) == 0 ? 0 : -errno;
}

static int unlink_file(const char *path, void *user)
{
    (void)user;
    return unlink(path) == 0 ? 0 : -errno;
}

static int make_folder(const char *path, void *user)
{
    char parent[4096];
    int fd;

    (void)user;
    if (mkdir(path, FOLDER_MODE) != 0)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        smail__format(parent, sizeof(parent), "%s/..", path);
        adopt(parent, fd);
        close(fd);
    }
    return 0;
}

static int sync_folder(const char *path, void *user)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code;

    (void)user;
    if (fd < 0)
        return -errno;
    code = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return code;
}

const struct smail__files smail__files_default = {
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
};
