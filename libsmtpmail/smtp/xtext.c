/* SPDX-License-Identifier: MIT */
/* smtp/xtext.c - xtext (RFC 3461, 4) and unitext (RFC 6533, 3), undone. */
#include "smtp/xtext.h"

#include <string.h>

#include "base/base64.h"
#include "base/span.h"
#include "base/utf8.h"

/* Digits of HEXPOINT, and what it may not stand for. */
#define POINT_DIGITS_MIN 2
#define POINT_DIGITS_MAX 6
#define POINT_MAX 0x10ffffu
#define SURROGATE_FIRST 0xd800u
#define SURROGATE_LAST 0xdfffu

bool smail__xtext_decode(smail_span *out, smail_span text)
{
    char *to = (char *)(uintptr_t)text.data;
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        if (byte == '+') {
            if (smail__hex_decode(&byte, 1, smail__span_slice(text, i + 1, 2)))
                return false;
            i += 2;
        }
        if ((unsigned char)byte < ' ' || byte == 0x7f)
            return false;
        to[len++] = byte;
    }
    *out = (smail_span){ text.data, len };
    return true;
}

static int hex_digit(char byte)
{
    byte = smail__lower(byte);
    if (smail__is_digit(byte))
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* `\x{HEX}` from the front of `text`; 0 if it is none. */
static size_t take_point(uint32_t *out, smail_span text)
{
    size_t end = smail__span_find(text, '}');
    uint32_t point = 0;

    if (!smail__span_istarts(text, "\\x{") || text.data[1] != 'x' ||
        end == text.len || end - 3 < POINT_DIGITS_MIN ||
        end - 3 > POINT_DIGITS_MAX)
        return 0;
    for (size_t i = 3; i < end; i++) {
        int digit = hex_digit(text.data[i]);

        if (digit < 0)
            return 0;
        point = point << 4 | (uint32_t)digit;
    }
    if (point > POINT_MAX ||
        (point >= SURROGATE_FIRST && point <= SURROGATE_LAST))
        return 0;
    *out = point;
    return end + 1;
}

bool smail__unitext_decode(smail_span *out, smail_span text)
{
    char *to = (char *)(uintptr_t)text.data;
    size_t len = 0;

    for (size_t i = 0; i < text.len;) {
        uint32_t point;
        size_t taken;

        if (text.data[i] != '\\') {
            to[len++] = text.data[i++];
            continue;
        }
        taken = take_point(&point, smail__span_from(text, i));
        /* RFC 6533, 3 lets controls be written so; no address holds one. */
        if (taken == 0 || point < ' ' || point == 0x7f)
            return false;
        i += taken;
        len += smail__utf8_encode(to + len, point);
    }
    *out = (smail_span){ text.data, len };
    return true;
}
