/* SPDX-License-Identifier: MIT */
#include "jmap/filter_tree.h"

#include "base/span.h"

/* Conditions of one filter. */
#define CONDITIONS_MAX 100

static int check(struct smail__jmap_call *call,
                 const struct smail__json_value *filter,
                 smail__jmap_member *is_unknown, size_t *left)
{
    const struct smail__json_value *conditions;
    smail_span name;
    size_t count;

    if (smail__json_type(filter) != SMAIL__JSON_OBJECT || *left == 0)
        return smail__jmap_fail(call, "unsupportedFilter",
                                "the filter is too large or none");
    (*left)--;
    if (smail__json_get(filter, "operator") == NULL)
        return smail__json_each(filter, is_unknown, NULL) == 0
                   ? 0
                   : smail__jmap_fail(call, "unsupportedFilter",
                                      "a condition is not known");
    conditions = smail__json_get(filter, "conditions");
    if (smail__json_as_text(&name, smail__json_get(filter, "operator")) != 0 ||
        (!smail__span_is(name, "AND") && !smail__span_is(name, "OR") &&
         !smail__span_is(name, "NOT")) ||
        smail__json_type(conditions) != SMAIL__JSON_ARRAY)
        return smail__jmap_fail(call, "invalidArguments",
                                "a filter operator is not known");
    count = smail__json_count(conditions);
    for (size_t i = 0; i < count; i++) {
        int code = check(call, smail__json_at(conditions, i), is_unknown, left);

        if (code != 0)
            return code;
    }
    return 0;
}

int smail__jmap_tree_check(struct smail__jmap_call *call,
                           const struct smail__json_value *filter,
                           smail__jmap_member *is_unknown)
{
    size_t left = CONDITIONS_MAX;

    return check(call, filter, is_unknown, &left);
}

bool smail__jmap_tree_matches(const struct smail__json_value *filter,
                              smail__jmap_member *fails, void *user)
{
    const struct smail__json_value *conditions;
    smail_span name;
    size_t count;
    bool is_and, is_or;

    if (smail__json_as_text(&name, smail__json_get(filter, "operator")) != 0)
        return smail__json_each(filter, fails, user) == 0;
    conditions = smail__json_get(filter, "conditions");
    count = smail__json_count(conditions);
    is_and = smail__span_is(name, "AND");
    is_or = smail__span_is(name, "OR");
    for (size_t i = 0; i < count; i++)
        if (smail__jmap_tree_matches(smail__json_at(conditions, i), fails,
                                     user) != is_and)
            return is_or;
    return !is_or;
}
