/* SPDX-License-Identifier: MIT */
/* jmap/wanted.c - which properties of an Email (RFC 8621, 4.2). */
#include "base/span.h"
#include "jmap/email_put.h"

struct name {
    const char *name;
    unsigned bit;
};

static const struct name email_names[] = {
    { "id", SMAIL__JMAP_EMAIL_ID },
    { "blobId", SMAIL__JMAP_EMAIL_BLOB },
    { "threadId", SMAIL__JMAP_EMAIL_THREAD },
    { "mailboxIds", SMAIL__JMAP_EMAIL_MAILBOXES },
    { "keywords", SMAIL__JMAP_EMAIL_KEYWORDS },
    { "size", SMAIL__JMAP_EMAIL_SIZE },
    { "receivedAt", SMAIL__JMAP_EMAIL_RECEIVED },
    { "headers", SMAIL__JMAP_EMAIL_HEADERS },
    { "bodyStructure", SMAIL__JMAP_EMAIL_STRUCTURE },
    { "bodyValues", SMAIL__JMAP_EMAIL_VALUES },
    { "textBody", SMAIL__JMAP_EMAIL_TEXT_BODY },
    { "htmlBody", SMAIL__JMAP_EMAIL_HTML_BODY },
    { "attachments", SMAIL__JMAP_EMAIL_ATTACHMENTS },
    { "hasAttachment", SMAIL__JMAP_EMAIL_HAS_ATTACHMENT },
    { "preview", SMAIL__JMAP_EMAIL_PREVIEW },
};
#define EMAIL_NAMES (sizeof(email_names) / sizeof(email_names[0]))

static const struct name part_names[] = {
    { "partId", SMAIL__JMAP_PART_ID },
    { "blobId", SMAIL__JMAP_PART_BLOB },
    { "size", SMAIL__JMAP_PART_SIZE },
    { "headers", SMAIL__JMAP_PART_HEADERS },
    { "name", SMAIL__JMAP_PART_NAME },
    { "type", SMAIL__JMAP_PART_TYPE },
    { "charset", SMAIL__JMAP_PART_CHARSET },
    { "disposition", SMAIL__JMAP_PART_DISPOSITION },
    { "cid", SMAIL__JMAP_PART_CID },
    { "language", SMAIL__JMAP_PART_LANGUAGE },
    { "location", SMAIL__JMAP_PART_LOCATION },
    { "subParts", SMAIL__JMAP_PART_SUB_PARTS },
};
#define PART_NAMES (sizeof(part_names) / sizeof(part_names[0]))

#define PART_DEFAULTS                                                      \
    (SMAIL__JMAP_PART_ID | SMAIL__JMAP_PART_BLOB | SMAIL__JMAP_PART_SIZE | \
     SMAIL__JMAP_PART_NAME | SMAIL__JMAP_PART_TYPE |                       \
     SMAIL__JMAP_PART_CHARSET | SMAIL__JMAP_PART_DISPOSITION |             \
     SMAIL__JMAP_PART_CID | SMAIL__JMAP_PART_LANGUAGE |                    \
     SMAIL__JMAP_PART_LOCATION)

/* The header fields among the default properties (RFC 8621, 4.2). */
static const char *const default_headers[] = {
    "messageId", "inReplyTo", "references", "sender",  "from",  "to",
    "cc",        "bcc",       "replyTo",    "subject", "sentAt"
};

static bool is_known(const struct smail__jmap_names *names, smail_span property)
{
    for (size_t i = 0; i < names->count; i++)
        if (smail__span_equal(names->list[i].property, property))
            return true;
    return false;
}

static int add_header(struct smail__jmap_names *names, smail_span property,
                      bool convenience, struct smail__jmap_call *call)
{
    if (is_known(names, property))
        return 0;
    if (names->count == SMAIL__JMAP_HEADERS_MAX)
        return smail__jmap_fail(call, "invalidArguments",
                                "at most %d header fields",
                                SMAIL__JMAP_HEADERS_MAX);
    if (!smail__jmap_header_read(&names->list[names->count], property) ||
        (!convenience && smail__span_find(property, ':') == property.len))
        return smail__jmap_fail(call, "invalidArguments",
                                "there is no property '%.*s'",
                                SMAIL__SPAN_ARG(property));
    names->count++;
    return 0;
}

static int read_list(unsigned *bits, struct smail__jmap_names *headers,
                     struct smail__jmap_call *call,
                     const struct smail__json_value *list,
                     const struct name *names, size_t count)
{
    size_t items = smail__json_count(list);
    int code = 0;

    *bits = 0;
    for (size_t i = 0; code == 0 && i < items; i++) {
        smail_span property = { NULL, 0 };
        size_t at = 0;

        (void)smail__json_as_text(&property, smail__json_at(list, i));
        while (at < count && !smail__span_is(property, names[at].name))
            at++;
        if (at < count)
            *bits |= names[at].bit;
        else
            code = add_header(headers, property, names == email_names, call);
    }
    return code;
}

static int read_email(struct smail__jmap_wanted *out,
                      struct smail__jmap_call *call, unsigned defaults)
{
    const struct smail__json_value *list = NULL;
    int code = smail__jmap_arg_of(&list, call, "properties", SMAIL__JSON_ARRAY);

    if (code != 0)
        return code;
    if (list != NULL)
        return read_list(&out->email, &out->email_headers, call, list,
                         email_names, EMAIL_NAMES);
    out->email = defaults;
    for (size_t i = 0; i < sizeof(default_headers) / sizeof(default_headers[0]);
         i++)
        (void)add_header(&out->email_headers, smail__span(default_headers[i]),
                         true, call);
    return 0;
}

static int read_part(struct smail__jmap_wanted *out,
                     struct smail__jmap_call *call)
{
    const struct smail__json_value *list = NULL;
    int code =
        smail__jmap_arg_of(&list, call, "bodyProperties", SMAIL__JSON_ARRAY);

    if (code != 0)
        return code;
    out->part = PART_DEFAULTS;
    if (list == NULL)
        return 0;
    return read_list(&out->part, &out->part_headers, call, list, part_names,
                     PART_NAMES);
}

int smail__jmap_wanted_read(struct smail__jmap_wanted *out,
                            struct smail__jmap_call *call, unsigned defaults)
{
    int code;

    *out = (struct smail__jmap_wanted){ .email = 0 };
    code = read_email(out, call, defaults);
    if (code == 0)
        code = read_part(out, call);
    if (code == 0)
        code = smail__jmap_arg_bool(&out->text_values, call,
                                    "fetchTextBodyValues");
    if (code == 0)
        code = smail__jmap_arg_bool(&out->html_values, call,
                                    "fetchHTMLBodyValues");
    if (code == 0)
        code =
            smail__jmap_arg_bool(&out->all_values, call, "fetchAllBodyValues");
    if (code == 0)
        code = smail__jmap_arg_int(&out->value_max, call, "maxBodyValueBytes",
                                   0, INT64_MAX);
    return code;
}
