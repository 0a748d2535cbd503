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
#include "delivery/notice.h"
#include "message/header.h"

/* --- In words ------------------------------------------------------------ */

/* By the end of an enhanced status code (RFC 3463), the first that fits: what
 * it means, and what one can do. */
static const struct {
    const char *status;
    const char *what, *advice;
} explanations[] = {
    { "1.1", "Nobody has that address there.",
      "Check it letter by letter; ask the recipient another way." },
    { "1.2", "There is no such domain.",
      "Check the part of the address behind the @." },
    { "1.3", "The address makes no sense to the other side.",
      "Check it letter by letter." },
    { "1.6", "The recipient has moved and left no address.",
      "Ask the recipient another way." },
    { "1.8", "The other side does not believe your own address.",
      "Ask who runs your mail server to look at its DNS records." },
    { "1.10", "The domain takes no mail at all, and says so.",
      "Check the part of the address behind the @." },
    { "2.1", "The mailbox there is switched off.",
      "Ask the recipient another way." },
    { "2.2", "The mailbox there is full.",
      "Try again when the recipient has made room." },
    { "2.3", "The message is larger than the recipient may get.",
      "Send it without its attachments, or put these where they can be "
      "fetched from." },
    { "3.4", "The message is larger than that server takes.",
      "Send it without its attachments, or put these where they can be "
      "fetched from." },
    { "4.1", "The mail server there does not answer.",
      "Try again later, or ask the recipient another way." },
    { "4.3", "DNS does not say where the mail has to go.",
      "Try again later; if it goes on, tell the recipient." },
    { "4.4", "DNS names no server that can be reached for the domain.",
      "Check the part of the address behind the @; tell the recipient." },
    { "4.6", "The message went round in circles.",
      "Tell who runs the mail servers: a forwarding leads back." },
    { "4.7",
      "Time is up: it could not be delivered for so long that we "
      "have given up.",
      "Send it again, or ask the recipient another way." },
    { "6.1", "The other side cannot take a message of this kind.",
      "Send it as plain text." },
    { "6.0", "The message is not well formed, so it cannot be sent.",
      "Send it with another mail program, and tell the maker of this one." },
    { "6.", "The other side cannot take a message of this kind.",
      "Send it in another form, as plain text with plain addresses." },
    { "7.5",
      "The server there could not prove that it is the right one, or "
      "offers no encryption, which it has promised.",
      "Tell the recipient: their mail server's certificate wants care." },
    { "7.10",
      "You asked for encryption all the way, and that server does "
      "not offer it well enough.",
      "Send it without that wish, if it may be read on the way." },
    { "7.", "The other side does not want this message.",
      "Its own words above say why; if they are about your server, show them "
      "to who runs it." },
    { "5.3", "There are too many recipients.", "Send it to fewer at a time." },
    { "2.", "The mailbox there cannot take the message.",
      "Ask the recipient another way." },
    { "1.", "The other side does not accept the address.",
      "Check it letter by letter." },
    { "4.", "The other side could not be reached.",
      "Try again later, or ask the recipient another way." },
};

/* "5.1.10" begins with no "5.1.1". */
static bool is_about(smail_span status, const char *pattern)
{
    size_t len = strlen(pattern);
    smail_span tail = smail__span_from(status, 2);

    if (status.len < 3)
        return false;
    if (pattern[len - 1] == '.')
        return tail.len >= len &&
               smail__span_is(smail__span_slice(tail, 0, len), pattern);
    return smail__span_is(tail, pattern);
}

static void explain(const char **what, const char **advice, smail_span status)
{
    *what = "The other side refused the message.";
    *advice = "Its own words above say why.";
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (is_about(status, explanations[i].status)) {
            *what = explanations[i].what;
            *advice = explanations[i].advice;
            return;
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
            smail__buf_append(out, smail__span_slice(word, 0, 900));
            smail__buf_puts(out, "\r\n");
            word = smail__span_from(word, 900);
        }
        smail__buf_append(out, word);
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

    explain(&what, &advice, one->status);
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

/* Without line ends and controls, as what a remote said may have had them;
 * folded between words (RFC 5322, 2.2.3). */
static void put_field(struct smail__buf *out, const char *name,
                      const char *type, smail_span text)
{
    size_t column = strlen(name) + strlen(type) + 3;

    smail__buf_printf(out, "%s: %s%s", name, type, type[0] != '\0' ? "; " : "");
    while (text.len > 0) {
        smail_span word = smail__span_cut(&text, ' ');

        if (column + 1 + word.len > 76 && column > strlen(name) + 2) {
            smail__buf_puts(out, "\r\n ");
            column = 1;
        } else if (column > strlen(name) + strlen(type) + 4) {
            smail__buf_putc(out, ' ');
            column++;
        }
        if (word.len > 900)
            word.len = 900;
        for (size_t i = 0; i < word.len; i++)
            smail__buf_putc(out, (unsigned char)word.data[i] < 32 ||
                                         word.data[i] == 127
                                     ? ' '
                                     : word.data[i]);
        column += word.len;
    }
    smail__buf_puts(out, "\r\n");
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
                          const struct smail__settled *one)
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
        put_field(out, "Diagnostic-Code",
                  one->is_remote && one->code != 0 ? "smtp" : "x-smtpmail",
                  result->reply);
    put_date(out, "Last-Attempt-Date", result->ended_at);
    if ((one->told & (SMAIL__TOLD_FAILURE | SMAIL__TOLD_DELAY)) ==
        SMAIL__TOLD_DELAY)
        put_date(out, "Will-Retry-Until", settlement->message->expires_at);
}

static void put_machine(struct smail__buf *out,
                        const struct smail__notice *notice)
{
    const struct smail__settlement *settlement = notice->settlement;

    if (settlement->message->envelope_id.len > 0)
        put_field(out, "Original-Envelope-Id", "",
                  settlement->message->envelope_id);
    put_field(out, "Reporting-MTA", "dns", smail__span(notice->hostname));
    put_date(out, "Arrival-Date", settlement->message->created_at);
    for (size_t i = 0; i < settlement->count; i++)
        if (settlement->list[i].told != 0)
            put_recipient(out, settlement, &settlement->list[i]);
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
        if (!is_ascii(settlement->list[i].recipient->recipient) ||
            !is_ascii(settlement->list[i].recipient->original_recipient))
            return true;
    return false;
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

int smail__notice_write(struct smail__buf *out,
                        const struct smail__notice *notice, smail_error *err)
{
    bool utf8 = needs_utf8(notice);
    bool raw = !is_ascii(notice->settlement->message->subject);

    put_header(out, notice);
    begin_part(out, notice->boundary, "text/plain; charset=utf-8", utf8 || raw);
    put_human(out, notice);
    begin_part(out, notice->boundary,
               utf8 ? "message/global-delivery-status"
                    : "message/delivery-status",
               utf8);
    put_machine(out, notice);
    smail__buf_puts(out, "\r\n");
    if (notice->header.len > 0) {
        begin_part(out, notice->boundary,
                   notice->whole ? (utf8 ? "message/global" : "message/rfc822")
                                 : (utf8 ? "message/global-headers"
                                         : "text/rfc822-headers"),
                   utf8 || notice->whole);
        smail__buf_append(out, notice->header);
        if (notice->whole)
            smail__buf_append(out, notice->body);
        smail__buf_puts(out, "\r\n");
    }
    smail__buf_printf(out, "--%s--\r\n", notice->boundary);
    if (smail__buf_error(out) != 0)
        return smail__fail(err, smail__buf_error(out), "out of memory");
    return 0;
}
