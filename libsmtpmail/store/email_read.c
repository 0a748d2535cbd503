/* SPDX-License-Identifier: MIT */
/* store/email_read.c - see store/email_read.h. */
#include "store/email_read.h"

#include <string.h>

#include "base/error.h"
#include "store/keyword.h"

#define PREVIEW_MAX 4096

void smail__email_row_init(struct smail__email_row *row)
{
    memset(row, 0, sizeof(*row));
    smail__buf_init(&row->preview, PREVIEW_MAX, NULL);
    smail__buf_init(&row->keywords, (size_t)2 * SMAIL__WORDS_MAX, NULL);
}

void smail__email_row_dispose(struct smail__email_row *row)
{
    smail__buf_dispose(&row->preview);
    smail__buf_dispose(&row->keywords);
}

static const char email_sql[] =
    "SELECT e.blob, e.thread, e.received_at, e.size, e.flags, e.keywords, "
    "d.generation, d.has_attachment, d.preview FROM email e "
    "LEFT JOIN email_derived d ON d.account = e.account AND d.email = e.id "
    "WHERE e.account = $1 AND e.id = $2";

static void fill(struct smail__email_row *out, struct smail__statement *row)
{
    smail_span blob = smail__column_span(row, 0);

    if (blob.len == sizeof(out->blob))
        memcpy(out->blob, blob.data, blob.len);
    out->thread = smail__column_int(row, 1);
    out->received_at = smail__column_int(row, 2);
    out->size = smail__column_int(row, 3);
    smail__buf_clear(&out->keywords);
    smail__keywords_put(&out->keywords, (unsigned)smail__column_int(row, 4),
                        smail__column_span(row, 5));
    out->is_indexed = smail__column_int(row, 6) > 0;
    out->has_attachment = smail__column_int(row, 7) != 0;
    smail__buf_clear(&out->preview);
    smail__buf_append(&out->preview, smail__column_span(row, 8));
}

static int load_places(struct smail__email_row *out, struct smail__db *db,
                       smail_id account, smail_error *err)
{
    static const char sql[] = "SELECT mailbox FROM email_mailbox "
                              "WHERE account = $1 AND email = $2 "
                              "ORDER BY mailbox";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    out->mailbox_count = 0;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, out->id);
    while (out->mailbox_count < sizeof(out->mailboxes) / sizeof(smail_id) &&
           (code = smail__statement_step(row, err)) > 0)
        out->mailboxes[out->mailbox_count++] = smail__column_int(row, 0);
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

int smail__email_row_load(struct smail__email_row *out, struct smail__db *db,
                          smail_id account, smail_id email, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, email_sql, err);

    if (code < 0)
        return code;
    out->id = email;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, email);
    code = smail__statement_step(row, err);
    if (code > 0)
        fill(out, row);
    smail__statement_reset(row);
    if (code <= 0)
        return code;
    code = load_places(out, db, account, err);
    if (code == 0 && (smail__buf_error(&out->keywords) != 0 ||
                      smail__buf_error(&out->preview) != 0))
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return code < 0 ? code : 1;
}

int smail__thread_each(struct smail__db *db, smail_id account, smail_id thread,
                       int (*each)(smail_id email, void *user), void *user,
                       smail_error *err)
{
    static const char sql[] = "SELECT id FROM email WHERE account = $1 "
                              "AND thread = $2 ORDER BY received_at, id";
    struct smail__statement *row;
    int count = 0;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, thread);
    while ((code = smail__statement_step(row, err)) > 0) {
        count++;
        code = each(smail__column_int(row, 0), user);
        if (code != 0)
            break;
    }
    smail__statement_reset(row);
    return code < 0 ? code : count;
}
