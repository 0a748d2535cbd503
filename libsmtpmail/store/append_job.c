/* SPDX-License-Identifier: MIT */
/*
 * store/append_job.c - the transaction of a delivery: one blob row, and for
 * each account the message, its place in mailboxes, the changes to tell of.
 *
 * Statements and pages count here: this is what a message costs.
 */
#include "base/error.h"
#include "base/span.h"
#include "store/append.h"
#include "store/thread.h"

static const char blob_sql[] =
    "INSERT INTO blob (id, sha256, size, last_used, data, rest) "
    "VALUES ($1, $2, $3, $4, $5, $6)";

/* Packed, of these two rows fill a page, and of halves three. */
#define HALF_PAGE 1900
#define THIRDS_OF_PAGE 2500

/* The second half of bytes that would take a page for themselves; its id. */
static int insert_rest(int64_t *out, smail_tx *tx, smail_span *data,
                       smail_error *err)
{
    static const char sql[] =
        "INSERT INTO blob_rest (data) VALUES ($1) RETURNING id";
    struct smail__statement *row;
    int code;

    *out = 0;
    if (data->len <= HALF_PAGE || data->len > THIRDS_OF_PAGE)
        return 0;
    code = smail__db_prepare(&row, tx->db, sql, err);
    if (code < 0)
        return code;
    smail__bind_blob(row, 1, smail__span_from(*data, data->len / 2));
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = smail__column_int(row, 0);
    smail__statement_reset(row);
    *data = smail__span_slice(*data, 0, data->len / 2);
    return code < 0 ? code : 0;
}

static int insert_blob(smail_tx *tx, const struct smail_append *append,
                       smail_error *err)
{
    struct smail__statement *statement;
    smail_span data = smail__buf_span(&append->packed);
    int64_t rest = 0;
    int code = insert_rest(&rest, tx, &data, err);

    if (code == 0)
        code = smail__db_prepare(&statement, tx->db, blob_sql, err);
    if (code < 0)
        return code;
    smail__bind_blob(
        statement, 1,
        (smail_span){ (const char *)append->id, sizeof(append->id) });
    smail__bind_blob(
        statement, 2,
        (smail_span){ (const char *)append->sha256, sizeof(append->sha256) });
    smail__bind_int(statement, 3, (int64_t)append->size);
    smail__bind_int(statement, 4, tx->now);
    if (append->file.settled)
        smail__bind_null(statement, 5);
    else
        smail__bind_blob(statement, 5,
                         data.len > 0 ? data
                                      : smail__buf_span(&append->memory));
    smail__bind_int(statement, 6, rest);
    return smail__statement_run(statement, err);
}

/* One account's share. */
struct share {
    smail_tx *tx;
    struct smail_append *append;
    struct smail__goal *goals;
    size_t count;
    smail_id account, email, thread;
    int64_t modseq, received_at;
    bool thread_is_new;
};

/* The account's row gives the id and the modseq, and is the lock on all that
 * is the account's. Two statements: RETURNING would make a table of its own
 * for what it returns. */
static const char account_sql[] =
    "UPDATE account SET used_bytes = used_bytes + $1, "
    "used_emails = used_emails + 1, next_id = next_id + 1, "
    "modseq = modseq + 1 WHERE id = $2";
static const char given_sql[] =
    "SELECT next_id - 1, modseq, "
    "(quota_bytes > 0 AND used_bytes - $1 >= quota_bytes) OR "
    "(quota_emails > 0 AND used_emails > quota_emails) "
    "FROM account WHERE id = $2";

static int ask_account(struct smail__statement **out, const struct share *share,
                       const char *sql, smail_error *err)
{
    int code = smail__db_prepare(out, share->tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(*out, 1, (int64_t)share->append->size);
    smail__bind_int(*out, 2, share->account);
    return 0;
}

static int take_account(struct share *share, smail_error *err)
{
    struct smail__statement *row;
    bool full = false;
    int code = ask_account(&row, share, account_sql, err);

    if (code == 0)
        code = smail__statement_run(row, err);
    if (code == 0)
        code = ask_account(&row, share, given_sql, err);
    if (code == 0)
        code = smail__statement_step(row, err);
    if (code < 0)
        return code;
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no account %lld",
                           (long long)share->account);
    share->email = smail__column_int(row, 0);
    share->modseq = smail__column_int(row, 1);
    full = smail__column_int(row, 2) != 0;
    smail__statement_reset(row);
    if (full)
        return smail__fail(err, SMAIL_EQUOTA, "the mailbox is full");
    return smail__tx_note_modseq(share->tx, share->account, share->modseq, err);
}

static const char email_sql[] =
    "INSERT INTO email (account, id, blob, thread, received_at, sent_at, "
    "size, flags, keywords, modseq, message_id, subject, sender, recipients) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

static int insert_email(struct share *share, const struct smail__keywords *all,
                        smail_error *err)
{
    const struct smail_append *append = share->append;
    struct smail__statement *row;
    int code = smail__db_prepare(&row, share->tx->db, email_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, share->account);
    smail__bind_int(row, 2, share->email);
    smail__bind_blob(
        row, 3, (smail_span){ (const char *)append->id, sizeof(append->id) });
    smail__bind_int(row, 4, share->thread);
    smail__bind_int(row, 5, share->received_at);
    smail__bind_int(row, 6, append->delivery.sent_at);
    smail__bind_int(row, 7, (int64_t)append->size);
    smail__bind_int(row, 8, all->flags);
    smail__bind_text(row, 9, smail__buf_span(&all->words));
    smail__bind_int(row, 10, share->modseq);
    smail__bind_blob(row, 11, append->delivery.message_id);
    smail__bind_blob(row, 12, append->delivery.subject);
    smail__bind_blob(row, 13, append->delivery.sender);
    smail__bind_blob(row, 14, append->delivery.recipients);
    return smail__statement_run(row, err);
}

static const char by_id_sql[] =
    "SELECT id, uidnext FROM mailbox WHERE account = $1 AND id = $2";
static const char inbox_sql[] =
    "SELECT id, uidnext FROM mailbox WHERE account = $1 AND role = 1";
static const char count_sql[] =
    "UPDATE mailbox SET uidnext = uidnext + 1, total = total + 1, "
    "unread = unread + $1, modseq = $2 WHERE account = $3 AND id = $4";

/* Which mailbox, and the uid that it gives. */
static int ask_mailbox(smail_appended *out, const struct share *share,
                       struct smail__goal *goal, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(
        &row, share->tx->db, goal->mailbox == 0 ? inbox_sql : by_id_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, share->account);
    if (goal->mailbox != 0)
        smail__bind_int(row, 2, goal->mailbox);
    code = smail__statement_step(row, err);
    if (code > 0) {
        goal->mailbox = smail__column_int(row, 0);
        out->uid = (uint32_t)smail__column_int(row, 1);
    }
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "account %lld has no mailbox %lld",
                           (long long)share->account, (long long)goal->mailbox);
    return code < 0 ? code : 0;
}

/* Count one more in the mailbox. */
static int take_mailbox(smail_appended *out, struct share *share,
                        struct smail__goal *goal, bool unread, smail_error *err)
{
    struct smail__statement *row;
    int code = ask_mailbox(out, share, goal, err);

    if (code == 0)
        code = smail__db_prepare(&row, share->tx->db, count_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, unread);
    smail__bind_int(row, 2, share->modseq);
    smail__bind_int(row, 3, share->account);
    smail__bind_int(row, 4, goal->mailbox);
    return smail__statement_run(row, err);
}

static const char place_sql[] =
    "INSERT INTO email_mailbox (account, mailbox, uid, email, received_at, "
    "modseq) VALUES ($1, $2, $3, $4, $5, $6)";

static int place(struct share *share, struct smail__goal *goal, bool unread,
                 smail_error *err)
{
    smail_appended *result = &share->append->results[goal->index];
    struct smail__statement *row;
    int code = take_mailbox(result, share, goal, unread, err);

    if (code == 0)
        code = smail__db_prepare(&row, share->tx->db, place_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, share->account);
    smail__bind_int(row, 2, goal->mailbox);
    smail__bind_int(row, 3, result->uid);
    smail__bind_int(row, 4, share->email);
    smail__bind_int(row, 5, share->received_at);
    smail__bind_int(row, 6, share->modseq);
    return smail__statement_run(row, err);
}

/* Two targets may name one mailbox, also as "the inbox" and by its id. */
static int resolve_inbox(struct share *share, smail_error *err)
{
    static const char sql[] =
        "SELECT id FROM mailbox WHERE account = $1 AND role = 1";

    for (size_t i = 0; share->count > 1 && i < share->count; i++) {
        int code;

        if (share->goals[i].mailbox != 0)
            continue;
        code = smail__db_value(&share->goals[i].mailbox, share->tx->db, sql,
                               share->account, INT64_MIN, err);
        if (code == SMAIL_ENOTFOUND)
            return smail__fail(err, code, "account %lld has no inbox",
                               (long long)share->account);
        if (code < 0)
            return code;
    }
    return 0;
}

static const struct smail__goal *same_mailbox(const struct share *share,
                                              size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (share->goals[i].mailbox == share->goals[index].mailbox)
            return &share->goals[i];
    return NULL;
}

static int place_all(struct share *share, bool unread, smail_error *err)
{
    smail_appended *results = share->append->results;

    for (size_t i = 0; i < share->count; i++) {
        struct smail__goal *goal = &share->goals[i];
        const struct smail__goal *same = same_mailbox(share, i);
        int code;

        results[goal->index].email = share->email;
        results[goal->index].thread = share->thread;
        if (same != NULL) {
            results[goal->index].uid = results[same->index].uid;
            continue;
        }
        code = place(share, goal, unread, err);
        if (code < 0)
            return code;
        if (i > 0) {
            code = smail__tx_change(share->tx, share->account,
                                    SMAIL__OBJECT_MAILBOX, goal->mailbox,
                                    SMAIL__OP_UPDATED, err);
            if (code < 0)
                return code;
        }
    }
    return 0;
}

/* The usual three changes in one statement. */
static const char change_sql[] =
    "INSERT INTO change (account, modseq, type, object, op) VALUES "
    "($1, $2, 1, $3, 2), ($1, $2, 2, $4, 1), ($1, $2, 3, $5, $6)";
static const char unindexed_sql[] =
    "INSERT INTO unindexed (account, email) VALUES ($1, $2)";

static int tell(struct share *share, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, share->tx->db, change_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, share->account);
    smail__bind_int(row, 2, share->modseq);
    smail__bind_int(row, 3, share->goals[0].mailbox);
    smail__bind_int(row, 4, share->email);
    smail__bind_int(row, 5, share->thread);
    smail__bind_int(
        row, 6, share->thread_is_new ? SMAIL__OP_CREATED : SMAIL__OP_UPDATED);
    code = smail__statement_run(row, err);
    if (code == 0)
        code = smail__db_prepare(&row, share->tx->db, unindexed_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, share->account);
    smail__bind_int(row, 2, share->email);
    return smail__statement_run(row, err);
}

/* What any of the targets asked for. */
static int join_keywords(struct smail__keywords *all, const struct share *share,
                         smail_error *err)
{
    for (size_t i = 0; i < share->count; i++) {
        const struct smail__goal *goal = &share->goals[i];
        int code = 0;

        all->flags |= goal->flags;
        if (goal->words.len > 0)
            code = smail__keywords_add(all, goal->words.data, err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int deliver(struct share *share, smail_error *err)
{
    const struct smail__delivery *delivery = &share->append->delivery;
    struct smail__keywords all;
    int code;

    share->received_at = share->goals[0].received_at;
    if (share->received_at == 0)
        share->received_at = share->tx->now;
    smail__keywords_init(&all);
    code = join_keywords(&all, share, err);
    if (code == 0)
        code = resolve_inbox(share, err);
    if (code == 0)
        code = take_account(share, err);
    if (code == 0)
        code = smail__thread_find(&share->thread, &share->thread_is_new,
                                  share->tx, share->account, share->email,
                                  delivery->refs, delivery->ref_count, err);
    if (code == 0)
        code = insert_email(share, &all, err);
    if (code == 0)
        code = place_all(share, (all.flags & SMAIL__FLAG_SEEN) == 0, err);
    if (code == 0)
        code = tell(share, err);
    smail__keywords_dispose(&all);
    return code;
}

int smail__append_run(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail_append *append = arg;
    size_t at = 0;
    int code = 0;

    if (append->first != NULL)
        code = append->first(tx, append, append->first_arg, err);
    if (code == 0)
        code = insert_blob(tx, append, err);
    while (code == 0 && at < append->count) {
        struct share share = { .tx = tx,
                               .append = append,
                               .goals = append->goals + at,
                               .account = append->goals[at].account };

        while (at + share.count < append->count &&
               share.goals[share.count].account == share.account)
            share.count++;
        code = deliver(&share, err);
        at += share.count;
    }
    if (code == 0 && append->also != NULL)
        code = append->also(tx, append, append->also_arg, err);
    return code;
}
