/* SPDX-License-Identifier: MIT */
/*
 * store/thread.c - finds the conversation of a message that comes in.
 *
 * The first of its ids that is known to the account tells: In-Reply-To
 * before older references. All its ids then lead there. A thread id never
 * changes and threads are never merged (RFC 8621, 3), so a message that
 * connects two stays with the nearer one.
 */
#include "store/thread.h"

#include "base/error.h"
#include "store/append.h"

static const char find_sql[] =
    "SELECT thread FROM thread_ref WHERE account = $1 AND hash = $2";
static const char add_sql[] =
    "INSERT INTO thread_ref (account, hash, thread) VALUES ($1, $2, $3)";
static const char new_sql[] =
    "SELECT id, account, thread, hashes FROM thread_new WHERE id > $1 "
    "ORDER BY id";
static const char add_new_sql[] =
    "INSERT INTO thread_new (account, thread, hashes) VALUES ($1, $2, $3)";

static int64_t read_hash(const char *at)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | (unsigned char)at[i];
    return (int64_t)value;
}

static void write_hash(char *at, int64_t hash)
{
    for (int i = 0; i < 8; i++)
        at[i] = (char)((uint64_t)hash >> (56 - 8 * i));
}

static int take_row(struct smail__threads *threads,
                    struct smail__statement *row, smail_error *err)
{
    smail_span hashes = smail__column_span(row, 3);
    int code = 0;

    threads->last = smail__column_int(row, 0);
    if (threads->first == 0)
        threads->first = threads->last;
    for (size_t at = 0; code == 0 && at + 8 <= hashes.len; at += 8)
        code = smail__threads_put(threads, smail__column_int(row, 1),
                                  read_hash(hashes.data + at),
                                  smail__column_int(row, 2), err);
    return code;
}

/* When too much is held: forget what was moved to thread_ref meanwhile. */
static int shrink(struct smail__threads *threads, struct smail__db *db,
                  smail_error *err)
{
    int64_t first;
    int code;

    if (threads->count < SMAIL__THREADS_MAX)
        return 0;
    code = smail__db_value(&first, db,
                           "SELECT id FROM thread_new WHERE id >= $1 "
                           "ORDER BY id LIMIT 1",
                           0, INT64_MIN, err);
    if (code == 0 && first > threads->first)
        smail__threads_forget(threads);
    return code == SMAIL_ENOTFOUND ? 0 : code;
}

/* Once in a transaction: what other processes added. */
static int refresh(struct smail__threads *threads, struct smail__db *db,
                   smail_error *err)
{
    struct smail__statement *row;
    int code;

    if (threads->fresh)
        return 0;
    code = shrink(threads, db, err);
    if (code == 0)
        code = smail__db_prepare(&row, db, new_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, threads->last);
    while ((code = smail__statement_step(row, err)) > 0) {
        code = take_row(threads, row, err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    threads->fresh = code == 0;
    return code;
}

static int look_up(smail_id *out, smail_tx *tx, smail_id account, int64_t hash,
                   smail_error *err)
{
    int code;

    *out = smail__threads_get(&tx->store->threads, account, hash);
    if (*out != 0)
        return 0;
    code = smail__db_value(out, tx->db, find_sql, account, hash, err);
    if (code == SMAIL_ENOTFOUND)
        *out = 0;
    return code == SMAIL_ENOTFOUND ? 0 : code;
}

static int add_at_once(smail_tx *tx, smail_id account, smail_id thread,
                       const int64_t *hashes, size_t count, smail_error *err)
{
    struct smail__statement *row;

    for (size_t i = 0; i < count; i++) {
        int code = smail__db_prepare(&row, tx->db, add_sql, err);

        if (code < 0)
            return code;
        smail__bind_int(row, 1, account);
        smail__bind_int(row, 2, hashes[i]);
        smail__bind_int(row, 3, thread);
        code = smail__statement_run(row, err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int add_new(smail_tx *tx, smail_id account, smail_id thread,
                   const int64_t *hashes, size_t count, smail_error *err)
{
    struct smail__threads *threads = &tx->store->threads;
    char bytes[8 * SMAIL__THREAD_REFS_MAX];
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, add_new_sql, err);

    if (code < 0)
        return code;
    for (size_t i = 0; i < count; i++)
        write_hash(bytes + 8 * i, hashes[i]);
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, thread);
    smail__bind_blob(row, 3, (smail_span){ bytes, 8 * count });
    code = smail__statement_run(row, err);
    if (threads->job_count == 0)
        threads->last_before = threads->last;
    for (size_t i = 0; code == 0 && i < count; i++)
        code = smail__threads_add(threads, account, hashes[i], thread, err);
    if (code == 0)
        threads->last = smail__db_last_id(tx->db);
    return code;
}

int smail__thread_find(smail_id *out, bool *is_new, smail_tx *tx,
                       smail_id account, smail_id email, const int64_t *refs,
                       size_t count, smail_error *err)
{
    int64_t unknown[SMAIL__THREAD_REFS_MAX];
    size_t unknown_count = 0;
    int code = refresh(&tx->store->threads, tx->db, err);

    *out = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        smail_id thread;

        code = look_up(&thread, tx, account, refs[i], err);
        if (thread == 0)
            unknown[unknown_count++] = refs[i];
        else if (*out == 0)
            *out = thread;
    }
    if (code < 0)
        return code;
    *is_new = *out == 0;
    if (*out == 0)
        *out = email; /* unique among the account's ids */
    if (unknown_count == 0)
        return 0;
    if (tx->store->threads.count >= SMAIL__THREADS_MAX)
        return add_at_once(tx, account, *out, unknown, unknown_count, err);
    return add_new(tx, account, *out, unknown, unknown_count, err);
}
