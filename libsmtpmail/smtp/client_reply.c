/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_reply.c - reading a reply (RFC 5321, 4.2), however long the
 * server makes it: a long line is cut off, a long text too, and a reply of too
 * many lines is none.
 */
#include "smtp/client_reply.h"

#include <string.h>

#include "base/span.h"

/* RFC 5321, 4.5.3.1.5 says 512; servers in use go beyond it. */
#define LINE_MAX_KEPT 4096

/* Of all lines together. What is over is left out. */
#define TEXT_MAX_KEPT 16384

void smail__client_reply_init(struct smail__client_reply *reply,
                              const smail_mem *mem)
{
    *reply = (struct smail__client_reply){ .code = 0 };
    smail__line_init(&reply->line, mem);
    reply->line.clip = true;
    smail__buf_init(&reply->text, TEXT_MAX_KEPT, mem);
}

void smail__client_reply_dispose(struct smail__client_reply *reply)
{
    smail__line_dispose(&reply->line);
    smail__buf_dispose(&reply->text);
}

static void forget(struct smail__client_reply *reply)
{
    smail__buf_clear(&reply->text);
    reply->status[0] = '\0';
    reply->code = 0;
    reply->lines = 0;
    reply->done = false;
}

void smail__client_reply_reset(struct smail__client_reply *reply)
{
    forget(reply);
    smail__line_reset(&reply->line);
}

/* Three digits, 200 to 599, then space, hyphen or nothing; 0 if it is none. */
static int read_code(smail_span line)
{
    uint64_t code;

    if (line.len < 3 ||
        smail__span_number(&code, smail__span_slice(line, 0, 3)) != 0)
        return 0;
    if (line.len > 3 && line.data[3] != ' ' && line.data[3] != '-')
        return 0;
    return code >= 200 && code <= 599 ? (int)code : 0;
}

/* The length of an enhanced code of the reply's class (RFC 2034, 4), or 0. */
static size_t status_len(smail_span text, int code)
{
    size_t len = smail__span_find(text, ' ');
    unsigned dots = 0;

    if (len < 5 || len >= sizeof(((struct smail__client_reply *)0)->status) ||
        text.data[0] != '0' + code / 100 || text.data[1] != '.' ||
        text.data[len - 1] == '.')
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text.data[i] == '.')
            dots++;
        else if (!smail__is_digit(text.data[i]))
            return 0;
    }
    return dots == 2 ? len : 0;
}

static void keep_text(struct smail__client_reply *reply, smail_span text)
{
    size_t room = reply->text.max - reply->text.len;
    size_t status = status_len(text, reply->code);

    if (status > 0) {
        if (reply->lines == 0)
            memcpy(reply->status, text.data, status);
        if (reply->lines == 0)
            reply->status[status] = '\0';
        text = smail__span_from(text, status + 1);
    }
    if (reply->lines > 0 && room > 0) {
        smail__buf_putc(&reply->text, '\n');
        room--;
    }
    smail__buf_append(&reply->text, smail__span_slice(text, 0, room));
}

static enum smail__client_reply_result take_line(
    struct smail__client_reply *reply, uint32_t max_lines, smail_span line)
{
    int code = read_code(line);

    if (code == 0 || (reply->code != 0 && code != reply->code) ||
        reply->lines == max_lines)
        return SMAIL__CLIENT_REPLY_NONSENSE;
    reply->code = code;
    keep_text(reply, smail__span_from(line, 4));
    if (smail__buf_error(&reply->text) != 0)
        return SMAIL__CLIENT_REPLY_NOMEM;
    reply->lines++;
    reply->done = line.len == 3 || line.data[3] == ' ';
    return reply->done ? SMAIL__CLIENT_REPLY_READY : SMAIL__CLIENT_REPLY_MORE;
}

static enum smail__client_reply_result next_line(
    struct smail__client_reply *reply, uint32_t max_lines, smail_span *input)
{
    smail_span line;

    switch (smail__line_next(&line, &reply->line, LINE_MAX_KEPT, input)) {
    case SMAIL__LINE_MORE:
        return SMAIL__CLIENT_REPLY_MORE;
    case SMAIL__LINE_READY:
        return take_line(reply, max_lines, line);
    case SMAIL__LINE_NOMEM:
        return SMAIL__CLIENT_REPLY_NOMEM;
    default:
        return SMAIL__CLIENT_REPLY_NONSENSE;
    }
}

enum smail__client_reply_result smail__client_reply_next(
    smail_smtp_reply *out, struct smail__client_reply *reply,
    uint32_t max_lines, smail_span *input)
{
    enum smail__client_reply_result result = SMAIL__CLIENT_REPLY_MORE;

    if (reply->done)
        forget(reply);
    while (result == SMAIL__CLIENT_REPLY_MORE && input->len > 0)
        result = next_line(reply, max_lines, input);
    if (result == SMAIL__CLIENT_REPLY_READY)
        *out = (smail_smtp_reply){
            .code = reply->code,
            .status = smail__span(reply->status),
            .text = smail__buf_span(&reply->text),
        };
    return result;
}
