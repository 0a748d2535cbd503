/* SPDX-License-Identifier: MIT */
/* store/retention.c - see store/retention.h. */
#include "store/retention.h"

#include <time.h>

#include "base/error.h"
#include "store/email.h"
#include "store/index.h"

/* Messages of one transaction: a few milliseconds; and the pause behind it. */
#define STEP 25
#define PAUSE_NANOSECONDS 2000000

/* Between two marks of a mailbox, at least; a short age has more of them. */
#define MARK_SECONDS ((int64_t)6 * 3600)
#define MARKS_OF_AN_AGE 24

struct box {
    smail_id account, mailbox;
    int64_t role, uidvalidity;
    int64_t before; /* uid */
    int64_t age, now;
    uint64_t purged;
    bool more;
};

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

/* --- Marks --------------------------------------------------------------- */

/* A new one if the mailbox has got on; the old ones that say no more than the
 * newest of those that are old enough go. `before`: what is older than `age`. */
static int mark_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char add_sql[] =
        "INSERT INTO mailbox_mark (account, mailbox, at, uidvalidity, "
        "uidnext) SELECT account, id, $1, uidvalidity, uidnext FROM mailbox m "
        "WHERE account = $2 AND id = $3 AND NOT EXISTS (SELECT 1 FROM "
        "mailbox_mark k WHERE k.account = m.account AND k.mailbox = m.id AND "
        "k.uidvalidity = m.uidvalidity AND (k.uidnext >= m.uidnext "
        "OR k.at > $4)) ON CONFLICT DO NOTHING";
    static const char before_sql[] =
        "SELECT coalesce(max(uidnext), 0) FROM mailbox_mark WHERE "
        "account = $1 AND mailbox = $2 AND uidvalidity = $3 AND at <= $4";
    static const char drop_sql[] =
        "DELETE FROM mailbox_mark WHERE account = $1 AND mailbox = $2 AND "
        "(uidvalidity <> $3 OR uidnext < $4)";
    struct box *box = arg;
    int64_t pause = box->age / MARKS_OF_AN_AGE;
    struct smail__statement *row;
    int code;

    if (pause > MARK_SECONDS)
        pause = MARK_SECONDS;
    code = RUN(tx, add_sql, err, box->now, box->account, box->mailbox,
               box->now - pause);
    if (code == 0)
        code = smail__db_prepare(&row, tx->db, before_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, box->account);
    smail__bind_int(row, 2, box->mailbox);
    smail__bind_int(row, 3, box->uidvalidity);
    smail__bind_int(row, 4, box->now - box->age);
    code = smail__statement_step(row, err);
    if (code > 0)
        box->before = smail__column_int(row, 0);
    smail__statement_reset(row);
    if (code < 0)
        return code;
    return RUN(tx, drop_sql, err, box->account, box->mailbox, box->uidvalidity,
               box->before);
}

/* --- Purge --------------------------------------------------------------- */

/* The first of the mailbox goes, from there or for good. 1; 0: none left. */
static int purge_one(smail_tx *tx, const struct box *box, smail_error *err)
{
    static const char sql[] =
        "SELECT uid, email FROM email_mailbox WHERE account = $1 "
        "AND mailbox = $2 AND uid < $3 ORDER BY uid LIMIT 1";
    struct smail__place place = { box->mailbox, 0 };
    struct smail__places places;
    struct smail__statement *row;
    struct smail__email email;
    smail_id id = 0;
    size_t count;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, box->account);
    smail__bind_int(row, 2, box->mailbox);
    smail__bind_int(row, 3, box->before);
    code = smail__statement_step(row, err);
    if (code > 0) {
        place.uid = smail__column_int(row, 0);
        id = smail__column_int(row, 1);
    }
    smail__statement_reset(row);
    if (code <= 0)
        return code;
    code = smail__places_load(&places, tx->db, box->account, id, err);
    if (code < 0)
        return code;
    count = places.count;
    smail__places_dispose(&places);
    if (count < 2) {
        code = smail__email_purge(tx, box->account, id, err);
        return code < 0 ? code : 1;
    }
    code = smail__email_load(&email, tx->db, box->account, id, err);
    if (code == 0)
        code =
            smail__email_take_out(tx, box->account, &place, email.unread, err);
    if (code == 0)
        code = smail__email_touch(tx, &email, err);
    return code < 0 ? code : 1;
}

static int purge_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct box *box = arg;
    int code = 1, done = 0;

    for (; done < STEP; done++) {
        code = purge_one(tx, box, err);
        if (code <= 0)
            break;
    }
    box->more = code > 0;
    box->purged = (uint64_t)done;
    return code < 0 ? code : 0;
}

static int empty_box(uint64_t *purged, smail_store *store, struct box *box,
                     smail_error *err)
{
    int code = smail__store_write(store, mark_job, box, err);

    while (code == 0 && box->before > 0 && !smail__indexer_is_stopping(store)) {
        code = smail__store_write(store, purge_job, box, err);
        *purged += code == 0 ? box->purged : 0;
        if (code < 0 || !box->more)
            break;
        nanosleep(&(struct timespec){ 0, PAUSE_NANOSECONDS }, NULL);
    }
    return code;
}

/* --- All of them --------------------------------------------------------- */

/* The next behind `box` that has something in it: 1; 0: none. */
static int next_box(struct box *box, smail_store *store, smail_error *err)
{
    static const char sql[] =
        "SELECT account, id, role, uidvalidity FROM mailbox WHERE "
        "(account, id) > ($1, $2) AND role IN (5, 6) AND total > 0 "
        "ORDER BY account, id LIMIT 1";
    struct smail__statement *row;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, sql, err);
    if (code == 0) {
        smail__bind_int(row, 1, box->account);
        smail__bind_int(row, 2, box->mailbox);
        code = smail__statement_step(row, err);
    }
    if (code > 0) {
        box->account = smail__column_int(row, 0);
        box->mailbox = smail__column_int(row, 1);
        box->role = smail__column_int(row, 2);
        box->uidvalidity = smail__column_int(row, 3);
        box->before = 0;
    }
    smail__store_end_read(store, db);
    return code;
}

int smail__retention_apply(uint64_t *purged, smail_store *store,
                           smail_error *err)
{
    const smail_store_options *options = &store->options;
    struct box box = { .now = smail__store_now(store) };
    int code = 0;

    *purged = 0;
    if (options->keep_trash == 0 && options->keep_junk == 0)
        return 0;
    while (!smail__indexer_is_stopping(store) &&
           (code = next_box(&box, store, err)) > 0) {
        box.age = (int64_t)(box.role == SMAIL_ROLE_TRASH ? options->keep_trash
                                                         : options->keep_junk);
        code = box.age > 0 ? empty_box(purged, store, &box, err) : 0;
        if (code < 0)
            return code;
    }
    return code < 0 ? code : 0;
}

static int count_of(uint64_t *out, struct smail__db *db, smail_role role,
                    int64_t before, smail_error *err)
{
    static const char sql[] =
        "SELECT count(*) FROM mailbox m JOIN email_mailbox e "
        "ON e.account = m.account AND e.mailbox = m.id WHERE m.role = $1 "
        "AND e.uid < (SELECT coalesce(max(k.uidnext), 0) FROM mailbox_mark k "
        "WHERE k.account = m.account AND k.mailbox = m.id "
        "AND k.uidvalidity = m.uidvalidity AND k.at <= $2)";
    int64_t count = 0;
    int code = smail__db_value(&count, db, sql, role, before, err);

    *out += (uint64_t)count;
    return code;
}

int smail__retention_count(uint64_t *out, smail_store *store, smail_error *err)
{
    const smail_store_options *options = &store->options;
    int64_t now = smail__store_now(store);
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    *out = 0;
    if (code < 0)
        return code;
    if (options->keep_trash > 0)
        code = count_of(out, db, SMAIL_ROLE_TRASH,
                        now - (int64_t)options->keep_trash, err);
    if (code == 0 && options->keep_junk > 0)
        code = count_of(out, db, SMAIL_ROLE_JUNK,
                        now - (int64_t)options->keep_junk, err);
    smail__store_end_read(store, db);
    return code;
}
