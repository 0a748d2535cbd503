/* SPDX-License-Identifier: MIT */
/*
 * store/index.c - reads what came, behind the 250, and writes what lists and
 * search need.
 *
 * One process indexes at a time: who holds flock() on PATH.index. Before a
 * message is parsed, the attempt is counted and committed: one on which the
 * parser dies is tried alone the next time and given up at the third. The
 * parser sees a bounded piece; what it makes goes to the writer in jobs that
 * end after a few milliseconds.
 */
#define _GNU_SOURCE
#include "store/index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "message/index.h"
#include "store/content.h"

/* The full text costs less the more comes to it at once. */
#define BATCH SMAIL__INDEX_BATCH
#define BATCH_BYTES ((uint64_t)8 * 1024 * 1024)
/* Read in one go, then parsed: a reader that stays is in the way of others. */
#define READ_MAX 32
#define READ_BYTES ((uint64_t)256 * 1024)
#define ATTEMPTS_MAX 3

/* Of one message; what is behind it is not found by search. */
#define PARSED_MAX ((size_t)32 * 1024 * 1024)

struct item {
    int64_t row;
    smail_id account, email;
    int64_t attempts;
    uint64_t size;
    bool gone; /* the message was removed meanwhile */
    char *raw; /* read, and not parsed yet */
    size_t len;
    bool made; /* `index` is filled */
    struct smail__index index;
};

struct work {
    smail_store *store;
    struct item items[BATCH];
    size_t count;
    size_t written;
};

/* --- Who indexes --------------------------------------------------------- */

static bool own(smail_store *store)
{
    struct smail__indexer *indexer = &store->indexer;
    const char *path = smail__db_path(store->db);
    struct smail__buf name;

    if (path == NULL) {
        smail__store_take_db(store);
        indexer->owner = smail__db_claim(store->db);
        smail__store_give_db(store);
        return indexer->owner;
    }
    if (indexer->owner)
        return true;
    if (indexer->lock < 0) {
        smail__buf_init(&name, (size_t)64 * 1024, NULL);
        smail__buf_printf(&name, "%s.index", path);
        if (smail__buf_error(&name) == 0)
            indexer->lock = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        smail__buf_dispose(&name);
    }
    indexer->owner =
        indexer->lock >= 0 && flock(indexer->lock, LOCK_EX | LOCK_NB) == 0;
    return indexer->owner;
}

/* --- What to do ---------------------------------------------------------- */

static const char next_sql[] =
    "SELECT u.id, u.account, u.email, u.attempts, e.size "
    "FROM unindexed u LEFT JOIN email e "
    "ON e.account = u.account AND e.id = u.email ORDER BY u.id LIMIT 256";

static int fetch(struct work *work, smail_error *err)
{
    struct smail__db *db;
    struct smail__statement *row;
    uint64_t bytes = 0;
    int code = smail__store_begin_read(&db, work->store, err);

    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, next_sql, err);
    while (code >= 0 && work->count < BATCH && bytes < BATCH_BYTES &&
           (code = smail__statement_step(row, err)) > 0) {
        struct item *item = &work->items[work->count];
        int64_t attempts = smail__column_int(row, 3);

        if (attempts > 0 && work->count > 0)
            break; /* a suspect goes alone */
        item->row = smail__column_int(row, 0);
        item->account = smail__column_int(row, 1);
        item->email = smail__column_int(row, 2);
        item->attempts = attempts;
        item->gone = smail__column_is_null(row, 4);
        item->size = (uint64_t)smail__column_int(row, 4);
        bytes += item->size;
        work->count++;
        if (attempts > 0)
            break;
    }
    smail__store_end_read(work->store, db);
    work->store->indexer.full = code > 0; /* or perhaps that was the last */
    return code < 0 ? code : 0;
}

/* Rows are added behind each other, so those of a batch are a range. */
static int run_range(struct smail__db *db, const char *sql, int64_t from,
                     int64_t to, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, from);
    smail__bind_int(row, 2, to);
    return smail__statement_run(row, err);
}

static int mark_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char sql[] = "UPDATE unindexed SET attempts = attempts + 1 "
                              "WHERE id >= $1 AND id <= $2";
    const struct work *work = arg;

    return run_range(smail__tx_db(tx), sql, work->items[0].row,
                     work->items[work->count - 1].row, err);
}

/* The parser is not to blame for what was not written. */
static int unmark_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char sql[] = "UPDATE unindexed SET attempts = attempts - 1 "
                              "WHERE id >= $1 AND id <= $2 AND attempts > 0";
    const struct work *work = arg;

    return run_range(smail__tx_db(tx), sql, work->items[work->written].row,
                     work->items[work->count - 1].row, err);
}

/* --- Parse --------------------------------------------------------------- */

static void warn(smail_store *store, const struct item *item,
                 const smail_error *err)
{
    char text[320];

    smail__format(text, sizeof(text),
                  "message %lld of account %lld is not "
                  "indexed: %s",
                  (long long)item->email, (long long)item->account,
                  err->message);
    smail__store_warn(store, text);
}

static int read_all(struct item *item, smail_store *store, struct smail__db *db,
                    smail_error *err)
{
    smail_content *content = NULL;
    int64_t got;
    int code = smail__content_open_email(&content, store, db, item->account,
                                         item->email, err);

    if (code < 0)
        return code;
    item->len = content->size < PARSED_MAX ? (size_t)content->size : PARSED_MAX;
    item->raw = malloc(item->len + 1);
    got = item->raw == NULL
              ? smail__fail(err, SMAIL_ENOMEM, "out of memory")
              : smail_content_read(item->raw, content, 0, item->len, err);
    smail_content_close(content);
    if (got >= 0)
        item->len = (size_t)got;
    return got < 0 ? (int)got : 0;
}

static void read_item(struct item *item, smail_store *store,
                      struct smail__db *db)
{
    smail_error err = SMAIL_ERROR_INIT;
    int code;

    if (item->gone || item->attempts >= ATTEMPTS_MAX)
        return;
    code = read_all(item, store, db, &err);
    item->gone = code == SMAIL_ENOTFOUND;
    if (code == 0)
        return;
    free(item->raw);
    item->raw = NULL;
    if (!item->gone)
        warn(store, item, &err);
}

static void make(smail_store *store, struct item *item)
{
    smail_error err = SMAIL_ERROR_INIT;

    if (item->raw == NULL)
        return;
    item->made =
        smail__index_make(&item->index, (smail_span){ item->raw, item->len },
                          &err) == 0;
    if (!item->made)
        warn(store, item, &err);
}

/* From `from`: a few messages; the index behind them. */
static int read_some(size_t *to, struct work *work, size_t from,
                     smail_error *err)
{
    struct smail__db *db;
    uint64_t bytes = 0;
    int code = smail__store_begin_read(&db, work->store, err);

    if (code < 0)
        return code;
    for (*to = from;
         *to < work->count && *to - from < READ_MAX && bytes < READ_BYTES;
         (*to)++) {
        read_item(&work->items[*to], work->store, db);
        bytes += work->items[*to].size;
    }
    smail__store_end_read(work->store, db);
    return 0;
}

/* --- Write --------------------------------------------------------------- */

static const char derived_sql[] =
    "INSERT INTO email_derived (account, email, generation, has_attachment, "
    "preview) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (account, email) DO NOTHING";
static const char text_sql[] =
    "INSERT INTO email_text (rowid, subject, sender, recipients, body) "
    "VALUES ($1, $2, $3, $4, $5)";
/* Without an attempt: it came anew, in the place of one that we had. */
static const char done_sql[] =
    "DELETE FROM unindexed WHERE id >= $1 AND id <= $2 AND attempts > 0";
static const char exists_sql[] =
    "SELECT 1 FROM email WHERE account = $1 AND id = $2";

static smail_span span_of(const smail_buf *buf)
{
    return (smail_span){ buf->data, buf->len };
}

static int write_text(struct smail__db *db, const struct item *item,
                      smail_error *err)
{
    struct smail__statement *row;
    int code;

    /* What the rowid has room for. */
    if (item->account >= INT32_MAX || item->email > UINT32_MAX)
        return 0;
    code = smail__db_prepare(&row, db, text_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, item->account << 32 | item->email);
    smail__bind_text(row, 2, span_of(&item->index.subject));
    smail__bind_text(row, 3, span_of(&item->index.sender));
    smail__bind_text(row, 4, span_of(&item->index.recipients));
    smail__bind_text(row, 5, span_of(&item->index.body));
    return smail__statement_run(row, err);
}

/* One that could not be parsed gets a row of generation 0: not again. */
static int write_derived(struct smail__db *db, const struct item *item,
                         smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, derived_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, item->account);
    smail__bind_int(row, 2, item->email);
    smail__bind_int(row, 3, item->made ? SMAIL__INDEX_GENERATION : 0);
    smail__bind_int(row, 4, item->made && item->index.has_attachment);
    smail__bind_text(
        row, 5, item->made ? span_of(&item->index.preview) : smail__span(""));
    code = smail__statement_run(row, err);
    /* Twice in the full text, it could not be taken out again. */
    if (code == 0 && item->made && smail__db_changes(db) > 0)
        code = write_text(db, item, err);
    return code;
}

static int write_item(struct smail__db *db, const struct item *item,
                      smail_error *err)
{
    int64_t found;
    int code = smail__db_value(&found, db, exists_sql, item->account,
                               item->email, err);

    if (code == 0)
        code = write_derived(db, item, err);
    return code == SMAIL_ENOTFOUND ? 0 : code; /* removed meanwhile */
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int write_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct work *work = arg;
    int64_t began = milliseconds();
    size_t at = work->written;
    int code;

    do {
        code = write_item(smail__tx_db(tx), &work->items[at], err);
        if (code < 0)
            return code;
        at++;
    } while (at < work->count && milliseconds() - began < 8);
    code = run_range(smail__tx_db(tx), done_sql, work->items[work->written].row,
                     work->items[at - 1].row, err);
    if (code == 0)
        work->written = at;
    return code;
}

/* How many are parsed. */
static int make_all(size_t *made, struct work *work, smail_error *err)
{
    int code = 0;

    *made = 0;
    while (code == 0 && *made < work->count) {
        size_t at = *made, to = at;

        code = read_some(&to, work, at, err);
        for (; at < to; at++) {
            if (smail__indexer_is_stopping(work->store))
                break;
            make(work->store, &work->items[at]);
            free(work->items[at].raw);
            work->items[at].raw = NULL;
        }
        *made = at;
        if (at < to)
            break;
    }
    return code;
}

static int write_all(struct work *work, smail_error *err)
{
    size_t made, count = work->count;
    int code = make_all(&made, work, err);

    work->count = made;
    while (code == 0 && work->written < made) {
        size_t before = work->written;

        code = smail__store_write(work->store, write_job, work, err);
        if (code < 0)
            work->written = before;
    }
    work->count = count;
    if (work->written < count)
        smail__store_write(work->store, unmark_job, work, NULL);
    return code;
}

static void work_free(struct work *work)
{
    for (size_t i = 0; i < BATCH; i++) {
        free(work->items[i].raw);
        if (work->items[i].made)
            smail__index_dispose(&work->items[i].index);
    }
    free(work);
}

size_t smail__indexer_step(smail_store *store)
{
    struct work *work;
    smail_error err = SMAIL_ERROR_INIT;
    size_t done;
    int code;

    if (!own(store) || (work = calloc(1, sizeof(*work))) == NULL)
        return 0;
    work->store = store;
    code = fetch(work, &err);
    if (code == 0 && work->count > 0)
        code = smail__store_write(store, mark_job, work, &err);
    if (code == 0 && work->count > 0)
        code = write_all(work, &err);
    if (code < 0 && code != SMAIL_ETEMP)
        smail__store_warn(store, err.message);
    done = code == 0 ? work->written : 0;
    work_free(work);
    return done;
}

static int lag(uint64_t *out, struct smail__db *db, smail_error *err)
{
    struct smail__statement *row;
    int code =
        smail__db_prepare(&row, db, "SELECT count(*) FROM unindexed", err);

    if (code == 0)
        code = smail__statement_step(row, err);
    if (code > 0)
        *out = (uint64_t)smail__column_int(row, 0);
    return code < 0 ? code : 0;
}

int smail_store_index_lag(uint64_t *out, smail_store *store, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = lag(out, db, err);
    smail__store_end_read(store, db);
    return code;
}
