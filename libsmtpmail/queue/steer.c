/* SPDX-License-Identifier: MIT */
/*
 * queue/steer.c - entries held, released, put forward and taken out by hand.
 *
 * A page is read, then a job does it to those that are still as they were:
 * what a worker did meanwhile stands.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "queue/list.h"

/* Entries of one job. */
#define STEP 200

struct target {
    smail_id message, recipient;
    bool was_held;
    char destination[SMAIL__QUEUE_DESTINATION_MAX + 1];
};

struct page {
    smail_queue_change *change;
    int (*each)(const smail_queue_entry *entry, void *user);
    void *user;
    struct target list[STEP];
    size_t count;
    smail_id last_message, last_recipient;
    size_t seen;
};

/* Bits 1 << status to which each action can be done. */
static const unsigned applies_to[] = {
    [SMAIL_QUEUE_HOLD] = 1u << SMAIL_QUEUE_WAITING,
    [SMAIL_QUEUE_RELEASE] = 1u << SMAIL_QUEUE_HELD,
    [SMAIL_QUEUE_RETRY] = 1u << SMAIL_QUEUE_WAITING,
    [SMAIL_QUEUE_CANCEL] = 1u << SMAIL_QUEUE_WAITING | 1u << SMAIL_QUEUE_HELD
};

static int gather(const smail_queue_entry *entry, void *user)
{
    struct page *page = user;
    smail_queue_change *change = page->change;
    struct target *target;
    bool busy = entry->is_leased && (change->action == SMAIL_QUEUE_CANCEL ||
                                     change->action == SMAIL_QUEUE_RETRY);

    page->seen++;
    page->last_message = entry->message;
    page->last_recipient = entry->recipient_id;
    if (busy) {
        change->busy++;
        return 0;
    }
    if (page->each != NULL) {
        int code = page->each(entry, page->user);

        if (code != 0)
            return code;
    }
    target = &page->list[page->count++];
    target->message = entry->message;
    target->recipient = entry->recipient_id;
    target->was_held = entry->status == SMAIL_QUEUE_HELD;
    if (entry->destination.len < sizeof(target->destination)) {
        memcpy(target->destination, entry->destination.data,
               entry->destination.len);
        target->destination[entry->destination.len] = '\0';
    }
    return 0;
}

/* When it is due, if that is asked for; then message and recipient. */
static const char *const sql_of[] = {
    [SMAIL_QUEUE_HOLD] = "UPDATE queue_recipient SET status = 1 "
                         "WHERE message = $1 AND id = $2 AND status = 0",
    [SMAIL_QUEUE_RELEASE] =
        "UPDATE queue_recipient SET status = 0, strikes = 0, next_attempt = "
        "CASE WHEN lease = 0 THEN $1 ELSE next_attempt END "
        "WHERE message = $2 AND id = $3 AND status = 1",
    [SMAIL_QUEUE_RETRY] =
        "UPDATE queue_recipient SET next_attempt = $1 "
        "WHERE message = $2 AND id = $3 AND status = 0 AND lease = 0",
    [SMAIL_QUEUE_CANCEL] = "UPDATE queue_recipient SET status = 4 WHERE "
                           "message = $1 AND id = $2 AND status IN (0, 1) "
                           "AND lease = 0"
};

static const char *const note_of[] = {
    [SMAIL_QUEUE_HOLD] = "held by the operator",
    [SMAIL_QUEUE_RELEASE] = "released by the operator",
    [SMAIL_QUEUE_RETRY] = "time of the next attempt set by the operator",
    [SMAIL_QUEUE_CANCEL] = "cancelled"
};

/* How many wait the more. */
static int64_t waiting_by(const smail_queue_change *change,
                          const struct target *target)
{
    switch (change->action) {
    case SMAIL_QUEUE_RELEASE:
        return 1;
    case SMAIL_QUEUE_HOLD:
        return -1;
    case SMAIL_QUEUE_CANCEL:
        return target->was_held ? 0 : -1;
    case SMAIL_QUEUE_RETRY:
        break;
    }
    return 0;
}

static int change_one(smail_tx *tx, smail_queue_change *change,
                      const struct target *target, smail_error *err)
{
    int64_t due = change->action == SMAIL_QUEUE_RETRY && change->at != 0
                      ? change->at
                      : change->now;
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    int at = 1;
    int code = smail__db_prepare(&row, db, sql_of[change->action], err);

    if (code < 0)
        return code;
    if (change->action == SMAIL_QUEUE_RELEASE ||
        change->action == SMAIL_QUEUE_RETRY)
        smail__bind_int(row, at++, due);
    smail__bind_int(row, at++, target->message);
    smail__bind_int(row, at, target->recipient);
    code = smail__statement_run(row, err);
    if (code < 0 || smail__db_changes(db) == 0)
        return code;
    change->changed++;
    if (change->action == SMAIL_QUEUE_CANCEL)
        code = smail__queue_close(tx, target->message, 1, change->now, err);
    if (code == 0)
        code = smail__queue_recount(
            tx, smail__span(target->destination), waiting_by(change, target),
            change->action == SMAIL_QUEUE_RELEASE ? due : 0, err);
    if (code == 0)
        code = smail__queue_note(tx, target->message, target->recipient,
                                 change->now,
                                 smail__span(note_of[change->action]), err);
    return code;
}

static int change_page(smail_tx *tx, void *arg, smail_error *err)
{
    struct page *page = arg;
    int code = 0;

    for (size_t i = 0; code == 0 && i < page->count; i++)
        code = change_one(tx, page->change, &page->list[i], err);
    return code;
}

int smail__queue_cancel(uint64_t *count, smail_tx *tx,
                        const smail_queue_query *query, int64_t now,
                        smail_error *err)
{
    smail_queue_change change = SMAIL_QUEUE_CHANGE_INIT;
    smail_queue_query mine = *query;
    struct page *page = calloc(1, sizeof(*page));
    int code;

    if (page == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    change.action = SMAIL_QUEUE_CANCEL;
    change.now = now;
    mine.statuses = applies_to[SMAIL_QUEUE_CANCEL];
    mine.after_message = 0;
    mine.after_recipient = 0;
    mine.limit = STEP;
    page->change = &change;
    do {
        page->count = 0;
        page->seen = 0;
        code = smail__queue_walk(smail__tx_db(tx), &mine, gather, page, err);
        if (code == 0)
            code = change_page(tx, page, err);
        mine.after_message = page->last_message;
        mine.after_recipient = page->last_recipient;
    } while (code == 0 && page->seen == STEP);
    *count = change.changed;
    free(page);
    return code;
}

static int run_pages(struct page *page, smail_store *store,
                     smail_queue_query *query, smail_error *err)
{
    int code;

    do {
        page->count = 0;
        page->seen = 0;
        code = smail_queue_list(store, query, gather, page, err);
        if (code == 0 && page->count > 0 && page->change->dry_run)
            page->change->changed += page->count;
        else if (code == 0 && page->count > 0)
            code = smail__store_write(store, change_page, page, err);
        query->after_message = page->last_message;
        query->after_recipient = page->last_recipient;
    } while (code == 0 && page->seen == STEP);
    return code;
}

int smail_queue_steer(smail_store *store, smail_queue_change *change,
                      const smail_queue_query *query,
                      int (*each)(const smail_queue_entry *entry, void *user),
                      void *user, smail_error *err)
{
    smail_queue_query mine = *query;
    struct page *page;
    int code;

    if ((size_t)change->action >= sizeof(applies_to) / sizeof(applies_to[0]))
        return smail__fail(err, SMAIL_EINVAL, "there is no such action");
    mine.statuses = query->statuses == 0
                        ? applies_to[change->action]
                        : query->statuses & applies_to[change->action];
    mine.after_message = 0;
    mine.after_recipient = 0;
    mine.limit = STEP;
    change->changed = 0;
    change->busy = 0;
    if (mine.statuses == 0)
        return 0;
    page = calloc(1, sizeof(*page));
    if (page == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    page->change = change;
    page->each = each;
    page->user = user;
    code = run_pages(page, store, &mine, err);
    free(page);
    return code;
}

/* --- A destination ------------------------------------------------------- */

struct hold {
    smail_span name;
    bool hold;
};

static int hold_job(smail_tx *tx, void *arg, smail_error *err)
{
    static const char hold_sql[] =
        "INSERT INTO queue_destination (name, next_due, is_held) VALUES ($1, "
        "9223372036854775807, 1) ON CONFLICT (name) DO UPDATE SET is_held = 1";
    static const char go_sql[] =
        "UPDATE queue_destination SET is_held = 0 WHERE name = $1";
    struct hold *hold = arg;
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx),
                                 hold->hold ? hold_sql : go_sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, hold->name);
    code = smail__statement_run(row, err);
    if (code == 0 && !hold->hold)
        code = smail__queue_recount(tx, hold->name, -0, 0, err);
    return code;
}

int smail_queue_hold_destination(smail_store *store, const char *destination,
                                 bool hold, smail_error *err)
{
    struct hold wanted = { smail__span(destination), hold };

    return smail__store_write(store, hold_job, &wanted, err);
}
