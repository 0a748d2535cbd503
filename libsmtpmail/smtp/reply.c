/* SPDX-License-Identifier: MIT */
/* smtp/reply.c - writing a reply (RFC 5321, 4.2). */
#include "smtp/reply.h"

#include "base/span.h"

void smail__reply_put_printable(struct smail__buf *out, smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool printable = text.data[i] >= ' ' && text.data[i] <= '~';

        smail__buf_putc(out, printable ? text.data[i] : '?');
    }
}

static void put_line(struct smail__buf *out, int code, bool last,
                     const char *status, smail_span text)
{
    size_t start = out->len;

    smail__buf_printf(out, "%d%c", code, last ? ' ' : '-');
    if (status != NULL && status[0] != '\0') {
        smail__buf_puts(out, status);
        smail__buf_putc(out, ' ');
    }
    if (smail__buf_error(out) != 0)
        return;
    smail__reply_put_printable(
        out, smail__span_slice(text, 0,
                               SMAIL__REPLY_LINE_MAX - 2 - (out->len - start)));
    smail__buf_puts(out, "\r\n");
}

void smail__reply_put(struct smail__buf *out, int code, const char *status,
                      const char *text)
{
    size_t start = out->len;
    smail_span rest = smail__span(text);
    unsigned lines = 0;
    bool last;

    do {
        smail_span line = smail__span_cut(&rest, '\n');

        last = rest.len == 0 || ++lines == SMAIL__REPLY_LINES_MAX;
        put_line(out, code, last, status, line);
    } while (!last);
    if (smail__buf_error(out) != 0)
        smail__buf_truncate(out, start);
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
