/* SPDX-License-Identifier: MIT */
/*
 * server/submit.c - a header passing by, with little added and taken away.
 *
 *               CR      space   name character   ':'     other   LF
 *  LINE_START   BLANK   FIELD   NAME             BODY*   BODY*   BODY*
 *  NAME         BODY*   BODY*   NAME             FIELD   BODY*   BODY*
 *  FIELD        FIELD   FIELD   FIELD            FIELD   FIELD   LINE_START
 *  BLANK        BODY*   BODY*   BODY*            BODY*   BODY*   BODY
 *
 *  * The line is no header field, so the header ended before it: an empty line
 *    is put in between, and the line is the first of the body.
 *
 * What is added stands at the end of the header, where it is known to be
 * missing; the order of these fields has no meaning (RFC 5322, 3.6). Line
 * ends are CRLF: the engine sees to it.
 */
#include "server/submit.h"

#include <string.h>

#include "base/date.h"
#include "base/format.h"
#include "base/span.h"

static int put(struct smail__submit *submit, smail_span piece)
{
    if (piece.len == 0)
        return 0;
    return submit->write(submit->user, piece);
}

static int put_additions(struct smail__submit *submit)
{
    smail_span date = { submit->additions, submit->date_len };
    smail_span id = { submit->additions + submit->date_len, submit->id_len };
    int rc = 0;

    if (!submit->has_date)
        rc = put(submit, date);
    if (rc == 0 && !submit->has_message_id)
        rc = put(submit, id);
    return rc;
}

/* What was held back turned out to be no field: it belongs to the body. */
static int begin_body(struct smail__submit *submit)
{
    smail_span held = { submit->name, submit->name_len };
    int rc = put_additions(submit);

    if (rc == 0)
        rc = put(submit, SMAIL__SPAN("\r\n"));
    if (rc == 0)
        rc = put(submit, held);
    submit->name_len = 0;
    submit->state = SMAIL__SUBMIT_BODY;
    return rc;
}

static int begin_field(struct smail__submit *submit)
{
    smail_span name = { submit->name, submit->name_len };

    /* RFC 5322, 4.5.3 lets old mail have space before the colon. */
    name = smail__span_trim(name);
    submit->is_dropped = smail__span_iis(name, "bcc");
    submit->has_date |= smail__span_iis(name, "date");
    submit->has_message_id |= smail__span_iis(name, "message-id");
    submit->in_field = true;
    submit->state = SMAIL__SUBMIT_FIELD;
    name = (smail_span){ submit->name, submit->name_len };
    submit->name_len = 0;
    return submit->is_dropped ? 0 : put(submit, name);
}

static bool is_name_character(char byte)
{
    return byte > ' ' && byte < 0x7f && byte != ':';
}

/* A line starts. Takes one byte, or none when it was the body's. */
static int take_line_start(struct smail__submit *submit, smail_span *piece)
{
    char byte = *piece->data;

    if (submit->in_field && smail__is_space(byte)) {
        submit->state = SMAIL__SUBMIT_FIELD;
        return 0;
    }
    if (byte == '\r') {
        submit->name[submit->name_len++] = byte;
        *piece = smail__span_from(*piece, 1);
        submit->state = SMAIL__SUBMIT_BLANK;
        return 0;
    }
    if (!is_name_character(byte))
        return begin_body(submit);
    submit->is_dropped = false;
    submit->state = SMAIL__SUBMIT_NAME;
    return 0;
}

static int take_name(struct smail__submit *submit, smail_span *piece)
{
    char byte = *piece->data;

    if (byte == ':')
        return begin_field(submit);
    if (!is_name_character(byte) && !smail__is_space(byte))
        return begin_body(submit);
    if (submit->name_len == sizeof(submit->name)) {
        /* None of ours: whether it is a field at all no longer matters. */
        submit->in_field = true;
        submit->state = SMAIL__SUBMIT_FIELD;

        smail_span name = { submit->name, submit->name_len };

        submit->name_len = 0;
        return put(submit, name);
    }
    submit->name[submit->name_len++] = byte;
    *piece = smail__span_from(*piece, 1);
    return 0;
}

static int take_field(struct smail__submit *submit, smail_span *piece)
{
    size_t end = smail__span_find(*piece, '\n');
    smail_span line = smail__span_slice(*piece, 0, end + 1);

    *piece = smail__span_from(*piece, line.len);
    if (end < line.len)
        submit->state = SMAIL__SUBMIT_LINE_START;
    return submit->is_dropped ? 0 : put(submit, line);
}

static int take_blank(struct smail__submit *submit, smail_span *piece)
{
    int rc;

    if (*piece->data != '\n')
        return begin_body(submit);
    rc = put_additions(submit);
    if (rc == 0)
        rc = put(submit, SMAIL__SPAN("\r\n"));
    *piece = smail__span_from(*piece, 1);
    submit->name_len = 0;
    submit->state = SMAIL__SUBMIT_BODY;
    return rc;
}

static int take_body(struct smail__submit *submit, smail_span *piece)
{
    smail_span all = *piece;

    *piece = smail__span_from(*piece, piece->len);
    return put(submit, all);
}

static int (*const steps[])(struct smail__submit *, smail_span *) = {
    [SMAIL__SUBMIT_LINE_START] = take_line_start,
    [SMAIL__SUBMIT_NAME] = take_name,
    [SMAIL__SUBMIT_FIELD] = take_field,
    [SMAIL__SUBMIT_BLANK] = take_blank,
    [SMAIL__SUBMIT_BODY] = take_body,
};

void smail__submit_init(struct smail__submit *submit, int64_t now,
                        const char *queue_id, const char *hostname,
                        int (*write)(void *user, smail_span piece), void *user)
{
    char date[SMAIL__DATE_MAX];
    size_t room = sizeof(submit->additions);

    memset(submit, 0, sizeof(*submit));
    submit->write = write;
    submit->user = user;
    smail__date_rfc5322(date, now);
    submit->date_len =
        smail__format(submit->additions, room, "Date: %s\r\n", date);
    room -= submit->date_len;
    submit->id_len =
        smail__format(submit->additions + submit->date_len, room,
                      "Message-ID: <%s@%s>\r\n", queue_id, hostname);
    if (submit->id_len >= room) /* a hostname of 255 octets still fits */
        submit->id_len = 0;
}

int smail__submit_feed(struct smail__submit *submit, smail_span piece)
{
    int rc = 0;

    while (rc == 0 && piece.len > 0)
        rc = steps[submit->state](submit, &piece);
    return rc;
}

int smail__submit_end(struct smail__submit *submit)
{
    switch (submit->state) {
    case SMAIL__SUBMIT_LINE_START:
        return put_additions(submit);
    case SMAIL__SUBMIT_NAME:
    case SMAIL__SUBMIT_BLANK:
        return begin_body(submit);
    default:
        return 0;
    }
}
