/* SPDX-License-Identifier: MIT */
/* store/email_search.c - what the full-text index says to the conditions of a
 * query that ask for words. */
#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "message/fold.h"
#include "store/email_match.h"
#include "store/search.h"

/* Which columns of the index a condition is about; NULL: it is none for the
 * index. */
static const char *columns_of(const struct smail__filter *filter)
{
    static const struct {
        const char *field, *columns;
    } fields[] = {
        { "Subject", "{subject} : " }, { "From", "{sender} : " },
        { "To", "{recipients} : " },   { "Cc", "{recipients} : " },
        { "Bcc", "{recipients} : " },
    };

    switch (filter->kind) {
    case SMAIL__FILTER_TEXT:
        return "";
    case SMAIL__FILTER_BODY:
        return "{body} : ";
    case SMAIL__FILTER_SUBJECT:
        return "{subject} : ";
    case SMAIL__FILTER_FROM:
        return "{sender} : ";
    case SMAIL__FILTER_TO:
        return "{recipients} : ";
    case SMAIL__FILTER_HEADER:
        for (size_t i = 0;
             filter->text != NULL && i < sizeof(fields) / sizeof(fields[0]);
             i++)
            if (smail__span_iis(smail__span(filter->name), fields[i].field))
                return fields[i].columns;
        return NULL;
    default:
        return NULL;
    }
}

static int add_hit(struct smail__filter *filter, size_t *room, smail_id email,
                   smail_error *err)
{
    if (filter->hit_count == *room) {
        size_t more = *room == 0 ? 64 : *room * 2;
        smail_id *hits = realloc(filter->hits, more * sizeof(*hits));

        if (hits == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        filter->hits = hits;
        *room = more;
    }
    filter->hits[filter->hit_count++] = email;
    return 0;
}

/* The rowid is account << 32 | email; hits come in its order. */
static int run_search(struct smail__match *match, struct smail__filter *filter,
                      smail_span words, smail_error *err)
{
    static const char sql[] =
        "SELECT rowid & 4294967295 FROM email_text WHERE email_text MATCH $1 "
        "AND rowid BETWEEN $2 AND $3 ORDER BY rowid LIMIT 1000000";
    struct smail__statement *row;
    size_t room = 0;
    int code;

    if (words.len == 0 || match->account >= INT32_MAX)
        return 0;
    code = smail__db_prepare(&row, match->db, sql, err);
    if (code < 0)
        return code;
    smail__bind_text(row, 1, words);
    smail__bind_int(row, 2, match->account << 32);
    smail__bind_int(row, 3, match->account << 32 | UINT32_MAX);
    while ((code = smail__statement_step(row, err)) > 0) {
        code = add_hit(filter, &room, smail__column_int(row, 0), err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    return code;
}

static enum smail__search_open open_of(const struct smail__filter *filter)
{
    if (filter->kind != SMAIL__FILTER_TEXT &&
        filter->kind != SMAIL__FILTER_BODY &&
        filter->kind != SMAIL__FILTER_SUBJECT)
        return SMAIL__SEARCH_ALL_OPEN;
    return filter->is_exact ? SMAIL__SEARCH_WHOLE : SMAIL__SEARCH_LAST_OPEN;
}

static int search(struct smail__match *match, struct smail__filter *filter,
                  const char *columns, smail_error *err)
{
    struct smail__buf words, query;
    int code;

    if (!smail__has_letter(smail__span(filter->text))) {
        if (open_of(filter) != SMAIL__SEARCH_ALL_OPEN)
            filter->kind = SMAIL__FILTER_TRUE; /* "&" in "salt & pepper" */
        return 0;
    }
    match->has_words = true;
    smail__buf_init(&words, SMAIL__SEARCH_MATCH_MAX, NULL);
    smail__buf_init(&query, SMAIL__SEARCH_MATCH_MAX + 64, NULL);
    code = smail__search_parse(&words, filter->text, open_of(filter), err);
    if (code == 0 && words.len > 0) {
        smail__buf_printf(&query, "%s(", columns);
        smail__buf_append(&query, smail__buf_span(&words));
        smail__buf_putc(&query, ')');
        code = smail__buf_error(&query);
    }
    if (code == 0)
        code = run_search(match, filter, smail__buf_span(&query), err);
    smail__buf_dispose(&words);
    smail__buf_dispose(&query);
    filter->is_searched = code == 0;
    return code;
}

/* Conditions whose hits decide, or those whose field does. */
static int search_all(struct smail__match *match, struct smail__filter *filter,
                      bool deciding, smail_error *err)
{
    int code = 0;

    for (; code == 0 && filter != NULL; filter = filter->next) {
        const char *columns = columns_of(filter);

        if (columns == NULL)
            code = search_all(match, filter->first, deciding, err);
        else if ((open_of(filter) != SMAIL__SEARCH_ALL_OPEN) == deciding)
            code = search(match, filter, columns, err);
    }
    return code;
}

/* A condition at the top leaves so few that it is the index that would cost
 * more. */
static bool is_narrow(const struct smail__filter *filter)
{
    if (filter == NULL || filter->is_searched)
        return filter != NULL && filter->hit_count <= SMAIL__SEARCH_FEW_HITS;
    if (filter->kind == SMAIL__FILTER_AND)
        for (filter = filter->first; filter != NULL; filter = filter->next)
            if (is_narrow(filter))
                return true;
    return false;
}

int smail__match_prepare(struct smail__match *match,
                         struct smail__filter *filter, smail_error *err)
{
    int code = search_all(match, filter, true, err);

    if (code == 0 && !is_narrow(filter))
        code = search_all(match, filter, false, err);
    return code;
}

bool smail__filter_is_indexed(const struct smail__filter *filter)
{
    return columns_of(filter) != NULL;
}

bool smail__filter_is_hit(const struct smail__filter *filter, smail_id email)
{
    size_t low = 0, high = filter->hit_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (filter->hits[middle] < email)
            low = middle + 1;
        else
            high = middle;
    }
    return low < filter->hit_count && filter->hits[low] == email;
}
