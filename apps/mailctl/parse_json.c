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
#include "base/utf8.h"
#include "crypto/digest.h"
#include "message/header.h"
#include "message/parse.h"
#include "message/word.h"

#define OUTPUT_MAX ((size_t)1 << 40)

/* The output, and whether a comma is due. */
struct writer {
    struct smail__buf out;
    bool comma;
};

static void put_string(struct smail__buf *out, smail_span text)
{
    smail__buf_putc(out, '"');
    while (text.len > 0) {
        uint32_t code_point = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&code_point, text);

        if (code_point == '"' || code_point == '\\')
            smail__buf_printf(out, "\\%c", (int)code_point);
        else if (code_point == '\n')
            smail__buf_puts(out, "\\n");
        else if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
            smail__buf_printf(out, "\\u%04x", (unsigned)code_point);
        else
            smail__utf8_put(out, code_point);
        text = smail__span_from(text, len > 0 ? len : 1);
    }
    smail__buf_putc(out, '"');
}

static void begin_value(struct writer *w)
{
    if (w->comma)
        smail__buf_putc(&w->out, ',');
    w->comma = true;
}

static void key(struct writer *w, const char *name)
{
    begin_value(w);
    put_string(&w->out, smail__span(name));
    smail__buf_putc(&w->out, ':');
    w->comma = false;
}

static void open(struct writer *w, char bracket)
{
    begin_value(w);
    smail__buf_putc(&w->out, bracket);
    w->comma = false;
}

static void close(struct writer *w, char bracket)
{
    smail__buf_putc(&w->out, bracket);
    w->comma = true;
}

static void string(struct writer *w, smail_span text)
{
    begin_value(w);
    put_string(&w->out, text);
}

static void string_or_null(struct writer *w, const char *name, const char *text)
{
    key(w, name);
    if (text != NULL) {
        string(w, smail__span(text));
        return;
    }
    begin_value(w);
    smail__buf_puts(&w->out, "null");
}

static void number(struct writer *w, const char *name, uint64_t value)
{
    key(w, name);
    begin_value(w);
    smail__buf_printf(&w->out, "%llu", (unsigned long long)value);
}

/* Part ids count from 1 in order of appearance, as "1", "2" ... */
static void part_id(struct writer *w, size_t index)
{
    begin_value(w);
    smail__buf_printf(&w->out, "\"%zu\"", index + 1);
}

static void put_header(struct writer *w,
                       const struct smail__header_field *field)
{
    struct smail__buf decoded;

    smail__buf_init(&decoded, OUTPUT_MAX, NULL);
    smail__words_display(&decoded, field->value);
    open(w, '{');
    key(w, "name");
    string(w, field->name);
    key(w, "raw");
    string(w, field->value);
    key(w, "decoded");
    string(w, smail__buf_span(&decoded));
    close(w, '}');
    smail__buf_dispose(&decoded);
}

/* By the scan and not by index: a header may have many fields. */
static void put_headers(struct writer *w, const smail_message *message,
                        size_t part)
{
    struct smail__header_scan scan;
    struct smail__header_field field;

    key(w, "headers");
    open(w, '[');
    smail__header_begin(&scan, smail__message_header_of(message, part));
    while (smail__header_next(&field, &scan))
        put_header(w, &field);
    close(w, ']');
}

static void put_address(const smail_mailbox_address *address, void *user)
{
    struct writer *w = user;

    if (address->name[0] == '\0' && address->address[0] == '\0')
        return; /* an empty group */
    open(w, '{');
    key(w, "name");
    string(w, smail__span(address->name));
    key(w, "address");
    string(w, smail__span(address->address));
    if (address->group != NULL)
        string_or_null(w, "group", address->group);
    close(w, '}');
}

static void put_addresses(struct writer *w, const smail_message *message)
{
    static const char *const fields[][2] = {
        { "from", "From" }, { "sender", "Sender" }, { "replyTo", "Reply-To" },
        { "to", "To" },     { "cc", "Cc" },         { "bcc", "Bcc" },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        key(w, fields[i][0]);
        open(w, '[');
        (void)smail_message_addresses(message, fields[i][1], put_address, w);
        close(w, ']');
    }
}

static void put_id(smail_span id, void *user)
{
    string(user, id);
}

static void put_ids(struct writer *w, const smail_message *message)
{
    static const char *const fields[][2] = {
        { "messageId", "Message-ID" },
        { "inReplyTo", "In-Reply-To" },
        { "references", "References" },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        key(w, fields[i][0]);
        open(w, '[');
        smail_message_ids(message, fields[i][1], put_id, w);
        close(w, ']');
    }
}

static void put_summary(struct writer *w, const smail_message *message)
{
    char date[SMAIL__DATE_MAX];
    smail_buf subject = SMAIL_BUF_INIT;
    int64_t seconds;

    put_addresses(w, message);
    (void)smail_message_header(&subject, message, "Subject", 0);
    string_or_null(w, "subject", subject.data);
    smail_buf_dispose(&subject);
    if (smail_message_date(&seconds, message) == 0) {
        smail__date_rfc3339(date, seconds);
        string_or_null(w, "date", date);
    } else {
        string_or_null(w, "date", NULL);
    }
    put_ids(w, message);
}

static int put_content(struct writer *w, const smail_message *message,
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
    number(w, "size", bytes.len);
    string_or_null(w, "sha256", hex);
    smail_buf_dispose(&bytes);
    if (!smail__span_istarts(smail__span(part->type), "text/"))
        return 0;
    rc = smail_message_text(&bytes, message, index, err);
    if (rc != 0)
        return rc;
    key(w, "text");
    string(w, smail__span_of(&bytes));
    smail_buf_dispose(&bytes);
    return 0;
}

static int put_message(struct writer *w, const smail_message *message,
                       smail_error *err);

static int put_embedded(struct writer *w, const smail_message *message,
                        size_t index, smail_error *err)
{
    smail_message *inner;
    int rc = smail_message_embedded(&inner, message, index, err);

    if (rc == SMAIL_ELIMIT)
        return 0;
    if (rc != 0)
        return rc;
    key(w, "message");
    rc = put_message(w, inner, err);
    smail_message_free(inner);
    return rc;
}

static void put_facts(struct writer *w, const smail_message *message,
                      size_t index)
{
    const smail_part *part = smail_message_part(message, index);

    key(w, "partId");
    part_id(w, index);
    string_or_null(w, "type", part->type);
    string_or_null(w, "charset", part->charset);
    string_or_null(w, "encoding", part->encoding);
    string_or_null(w, "disposition", part->disposition);
    string_or_null(w, "name", part->name);
    string_or_null(w, "cid", part->id);
    string_or_null(w, "description", part->description);
    string_or_null(w, "language", part->language);
    string_or_null(w, "location", part->location);
    number(w, "offsetHeader", part->offset_header);
    number(w, "offsetBody", part->offset_body);
    number(w, "offsetEnd", part->offset_end);
}

/* Parts come depth first, so the tree is written as the depth moves. */
static int put_parts(struct writer *w, const smail_message *message,
                     smail_error *err)
{
    size_t count = smail_message_part_count(message);
    int open_depth = -1;
    int rc = 0;

    key(w, "parts");
    open(w, '[');
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const smail_part *part = smail_message_part(message, i);

        for (; open_depth >= part->depth; open_depth--) {
            close(w, ']');
            close(w, '}');
        }
        open(w, '{');
        put_facts(w, message, i);
        if (i > 0)
            put_headers(w, message, i);
        if (!part->is_multipart)
            rc = put_content(w, message, i, err);
        if (rc == 0 && part->is_message)
            rc = put_embedded(w, message, i, err);
        key(w, "parts");
        open(w, '[');
        open_depth = part->depth;
    }
    for (; open_depth >= 0; open_depth--) {
        close(w, ']');
        close(w, '}');
    }
    close(w, ']');
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
static void put_attachments(struct writer *w, const smail_message *message)
{
    key(w, "attachments");
    open(w, '[');
    for (size_t i = 0; i < smail_message_part_count(message); i++) {
        bool is_text = smail__span_istarts(
            smail__span(smail_message_part(message, i)->type), "text/");

        if (is_listed(message, SMAIL_BODY_ATTACHMENTS, i) ||
            (!is_text && (is_listed(message, SMAIL_BODY_TEXT, i) ||
                          is_listed(message, SMAIL_BODY_HTML, i))))
            part_id(w, i);
    }
    close(w, ']');
}

static void put_lists(struct writer *w, const smail_message *message)
{
    static const char *const names[] = { "textBody", "htmlBody" };

    for (int list = SMAIL_BODY_TEXT; list <= SMAIL_BODY_HTML; list++) {
        size_t count;
        const size_t *indexes =
            smail_message_body(&count, message, (smail_body_list)list);

        key(w, names[list]);
        open(w, '[');
        for (size_t i = 0; i < count; i++)
            part_id(w, indexes[i]);
        close(w, ']');
    }
    put_attachments(w, message);
}

static void put_defects(struct writer *w, const smail_message *message)
{
    static const char *const names[] = { "nestedTooDeep", "tooManyParts",
                                         "unclosedMultipart", "noBoundary",
                                         "noBody" };
    unsigned defects = smail_message_defects(message);

    key(w, "defects");
    open(w, '[');
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (defects & 1u << i)
            string(w, smail__span(names[i]));
    close(w, ']');
}

static int put_message(struct writer *w, const smail_message *message,
                       smail_error *err)
{
    smail_buf preview = SMAIL_BUF_INIT;
    int rc;

    open(w, '{');
    number(w, "size", message->raw.len);
    put_headers(w, message, 0);
    put_summary(w, message);
    rc = put_parts(w, message, err);
    put_lists(w, message);
    if (rc == 0)
        rc = smail_message_preview(&preview, message, 256, err);
    string_or_null(w, "preview", preview.data);
    put_defects(w, message);
    close(w, '}');
    smail_buf_dispose(&preview);
    return rc;
}

int parse_json_write(FILE *out, smail_span raw, smail_error *err)
{
    struct writer w = { .comma = false };
    smail_message *message;
    int rc = smail_message_parse(&message, raw, err);

    if (rc != 0)
        return rc;
    smail__buf_init(&w.out, OUTPUT_MAX, NULL);
    rc = put_message(&w, message, err);
    smail_message_free(message);
    if (rc == 0)
        rc = smail__buf_error(&w.out);
    if (rc == 0) {
        smail__buf_putc(&w.out, '\n');
        (void)fwrite(w.out.data, 1, w.out.len, out);
    }
    smail__buf_dispose(&w.out);
    return rc;
}
