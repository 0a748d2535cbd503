/* SPDX-License-Identifier: MIT */
/* jmap/email_query.c - lists of messages (RFC 8621, 4.4). */
#include "base/error.h"
#include "base/span.h"
#include "jmap/email_filter.h"
#include "jmap/method.h"
#include "jmap/request.h"

static const struct smail__jmap_type type = { "Email", SMAIL__JMAP_EMAIL,
                                              SMAIL__OBJECT_EMAIL };

static const struct {
    const char *name;
    enum smail__sort_key key;
    bool has_keyword;
} keys[] = {
    { "receivedAt", SMAIL__SORT_RECEIVED, false },
    { "sentAt", SMAIL__SORT_SENT, false },
    { "size", SMAIL__SORT_SIZE, false },
    { "from", SMAIL__SORT_FROM, false },
    { "to", SMAIL__SORT_TO, false },
    { "subject", SMAIL__SORT_SUBJECT, false },
    { "hasKeyword", SMAIL__SORT_KEYWORD, true },
    { "allInThreadHaveKeyword", SMAIL__SORT_ALL_IN_THREAD, true },
    { "someInThreadHaveKeyword", SMAIL__SORT_SOME_IN_THREAD, true },
};

static int read_comparator(struct smail__sort *out,
                           struct smail__jmap_call *call,
                           const struct smail__json_value *value)
{
    smail_span name = { NULL, 0 }, keyword = { NULL, 0 };
    bool ascending = true;

    (void)smail__json_as_text(&name, smail__json_get(value, "property"));
    (void)smail__json_as_text(&keyword, smail__json_get(value, "keyword"));
    (void)smail__json_as_bool(&ascending,
                              smail__json_get(value, "isAscending"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!smail__span_is(name, keys[i].name))
            continue;
        if (keys[i].has_keyword && keyword.len == 0)
            return smail__jmap_fail(call, "invalidArguments",
                                    "the comparator needs a keyword");
        out->key = keys[i].key;
        out->descending = !ascending;
        out->keyword = keyword.data; /* of the request, with a NUL behind */
        return 0;
    }
    return smail__jmap_fail(call, "unsupportedSort",
                            "'%.*s' is nothing to sort by",
                            SMAIL__SPAN_ARG(name));
}

static int read_sort(struct smail__email_query *query,
                     struct smail__jmap_call *call)
{
    const struct smail__json_value *sort = NULL;
    int code = smail__jmap_arg_of(&sort, call, "sort", SMAIL__JSON_ARRAY);

    if (code != 0 || sort == NULL)
        return code;
    query->sort_count = smail__json_count(sort);
    if (query->sort_count > SMAIL__SORTS_MAX)
        return smail__jmap_fail(call, "unsupportedSort",
                                "at most %d comparators", SMAIL__SORTS_MAX);
    for (size_t i = 0; code == 0 && i < query->sort_count; i++)
        code = read_comparator(&query->sorts[i], call, smail__json_at(sort, i));
    return code;
}

/* When only the front of the list is asked for, the front will do. */
static size_t how_many(const struct smail__jmap_window *window)
{
    if (window->total || window->anchor.len > 0 || window->position < 0 ||
        window->limit < 0 || window->position > 1 << 30 ||
        window->limit > 1 << 30)
        return 0;
    return (size_t)(window->position + window->limit) + 1;
}

static int run(struct smail__jmap_call *call,
               const struct smail__email_query *query,
               struct smail__jmap_window *window, smail_error *err)
{
    char state[SMAIL__JMAP_STATE_SIZE];
    struct smail__email_found found = { .ids = NULL };
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, call->jmap->store, err);

    if (code < 0)
        return code;
    code =
        smail__jmap_type_state(state, db, call->account, type.object, &error);
    if (code == 0)
        code = smail__email_query_run(&found, call->jmap->store, db, query,
                                      &error);
    smail__store_end_read(call->jmap->store, db);
    if (code == SMAIL_ELIMIT || code == SMAIL_EINVAL)
        code = smail__jmap_fail(call, "unsupportedFilter", "%s", error.message);
    else if (code < 0 && err != NULL)
        *err = error;
    window->says_unindexed =
        (call->request->capabilities & SMAIL__JMAP_SEARCH) != 0;
    window->unindexed = found.unindexed;
    if (code == 0)
        code = smail__jmap_window_put(call, window, &type, found.ids,
                                      found.count, found.count, state);
    smail__email_found_dispose(&found);
    return code;
}

int smail__jmap_email_query(struct smail__jmap_call *call, smail_error *err)
{
    struct smail__email_query query = { .account = call->account };
    const struct smail__json_value *filter = NULL;
    struct smail__jmap_window window;
    int code = smail__jmap_window_read(&window, call);

    if (code == 0)
        code = read_sort(&query, call);
    if (code == 0)
        code = smail__jmap_arg_bool(&query.collapse, call, "collapseThreads");
    if (code == 0)
        code = smail__jmap_arg_of(&filter, call, "filter", SMAIL__JSON_OBJECT);
    if (code == 0)
        code = smail__jmap_email_filter(&query.filter, call, filter, err);
    if (code != 0)
        return code;
    query.enough = how_many(&window);
    code = run(call, &query, &window, err);
    smail__filter_free(query.filter);
    return code;
}

int smail__jmap_email_changes(struct smail__jmap_call *call, smail_error *err)
{
    return smail__jmap_changes(call, &type, err);
}
