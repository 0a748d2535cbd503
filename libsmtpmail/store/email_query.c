/* SPDX-License-Identifier: MIT */
/*
 * store/email_query.c - candidates from the shortest list that the filter
 * allows, matched one by one, sorted, one of each thread.
 *
 *   a mailbox     index range, newest first
 *   words         the hits of the full-text index
 *   $flagged      an index of its own
 *   otherwise     all messages of the account
 */
#include "store/email_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "message/word.h"
#include "store/email_match.h"

/* Messages that a query finds at most. */
#define FOUND_MAX ((size_t)1000 * 1000)

/* What sorting by text compares, in octets. */
#define SORT_TEXT_MAX 64

struct hit {
    smail_id email, thread;
    int64_t received_at;
    union {
        int64_t number;
        size_t text; /* where it stands in `texts` */
    } keys[SMAIL__SORTS_MAX];
    const struct run *run; /* for the comparison */
};

struct run {
    const struct smail__email_query *query;
    struct smail__match match;
    struct hit *hits;
    size_t count, room;
    struct smail__buf texts;
    bool is_sorted; /* candidates come in the order that is wanted */
};

/* --- Keys ---------------------------------------------------------------- */

static const char *skip_prefixes(const char *text)
{
    for (;;) {
        smail_span rest = smail__span(text);
        smail_span word =
            smail__span_slice(rest, 0, smail__span_find(rest, ':'));

        if (rest.len > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t'))
            text++;
        else if (word.len < rest.len && word.len < 5 &&
                 (smail__span_iis(word, "re") || smail__span_iis(word, "fw") ||
                  smail__span_iis(word, "fwd") || smail__span_iis(word, "aw")))
            text += word.len + 1;
        else
            return text;
    }
}

/* The name, or the address where there is none. */
static const char *skip_to_name(const char *text)
{
    while (*text == '"' || *text == '<' || *text == ' ' || *text == '\'')
        text++;
    return text;
}

/* Put the text into the arena, folded and short; where it stands. */
static size_t put_text(struct run *run, smail_span value, bool is_subject)
{
    size_t at = run->texts.len;
    struct smail__buf text;
    const char *from;

    smail__buf_init(&text, (size_t)32 * 1024, NULL);
    smail__words_display(&text, value);
    from = smail__buf_error(&text) == 0 && text.len > 0 ? text.data : "";
    from = is_subject ? skip_prefixes(from) : skip_to_name(from);
    for (size_t i = 0; i < SORT_TEXT_MAX && from[i] != '\0'; i++)
        smail__buf_putc(&run->texts, smail__lower(from[i]));
    smail__buf_putc(&run->texts, '\0');
    smail__buf_dispose(&text);
    return at;
}

static int make_key(struct run *run, struct hit *hit, size_t index,
                    smail_error *err)
{
    const struct smail__sort *sort = &run->query->sorts[index];
    struct smail__statement *row = run->match.row;
    int code = 0;

    switch (sort->key) {
    case SMAIL__SORT_RECEIVED:
        hit->keys[index].number = hit->received_at;
        break;
    case SMAIL__SORT_SENT:
        hit->keys[index].number = smail__column_int(row, SMAIL__MATCH_SENT);
        break;
    case SMAIL__SORT_SIZE:
        hit->keys[index].number = smail__column_int(row, SMAIL__MATCH_SIZE);
        break;
    case SMAIL__SORT_FROM:
        hit->keys[index].text =
            put_text(run, smail__column_span(row, SMAIL__MATCH_SENDER), false);
        break;
    case SMAIL__SORT_TO:
        hit->keys[index].text = put_text(
            run, smail__column_span(row, SMAIL__MATCH_RECIPIENTS), false);
        break;
    case SMAIL__SORT_SUBJECT:
        hit->keys[index].text =
            put_text(run, smail__column_span(row, SMAIL__MATCH_SUBJECT), true);
        break;
    case SMAIL__SORT_KEYWORD:
        hit->keys[index].number =
            smail__match_keyword(&run->match, sort->keyword);
        break;
    default:
        code = smail__match_thread(&run->match, hit->thread, sort->keyword,
                                   sort->key == SMAIL__SORT_ALL_IN_THREAD, err);
        hit->keys[index].number = code > 0;
    }
    return code < 0 ? code : 0;
}

static bool is_text(enum smail__sort_key key)
{
    return key == SMAIL__SORT_FROM || key == SMAIL__SORT_TO ||
           key == SMAIL__SORT_SUBJECT;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Ties: the newer first, also when the rest is ascending. */
static int compare(const void *left, const void *right)
{
    const struct hit *a = left, *b = right;
    const struct smail__email_query *query = a->run->query;
    const char *texts = a->run->texts.data;

    for (size_t i = 0; i < query->sort_count; i++) {
        int result =
            is_text(query->sorts[i].key)
                ? strcmp(texts + a->keys[i].text, texts + b->keys[i].text)
                : compare_numbers(a->keys[i].number, b->keys[i].number);

        if (result != 0)
            return query->sorts[i].descending ? -result : result;
    }
    if (a->received_at != b->received_at)
        return compare_numbers(b->received_at, a->received_at);
    return compare_numbers(b->email, a->email);
}

/* --- Candidates ---------------------------------------------------------- */

static int keep(struct run *run, smail_error *err)
{
    struct hit *hit;

    if (run->count == FOUND_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "more than %zu messages match",
                           FOUND_MAX);
    if (run->count == run->room) {
        size_t room = run->room == 0 ? 256 : run->room * 2;

        hit = realloc(run->hits, room * sizeof(*hit));
        if (hit == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        run->hits = hit;
        run->room = room;
    }
    hit = &run->hits[run->count++];
    hit->run = run;
    hit->email = smail__column_int(run->match.row, SMAIL__MATCH_ID);
    hit->thread = smail__column_int(run->match.row, SMAIL__MATCH_THREAD);
    hit->received_at = smail__column_int(run->match.row, SMAIL__MATCH_RECEIVED);
    for (size_t i = 0; i < run->query->sort_count; i++) {
        int code = make_key(run, hit, i, err);

        if (code < 0)
            return code;
    }
    return 0;
}

/* Without threads to join, the first that match are enough. */
static bool is_enough(const struct run *run)
{
    return run->is_sorted && !run->query->collapse && run->query->enough > 0 &&
           run->count >= run->query->enough;
}

/* Look at the rows of a statement that is bound. */
static int look_at(struct run *run, struct smail__statement *row,
                   const struct smail__filter *filter, smail_error *err)
{
    int code = 0;

    run->match.row = row;
    while (!is_enough(run) && (code = smail__statement_step(row, err)) > 0) {
        if (filter != NULL)
            code = smail__match(&run->match, filter, err);
        if (code > 0)
            code = keep(run, err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static const char mailbox_sql[] =
    "SELECT " SMAIL__MATCH_COLUMNS "FROM email_mailbox p "
    "CROSS JOIN email e ON e.account = p.account AND e.id = p.email "
    "WHERE p.account = $1 AND p.mailbox = $2 "
    "ORDER BY p.received_at DESC, p.email DESC";
static const char flagged_sql[] =
    "SELECT " SMAIL__MATCH_COLUMNS "FROM email e WHERE e.account = $1 "
    "AND (e.flags & 2) <> 0 ORDER BY e.id";
static const char all_sql[] =
    "SELECT " SMAIL__MATCH_COLUMNS "FROM email e WHERE e.account = $1";
static const char one_sql[] = "SELECT " SMAIL__MATCH_COLUMNS
                              "FROM email e WHERE e.account = $1 AND e.id = $2";

static int look_at_hits(struct run *run, const struct smail__filter *words,
                        smail_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < words->hit_count; i++) {
        struct smail__statement *row;

        code = smail__db_prepare(&row, run->match.db, one_sql, err);
        if (code < 0)
            break;
        smail__bind_int(row, 1, run->query->account);
        smail__bind_int(row, 2, words->hits[i]);
        code = look_at(run, row, run->query->filter, err);
    }
    return code;
}

/* What the index has not seen cannot be among its hits. */
static int look_at_unindexed(struct run *run, smail_error *err)
{
    static const char sql[] =
        "SELECT " SMAIL__MATCH_COLUMNS "FROM unindexed u CROSS JOIN email e "
        "ON e.account = u.account AND e.id = u.email WHERE u.account = $1 "
        "AND NOT EXISTS (SELECT 1 FROM email_derived d "
        "WHERE d.account = u.account AND d.email = u.email)";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, run->match.db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, run->query->account);
    return look_at(run, row, run->query->filter, err);
}

/* The condition at the top of the tree that narrows it best. */
static struct smail__filter *find_driver(struct smail__filter *filter,
                                         enum smail__filter_kind kind)
{
    if (filter == NULL || filter->kind == kind)
        return filter;
    if (filter->kind != SMAIL__FILTER_AND)
        return NULL;
    for (struct smail__filter *at = filter->first; at != NULL; at = at->next) {
        struct smail__filter *found = find_driver(at, kind);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool is_newest_first(const struct smail__email_query *query)
{
    return query->sort_count == 0 ||
           (query->sorts[0].key == SMAIL__SORT_RECEIVED &&
            query->sorts[0].descending);
}

static int look_at_mailbox(struct run *run, struct smail__filter *driver,
                           smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, run->match.db, mailbox_sql, err);

    if (code < 0)
        return code;
    driver->kind = SMAIL__FILTER_TRUE;
    run->is_sorted = is_newest_first(run->query);
    smail__bind_int(row, 1, run->query->account);
    smail__bind_int(row, 2, driver->ids[0]);
    return look_at(run, row, run->query->filter, err);
}

static int look_at_all(struct run *run, bool flagged, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, run->match.db,
                                 flagged ? flagged_sql : all_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, run->query->account);
    return look_at(run, row, run->query->filter, err);
}

static struct smail__filter *find_words(struct smail__filter *filter)
{
    static const enum smail__filter_kind kinds[] = { SMAIL__FILTER_TEXT,
                                                     SMAIL__FILTER_BODY,
                                                     SMAIL__FILTER_SUBJECT };
    struct smail__filter *words = NULL;

    for (size_t i = 0; words == NULL && i < 3; i++)
        words = find_driver(filter, kinds[i]);
    return words;
}

static int look(struct run *run, smail_error *err)
{
    struct smail__filter *filter = run->query->filter;
    struct smail__filter *driver = find_words(filter);
    int code;

    if (driver != NULL) {
        code = look_at_hits(run, driver, err);
        return code == 0 ? look_at_unindexed(run, err) : code;
    }
    driver = find_driver(filter, SMAIL__FILTER_IN_MAILBOX);
    if (driver != NULL && driver->count == 1)
        return look_at_mailbox(run, driver, err);
    driver = find_driver(filter, SMAIL__FILTER_KEYWORD);
    return look_at_all(
        run,
        driver != NULL &&
            smail__span_iis(smail__span(driver->text), "$flagged"),
        err);
}

/* --- Threads, and the result --------------------------------------------- */

/* The first of each thread stays (RFC 8621, 4.4.3). */
static int collapse(struct run *run, smail_error *err)
{
    size_t size = 64, kept = 0;
    smail_id *seen;

    while (size < 2 * (run->count + 1))
        size *= 2;
    seen = calloc(size, sizeof(*seen));
    if (seen == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < run->count; i++) {
        smail_id thread = run->hits[i].thread;
        size_t at = (size_t)((uint64_t)thread * 0x9e3779b97f4a7c15u >> 20);

        while (seen[at & (size - 1)] != 0 && seen[at & (size - 1)] != thread)
            at++;
        if (seen[at & (size - 1)] == thread)
            continue;
        seen[at & (size - 1)] = thread;
        run->hits[kept++] = run->hits[i];
    }
    run->count = kept;
    free(seen);
    return 0;
}

static int give(struct smail__email_found *out, const struct run *run,
                smail_error *err)
{
    out->ids = calloc(run->count + 1, sizeof(*out->ids));
    if (out->ids == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < run->count; i++)
        out->ids[i] = run->hits[i].email;
    out->count = run->count;
    return 0;
}

int smail__unindexed_count(uint64_t *out, struct smail__db *db,
                           smail_id account, smail_error *err)
{
    static const char sql[] =
        "SELECT count(*) FROM unindexed WHERE account = $1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = (uint64_t)smail__column_int(row, 0);
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

int smail__email_query_run(struct smail__email_found *out, smail_store *store,
                           struct smail__db *db,
                           const struct smail__email_query *query,
                           smail_error *err)
{
    struct run run = {
        .query = query,
        .match = { .store = store, .db = db, .account = query->account }
    };
    int code;

    *out = (struct smail__email_found){ .ids = NULL };
    smail__buf_init(&run.texts, FOUND_MAX * (SORT_TEXT_MAX + 1), NULL);
    code = smail__match_prepare(&run.match, query->filter, err);
    if (code == 0 && run.match.has_words)
        code = smail__unindexed_count(&out->unindexed, db, query->account, err);
    if (code == 0)
        code = look(&run, err);
    if (code == 0 && smail__buf_error(&run.texts) != 0)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (code == 0 && run.count > 0)
        qsort(run.hits, run.count, sizeof(*run.hits), compare);
    if (code == 0 && query->collapse)
        code = collapse(&run, err);
    if (code == 0)
        code = give(out, &run, err);
    smail__buf_dispose(&run.texts);
    free(run.hits);
    return code;
}

void smail__email_found_dispose(struct smail__email_found *found)
{
    free(found->ids);
    *found = (struct smail__email_found){ .ids = NULL };
}
