/* SPDX-License-Identifier: MIT */
/*
 * store/thread_merge.c - from thread_new to thread_ref, sorted, so that many
 * rows share a page.
 *
 * In small jobs: rows are added, and when all are there the old ones go. A
 * crash between only means that some are added again, which does nothing.
 * Writers that still hold the old ones in memory hold nothing wrong.
 */
#include <stdlib.h>

#include "base/error.h"
#include "store/index.h"
#include "store/internal.h"
#include "store/thread.h"

/* Rows that make it worth while, and rows of one go. */
#define ENOUGH 4096
#define PASS 16384
#define STEP 500

struct pair {
    smail_id account;
    int64_t hash;
    smail_id thread;
    int64_t row;
};

struct merge {
    struct pair *pairs;
    size_t count, room;
    size_t at;        /* done so far */
    int64_t from, to; /* rows of thread_new */
};

static int by_key(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;

    if (left->account != right->account)
        return left->account < right->account ? -1 : 1;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->row < right->row ? -1 : left->row > right->row;
}

static int add_pair(struct merge *merge, struct pair pair, smail_error *err)
{
    if (merge->count == merge->room) {
        size_t room = merge->room == 0 ? ENOUGH : merge->room * 2;
        struct pair *pairs = realloc(merge->pairs, room * sizeof(*pairs));

        if (pairs == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        merge->pairs = pairs;
        merge->room = room;
    }
    merge->pairs[merge->count++] = pair;
    return 0;
}

static int add_row(struct merge *merge, struct smail__statement *row,
                   smail_error *err)
{
    smail_span hashes = smail__column_span(row, 3);
    int code = 0;

    merge->to = smail__column_int(row, 0);
    for (size_t at = 0; code == 0 && at + 8 <= hashes.len; at += 8) {
        uint64_t hash = 0;

        for (int i = 0; i < 8; i++)
            hash = hash << 8 | (unsigned char)hashes.data[at + (size_t)i];
        code = add_pair(merge,
                        (struct pair){ smail__column_int(row, 1), (int64_t)hash,
                                       smail__column_int(row, 2), merge->to },
                        err);
    }
    return code;
}

static int bounds(struct merge *merge, struct smail__db *db, int64_t *last,
                  smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db,
                                 "SELECT (SELECT min(id) FROM thread_new), "
                                 "(SELECT max(id) FROM thread_new)",
                                 err);

    if (code == 0)
        code = smail__statement_step(row, err);
    if (code <= 0)
        return code;
    merge->from = smail__column_int(row, 0);
    *last = smail__column_int(row, 1);
    smail__statement_reset(row);
    return *last - merge->from >= ENOUGH;
}

/* All but the last row, so that ids are not used again. */
static int gather(struct merge *merge, struct smail__db *db, int64_t last,
                  smail_error *err)
{
    static const char sql[] =
        "SELECT id, account, thread, hashes FROM thread_new "
        "WHERE id >= $1 AND id < $2 ORDER BY id";
    struct smail__statement *row;
    int64_t to = merge->from + PASS;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, merge->from);
    smail__bind_int(row, 2, to < last ? to : last);
    while ((code = smail__statement_step(row, err)) > 0) {
        code = add_row(merge, row, err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    return code;
}

static int add_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO thread_ref (account, hash, thread) VALUES ($1, $2, $3) "
        "ON CONFLICT (account, hash) DO NOTHING";
    struct merge *merge = arg;
    struct smail__statement *row;

    for (size_t i = 0; i < STEP && merge->at + i < merge->count; i++) {
        const struct pair *pair = &merge->pairs[merge->at + i];
        int code = smail__db_prepare(&row, tx->db, sql, err);

        if (code < 0)
            return code;
        smail__bind_int(row, 1, pair->account);
        smail__bind_int(row, 2, pair->hash);
        smail__bind_int(row, 3, pair->thread);
        code = smail__statement_run(row, err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int delete_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct merge *merge = arg;
    struct smail__statement *row;
    int code = smail__db_prepare(
        &row, tx->db, "DELETE FROM thread_new WHERE id >= $1 AND id <= $2",
        err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, merge->from);
    smail__bind_int(row, 2,
                    merge->from + PASS / 8 < merge->to ? merge->from + PASS / 8
                                                       : merge->to);
    return smail__statement_run(row, err);
}

static int move(struct merge *merge, smail_store *store, smail_error *err)
{
    int code = 0;

    qsort(merge->pairs, merge->count, sizeof(*merge->pairs), by_key);
    while (code == 0 && merge->at < merge->count) {
        if (smail__indexer_is_stopping(store))
            return SMAIL_ETEMP;
        code = smail__store_write(store, add_job, merge, err);
        merge->at += STEP;
    }
    while (code == 0 && merge->from <= merge->to) {
        code = smail__store_write(store, delete_job, merge, err);
        merge->from += PASS / 8 + 1;
    }
    return code;
}

size_t smail__threads_merge(smail_store *store)
{
    struct merge merge = { 0 };
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__db *db;
    int64_t last = 0;
    int code = smail__store_begin_read(&db, store, &err);

    if (code < 0)
        return 0;
    code = bounds(&merge, db, &last, &err);
    if (code > 0)
        code = gather(&merge, db, last, &err);
    smail__store_end_read(store, db);
    if (code == 0 && merge.count > 0)
        code = move(&merge, store, &err);
    free(merge.pairs);
    if (code < 0 && code != SMAIL_ETEMP)
        smail__store_warn(store, err.message);
    return code == 0 ? merge.count : 0;
}
