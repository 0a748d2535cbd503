/* SPDX-License-Identifier: MIT */
/*
 * store/candidate.c - which messages a query may mean, newest first.
 *
 * A mailbox is an index range. All of an account is the merge of its
 * mailboxes, so that deliveries need no index of their own for it. A thread
 * and a search are collected once, then paged.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/cursor.h"

void smail__candidates_dispose(struct smail__candidates *candidates)
{
    free(candidates->list);
    candidates->list = NULL;
    candidates->count = 0;
    candidates->room = 0;
}

int smail__candidates_add(struct smail__candidates *to, int64_t received_at,
                          smail_id email, smail_error *err)
{
    if (to->count == to->room) {
        size_t room = to->room == 0 ? 64 : to->room * 2;
        struct smail__candidate *list = realloc(to->list, room * sizeof(*list));

        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        to->list = list;
        to->room = room;
    }
    to->list[to->count++] = (struct smail__candidate){ received_at, email };
    return 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct smail__candidate *left = a, *right = b;

    if (left->received_at != right->received_at)
        return left->received_at > right->received_at ? -1 : 1;
    if (left->email != right->email)
        return left->email > right->email ? -1 : 1;
    return 0;
}

/* Sorted, each once, and no more than `max`. */
static void trim(struct smail__candidates *candidates, size_t max)
{
    size_t kept = 0;

    if (candidates->count == 0)
        return;
    qsort(candidates->list, candidates->count, sizeof(*candidates->list),
          newest_first);
    for (size_t i = 0; i < candidates->count && kept < max; i++)
        if (kept == 0 ||
            candidates->list[kept - 1].email != candidates->list[i].email)
            candidates->list[kept++] = candidates->list[i];
    candidates->count = kept;
}

/* Rows of (received_at, email) to the list. */
static int gather(struct smail__candidates *out, struct smail__statement *rows,
                  size_t max, smail_error *err)
{
    int code;

    while ((code = smail__statement_step(rows, err)) > 0) {
        code = smail__candidates_add(out, smail__column_int(rows, 0),
                                     smail__column_int(rows, 1), err);
        if (code < 0)
            break;
        if (out->count >= 2 * max)
            trim(out, max);
    }
    smail__statement_reset(rows);
    return code;
}

static const char mailbox_sql[] =
    "SELECT received_at, email FROM email_mailbox "
    "WHERE account = $1 AND mailbox = $2 AND (received_at, email) < ($3, $4) "
    "ORDER BY received_at DESC, email DESC LIMIT 200";

static int of_mailbox(struct smail__candidates *out, const smail_cursor *cursor,
                      struct smail__db *db, smail_id mailbox, smail_error *err)
{
    struct smail__statement *rows;
    int code = smail__db_prepare(&rows, db, mailbox_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(rows, 1, cursor->account);
    smail__bind_int(rows, 2, mailbox);
    smail__bind_int(rows, 3, cursor->before.received_at);
    smail__bind_int(rows, 4, cursor->before.email);
    return gather(out, rows, SMAIL__FOUND_MAX, err);
}

static int of_account(struct smail__candidates *out, const smail_cursor *cursor,
                      struct smail__db *db,
                      const struct smail__mailboxes *mailboxes,
                      smail_error *err)
{
    for (size_t i = 0; i < mailboxes->count; i++) {
        int code = of_mailbox(out, cursor, db, mailboxes->list[i].id, err);

        if (code < 0)
            return code;
        if (out->count > (size_t)8 * SMAIL__PAGE_MAX)
            trim(out, SMAIL__PAGE_MAX);
    }
    trim(out, SMAIL__PAGE_MAX);
    return 0;
}

static const char thread_sql[] =
    "SELECT received_at, id FROM email WHERE account = $1 AND thread = $2";

static int of_thread(smail_cursor *cursor, struct smail__db *db,
                     smail_error *err)
{
    struct smail__statement *rows;
    int code = smail__db_prepare(&rows, db, thread_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(rows, 1, cursor->account);
    smail__bind_int(rows, 2, cursor->thread);
    return gather(&cursor->found, rows, SMAIL__FOUND_MAX, err);
}

static bool is_before(const struct smail__candidate *a,
                      const struct smail__candidate *b)
{
    return newest_first(a, b) > 0;
}

/* The next page of what was collected. */
static int from_found(struct smail__candidates *out, smail_cursor *cursor,
                      smail_error *err)
{
    int code = 0;

    while (code == 0 && out->count < SMAIL__PAGE_MAX &&
           cursor->found_at < cursor->found.count) {
        const struct smail__candidate *next =
            &cursor->found.list[cursor->found_at++];

        if (is_before(next, &cursor->before))
            code =
                smail__candidates_add(out, next->received_at, next->email, err);
    }
    return code;
}

static int collect(smail_cursor *cursor, struct smail__db *db, smail_error *err)
{
    int code = of_thread(cursor, db, err);

    trim(&cursor->found, SMAIL__FOUND_MAX);
    cursor->collected = true;
    return code;
}

int smail__candidates_next(struct smail__candidates *out, smail_cursor *cursor,
                           struct smail__db *db,
                           const struct smail__mailboxes *mailboxes,
                           smail_error *err)
{
    int code = 0;

    out->count = 0;
    if (!cursor->collected && cursor->thread != 0)
        code = collect(cursor, db, err);
    if (code < 0)
        return code;
    if (cursor->collected)
        return from_found(out, cursor, err);
    if (cursor->mailbox != 0)
        code = of_mailbox(out, cursor, db, cursor->mailbox, err);
    else
        code = of_account(out, cursor, db, mailboxes, err);
    if (code == 0 && out->count > 0)
        cursor->before = out->list[out->count - 1];
    return code;
}
