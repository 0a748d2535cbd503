/* SPDX-License-Identifier: MIT */
/* message/header.c - see message/header.h. */
#include "message/header.h"

#include <string.h>

#include "base/date.h"
#include "base/span.h"

/* The line at the front of `text`, with its end. */
static size_t line_length(smail_span text)
{
    size_t at = smail__span_find(text, '\n');

    return at < text.len ? at + 1 : at;
}

static smail_span without_end(smail_span line)
{
    if (line.len > 0 && line.data[line.len - 1] == '\n')
        line.len--;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

static void advance(struct smail__header_scan *scan, size_t len)
{
    scan->rest = smail__span_from(scan->rest, len);
    scan->offset += len;
}

bool smail__header_is_mbox_line(smail_span message)
{
    smail_span rest = smail__span_from(message, 5);

    if (message.len < 5 || memcmp(message.data, "From ", 5) != 0)
        return false;
    /* RFC 5322, 4.5.2: "From :" is a field. */
    while (rest.len > 0 && smail__is_space(rest.data[0]))
        rest = smail__span_from(rest, 1);
    return rest.len == 0 || rest.data[0] != ':';
}

void smail__header_begin(struct smail__header_scan *scan, smail_span message)
{
    *scan = (struct smail__header_scan){
        .rest = smail__span_slice(message, 0, SMAIL__HEADER_MAX),
    };
    if (smail__header_is_mbox_line(message))
        advance(scan, line_length(scan->rest));
}

/* A field's first line and those that continue it (RFC 5322, 2.2.3). */
static size_t field_length(smail_span text)
{
    size_t len = line_length(text);

    while (len < text.len && smail__is_space(text.data[len])) {
        smail_span more = smail__span_from(text, len);

        /* White space alone is an empty line to everybody else. */
        if (smail__span_trim(smail__span_slice(more, 0, line_length(more)))
                    .len == 0 &&
            without_end(smail__span_slice(more, 0, line_length(more))).len == 0)
            break;
        len += line_length(more);
    }
    return len;
}

/* RFC 5322, 3.6.8: printable, no colon; spaces before the colon (4.5). */
static bool split(struct smail__header_field *out, smail_span field)
{
    size_t colon = smail__span_find(field, ':');
    size_t len = colon;

    if (colon == field.len)
        return false;
    while (len > 0 && smail__is_space(field.data[len - 1]))
        len--;
    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (field.data[i] <= ' ' || field.data[i] >= 0x7f)
            return false;
    out->name = smail__span_slice(field, 0, len);
    out->value = without_end(smail__span_from(field, colon + 1));
    return true;
}

bool smail__header_next(struct smail__header_field *out,
                        struct smail__header_scan *scan)
{
    while (!scan->at_body && scan->rest.len > 0 &&
           scan->fields < SMAIL__HEADER_FIELDS_MAX) {
        smail_span line =
            smail__span_slice(scan->rest, 0, line_length(scan->rest));

        if (without_end(line).len == 0) {
            scan->at_body = true;
            advance(scan, line.len);
            return false;
        }
        smail_span field =
            smail__span_slice(scan->rest, 0, field_length(scan->rest));

        out->offset = scan->offset;
        advance(scan, field.len);
        scan->fields++;
        if (split(out, field))
            return true;
    }
    return false;
}

bool smail__header_find(smail_span *value, smail_span message, const char *name,
                        size_t nth)
{
    struct smail__header_scan scan;
    struct smail__header_field field;

    smail__header_begin(&scan, message);
    while (smail__header_next(&field, &scan)) {
        if (smail__span_iis(field.name, name) && nth-- == 0) {
            *value = field.value;
            return true;
        }
    }
    return false;
}

size_t smail__header_length(smail_span message)
{
    struct smail__header_scan scan;
    struct smail__header_field field;

    smail__header_begin(&scan, message);
    while (smail__header_next(&field, &scan))
        ;
    return scan.at_body ? scan.offset : message.len;
}

/* The next <id> of a list; false when there is none left. */
static bool next_id(smail_span *out, smail_span *list)
{
    for (;;) {
        (void)smail__span_cut(list, '<');
        if (list->len == 0)
            return false;
        size_t end = smail__span_find(*list, '>');

        if (end == list->len)
            return false;
        *out = smail__span_trim(smail__span_slice(*list, 0, end));
        *list = smail__span_from(*list, end + 1);
        if (out->len > 0)
            return true;
    }
}

/* The oldest goes when there are too many. */
static void add_reference(struct smail__summary *out, smail_span id)
{
    for (size_t i = 0; i < out->reference_count; i++)
        if (smail__span_equal(out->references[i], id))
            return;
    if (out->reference_count == SMAIL__REFERENCES_MAX) {
        memmove(out->references, out->references + 1,
                (SMAIL__REFERENCES_MAX - 1) * sizeof(out->references[0]));
        out->reference_count--;
    }
    out->references[out->reference_count++] = id;
}

static void read_ids(struct smail__summary *out, smail_span value,
                     bool is_reply)
{
    smail_span id;

    while (next_id(&id, &value)) {
        if (is_reply && out->in_reply_to.len == 0)
            out->in_reply_to = id;
        add_reference(out, id);
    }
}

static void take_first(smail_span *out, smail_span value)
{
    if (out->data == NULL)
        *out = smail__span_trim(value);
}

static void read_message_id(struct smail__summary *out, smail_span value)
{
    smail_span list = value;

    if (out->has_message_id)
        return;
    out->has_message_id = true;
    if (!next_id(&out->message_id, &list))
        out->message_id = smail__span_trim(value);
}

static void read_date(struct smail__summary *out, smail_span value)
{
    if (out->has_date)
        return;
    out->has_date = true;
    out->date = smail__span_trim(value);
    if (!smail__header_date(&out->sent_at, value))
        out->sent_at = 0;
}

static void read_field(struct smail__summary *out,
                       const struct smail__header_field *field)
{
    struct {
        const char *name;
        smail_span *place;
    } const plain[] = {
        { "Subject", &out->subject },
        { "From", &out->from },
        { "Sender", &out->sender },
        { "To", &out->to },
        { "Cc", &out->cc },
        { "Bcc", &out->bcc },
        { "Reply-To", &out->reply_to },
    };

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (smail__span_iis(field->name, plain[i].name))
            take_first(plain[i].place, field->value);
    if (smail__span_iis(field->name, "Message-ID"))
        read_message_id(out, field->value);
    else if (smail__span_iis(field->name, "Date"))
        read_date(out, field->value);
    else if (smail__span_iis(field->name, "Received"))
        out->received_count++;
    else if (smail__span_iis(field->name, "Delivered-To"))
        out->delivered_to_count++;
}

void smail__summary_read(struct smail__summary *out, smail_span message)
{
    struct smail__header_scan scan;
    struct smail__header_field field;
    smail_span replies = { NULL, 0 };

    *out = (struct smail__summary){ 0 };
    smail__header_begin(&scan, message);
    while (smail__header_next(&field, &scan)) {
        read_field(out, &field);
        if (smail__span_iis(field.name, "References"))
            read_ids(out, field.value, false);
        else if (smail__span_iis(field.name, "In-Reply-To"))
            take_first(&replies, field.value);
    }
    read_ids(out, replies, true); /* the parent is the nearest */
    out->has_from = out->from.data != NULL;
}
