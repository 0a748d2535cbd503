/* SPDX-License-Identifier: MIT */
/* store/content.c - reads messages back, byte for byte. */
#include "store/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"

/* What a row may unpack to: all that a store in memory takes. */
#define ROW_MAX ((uint64_t)1 << 30)

static const char row_sql[] = "SELECT size, data, rest FROM blob WHERE id = $1";

/* A row that is shorter than the message holds it packed. */
static int unpack_row(smail_content *content, smail_store *store,
                      smail_span data, smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code = smail__unpack(content->data, (size_t)content->size,
                             &store->packer, data, &error);

    return code == 0 ? 0
                     : smail__fail(err, code, "blob %s %s", content->id,
                                   error.message);
}

/* The two halves of a row together. */
static int unpack_halves(smail_content *content, smail_store *store,
                         struct smail__db *db, smail_span data, int64_t rest,
                         smail_error *err)
{
    static const char sql[] = "SELECT data FROM blob_rest WHERE id = $1";
    struct smail__statement *row;
    struct smail__buf whole;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__buf_init(&whole, SMAIL__SMALL_MAX, NULL);
    smail__buf_append(&whole, data);
    smail__bind_int(row, 1, rest);
    code = smail__statement_step(row, err);
    if (code > 0)
        smail__buf_append(&whole, smail__column_span(row, 0));
    smail__statement_reset(row);
    if (code == 0)
        code = smail__fail(err, SMAIL_ECORRUPT, "half of blob %s is missing",
                           content->id);
    else if (code > 0)
        code = unpack_row(content, store, smail__buf_span(&whole), err);
    smail__buf_dispose(&whole);
    return code;
}

static int copy_row(smail_content *content, smail_store *store,
                    struct smail__db *db, struct smail__statement *row,
                    smail_error *err)
{
    smail_span data = smail__column_span(row, 1);
    int64_t rest = smail__column_int(row, 2);

    if (data.len > content->size || content->size > ROW_MAX)
        return smail__fail(
            err, SMAIL_ECORRUPT, "blob %s has %zu octets instead of %llu",
            content->id, data.len, (unsigned long long)content->size);
    content->data = malloc((size_t)content->size + 1);
    if (content->data == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (rest != 0)
        return unpack_halves(content, store, db, data, rest, err);
    if (data.len < content->size)
        return unpack_row(content, store, data, err);
    memcpy(content->data, data.data, data.len);
    return 0;
}

static int open_file(smail_content *content, smail_store *store,
                     smail_error *err)
{
    struct stat info;
    int code = smail__blob_open(&content->fd, &store->blobs, content->id, err);

    if (code < 0)
        return code == SMAIL_ENOTFOUND
                   ? smail__fail(err, SMAIL_ECORRUPT,
                                 "the file of blob %s is missing", content->id)
                   : code;
    if (fstat(content->fd, &info) != 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot read blob %s",
                              content->id);
    if ((uint64_t)info.st_size != content->size)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "the file of blob %s has %lld octets instead of "
                           "%llu",
                           content->id, (long long)info.st_size,
                           (unsigned long long)content->size);
    return 0;
}

int smail__content_open_blob(smail_content **out, smail_store *store,
                             struct smail__db *db, smail_span id,
                             smail_error *err)
{
    smail_content *content = calloc(1, sizeof(*content));
    struct smail__statement *row;
    int code;

    if (content == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    content->fd = -1;
    if (id.len == SMAIL__BLOB_ID_LEN)
        smail__hex_encode(content->id, id.data, id.len);
    code = smail__db_prepare(&row, db, row_sql, err);
    if (code == 0) {
        smail__bind_blob(row, 1, id);
        code = smail__statement_step(row, err);
        if (code == 0)
            code = smail__fail(err, SMAIL_ECORRUPT, "blob %s is missing",
                               content->id);
    }
    if (code > 0) {
        content->size = (uint64_t)smail__column_int(row, 0);
        code = smail__column_is_null(row, 1)
                   ? open_file(content, store, err)
                   : copy_row(content, store, db, row, err);
        smail__statement_reset(row);
    }
    if (code < 0) {
        smail_content_close(content);
        return code;
    }
    *out = content;
    return 0;
}

static const char email_sql[] =
    "SELECT blob FROM email WHERE account = $1 AND id = $2";

int smail__content_open_email(smail_content **out, smail_store *store,
                              struct smail__db *db, smail_id account,
                              smail_id email, smail_error *err)
{
    unsigned char id[SMAIL__BLOB_ID_LEN];
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, email_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, email);
    code = smail__statement_step(row, err);
    if (code > 0) {
        smail_span blob = smail__column_span(row, 0);

        memcpy(id, blob.data, blob.len < sizeof(id) ? blob.len : sizeof(id));
        code = blob.len == sizeof(id) ? 1
                                      : smail__fail(err, SMAIL_ECORRUPT,
                                                    "a blob id is not 16 "
                                                    "octets");
        smail__statement_reset(row);
    } else if (code == 0) {
        code = smail__fail(err, SMAIL_ENOTFOUND, "there is no message %lld",
                           (long long)email);
    }
    if (code < 0)
        return code;
    return smail__content_open_blob(
        out, store, db, (smail_span){ (const char *)id, sizeof(id) }, err);
}

int smail_content_open(smail_content **out, smail_store *store,
                       smail_id account, smail_id email, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__content_open_email(out, store, db, account, email, err);
    smail__store_end_read(store, db);
    return code;
}

uint64_t smail_content_size(const smail_content *content)
{
    return content->size;
}

int64_t smail_content_read(void *out, smail_content *content, uint64_t offset,
                           size_t len, smail_error *err)
{
    size_t done = 0;

    if (offset >= content->size)
        return 0;
    if (len > content->size - offset)
        len = (size_t)(content->size - offset);
    if (content->data != NULL) {
        memcpy(out, content->data + offset, len);
        return (int64_t)len;
    }
    while (done < len) {
        ssize_t got = pread(content->fd, (char *)out + done, len - done,
                            (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return smail__fail_os(err, SMAIL_EIO, errno, "reading blob %s: %s",
                                  content->id, strerror(errno));
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

void smail_content_close(smail_content *content)
{
    if (content == NULL)
        return;
    if (content->fd >= 0)
        close(content->fd);
    free(content->data);
    free(content);
}
