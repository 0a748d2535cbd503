/* SPDX-License-Identifier: MIT */
/*
 * jmap/reference.c - results of former calls as arguments of this one
 * (RFC 8620, 3.7): "#ids": {resultOf, name, path}.
 *
 * The path is a JSON pointer (RFC 6901) with "*" for every item of an array.
 * What it yields is written as text and read again. References to references
 * would grow without end, so what all of a request copy is counted.
 */
#include "base/error.h"
#include "base/span.h"
#include "jmap/request.h"

#define PATH_MAX_OCTETS 1024

/* One step of a pointer, decoded: ~1 is '/', ~0 is '~' (RFC 6901, 4). */
static void decode_step(struct smail__buf *out, smail_span step)
{
    for (size_t i = 0; i < step.len; i++) {
        if (step.data[i] == '~' && i + 1 < step.len) {
            i++;
            smail__buf_putc(out, step.data[i] == '1' ? '/' : '~');
        } else {
            smail__buf_putc(out, step.data[i]);
        }
    }
}

static const struct smail__json_value *member(
    const struct smail__json_value *object, smail_span step)
{
    const struct smail__json_value *found = NULL;
    struct smail__buf key;

    smail__buf_init(&key, PATH_MAX_OCTETS, NULL);
    decode_step(&key, step);
    if (smail__buf_error(&key) == 0)
        found = smail__json_get(object, key.len > 0 ? key.data : "");
    smail__buf_dispose(&key);
    return found;
}

static const struct smail__json_value *item(
    const struct smail__json_value *array, smail_span step)
{
    uint64_t index;

    if (smail__span_number(&index, step) != 0 ||
        (step.len > 1 && step.data[0] == '0') ||
        index >= smail__json_count(array))
        return NULL;
    return smail__json_at(array, (size_t)index);
}

/* Behind the last step: the value; of an array inside "*", its items. */
static void put_value(struct smail__json *json,
                      const struct smail__json_value *value, bool inside)
{
    size_t count = smail__json_count(value);

    if (!inside || smail__json_type(value) != SMAIL__JSON_ARRAY) {
        smail__json_value(json, value);
        return;
    }
    for (size_t i = 0; i < count; i++)
        smail__json_value(json, smail__json_at(value, i));
}

static bool follow(struct smail__json *json,
                   const struct smail__json_value *value, smail_span path,
                   bool inside);

static bool follow_all(struct smail__json *json,
                       const struct smail__json_value *array, smail_span path,
                       bool inside)
{
    size_t count = smail__json_count(array);
    bool found = true;

    if (!inside)
        smail__json_begin_array(json);
    for (size_t i = 0; found && i < count; i++)
        found = follow(json, smail__json_at(array, i), path, true);
    if (found && !inside)
        smail__json_end_array(json);
    return found && smail__buf_error(json->out) == 0;
}

/* `path` is empty or begins with '/'. It grows shorter with each level. */
static bool follow(struct smail__json *json,
                   const struct smail__json_value *value, smail_span path,
                   bool inside)
{
    while (path.len > 0) {
        smail_span rest = smail__span_from(path, 1);
        smail_span step =
            smail__span_slice(rest, 0, smail__span_find(rest, '/'));

        path = smail__span_from(rest, step.len);
        if (smail__json_type(value) == SMAIL__JSON_ARRAY) {
            if (smail__span_is(step, "*"))
                return follow_all(json, value, path, inside);
            value = item(value, step);
        } else if (smail__json_type(value) == SMAIL__JSON_OBJECT) {
            value = member(value, step);
        } else {
            return false;
        }
        if (value == NULL)
            return false;
    }
    put_value(json, value, inside);
    return true;
}

/* The first response with that id (RFC 8620, 3.7). */
static struct smail__jmap_response *find_response(
    struct smail__jmap_request *request, smail_span call_id)
{
    for (size_t i = 0; i < request->response_count; i++)
        if (smail__span_equal(request->responses[i].call_id, call_id))
            return &request->responses[i];
    return NULL;
}

/* Read it once, while what has been read is within the limits. */
static const struct smail__json_value *root_of(
    struct smail__jmap_request *request, struct smail__jmap_response *response)
{
    smail_span text = { request->out->data + response->offset, response->len };
    size_t values;

    if (response->document != NULL)
        return smail__json_root(response->document);
    if (text.len > SMAIL__JMAP_REFERRED_MAX - request->referred_octets)
        return NULL;
    request->referred_octets += text.len;
    values = smail__json_values(text);
    if (values > SMAIL__JMAP_VALUES_MAX - request->referred_values)
        return NULL;
    request->referred_values += values;
    (void)smail__json_read(&response->document, text, SMAIL__JSON_DEPTH_MAX,
                           NULL);
    return smail__json_root(response->document);
}

/* The value behind the path, no longer than what is left to be copied. */
static int copy(struct smail__json *json, struct smail__jmap_call *call,
                const struct smail__json_value *root, smail_span path)
{
    struct smail__jmap_request *request = call->request;
    size_t left = SMAIL__JMAP_COPIED_MAX - request->copied_octets;
    struct smail__buf text;
    struct smail__json copied;
    bool found;
    int code = 0;

    smail__buf_init(&text, left, NULL);
    smail__json_init(&copied, &text);
    found = follow(&copied, root, path, false);
    if (smail__buf_error(&text) == SMAIL_ELIMIT) {
        request->copied_octets = SMAIL__JMAP_COPIED_MAX;
        code = smail__jmap_fail(call, "requestTooLarge",
                                "what is referred to is too large");
    } else if (!found) {
        code = smail__jmap_fail(call, "invalidResultReference",
                                "there is no such result");
    } else {
        request->copied_octets += text.len;
        smail__json_raw(json, smail__buf_span(&text));
    }
    if (smail__buf_error(&text) == SMAIL_ENOMEM)
        code = SMAIL_ENOMEM;
    smail__buf_dispose(&text);
    return code;
}

static int evaluate(struct smail__json *json, struct smail__jmap_call *call,
                    const struct smail__json_value *reference)
{
    struct smail__jmap_response *response;
    const struct smail__json_value *root;
    smail_span of, name, path;

    if (smail__json_as_text(&of, smail__json_get(reference, "resultOf")) != 0 ||
        smail__json_as_text(&name, smail__json_get(reference, "name")) != 0 ||
        smail__json_as_text(&path, smail__json_get(reference, "path")) != 0)
        return smail__jmap_fail(call, "invalidArguments",
                                "a reference needs resultOf, name and path");
    response = find_response(call->request, of);
    if (response == NULL || !smail__span_is(name, response->name) ||
        path.len > PATH_MAX_OCTETS || (path.len > 0 && path.data[0] != '/'))
        return smail__jmap_fail(call, "invalidResultReference",
                                "there is no such result");
    root = root_of(call->request, response);
    if (root == NULL)
        return smail__jmap_fail(call, "requestTooLarge",
                                "what is referred to is too large");
    return copy(json, call, root, path);
}

struct resolving {
    struct smail__jmap_call *call;
    struct smail__json json;
    size_t references;
};

static int resolve_member(smail_span key, const struct smail__json_value *value,
                          void *user)
{
    struct resolving *resolving = user;
    struct smail__jmap_call *call = resolving->call;

    if (key.len == 0 || key.data[0] != '#') {
        smail__json_text_key(&resolving->json, key);
        smail__json_value(&resolving->json, value);
        return 0;
    }
    key = smail__span_from(key, 1);
    if (smail__json_get(call->args, key.data) != NULL)
        return smail__jmap_fail(call, "invalidArguments",
                                "'%.*s' is given twice", SMAIL__SPAN_ARG(key));
    if (++resolving->references > SMAIL__JMAP_REFERENCES_MAX)
        return smail__jmap_fail(call, "invalidArguments",
                                "a call has at most %d references",
                                SMAIL__JMAP_REFERENCES_MAX);
    smail__json_text_key(&resolving->json, key);
    return evaluate(&resolving->json, call, value);
}

static int has_reference(smail_span key, const struct smail__json_value *value,
                         void *user)
{
    (void)value;
    (void)user;
    return key.len > 0 && key.data[0] == '#';
}

int smail__jmap_resolve(struct smail__json_document **out,
                        struct smail__jmap_call *call, smail_error *err)
{
    struct resolving resolving = { .call = call };
    struct smail__buf text;
    int code;

    *out = NULL;
    if (!smail__json_each(call->args, has_reference, NULL))
        return 0;
    smail__buf_init(
        &text, (size_t)call->jmap->limits.request_size + SMAIL__JMAP_COPIED_MAX,
        NULL);
    smail__json_init(&resolving.json, &text);
    smail__json_begin_object(&resolving.json);
    code = smail__json_each(call->args, resolve_member, &resolving);
    smail__buf_putc(&text, '}');
    if (code == 0)
        code = smail__buf_error(&text);
    if (code == 0 &&
        smail__json_values(smail__buf_span(&text)) > SMAIL__JMAP_VALUES_MAX)
        code = SMAIL_ELIMIT;
    if (code == 0)
        code = smail__json_read(out, smail__buf_span(&text),
                                SMAIL__JMAP_DEPTH_MAX, err);
    if (code == SMAIL_ENOMEM)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    else if (code < 0)
        code = smail__jmap_fail(call, "requestTooLarge",
                                "what is referred to is too large");
    smail__buf_dispose(&text);
    return code;
}
