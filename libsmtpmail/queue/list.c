/* SPDX-License-Identifier: MIT */
/* queue/list.c - what is in the queue. */
#include "queue/list.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/span.h"

static const char *const status_names[] = { "waiting", "held", "delivered",
                                            "failed", "cancelled" };

const char *smail_queue_status_name(smail_queue_status status)
{
    size_t i = (size_t)status;

    return i < sizeof(status_names) / sizeof(status_names[0]) ? status_names[i]
                                                              : "unknown";
}

#define COLUMNS                                                                \
    "r.message, r.id, m.name, m.account, m.sender, r.recipient, "              \
    "r.destination, r.status, r.lease, m.kind, m.created_at, "                 \
    "r.next_attempt, r.last_attempt, m.expires_at, r.attempts, m.priority, "   \
    "m.size, m.message_id, m.subject, r.last_reply, r.last_host, r.last_tls, " \
    "m.email "

/* By the key; what else is asked is compared row by row. */
static const char all_sql[] =
    "SELECT " COLUMNS
    "FROM queue_recipient r JOIN queue_message m ON m.id = r.message "
    "WHERE (r.message, r.id) > ($1, $2) ORDER BY r.message, r.id";
static const char message_sql[] =
    "SELECT " COLUMNS
    "FROM queue_recipient r JOIN queue_message m ON m.id = r.message "
    "WHERE r.message = $1 AND (r.message, r.id) > ($2, $3) "
    "ORDER BY r.message, r.id";
static const char name_sql[] =
    "SELECT " COLUMNS
    "FROM queue_message m JOIN queue_recipient r ON m.id = r.message "
    "WHERE m.name = $1 AND (r.message, r.id) > ($2, $3) "
    "ORDER BY r.message, r.id";
static const char account_sql[] =
    "SELECT " COLUMNS
    "FROM queue_message m JOIN queue_recipient r ON m.id = r.message "
    "WHERE m.account = $1 AND m.id >= $2 AND (r.message, r.id) > ($2, $3) "
    "ORDER BY m.id, r.id";
static const char submission_sql[] =
    "SELECT " COLUMNS
    "FROM queue_message m JOIN queue_recipient r ON m.id = r.message "
    "WHERE m.account = $1 AND m.submission = $2 AND m.submission <> 0 "
    "AND (r.message, r.id) > ($3, $4) ORDER BY r.message, r.id";
static const char destination_sql[] =
    "SELECT " COLUMNS
    "FROM queue_recipient r JOIN queue_message m ON m.id = r.message "
    "WHERE r.destination = $1 AND r.status = 0 "
    "AND (r.message, r.id) > ($2, $3) ORDER BY r.message, r.id";
#define STATUS_SQL                                                     \
    "SELECT " COLUMNS                                                  \
    "FROM queue_recipient r JOIN queue_message m ON m.id = r.message " \
    "WHERE r.status = $1 AND (r.message, r.id) > ($2, $3) "
static const char status_sql[] = STATUS_SQL "ORDER BY r.message, r.id";
/* What waits and what is held, each by its index, merged: those that came to
 * an end long ago may be many more. */
static const char open_sql[] = STATUS_SQL
    "UNION ALL SELECT " COLUMNS "FROM queue_recipient r JOIN queue_message m "
    "ON m.id = r.message WHERE r.status = 1 "
    "AND (r.message, r.id) > ($2, $3) ORDER BY 1, 2";

#define OPEN (1u << SMAIL_QUEUE_WAITING | 1u << SMAIL_QUEUE_HELD)

static int only_status(unsigned statuses)
{
    for (int i = 0; i < 5; i++)
        if (statuses == 1u << i)
            return i;
    return -1;
}

/* The statement that reads least. */
static int prepare(struct smail__statement **row, struct smail__db *db,
                   const smail_queue_query *query, unsigned char name[16],
                   smail_error *err)
{
    int status = only_status(query->statuses);
    const char *sql = all_sql;
    int at = 1;
    int code;

    if (query->message != 0)
        sql = message_sql;
    else if (query->queue_id != NULL)
        sql = name_sql;
    else if (query->submission != 0)
        sql = submission_sql;
    else if (query->account != 0)
        sql = account_sql;
    else if (query->destination != NULL &&
             query->statuses == 1u << SMAIL_QUEUE_WAITING)
        sql = destination_sql;
    else if (status >= 0)
        sql = status_sql;
    else if (query->statuses == OPEN)
        sql = open_sql;
    code = smail__db_prepare(row, db, sql, err);
    if (code < 0)
        return code;
    if (sql == message_sql)
        smail__bind_int(*row, at++, query->message);
    else if (sql == name_sql)
        smail__bind_blob(*row, at++, (smail_span){ (const char *)name, 16 });
    else if (sql == account_sql || sql == submission_sql)
        smail__bind_int(*row, at++, query->account);
    else if (sql == destination_sql)
        smail__bind_text(*row, at++, smail__span(query->destination));
    else if (sql == status_sql)
        smail__bind_int(*row, at++, status);
    else if (sql == open_sql)
        smail__bind_int(*row, at++, SMAIL_QUEUE_WAITING);
    if (sql == submission_sql)
        smail__bind_int(*row, at++, query->submission);
    smail__bind_int(*row, at++, query->after_message);
    smail__bind_int(*row, at, query->after_recipient);
    return 0;
}

static void read_entry(smail_queue_entry *out, struct smail__statement *row)
{
    smail_span name = smail__column_span(row, 2);

    *out = (smail_queue_entry){ .message = smail__column_int(row, 0) };
    out->recipient_id = smail__column_int(row, 1);
    if (name.len == SMAIL_QUEUE_ID_LEN / 2)
        smail__hex_encode(out->queue_id, (const unsigned char *)name.data,
                          name.len);
    out->account = smail__column_int(row, 3);
    out->sender = smail__column_span(row, 4);
    out->recipient = smail__column_span(row, 5);
    out->destination = smail__column_span(row, 6);
    out->status = (smail_queue_status)smail__column_int(row, 7);
    out->is_leased = smail__column_int(row, 8) != 0;
    out->is_notice = smail__column_int(row, 9) == SMAIL__QUEUE_NOTICE;
    out->created_at = smail__column_int(row, 10);
    out->next_attempt = smail__column_int(row, 11);
    out->last_attempt = smail__column_int(row, 12);
    out->expires_at = smail__column_int(row, 13);
    out->attempts = (uint32_t)smail__column_int(row, 14);
    out->priority = (int32_t)smail__column_int(row, 15);
    out->size = (uint64_t)smail__column_int(row, 16);
    out->message_id = smail__column_span(row, 17);
    out->subject = smail__column_span(row, 18);
    out->last_reply = smail__column_span(row, 19);
    out->last_host = smail__column_span(row, 20);
    out->last_tls = smail__column_span(row, 21);
    out->email = smail__column_int(row, 22);
}

static smail_span domain_of(smail_span address)
{
    for (size_t i = address.len; i > 0; i--)
        if (address.data[i - 1] == '@')
            return smail__span_from(address, i);
    return (smail_span){ address.data, 0 };
}

static bool is_like(smail_span address, const char *wanted)
{
    if (wanted == NULL)
        return true;
    if (wanted[0] == '@')
        return smail__span_iis(domain_of(address), wanted + 1);
    if (strcmp(wanted, "<>") == 0)
        return address.len == 0;
    return smail__span_iis(address, wanted);
}

bool smail__queue_matches(const smail_queue_entry *entry,
                          const smail_queue_query *query)
{
    return (query->statuses == 0 ||
            (query->statuses & 1u << entry->status) != 0) &&
           (query->message == 0 || query->message == entry->message) &&
           (query->recipient_id == 0 ||
            query->recipient_id == entry->recipient_id) &&
           (query->account == 0 || query->account == entry->account) &&
           is_like(entry->sender, query->sender) &&
           is_like(entry->recipient, query->recipient) &&
           (query->destination == NULL ||
            smail__span_is(entry->destination, query->destination));
}

int smail__queue_walk(struct smail__db *db, const smail_queue_query *query,
                      int (*each)(const smail_queue_entry *entry, void *user),
                      void *user, smail_error *err)
{
    unsigned char name[SMAIL_QUEUE_ID_LEN / 2] = { 0 };
    struct smail__statement *row;
    smail_queue_entry entry;
    uint64_t count = 0;
    int code;

    if (query->queue_id != NULL &&
        (strlen(query->queue_id) != SMAIL_QUEUE_ID_LEN ||
         smail__hex_decode(name, sizeof(name), smail__span(query->queue_id)) <
             0))
        return smail__fail(err, SMAIL_EINVAL, "'%s' is no queue id",
                           query->queue_id);
    code = prepare(&row, db, query, name, err);
    if (code < 0)
        return code;
    while ((query->limit == 0 || count < query->limit) &&
           (code = smail__statement_step(row, err)) > 0) {
        read_entry(&entry, row);
        if (!smail__queue_matches(&entry, query))
            continue;
        count++;
        code = each(&entry, user);
        if (code != 0)
            break;
    }
    smail__statement_reset(row);
    return code > 0 && count == query->limit && query->limit > 0 ? 0 : code;
}

int smail_queue_list(smail_store *store, const smail_queue_query *query,
                     int (*each)(const smail_queue_entry *entry, void *user),
                     void *user, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__queue_walk(db, query, each, user, err);
    smail__store_end_read(store, db);
    return code;
}

/* --- The rest ------------------------------------------------------------ */

static const char *text_of(char *room, size_t size, smail_span text)
{
    size_t len = text.len < size ? text.len : size - 1;

    if (len > 0)
        memcpy(room, text.data, len);
    room[len] = '\0';
    return room;
}

int smail_queue_history(smail_store *store, smail_id message,
                        int (*each)(const smail_queue_attempt *one, void *user),
                        void *user, smail_error *err)
{
    static const char sql[] =
        "SELECT recipient, number, started_at, ended_at, host, address, tls, "
        "outcome, phase, reply FROM attempt WHERE message = $1 "
        "ORDER BY recipient, number";
    char host[256], address[64], tls[256], phase[64];
    struct smail__statement *row;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, sql, err);
    if (code == 0)
        smail__bind_int(row, 1, message);
    while (code == 0 && (code = smail__statement_step(row, err)) > 0) {
        smail_queue_attempt one = {
            .recipient_id = smail__column_int(row, 0),
            .number = (uint32_t)smail__column_int(row, 1),
            .started_at = smail__column_int(row, 2),
            .ended_at = smail__column_int(row, 3),
            .host = text_of(host, sizeof(host), smail__column_span(row, 4)),
            .address =
                text_of(address, sizeof(address), smail__column_span(row, 5)),
            .tls = text_of(tls, sizeof(tls), smail__column_span(row, 6)),
            .outcome = (smail_queue_outcome)smail__column_int(row, 7),
            .phase = text_of(phase, sizeof(phase), smail__column_span(row, 8)),
            .reply = smail__column_span(row, 9)
        };

        code = each(&one, user);
    }
    smail__store_end_read(store, db);
    return code;
}

int smail_queue_destinations(smail_store *store,
                             int (*each)(const smail_queue_destination *one,
                                         void *user),
                             void *user, smail_error *err)
{
    static const char sql[] = "SELECT name, waiting, next_due, is_held FROM "
                              "queue_destination ORDER BY name";
    char name[SMAIL_DOMAIN_MAX + 64];
    struct smail__statement *row;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, sql, err);
    while (code == 0 && (code = smail__statement_step(row, err)) > 0) {
        int64_t due = smail__column_int(row, 2);
        smail_queue_destination one = {
            .name = text_of(name, sizeof(name), smail__column_span(row, 0)),
            .waiting = (uint64_t)smail__column_int(row, 1),
            .next_due = due == INT64_MAX ? 0 : due,
            .is_held = smail__column_int(row, 3) != 0
        };

        code = each(&one, user);
    }
    smail__store_end_read(store, db);
    return code;
}

static int count_all(int64_t out[4], struct smail__db *db, smail_error *err)
{
    static const char sql[] =
        "SELECT coalesce(sum(waiting), 0), count(*), "
        "coalesce(min(next_due), 0), (SELECT count(*) FROM queue_recipient "
        "WHERE status = 1 AND status <> 0) FROM queue_destination";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    code = smail__statement_step(row, err);
    for (int i = 0; code > 0 && i < 4; i++)
        out[i] = smail__column_int(row, i);
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

int smail_queue_get_stats(smail_queue_stats *out, smail_store *store,
                          smail_error *err)
{
    int64_t counts[4] = { 0 };
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = count_all(counts, db, err);
    smail__store_end_read(store, db);
    out->waiting = (uint64_t)counts[0];
    out->destinations = (uint64_t)counts[1];
    out->next_due = counts[2] == INT64_MAX ? 0 : counts[2];
    out->held = (uint64_t)counts[3];
    return code;
}
