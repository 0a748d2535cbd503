/* SPDX-License-Identifier: MIT */
/*
 * db/sqlite_file.c - the files around a database, and a look at what stands
 * at a path before SQLite may change it.
 *
 * A database file is never opened here, only through SQLite: closing any
 * descriptor of it would drop the locks that SQLite holds on it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "db/sqlite.h"

char *smail__sqlite_join(const char *path, const char *suffix)
{
    size_t room = strlen(path) + strlen(suffix) + 1;
    char *name = malloc(room);

    if (name != NULL)
        smail__format(name, room, "%s%s", path, suffix);
    return name;
}

/* The folder that `path` is in, from malloc. */
static char *parent(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return smail__strdup(".");
    if (slash == path)
        return smail__strdup("/");
    return smail__spandup((smail_span){ path, (size_t)(slash - path) });
}

/* A store that root touches stays its owner's. */
static void give_to_owner(int fd, const char *path)
{
    char *folder = parent(path);
    struct stat info;

    if (geteuid() == 0 && folder != NULL && stat(folder, &info) == 0 &&
        fchown(fd, info.st_uid, info.st_gid) != 0)
        errno = 0; /* the owner will be told that it cannot open it */
    free(folder);
}

int smail__sqlite_open_private(const char *path, smail_error *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) {
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            give_to_owner(fd, path);
        else if (errno == EEXIST)
            fd = open(path, O_RDWR | O_CLOEXEC);
    }
    if (fd < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot open %s: %s", path,
                              strerror(errno));
    return fd;
}

int smail__sqlite_sync_file(const char *path, smail_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    int os = errno;

    if (fd >= 0)
        close(fd);
    if (failed)
        return smail__fail_os(err, SMAIL_EIO, os, "cannot sync %s: %s", path,
                              strerror(os));
    return 0;
}

int smail__sqlite_sync_parent(const char *path, smail_error *err)
{
    char *folder = parent(path);
    int code;

    if (folder == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = smail__sqlite_sync_file(folder, err);
    free(folder);
    return code;
}

void smail__sqlite_remove(const char *path)
{
    static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };

    for (size_t i = 0; i < 4; i++) {
        char *name = smail__sqlite_join(path, suffixes[i]);

        if (name != NULL)
            unlink(name);
        free(name);
    }
}

static int missing(const char *path, smail_error *err)
{
    char *folder = parent(path);
    struct stat info;
    int code = 0;

    if (folder == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (stat(folder, &info) != 0)
        code = smail__fail_os(err, SMAIL_ENOTFOUND, errno,
                              "cannot use the folder %s for the store: %s; "
                              "create it first",
                              folder, strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        code = smail__fail(err, SMAIL_EINVAL,
                           "%s is not a folder; the store needs one", folder);
    free(folder);
    return code;
}

/* "file:PATH?immutable=1", with an empty authority before an absolute path:
 * reads the header without lock, log or change. */
static char *immutable_uri(const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    char *uri = malloc(strlen(path) * 3 + 32);
    char *at = uri;

    if (uri == NULL)
        return NULL;
    memcpy(at, "file://", 7);
    for (at += *path == '/' ? 7 : 5; *path != '\0'; path++) {
        unsigned char byte = (unsigned char)*path;

        if (smail__is_alnum(*path) || strchr("/._-", *path) != NULL) {
            *at++ = *path;
        } else {
            *at++ = '%';
            *at++ = hex[byte >> 4];
            *at++ = hex[byte & 15];
        }
    }
    memcpy(at, "?mode=ro&immutable=1", 21);
    return uri;
}

static int application_id(int *out, sqlite3 *handle)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(handle, "PRAGMA application_id", -1, &statement,
                                NULL);

    if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        *out = sqlite3_column_int(statement, 0);
    return sqlite3_finalize(statement);
}

static int look_inside(const char *path, smail_error *err)
{
    char *uri = immutable_uri(path);
    sqlite3 *handle = NULL;
    int id = 0, rc, os;

    if (uri == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    rc = sqlite3_open_v2(
        uri, &handle,
        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    /* While the log is being copied into the file, by others or until a crash,
     * the header may promise pages that are not there yet. That is for the
     * real opening to see to; this setting lets the look pass. */
    if (rc == SQLITE_OK)
        sqlite3_db_config(handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
    if (rc == SQLITE_OK)
        rc = application_id(&id, handle);
    os = handle != NULL ? sqlite3_system_errno(handle) : 0;
    sqlite3_close(handle);
    free(uri);
    if (rc == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_IOERR)
        return smail__fail_os(err, SMAIL_EIO, os, "cannot read %s: %s", path,
                              strerror(os));
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_NOTADB)
        return smail__fail_os(err, SMAIL_ECORRUPT, rc, "cannot read %s: %s",
                              path, sqlite3_errstr(rc));
    if (rc != SQLITE_OK || id != SMAIL__SQLITE_APPLICATION_ID)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "%s is not a mail store, and was left as it is; "
                           "choose another path for the store",
                           path);
    return 0;
}

int smail__sqlite_probe(enum sqlite_found *out, const char *path,
                        smail_error *err)
{
    struct stat info;

    *out = SQLITE_FOUND_NOTHING;
    if (stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return missing(path, err);
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot read %s: %s", path,
                              strerror(errno));
    }
    if (S_ISDIR(info.st_mode))
        return smail__fail(err, SMAIL_EINVAL,
                           "%s is a folder; name a file in it", path);
    if (!S_ISREG(info.st_mode))
        return smail__fail(err, SMAIL_EINVAL, "%s is not a plain file", path);
    if (access(path, R_OK | W_OK) != 0)
        return smail__fail_os(err, SMAIL_EIO, errno,
                              "cannot read and write %s: %s", path,
                              strerror(errno));
    if (info.st_size == 0)
        return 0;
    *out = SQLITE_FOUND_STORE;
    return look_inside(path, err);
}
