/* SPDX-License-Identifier: MIT */
/*
 * parse_json.c - a message as JSON.
 *
 * {"size", "headers": [{"name", "raw", "decoded"}], "from": [{"name",
 * "address"}] ..., "subject", "date", "messageId", "inReplyTo", "references",
 * "parts": [tree], "textBody": [partId], "htmlBody", "attachments", "preview",
 * "defects"}; a part has "partId", "type", "charset", "encoding",
 * "disposition", "name", "cid", "size", "sha256", the three offsets, "text" if
 * it is text, "parts" inside it, and "message" when it is one.
 */
#include "parse_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "message/header.h"
#include "message/parse.h"
#include "message/word.h"
#include "json/write.h"

/* Readers of JSON give up at some depth, often 1,000: a message that would
 * begin below this one is left as a part. */
#define EMBED_DEPTH_MAX 256

#define OUTPUT_MAX ((size_t)1 << 40)

static void string_or_null(struct smail__json *json, const char *name,
                           const char *text)
{
    smail__json_key(json, name);
    if (text != NULL)
        smail__json_string(json, text);
    else
        smail__json_null(json);
}

static void number(struct smail__json *json, const char *name, uint64_t value)
{
    smail__json_key(json, name);
    smail__json_uint(json, value);
}

/* Part ids count from 1 in order of appearance, as "1", "2" ... */
static void part_id(struct smail__json *json, size_t index)
{
    smail__json_id(json, (smail_id)index + 1);
}

static void put_header(struct smail__json *json,
                       const struct smail__header_field *field)
{
    struct smail__buf decoded;

    smail__buf_init(&decoded, OUTPUT_MAX, NULL);
    smail__words_display(&decoded, field->value);
    smail__json_begin_object(json);
    smail__json_key(json, "name");
    smail__json_text(json, field->name);
    smail__json_key(json, "raw");
    smail__json_text(json, field->value);
    smail__json_key(json, "decoded");
    smail__json_text(json, smail__buf_span(&decoded));
    smail__json_end_object(json);
    smail__buf_dispose(&decoded);
}

/* By the scan and not by index: a header may have many fields. */
static void put_headers(struct smail__json *json, const smail_message *message,
                        size_t part)
{
    struct smail__header_scan scan;
    struct smail__header_field field;

    smail__json_key(json, "headers");
    smail__json_begin_array(json);
    smail__header_begin(&scan, smail__message_header_of(message, part));
    while (smail__header_next(&field, &scan))
        put_header(json, &field);
    smail__json_end_array(json);
}

static void put_address(const smail_mailbox_address *address, void *user)
{
    struct smail__json *json = user;

    if (address->name[0] == '\0' && address->address[0] == '\0')
        return; /* an empty group */
    smail__json_begin_object(json);
    smail__json_key(json, "name");
    smail__json_text(json, smail__span(address->name));
    smail__json_key(json, "address");
    smail__json_text(json, smail__span(address->address));
    if (address->group != NULL)
        string_or_null(json, "group", address->group);
    smail__json_end_object(json);
}

static void put_addresses(struct smail__json *json,
                          const smail_message *message)
{
    static const char *const fields[][2] = {
        { "from", "From" }, { "sender", "Sender" }, { "replyTo", "Reply-To" },
        { "to", "To" },     { "cc", "Cc" },         { "bcc", "Bcc" },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        smail__json_key(json, fields[i][0]);
        smail__json_begin_array(json);
        (void)smail_message_addresses(message, fields[i][1], put_address, json);
        smail__json_end_array(json);
    }
}

static void put_id(smail_span id, void *user)
{
    smail__json_text(user, id);
}

static void put_ids(struct smail__json *json, const smail_message *message)
{
    static const char *const fields[][2] = {
        { "messageId", "Message-ID" },
        { "inReplyTo", "In-Reply-To" },
        { "references", "References" },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        smail__json_key(json, fields[i][0]);
        smail__json_begin_array(json);
        smail_message_ids(message, fields[i][1], put_id, json);
        smail__json_end_array(json);
    }
}

static void put_summary(struct smail__json *json, const smail_message *message)
{
    char date[SMAIL__DATE_MAX];
    smail_buf subject = SMAIL_BUF_INIT;
    int64_t seconds;

    put_addresses(json, message);
    (void)smail_message_header(&subject, message, "Subject", 0);
    string_or_null(json, "subject", subject.data);
    smail_buf_dispose(&subject);
    if (smail_message_date(&seconds, message) == 0) {
        smail__date_rfc3339(date, seconds);
        string_or_null(json, "date", date);
    } else {
        string_or_null(json, "date", NULL);
    }
    put_ids(json, message);
}

static int put_content(struct smail__json *json, const smail_message *message,
                       size_t index, smail_error *err)
{
    const smail_part *part = smail_message_part(message, index);
    unsigned char digest[SMAIL__SHA256_LEN];
    char hex[2 * SMAIL__SHA256_LEN + 1];
    smail_buf bytes = SMAIL_BUF_INIT;
    int rc = smail_message_decode(&bytes, message, index, err);

    if (rc != 0)
        return rc;
    smail__sha256(digest, smail__span_of(&bytes));
    smail__hex_encode(hex, digest, sizeof(digest));
    number(json, "size", bytes.len);
    string_or_null(json, "sha256", hex);
    smail_buf_dispose(&bytes);
    if (!smail__span_istarts(smail__span(part->type), "text/"))
        return 0;
    rc = smail_message_text(&bytes, message, index, err);
    if (rc != 0)
        return rc;
    smail__json_key(json, "text");
    smail__json_text(json, smail__span_of(&bytes));
    smail_buf_dispose(&bytes);
    return 0;
}

static int put_message(struct smail__json *json, const smail_message *message,
                       smail_error *err);

static int put_embedded(struct smail__json *json, const smail_message *message,
                        size_t index, smail_error *err)
{
    smail_message *inner;
    int rc;

    if (json->depth > EMBED_DEPTH_MAX)
        return 0;
    rc = smail_message_embedded(&inner, message, index, err);

    if (rc == SMAIL_ELIMIT)
        return 0;
    if (rc != 0)
        return rc;
    smail__json_key(json, "message");
    rc = put_message(json, inner, err);
    smail_message_free(inner);
    return rc;
}

static void put_facts(struct smail__json *json, const smail_message *message,
                      size_t index)
{
    const smail_part *part = smail_message_part(message, index);

    smail__json_key(json, "partId");
    part_id(json, index);
    string_or_null(json, "type", part->type);
    string_or_null(json, "charset", part->charset);
    string_or_null(json, "encoding", part->encoding);
    string_or_null(json, "disposition", part->disposition);
    string_or_null(json, "name", part->name);
    string_or_null(json, "cid", part->id);
    string_or_null(json, "description", part->description);
    string_or_null(json, "language", part->language);
    string_or_null(json, "location", part->location);
    number(json, "offsetHeader", part->offset_header);
    number(json, "offsetBody", part->offset_body);
    number(json, "offsetEnd", part->offset_end);
}

/* Parts come depth first, so the tree is written as the depth moves. */
static int put_parts(struct smail__json *json, const smail_message *message,
                     smail_error *err)
{
    size_t count = smail_message_part_count(message);
    int open_depth = -1;
    int rc = 0;

    smail__json_key(json, "parts");
    smail__json_begin_array(json);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const smail_part *part = smail_message_part(message, i);

        for (; open_depth >= part->depth; open_depth--) {
            smail__json_end_array(json);
            smail__json_end_object(json);
        }
        smail__json_begin_object(json);
        put_facts(json, message, i);
        if (i > 0)
            put_headers(json, message, i);
        if (!part->is_multipart)
            rc = put_content(json, message, i, err);
        if (rc == 0 && part->is_message)
            rc = put_embedded(json, message, i, err);
        smail__json_key(json, "parts");
        smail__json_begin_array(json);
        open_depth = part->depth;
    }
    for (; open_depth >= 0; open_depth--) {
        smail__json_end_array(json);
        smail__json_end_object(json);
    }
    smail__json_end_array(json);
    return rc;
}

static bool is_listed(const smail_message *message, smail_body_list list,
                      size_t index)
{
    size_t count;
    const size_t *indexes = smail_message_body(&count, message, list);

    for (size_t i = 0; i < count; i++)
        if (indexes[i] == index)
            return true;
    return false;
}

/* What can be saved: the attachments of RFC 8621, 4.1.4, and the pictures and
 * sounds that it counts as part of the text. */
static void put_attachments(struct smail__json *json,
                            const smail_message *message)
{
    smail__json_key(json, "attachments");
    smail__json_begin_array(json);
    for (size_t i = 0; i < smail_message_part_count(message); i++) {
        bool is_text = smail__span_istarts(
            smail__span(smail_message_part(message, i)->type), "text/");

        if (is_listed(message, SMAIL_BODY_ATTACHMENTS, i) ||
            (!is_text && (is_listed(message, SMAIL_BODY_TEXT, i) ||
                          is_listed(message, SMAIL_BODY_HTML, i))))
            part_id(json, i);
    }
    smail__json_end_array(json);
}

static void put_lists(struct smail__json *json, const smail_message *message)
{
    static const char *const names[] = { "textBody", "htmlBody" };

    for (int list = SMAIL_BODY_TEXT; list <= SMAIL_BODY_HTML; list++) {
        size_t count;
        const size_t *indexes =
            smail_message_body(&count, message, (smail_body_list)list);

        smail__json_key(json, names[list]);
        smail__json_begin_array(json);
        for (size_t i = 0; i < count; i++)
            part_id(json, indexes[i]);
        smail__json_end_array(json);
    }
    put_attachments(json, message);
}

static void put_defects(struct smail__json *json, const smail_message *message)
{
    static const char *const names[] = { "nestedTooDeep", "tooManyParts",
                                         "unclosedMultipart", "noBoundary",
                                         "noBody" };
    unsigned defects = smail_message_defects(message);

    smail__json_key(json, "defects");
    smail__json_begin_array(json);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (defects & 1u << i)
            smail__json_text(json, smail__span(names[i]));
    smail__json_end_array(json);
}

static int put_message(struct smail__json *json, const smail_message *message,
                       smail_error *err)
{
    smail_buf preview = SMAIL_BUF_INIT;
    int rc;

    smail__json_begin_object(json);
    number(json, "size", message->raw.len);
    put_headers(json, message, 0);
    put_summary(json, message);
    rc = put_parts(json, message, err);
    put_lists(json, message);
    if (rc == 0)
        rc = smail_message_preview(&preview, message, 256, err);
    string_or_null(json, "preview", preview.data);
    put_defects(json, message);
    smail__json_end_object(json);
    smail_buf_dispose(&preview);
    return rc;
}

int parse_json_write(FILE *out, smail_span raw, smail_error *err)
{
    struct smail__json json;
    struct smail__buf text;
    smail_message *message;
    int rc = smail_message_parse(&message, raw, err);

    if (rc != 0)
        return rc;
    smail__buf_init(&text, OUTPUT_MAX, NULL);
    smail__json_init(&json, &text);
    rc = put_message(&json, message, err);
    smail_message_free(message);
    if (rc == 0)
        rc = smail__buf_error(&text);
    if (rc == 0) {
        smail__buf_putc(&text, '\n');
        (void)fwrite(text.data, 1, text.len, out);
    }
    smail__buf_dispose(&text);
    return rc;
}
