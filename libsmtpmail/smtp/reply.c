/* SPDX-License-Identifier: MIT */
/* smtp/reply.c - writing a reply (RFC 5321, 4.2). */
#include "smtp/reply.h"

#include "base/span.h"
#include "base/utf8.h"

void smail__reply_put_printable(struct smail__buf *out, smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool printable = text.data[i] >= ' ' && text.data[i] <= '~';

        smail__buf_putc(out, printable ? text.data[i] : '?');
    }
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

static void put_line(struct smail__buf *out, int code, bool last,
                     const char *status, smail_span text, bool utf8)
{
    size_t start = out->len;
    size_t room;

    smail__buf_printf(out, "%d%c", code, last ? ' ' : '-');
    if (status != NULL && status[0] != '\0') {
        smail__buf_puts(out, status);
        smail__buf_putc(out, ' ');
    }
    if (smail__buf_error(out) != 0)
        return;
    room = SMAIL__REPLY_LINE_MAX - 2 - (out->len - start);
    if (utf8)
        put_utf8(out, smail__utf8_clip(text, room));
    else
        smail__reply_put_printable(out, smail__span_slice(text, 0, room));
    smail__buf_puts(out, "\r\n");
}

static void put_reply(struct smail__buf *out, int code, const char *status,
                      const char *text, bool utf8)
{
    size_t start = out->len;
    smail_span rest = smail__span(text);
    unsigned lines = 0;
    bool last;

    do {
        smail_span line = smail__span_cut(&rest, '\n');

        last = rest.len == 0 || ++lines == SMAIL__REPLY_LINES_MAX;
        put_line(out, code, last, status, line, utf8);
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
