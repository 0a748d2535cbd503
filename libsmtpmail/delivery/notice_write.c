/* SPDX-License-Identifier: MIT */
/*
 * delivery/notice_write.c - what a delivery status notification says: first
 * to a person, in plain words, then to a machine (RFC 3464, RFC 6533), then
 * what it is about.
 */
#include <string.h>

#include <smtpmail/smtp_client.h>

#include "base/date.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "base/utf8.h"
#include "delivery/notice.h"
#include "message/header.h"

/* --- In words ------------------------------------------------------------ */

/* Without line ends and controls, whatever a stranger had them in. `utf8`: may
 * the place hold more than ASCII? */
static void put_clean(struct smail__buf *out, smail_span text, bool utf8)
{
    while (text.len > 0) {
        unsigned char first = (unsigned char)text.data[0];
        uint32_t point;
        size_t len = smail__utf8_next(&point, text);

        if (first < 32 || first == 127)
            smail__buf_putc(out, ' ');
        else if (first < 128 || (utf8 && len > 0))
            smail__buf_append(out, smail__span_slice(text, 0, len));
        else
            smail__buf_putc(out, '?');
        text = smail__span_from(text, len > 0 ? len : 1);
    }
}

/* Lines of 76 at the most, between words, behind `indent`. */
static void put_wrapped(struct smail__buf *out, const char *indent,
                        smail_span text)
{
    size_t column = 0;

    while (text.len > 0) {
        smail_span word = smail__span_cut(&text, ' ');

        if (word.len == 0)
            continue;
        if (column > 0 && column + 1 + word.len > 76) {
            smail__buf_puts(out, "\r\n");
            column = 0;
        }
        smail__buf_puts(out, column == 0 ? indent : " ");
        column += column == 0 ? strlen(indent) : 1;
        while (word.len > 900) { /* no line may be longer than 998 */
            smail_span front = smail__utf8_clip(word, 900);

            if (front.len == 0)
                front = smail__span_slice(word, 0, 900);
            put_clean(out, front, true);
            smail__buf_puts(out, "\r\n");
            word = smail__span_from(word, front.len);
        }
        put_clean(out, word, true);
        column += word.len;
    }
    smail__buf_puts(out, "\r\n");
}

static void put_words(struct smail__buf *out, const char *indent,
                      const char *text)
{
    put_wrapped(out, indent, smail__span(text));
}

static void put_where(char *out, size_t size, const struct smail__settled *one)
{
    const struct smail__queue_result *result = &one->result;

    if (result->host.len == 0)
        smail__format(out, size, "The other side");
    else if (result->address.len == 0 || result->host.data[0] == '[')
        smail__format(out, size, "%.*s", SMAIL__SPAN_ARG(result->host));
    else
        smail__format(out, size, "%.*s [%.*s]", SMAIL__SPAN_ARG(result->host),
                      SMAIL__SPAN_ARG(result->address));
}

static void put_reply(struct smail__buf *out, const struct smail__settled *one)
{
    char where[400];

    if (one->result.reply.len == 0)
        return;
    put_where(where, sizeof(where), one);
    smail__buf_puts(out, "\r\n");
    if (one->is_remote)
        smail__buf_printf(out, "  %s said:\r\n", where);
    else if (one->result.address.len > 0)
        smail__buf_printf(out, "  With %s:\r\n", where);
    else
        smail__buf_puts(out, "  In detail:\r\n");
    put_wrapped(out, "    ", one->result.reply);
}

static void put_failure(struct smail__buf *out,
                        const struct smail__settled *one)
{
    const char *what, *advice;

    smail__notice_explain(&what, &advice, one->status);
    if (one->result.outcome == SMAIL_QUEUE_GIVEN_UP)
        put_words(out, "  ",
                  "Time is up: it could not be delivered for so long that we "
                  "have given up. The last time this was in the way:");
    else
        put_words(out, "  ", what);
    put_reply(out, one);
    smail__buf_puts(out, "\r\n  What you can do:\r\n");
    put_words(out, "    ",
              one->result.outcome == SMAIL_QUEUE_GIVEN_UP
                  ? "Send it again later, or ask the recipient another way."
                  : advice);
}

static void put_person(struct smail__buf *out,
                       const struct smail__settlement *settlement,
                       const struct smail__settled *one)
{
    char date[SMAIL__DATE_MAX];
    char who[400];

    smail__format(who, sizeof(who), "%.*s",
                  SMAIL__SPAN_ARG(one->recipient->recipient));
    if ((one->told & SMAIL__TOLD_FAILURE) != 0) {
        smail__buf_printf(out, "Not delivered to %s\r\n\r\n", who);
        put_failure(out, one);
    } else if ((one->told & SMAIL__TOLD_DELAY) != 0) {
        smail__date_rfc5322(date, settlement->message->expires_at);
        smail__buf_printf(out, "Not delivered to %s yet\r\n\r\n", who);
        put_words(out, "  ",
                  "We go on trying; you need not send it again, and will hear "
                  "of it if it cannot be delivered.");
        smail__buf_printf(out, "  The last attempt will be on %s.\r\n", date);
        put_reply(out, one);
    } else if ((one->told & SMAIL__TOLD_SUCCESS) != 0) {
        smail__buf_printf(out, "Delivered to %s\r\n\r\n", who);
        put_words(out, "  ", "It is in the mailbox. You asked to be told.");
    } else {
        smail__buf_printf(out, "Passed on for %s\r\n\r\n", who);
        put_words(out, "  ",
                  "The next mail server has taken it. It does not say whether "
                  "and when the recipient gets it.");
        put_reply(out, one);
    }
    smail__buf_puts(out, "\r\n");
}

static void put_human(struct smail__buf *out,
                      const struct smail__notice *notice)
{
    const struct smail__settlement *settlement = notice->settlement;
    const struct smail__queue_message *message = settlement->message;
    char date[SMAIL__DATE_MAX];

    smail__date_rfc5322(date, message->created_at);
    smail__buf_printf(
        out,
        "This is the mail server %s. Nobody reads answers to this "
        "message.\r\n\r\n",
        notice->hostname);
    smail__buf_printf(out, "It is about your message of %s", date);
    if (message->subject.len > 0) {
        smail__buf_puts(out, ":\r\n\r\n");
        put_wrapped(out, "  ", message->subject);
        smail__buf_puts(out, "\r\n");
    } else {
        smail__buf_puts(out, ".\r\n\r\n");
    }
    for (size_t i = 0; i < settlement->count; i++)
        if (settlement->list[i].told != 0)
            put_person(out, settlement, &settlement->list[i]);
    if (!notice->whole)
        smail__buf_puts(out, "The header of your message is attached.\r\n");
    else
        smail__buf_puts(out, "Your message is attached.\r\n");
}

/* --- For machines -------------------------------------------------------- */

static bool is_ascii(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] > 126 ||
            (unsigned char)text.data[i] < 32)
            return false;
    return true;
}

/* Folded between words (RFC 5322, 2.2.3). */
static void put_field_of(struct smail__buf *out, const char *name,
                         const char *type, smail_span text, bool utf8)
{
    size_t column = strlen(name) + 2 + strlen(type);
    bool first = true;

    smail__buf_printf(out, "%s: %s", name, type);
    if (type[0] != '\0') {
        smail__buf_puts(out, "; ");
        column += 2;
    }
    while (text.len > 0) {
        smail_span word = smail__span_cut(&text, ' ');
        bool folds = column + 1 + word.len > 76 && (!first || type[0] != '\0');

        if (word.len > 900)
            word.len = 900;
        if (folds)
            column = 0;
        if (folds)
            smail__buf_puts(out, "\r\n");
        if (folds || !first)
            smail__buf_putc(out, ' ');
        put_clean(out, word, utf8);
        column += 1 + word.len;
        first = false;
    }
    smail__buf_puts(out, "\r\n");
}

static void put_field(struct smail__buf *out, const char *name,
                      const char *type, smail_span text)
{
    put_field_of(out, name, type, text, true);
}

static void put_date(struct smail__buf *out, const char *name, int64_t at)
{
    char date[SMAIL__DATE_MAX];

    smail__date_rfc5322(date, at);
    put_field(out, name, "", smail__span(date));
}

static const char *action_of(const struct smail__settled *one)
{
    if ((one->told & SMAIL__TOLD_FAILURE) != 0)
        return "failed";
    if ((one->told & SMAIL__TOLD_DELAY) != 0)
        return "delayed";
    return (one->told & SMAIL__TOLD_RELAYED) != 0 ? "relayed" : "delivered";
}

/* "rfc822;bob@example.org", and "utf-8;..." where it is not ASCII. */
static void put_original(struct smail__buf *out, smail_span text)
{
    smail_span type = smail__span_cut(&text, ';');
    char name[64];

    smail__format(name, sizeof(name), "%.*s", SMAIL__SPAN_ARG(type));
    put_field(out, "Original-Recipient", name, text);
}

/* RFC 3464, 2.3. */
static void put_recipient(struct smail__buf *out,
                          const struct smail__settlement *settlement,
                          const struct smail__settled *one, bool utf8)
{
    const struct smail__queue_result *result = &one->result;
    smail_span address = one->recipient->recipient;

    smail__buf_puts(out, "\r\n");
    if (one->recipient->original_recipient.len > 0)
        put_original(out, one->recipient->original_recipient);
    put_field(out, "Final-Recipient", is_ascii(address) ? "rfc822" : "utf-8",
              address);
    smail__buf_printf(out, "Action: %s\r\n", action_of(one));
    put_field(out, "Status", "", one->status);
    if (result->host.len > 0)
        put_field(out, "Remote-MTA", "dns", result->host);
    if (result->reply.len > 0)
        put_field_of(out, "Diagnostic-Code",
                     one->is_remote && one->code != 0 ? "smtp" : "x-smtpmail",
                     result->reply, utf8);
    put_date(out, "Last-Attempt-Date", result->ended_at);
    if ((one->told & (SMAIL__TOLD_FAILURE | SMAIL__TOLD_DELAY)) ==
        SMAIL__TOLD_DELAY)
        put_date(out, "Will-Retry-Until", settlement->message->expires_at);
}

static void put_machine(struct smail__buf *out,
                        const struct smail__notice *notice, bool utf8)
{
    const struct smail__settlement *settlement = notice->settlement;

    if (settlement->message->envelope_id.len > 0)
        put_field(out, "Original-Envelope-Id", "",
                  settlement->message->envelope_id);
    put_field(out, "Reporting-MTA", "dns", smail__span(notice->hostname));
    put_date(out, "Arrival-Date", settlement->message->created_at);
    for (size_t i = 0; i < settlement->count; i++)
        if (settlement->list[i].told != 0)
            put_recipient(out, settlement, &settlement->list[i], utf8);
}

/* --- The whole ----------------------------------------------------------- */

static unsigned told_of_all(const struct smail__settlement *settlement)
{
    unsigned told = 0;

    for (size_t i = 0; i < settlement->count; i++)
        told |= settlement->list[i].told;
    return told;
}

static const char *subject_of(const struct smail__settlement *settlement)
{
    unsigned told = told_of_all(settlement);

    if ((told & SMAIL__TOLD_FAILURE) != 0)
        return "Your message could not be delivered";
    if ((told & SMAIL__TOLD_DELAY) != 0)
        return "Your message is delayed";
    return (told & SMAIL__TOLD_SUCCESS) != 0 ? "Your message was delivered"
                                             : "Your message was passed on";
}

static bool needs_utf8(const struct smail__notice *notice)
{
    const struct smail__settlement *settlement = notice->settlement;

    if (!is_ascii(settlement->message->sender))
        return true;
    for (size_t i = 0; i < settlement->count; i++)
        if (settlement->list[i].told != 0 &&
            (!is_ascii(settlement->list[i].recipient->recipient) ||
             !is_ascii(settlement->list[i].recipient->original_recipient)))
            return true;
    return false;
}

/* Does the part for people hold more than ASCII? */
static bool speaks_utf8(const struct smail__notice *notice)
{
    const struct smail__settlement *settlement = notice->settlement;

    for (size_t i = 0; i < settlement->count; i++)
        if (settlement->list[i].told != 0 &&
            !is_ascii(settlement->list[i].result.reply))
            return true;
    return !is_ascii(settlement->message->subject);
}

static void put_header(struct smail__buf *out,
                       const struct smail__notice *notice)
{
    const struct smail__settlement *settlement = notice->settlement;
    smail_span id = settlement->message->message_id;
    char date[SMAIL__DATE_MAX];

    smail__date_rfc5322(date, settlement->now);
    smail__buf_printf(out, "From: Mail delivery <MAILER-DAEMON@%s>\r\n",
                      notice->hostname);
    if (notice->to != NULL)
        smail__buf_printf(out, "To: <%s>\r\n", notice->to);
    else
        smail__buf_printf(out, "To: <%.*s>\r\n",
                          SMAIL__SPAN_ARG(settlement->message->sender));
    smail__buf_printf(out, "Subject: %s\r\nDate: %s\r\nMessage-ID: <%s>\r\n",
                      subject_of(settlement), date, notice->message_id);
    if (id.len > 0 && id.len < 900 && is_ascii(id)) {
        bool bare = id.data[0] != '<';

        smail__buf_printf(out, "In-Reply-To: %s%.*s%s\r\n", bare ? "<" : "",
                          SMAIL__SPAN_ARG(id), bare ? ">" : "");
        smail__buf_printf(out, "References: %s%.*s%s\r\n", bare ? "<" : "",
                          SMAIL__SPAN_ARG(id), bare ? ">" : "");
    }
    smail__buf_printf(
        out,
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        "\tboundary=\"%s\"\r\n\r\n",
        notice->boundary);
}

static void begin_part(struct smail__buf *out, const char *boundary,
                       const char *type, bool eight_bit)
{
    smail__buf_printf(out, "--%s\r\nContent-Type: %s\r\n", boundary, type);
    if (eight_bit)
        smail__buf_puts(out, "Content-Transfer-Encoding: 8bit\r\n");
    smail__buf_puts(out, "\r\n");
}

static bool is_ascii_text(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] > 127)
            return false;
    return true;
}

/* What is returned may be what could not be sent, for its bare CR, LF or NUL,
 * or a line over 998 octets; the notice has to arrive. */
static void put_original_text(struct smail__buf *out, smail_span text)
{
    size_t column = 0;

    for (size_t i = 0; i < text.len; i++) {
        char octet = text.data[i];
        bool ends = octet == '\n' || octet == '\r';

        if (octet == '\r' && i + 1 < text.len && text.data[i + 1] == '\n')
            i++;
        if (ends || column >= 990)
            smail__buf_puts(out, "\r\n");
        if (ends || column >= 990)
            column = 0;
        if (!ends) {
            smail__buf_putc(out, octet == '\0' ? '?' : octet);
            column++;
        }
    }
    if (column > 0)
        smail__buf_puts(out, "\r\n");
}

int smail__notice_write(struct smail__buf *out,
                        const struct smail__notice *notice, smail_error *err)
{
    bool utf8 = needs_utf8(notice);
    bool raw = speaks_utf8(notice);

    put_header(out, notice);
    begin_part(out, notice->boundary, "text/plain; charset=utf-8", utf8 || raw);
    put_human(out, notice);
    begin_part(out, notice->boundary,
               utf8 ? "message/global-delivery-status"
                    : "message/delivery-status",
               utf8);
    put_machine(out, notice, utf8);
    smail__buf_puts(out, "\r\n");
    if (notice->header.len > 0) {
        begin_part(out, notice->boundary,
                   notice->whole ? (utf8 ? "message/global" : "message/rfc822")
                                 : (utf8 ? "message/global-headers"
                                         : "text/rfc822-headers"),
                   utf8 || notice->whole || !is_ascii_text(notice->header));
        put_original_text(out, notice->header);
        if (notice->whole)
            put_original_text(out, notice->body);
        smail__buf_puts(out, "\r\n");
    }
    smail__buf_printf(out, "--%s--\r\n", notice->boundary);
    if (smail__buf_error(out) != 0)
        return smail__fail(err, smail__buf_error(out), "out of memory");
    return 0;
}
