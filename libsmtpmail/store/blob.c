/* SPDX-License-Identifier: MIT */
/*
 * store/blob.c - large messages as files.
 *
 * What makes a file durable, in this order, before the row that names it is
 * committed: its bytes, its folder's entry in blobs/, its name, its entry in
 * the folder. A sync that failed is never tried again on the same descriptor:
 * the system tells of a lost page once.
 */
#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"

#define ID_TEXT_LEN (2 * SMAIL__BLOB_ID_LEN)
#define PATH_ROOM ((size_t)64 * 1024)

static int failed(smail_error *err, int os, const char *doing, const char *path)
{
    os = -os;
    if (os == ENOSPC || os == EDQUOT)
        return smail__fail_os(err, SMAIL_ETEMP, os,
                              "disk full while %s %s: %s; make room on it",
                              doing, path, strerror(os));
    if (os == EMFILE || os == ENFILE || os == ENOMEM)
        return smail__fail_os(err, SMAIL_ETEMP, os, "%s %s: %s", doing, path,
                              strerror(os));
    return smail__fail_os(err, SMAIL_EIO, os, "%s %s: %s", doing, path,
                          strerror(os));
}

/* FOLDER/name, from malloc; NULL without memory. */
static char *join(const struct smail__blobs *blobs, const char *name)
{
    struct smail__buf path;

    smail__buf_init(&path, PATH_ROOM, NULL);
    smail__buf_printf(&path, "%s/%s", blobs->folder, name);
    if (smail__buf_error(&path) != 0) {
        smail__buf_dispose(&path);
        return NULL;
    }
    return path.data;
}

void smail__blob_name(char out[36], const char *id)
{
    smail__format(out, 36, "%.*s/%.*s", 2, id + ID_TEXT_LEN - 2, ID_TEXT_LEN,
                  id);
}

static char *path_of(const struct smail__blobs *blobs, const char *id)
{
    char name[36];

    smail__blob_name(name, id);
    return join(blobs, name);
}

static int no_memory(smail_error *err)
{
    return smail__fail(err, SMAIL_ENOMEM, "out of memory");
}

int smail__blob_create(struct smail__blob_file *file,
                       struct smail__blobs *blobs, const char *id,
                       smail_error *err)
{
    const struct smail__files *files = blobs->files;
    char name[48];

    file->fd = files->open_unnamed(blobs->folder, files->user);
    if (file->fd >= 0)
        return 0;
    if (file->fd != -EOPNOTSUPP)
        return failed(err, file->fd, "creating a file in", blobs->folder);
    smail__format(name, sizeof(name), "%s.tmp", id);
    file->name = join(blobs, name);
    if (file->name == NULL)
        return no_memory(err);
    file->fd = files->create(file->name, files->user);
    if (file->fd < 0)
        return failed(err, file->fd, "creating", file->name);
    return 0;
}

int smail__blob_write(struct smail__blob_file *file, struct smail__blobs *blobs,
                      smail_span bytes, uint64_t offset, smail_error *err)
{
    const struct smail__files *files = blobs->files;

    while (bytes.len > 0) {
        int64_t wrote =
            files->write(file->fd, bytes.data, bytes.len, offset, files->user);

        if (wrote < 0)
            return failed(err, (int)wrote, "writing to", blobs->folder);
        if (wrote == 0)
            return failed(err, -EIO, "writing to", blobs->folder);
        bytes.data += wrote;
        bytes.len -= (size_t)wrote;
        offset += (uint64_t)wrote;
    }
    return 0;
}

static bool is_synced(struct smail__blobs *blobs, unsigned at)
{
    bool synced;

    pthread_mutex_lock(&blobs->mutex);
    synced = blobs->synced[at];
    pthread_mutex_unlock(&blobs->mutex);
    return synced;
}

/* That the folder is there says nothing of its being on disk: another
 * process may have made it a moment ago. So each process syncs once. */
static int ready_folder(struct smail__blobs *blobs, const char *folder,
                        unsigned at, smail_error *err)
{
    const struct smail__files *files = blobs->files;
    int rc;

    if (is_synced(blobs, at))
        return 0;
    rc = files->make_folder(folder, files->user);
    if (rc < 0 && rc != -EEXIST)
        return failed(err, rc, "creating", folder);
    rc = files->sync_folder(blobs->folder, files->user);
    if (rc < 0)
        return failed(err, rc, "syncing", blobs->folder);
    pthread_mutex_lock(&blobs->mutex);
    blobs->synced[at] = true;
    pthread_mutex_unlock(&blobs->mutex);
    return 0;
}

static int give_name(struct smail__blob_file *file, struct smail__blobs *blobs,
                     const char *path, smail_error *err)
{
    const struct smail__files *files = blobs->files;
    int rc;

    if (file->name != NULL)
        rc = files->rename(file->name, path, files->user);
    else
        rc = files->link_unnamed(file->fd, path, files->user);
    if (rc < 0)
        return failed(err, rc, "naming", path);
    free(file->name);
    file->name = NULL;
    file->settled = true;
    return 0;
}

int smail__blob_settle(struct smail__blob_file *file,
                       struct smail__blobs *blobs, const char *id,
                       smail_error *err)
{
    const struct smail__files *files = blobs->files;
    unsigned char last;
    char *path, *folder;
    int code, rc;

    smail__hex_decode(&last, 1, (smail_span){ id + ID_TEXT_LEN - 2, 2 });
    path = path_of(blobs, id);
    folder = path_of(blobs, id);
    if (path == NULL || folder == NULL) {
        code = no_memory(err);
        goto out;
    }
    *strrchr(folder, '/') = '\0';
    rc = files->sync(file->fd, files->user);
    code = rc < 0 ? failed(err, rc, "syncing", path) : 0;
    if (code == 0)
        code = ready_folder(blobs, folder, last, err);
    if (code == 0)
        code = give_name(file, blobs, path, err);
    if (code == 0) {
        rc = files->sync_folder(folder, files->user);
        code = rc < 0 ? failed(err, rc, "syncing", folder) : 0;
    }
out:
    free(path);
    free(folder);
    return code;
}

void smail__blob_close(struct smail__blob_file *file,
                       struct smail__blobs *blobs)
{
    const struct smail__files *files = blobs->files;

    if (file->fd >= 0)
        files->close(file->fd, files->user);
    if (file->name != NULL)
        files->unlink(file->name, files->user);
    free(file->name);
    file->fd = -1;
    file->name = NULL;
}

int smail__blob_open(int *out, const struct smail__blobs *blobs, const char *id,
                     smail_error *err)
{
    char *path;
    int os;

    if (blobs->folder == NULL)
        return smail__fail(err, SMAIL_ECORRUPT, "%s has no content", id);
    path = path_of(blobs, id);
    if (path == NULL)
        return no_memory(err);
    *out = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    os = errno;
    if (*out < 0 && os == ENOENT)
        smail__fail_os(err, SMAIL_ENOTFOUND, os, "%s is missing", path);
    else if (*out < 0)
        failed(err, -os, "opening", path);
    free(path);
    if (*out >= 0)
        return 0;
    return os == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO;
}

int smail__blob_remove(struct smail__blobs *blobs, const char *id,
                       smail_error *err)
{
    const struct smail__files *files = blobs->files;
    char *path = path_of(blobs, id);
    int rc, code = 0;

    if (path == NULL)
        return no_memory(err);
    rc = files->unlink(path, files->user);
    if (rc < 0 && rc != -ENOENT)
        code = failed(err, rc, "removing", path);
    free(path);
    return code;
}

int smail__blobs_open(struct smail__blobs *blobs, const char *database,
                      const struct smail__files *files, smail_error *err)
{
    struct smail__buf path;
    const char *slash;

    memset(blobs, 0, sizeof(*blobs));
    blobs->files = files != NULL ? files : &smail__files_default;
    pthread_mutex_init(&blobs->mutex, NULL);
    if (database == NULL)
        return 0;
    slash = strrchr(database, '/');
    smail__buf_init(&path, PATH_ROOM, NULL);
    smail__buf_append(
        &path,
        (smail_span){ database,
                      slash == NULL ? 0 : (size_t)(slash + 1 - database) });
    smail__buf_puts(&path, "blobs");
    if (smail__buf_error(&path) != 0) {
        smail__buf_dispose(&path);
        return no_memory(err);
    }
    blobs->folder = path.data;
    return 0;
}

void smail__blobs_close(struct smail__blobs *blobs)
{
    free(blobs->folder);
    blobs->folder = NULL;
    pthread_mutex_destroy(&blobs->mutex);
}
