/* SPDX-License-Identifier: MIT */
/*
 * queue/claim.c - what is due, for one worker alone.
 *
 * An entry that is suspect, because a lease on it ended without a word, is
 * claimed with its message alone, so that the innocent do not die with it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "queue/queue.h"

/* What one claim may hold, all strings together. */
#define TEXT_MAX ((size_t)32 * 1024 * 1024)

/* Strings go into one block that moves while it grows, so a span holds its
 * offset until all is there. */
static smail_span keep(struct smail__queue_claim *claim, smail_span text)
{
    smail_span at = { (const char *)(uintptr_t)claim->text.len, text.len };

    smail__buf_append(&claim->text, text);
    return at;
}

static void settle_span(smail_span *span, const char *base)
{
    span->data = base + (uintptr_t)span->data;
}

static void settle_spans(struct smail__queue_claim *claim, const char *base)
{
    settle_span(&claim->destination, base);
    for (size_t i = 0; i < claim->message_count; i++) {
        struct smail__queue_message *message = &claim->messages[i];

        settle_span(&message->prefix, base);
        settle_span(&message->sender, base);
        settle_span(&message->envelope_id, base);
        settle_span(&message->message_id, base);
        settle_span(&message->subject, base);
    }
    for (size_t i = 0; i < claim->count; i++) {
        struct smail__queue_recipient *recipient = &claim->items[i].recipient;

        settle_span(&recipient->recipient, base);
        settle_span(&recipient->original_recipient, base);
        recipient->destination = claim->destination;
    }
}

/* --- Which destination --------------------------------------------------- */

static bool is_busy(const struct smail__queue_wish *wish, smail_span name)
{
    for (size_t i = 0; i < wish->busy_count; i++)
        if (smail__span_equal(wish->busy[i], name))
            return true;
    return false;
}

static bool is_claimed(const struct smail__queue_claim *claims, smail_span name)
{
    for (; claims != NULL; claims = claims->next)
        if (smail__span_equal(claims->destination, name))
            return true;
    return false;
}

static const char pick_sql[] =
    "SELECT name, next_due FROM queue_destination WHERE is_held = 0 "
    "ORDER BY next_due";
static const char one_sql[] =
    "SELECT name, next_due FROM queue_destination WHERE is_held = 0 "
    "AND name = $1";

/* 1: `out` has the name of none of `claims`. 0: nothing is due, `*next` says
 * when. */
static int pick(struct smail__buf *out, int64_t *next, struct smail__db *db,
                const struct smail__queue_wish *wish,
                const struct smail__queue_claim *claims, smail_error *err)
{
    bool any = wish->destination.len == 0;
    struct smail__statement *row;
    int found = 0;
    int code = smail__db_prepare(&row, db, any ? pick_sql : one_sql, err);

    if (code < 0)
        return code;
    if (!any)
        smail__bind_text(row, 1, wish->destination);
    *next = 0;
    while ((code = smail__statement_step(row, err)) > 0) {
        smail_span name = smail__column_span(row, 0);
        int64_t due = smail__column_int(row, 1);

        if (any && (is_busy(wish, name) || is_claimed(claims, name)))
            continue;
        if (due <= wish->now) {
            smail__buf_append(out, name);
            found = 1;
        } else if (due != INT64_MAX) {
            *next = due;
        }
        break;
    }
    smail__statement_reset(row);
    return code < 0 ? code : found;
}

/* --- Its entries --------------------------------------------------------- */

static const char due_sql[] =
    "SELECT r.message, r.id, r.lease, r.strikes FROM queue_recipient r "
    "WHERE r.destination = $1 AND r.status = 0 AND r.next_attempt <= $2 "
    "ORDER BY r.next_attempt, r.message, r.id LIMIT $3";

struct due {
    smail_id message, id;
    int strikes;
    bool died;
};

static int compare_due(const void *a, const void *b)
{
    const struct due *left = a, *right = b;

    if (left->message != right->message)
        return left->message < right->message ? -1 : 1;
    return left->id < right->id ? -1 : left->id > right->id;
}

/* The due ones in order of message; of suspects, those of one message. */
static int find_due(struct due *list, size_t *count, bool *is_more,
                    struct smail__db *db, smail_span destination,
                    const struct smail__queue_wish *wish, smail_error *err)
{
    struct smail__statement *row;
    bool alone = false;
    size_t n = 0;
    int code = smail__db_prepare(&row, db, due_sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, destination);
    smail__bind_int(row, 2, wish->now);
    smail__bind_int(row, 3, (int64_t)wish->max + 1);
    *is_more = false;
    while ((code = smail__statement_step(row, err)) > 0) {
        struct due one = { .message = smail__column_int(row, 0),
                           .id = smail__column_int(row, 1),
                           .died = smail__column_int(row, 2) != 0,
                           .strikes = (int)smail__column_int(row, 3) };
        bool suspect = one.died || one.strikes > 0;

        if (n == 0)
            alone = suspect;
        if (n == wish->max || suspect != alone ||
            (alone && n > 0 && one.message != list[0].message)) {
            *is_more = true;
            if (n == wish->max)
                break;
            continue;
        }
        list[n++] = one;
    }
    smail__statement_reset(row);
    *count = n;
    qsort(list, n, sizeof(*list), compare_due);
    return code < 0 ? code : 0;
}

static const char lease_sql[] =
    "UPDATE queue_recipient SET lease = $1, next_attempt = $2, strikes = $3 "
    "WHERE message = $4 AND id = $5";
static const char hold_sql[] =
    "UPDATE queue_recipient SET status = 1, lease = 0, strikes = 0, "
    "last_reply = $1 WHERE message = $2 AND id = $3";

/* 1: it is leased; 0: it was held instead. */
static int lease_one(smail_tx *tx, const struct due *one,
                     const struct smail__queue_wish *wish, smail_error *err)
{
    static const char why[] = "held: three attempts ended without a result, "
                              "as if this message stopped the sender";
    int strikes = one->strikes + (one->died ? 1 : 0);
    bool held = strikes >= SMAIL__QUEUE_STRIKES_MAX;
    struct smail__statement *row;
    int at = 1;
    int code = smail__db_prepare(&row, smail__tx_db(tx),
                                 held ? hold_sql : lease_sql, err);

    if (code < 0)
        return code;
    if (held) {
        smail__bind_blob(row, at++, SMAIL__SPAN(why));
    } else {
        smail__bind_int(row, at++, wish->token);
        smail__bind_int(row, at++, wish->until);
        smail__bind_int(row, at++, strikes);
    }
    smail__bind_int(row, at++, one->message);
    smail__bind_int(row, at, one->id);
    code = smail__statement_run(row, err);
    if (code == 0 && held)
        code = smail__queue_note(tx, one->message, one->id, wish->now,
                                 SMAIL__SPAN(why), err);
    return code < 0 ? code : !held;
}

static const char item_sql[] =
    "SELECT recipient, notify, original_recipient, attempts, warned_at "
    "FROM queue_recipient WHERE message = $1 AND id = $2";

static int load_item(struct smail__queue_claim *claim, struct smail__db *db,
                     const struct due *one, smail_error *err)
{
    struct smail__queue_item *item = &claim->items[claim->count];
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, item_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, one->message);
    smail__bind_int(row, 2, one->id);
    code = smail__statement_step(row, err);
    if (code > 0) {
        item->message = claim->message_count - 1;
        item->priority = claim->messages[item->message].priority;
        item->recipient.id = one->id;
        item->recipient.recipient = keep(claim, smail__column_span(row, 0));
        item->recipient.notify = (unsigned)smail__column_int(row, 1);
        item->recipient.original_recipient =
            keep(claim, smail__column_span(row, 2));
        item->recipient.attempts = (uint32_t)smail__column_int(row, 3);
        item->recipient.warned_at = smail__column_int(row, 4);
        claim->count++;
    }
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static const char message_sql[] =
    "SELECT name, skip, prefix, size, kind, account, email, submission, "
    "sender, envelope_id, message_id, subject, body, ret, flags, priority, "
    "by_mode, by_at, created_at, release_at, warn_at, expires_at "
    "FROM queue_message WHERE id = $1";

static void read_message(struct smail__queue_message *out,
                         struct smail__queue_claim *claim,
                         struct smail__statement *row)
{
    smail_span name = smail__column_span(row, 0);

    if (name.len == sizeof(out->name))
        memcpy(out->name, name.data, name.len);
    out->skip = (uint64_t)smail__column_int(row, 1);
    out->prefix = keep(claim, smail__column_span(row, 2));
    out->size = (uint64_t)smail__column_int(row, 3);
    out->kind = (enum smail__queue_kind)smail__column_int(row, 4);
    out->account = smail__column_int(row, 5);
    out->email = smail__column_int(row, 6);
    out->submission = smail__column_int(row, 7);
    out->sender = keep(claim, smail__column_span(row, 8));
    out->envelope_id = keep(claim, smail__column_span(row, 9));
    out->message_id = keep(claim, smail__column_span(row, 10));
    out->subject = keep(claim, smail__column_span(row, 11));
    out->body = (int)smail__column_int(row, 12);
    out->ret = (int)smail__column_int(row, 13);
    out->flags = (unsigned)smail__column_int(row, 14);
    out->priority = (int)smail__column_int(row, 15);
    out->by_mode = (int)smail__column_int(row, 16);
    out->by_at = smail__column_int(row, 17);
    out->created_at = smail__column_int(row, 18);
    out->release_at = smail__column_int(row, 19);
    out->warn_at = smail__column_int(row, 20);
    out->expires_at = smail__column_int(row, 21);
}

static int load_message(struct smail__queue_claim *claim, struct smail__db *db,
                        smail_id id, smail_error *err)
{
    struct smail__queue_message *out = &claim->messages[claim->message_count];
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, message_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, id);
    code = smail__statement_step(row, err);
    if (code > 0) {
        out->id = id;
        read_message(out, claim, row);
        claim->message_count++;
    }
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "the queue has recipients of message %lld, which "
                           "is not there",
                           (long long)id);
    return code < 0 ? code : 0;
}

static int take(struct smail__queue_claim *claim, smail_tx *tx,
                const struct due *list, size_t count,
                const struct smail__queue_wish *wish, int64_t *held,
                smail_error *err)
{
    smail_id last = 0;
    int code = 0;

    for (size_t i = 0; code >= 0 && i < count; i++) {
        code = lease_one(tx, &list[i], wish, err);
        if (code == 0)
            ++*held;
        if (code <= 0)
            continue;
        if (list[i].message != last)
            code = load_message(claim, smail__tx_db(tx), list[i].message, err);
        last = list[i].message;
        if (code >= 0)
            code = load_item(claim, smail__tx_db(tx), &list[i], err);
    }
    return code < 0 ? code : 0;
}

static int compare_items(const void *a, const void *b)
{
    const struct smail__queue_item *left = a, *right = b;

    if (left->priority != right->priority)
        return left->priority > right->priority ? -1 : 1;
    if (left->message != right->message)
        return left->message < right->message ? -1 : 1;
    return left->recipient.id < right->recipient.id ? -1 : 1;
}

static int claim_at(struct smail__queue_claim *claim, smail_tx *tx,
                    smail_span destination,
                    const struct smail__queue_wish *wish, smail_error *err)
{
    struct due *list = calloc(wish->max, sizeof(*list));
    size_t count = 0;
    int64_t held = 0;
    int code;

    claim->messages = calloc(wish->max, sizeof(*claim->messages));
    claim->items = calloc(wish->max, sizeof(*claim->items));
    if (list == NULL || claim->messages == NULL || claim->items == NULL) {
        free(list);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    claim->destination = keep(claim, destination);
    code = find_due(list, &count, &claim->is_more, smail__tx_db(tx),
                    destination, wish, err);
    if (code == 0)
        code = take(claim, tx, list, count, wish, &held, err);
    if (claim->count > 1)
        qsort(claim->items, claim->count, sizeof(*claim->items), compare_items);
    if (code == 0)
        code = smail__queue_recount(tx, destination, -held, 0, err);
    free(list);
    return code;
}

void smail__queue_claim_free(struct smail__queue_claim *claim)
{
    if (claim == NULL)
        return;
    smail__buf_dispose(&claim->text);
    free(claim->messages);
    free(claim->items);
    free(claim);
}

void smail__queue_claims_free(struct smail__queue_claim *claims)
{
    while (claims != NULL) {
        struct smail__queue_claim *next = claims->next;

        smail__queue_claim_free(claims);
        claims = next;
    }
}

/* `others`: what was claimed before. */
static int claim_one(struct smail__queue_claim *claim, smail_tx *tx,
                     const struct smail__queue_wish *wish,
                     const struct smail__queue_claim *others, smail_error *err)
{
    struct smail__buf name;
    int code;

    smail__buf_init(&claim->text, TEXT_MAX, NULL);
    smail__buf_init(&name, SMAIL__QUEUE_DESTINATION_MAX, NULL);
    claim->token = wish->token;
    code = pick(&name, &claim->next_due, smail__tx_db(tx), wish, others, err);
    if (code > 0)
        code = claim_at(claim, tx, smail__buf_span(&name), wish, err);
    else if (code == 0 && others == NULL)
        smail__tx_unchanged(tx);
    if (code == 0 && smail__buf_error(&claim->text) != 0)
        code = smail__fail(err, SMAIL_ENOMEM, "a claim is too large");
    smail__buf_dispose(&name);
    if (code == 0 && claim->text.len > 0)
        settle_spans(claim, claim->text.data);
    return code;
}

int smail__queue_claim(struct smail__queue_claim **out, smail_tx *tx,
                       const struct smail__queue_wish *wish, smail_error *err)
{
    struct smail__queue_claim *claims = NULL, **tail = &claims;
    struct smail__queue_wish each = *wish;
    size_t wanted = wish->destinations > 1 ? wish->destinations : 1;
    int code = 0;

    for (size_t i = 0; code == 0 && i < wanted; i++) {
        struct smail__queue_claim *claim = calloc(1, sizeof(*claim));

        if (claim == NULL)
            code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
        else
            code = claim_one(claim, tx, &each, claims, err);
        each.token++;
        if (code < 0 || (i > 0 && claim->count == 0)) {
            smail__queue_claim_free(claim);
            break;
        }
        *tail = claim;
        tail = &claim->next;
        if (claim->count == 0)
            break;
    }
    if (code < 0) {
        smail__queue_claims_free(claims);
        return code;
    }
    *out = claims;
    return 0;
}
