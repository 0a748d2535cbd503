/* SPDX-License-Identifier: MIT */
/* cmd_message_show.c - one message, to be read or as it came. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "ctl.h"
#include "display.h"
#include "message.h"
#include "message/parse.h"

/* Octets of a message that is held in memory to be parsed. */
#define SHOW_MAX ((uint64_t)512 << 20)

/* Divisible by 3, so that base64 goes piece by piece without padding. */
#define PIECE ((size_t)48 << 10)

/* --- Reading ------------------------------------------------------------- */

static int read_whole(char **out, size_t *len, smail_content *content,
                      smail_error *err)
{
    uint64_t size = smail_content_size(content);
    int64_t got = 0;

    if (size > SHOW_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "the message is too large to be shown; try: mailctl "
                           "message raw");
    *out = malloc((size_t)size + 1);
    if (*out == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for the message");
    got = smail_content_read(*out, content, 0, (size_t)size, err);
    if (got < 0)
        return (int)got;
    *len = (size_t)got;
    return 0;
}

/* --- For a person -------------------------------------------------------- */

static void print_headers(struct smail__buf *out, const smail_message *message)
{
    static const char *const names[] = { "Date", "From", "To", "Cc",
                                         "Subject" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        smail_buf value = SMAIL_BUF_INIT;

        if (smail_message_header(&value, message, names[i], 0) == 0) {
            smail__buf_printf(out, "%s: ", names[i]);
            display_text(out, smail__span_of(&value), false);
            smail__buf_putc(out, '\n');
        }
        smail_buf_dispose(&value);
    }
}

static void print_attachment(struct smail__buf *out, const smail_part *part)
{
    smail__buf_puts(out, "\n[");
    display_text(out,
                 smail__span(part->type != NULL ? part->type : "text/plain"),
                 false);
    if (part->name != NULL) {
        smail__buf_puts(out, ": ");
        display_text(out, smail__span(part->name), false);
    }
    smail__buf_puts(out, "]\n");
}

/* Lines without the blanks at their ends, and one empty line for many. */
static void put_tidy(struct smail__buf *out, smail_span text)
{
    bool is_first = true, is_gap = false;

    while (text.len > 0) {
        smail_span line = smail__span_trim(smail__span_cut(&text, '\n'));

        if (line.len == 0) {
            is_gap = !is_first;
            continue;
        }
        if (is_gap)
            smail__buf_putc(out, '\n');
        display_text(out, line, true);
        smail__buf_putc(out, '\n');
        is_first = is_gap = false;
    }
}

static bool is_html(const smail_part *part)
{
    return part->type != NULL && strcmp(part->type, "text/html") == 0;
}

static int print_text(struct smail__buf *out, const smail_message *message,
                      size_t part, smail_error *err)
{
    smail_buf text = SMAIL_BUF_INIT;
    int rc = smail_message_text(&text, message, part, err);
    smail_span span = smail__span_of(&text);

    if (rc == 0 && is_html(smail_message_part(message, part))) {
        struct smail__buf plain;

        smail__buf_init(&plain, SHOW_MAX, NULL);
        smail__html_to_text(&plain, span, SHOW_MAX);
        smail__buf_putc(out, '\n');
        put_tidy(out, smail__buf_span(&plain));
        smail__buf_dispose(&plain);
    } else if (rc == 0) {
        smail__buf_putc(out, '\n');
        display_text(out, span, true);
        if (span.len > 0 && span.data[span.len - 1] != '\n')
            smail__buf_putc(out, '\n');
    }
    smail_buf_dispose(&text);
    return rc;
}

static bool is_text(const smail_part *part)
{
    return part->type == NULL ||
           smail__span_istarts(smail__span(part->type), "text/");
}

static int print_message(struct ctl *ctl, const smail_message *message)
{
    struct smail__buf *out = &ctl->out.buf;
    const size_t *parts;
    size_t count;
    int rc = 0;

    print_headers(out, message);
    parts = smail_message_body(&count, message, SMAIL_BODY_TEXT);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const smail_part *part = smail_message_part(message, parts[i]);

        if (is_text(part))
            rc = print_text(out, message, parts[i], &ctl->err);
        else
            print_attachment(out, part);
    }
    parts = smail_message_body(&count, message, SMAIL_BODY_ATTACHMENTS);
    for (size_t i = 0; i < count; i++)
        print_attachment(out, smail_message_part(message, parts[i]));
    return rc;
}

/* --- For a script -------------------------------------------------------- */

static void put_optional(struct smail__json *json, const char *key,
                         const char *value)
{
    smail__json_key(json, key);
    if (value != NULL)
        smail__json_string(json, value);
    else
        smail__json_null(json);
}

static void put_headers(struct smail__json *json, const smail_message *message)
{
    size_t count = smail_message_field_count(message, 0);
    smail_span name, value;

    smail__json_key(json, "headers");
    smail__json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        if (smail_message_field(&name, &value, message, 0, i) != 0)
            continue;
        smail__json_begin_object(json);
        smail__json_key(json, "name");
        smail__json_text(json, name);
        smail__json_key(json, "value");
        smail__json_text(json, smail__span_trim(value));
        smail__json_end_object(json);
    }
    smail__json_end_array(json);
}

/* All text of the list in one. */
static int put_body(struct smail__json *json, const char *key,
                    const smail_message *message, smail_body_list list,
                    smail_error *err)
{
    struct smail__buf all;
    const size_t *parts;
    size_t count;
    int rc = 0;

    smail__buf_init(&all, SIZE_MAX / 2, NULL);
    parts = smail_message_body(&count, message, list);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        smail_buf text = SMAIL_BUF_INIT;

        if (!is_text(smail_message_part(message, parts[i])))
            continue;
        rc = smail_message_text(&text, message, parts[i], err);
        if (rc == 0)
            smail__buf_append(&all, smail__span_of(&text));
        smail_buf_dispose(&text);
    }
    smail__json_key(json, key);
    smail__json_text(json, smail__buf_span(&all));
    smail__buf_dispose(&all);
    return rc;
}

static void put_attachments(struct smail__json *json,
                            const smail_message *message)
{
    const size_t *parts;
    size_t count;

    parts = smail_message_body(&count, message, SMAIL_BODY_ATTACHMENTS);
    smail__json_key(json, "attachments");
    smail__json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        const smail_part *part = smail_message_part(message, parts[i]);

        smail__json_begin_object(json);
        smail__json_key(json, "part");
        smail__json_uint(json, parts[i]);
        put_optional(json, "type", part->type);
        put_optional(json, "name", part->name);
        put_optional(json, "disposition", part->disposition);
        put_optional(json, "cid", part->id);
        smail__json_end_object(json);
    }
    smail__json_end_array(json);
}

static int put_message(struct report *report, const smail_entry *entry,
                       const smail_message *message, smail_error *err)
{
    struct smail__json *json = report_json(report);
    int rc;

    message_report(report, entry);
    put_headers(json, message);
    rc = put_body(json, "text", message, SMAIL_BODY_TEXT, err);
    if (rc == 0)
        rc = put_body(json, "html", message, SMAIL_BODY_HTML, err);
    put_attachments(json, message);
    return rc;
}

/* Nothing is printed of a message that could not be read to its end. */
static int show_json(struct ctl *ctl, smail_id account, smail_id email,
                     const smail_message *message)
{
    smail_cursor *cursor = NULL;
    struct report report;
    smail_entry entry;
    int rc =
        smail_email_get(&entry, &cursor, ctl->store, account, email, &ctl->err);

    if (rc != 0)
        return rc;
    report_begin(&report, ctl, message_columns, true);
    rc = put_message(&report, &entry, message, &ctl->err);
    report_row(&report);
    report_end(&report);
    smail_cursor_free(cursor);
    if (rc != 0)
        smail__buf_clear(&ctl->out.buf);
    return rc;
}

int message_show(struct ctl *ctl)
{
    smail_content *content = NULL;
    smail_message *message = NULL;
    smail_id account, email;
    char *raw = NULL;
    size_t len = 0;
    int rc = message_find(&account, &email, ctl);

    if (rc == 0)
        rc =
            smail_content_open(&content, ctl->store, account, email, &ctl->err);
    if (rc == 0)
        rc = read_whole(&raw, &len, content, &ctl->err);
    smail_content_close(content);
    if (rc == 0)
        rc = smail_message_parse(&message, (smail_span){ raw, len }, &ctl->err);
    if (rc == 0)
        rc = ctl->json ? show_json(ctl, account, email, message)
                       : print_message(ctl, message);
    smail_message_free(message);
    free(raw);
    return rc;
}

/* --- As it came ---------------------------------------------------------- */

static int copy_out(struct ctl *ctl, smail_content *content)
{
    uint64_t size = smail_content_size(content), at = 0;
    char *piece = malloc(PIECE);
    int rc = 0;

    if (piece == NULL)
        return smail__fail(&ctl->err, SMAIL_ENOMEM, "no memory");
    while (rc == 0 && at < size) {
        int64_t got = smail_content_read(piece, content, at, PIECE, &ctl->err);

        if (got <= 0) {
            rc = got < 0 ? (int)got
                         : smail__fail(&ctl->err, SMAIL_ECORRUPT,
                                       "the message ends too early");
            break;
        }
        if (ctl->json) {
            smail__base64_encode(&ctl->out.buf,
                                 (smail_span){ piece, (size_t)got });
            rc = out_offer(&ctl->out);
        } else {
            rc = out_bytes(&ctl->out, (smail_span){ piece, (size_t)got });
        }
        at += (uint64_t)got;
    }
    free(piece);
    return rc;
}

int message_raw(struct ctl *ctl)
{
    smail_content *content = NULL;
    smail_id account, email;
    int rc = message_find(&account, &email, ctl);

    if (rc == 0)
        rc =
            smail_content_open(&content, ctl->store, account, email, &ctl->err);
    if (rc != 0)
        return rc;
    if (ctl->json)
        smail__buf_printf(
            &ctl->out.buf, "{\"id\":\"%s\",\"size\":%llu,\"base64\":\"",
            ctl->arguments[1], (unsigned long long)smail_content_size(content));
    rc = copy_out(ctl, content);
    if (ctl->json)
        smail__buf_puts(&ctl->out.buf, "\"}\n");
    smail_content_close(content);
    return rc < 0 ? rc : 0;
}
