/* SPDX-License-Identifier: MIT */
/* store/flag.c - keywords of a message, and what is unread. */
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/email.h"
#include "store/keyword.h"

struct flag {
    smail_id account, email;
    const char *add, *remove;
};

static const char load_sql[] =
    "SELECT flags, keywords FROM email WHERE account = $1 AND id = $2";
static const char save_sql[] =
    "UPDATE email SET flags = $1, keywords = $2, modseq = $3 "
    "WHERE account = $4 AND id = $5";

static int load(struct smail__keywords *out, smail_tx *tx,
                const struct flag *job, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, load_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, job->account);
    smail__bind_int(row, 2, job->email);
    code = smail__statement_step(row, err);
    if (code > 0)
        code = smail__keywords_load(out, (unsigned)smail__column_int(row, 0),
                                    smail__column_span(row, 1), err);
    else if (code == 0)
        code = smail__fail(err, SMAIL_ENOTFOUND, "there is no message %lld",
                           (long long)job->email);
    smail__statement_reset(row);
    return code;
}

/* In each of its mailboxes: the row's modseq, and the count of unread. */
static int tell_mailbox(smail_tx *tx, const struct flag *job,
                        const struct smail__place *place, int unread,
                        int64_t modseq, smail_error *err)
{
    static const char row_sql[] =
        "UPDATE email_mailbox SET modseq = $1 WHERE account = $2 "
        "AND mailbox = $3 AND uid = $4";
    static const char count_sql[] =
        "UPDATE mailbox SET unread = unread + $1, modseq = $2 "
        "WHERE account = $3 AND id = $4";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, row_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, modseq);
    smail__bind_int(row, 2, job->account);
    smail__bind_int(row, 3, place->mailbox);
    smail__bind_int(row, 4, place->uid);
    code = smail__statement_run(row, err);
    if (code < 0 || unread == 0)
        return code;
    code = smail__db_prepare(&row, tx->db, count_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, unread);
    smail__bind_int(row, 2, modseq);
    smail__bind_int(row, 3, job->account);
    smail__bind_int(row, 4, place->mailbox);
    code = smail__statement_run(row, err);
    if (code == 0)
        code = smail__tx_change(tx, job->account, SMAIL__OBJECT_MAILBOX,
                                place->mailbox, SMAIL__OP_UPDATED, err);
    return code;
}

static int save(smail_tx *tx, const struct flag *job,
                const struct smail__keywords *keywords, int64_t modseq,
                smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, save_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, keywords->flags);
    smail__bind_text(row, 2, smail__buf_span(&keywords->words));
    smail__bind_int(row, 3, modseq);
    smail__bind_int(row, 4, job->account);
    smail__bind_int(row, 5, job->email);
    return smail__statement_run(row, err);
}

static int apply(smail_tx *tx, const struct flag *job,
                 const struct smail__keywords *keywords, unsigned before,
                 smail_error *err)
{
    bool was_unread = (before & SMAIL__FLAG_SEEN) == 0;
    bool is_unread = (keywords->flags & SMAIL__FLAG_SEEN) == 0;
    struct smail__places places = { NULL, 0, 0 };
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, job->account, err);

    if (code == 0)
        code = save(tx, job, keywords, modseq, err);
    if (code == 0)
        code =
            smail__places_load(&places, tx->db, job->account, job->email, err);
    for (size_t i = 0; code == 0 && i < places.count; i++)
        code = tell_mailbox(tx, job, &places.list[i],
                            (int)is_unread - (int)was_unread, modseq, err);
    smail__places_dispose(&places);
    if (code == 0)
        code = smail__tx_change(tx, job->account, SMAIL__OBJECT_EMAIL,
                                job->email, SMAIL__OP_UPDATED, err);
    return code;
}

static int change(smail_tx *tx, const struct flag *job,
                  struct smail__keywords *now, struct smail__buf *before,
                  smail_error *err)
{
    unsigned flags;
    int code = load(now, tx, job, err);

    if (code < 0)
        return code;
    flags = now->flags;
    smail__buf_append(before, smail__buf_span(&now->words));
    code = smail__buf_error(before);
    if (code == 0 && job->remove != NULL)
        code = smail__keywords_remove(now, job->remove, err);
    if (code == 0 && job->add != NULL)
        code = smail__keywords_add(now, job->add, err);
    if (code < 0)
        return code;
    if (flags == now->flags && smail__span_equal(smail__buf_span(before),
                                                 smail__buf_span(&now->words)))
        return 0; /* nothing to tell of */
    return apply(tx, job, now, flags, err);
}

int smail__email_flag(smail_tx *tx, smail_id account, smail_id email,
                      const char *add, const char *remove, smail_error *err)
{
    struct flag job = { account, email, add, remove };
    struct smail__keywords now;
    struct smail__buf before;
    int code;

    smail__keywords_init(&now);
    smail__buf_init(&before, SMAIL__WORDS_MAX, NULL);
    code = change(tx, &job, &now, &before, err);
    smail__buf_dispose(&before);
    smail__keywords_dispose(&now);
    return code;
}

static int flag_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct flag *job = arg;

    return smail__email_flag(tx, job->account, job->email, job->add,
                             job->remove, err);
}

int smail_email_flag(smail_store *store, smail_id account, smail_id email,
                     const char *add, const char *remove, smail_error *err)
{
    struct flag job = { account, email, add, remove };

    return smail__store_write(store, flag_job, &job, err);
}
