/* SPDX-License-Identifier: MIT */
/* base/span.c - looking at bytes; see base/span.h. */
#include "base/span.h"

#include <string.h>

#include <smtpmail/error.h>

bool smail__is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

bool smail__is_alpha(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool smail__is_alnum(char byte)
{
    return smail__is_alpha(byte) || smail__is_digit(byte);
}

bool smail__is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

char smail__lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

char smail__upper(char byte)
{
    return byte >= 'a' && byte <= 'z' ? (char)(byte & ~0x20) : byte;
}

smail_span smail__span(const char *text)
{
    return (smail_span){ text, text != NULL ? strlen(text) : 0 };
}

smail_span smail__span_of(const smail_buf *buf)
{
    return (smail_span){ buf->data, buf->len };
}

bool smail__span_equal(smail_span a, smail_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool same_letters(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (smail__lower(a[i]) != smail__lower(b[i]))
            return false;
    return true;
}

bool smail__span_iequal(smail_span a, smail_span b)
{
    return a.len == b.len && same_letters(a.data, b.data, a.len);
}

bool smail__span_is(smail_span a, const char *text)
{
    return smail__span_equal(a, smail__span(text));
}

bool smail__span_iis(smail_span a, const char *text)
{
    return smail__span_iequal(a, smail__span(text));
}

bool smail__span_istarts(smail_span a, const char *prefix)
{
    size_t len = strlen(prefix);

    return a.len >= len && same_letters(a.data, prefix, len);
}

int smail__span_compare(smail_span a, smail_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

smail_span smail__span_from(smail_span span, size_t start)
{
    if (start > span.len)
        start = span.len;
    if (start > 0) {
        span.data += start;
        span.len -= start;
    }
    return span;
}

smail_span smail__span_slice(smail_span span, size_t start, size_t len)
{
    span = smail__span_from(span, start);
    if (len < span.len)
        span.len = len;
    return span;
}

static bool is_blank(char byte)
{
    return smail__is_space(byte) || byte == '\r' || byte == '\n';
}

smail_span smail__span_trim(smail_span span)
{
    while (span.len > 0 && is_blank(span.data[0]))
        span = smail__span_from(span, 1);
    while (span.len > 0 && is_blank(span.data[span.len - 1]))
        span.len--;
    return span;
}

size_t smail__span_find(smail_span span, char byte)
{
    const char *at = span.len > 0 ? memchr(span.data, byte, span.len) : NULL;

    return at != NULL ? (size_t)(at - span.data) : span.len;
}

smail_span smail__span_cut(smail_span *span, char byte)
{
    size_t at = smail__span_find(*span, byte);
    smail_span before = { span->data, at };

    *span = smail__span_from(*span, at + 1);
    return before;
}

int smail__span_number(uint64_t *out, smail_span span)
{
    uint64_t value = 0;

    if (span.len == 0)
        return SMAIL_EMALFORMED;
    for (size_t i = 0; i < span.len; i++) {
        unsigned digit = (unsigned)(unsigned char)span.data[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return SMAIL_EMALFORMED;
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}
