/* SPDX-License-Identifier: MIT */
/*
 * store/removed.c - see store/removed.h. The row names the blob, so that the
 * sweeper leaves the bytes alone until the row is gone.
 */
#include "store/removed.h"

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "store/index.h"
#include "store/keyword.h"

/* Rows of one transaction. */
#define STEP 200

/* Ids of mailboxes in a row; with more of them, the inbox has to do. */
#define PLACES_TEXT 2048

static int run(smail_tx *tx, const char *sql, const int64_t *values,
               size_t count, smail_error *err)
{
    struct smail__statement *statement;
    int code = smail__db_prepare(&statement, tx->db, sql, err);

    if (code < 0)
        return code;
    for (size_t i = 0; i < count; i++)
        smail__bind_int(statement, (int)i + 1, values[i]);
    return smail__statement_run(statement, err);
}

#define RUN(tx, sql, err, ...)                         \
    run((tx), (sql), (const int64_t[]){ __VA_ARGS__ }, \
        sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (err))

/* --- Letting go ---------------------------------------------------------- */

static int let_go(smail_tx *tx, smail_id account, smail_id email, int64_t size,
                  smail_error *err)
{
    int code = RUN(tx, "DELETE FROM removed WHERE account = $1 AND email = $2",
                   err, account, email);

    if (code == 0)
        code = RUN(tx,
                   "UPDATE removed_total SET emails = emails - 1, "
                   "bytes = bytes - $1 WHERE account = $2",
                   err, size, account);
    if (code == 0)
        atomic_store(&tx->store->sweeper.wanted, true);
    return code;
}

/* The row that `sql` finds, by two numbers: 1; 0: there is none. */
static int let_go_next(smail_tx *tx, const char *sql, int64_t first,
                       int64_t second, smail_error *err)
{
    struct smail__statement *row;
    int64_t account = 0, email = 0, size = 0;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, first);
    smail__bind_int(row, 2, second);
    code = smail__statement_step(row, err);
    if (code > 0) {
        account = smail__column_int(row, 0);
        email = smail__column_int(row, 1);
        size = smail__column_int(row, 2);
    }
    smail__statement_reset(row);
    if (code <= 0)
        return code;
    code = let_go(tx, account, email, size, err);
    return code < 0 ? code : 1;
}

/* One that comes may push out many small ones: as many as a step. */
static int trim(smail_tx *tx, smail_id account, smail_error *err)
{
    static const char sql[] =
        "SELECT account, email, size FROM removed WHERE account = $1 "
        "AND EXISTS (SELECT 1 FROM removed_total t WHERE t.account = $1 "
        "AND (t.emails > 100000 OR t.bytes > $2)) "
        "ORDER BY removed_at, email LIMIT 1";
    int code = 1;

    for (int i = 0; code > 0 && i < STEP; i++)
        code = let_go_next(tx, sql, account, (int64_t)SMAIL_REMOVED_BYTES_MAX,
                           err);
    return code < 0 ? code : 0;
}

/* --- Keeping ------------------------------------------------------------- */

/* Programs save a draft by adding the new one and removing the old: nobody
 * wants each of these back. */
static int is_old_draft(bool *out, smail_tx *tx,
                        const struct smail__email *email, smail_error *err)
{
    static const char sql[] =
        "SELECT flags FROM email WHERE account = $1 AND id = $2";
    int64_t flags;
    int code =
        smail__db_value(&flags, tx->db, sql, email->account, email->id, err);

    *out = code == 0 && (flags & SMAIL__FLAG_DRAFT) != 0;
    return code;
}

static int are_drafts(bool *out, smail_tx *tx, smail_id account,
                      const struct smail__places *places, smail_error *err)
{
    static const char sql[] =
        "SELECT role FROM mailbox WHERE account = $1 AND id = $2";

    *out = places->count > 0;
    for (size_t i = 0; *out && i < places->count; i++) {
        int64_t role = 0;
        int code = smail__db_value(&role, tx->db, sql, account,
                                   places->list[i].mailbox, err);

        if (code < 0 && code != SMAIL_ENOTFOUND)
            return code;
        *out = role == SMAIL_ROLE_DRAFTS;
    }
    return 0;
}

static size_t put_places(char *out, const struct smail__places *places)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < places->count && len + 24 < PLACES_TEXT; i++)
        len +=
            smail__format(out + len, PLACES_TEXT - len, "%s%lld",
                          i > 0 ? " " : "", (long long)places->list[i].mailbox);
    return len;
}

static const char keep_sql[] =
    "INSERT INTO removed (account, email, blob, thread, mailboxes, flags, "
    "keywords, received_at, size, removed_at, expires_at, sent_at, "
    "message_id, subject, sender, recipients) SELECT account, id, blob, "
    "thread, $1, flags, keywords, received_at, size, $2, $3, sent_at, "
    "message_id, subject, sender, recipients FROM email "
    "WHERE account = $4 AND id = $5";

static int keep_row(smail_tx *tx, const struct smail__email *email,
                    const struct smail__places *places, smail_error *err)
{
    struct smail__statement *row;
    char text[PLACES_TEXT];
    int code = smail__db_prepare(&row, tx->db, keep_sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, (smail_span){ text, put_places(text, places) });
    smail__bind_int(row, 2, tx->now);
    smail__bind_int(row, 3, tx->now + (int64_t)tx->store->options.keep_removed);
    smail__bind_int(row, 4, email->account);
    smail__bind_int(row, 5, email->id);
    code = smail__statement_run(row, err);
    if (code < 0)
        return code;
    return RUN(tx,
               "INSERT INTO removed_total (account, emails, bytes) "
               "VALUES ($1, 1, $2) ON CONFLICT (account) DO UPDATE "
               "SET emails = removed_total.emails + 1, "
               "bytes = removed_total.bytes + excluded.bytes",
               err, email->account, email->size);
}

int smail__removed_keep(smail_tx *tx, const struct smail__email *email,
                        const struct smail__places *places, smail_error *err)
{
    bool is_draft, in_drafts = false;
    int code;

    if (tx->store->options.keep_removed == 0 ||
        email->size > (int64_t)SMAIL_REMOVED_BYTES_MAX)
        return 0;
    code = is_old_draft(&is_draft, tx, email, err);
    if (code == 0 && is_draft)
        code = are_drafts(&in_drafts, tx, email->account, places, err);
    if (code < 0 || in_drafts)
        return code;
    code = keep_row(tx, email, places, err);
    return code < 0 ? code : trim(tx, email->account, err);
}

/* --- Purge --------------------------------------------------------------- */

struct purge {
    const char *sql; /* finds the next, by two numbers */
    int64_t first, second;
    int limit;
    uint64_t count;
    bool more;
};

static int purge_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct purge *purge = arg;
    int code = 1, done = 0;

    for (; done < purge->limit; done++) {
        code = let_go_next(tx, purge->sql, purge->first, purge->second, err);
        if (code <= 0)
            break;
    }
    purge->more = code > 0;
    purge->count = (uint64_t)done;
    return code < 0 ? code : 0;
}

int smail__removed_expire(uint64_t *count, smail_store *store, smail_error *err)
{
    struct purge purge = {
        .sql = "SELECT account, email, size FROM removed "
               "WHERE expires_at <= $1 AND expires_at >= $2 "
               "ORDER BY expires_at LIMIT 1",
        .first = smail__store_now(store),
        .second = 0,
        .limit = STEP,
    };
    int64_t found;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    *count = 0;
    if (code < 0)
        return code;
    code = smail__db_value(&found, db,
                           "SELECT 1 FROM removed WHERE expires_at <= $1 "
                           "LIMIT 1",
                           purge.first, INT64_MIN, err);
    smail__store_end_read(store, db);
    if (code < 0)
        return code == SMAIL_ENOTFOUND ? 0 : code;
    do {
        code = smail__store_write(store, purge_job, &purge, err);
        *count += code == 0 ? purge.count : 0;
    } while (code == 0 && purge.more && !smail__indexer_is_stopping(store));
    return code;
}

int smail_removed_purge(uint64_t *count, smail_store *store, smail_id account,
                        smail_id removed, smail_error *err)
{
    struct purge purge = {
        .sql = removed == 0 ? "SELECT account, email, size FROM removed "
                              "WHERE account = $1 AND email > $2 LIMIT 1"
                            : "SELECT account, email, size FROM removed "
                              "WHERE account = $1 AND email = $2",
        .first = account,
        .second = removed,
        .limit = removed == 0 ? STEP : 1,
    };
    uint64_t all = 0;
    int code;

    do {
        code = smail__store_write(store, purge_job, &purge, err);
        all += code == 0 ? purge.count : 0;
    } while (code == 0 && purge.more && removed == 0);
    if (count != NULL)
        *count = all;
    if (code == 0 && removed != 0 && all == 0)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "there is no removed message %lld",
                           (long long)removed);
    return code;
}
