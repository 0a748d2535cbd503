/* SPDX-License-Identifier: MIT */
/* store/email.c - moving messages and taking them away. */
#include "store/email.h"

#include <stdlib.h>

#include "base/error.h"
#include "store/keyword.h"
#include "store/removed.h"

/* --- Where it is --------------------------------------------------------- */

static int add_place(struct smail__places *to, smail_id mailbox, int64_t uid,
                     smail_error *err)
{
    if (to->count == to->room) {
        size_t room = to->room == 0 ? 4 : to->room * 2;
        struct smail__place *list = realloc(to->list, room * sizeof(*list));

        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        to->list = list;
        to->room = room;
    }
    to->list[to->count++] = (struct smail__place){ mailbox, uid };
    return 0;
}

int smail__places_load(struct smail__places *out, struct smail__db *db,
                       smail_id account, smail_id email, smail_error *err)
{
    static const char sql[] = "SELECT mailbox, uid FROM email_mailbox "
                              "WHERE account = $1 AND email = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    *out = (struct smail__places){ NULL, 0, 0 };
    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, email);
    while ((code = smail__statement_step(row, err)) > 0) {
        code = add_place(out, smail__column_int(row, 0),
                         smail__column_int(row, 1), err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    if (code < 0)
        smail__places_dispose(out);
    return code;
}

void smail__places_dispose(struct smail__places *places)
{
    free(places->list);
    *places = (struct smail__places){ NULL, 0, 0 };
}

int smail__email_load(struct smail__email *out, struct smail__db *db,
                      smail_id account, smail_id id, smail_error *err)
{
    static const char sql[] =
        "SELECT thread, size, flags, received_at FROM email "
        "WHERE account = $1 AND id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, id);
    code = smail__statement_step(row, err);
    if (code > 0) {
        out->account = account;
        out->id = id;
        out->thread = smail__column_int(row, 0);
        out->size = smail__column_int(row, 1);
        out->unread = (smail__column_int(row, 2) & SMAIL__FLAG_SEEN) == 0;
        out->received_at = smail__column_int(row, 3);
    }
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no message %lld",
                           (long long)id);
    return code < 0 ? code : 0;
}

/* A statement with numbers only. */
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

/* --- Out of a mailbox, into one ------------------------------------------ */

int smail__email_take_out(smail_tx *tx, smail_id account,
                          const struct smail__place *place, bool unread,
                          smail_error *err)
{
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, account, err);

    if (code == 0)
        code = RUN(tx,
                   "DELETE FROM email_mailbox WHERE account = $1 "
                   "AND mailbox = $2 AND uid = $3",
                   err, account, place->mailbox, place->uid);
    if (code == 0)
        code = RUN(tx,
                   "INSERT INTO expunged (account, mailbox, uid, modseq) "
                   "VALUES ($1, $2, $3, $4)",
                   err, account, place->mailbox, place->uid, modseq);
    if (code == 0)
        code = RUN(tx,
                   "UPDATE mailbox SET total = total - 1, "
                   "unread = unread - $1, modseq = $2 "
                   "WHERE account = $3 AND id = $4",
                   err, unread, modseq, account, place->mailbox);
    if (code == 0)
        code = smail__tx_change(tx, account, SMAIL__OBJECT_MAILBOX,
                                place->mailbox, SMAIL__OP_UPDATED, err);
    return code;
}

int smail__email_put_in(smail_tx *tx, const struct smail__email *email,
                        smail_id mailbox, smail_error *err)
{
    int64_t modseq, uid = 0;
    int code = smail__tx_modseq(&modseq, tx, email->account, err);

    if (code == 0)
        code = smail__db_value(&uid, tx->db,
                               "UPDATE mailbox SET uidnext = uidnext + 1, "
                               "total = total + 1 WHERE account = $1 "
                               "AND id = $2 RETURNING uidnext - 1",
                               email->account, mailbox, err);
    if (code == 0)
        code = RUN(tx,
                   "UPDATE mailbox SET unread = unread + $1, modseq = $2 "
                   "WHERE account = $3 AND id = $4",
                   err, email->unread, modseq, email->account, mailbox);
    if (code == 0)
        code = RUN(tx,
                   "INSERT INTO email_mailbox (account, mailbox, uid, email, "
                   "received_at, modseq) VALUES ($1, $2, $3, $4, $5, $6)",
                   err, email->account, mailbox, uid, email->id,
                   email->received_at, modseq);
    if (code == 0)
        code = smail__tx_change(tx, email->account, SMAIL__OBJECT_MAILBOX,
                                mailbox, SMAIL__OP_UPDATED, err);
    return code;
}

int smail__email_touch(smail_tx *tx, const struct smail__email *email,
                       smail_error *err)
{
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, email->account, err);

    if (code == 0)
        code = RUN(tx,
                   "UPDATE email SET modseq = $1 WHERE account = $2 "
                   "AND id = $3",
                   err, modseq, email->account, email->id);
    if (code == 0)
        code = smail__tx_change(tx, email->account, SMAIL__OBJECT_EMAIL,
                                email->id, SMAIL__OP_UPDATED, err);
    return code;
}

/* --- Move ---------------------------------------------------------------- */

struct move {
    smail_id account, email, mailbox;
};

static int move_to(smail_tx *tx, const struct smail__email *email,
                   const struct smail__places *places, smail_id mailbox,
                   smail_error *err)
{
    bool is_there = false;
    int code = 0;

    for (size_t i = 0; code == 0 && i < places->count; i++) {
        if (places->list[i].mailbox == mailbox)
            is_there = true;
        else
            code = smail__email_take_out(tx, email->account, &places->list[i],
                                         email->unread, err);
    }
    if (code == 0 && is_there && places->count == 1)
        return 0; /* it is as it shall be */
    if (code == 0 && !is_there)
        code = smail__email_put_in(tx, email, mailbox, err);
    if (code == 0)
        code = smail__email_touch(tx, email, err);
    return code;
}

static int move_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct move *job = arg;
    struct smail__places places;
    struct smail__email email;
    int64_t found;
    int code = smail__email_load(&email, tx->db, job->account, job->email, err);

    if (code < 0)
        return code;
    code = smail__db_value(&found, tx->db,
                           "SELECT id FROM mailbox WHERE account = $1 "
                           "AND id = $2",
                           job->account, job->mailbox, err);
    if (code == SMAIL_ENOTFOUND)
        return smail__fail(err, code, "there is no mailbox %lld",
                           (long long)job->mailbox);
    if (code == 0)
        code =
            smail__places_load(&places, tx->db, job->account, job->email, err);
    if (code < 0)
        return code;
    code = move_to(tx, &email, &places, job->mailbox, err);
    smail__places_dispose(&places);
    return code;
}

int smail_email_move(smail_store *store, smail_id account, smail_id email,
                     smail_id mailbox, smail_error *err)
{
    struct move job = { account, email, mailbox };

    return smail__store_write(store, move_job, &job, err);
}

/* --- Remove -------------------------------------------------------------- */

static int remove_rows(smail_tx *tx, const struct smail__email *email,
                       smail_error *err)
{
    int code = RUN(tx,
                   "DELETE FROM email_derived WHERE account = $1 "
                   "AND email = $2",
                   err, email->account, email->id);

    if (code == 0)
        code = RUN(tx, "DELETE FROM decision WHERE account = $1 AND email = $2",
                   err, email->account, email->id);
    if (code == 0)
        code = RUN(tx, "DELETE FROM email WHERE account = $1 AND id = $2", err,
                   email->account, email->id);
    if (code == 0)
        code = RUN(tx,
                   "UPDATE account SET used_bytes = used_bytes - $1, "
                   "used_emails = used_emails - 1 WHERE id = $2",
                   err, email->size, email->account);
    return code;
}

static int tell_removed(smail_tx *tx, const struct smail__email *email,
                        smail_error *err)
{
    int64_t other;
    int code = smail__tx_change(tx, email->account, SMAIL__OBJECT_EMAIL,
                                email->id, SMAIL__OP_DESTROYED, err);

    if (code < 0)
        return code;
    code = smail__db_value(&other, tx->db,
                           "SELECT id FROM email WHERE account = $1 "
                           "AND thread = $2 LIMIT 1",
                           email->account, email->thread, err);
    if (code < 0 && code != SMAIL_ENOTFOUND)
        return code;
    return smail__tx_change(
        tx, email->account, SMAIL__OBJECT_THREAD, email->thread,
        code == 0 ? SMAIL__OP_UPDATED : SMAIL__OP_DESTROYED, err);
}

static int take_away(smail_tx *tx, smail_id account, smail_id id, bool keep,
                     smail_error *err)
{
    struct smail__places places = { 0 };
    struct smail__email email;
    int code = smail__email_load(&email, tx->db, account, id, err);

    if (code == 0)
        code = smail__places_load(&places, tx->db, account, id, err);
    if (code < 0)
        return code;
    for (size_t i = 0; code == 0 && i < places.count; i++)
        code = smail__email_take_out(tx, account, &places.list[i], email.unread,
                                     err);
    if (code == 0 && keep)
        code = smail__removed_keep(tx, &email, &places, err);
    smail__places_dispose(&places);
    if (code == 0)
        code = remove_rows(tx, &email, err);
    if (code == 0)
        code = tell_removed(tx, &email, err);
    if (code == 0)
        atomic_store(&tx->store->sweeper.wanted, true);
    return code;
}

int smail__email_remove(smail_tx *tx, smail_id account, smail_id id,
                        smail_error *err)
{
    return take_away(tx, account, id, true, err);
}

int smail__email_purge(smail_tx *tx, smail_id account, smail_id id,
                       smail_error *err)
{
    return take_away(tx, account, id, false, err);
}

static int remove_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct move *job = arg;

    return smail__email_remove(tx, job->account, job->email, err);
}

int smail_email_remove(smail_store *store, smail_id account, smail_id email,
                       smail_error *err)
{
    struct move job = { account, email, 0 };

    return smail__store_write(store, remove_job, &job, err);
}
