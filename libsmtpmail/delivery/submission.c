/* SPDX-License-Identifier: MIT */
/* delivery/submission.c - see delivery/submission.h. */
#include "delivery/submission.h"

#include "base/error.h"
#include "base/span.h"
#include "queue/list.h"
#include "store/change.h"

#define SENDER_MAX ((size_t)1024)

void smail__submission_init(struct smail__submission *submission)
{
    *submission = (struct smail__submission){ .id = 0 };
    smail__buf_init(&submission->sender, SENDER_MAX, NULL);
}

void smail__submission_dispose(struct smail__submission *submission)
{
    smail__buf_dispose(&submission->sender);
}

/* --- Reading ------------------------------------------------------------- */

static void fill(struct smail__submission *out, struct smail__statement *row)
{
    out->id = smail__column_int(row, 0);
    out->identity = smail__column_int(row, 1);
    out->email = smail__column_int(row, 2);
    out->thread = smail__column_int(row, 3);
    out->sent_at = smail__column_int(row, 4);
    smail__buf_clear(&out->sender);
    smail__buf_append(&out->sender, smail__column_span(row, 5));
}

int smail__submission_load(struct smail__submission *out, struct smail__db *db,
                           smail_id account, smail_id id, smail_error *err)
{
    static const char sql[] =
        "SELECT id, identity, email, thread, sent_at, sender FROM submission "
        "WHERE account = $1 AND id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, id);
    code = smail__statement_step(row, err);
    if (code > 0)
        fill(out, row);
    smail__statement_reset(row);
    return code;
}

int smail__submission_recipients(
    struct smail__db *db, smail_id account, smail_id submission,
    int (*each)(const struct smail__submission_recipient *recipient,
                void *user),
    void *user, smail_error *err)
{
    static const char sql[] =
        "SELECT recipient, delivered, reply FROM submission_recipient "
        "WHERE account = $1 AND submission = $2 ORDER BY id";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, submission);
    while ((code = smail__statement_step(row, err)) > 0) {
        struct smail__submission_recipient recipient = {
            .address = smail__column_span(row, 0),
            .delivered = (enum smail__delivered)smail__column_int(row, 1),
            .reply = smail__column_span(row, 2),
        };

        code = each(&recipient, user);
        if (code != 0)
            break;
    }
    smail__statement_reset(row);
    return code;
}

int smail__submission_each(struct smail__db *db, smail_id account,
                           smail_id email,
                           int (*each)(const struct smail__submission *one,
                                       void *user),
                           void *user, smail_error *err)
{
    static const char all_sql[] =
        "SELECT id, identity, email, thread, sent_at, sender FROM submission "
        "WHERE account = $1 ORDER BY id";
    static const char email_sql[] =
        "SELECT id, identity, email, thread, sent_at, sender FROM submission "
        "WHERE account = $1 AND email = $2 ORDER BY id";
    struct smail__submission one;
    struct smail__statement *row;
    int code =
        smail__db_prepare(&row, db, email != 0 ? email_sql : all_sql, err);

    if (code < 0)
        return code;
    smail__submission_init(&one);
    smail__bind_int(row, 1, account);
    if (email != 0)
        smail__bind_int(row, 2, email);
    while ((code = smail__statement_step(row, err)) > 0) {
        fill(&one, row);
        code = each(&one, user);
        if (code != 0)
            break;
    }
    smail__statement_reset(row);
    smail__submission_dispose(&one);
    return code;
}

/* --- Writing ------------------------------------------------------------- */

static int insert_recipients(smail_tx *tx, smail_id account, smail_id id,
                             const struct smail__submission_recipient *list,
                             size_t count, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO submission_recipient (account, submission, id, "
        "recipient, delivered, reply) VALUES ($1, $2, $3, $4, $5, $6)";
    struct smail__statement *row;
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++) {
        code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);
        if (code < 0)
            return code;
        smail__bind_int(row, 1, account);
        smail__bind_int(row, 2, id);
        smail__bind_int(row, 3, (int64_t)i + 1);
        smail__bind_blob(row, 4, list[i].address);
        smail__bind_int(row, 5, list[i].delivered);
        smail__bind_blob(row, 6, list[i].reply);
        code = smail__statement_run(row, err);
    }
    return code;
}

int smail__submission_note(smail_tx *tx, smail_id account, smail_id submission,
                           smail_span recipient,
                           enum smail__delivered delivered, smail_span reply,
                           smail_error *err)
{
    static const char sql[] =
        "UPDATE submission_recipient SET delivered = $1, reply = $2 "
        "WHERE account = $3 AND submission = $4 AND recipient = $5";
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, delivered);
    smail__bind_blob(row, 2, reply);
    smail__bind_int(row, 3, account);
    smail__bind_int(row, 4, submission);
    smail__bind_blob(row, 5, recipient);
    code = smail__statement_run(row, err);
    if (code == 0 && smail__db_changes(db) == 0)
        return SMAIL_ENOTFOUND;
    return code;
}

int smail__submission_insert(smail_tx *tx, smail_id account,
                             struct smail__submission *submission,
                             const struct smail__submission_recipient *list,
                             size_t count, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO submission (account, id, identity, email, thread, "
        "sender, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    struct smail__statement *row;
    int code = smail__tx_next_id(&submission->id, tx, account, err);

    if (code == 0)
        code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);
    if (code < 0)
        return code;
    if (submission->sent_at < smail__tx_now(tx))
        submission->sent_at = smail__tx_now(tx);
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, submission->id);
    smail__bind_int(row, 3, submission->identity);
    smail__bind_int(row, 4, submission->email);
    smail__bind_int(row, 5, submission->thread);
    smail__bind_blob(row, 6, smail__buf_span(&submission->sender));
    smail__bind_int(row, 7, submission->sent_at);
    code = smail__statement_run(row, err);
    if (code == 0)
        code = insert_recipients(tx, account, submission->id, list, count, err);
    if (code == 0)
        code = smail__tx_change_rare(tx, account, SMAIL__OBJECT_SUBMISSION,
                                     submission->id, SMAIL__OP_CREATED, err);
    return code;
}

struct removing {
    smail_id account, id;
};

static int run_on(smail_tx *tx, const char *sql, const struct removing *job,
                  smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, job->account);
    smail__bind_int(row, 2, job->id);
    return smail__statement_run(row, err);
}

static int remove_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char recipients_sql[] =
        "DELETE FROM submission_recipient WHERE account = $1 "
        "AND submission = $2";
    static const char sql[] =
        "DELETE FROM submission WHERE account = $1 AND id = $2";
    const struct removing *job = arg;
    int code = run_on(tx, recipients_sql, job, err);

    if (code == 0)
        code = run_on(tx, sql, job, err);
    if (code == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such submission");
    if (code == 0)
        code = smail__tx_change_rare(tx, job->account, SMAIL__OBJECT_SUBMISSION,
                                     job->id, SMAIL__OP_DESTROYED, err);
    return code;
}

int smail__submission_remove(smail_store *store, smail_id account, smail_id id,
                             smail_error *err)
{
    struct removing job = { account, id };

    return smail__store_write(store, remove_job, &job, err);
}

/* --- Taking it back ------------------------------------------------------ */

struct taking_back {
    smail_id account, id;
    smail_queue_query query;
    size_t waiting, gone;
    struct smail__buf recipients; /* addresses, parted by newlines */
};

static int look_at(const smail_queue_entry *entry, void *user)
{
    struct taking_back *back = user;
    bool waits = (entry->status == SMAIL_QUEUE_WAITING ||
                  entry->status == SMAIL_QUEUE_HELD) &&
                 !entry->is_leased && entry->attempts == 0;

    if (waits)
        back->waiting++;
    else
        back->gone++;
    smail__buf_append(&back->recipients, entry->recipient);
    smail__buf_putc(&back->recipients, '\n');
    return 0;
}

static size_t count_recipients(struct smail__db *db, smail_id account,
                               smail_id id)
{
    int64_t count = 0;
    struct smail__statement *row;

    if (smail__db_prepare(&row, db,
                          "SELECT count(*) FROM submission_recipient "
                          "WHERE account = $1 AND submission = $2",
                          NULL) < 0)
        return SIZE_MAX;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, id);
    if (smail__statement_step(row, NULL) > 0)
        count = smail__column_int(row, 0);
    smail__statement_reset(row);
    return (size_t)count;
}

static int take_back(smail_tx *tx, void *arg, smail_error *err)
{
    struct taking_back *back = arg;
    struct smail__db *db = smail__tx_db(tx);
    smail_span left;
    uint64_t cancelled = 0;
    int code = smail__queue_walk(db, &back->query, look_at, back, err);

    if (code < 0)
        return code;
    /* Who is here has it already. */
    if (back->gone > 0 || back->waiting == 0 ||
        back->waiting != count_recipients(db, back->account, back->id))
        return smail__fail(err, SMAIL_ESTATE, "the message is on its way");
    code = smail__queue_cancel(&cancelled, tx, &back->query, smail__tx_now(tx),
                               err);
    left = smail__buf_span(&back->recipients);
    while (code == 0 && left.len > 0)
        code = smail__submission_note(tx, back->account, back->id,
                                      smail__span_cut(&left, '\n'),
                                      SMAIL__DELIVERED_CANCELLED,
                                      SMAIL__SPAN("250 2.0.0 Cancelled"), err);
    if (code == 0)
        code =
            smail__tx_change_rare(tx, back->account, SMAIL__OBJECT_SUBMISSION,
                                  back->id, SMAIL__OP_UPDATED, err);
    return code;
}

int smail__submission_cancel(smail_store *store, smail_id account, smail_id id,
                             smail_error *err)
{
    struct taking_back back = { .account = account,
                                .id = id,
                                .query = SMAIL_QUEUE_QUERY_INIT };
    int code;

    back.query.account = account;
    back.query.submission = id;
    smail__buf_init(&back.recipients, (size_t)1024 * 1024, NULL);
    code = smail__store_write(store, take_back, &back, err);
    smail__buf_dispose(&back.recipients);
    return code;
}
