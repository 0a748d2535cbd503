/* SPDX-License-Identifier: MIT */
/*
 * store/copy.c - see backup.h. A file's name is never used for other bytes, so
 * that one which is there, and as long as it should be, is the same.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "crypto/digest.h"
#include "store/backup.h"

#define PIECE ((size_t)64 * 1024)

struct named {
    unsigned char id[SMAIL__BLOB_ID_LEN];
    unsigned char sha256[SMAIL__SHA256_LEN];
    char text[2 * SMAIL__BLOB_ID_LEN + 1];
    int64_t size;
};

static smail_span id_span(const unsigned char *id)
{
    return (smail_span){ (const char *)id, SMAIL__BLOB_ID_LEN };
}

/* The next behind `named->id` whose bytes are a file: 1; 0: none. */
static int next_named(struct named *named, struct smail__db *db,
                      smail_error *err)
{
    static const char sql[] =
        "SELECT id, sha256, size FROM blob WHERE id > $1 AND data IS NULL "
        "ORDER BY id LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_blob(row, 1, id_span(named->id));
    code = smail__statement_step(row, err);
    if (code > 0) {
        smail_span id = smail__column_span(row, 0);
        smail_span sha256 = smail__column_span(row, 1);

        memset(named->sha256, 0, sizeof(named->sha256));
        if (id.len == sizeof(named->id))
            memcpy(named->id, id.data, id.len);
        if (sha256.len == sizeof(named->sha256))
            memcpy(named->sha256, sha256.data, sha256.len);
        named->size = smail__column_int(row, 2);
        smail__hex_encode(named->text, named->id, sizeof(named->id));
        if (id.len != sizeof(named->id))
            code = smail__fail(err, SMAIL_ECORRUPT, "a blob has no proper id");
    }
    smail__statement_reset(row);
    return code;
}

static bool is_there(const struct smail__copying *copying,
                     const struct named *named)
{
    struct stat info;
    bool same;
    int fd;

    if (smail__blob_open(&fd, copying->to, named->text, NULL) < 0)
        return false;
    same = fstat(fd, &info) == 0 && info.st_size == named->size;
    close(fd);
    return same;
}

static int copy_bytes(struct smail__blob_file *file,
                      struct smail__copying *copying, int from,
                      const struct named *named, smail_error *err)
{
    struct smail__sha256 *digest = smail__sha256_new();
    unsigned char sha256[SMAIL__SHA256_LEN];
    char piece[PIECE];
    uint64_t offset = 0;
    ssize_t got;
    int code = 0;

    if (digest == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    while (code == 0 &&
           (got = pread(from, piece, sizeof(piece), (off_t)offset)) > 0) {
        smail_span bytes = { piece, (size_t)got };

        smail__sha256_update(digest, bytes);
        code = smail__blob_write(file, copying->to, bytes, offset, err);
        offset += (uint64_t)got;
    }
    smail__sha256_finish(sha256, digest);
    if (code == 0 && memcmp(sha256, named->sha256, sizeof(sha256)) != 0)
        code = smail__fail(err, SMAIL_ECORRUPT,
                           "blob %s is not what was stored", named->text);
    if (code == 0)
        copying->result->bytes += offset;
    return code;
}

static int copy_one(struct smail__copying *copying, const struct named *named,
                    smail_error *err)
{
    struct smail__blob_file file = SMAIL__BLOB_FILE_INIT;
    int from;
    int code = smail__blob_open(&from, copying->from, named->text, err);

    if (code < 0)
        return code == SMAIL_ENOTFOUND ? SMAIL_ECORRUPT : code;
    code = smail__blob_create(&file, copying->to, named->text, err);
    if (code == 0)
        code = copy_bytes(&file, copying, from, named, err);
    if (code == 0) {
        /* What stands there is shorter, or it would not be copied. */
        (void)smail__blob_remove(copying->to, named->text, NULL);
        code = smail__blob_settle(&file, copying->to, named->text, err);
    }
    smail__blob_close(&file, copying->to);
    close(from);
    return code;
}

int smail__copy_files(struct smail__copying *copying, smail_error *err)
{
    struct named named = { .id = { 0 } };
    smail_error own = SMAIL_ERROR_INIT;
    int code;

    while ((code = next_named(&named, copying->names, err)) > 0) {
        if (is_there(copying, &named)) {
            copying->result->kept++;
            continue;
        }
        code = copying->each != NULL ? copying->each(copying->user, err) : 0;
        if (code == 0)
            code = copy_one(copying, &named, &own);
        copying->result->copied += code == 0;
        if (code == SMAIL_ECORRUPT) {
            copying->result->damaged++;
            if (copying->finding != NULL)
                copying->finding(own.message, copying->finding_user);
            code = 0;
        }
        if (code < 0) {
            if (own.code != 0 && err != NULL)
                *err = own;
            return code;
        }
    }
    return code;
}

static int remove_one(const char *id, const char *path, int64_t age, void *user)
{
    static const char sql[] = "SELECT 1 FROM blob WHERE id = $1";
    struct smail__copying *copying = user;
    const struct smail__files *files = copying->to->files;
    unsigned char bytes[SMAIL__BLOB_ID_LEN];
    struct smail__statement *row;
    int code;

    (void)age;
    if (id == NULL ||
        smail__hex_decode(bytes, sizeof(bytes),
                          (smail_span){ id, 2 * sizeof(bytes) }) != 0)
        return 0;
    code = smail__db_prepare(&row, copying->names, sql, NULL);
    if (code < 0)
        return 0;
    smail__bind_blob(row, 1, id_span(bytes));
    code = smail__statement_step(row, NULL);
    smail__statement_reset(row);
    if (code == 0 && files->unlink(path, files->user) == 0)
        copying->result->removed++;
    return 0;
}

int smail__remove_unnamed(struct smail__copying *copying, smail_error *err)
{
    return smail__blobs_walk(copying->to, 0, remove_one, copying, err);
}
