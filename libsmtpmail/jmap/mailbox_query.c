/* SPDX-License-Identifier: MIT */
/*
 * jmap/mailbox_query.c - mailboxes filtered and sorted (RFC 8621, 2.3). They
 * are few: all are looked at.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/filter_tree.h"
#include "jmap/method.h"
#include "store/mailbox_row.h"

static const struct smail__jmap_type type = { "Mailbox", SMAIL__JMAP_MAILBOX,
                                              SMAIL__OBJECT_MAILBOX };

struct query {
    struct smail__jmap_call *call;
    const struct smail__json_value *filter, *sort;
    bool sort_as_tree, filter_as_tree;
    struct smail__mailbox_rows all;
};

/* --- Filter -------------------------------------------------------------- */

static bool contains(smail_span text, smail_span word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (smail__span_iequal(smail__span_slice(text, i, word.len), word))
            return true;
    return false;
}

static bool matches_parent(const struct query *query,
                           const struct smail__mailbox_row *row,
                           const struct smail__json_value *value)
{
    smail_span text;
    smail_id id = 0;

    if (smail__json_type(value) == SMAIL__JSON_NULL)
        return row->parent == 0;
    return smail__json_as_text(&text, value) == 0 &&
           smail__jmap_id(&id, query->call, SMAIL__JMAP_MAILBOX, text) &&
           row->parent == id;
}

static bool matches_role(const struct smail__mailbox_row *row,
                         const struct smail__json_value *value)
{
    smail_span text = { NULL, 0 };

    if (smail__json_as_text(&text, value) != 0)
        return row->role == SMAIL_ROLE_NONE;
    return row->role != SMAIL_ROLE_NONE &&
           smail__span_is(text, smail_role_name(row->role));
}

struct matching {
    const struct query *query;
    const struct smail__mailbox_row *row;
};

/* 1: this member of a condition does not hold. */
static int fails(smail_span key, const struct smail__json_value *value,
                 void *user)
{
    const struct matching *matching = user;
    const struct smail__mailbox_row *row = matching->row;
    smail_span text = { NULL, 0 };
    bool wanted = false;

    (void)smail__json_as_text(&text, value);
    (void)smail__json_as_bool(&wanted, value);
    if (smail__span_is(key, "parentId"))
        return !matches_parent(matching->query, row, value);
    if (smail__span_is(key, "name"))
        return !contains(row->name, text);
    if (smail__span_is(key, "role"))
        return !matches_role(row, value);
    if (smail__span_is(key, "hasAnyRole"))
        return (row->role != SMAIL_ROLE_NONE) != wanted;
    return row->is_subscribed != wanted;
}

static int is_unknown(smail_span key, const struct smail__json_value *value,
                      void *user)
{
    enum smail__json_type found = smail__json_type(value);

    (void)user;
    if (smail__span_is(key, "parentId") || smail__span_is(key, "role"))
        return found != SMAIL__JSON_STRING && found != SMAIL__JSON_NULL;
    if (smail__span_is(key, "name"))
        return found != SMAIL__JSON_STRING;
    if (smail__span_is(key, "hasAnyRole") ||
        smail__span_is(key, "isSubscribed"))
        return found != SMAIL__JSON_BOOL;
    return 1;
}

/* RFC 8621, 2.3: filterAsTree wants the parents to match too. */
static bool is_wanted(const struct query *query,
                      const struct smail__mailbox_row *row)
{
    struct matching matching = { query, row };
    int levels = 0;

    if (query->filter == NULL)
        return true;
    while (smail__jmap_tree_matches(query->filter, fails, &matching)) {
        if (!query->filter_as_tree || matching.row->parent == 0 ||
            levels++ > SMAIL_MAILBOX_DEPTH_MAX)
            return true;
        matching.row =
            smail__mailbox_rows_get(&query->all, matching.row->parent);
        if (matching.row == NULL)
            return true;
    }
    return false;
}

/* --- Sort ---------------------------------------------------------------- */

struct item {
    const struct smail__mailbox_row *row;
    const struct query *query;
};

static int compare_names(smail_span a, smail_span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int difference = (unsigned char)smail__lower(a.data[i]) -
                         (unsigned char)smail__lower(b.data[i]);

        if (difference != 0)
            return difference;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_by(const struct smail__json_value *comparator,
                      const struct smail__mailbox_row *a,
                      const struct smail__mailbox_row *b)
{
    smail_span property = { NULL, 0 };
    bool ascending = true;
    int result;

    (void)smail__json_as_text(&property,
                              smail__json_get(comparator, "property"));
    (void)smail__json_as_bool(&ascending,
                              smail__json_get(comparator, "isAscending"));
    if (smail__span_is(property, "name"))
        result = compare_names(a->name, b->name);
    else
        result =
            a->sort_order < b->sort_order ? -1 : a->sort_order > b->sort_order;
    return ascending ? result : -result;
}

static int compare_rows(const struct query *query,
                        const struct smail__mailbox_row *a,
                        const struct smail__mailbox_row *b)
{
    size_t count = smail__json_count(query->sort);

    for (size_t i = 0; query->sort != NULL && i < count; i++) {
        int result = compare_by(smail__json_at(query->sort, i), a, b);

        if (result != 0)
            return result;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

/* The ancestor of `row` that hangs `level` steps below the top. */
static const struct smail__mailbox_row *ancestor(
    const struct query *query, const struct smail__mailbox_row *row,
    size_t level, size_t *depth)
{
    const struct smail__mailbox_row *path[SMAIL_MAILBOX_DEPTH_MAX + 1];
    size_t count = 0;

    while (row != NULL && count <= SMAIL_MAILBOX_DEPTH_MAX) {
        path[count++] = row;
        row = smail__mailbox_rows_get(&query->all, row->parent);
    }
    *depth = count;
    return level < count ? path[count - 1 - level] : NULL;
}

static int compare(const void *left, const void *right)
{
    const struct item *a = left, *b = right;
    size_t depth;

    if (!a->query->sort_as_tree)
        return compare_rows(a->query, a->row, b->row);
    for (size_t level = 0; level <= SMAIL_MAILBOX_DEPTH_MAX; level++) {
        const struct smail__mailbox_row *x =
            ancestor(a->query, a->row, level, &depth);
        const struct smail__mailbox_row *y =
            ancestor(b->query, b->row, level, &depth);

        if (x == NULL || y == NULL)
            return x != NULL ? 1 : y != NULL ? -1 : 0;
        if (x != y)
            return compare_rows(a->query, x, y);
    }
    return 0;
}

static int check_sort(struct smail__jmap_call *call,
                      const struct smail__json_value *sort)
{
    size_t count = smail__json_count(sort);

    if (sort != NULL && count > SMAIL__JMAP_SORT_MAX)
        return smail__jmap_fail(call, "unsupportedSort",
                                "too many comparators");
    for (size_t i = 0; sort != NULL && i < count; i++) {
        smail_span name = { NULL, 0 };

        (void)smail__json_as_text(
            &name, smail__json_get(smail__json_at(sort, i), "property"));
        if (!smail__span_is(name, "name") &&
            !smail__span_is(name, "sortOrder") &&
            !smail__span_is(name, "parentId"))
            return smail__jmap_fail(call, "unsupportedSort",
                                    "'%.*s' is nothing to sort by",
                                    SMAIL__SPAN_ARG(name));
    }
    return 0;
}

/* --- Query --------------------------------------------------------------- */

static int read_query(struct query *query, struct smail__jmap_call *call)
{
    int code =
        smail__jmap_arg_of(&query->filter, call, "filter", SMAIL__JSON_OBJECT);

    if (code == 0)
        code =
            smail__jmap_arg_of(&query->sort, call, "sort", SMAIL__JSON_ARRAY);
    if (code == 0)
        code = smail__jmap_arg_bool(&query->sort_as_tree, call, "sortAsTree");
    if (code == 0)
        code =
            smail__jmap_arg_bool(&query->filter_as_tree, call, "filterAsTree");
    if (code == 0 && query->filter != NULL)
        code = smail__jmap_tree_check(call, query->filter, is_unknown);
    if (code == 0)
        code = check_sort(call, query->sort);
    return code;
}

static int put_found(struct query *query,
                     const struct smail__jmap_window *window, const char *state,
                     smail_error *err)
{
    size_t count = 0, room = query->all.count + 1;
    struct item *items = calloc(room, sizeof(*items));
    smail_id *ids = calloc(room, sizeof(*ids));
    int code;

    if (items == NULL || ids == NULL) {
        free(items);
        free(ids);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < query->all.count; i++)
        if (is_wanted(query, &query->all.list[i]))
            items[count++] = (struct item){ &query->all.list[i], query };
    qsort(items, count, sizeof(*items), compare);
    for (size_t i = 0; i < count; i++)
        ids[i] = items[i].row->id;
    code = smail__jmap_window_put(query->call, window, &type, ids, count, count,
                                  state);
    free(items);
    free(ids);
    return code;
}

int smail__jmap_mailbox_query(struct smail__jmap_call *call, smail_error *err)
{
    struct query query = { .call = call };
    struct smail__jmap_window window;
    char state[SMAIL__JMAP_STATE_SIZE];
    struct smail__db *db;
    int code = smail__jmap_window_read(&window, call);

    if (code == 0)
        code = read_query(&query, call);
    if (code == 0)
        code = smail__store_begin_read(&db, call->jmap->store, err);
    if (code != 0)
        return code;
    code = smail__jmap_type_state(state, db, call->account, type.object, err);
    if (code == 0)
        code = smail__mailbox_rows_load(&query.all, db, call->account, err);
    smail__store_end_read(call->jmap->store, db);
    if (code < 0)
        return code;
    code = put_found(&query, &window, state, err);
    smail__mailbox_rows_dispose(&query.all);
    return code;
}
