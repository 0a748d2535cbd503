/* SPDX-License-Identifier: MIT */
/* jmap/email_filter.c - conditions of RFC 8621, 4.4.1, and one of ours. */
#include "jmap/email_filter.h"

#include <stdlib.h>

#include "base/date.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "jmap/request.h"
#include "store/search.h"

/* Mailboxes that inMailboxOtherThan names. */
#define OTHERS_MAX 1000

/* Our own condition. */
#define QUESTION "question"

struct reading {
    struct smail__jmap_call *call;
    struct smail__filter *into;
    size_t *left; /* conditions that there may still be */
    smail_error *err;
};

static int invalid(struct reading *reading, const char *name)
{
    return smail__jmap_fail(reading->call, "invalidArguments",
                            "'%s' of the filter is not right", name);
}

static int too_many(struct reading *reading)
{
    return smail__jmap_fail(reading->call, "unsupportedFilter",
                            "a filter has at most %d conditions",
                            SMAIL__FILTER_MAX);
}

/* A new condition below the one that is being read. */
static int add(struct smail__filter **out, struct reading *reading,
               enum smail__filter_kind kind)
{
    if (*reading->left == 0)
        return too_many(reading);
    (*reading->left)--;
    *out = smail__filter_new(kind);
    if (*out == NULL)
        return smail__fail(reading->err, SMAIL_ENOMEM, "out of memory");
    smail__filter_add(reading->into, *out);
    return 0;
}

/* --- One member ---------------------------------------------------------- */

struct condition {
    const char *name;
    enum smail__filter_kind kind;
    int (*read)(struct smail__filter *filter, struct reading *reading,
                const struct condition *condition,
                const struct smail__json_value *value);
    const char *field; /* of headers */
};

/* A mailbox that is not there has no messages: no error, for it may have
 * been removed by somebody else this moment. */
static int read_mailbox(struct smail__filter *filter, struct reading *reading,
                        const struct condition *condition,
                        const struct smail__json_value *value)
{
    smail_span text;

    if (smail__json_as_text(&text, value) != 0)
        return invalid(reading, condition->name);
    filter->ids = calloc(1, sizeof(*filter->ids));
    if (filter->ids == NULL)
        return smail__fail(reading->err, SMAIL_ENOMEM, "out of memory");
    filter->count = 1;
    (void)smail__jmap_id(filter->ids, reading->call, SMAIL__JMAP_MAILBOX, text);
    return 0;
}

static int read_mailboxes(struct smail__filter *filter, struct reading *reading,
                          const struct condition *condition,
                          const struct smail__json_value *value)
{
    size_t count = smail__json_count(value);

    if (smail__json_type(value) != SMAIL__JSON_ARRAY || count > OTHERS_MAX)
        return invalid(reading, condition->name);
    filter->ids = calloc(count + 1, sizeof(*filter->ids));
    if (filter->ids == NULL)
        return smail__fail(reading->err, SMAIL_ENOMEM, "out of memory");
    filter->count = count;
    for (size_t i = 0; i < count; i++) {
        smail_span text;

        if (smail__json_as_text(&text, smail__json_at(value, i)) != 0)
            return invalid(reading, condition->name);
        (void)smail__jmap_id(&filter->ids[i], reading->call,
                             SMAIL__JMAP_MAILBOX, text);
    }
    return 0;
}

static int read_time(struct smail__filter *filter, struct reading *reading,
                     const struct condition *condition,
                     const struct smail__json_value *value)
{
    smail_span text;

    if (smail__json_as_text(&text, value) != 0 ||
        smail__date_parse_rfc3339(&filter->number, text) != 0)
        return invalid(reading, condition->name);
    return 0;
}

static int read_number(struct smail__filter *filter, struct reading *reading,
                       const struct condition *condition,
                       const struct smail__json_value *value)
{
    if (smail__json_as_int(&filter->number, value) != 0 || filter->number < 0)
        return invalid(reading, condition->name);
    return 0;
}

static int read_bool(struct smail__filter *filter, struct reading *reading,
                     const struct condition *condition,
                     const struct smail__json_value *value)
{
    bool truth;

    if (smail__json_as_bool(&truth, value) != 0)
        return invalid(reading, condition->name);
    filter->number = truth;
    return 0;
}

static int set_text(char **out, struct reading *reading, smail_span text,
                    const char *name)
{
    if (text.len > SMAIL__FILTER_TEXT_MAX)
        return invalid(reading, name);
    *out = smail__spandup(text);
    return *out != NULL
               ? 0
               : smail__fail(reading->err, SMAIL_ENOMEM, "out of memory");
}

static int read_text(struct smail__filter *filter, struct reading *reading,
                     const struct condition *condition,
                     const struct smail__json_value *value)
{
    smail_span text;

    if (smail__json_as_text(&text, value) != 0)
        return invalid(reading, condition->name);
    return set_text(&filter->text, reading, text, condition->name);
}

/* Cc and Bcc: what stands in the header. */
static int read_field(struct smail__filter *filter, struct reading *reading,
                      const struct condition *condition,
                      const struct smail__json_value *value)
{
    filter->name = smail__strdup(condition->field);
    if (filter->name == NULL)
        return smail__fail(reading->err, SMAIL_ENOMEM, "out of memory");
    return read_text(filter, reading, condition, value);
}

/* [name] or [name, text]. */
static int read_header(struct smail__filter *filter, struct reading *reading,
                       const struct condition *condition,
                       const struct smail__json_value *value)
{
    size_t count = smail__json_count(value);
    smail_span name, text;
    int code;

    if (smail__json_type(value) != SMAIL__JSON_ARRAY || count < 1 ||
        count > 2 || smail__json_as_text(&name, smail__json_at(value, 0)) != 0)
        return invalid(reading, condition->name);
    code = set_text(&filter->name, reading, name, condition->name);
    if (code != 0 || count == 1)
        return code;
    if (smail__json_as_text(&text, smail__json_at(value, 1)) != 0)
        return invalid(reading, condition->name);
    return set_text(&filter->text, reading, text, condition->name);
}

static size_t count_conditions(const struct smail__filter *filter)
{
    size_t count = 0;

    for (; filter != NULL; filter = filter->next)
        count += 1 + count_conditions(filter->first);
    return count;
}

/* What a person typed, whole; docs/search.md. */
static int read_question(struct smail__filter *filter, struct reading *reading,
                         const struct condition *condition,
                         const struct smail__json_value *value)
{
    struct smail__jmap_call *call = reading->call;
    smail_error error = SMAIL_ERROR_INIT;
    smail_span text;
    size_t count;
    int code;

    if (smail__json_as_text(&text, value) != 0)
        return invalid(reading, condition->name);
    code = smail__search_read(&filter->first, call->jmap->store, call->account,
                              text, true, &error);
    if (code == SMAIL_EINVAL || code == SMAIL_ENOTFOUND)
        return smail__jmap_fail(call, "invalidArguments", "%s", error.message);
    if (code < 0)
        return smail__fail(reading->err, code, "%s", error.message);
    count = count_conditions(filter->first);
    if (count > *reading->left)
        return too_many(reading);
    *reading->left -= count;
    return 0;
}

static const struct condition conditions[] = {
    { "inMailbox", SMAIL__FILTER_IN_MAILBOX, read_mailbox, NULL },
    { "inMailboxOtherThan", SMAIL__FILTER_IN_OTHER_THAN, read_mailboxes, NULL },
    { "before", SMAIL__FILTER_BEFORE, read_time, NULL },
    { "after", SMAIL__FILTER_AFTER, read_time, NULL },
    { "minSize", SMAIL__FILTER_MIN_SIZE, read_number, NULL },
    { "maxSize", SMAIL__FILTER_MAX_SIZE, read_number, NULL },
    { "allInThreadHaveKeyword", SMAIL__FILTER_ALL_IN_THREAD, read_text, NULL },
    { "someInThreadHaveKeyword", SMAIL__FILTER_SOME_IN_THREAD, read_text,
      NULL },
    { "noneInThreadHaveKeyword", SMAIL__FILTER_NONE_IN_THREAD, read_text,
      NULL },
    { "hasKeyword", SMAIL__FILTER_KEYWORD, read_text, NULL },
    { "notKeyword", SMAIL__FILTER_NOT_KEYWORD, read_text, NULL },
    { "hasAttachment", SMAIL__FILTER_HAS_ATTACHMENT, read_bool, NULL },
    { "text", SMAIL__FILTER_TEXT, read_text, NULL },
    { "from", SMAIL__FILTER_FROM, read_text, NULL },
    { "to", SMAIL__FILTER_TO, read_text, NULL },
    { "cc", SMAIL__FILTER_HEADER, read_field, "Cc" },
    { "bcc", SMAIL__FILTER_HEADER, read_field, "Bcc" },
    { "subject", SMAIL__FILTER_SUBJECT, read_text, NULL },
    { "body", SMAIL__FILTER_BODY, read_text, NULL },
    { "header", SMAIL__FILTER_HEADER, read_header, NULL },
    { QUESTION, SMAIL__FILTER_AND, read_question, NULL },
};

/* Only for who said that they know it (RFC 8620, 1.8). */
static bool knows_question(const struct reading *reading)
{
    return (reading->call->request->capabilities & SMAIL__JMAP_SEARCH) != 0;
}

static int read_member(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct reading *reading = user;

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        struct smail__filter *filter;
        int code;

        if (!smail__span_is(key, conditions[i].name) ||
            (conditions[i].read == read_question && !knows_question(reading)))
            continue;
        if (smail__json_type(value) == SMAIL__JSON_NULL)
            return 0;
        code = add(&filter, reading, conditions[i].kind);
        if (code == 0)
            code = conditions[i].read(filter, reading, &conditions[i], value);
        return code;
    }
    return smail__jmap_fail(reading->call, "unsupportedFilter",
                            "there is no condition '%.*s'",
                            SMAIL__SPAN_ARG(key));
}

/* --- The tree ------------------------------------------------------------ */

static int read_filter(struct reading *reading,
                       const struct smail__json_value *value)
{
    static const struct {
        const char *name;
        enum smail__filter_kind kind;
    } operators[] = { { "AND", SMAIL__FILTER_AND },
                      { "OR", SMAIL__FILTER_OR },
                      { "NOT", SMAIL__FILTER_NOT } };
    const struct smail__json_value *list = smail__json_get(value, "conditions");
    struct reading below = *reading;
    enum smail__filter_kind kind = SMAIL__FILTER_TRUE;
    smail_span name = { NULL, 0 };
    int code;

    if (smail__json_type(value) != SMAIL__JSON_OBJECT)
        return invalid(reading, "filter");
    if (smail__json_get(value, "operator") == NULL) {
        code = add(&below.into, reading, SMAIL__FILTER_AND);
        return code != 0 ? code : smail__json_each(value, read_member, &below);
    }
    (void)smail__json_as_text(&name, smail__json_get(value, "operator"));
    for (size_t i = 0; i < 3; i++)
        if (smail__span_is(name, operators[i].name))
            kind = operators[i].kind;
    if (kind == SMAIL__FILTER_TRUE ||
        smail__json_type(list) != SMAIL__JSON_ARRAY)
        return invalid(reading, "operator");
    code = add(&below.into, reading, kind);
    for (size_t i = 0; code == 0 && i < smail__json_count(list); i++)
        code = read_filter(&below, smail__json_at(list, i));
    return code;
}

int smail__jmap_email_filter(struct smail__filter **out,
                             struct smail__jmap_call *call,
                             const struct smail__json_value *value,
                             smail_error *err)
{
    size_t left = SMAIL__FILTER_MAX;
    struct reading reading = { call, NULL, &left, err };
    int code;

    *out = NULL;
    if (value == NULL)
        return 0;
    reading.into = smail__filter_new(SMAIL__FILTER_AND);
    if (reading.into == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = read_filter(&reading, value);
    if (code == 0)
        *out = reading.into;
    else
        smail__filter_free(reading.into);
    return code;
}
