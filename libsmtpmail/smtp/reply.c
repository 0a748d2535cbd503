/* SPDX-License-Identifier: MIT */
/* smtp/reply.c - writing a reply (RFC 5321, 4.2). */
#include "smtp/reply.h"

#include <string.h>

#include "base/span.h"
#include "base/utf8.h"

static size_t copy_printable(char *to, smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        to[i] = byte >= ' ' && byte <= '~' ? (char)byte : '?';
    }
    return text.len;
}

void smail__reply_put_printable(struct smail__buf *out, smail_span text)
{
    if (smail__buf_reserve(out, text.len) != 0)
        return;
    out->len += copy_printable(out->data + out->len, text);
    out->data[out->len] = '\0';
}

/* What is no UTF-8, or a control, becomes '?'. */
static void put_utf8(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        uint32_t point;
        size_t len = smail__utf8_next(&point, text);

        if (len == 0 || point < ' ' || (point >= 0x7f && point < 0xa0)) {
            smail__buf_putc(out, '?');
            len = len == 0 ? 1 : len;
        } else {
            smail__buf_append(out, smail__span_slice(text, 0, len));
        }
        text = smail__span_from(text, len);
    }
}

/* `status` with a space behind it, and perhaps nothing. */
static size_t copy_front(char *to, int code, bool last, smail_span status)
{
    size_t len = 4;

    to[0] = (char)('0' + code / 100);
    to[1] = (char)('0' + code / 10 % 10);
    to[2] = (char)('0' + code % 10);
    to[3] = last ? ' ' : '-';
    if (status.len > 0) {
        memcpy(to + len, status.data, status.len);
        len += status.len;
        to[len++] = ' ';
    }
    return len;
}

/* Replies are most of what is written: one reservation, and no format. */
static void put_line(struct smail__buf *out, int code, bool last,
                     smail_span status, smail_span text, bool utf8)
{
    size_t room = SMAIL__REPLY_LINE_MAX - sizeof("250 ") - status.len - 2;

    if (text.len > room)
        text.len = utf8 ? smail__utf8_clip(text, room).len : room;
    if (smail__buf_reserve(out, sizeof("250 ") + status.len + text.len + 2) !=
        0)
        return;
    out->len += copy_front(out->data + out->len, code, last, status);
    if (utf8)
        put_utf8(out, text);
    else
        out->len += copy_printable(out->data + out->len, text);
    memcpy(out->data + out->len, "\r\n", 3);
    out->len += 2;
}

static void put_reply(struct smail__buf *out, int code, const char *status,
                      const char *text, bool utf8)
{
    size_t start = out->len;
    smail_span rest = smail__span(text);
    smail_span word = smail__span(status);
    unsigned lines = 0;
    bool last;

    do {
        smail_span line = smail__span_cut(&rest, '\n');

        last = rest.len == 0 || ++lines == SMAIL__REPLY_LINES_MAX;
        put_line(out, code, last, word, line, utf8);
    } while (!last);
    if (smail__buf_error(out) != 0)
        smail__buf_truncate(out, start);
}

void smail__reply_put(struct smail__buf *out, int code, const char *status,
                      const char *text)
{
    put_reply(out, code, status, text, false);
}

void smail__reply_put_utf8(struct smail__buf *out, int code, const char *status,
                           const char *text)
{
    put_reply(out, code, status, text, true);
}

/* One to three digits, then `end`; moves behind it. */
static bool skip_number(const char **text, char end)
{
    unsigned digits = 0;

    while (smail__is_digit(**text) && digits < 4) {
        (*text)++;
        digits++;
    }
    if (digits == 0 || digits > 3 || **text != end)
        return false;
    if (end != '\0')
        (*text)++;
    return true;
}

bool smail__reply_status_is_valid(const char *status, int code)
{
    return status[0] == '0' + code / 100 && skip_number(&status, '.') &&
           skip_number(&status, '.') && skip_number(&status, '\0');
}
