/* SPDX-License-Identifier: MIT */
/*
 * jmap/email_make.c - the body of a message that is created: as bodyStructure
 * has it, or from textBody, htmlBody and attachments:
 *
 *   mixed
 *     alternative
 *       text
 *       related         when pictures belong to the HTML
 *         html
 *         picture ...
 *     attachment ...
 */
#include "jmap/email_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/random.h"

void smail__jmap_make_init(struct smail__jmap_make *make,
                           struct smail__jmap_set *set)
{
    memset(make, 0, sizeof(*make));
    make->set = set;
    smail__buf_init(&make->missing, (size_t)1024 * 1024, NULL);
}

void smail__jmap_make_dispose(struct smail__jmap_make *make)
{
    for (size_t i = 0; i < make->part_count; i++) {
        smail__buf_dispose(&make->parts[i]->part.header);
        smail__jmap_blob_close(make->parts[i]->blob);
        free(make->parts[i]);
    }
    make->part_count = 0;
    smail__jmap_fields_dispose(&make->fields);
    smail__buf_dispose(&make->missing);
}

/* --- Names of fields ----------------------------------------------------- */

bool smail__jmap_fields_have(const struct smail__jmap_fields *fields,
                             const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (smail__span_iis(smail__span(fields->list[i]), name))
            return true;
    return false;
}

bool smail__jmap_fields_add(struct smail__jmap_fields *fields, smail_span name)
{
    char *copy =
        fields->count < SMAIL__JMAP_FIELDS_MAX ? smail__spandup(name) : NULL;

    if (copy == NULL || smail__jmap_fields_have(fields, copy)) {
        free(copy);
        return false;
    }
    fields->list[fields->count++] = copy;
    return true;
}

void smail__jmap_fields_dispose(struct smail__jmap_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free(fields->list[i]);
    fields->count = 0;
}

/* --- Text, HTML, attachments --------------------------------------------- */

/* The single part of textBody or htmlBody; NULL if there is none. */
static int take_single(struct smail__compose_part **out,
                       struct smail__jmap_make *make,
                       const struct smail__json_value *object,
                       const char *property, const char *type, smail_error *err)
{
    const struct smail__json_value *list = smail__json_get(object, property);
    const struct smail__json_value *part = smail__json_at(list, 0);
    smail_span given;

    *out = NULL;
    if (smail__json_type(list) == SMAIL__JSON_NULL ||
        (smail__json_type(list) == SMAIL__JSON_ARRAY &&
         smail__json_count(list) == 0))
        return 0;
    if (smail__json_type(list) != SMAIL__JSON_ARRAY ||
        smail__json_count(list) != 1 ||
        (smail__json_as_text(&given, smail__json_get(part, "type")) == 0 &&
         !smail__span_iis(given, type)))
        return smail__jmap_refuse_property(make->set, property);
    return smail__jmap_make_part(out, make, part, type, err);
}

/* A picture that the HTML shows. */
static bool is_related(const struct smail__json_value *part)
{
    smail_span cid = { NULL, 0 }, disposition = { NULL, 0 };

    (void)smail__json_as_text(&cid, smail__json_get(part, "cid"));
    (void)smail__json_as_text(&disposition,
                              smail__json_get(part, "disposition"));
    return cid.len > 0 && smail__span_iis(disposition, "inline");
}

/* `*body` becomes the first part of a multipart, behind which the attachments
 * that are (not) related stand; left alone when there are none. */
static int wrap(struct smail__compose_part **body,
                struct smail__jmap_make *make,
                const struct smail__json_value *list, const char *type,
                bool related, smail_error *err)
{
    struct smail__compose_part *multipart = NULL, *last = *body;
    size_t count = smail__json_count(list);
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++) {
        const struct smail__json_value *part = smail__json_at(list, i);

        if (type[0] != '\0' && is_related(part) != related)
            continue;
        if (multipart == NULL) {
            multipart = smail__jmap_make_multipart(
                make, related ? "multipart/related" : "multipart/mixed", err);
            if (multipart == NULL)
                return SMAIL_ENOMEM;
            multipart->first = *body;
            *body = multipart;
        }
        code = smail__jmap_make_part(
            last != NULL ? &last->next : &multipart->first, make, part,
            "application/octet-stream", err);
        if (code == 0)
            last = last != NULL ? last->next : multipart->first;
    }
    return code;
}

static int join(struct smail__compose_part **out, struct smail__jmap_make *make,
                struct smail__compose_part *text,
                struct smail__compose_part *html, smail_error *err)
{
    *out = text != NULL ? text : html;
    if (text == NULL || html == NULL)
        return 0;
    *out = smail__jmap_make_multipart(make, "multipart/alternative", err);
    if (*out == NULL)
        return SMAIL_ENOMEM;
    (*out)->first = text;
    text->next = html;
    return 0;
}

static int make_empty(struct smail__compose_part **out,
                      struct smail__jmap_make *make, smail_error *err)
{
    *out = smail__jmap_make_new(make, err);
    if (*out == NULL)
        return SMAIL_ENOMEM;
    (*out)->kind = SMAIL__COMPOSE_TEXT;
    smail__buf_puts(&(*out)->header,
                    "Content-Type: text/plain;\r\n charset=\"utf-8\"\r\n");
    return 0;
}

static int make_usual(struct smail__compose_part **out,
                      struct smail__jmap_make *make,
                      const struct smail__json_value *object, smail_error *err)
{
    const struct smail__json_value *list =
        smail__json_get(object, "attachments");
    struct smail__compose_part *text, *html = NULL;
    bool has_html;
    int code;

    if (smail__json_type(list) != SMAIL__JSON_NULL &&
        smail__json_type(list) != SMAIL__JSON_ARRAY)
        return smail__jmap_refuse_property(make->set, "attachments");
    code = take_single(&text, make, object, "textBody", "text/plain", err);
    if (code == 0)
        code = take_single(&html, make, object, "htmlBody", "text/html", err);
    has_html = html != NULL;
    if (code == 0 && has_html)
        code = wrap(&html, make, list, "related", true, err);
    if (code == 0)
        code = join(out, make, text, html, err);
    if (code == 0 && *out == NULL && smail__json_count(list) == 0)
        code = make_empty(out, make, err);
    if (code == 0)
        code = wrap(out, make, list, has_html ? "mixed" : "", false, err);
    return code;
}

/* --- All ----------------------------------------------------------------- */

static int tell_missing(struct smail__jmap_make *make)
{
    smail_span left = smail__buf_span(&make->missing);
    struct smail__buf *more = &make->set->more;
    struct smail__json json;

    if (left.len == 0)
        return 0;
    smail__buf_puts(more, ",\"notFound\":");
    smail__json_init(&json, more);
    smail__json_begin_array(&json);
    while (left.len > 0)
        smail__json_text(&json, smail__span_cut(&left, '\n'));
    smail__json_end_array(&json);
    return smail__jmap_refuse(make->set, "blobNotFound",
                              "an attachment is no longer there");
}

int smail__jmap_make_body(struct smail__compose_part **out,
                          struct smail__jmap_make *make,
                          const struct smail__json_value *object,
                          smail_error *err)
{
    static const char *const others[] = { "textBody", "htmlBody",
                                          "attachments" };
    const struct smail__json_value *structure =
        smail__json_get(object, "bodyStructure");
    bool has_structure = smail__json_type(structure) != SMAIL__JSON_NULL;
    int code = smail__random(make->seed, sizeof(make->seed), err);

    make->values = smail__json_get(object, "bodyValues");
    if (code < 0)
        return code;
    for (size_t i = 0; has_structure && i < 3; i++)
        if (smail__json_type(smail__json_get(object, others[i])) !=
            SMAIL__JSON_NULL)
            return smail__jmap_refuse_property(make->set, others[i]);
    code = has_structure
               ? smail__jmap_make_part(out, make, structure, "text/plain", err)
               : make_usual(out, make, object, err);
    return code == 0 ? tell_missing(make) : code;
}
