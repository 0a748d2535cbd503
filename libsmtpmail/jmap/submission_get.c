/* SPDX-License-Identifier: MIT */
/* jmap/submission_get.c - what was sent, and to whom it came (RFC 8621, 7.1 to
 * 7.3). */
#include <stdlib.h>

#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "delivery/submission.h"
#include "jmap/filter_tree.h"
#include "jmap/method.h"
#include "queue/list.h"

static const struct smail__jmap_type type = { "EmailSubmission",
                                              SMAIL__JMAP_SUBMISSION,
                                              SMAIL__OBJECT_SUBMISSION };

/* Submissions of one account that a query looks at. */
#define SUBMISSIONS_MAX ((size_t)100 * 1000)

struct submission {
    struct smail__submission row;
    struct smail__jmap_call *call;
    struct smail__db *db;
};

static int load(void *object, struct smail__jmap_call *call,
                struct smail__db *db, smail_id id, smail_error *err)
{
    struct submission *submission = object;

    submission->call = call;
    submission->db = db;
    return smail__submission_load(&submission->row, db, call->account, id, err);
}

static int next(smail_id *id, struct smail__jmap_call *call,
                struct smail__db *db, void *object, smail_error *err)
{
    static const char sql[] = "SELECT id FROM submission WHERE account = $1 "
                              "AND id > $2 ORDER BY id LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    (void)object;
    if (code < 0)
        return code;
    smail__bind_int(row, 1, call->account);
    smail__bind_int(row, 2, *id);
    code = smail__statement_step(row, err);
    if (code > 0)
        *id = smail__column_int(row, 0);
    smail__statement_reset(row);
    return code;
}

/* --- Properties ---------------------------------------------------------- */

static const struct smail__submission *row_of(const void *object)
{
    return &((const struct submission *)object)->row;
}

static void put_named(struct smail__json *json, enum smail__jmap_letter letter,
                      smail_id id)
{
    char text[SMAIL__JMAP_ID_SIZE];

    if (id == 0)
        smail__json_null(json);
    else
        smail__json_string(json, smail__jmap_id_text(text, letter, id));
}

static void put_id(struct smail__json *json, const void *object)
{
    put_named(json, SMAIL__JMAP_SUBMISSION, row_of(object)->id);
}

static void put_identity(struct smail__json *json, const void *object)
{
    put_named(json, SMAIL__JMAP_IDENTITY, row_of(object)->identity);
}

static void put_email(struct smail__json *json, const void *object)
{
    put_named(json, SMAIL__JMAP_EMAIL, row_of(object)->email);
}

static void put_thread(struct smail__json *json, const void *object)
{
    put_named(json, SMAIL__JMAP_THREAD, row_of(object)->thread);
}

static void put_address(struct smail__json *json, smail_span address)
{
    smail__json_begin_object(json);
    smail__json_key(json, "email");
    smail__json_text(json, address);
    smail__json_key(json, "parameters");
    smail__json_null(json);
    smail__json_end_object(json);
}

static int put_recipient(const struct smail__submission_recipient *recipient,
                         void *user)
{
    put_address(user, recipient->address);
    return 0;
}

static void put_envelope(struct smail__json *json, const void *object)
{
    const struct submission *submission = object;

    smail__json_begin_object(json);
    smail__json_key(json, "mailFrom");
    put_address(json, smail__buf_span(&submission->row.sender));
    smail__json_key(json, "rcptTo");
    smail__json_begin_array(json);
    (void)smail__submission_recipients(
        submission->db, submission->call->account, submission->row.id,
        put_recipient, json, NULL);
    smail__json_end_array(json);
    smail__json_end_object(json);
}

static void put_sent_at(struct smail__json *json, const void *object)
{
    smail__json_time(json, row_of(object)->sent_at);
}

static int look_for_cancelled(
    const struct smail__submission_recipient *recipient, void *user)
{
    bool *found = user;

    *found = *found || recipient->delivered == SMAIL__DELIVERED_CANCELLED;
    return 0;
}

/* RFC 8621, 7: what leaves later can be taken back until then. */
static const char *undo_status(const struct smail__submission *row,
                               struct smail__db *db, smail_id account,
                               int64_t now)
{
    bool cancelled = false;

    (void)smail__submission_recipients(db, account, row->id, look_for_cancelled,
                                       &cancelled, NULL);
    if (cancelled)
        return "canceled";
    return row->sent_at > now ? "pending" : "final";
}

static void put_undo_status(struct smail__json *json, const void *object)
{
    const struct submission *submission = object;

    smail__json_string(
        json,
        undo_status(&submission->row, submission->db, submission->call->account,
                    smail__store_now(submission->call->jmap->store)));
}

/* Where each recipient's copy is, as the queue has it. */
struct places {
    struct smail__json *json;
    struct place {
        struct smail__buf text; /* recipient, host, tls */
        size_t recipient, host, tls;
        int64_t next_attempt, last_attempt;
    } * list;
    size_t count, room;
};

static int keep_place(const smail_queue_entry *entry, void *user)
{
    struct places *places = user;
    struct place *one;

    if (places->count == places->room) {
        size_t room = places->room == 0 ? 8 : places->room * 2;
        struct place *list = realloc(places->list, room * sizeof(*list));

        if (list == NULL)
            return SMAIL_ENOMEM;
        places->list = list;
        places->room = room;
    }
    one = &places->list[places->count++];
    smail__buf_init(&one->text, (size_t)4096, NULL);
    smail__buf_append(&one->text, entry->recipient);
    smail__buf_append(&one->text, entry->last_host);
    smail__buf_append(&one->text, entry->last_tls);
    one->recipient = entry->recipient.len;
    one->host = entry->last_host.len;
    one->tls = entry->last_tls.len;
    one->next_attempt =
        entry->status == SMAIL_QUEUE_WAITING && !entry->is_leased
            ? entry->next_attempt
            : 0;
    one->last_attempt = entry->last_attempt;
    return 0;
}

static const struct place *find_place(const struct places *places,
                                      smail_span recipient)
{
    for (size_t i = 0; i < places->count; i++)
        if (smail__span_equal(
                smail__span_slice(smail__buf_span(&places->list[i].text), 0,
                                  places->list[i].recipient),
                recipient))
            return &places->list[i];
    return NULL;
}

static void free_places(struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        smail__buf_dispose(&places->list[i].text);
    free(places->list);
}

static void put_moment(struct smail__json *json, const char *name, int64_t at)
{
    smail__json_key(json, name);
    if (at == 0)
        smail__json_null(json);
    else
        smail__json_time(json, at);
}

/* Ours, beside what RFC 8621 has: when it is tried next, and by whom it was
 * taken, and how that was secured. */
static void put_place(struct smail__json *json, const struct place *place)
{
    smail_span text = smail__buf_span(&place->text);

    put_moment(json, "nextAttempt", place->next_attempt);
    put_moment(json, "lastAttempt", place->last_attempt);
    smail__json_key(json, "host");
    smail__json_text(json,
                     smail__span_slice(text, place->recipient, place->host));
    smail__json_key(json, "tls");
    smail__json_text(
        json,
        smail__span_slice(text, place->recipient + place->host, place->tls));
}

static int put_status(const struct smail__submission_recipient *recipient,
                      void *user)
{
    static const char *const delivered[] = { "queued", "yes", "no", "unknown",
                                             "no" };
    const struct places *places = user;
    const struct place *place = find_place(places, recipient->address);
    struct smail__json *json = places->json;

    smail__json_text_key(json, recipient->address);
    smail__json_begin_object(json);
    smail__json_key(json, "smtpReply");
    smail__json_text(json, recipient->reply);
    smail__json_key(json, "delivered");
    smail__json_string(json, delivered[(unsigned)recipient->delivered % 5]);
    smail__json_key(json, "displayed");
    smail__json_string(json, "unknown");
    if (place != NULL)
        put_place(json, place);
    smail__json_end_object(json);
    return 0;
}

static void put_delivery_status(struct smail__json *json, const void *object)
{
    const struct submission *submission = object;

    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    struct places places = { .json = json };

    query.account = submission->call->account;
    query.submission = submission->row.id;
    (void)smail__queue_walk(submission->db, &query, keep_place, &places, NULL);
    smail__json_begin_object(json);
    (void)smail__submission_recipients(
        submission->db, submission->call->account, submission->row.id,
        put_status, &places, NULL);
    smail__json_end_object(json);
    free_places(&places);
}

static void put_none(struct smail__json *json, const void *object)
{
    (void)object;
    smail__json_begin_array(json);
    smail__json_end_array(json);
}

static const struct smail__jmap_property properties[] = {
    { "id", put_id },
    { "identityId", put_identity },
    { "emailId", put_email },
    { "threadId", put_thread },
    { "envelope", put_envelope },
    { "sendAt", put_sent_at },
    { "undoStatus", put_undo_status },
    { "deliveryStatus", put_delivery_status },
    { "dsnBlobIds", put_none },
    { "mdnBlobIds", put_none },
};

int smail__jmap_submission_get(struct smail__jmap_call *call, smail_error *err)
{
    struct submission submission = { .call = call };
    struct smail__jmap_getter getter = {
        .type = type,
        .properties = properties,
        .property_count = sizeof(properties) / sizeof(properties[0]),
        .object = &submission,
        .load = load,
        .next = next,
    };
    int code;

    smail__submission_init(&submission.row);
    code = smail__jmap_get(call, &getter, err);
    smail__submission_dispose(&submission.row);
    return code;
}

int smail__jmap_submission_changes(struct smail__jmap_call *call,
                                   smail_error *err)
{
    return smail__jmap_changes(call, &type, err);
}

/* --- Query --------------------------------------------------------------- */

struct item {
    smail_id id, email, thread;
    int64_t sent_at;
    const struct smail__json_value *sort;
};

struct query {
    struct smail__jmap_call *call;
    struct smail__db *db;
    const struct smail__json_value *filter, *sort;
    struct item *items;
    size_t count, room;
};

struct matching {
    const struct query *query;
    const struct smail__submission *row;
};

static bool is_among(const struct query *query,
                     const struct smail__json_value *list,
                     enum smail__jmap_letter letter, smail_id id)
{
    size_t count = smail__json_count(list);

    for (size_t i = 0; i < count; i++) {
        smail_span text;
        smail_id one;

        if (smail__json_as_text(&text, smail__json_at(list, i)) == 0 &&
            smail__jmap_id(&one, query->call, letter, text) && one == id)
            return true;
    }
    return false;
}

static int fails(smail_span key, const struct smail__json_value *value,
                 void *user)
{
    const struct matching *matching = user;
    const struct smail__submission *row = matching->row;
    smail_span text = { NULL, 0 };
    int64_t time = 0;

    (void)smail__json_as_text(&text, value);
    if (smail__span_is(key, "identityIds"))
        return !is_among(matching->query, value, SMAIL__JMAP_IDENTITY,
                         row->identity);
    if (smail__span_is(key, "emailIds"))
        return !is_among(matching->query, value, SMAIL__JMAP_EMAIL, row->email);
    if (smail__span_is(key, "threadIds"))
        return !is_among(matching->query, value, SMAIL__JMAP_THREAD,
                         row->thread);
    if (smail__span_is(key, "undoStatus"))
        return !smail__span_is(
            text, undo_status(
                      row, matching->query->db, matching->query->call->account,
                      smail__store_now(matching->query->call->jmap->store)));
    if (smail__date_parse_rfc3339(&time, text) != 0)
        return 1;
    return smail__span_is(key, "before") ? row->sent_at >= time
                                         : row->sent_at < time;
}

static int is_unknown(smail_span key, const struct smail__json_value *value,
                      void *user)
{
    enum smail__json_type found = smail__json_type(value);

    (void)user;
    if (smail__span_is(key, "identityIds") || smail__span_is(key, "emailIds") ||
        smail__span_is(key, "threadIds"))
        return found != SMAIL__JSON_ARRAY || smail__json_count(value) > 1000;
    if (smail__span_is(key, "undoStatus") || smail__span_is(key, "before") ||
        smail__span_is(key, "after"))
        return found != SMAIL__JSON_STRING;
    return 1;
}

static int add(const struct smail__submission *row, void *user)
{
    struct query *query = user;
    struct matching matching = { query, row };

    if (query->filter != NULL &&
        !smail__jmap_tree_matches(query->filter, fails, &matching))
        return 0;
    if (query->count == SUBMISSIONS_MAX)
        return SMAIL_ELIMIT;
    if (query->count == query->room) {
        size_t room = query->room == 0 ? 64 : query->room * 2;
        struct item *items = realloc(query->items, room * sizeof(*items));

        if (items == NULL)
            return SMAIL_ENOMEM;
        query->items = items;
        query->room = room;
    }
    query->items[query->count++] =
        (struct item){ row->id, row->email, row->thread, row->sent_at,
                       query->sort };
    return 0;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    size_t count = a->sort != NULL ? smail__json_count(a->sort) : 0;

    for (size_t i = 0; i < count; i++) {
        const struct smail__json_value *by = smail__json_at(a->sort, i);
        smail_span name = { NULL, 0 };
        bool ascending = true;
        int result;

        (void)smail__json_as_text(&name, smail__json_get(by, "property"));
        (void)smail__json_as_bool(&ascending,
                                  smail__json_get(by, "isAscending"));
        if (smail__span_is(name, "emailId"))
            result = compare_numbers(a->email, b->email);
        else if (smail__span_is(name, "threadId"))
            result = compare_numbers(a->thread, b->thread);
        else
            result = compare_numbers(a->sent_at, b->sent_at);
        if (result != 0)
            return ascending ? result : -result;
    }
    return compare_numbers(a->id, b->id);
}

static int check_sort(struct smail__jmap_call *call,
                      const struct smail__json_value *sort)
{
    size_t count = sort != NULL ? smail__json_count(sort) : 0;

    if (count > SMAIL__JMAP_SORT_MAX)
        return smail__jmap_fail(call, "unsupportedSort",
                                "too many comparators");
    for (size_t i = 0; i < count; i++) {
        smail_span name = { NULL, 0 };

        (void)smail__json_as_text(
            &name, smail__json_get(smail__json_at(sort, i), "property"));
        if (!smail__span_is(name, "emailId") &&
            !smail__span_is(name, "threadId") &&
            !smail__span_is(name, "sentAt"))
            return smail__jmap_fail(call, "unsupportedSort",
                                    "'%.*s' is nothing to sort by",
                                    SMAIL__SPAN_ARG(name));
    }
    return 0;
}

/* A page asks for what became of some emails: look at those only. */
static int collect(struct query *query, struct smail__db *db, smail_error *err)
{
    const struct smail__json_value *emails =
        smail__json_get(query->filter, "emailIds");
    size_t count = smail__json_count(emails);
    smail_id account = query->call->account;
    int code = 0;

    if (smail__json_type(emails) != SMAIL__JSON_ARRAY)
        return smail__submission_each(db, account, 0, add, query, err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        smail_span text = { NULL, 0 };
        smail_id id;

        (void)smail__json_as_text(&text, smail__json_at(emails, i));
        if (smail__jmap_id(&id, query->call, SMAIL__JMAP_EMAIL, text))
            code = smail__submission_each(db, account, id, add, query, err);
    }
    return code;
}

static int put_found(struct query *query,
                     const struct smail__jmap_window *window, const char *state,
                     smail_error *err)
{
    smail_id *ids = calloc(query->count + 1, sizeof(*ids));
    size_t kept = 0;
    int code;

    if (ids == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (query->count > 0)
        qsort(query->items, query->count, sizeof(*query->items), compare);
    for (size_t i = 0; i < query->count; i++)
        if (i == 0 || query->items[i].id != query->items[i - 1].id)
            ids[kept++] = query->items[i].id;
    code = smail__jmap_window_put(query->call, window, &type, ids, kept, kept,
                                  state);
    free(ids);
    return code;
}

int smail__jmap_submission_query(struct smail__jmap_call *call,
                                 smail_error *err)
{
    struct query query = { .call = call };
    struct smail__jmap_window window;
    char state[SMAIL__JMAP_STATE_SIZE];
    struct smail__db *db;
    int code = smail__jmap_window_read(&window, call);

    if (code == 0)
        code = smail__jmap_arg_of(&query.filter, call, "filter",
                                  SMAIL__JSON_OBJECT);
    if (code == 0)
        code = smail__jmap_arg_of(&query.sort, call, "sort", SMAIL__JSON_ARRAY);
    if (code == 0 && query.filter != NULL)
        code = smail__jmap_tree_check(call, query.filter, is_unknown);
    if (code == 0)
        code = check_sort(call, query.sort);
    if (code == 0)
        code = smail__store_begin_read(&db, call->jmap->store, err);
    if (code != 0)
        return code;
    code = smail__jmap_type_state(state, db, call->account, type.object, err);
    query.db = db;
    if (code == 0)
        code = collect(&query, db, err);
    smail__store_end_read(call->jmap->store, db);
    if (code == SMAIL_ELIMIT)
        code = smail__jmap_fail(call, "unsupportedFilter",
                                "too many submissions match");
    if (code == 0)
        code = put_found(&query, &window, state, err);
    free(query.items);
    return code;
}
