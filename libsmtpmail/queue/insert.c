/* SPDX-License-Identifier: MIT */
/* queue/insert.c - the rows of a message that is to leave. */
#include "base/error.h"
#include "base/span.h"
#include "queue/queue.h"

static const char message_sql[] =
    "INSERT INTO queue_message (name, blob, skip, prefix, size, kind, account, "
    "email, submission, sender, envelope_id, message_id, subject, body, ret, "
    "flags, priority, by_mode, by_at, created_at, release_at, warn_at, "
    "expires_at, open) VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";

static int insert_message(smail_tx *tx, struct smail__queue_message *message,
                          size_t count, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, message_sql, err);

    if (code < 0)
        return code;
    smail__bind_blob(
        row, 1,
        (smail_span){ (const char *)message->name, sizeof(message->name) });
    smail__bind_int(row, 2, (int64_t)message->skip);
    smail__bind_blob(row, 3, message->prefix);
    smail__bind_int(row, 4, (int64_t)message->size);
    smail__bind_int(row, 5, message->kind);
    smail__bind_int(row, 6, message->account);
    smail__bind_int(row, 7, message->email);
    smail__bind_int(row, 8, message->submission);
    smail__bind_blob(row, 9, message->sender);
    smail__bind_blob(row, 10, message->envelope_id);
    smail__bind_blob(row, 11, message->message_id);
    smail__bind_blob(row, 12, message->subject);
    smail__bind_int(row, 13, message->body);
    smail__bind_int(row, 14, message->ret);
    smail__bind_int(row, 15, message->flags);
    smail__bind_int(row, 16, message->priority);
    smail__bind_int(row, 17, message->by_mode);
    smail__bind_int(row, 18, message->by_at);
    smail__bind_int(row, 19, message->created_at);
    smail__bind_int(row, 20, message->release_at);
    smail__bind_int(row, 21, message->warn_at);
    smail__bind_int(row, 22, message->expires_at);
    smail__bind_int(row, 23, (int64_t)count);
    code = smail__statement_run(row, err);
    message->id = code < 0 ? 0 : smail__db_last_id(db);
    return code;
}

static const char recipient_sql[] =
    "INSERT INTO queue_recipient (message, id, recipient, destination, status, "
    "next_attempt, notify, original_recipient, last_reply) "
    "VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)";

static int insert_recipient(smail_tx *tx, smail_id message,
                            const struct smail__queue_recipient *recipient,
                            int64_t due, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), recipient_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, message);
    smail__bind_int(row, 2, recipient->id);
    smail__bind_blob(row, 3, recipient->recipient);
    smail__bind_text(row, 4, recipient->destination);
    smail__bind_int(row, 5, due);
    smail__bind_int(row, 6, recipient->notify);
    smail__bind_blob(row, 7, recipient->original_recipient);
    smail__bind_blob(row, 8, SMAIL__SPAN(""));
    return smail__statement_run(row, err);
}

static const char more_sql[] =
    "INSERT INTO queue_destination (name, next_due, waiting) "
    "VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET "
    "waiting = queue_destination.waiting + excluded.waiting, "
    "next_due = CASE WHEN queue_destination.next_due < excluded.next_due "
    "THEN queue_destination.next_due ELSE excluded.next_due END";
static const char fewer_sql[] =
    "UPDATE queue_destination SET waiting = waiting + $1, next_due = "
    "coalesce((SELECT min(r.next_attempt) FROM queue_recipient r "
    "WHERE r.destination = $2 AND r.status = 0), 9223372036854775807) "
    "WHERE name = $2";
static const char empty_sql[] =
    "DELETE FROM queue_destination WHERE name = $1 AND waiting <= 0 "
    "AND is_held = 0";

int smail__queue_recount(smail_tx *tx, smail_span destination, int64_t by,
                         int64_t due, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    int code =
        smail__db_prepare(&row, db, due != 0 ? more_sql : fewer_sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, due != 0 ? 1 : 2, destination);
    smail__bind_int(row, due != 0 ? 3 : 1, by);
    if (due != 0)
        smail__bind_int(row, 2, due);
    code = smail__statement_run(row, err);
    if (code < 0 || due != 0 || by >= 0)
        return code;
    code = smail__db_prepare(&row, db, empty_sql, err);
    if (code < 0)
        return code;
    smail__bind_text(row, 1, destination);
    return smail__statement_run(row, err);
}

int smail__queue_insert(smail_tx *tx, struct smail__queue_message *message,
                        struct smail__queue_recipient *recipients, size_t count,
                        smail_error *err)
{
    int64_t due = message->release_at > message->created_at
                      ? message->release_at
                      : message->created_at;
    int64_t run = 0; /* recipients in a row with one destination */
    int code;

    if (count == 0)
        return smail__fail(err, SMAIL_EINVAL, "a message for nobody");
    code = insert_message(tx, message, count, err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        smail_span destination = recipients[i].destination;

        recipients[i].id = (smail_id)i + 1;
        code = insert_recipient(tx, message->id, &recipients[i], due, err);
        run++;
        if (code == 0 &&
            (i + 1 == count ||
             !smail__span_equal(recipients[i + 1].destination, destination))) {
            code = smail__queue_recount(tx, destination, run, due, err);
            run = 0;
        }
    }
    return code;
}
