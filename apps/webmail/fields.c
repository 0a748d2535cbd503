/* SPDX-License-Identifier: MIT */
/* webmail/fields.c - see fields.h. */
#include "fields.h"

#include "base/mem.h"
#include "base/span.h"
#include "json/read.h"
#include "json/write.h"

/* An object of strings. */
#define DEPTH_MAX 4

static bool is_json(const struct request *request)
{
    smail_span type = request_field(request, "Content-Type");

    return smail__span_iis(smail__span_trim(smail__span_cut(&type, ';')),
                           "application/json");
}

static void refuse(struct request *request)
{
    answer_problem(request, 400, "badRequest",
                   "The body must be one JSON object, as application/json.",
                   NULL);
}

struct fields *fields_read(struct request *request)
{
    struct smail__json_document *document = NULL;
    struct smail__buf body;
    int rc;

    if (!is_json(request)) {
        refuse(request);
        return NULL;
    }
    smail__buf_init(&body, FIELDS_BODY_MAX, NULL);
    rc = request_body(&body, request, FIELDS_BODY_MAX);
    if (rc == 0 && smail__json_read(&document, smail__buf_span(&body),
                                    DEPTH_MAX, NULL) != 0)
        refuse(request);
    if (body.len > 0)
        smail__wipe(body.data, body.len);
    smail__buf_dispose(&body);
    if (document != NULL &&
        smail__json_type(smail__json_root(document)) != SMAIL__JSON_OBJECT) {
        refuse(request);
        smail__json_document_free(document);
        return NULL;
    }
    return (struct fields *)document;
}

void fields_free(struct fields *fields)
{
    smail__json_document_free((struct smail__json_document *)fields);
}

smail_span fields_text(const struct fields *fields, const char *name)
{
    const struct smail__json_document *document =
        (const struct smail__json_document *)fields;
    smail_span text;

    if (smail__json_as_text(
            &text, smail__json_get(smail__json_root(document), name)) != 0)
        return (smail_span){ NULL, 0 };
    return text;
}

void put_json(struct smail__buf *out, smail_span text)
{
    struct smail__json json;

    smail__json_init(&json, out);
    smail__json_text(&json, text);
}

void put_time(struct smail__buf *out, int64_t seconds)
{
    struct smail__json json;

    smail__json_init(&json, out);
    if (seconds == 0)
        smail__json_null(&json);
    else
        smail__json_time(&json, seconds);
}
