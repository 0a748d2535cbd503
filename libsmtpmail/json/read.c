/* SPDX-License-Identifier: MIT */
/*
 * json/read.c - jansson behind our types. Its own bound on depth is 2048, far
 * beyond what anybody nests, so brackets are counted before it starts.
 */
#include "json/read.h"

#include <jansson.h>

#include "base/error.h"
#include "base/span.h"

/* The document is its root, and our values are jansson's. */
static json_t *inside(const struct smail__json_value *value)
{
    return (json_t *)(uintptr_t)value;
}

static const struct smail__json_value *outside(const json_t *value)
{
    return (const struct smail__json_value *)value;
}

static bool is_too_deep(smail_span text, unsigned max_depth)
{
    unsigned depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        if (in_string) {
            if (byte == '\\')
                i++;
            in_string = byte != '"';
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '[' || byte == '{') {
            if (++depth > max_depth)
                return true;
        } else if ((byte == ']' || byte == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

int smail__json_read(struct smail__json_document **out, smail_span text,
                     unsigned max_depth, smail_error *err)
{
    json_error_t fault;
    json_t *root;

    if (is_too_deep(text, max_depth))
        return smail__fail(err, SMAIL_ELIMIT,
                           "the JSON is nested deeper than %u levels",
                           max_depth);
    root = json_loadb(text.len > 0 ? text.data : "", text.len,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      &fault);
    if (root == NULL)
        return smail__fail(err,
                           json_error_code(&fault) == json_error_out_of_memory
                               ? SMAIL_ENOMEM
                               : SMAIL_EMALFORMED,
                           "line %d, column %d: %s", fault.line, fault.column,
                           fault.text);
    *out = (struct smail__json_document *)root;
    return 0;
}

void smail__json_document_free(struct smail__json_document *document)
{
    json_decref((json_t *)document);
}

const struct smail__json_value *smail__json_root(
    const struct smail__json_document *document)
{
    return (const struct smail__json_value *)document;
}

enum smail__json_type smail__json_type(const struct smail__json_value *value)
{
    if (value == NULL)
        return SMAIL__JSON_NULL;
    switch (json_typeof(inside(value))) {
    case JSON_OBJECT:
        return SMAIL__JSON_OBJECT;
    case JSON_ARRAY:
        return SMAIL__JSON_ARRAY;
    case JSON_STRING:
        return SMAIL__JSON_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return SMAIL__JSON_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return SMAIL__JSON_BOOL;
    default:
        return SMAIL__JSON_NULL;
    }
}

const struct smail__json_value *smail__json_get(
    const struct smail__json_value *object, const char *key)
{
    return outside(json_object_get(inside(object), key));
}

const struct smail__json_value *smail__json_at(
    const struct smail__json_value *array, size_t index)
{
    return outside(json_array_get(inside(array), index));
}

size_t smail__json_count(const struct smail__json_value *value)
{
    if (smail__json_type(value) == SMAIL__JSON_ARRAY)
        return json_array_size(inside(value));
    return json_object_size(inside(value));
}

int smail__json_each(const struct smail__json_value *object,
                     int (*each)(smail_span key,
                                 const struct smail__json_value *value,
                                 void *user),
                     void *user)
{
    json_t *values = inside(object);
    void *at = json_object_iter(values);
    int rc = 0;

    while (rc == 0 && at != NULL) {
        smail_span key = smail__span(json_object_iter_key(at));

        rc = each(key, outside(json_object_iter_value(at)), user);
        at = json_object_iter_next(values, at);
    }
    return rc;
}

int smail__json_as_text(smail_span *out, const struct smail__json_value *value)
{
    json_t *text = inside(value);

    if (!json_is_string(text))
        return SMAIL_EINVAL;
    *out = (smail_span){ json_string_value(text), json_string_length(text) };
    return 0;
}

int smail__json_as_int(int64_t *out, const struct smail__json_value *value)
{
    json_t *number = inside(value);

    if (!json_is_integer(number))
        return SMAIL_EINVAL;
    *out = json_integer_value(number);
    return 0;
}

int smail__json_as_bool(bool *out, const struct smail__json_value *value)
{
    json_t *truth = inside(value);

    if (!json_is_boolean(truth))
        return SMAIL_EINVAL;
    *out = json_is_true(truth);
    return 0;
}
