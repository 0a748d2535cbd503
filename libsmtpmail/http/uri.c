/* SPDX-License-Identifier: MIT */
/*
 * http/uri.c - the characters of a target and their encoding (RFC 3986, 2).
 */
#include "http/uri.h"

#include <string.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"

static int digit(char byte)
{
    if (smail__is_digit(byte))
        return byte - '0';
    byte = smail__lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The byte at `*i`, decoded, and `*i` moved behind it; -1 when it is not
 * well formed. */
static int next_byte(smail_span text, size_t *i)
{
    int high, low;

    if (text.data[*i] != '%')
        return (unsigned char)text.data[(*i)++];
    if (text.len - *i < 3)
        return -1;
    high = digit(text.data[*i + 1]);
    low = digit(text.data[*i + 2]);
    *i += 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* RFC 3986, 2.2, 2.3 and 3.3, and what browsers leave as it is. */
static bool is_allowed(char byte)
{
    return smail__is_alnum(byte) ||
           (byte != '\0' && strchr("-._~!$&'()*+,;=:@/%|[]{}^", byte) != NULL);
}

static bool is_dots(const char *text, size_t len)
{
    return (len == 1 && text[0] == '.') ||
           (len == 2 && text[0] == '.' && text[1] == '.');
}

static bool is_segment(smail_span segment)
{
    char first[3];
    size_t len = 0;

    for (size_t i = 0; i < segment.len;) {
        bool is_plain = segment.data[i] != '%';
        int byte;

        if (!is_allowed(segment.data[i]))
            return false;
        byte = next_byte(segment, &i);
        if (byte < 0x20 || byte == 0x7f || byte == '\\' ||
            (is_plain && byte > 0x7e))
            return false;
        if (len < sizeof(first))
            first[len++] = (char)byte;
    }
    return !is_dots(first, len);
}

bool smail__uri_is_path(smail_span path)
{
    if (path.len == 0 || path.data[0] != '/')
        return false;
    while (path.len > 0)
        if (!is_segment(smail__span_cut(&path, '/')))
            return false;
    return true;
}

bool smail__uri_is_query(smail_span query)
{
    for (size_t i = 0; i < query.len;) {
        int byte;

        if (!is_allowed(query.data[i]) && query.data[i] != '?')
            return false;
        byte = next_byte(query, &i);
        if (byte < 0x20 || byte == 0x7f)
            return false;
    }
    return true;
}

int smail__uri_decode(struct smail__buf *out, smail_span text, bool plus)
{
    size_t start = out->len;

    for (size_t i = 0; i < text.len;) {
        bool is_space = plus && text.data[i] == '+';
        int byte = next_byte(text, &i);

        if (byte <= 0)
            return SMAIL_EMALFORMED;
        smail__buf_putc(out, is_space ? ' ' : (char)byte);
    }
    if (smail__buf_error(out) != 0)
        return smail__buf_error(out);
    return smail__utf8_valid(smail__span_from(smail__buf_span(out), start))
               ? 0
               : SMAIL_EMALFORMED;
}

smail_span smail__uri_segment(smail_span *rest)
{
    return smail__span_cut(rest, '/');
}

int smail__uri_parameter(struct smail__buf *out, smail_span query,
                         const char *name)
{
    while (query.len > 0) {
        smail_span value = smail__span_cut(&query, '&');
        smail_span key = smail__span_cut(&value, '=');

        if (smail__span_is(key, name))
            return smail__uri_decode(out, value, true);
    }
    return SMAIL_ENOTFOUND;
}

void smail__uri_encode(struct smail__buf *out, smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        if (smail__is_alnum(byte) ||
            (byte != '\0' && strchr("-._~", byte) != NULL))
            smail__buf_putc(out, byte);
        else
            smail__buf_printf(out, "%%%02x", (unsigned)(unsigned char)byte);
    }
}
