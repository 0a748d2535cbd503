/* SPDX-License-Identifier: MIT */
/* store/undelete.c - removed messages: listed, and had again. */
#include "base/error.h"
#include "base/span.h"
#include "store/keyword.h"
#include "store/removed.h"

/* Mailboxes that are read from a row. */
#define PLACES_MAX 100

struct undelete {
    smail_id account, removed;
    struct smail__email email; /* as it will be */
    smail_id places[PLACES_MAX];
    size_t place_count;
    bool is_threaded; /* its thread has other messages */
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

/* --- What it was --------------------------------------------------------- */

static void read_places(struct undelete *job, smail_span text)
{
    smail_id id = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] >= '0' && text.data[i] <= '9') {
            id = id * 10 + (text.data[i] - '0');
            continue;
        }
        if (id > 0 && job->place_count < PLACES_MAX)
            job->places[job->place_count++] = id;
        id = 0;
    }
}

static int load(struct undelete *job, smail_tx *tx, smail_error *err)
{
    static const char sql[] =
        "SELECT thread, size, flags, received_at, mailboxes FROM removed "
        "WHERE account = $1 AND email = $2 AND expires_at > $3";
    struct smail__email *email = &job->email;
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, job->account);
    smail__bind_int(row, 2, job->removed);
    smail__bind_int(row, 3, tx->now);
    code = smail__statement_step(row, err);
    if (code > 0) {
        email->account = job->account;
        email->thread = smail__column_int(row, 0);
        email->size = smail__column_int(row, 1);
        email->unread = (smail__column_int(row, 2) & SMAIL__FLAG_SEEN) == 0;
        email->received_at = smail__column_int(row, 3);
        job->place_count = 0;
        read_places(job, smail__column_span(row, 4));
    }
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "there is no removed message %lld",
                           (long long)job->removed);
    return code < 0 ? code : 0;
}

static int choose_places(struct undelete *job, smail_tx *tx, smail_error *err)
{
    size_t kept = 0;
    int64_t found;
    int code;

    for (size_t i = 0; i < job->place_count; i++) {
        code = smail__db_value(&found, tx->db,
                               "SELECT id FROM mailbox WHERE account = $1 "
                               "AND id = $2",
                               job->account, job->places[i], err);
        if (code < 0 && code != SMAIL_ENOTFOUND)
            return code;
        if (code == 0)
            job->places[kept++] = job->places[i];
    }
    job->place_count = kept;
    if (kept > 0)
        return 0;
    code = smail__db_value(&found, tx->db,
                           "SELECT id FROM mailbox WHERE account = $1 "
                           "AND role = $2",
                           job->account, SMAIL_ROLE_INBOX, err);
    if (code == 0)
        job->places[job->place_count++] = found;
    return code;
}

/* --- What it is again ---------------------------------------------------- */

static int take_room(struct undelete *job, smail_tx *tx, smail_error *err)
{
    static const char full_sql[] =
        "SELECT (quota_bytes > 0 AND used_bytes + $1 > quota_bytes) OR "
        "(quota_emails > 0 AND used_emails >= quota_emails) "
        "FROM account WHERE id = $2";
    int64_t is_full;
    int code = smail__db_value(&is_full, tx->db, full_sql, job->email.size,
                               job->account, err);

    if (code == 0 && is_full != 0)
        return smail__fail(err, SMAIL_EQUOTA, "the mailbox is full");
    if (code == 0)
        code = smail__tx_next_id(&job->email.id, tx, job->account, err);
    if (code == 0)
        code = RUN(tx,
                   "UPDATE account SET used_bytes = used_bytes + $1, "
                   "used_emails = used_emails + 1 WHERE id = $2",
                   err, job->email.size, job->account);
    return code;
}

static int put_rows(struct undelete *job, smail_tx *tx, smail_error *err)
{
    static const char email_sql[] =
        "INSERT INTO email (account, id, blob, thread, received_at, sent_at, "
        "size, flags, keywords, modseq, message_id, subject, sender, "
        "recipients) SELECT account, $1, blob, thread, received_at, sent_at, "
        "size, flags, keywords, $2, message_id, subject, sender, recipients "
        "FROM removed WHERE account = $3 AND email = $4";
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, job->account, err);

    if (code == 0)
        code = RUN(tx, email_sql, err, job->email.id, modseq, job->account,
                   job->removed);
    if (code == 0)
        code = RUN(tx, "DELETE FROM removed WHERE account = $1 AND email = $2",
                   err, job->account, job->removed);
    if (code == 0)
        code = RUN(tx,
                   "UPDATE removed_total SET emails = emails - 1, "
                   "bytes = bytes - $1 WHERE account = $2",
                   err, job->email.size, job->account);
    if (code == 0)
        code = RUN(tx, "INSERT INTO unindexed (account, email) VALUES ($1, $2)",
                   err, job->account, job->email.id);
    for (size_t i = 0; code == 0 && i < job->place_count; i++)
        code = smail__email_put_in(tx, &job->email, job->places[i], err);
    return code;
}

static int look_at_thread(struct undelete *job, smail_tx *tx, smail_error *err)
{
    int64_t other;
    int code = smail__db_value(&other, tx->db,
                               "SELECT id FROM email WHERE account = $1 "
                               "AND thread = $2 LIMIT 1",
                               job->account, job->email.thread, err);

    job->is_threaded = code == 0;
    return code == SMAIL_ENOTFOUND ? 0 : code;
}

static int undelete_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct undelete *job = arg;
    int code = load(job, tx, err);

    if (code == 0)
        code = choose_places(job, tx, err);
    if (code == 0)
        code = look_at_thread(job, tx, err);
    if (code == 0)
        code = take_room(job, tx, err);
    if (code == 0)
        code = put_rows(job, tx, err);
    if (code == 0)
        code = smail__tx_change(tx, job->account, SMAIL__OBJECT_EMAIL,
                                job->email.id, SMAIL__OP_CREATED, err);
    if (code == 0)
        code = smail__tx_change(
            tx, job->account, SMAIL__OBJECT_THREAD, job->email.thread,
            job->is_threaded ? SMAIL__OP_UPDATED : SMAIL__OP_CREATED, err);
    return code;
}

int smail_email_undelete(smail_id *out, smail_store *store, smail_id account,
                         smail_id removed, smail_error *err)
{
    struct undelete job = { .account = account, .removed = removed };
    int code = smail__store_write(store, undelete_job, &job, err);

    if (code == 0 && out != NULL)
        *out = job.email.id;
    return code;
}

/* --- List ---------------------------------------------------------------- */

static void read_row(smail_removed *out, struct smail__statement *row)
{
    out->email = smail__column_int(row, 0);
    out->thread = smail__column_int(row, 1);
    out->size = (uint64_t)smail__column_int(row, 2);
    out->received_at = smail__column_int(row, 3);
    out->removed_at = smail__column_int(row, 4);
    out->expires_at = smail__column_int(row, 5);
    out->subject = smail__column_span(row, 6);
    out->sender = smail__column_span(row, 7);
}

int smail_removed_list(smail_store *store, smail_id account, uint64_t limit,
                       int (*each)(const smail_removed *removed, void *user),
                       void *user, smail_error *err)
{
    static const char sql[] =
        "SELECT email, thread, size, received_at, removed_at, expires_at, "
        "subject, sender FROM removed WHERE account = $1 AND expires_at > $2 "
        "ORDER BY removed_at DESC, email DESC LIMIT $3";
    struct smail__statement *row;
    smail_removed removed;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    if (limit == 0 || limit > SMAIL_REMOVED_EMAILS_MAX)
        limit = SMAIL_REMOVED_EMAILS_MAX;
    code = smail__db_prepare(&row, db, sql, err);
    if (code == 0) {
        smail__bind_int(row, 1, account);
        smail__bind_int(row, 2, smail__store_now(store));
        smail__bind_int(row, 3, (int64_t)limit);
        while ((code = smail__statement_step(row, err)) > 0) {
            read_row(&removed, row);
            code = each(&removed, user);
            if (code != 0)
                break;
        }
    }
    smail__store_end_read(store, db);
    return code;
}
