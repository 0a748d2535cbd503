/* SPDX-License-Identifier: MIT */
/* queue/settle.c - what came of attempts, and the end of leases. */
#include "base/error.h"
#include "base/span.h"
#include "queue/queue.h"

static smail_span cut(smail_span reply)
{
    if (reply.len > SMAIL__QUEUE_REPLY_MAX)
        reply.len = SMAIL__QUEUE_REPLY_MAX;
    return reply;
}

/* --- History ------------------------------------------------------------- */

static const char history_sql[] =
    "INSERT INTO attempt (message, recipient, number, started_at, ended_at, "
    "host, address, tls, outcome, phase, reply) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
static const char forget_sql[] =
    "DELETE FROM attempt WHERE message = $1 AND recipient = $2 "
    "AND number <= $3";

int smail__queue_history_add(smail_tx *tx, uint32_t number,
                             const struct smail__queue_result *one,
                             smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), history_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, one->message);
    smail__bind_int(row, 2, one->recipient);
    smail__bind_int(row, 3, number);
    smail__bind_int(row, 4, one->started_at);
    smail__bind_int(row, 5, one->ended_at);
    smail__bind_text(row, 6, one->host);
    smail__bind_text(row, 7, one->address);
    smail__bind_text(row, 8, one->tls);
    smail__bind_int(row, 9, one->outcome);
    smail__bind_text(row, 10, one->phase);
    smail__bind_blob(row, 11, cut(one->reply));
    code = smail__statement_run(row, err);
    if (code < 0 || number <= SMAIL__QUEUE_HISTORY_MAX)
        return code;
    code = smail__db_prepare(&row, smail__tx_db(tx), forget_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, one->message);
    smail__bind_int(row, 2, one->recipient);
    smail__bind_int(row, 3, (int64_t)number - SMAIL__QUEUE_HISTORY_MAX);
    return smail__statement_run(row, err);
}

static int last_number(int64_t *out, smail_tx *tx, smail_id message,
                       smail_id recipient, smail_error *err)
{
    static const char sql[] = "SELECT coalesce(max(number), 0) FROM attempt "
                              "WHERE message = $1 AND recipient = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, message);
    smail__bind_int(row, 2, recipient);
    code = smail__statement_step(row, err);
    *out = code > 0 ? smail__column_int(row, 0) : 0;
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

int smail__queue_note(smail_tx *tx, smail_id message, smail_id recipient,
                      int64_t now, smail_span text, smail_error *err)
{
    struct smail__queue_result one = { .message = message,
                                       .recipient = recipient,
                                       .outcome = SMAIL_QUEUE_NOTED,
                                       .started_at = now,
                                       .ended_at = now,
                                       .host = SMAIL__SPAN(""),
                                       .address = SMAIL__SPAN(""),
                                       .tls = SMAIL__SPAN(""),
                                       .phase = SMAIL__SPAN(""),
                                       .reply = text };
    int64_t number = 0;
    int code = last_number(&number, tx, message, recipient, err);

    if (code < 0)
        return code;
    return smail__queue_history_add(tx, (uint32_t)number + 1, &one, err);
}

/* --- The end of a message ------------------------------------------------ */

int smail__queue_close(smail_tx *tx, smail_id message, int64_t by, int64_t now,
                       smail_error *err)
{
    static const char sql[] =
        "UPDATE queue_message SET open = open - $1, "
        "blob = CASE WHEN open - $1 <= 0 THEN NULL ELSE blob END, "
        "closed_at = CASE WHEN open - $1 <= 0 THEN $2 ELSE 0 END "
        "WHERE id = $3";
    struct smail__statement *row;
    int code;

    if (by == 0)
        return 0;
    code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, by);
    smail__bind_int(row, 2, now);
    smail__bind_int(row, 3, message);
    return smail__statement_run(row, err);
}

/* --- One entry ----------------------------------------------------------- */

/* A held one stays held, unless this was its end. */
static const char settle_sql[] =
    "UPDATE queue_recipient SET lease = 0, strikes = 0, attempts = attempts + "
    "1, status = CASE WHEN $1 <> 0 THEN $1 ELSE status END, "
    "next_attempt = $2, last_attempt = $3, last_reply = $4, "
    "warned_at = CASE WHEN $5 <> 0 THEN $5 ELSE warned_at END, "
    "last_host = $6, last_tls = $7 "
    "WHERE message = $8 AND id = $9 AND lease = $10";
static const char return_sql[] =
    "UPDATE queue_recipient SET lease = 0, strikes = 0, next_attempt = $1 "
    "WHERE message = $2 AND id = $3 AND lease = $4";

static smail_queue_status status_after(smail_queue_outcome outcome)
{
    switch (outcome) {
    case SMAIL_QUEUE_TAKEN:
        return SMAIL_QUEUE_DELIVERED;
    case SMAIL_QUEUE_REFUSED:
    case SMAIL_QUEUE_GIVEN_UP:
        return SMAIL_QUEUE_FAILED;
    case SMAIL_QUEUE_PUT_OFF:
    case SMAIL_QUEUE_NOTED:
        break;
    }
    return SMAIL_QUEUE_WAITING;
}

static int was_waiting(smail_tx *tx, const struct smail__queue_result *one,
                       int64_t *status, smail_error *err)
{
    static const char sql[] = "SELECT status FROM queue_recipient "
                              "WHERE message = $1 AND id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, one->message);
    smail__bind_int(row, 2, one->recipient);
    code = smail__statement_step(row, err);
    *status = code > 0 ? smail__column_int(row, 0) : -1;
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static int update_one(smail_tx *tx, int64_t token,
                      struct smail__queue_result *one, int64_t now,
                      smail_error *err)
{
    bool untried = one->outcome == 0;
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    int at = 1;
    int code =
        smail__db_prepare(&row, db, untried ? return_sql : settle_sql, err);

    if (code < 0)
        return code;
    if (!untried)
        smail__bind_int(row, at++, status_after(one->outcome));
    smail__bind_int(row, at++, one->next_attempt);
    if (!untried) {
        smail__bind_int(row, at++, one->ended_at);
        smail__bind_blob(row, at++, cut(one->reply));
        smail__bind_int(row, at++, one->warned ? now : 0);
        smail__bind_text(row, at++, one->host);
        smail__bind_text(row, at++, one->tls);
    }
    smail__bind_int(row, at++, one->message);
    smail__bind_int(row, at++, one->recipient);
    smail__bind_int(row, at, token);
    code = smail__statement_run(row, err);
    one->is_lost = code == 0 && smail__db_changes(db) == 0;
    return code;
}

/* `*left` waiting entries the fewer, `*closed` open ones. */
static int settle_one(smail_tx *tx, int64_t token,
                      struct smail__queue_result *one, int64_t now,
                      int64_t *left, int64_t *closed, smail_error *err)
{
    bool ended = status_after(one->outcome) != SMAIL_QUEUE_WAITING;
    int64_t status = 0, number = 0;
    int code = was_waiting(tx, one, &status, err);

    if (code == 0)
        code = update_one(tx, token, one, now, err);
    if (code < 0 || one->is_lost || one->outcome == 0)
        return code;
    if (ended) {
        ++*closed;
        *left += status == SMAIL_QUEUE_WAITING;
    }
    code = last_number(&number, tx, one->message, one->recipient, err);
    if (code < 0)
        return code;
    return smail__queue_history_add(tx, (uint32_t)number + 1, one, err);
}

int smail__queue_settle(smail_tx *tx, smail_span destination, int64_t token,
                        struct smail__queue_result *results, size_t count,
                        int64_t now, smail_error *err)
{
    int64_t left = 0, closed = 0;
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++) {
        bool is_last =
            i + 1 == count || results[i + 1].message != results[i].message;

        code = settle_one(tx, token, &results[i], now, &left, &closed, err);
        if (code == 0 && is_last) {
            code = smail__queue_close(tx, results[i].message, closed, now, err);
            closed = 0;
        }
    }
    if (code == 0)
        code = smail__queue_recount(tx, destination, -left, 0, err);
    return code;
}

/* --- Leases -------------------------------------------------------------- */

int smail__queue_renew(uint64_t *count, smail_tx *tx, int64_t token,
                       int64_t until, smail_error *err)
{
    static const char sql[] =
        "UPDATE queue_recipient SET next_attempt = $1 WHERE lease = $2";
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    *count = 0;
    if (code < 0)
        return code;
    smail__bind_int(row, 1, until);
    smail__bind_int(row, 2, token);
    code = smail__statement_run(row, err);
    if (code == 0)
        *count = (uint64_t)smail__db_changes(db);
    return code;
}

static int run_with(smail_tx *tx, const char *sql, int64_t first,
                    int64_t second, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    if (first >= 0)
        smail__bind_int(row, 1, first);
    if (second >= 0)
        smail__bind_int(row, 2, second);
    return smail__statement_run(row, err);
}

/* Leases are few, whatever the queue holds: their index leads to them. */
int smail__queue_recover(smail_tx *tx, smail_id in_hand, int64_t now,
                         smail_error *err)
{
    static const char strike_sql[] =
        "UPDATE queue_recipient SET strikes = strikes + 1 "
        "WHERE message = $1 AND lease <> 0";
    static const char hold_sql[] =
        "UPDATE queue_recipient SET status = 1, strikes = 0, last_reply = "
        "'held: the sender stopped three times in the midst of this message' "
        "WHERE message = $1 AND lease <> 0 AND strikes >= 3";
    static const char due_sql[] =
        "UPDATE queue_destination SET next_due = $1 WHERE name IN (SELECT "
        "destination FROM queue_recipient WHERE lease <> 0) "
        "AND next_due > $1";
    static const char free_sql[] =
        "UPDATE queue_recipient SET lease = 0, next_attempt = CASE WHEN "
        "next_attempt > $1 THEN $1 ELSE next_attempt END WHERE lease <> 0";
    int code = 0;

    if (in_hand != 0) {
        code = run_with(tx, strike_sql, in_hand, -1, err);
        if (code == 0)
            code = run_with(tx, hold_sql, in_hand, -1, err);
    }
    if (code == 0)
        code = run_with(tx, due_sql, now, -1, err);
    if (code == 0)
        code = run_with(tx, free_sql, now, -1, err);
    return code;
}
