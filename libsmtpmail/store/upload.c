/* SPDX-License-Identifier: MIT */
/* store/upload.c - see store/upload.h. */
#include "store/upload.h"

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"

struct upload {
    smail_id account;
    smail_span type;
};

static smail_span id_span(const unsigned char *id)
{
    return (smail_span){ (const char *)id, SMAIL__BLOB_ID_LEN };
}

/* Uploads are not mail: they take no quota, but an account that is full gets
 * no more of them, and all of them together are bounded. */
static int check_room(smail_tx *tx, smail_id account, int64_t size,
                      smail_error *err)
{
    static const char sql[] =
        "SELECT (SELECT coalesce(sum(size), 0) FROM upload "
        "WHERE account = $1), quota_bytes, used_bytes, "
        "quota_emails > 0 AND used_emails >= quota_emails FROM account "
        "WHERE id = $1";
    struct smail__statement *row;
    int64_t uploads = 0, quota = 0, used = 0;
    bool has_all = false; /* the messages that it may have */
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    code = smail__statement_step(row, err);
    if (code > 0) {
        uploads = smail__column_int(row, 0) + size;
        quota = smail__column_int(row, 1);
        used = smail__column_int(row, 2);
        has_all = smail__column_int(row, 3) != 0;
    }
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no account %lld",
                           (long long)account);
    if (code < 0)
        return code;
    if (uploads > SMAIL__UPLOADS_MAX)
        return smail__fail(err, SMAIL_EQUOTA,
                           "too many uploads wait to be "
                           "used");
    if (has_all || (quota > 0 && used + uploads > quota))
        return smail__fail(err, SMAIL_EQUOTA, "the mailbox is full");
    return 0;
}

static int insert(smail_tx *tx, struct smail_append *append, void *arg,
                  smail_error *err)
{
    static const char sql[] =
        "INSERT INTO upload (account, blob, type, size, created_at, "
        "expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    const struct upload *upload = arg;
    struct smail__statement *row;
    int code = check_room(tx, upload->account, (int64_t)append->size, err);

    if (code == 0)
        code = smail__db_prepare(&row, tx->db, sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, upload->account);
    smail__bind_blob(row, 2, id_span(append->id));
    smail__bind_text(row, 3, upload->type);
    smail__bind_int(row, 4, (int64_t)append->size);
    smail__bind_int(row, 5, tx->now);
    smail__bind_int(row, 6, tx->now + SMAIL__UPLOAD_SECONDS);
    return smail__statement_run(row, err);
}

/* Printable ASCII; another type is none. */
static smail_span clean(smail_span type)
{
    type = smail__span_slice(smail__span_trim(type), 0, SMAIL__UPLOAD_TYPE_MAX);
    for (size_t i = 0; i < type.len; i++)
        if (type.data[i] < ' ' || type.data[i] >= 0x7f)
            type.len = 0;
    return type.len > 0 ? type : smail__span("application/octet-stream");
}

int smail__upload_commit(struct smail_append *append, smail_id account,
                         smail_span type, smail_error *err)
{
    struct upload upload = { account, clean(type) };
    int code;

    smail__append_also(append, insert, &upload);
    code = smail_append_commit(append, NULL, 0, NULL, err);
    smail__append_also(append, NULL, NULL);
    return code;
}

/* --- Owners -------------------------------------------------------------- */

static int by_email(struct smail__blob_owned *out, struct smail__db *db,
                    smail_id account, const unsigned char *id, smail_error *err)
{
    static const char sql[] =
        "SELECT id FROM email WHERE blob = $1 AND account = $2 LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_blob(row, 1, id_span(id));
    smail__bind_int(row, 2, account);
    code = smail__statement_step(row, err);
    if (code > 0)
        out->email = smail__column_int(row, 0);
    smail__statement_reset(row);
    return code;
}

static int by_upload(struct smail__blob_owned *out, struct smail__db *db,
                     smail_id account, const unsigned char *id,
                     smail_error *err)
{
    static const char sql[] =
        "SELECT type FROM upload WHERE account = $1 AND blob = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_blob(row, 2, id_span(id));
    code = smail__statement_step(row, err);
    if (code > 0)
        smail__format(out->type, sizeof(out->type), "%.*s",
                      SMAIL__SPAN_ARG(smail__column_span(row, 0)));
    smail__statement_reset(row);
    return code;
}

int smail__blob_own(struct smail__blob_owned *out, struct smail__db *db,
                    smail_id account, const unsigned char id[16],
                    smail_error *err)
{
    int code;

    *out = (struct smail__blob_owned){ .email = 0 };
    code = by_email(out, db, account, id, err);
    if (code == 0)
        code = by_upload(out, db, account, id, err);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such blob");
    return code < 0 ? code : 0;
}
