/* SPDX-License-Identifier: MIT */
/* jmap/get.c - "/get" as all types have it (RFC 8620, 5.1). */
#include "base/span.h"
#include "jmap/method.h"

int smail__jmap_get_ids(const struct smail__json_value **out,
                        struct smail__jmap_call *call)
{
    size_t count;
    int code;

    *out = NULL;
    code = smail__jmap_arg_of(out, call, "ids", SMAIL__JSON_ARRAY);
    if (code != 0)
        return code;
    count = smail__json_count(*out);
    if (*out != NULL && count > call->jmap->limits.objects_in_get)
        return smail__jmap_fail(call, "requestTooLarge",
                                "at most %u ids at once",
                                call->jmap->limits.objects_in_get);
    for (size_t i = 0; *out != NULL && i < count; i++)
        if (smail__json_type(smail__json_at(*out, i)) != SMAIL__JSON_STRING)
            return smail__jmap_fail(call, "invalidArguments",
                                    "an id is not a text");
    return 0;
}

/* Which properties, as bits; "id" always (RFC 8620, 5.1). */
static int read_properties(uint32_t *out, struct smail__jmap_call *call,
                           const struct smail__jmap_getter *getter)
{
    const struct smail__json_value *list = NULL;
    size_t count;
    int code = smail__jmap_arg_of(&list, call, "properties", SMAIL__JSON_ARRAY);

    if (code != 0)
        return code;
    *out = list == NULL ? UINT32_MAX : 1;
    count = smail__json_count(list);
    for (size_t i = 0; list != NULL && i < count; i++) {
        smail_span name = { NULL, 0 };
        size_t at = 0;

        (void)smail__json_as_text(&name, smail__json_at(list, i));
        while (at < getter->property_count &&
               !smail__span_is(name, getter->properties[at].name))
            at++;
        if (at == getter->property_count)
            return smail__jmap_fail(call, "invalidArguments",
                                    "there is no property '%.*s'",
                                    SMAIL__SPAN_ARG(name));
        *out |= (uint32_t)1 << at;
    }
    return 0;
}

struct getting {
    struct smail__jmap_call *call;
    const struct smail__jmap_getter *getter;
    struct smail__db *db;
    uint32_t wanted;
    struct smail__buf missing;
    struct smail__json missing_json;
};

/* 1: it was there. */
static int put_object(struct getting *getting, smail_id id, smail_error *err)
{
    const struct smail__jmap_getter *getter = getting->getter;
    struct smail__json *json = &getting->call->json;
    int code =
        getter->load(getter->object, getting->call, getting->db, id, err);

    if (code <= 0)
        return code;
    smail__json_begin_object(json);
    for (size_t i = 0; i < getter->property_count; i++) {
        if ((getting->wanted & (uint32_t)1 << i) == 0)
            continue;
        smail__json_key(json, getter->properties[i].name);
        getter->properties[i].put(json, getter->object);
    }
    smail__json_end_object(json);
    return 1;
}

static bool is_repeated(const struct smail__json_value *ids, size_t index,
                        smail_span text)
{
    smail_span other;

    for (size_t i = 0; i < index; i++)
        if (smail__json_as_text(&other, smail__json_at(ids, i)) == 0 &&
            smail__span_equal(other, text))
            return true;
    return false;
}

static int put_named(struct getting *getting,
                     const struct smail__json_value *ids, smail_error *err)
{
    size_t count = smail__json_count(ids);

    for (size_t i = 0; i < count; i++) {
        smail_span text = { NULL, 0 };
        smail_id id;
        int code = 0;

        (void)smail__json_as_text(&text, smail__json_at(ids, i));
        if (is_repeated(ids, i, text))
            continue; /* once only (RFC 8620, 5.1) */
        if (smail__jmap_id(&id, getting->call, getting->getter->type.letter,
                           text))
            code = put_object(getting, id, err);
        if (code < 0)
            return code;
        if (code == 0)
            smail__json_text(&getting->missing_json, text);
    }
    return 0;
}

static int put_all(struct getting *getting, smail_error *err)
{
    struct smail__jmap_call *call = getting->call;
    size_t count = 0;
    smail_id id = 0;
    int code = 0;

    if (getting->getter->next == NULL)
        return smail__jmap_fail(call, "requestTooLarge",
                                "these are too many: name some");
    while ((code = getting->getter->next(&id, call, getting->db,
                                         getting->getter->object, err)) > 0) {
        if (count++ == call->jmap->limits.objects_in_get)
            return smail__jmap_fail(call, "requestTooLarge",
                                    "these are too many: name some");
        code = put_object(getting, id, err);
        if (code < 0)
            break;
    }
    return code;
}

static int put_response(struct getting *getting,
                        const struct smail__json_value *ids, smail_error *err)
{
    struct smail__jmap_call *call = getting->call;
    struct smail__json *json = &call->json;
    char id[SMAIL__JMAP_ID_SIZE], state[SMAIL__JMAP_STATE_SIZE];
    int code = smail__jmap_type_state(state, getting->db, call->account,
                                      getting->getter->type.object, err);

    if (code < 0)
        return code;
    smail__json_begin_object(json);
    smail__json_key(json, "accountId");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, call->account));
    smail__json_key(json, "state");
    smail__json_string(json, state);
    smail__json_key(json, "list");
    smail__json_begin_array(json);
    code = ids == NULL ? put_all(getting, err) : put_named(getting, ids, err);
    if (code != 0)
        return code;
    smail__json_end_array(json);
    smail__json_end_array(&getting->missing_json);
    smail__json_key(json, "notFound");
    smail__json_raw(json, smail__buf_span(&getting->missing));
    smail__json_end_object(json);
    return smail__buf_error(&getting->missing);
}

int smail__jmap_get(struct smail__jmap_call *call,
                    const struct smail__jmap_getter *getter, smail_error *err)
{
    struct getting getting = { .call = call, .getter = getter };
    const struct smail__json_value *ids;
    int code = smail__jmap_get_ids(&ids, call);

    if (code == 0)
        code = read_properties(&getting.wanted, call, getter);
    if (code == 0)
        code = smail__store_begin_read(&getting.db, call->jmap->store, err);
    if (code != 0)
        return code;
    smail__buf_init(&getting.missing, call->json.out->max, NULL);
    smail__json_init(&getting.missing_json, &getting.missing);
    smail__json_begin_array(&getting.missing_json);
    code = put_response(&getting, ids, err);
    smail__buf_dispose(&getting.missing);
    smail__store_end_read(call->jmap->store, getting.db);
    return code;
}
