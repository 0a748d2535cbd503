/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_reply.c - reading a reply (RFC 5321, 4.2), whatever the server
 * makes of it.
 *
 * A line ends with CRLF and with nothing else (RFC 5321, 2.3.8). A long line
 * is cut off, a long text too; a reply of too many lines or octets is the end.
 * Lines of one reply ought to bear one code (RFC 5321, 4.2.1); servers in use
 * stray from it, so the last line has the say as long as the first digit, on
 * which all depends, is the same in each.
 */
#include "smtp/client_reply.h"

#include <string.h>

#include "base/span.h"
#include "base/utf8.h"

/* RFC 4954, 4: a challenge is the longest line that means anything. */
#define LINE_MAX_KEPT 12288

/* Of all lines together. What is over is left out. */
#define TEXT_MAX_KEPT 16384

/* Of what is no reply. */
#define NONSENSE_MAX_KEPT 256

/* A buffer that a long line made bigger than this is not kept. */
#define ROOM_TO_KEEP 2048

void smail__client_reply_init(struct smail__client_reply *reply,
                              const smail_mem *mem)
{
    *reply = (struct smail__client_reply){ .code = 0 };
    smail__buf_init(&reply->line, LINE_MAX_KEPT, mem);
    smail__buf_init(&reply->text, TEXT_MAX_KEPT, mem);
}

void smail__client_reply_dispose(struct smail__client_reply *reply)
{
    smail__buf_dispose(&reply->line);
    smail__buf_dispose(&reply->text);
}

static void empty(struct smail__buf *buf)
{
    if (buf->room > ROOM_TO_KEEP)
        smail__buf_dispose(buf);
    smail__buf_clear(buf);
}

void smail__client_reply_reset(struct smail__client_reply *reply)
{
    empty(&reply->line);
    empty(&reply->text);
    reply->status[0] = '\0';
    reply->code = 0;
    reply->lines = 0;
    reply->octets = 0;
    reply->after_cr = false;
    reply->done = false;
}

/* --- text ----------------------------------------------------------------- */

/*
 * Controls, those beyond ASCII too, and what turns the direction of writing:
 * they would let a stranger forge what stands around them in a log.
 */
static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069) ||
           code_point == 0x200e || code_point == 0x200f ||
           code_point == 0x061c || code_point == 0xfeff;
}

/* Append `text`, or as much as goes into `room`, so that it can be shown. */
static void put_clean(struct smail__buf *out, smail_span text, size_t room)
{
    while (text.len > 0) {
        uint32_t code_point = 0;
        size_t len = smail__utf8_next(&code_point, text);
        bool clean = len > 0 && !is_control(code_point);
        smail_span shown = smail__span_slice(text, 0, len);

        if (!clean)
            shown = text.data[0] == '\t' ? SMAIL__SPAN(" ") : SMAIL__SPAN("?");
        if (shown.len > room)
            return;
        smail__buf_append(out, shown);
        room -= shown.len;
        text = smail__span_from(text, len > 0 ? len : 1);
    }
}

/* One to three digits, from `at` on, and then `end` (or the end of text). */
static size_t skip_number(smail_span text, size_t at, char end)
{
    size_t digits = 0;

    while (at + digits < text.len && digits < 4 &&
           smail__is_digit(text.data[at + digits]))
        digits++;
    at += digits;
    if (digits == 0 || digits > 3)
        return 0;
    if (at == text.len)
        return end == ' ' ? at : 0;
    return text.data[at] == end ? at + 1 : 0;
}

/*
 * The length of an enhanced code of the reply's class and of the space behind
 * it (RFC 2034, 4), or 0.
 */
static size_t status_len(smail_span text, int code)
{
    size_t at;

    if (text.len < 5 || text.data[0] != '0' + code / 100 || text.data[1] != '.')
        return 0;
    at = skip_number(text, 2, '.');
    return at == 0 ? 0 : skip_number(text, at, ' ');
}

static void keep_status(struct smail__client_reply *reply, smail_span status)
{
    status = smail__span_trim(status);
    if (reply->status[0] != '\0' || status.len >= sizeof(reply->status))
        return;
    memcpy(reply->status, status.data, status.len);
    reply->status[status.len] = '\0';
}

static void keep_text(struct smail__client_reply *reply, smail_span text)
{
    size_t room = reply->text.max - reply->text.len;
    size_t status = status_len(text, reply->code);

    if (status > 0) {
        keep_status(reply, smail__span_slice(text, 0, status));
        text = smail__span_from(text, status);
    }
    if (reply->lines > 0 && room > 0) {
        smail__buf_putc(&reply->text, '\n');
        room--;
    }
    put_clean(&reply->text, text, room);
}

/* --- lines ---------------------------------------------------------------- */

/* At least three octets: digits, 200 to 599, then space, hyphen or nothing; 0 if it is none. */
static int read_code(smail_span line)
{
    uint64_t code;

    if (smail__span_number(&code, smail__span_slice(line, 0, 3)) != 0)
        return 0;
    if (line.len > 3 && line.data[3] != ' ' && line.data[3] != '-')
        return 0;
    return code >= 200 && code <= 599 ? (int)code : 0;
}

static enum smail__client_reply_result take_line(
    struct smail__client_reply *reply)
{
    smail_span line = smail__buf_span(&reply->line);
    int code = line.len < 3 ? 0 : read_code(line);

    if (code == 0 || smail__span_find(line, '\0') < line.len ||
        smail__span_find(line, '\r') < line.len ||
        (reply->code != 0 && reply->code / 100 != code / 100))
        return SMAIL__CLIENT_REPLY_NONSENSE;
    reply->code = code;
    keep_text(reply, smail__span_from(line, 4));
    reply->lines++;
    reply->done = line.len == 3 || line.data[3] == ' ';
    smail__buf_clear(&reply->line);
    return reply->done ? SMAIL__CLIENT_REPLY_READY : SMAIL__CLIENT_REPLY_MORE;
}

/* Part of a line, or the rest of one: keep what there is room for. */
static void keep_line(struct smail__client_reply *reply, smail_span part)
{
    size_t room = reply->line.max - reply->line.len;

    if (part.len > 0)
        reply->after_cr = part.data[part.len - 1] == '\r';
    smail__buf_append(&reply->line, smail__span_slice(part, 0, room));
}

static enum smail__client_reply_result next_line(
    struct smail__client_reply *reply,
    const struct smail__client_reply_limits *limits, smail_span *input)
{
    size_t run = smail__span_find(*input, '\n');
    bool ended = run < input->len;
    bool after_cr;

    if (reply->lines == limits->lines)
        return SMAIL__CLIENT_REPLY_ENDLESS;
    keep_line(reply, smail__span_slice(*input, 0, run));
    *input = smail__span_from(*input, run + ended);
    reply->octets += run + ended;
    if (smail__buf_error(&reply->line) != 0)
        return SMAIL__CLIENT_REPLY_NOMEM;
    if (reply->octets > limits->octets)
        return SMAIL__CLIENT_REPLY_ENDLESS;
    if (!ended)
        return SMAIL__CLIENT_REPLY_MORE;
    after_cr = reply->after_cr;
    reply->after_cr = false;
    if (!after_cr)
        return SMAIL__CLIENT_REPLY_NONSENSE;
    if (reply->line.len > 0 && reply->line.data[reply->line.len - 1] == '\r')
        smail__buf_truncate(&reply->line, reply->line.len - 1);
    return take_line(reply);
}

static smail_span text_of(const struct smail__client_reply *reply)
{
    return reply->text.len > 0 ? smail__buf_span(&reply->text)
                               : SMAIL__SPAN("");
}

/* What was said instead of a reply. */
static enum smail__client_reply_result give_up(
    smail_smtp_reply *out, struct smail__client_reply *reply,
    enum smail__client_reply_result why)
{
    smail_span said = smail__buf_span(&reply->line);

    smail__buf_clear(&reply->text);
    put_clean(&reply->text, smail__span_slice(said, 0, NONSENSE_MAX_KEPT),
              NONSENSE_MAX_KEPT);
    if (smail__buf_error(&reply->text) != 0)
        return SMAIL__CLIENT_REPLY_NOMEM;
    reply->done = true;
    *out = (smail_smtp_reply){ .text = text_of(reply), .status = { "", 0 } };
    return why;
}

enum smail__client_reply_result smail__client_reply_next(
    smail_smtp_reply *out, struct smail__client_reply *reply,
    const struct smail__client_reply_limits *limits, smail_span *input)
{
    enum smail__client_reply_result result = SMAIL__CLIENT_REPLY_MORE;

    if (reply->done)
        smail__client_reply_reset(reply);
    while (result == SMAIL__CLIENT_REPLY_MORE && input->len > 0)
        result = next_line(reply, limits, input);
    if (smail__buf_error(&reply->text) != 0)
        return SMAIL__CLIENT_REPLY_NOMEM;
    if (result == SMAIL__CLIENT_REPLY_NONSENSE ||
        result == SMAIL__CLIENT_REPLY_ENDLESS)
        return give_up(out, reply, result);
    if (result == SMAIL__CLIENT_REPLY_READY)
        *out = (smail_smtp_reply){
            .code = reply->code,
            .status = smail__span(reply->status),
            .text = text_of(reply),
        };
    return result;
}
