/* SPDX-License-Identifier: MIT */
/* store/mailbox_row.c - reads the mailboxes of an account. */
#include "store/mailbox_row.h"

#include <stdlib.h>

#include "base/error.h"
#include "store/mailbox.h"

static const char list_sql[] =
    "SELECT id, parent, name, role, sort_order, is_subscribed, total, unread, "
    "modseq FROM mailbox WHERE account = $1 ORDER BY id";

static int add(struct smail__mailbox_rows *out, struct smail__statement *from,
               smail_error *err)
{
    struct smail__mailbox_row *row;

    if (out->count == out->room) {
        size_t room = out->room == 0 ? 16 : out->room * 2;

        row = realloc(out->list, room * sizeof(*row));
        if (row == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        out->list = row;
        out->room = room;
    }
    row = &out->list[out->count++];
    row->id = smail__column_int(from, 0);
    row->parent = smail__column_int(from, 1);
    row->name = smail__column_span(from, 2);
    smail__buf_append(&out->names, row->name);
    row->role = (smail_role)smail__column_int(from, 3);
    row->sort_order = smail__column_int(from, 4);
    row->is_subscribed = smail__column_int(from, 5) != 0;
    row->total = smail__column_int(from, 6);
    row->unread = smail__column_int(from, 7);
    row->modseq = smail__column_int(from, 8);
    return 0;
}

int smail__mailbox_rows_load(struct smail__mailbox_rows *out,
                             struct smail__db *db, smail_id account,
                             smail_error *err)
{
    struct smail__statement *row;
    const char *name;
    int code = smail__db_prepare(&row, db, list_sql, err);

    *out = (struct smail__mailbox_rows){ .list = NULL };
    smail__buf_init(&out->names,
                    (size_t)SMAIL__MAILBOXES_MAX * SMAIL_MAILBOX_NAME_MAX,
                    NULL);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    while ((code = smail__statement_step(row, err)) > 0) {
        code = add(out, row, err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    if (code == 0 && smail__buf_error(&out->names) != 0)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    name = out->names.data;
    for (size_t i = 0; code == 0 && i < out->count; i++) {
        out->list[i].name.data = name;
        name += out->list[i].name.len;
    }
    if (code < 0)
        smail__mailbox_rows_dispose(out);
    return code;
}

void smail__mailbox_rows_dispose(struct smail__mailbox_rows *rows)
{
    free(rows->list);
    smail__buf_dispose(&rows->names);
    rows->list = NULL;
    rows->count = 0;
}

const struct smail__mailbox_row *smail__mailbox_rows_get(
    const struct smail__mailbox_rows *rows, smail_id id)
{
    size_t low = 0, high = rows->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (rows->list[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rows->count && rows->list[low].id == id ? &rows->list[low]
                                                         : NULL;
}

static const char threads_sql[] =
    "SELECT count(DISTINCT e.thread), "
    "count(DISTINCT CASE WHEN (e.flags & 1) = 0 THEN e.thread END) "
    "FROM email_mailbox p JOIN email e "
    "ON e.account = p.account AND e.id = p.email "
    "WHERE p.account = $1 AND p.mailbox = $2";

int smail__mailbox_threads(int64_t *total, int64_t *unread,
                           struct smail__db *db, smail_id account,
                           smail_id mailbox, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, threads_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, mailbox);
    code = smail__statement_step(row, err);
    if (code > 0) {
        *total = smail__column_int(row, 0);
        *unread = smail__column_int(row, 1);
    }
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}
