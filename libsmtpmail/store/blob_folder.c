/* SPDX-License-Identifier: MIT */
/* store/blob_folder.c - whose folder it is, and what is in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "store/blob.h"

#define OWNER "OWNER"
#define PATH_MAX_LEN 4096

static int trouble(smail_error *err, int os, const char *doing,
                   const char *path)
{
    int code = os == ENOSPC || os == EDQUOT ? SMAIL_ETEMP : SMAIL_EIO;

    return smail__fail_os(err, code, os, "%s%s %s: %s",
                          code == SMAIL_ETEMP ? "disk full while " : "", doing,
                          path, strerror(os));
}

/* Bytes of the marker; 0 when there is none. */
static int read_owner(char out[SMAIL__STORE_ID_LEN + 1], const char *path,
                      smail_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t got;
    int os;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return trouble(err, errno, "opening", path);
    got = pread(fd, out, SMAIL__STORE_ID_LEN, 0);
    os = errno;
    close(fd);
    if (got < 0)
        return trouble(err, os, "reading", path);
    out[got] = '\0';
    return (int)got;
}

static int write_owner(struct smail__blobs *blobs, const char *path,
                       const char *store_id, smail_error *err)
{
    const struct smail__files *files = blobs->files;
    char temporary[PATH_MAX_LEN];
    int64_t wrote;
    int fd, rc;

    smail__format(temporary, sizeof(temporary), "%s/.%s", blobs->folder,
                  store_id);
    files->unlink(temporary, files->user);
    fd = files->create(temporary, files->user);
    if (fd < 0)
        return trouble(err, -fd, "creating", temporary);
    wrote = files->write(fd, store_id, SMAIL__STORE_ID_LEN, 0, files->user);
    rc = wrote == SMAIL__STORE_ID_LEN ? 0 : wrote < 0 ? (int)wrote : -EIO;
    if (rc == 0)
        rc = files->sync(fd, files->user);
    files->close(fd, files->user);
    if (rc == 0)
        rc = files->rename(temporary, path, files->user);
    if (rc == 0)
        rc = files->sync_folder(blobs->folder, files->user);
    if (rc < 0)
        files->unlink(temporary, files->user);
    return rc < 0 ? trouble(err, -rc, "writing", path) : 0;
}

/* The folder that holds blobs/. */
static void parent_of(char out[PATH_MAX_LEN], const char *folder)
{
    const char *slash = strrchr(folder, '/');

    if (slash == NULL)
        smail__format(out, PATH_MAX_LEN, ".");
    else
        smail__format(out, PATH_MAX_LEN, "%.*s/", (int)(slash - folder),
                      folder);
}

int smail__blobs_claim(struct smail__blobs *blobs, const char *store_id,
                       bool make, smail_error *err)
{
    const struct smail__files *files = blobs->files;
    char path[PATH_MAX_LEN], parent[PATH_MAX_LEN];
    char owner[SMAIL__STORE_ID_LEN + 1];
    int rc;

    if (blobs->folder == NULL)
        return 0;
    if (smail__format(path, sizeof(path), "%s/" OWNER, blobs->folder) >=
        sizeof(path) - 64)
        return smail__fail(err, SMAIL_ELIMIT, "the path of %s is too long",
                           blobs->folder);
    rc = read_owner(owner, path, err);
    if (rc < 0)
        return rc;
    if (rc > 0 && strcmp(owner, store_id) != 0)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "%s belongs to another store; each store needs a "
                           "folder of its own",
                           blobs->folder);
    if (rc > 0 || !make)
        return rc > 0 ? 0 : 1;
    rc = files->make_folder(blobs->folder, files->user);
    if (rc < 0 && rc != -EEXIST)
        return trouble(err, -rc, "creating", blobs->folder);
    parent_of(parent, blobs->folder);
    rc = files->sync_folder(parent, files->user);
    if (rc < 0)
        return trouble(err, -rc, "syncing", parent);
    return write_owner(blobs, path, store_id, err);
}

/* "0123456789abcdef0123456789abcdef", maybe with ".tmp" behind it. */
static bool is_id(const char *name, size_t tail)
{
    unsigned char id[SMAIL__BLOB_ID_LEN];
    size_t len = strlen(name);

    return len == sizeof(id) * 2 + tail &&
           smail__hex_decode(id, sizeof(id),
                             (smail_span){ name, sizeof(id) * 2 }) == 0;
}

struct walk {
    int64_t now;
    int (*each)(const char *id, const char *path, int64_t age, void *user);
    void *user;
};

static int visit(const struct walk *walk, const char *folder, const char *name,
                 bool top)
{
    char path[PATH_MAX_LEN + 64];
    struct stat info;

    smail__format(path, sizeof(path), "%s/%s", folder, name);
    if (name[0] == '.' || (top && strcmp(name, OWNER) == 0) ||
        lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    return walk->each(!top && is_id(name, 0) ? name : NULL, path,
                      walk->now - (int64_t)info.st_mtime, walk->user);
}

static int walk_folder(const struct walk *walk, const char *path, bool top,
                       smail_error *err)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int stop = 0;

    if (folder == NULL && errno == ENOENT)
        return 0;
    if (folder == NULL)
        return trouble(err, errno, "reading", path);
    while (stop == 0 && (entry = readdir(folder)) != NULL)
        stop = visit(walk, path, entry->d_name, top);
    closedir(folder);
    return stop;
}

int smail__blobs_walk(const struct smail__blobs *blobs, int64_t now,
                      int (*each)(const char *id, const char *path, int64_t age,
                                  void *user),
                      void *user, smail_error *err)
{
    const struct walk walk = { now, each, user };
    char path[PATH_MAX_LEN];
    int stop;

    if (blobs->folder == NULL)
        return 0;
    stop = walk_folder(&walk, blobs->folder, true, err);
    for (unsigned i = 0; stop == 0 && i < 256; i++) {
        smail__format(path, sizeof(path), "%s/%02x", blobs->folder, i);
        stop = walk_folder(&walk, path, false, err);
    }
    return stop;
}
