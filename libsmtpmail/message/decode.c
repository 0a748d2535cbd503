/* SPDX-License-Identifier: MIT */
/* message/decode.c - see message/decode.h. */
#include "message/decode.h"

#include <string.h>

#include "base/span.h"

static const struct {
    const char *name;
    enum smail__encoding encoding;
} names[] = {
    { "base64", SMAIL__ENCODING_BASE64 },
    { "quoted-printable", SMAIL__ENCODING_QUOTED_PRINTABLE },
    { "x-uuencode", SMAIL__ENCODING_UUENCODE },
    { "x-uue", SMAIL__ENCODING_UUENCODE },
    { "uuencode", SMAIL__ENCODING_UUENCODE },
};

enum smail__encoding smail__encoding_named(smail_span name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (smail__span_istarts(name, names[i].name))
            return names[i].encoding;
    return SMAIL__ENCODING_NONE;
}

const char *smail__encoding_name(enum smail__encoding encoding)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].encoding == encoding)
            return names[i].name;
    return "7bit";
}

/* Values of base64 digits; -1 for '=', -2 for what is no digit. */
/* clang-format off */
static const signed char digits[128] = {
    -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2,
    -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2,
    -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, 62, -2, -2, -2, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -2, -2, -2, -1, -2, -2,
    -2,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -2, -2, -2, -2, -2,
    -2, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -2, -2, -2, -2, -2,
};
/* clang-format on */

static int digit(char byte)
{
    return (unsigned char)byte < 128 ? digits[(unsigned char)byte] : -2;
}

/* Decoded octets on their way to a buffer, some at a time. */
struct sink {
    struct smail__buf *out;
    size_t len;
    char octets[3 * 256];
};

static void flush(struct sink *sink)
{
    smail__buf_append(sink->out, (smail_span){ sink->octets, sink->len });
    sink->len = 0;
}

/* What a group of 2 to 4 digits says; one digit alone says nothing. */
static void end_group(struct sink *sink, uint32_t bits, int count)
{
    if (count < 2)
        return;
    bits <<= 6 * (4 - count);
    sink->octets[sink->len++] = (char)(bits >> 16);
    if (count > 2)
        sink->octets[sink->len++] = (char)(bits >> 8);
    if (count > 3)
        sink->octets[sink->len++] = (char)bits;
    if (sink->len > sizeof(sink->octets) - 3)
        flush(sink);
}

/* Whether a line could be base64: digits, padding, spaces at its end. */
static bool is_base64(smail_span line)
{
    line = smail__span_trim(line);
    for (size_t i = 0; i < line.len; i++)
        if (digit(line.data[i]) == -2)
            return false;
    return true;
}

/* The line at the front of `text`, with its end. */
static smail_span first_line(smail_span text)
{
    return smail__span_slice(text, 0, smail__span_find(text, '\n') + 1);
}

/*
 * Padding ends a group, not the text: concatenated pieces are all read. But
 * behind it, lines of something else are what a mailing list added. Before,
 * what is no digit is passed over (RFC 2045, 6.8).
 */
void smail__decode_base64(struct smail__buf *out, smail_span text)
{
    struct sink sink = { .out = out };
    uint32_t bits = 0;
    int count = 0;
    bool padded = false;

    (void)smail__buf_reserve(out, text.len / 4 * 3 + 3);
    for (size_t i = 0; i < text.len; i++) {
        int value = digit(text.data[i]);

        if (value >= 0) {
            bits = bits << 6 | (uint32_t)value;
            if (++count < 4)
                continue;
        } else if (value == -2) {
            smail_span line = { NULL, 0 };

            if (padded && text.data[i] == '\n')
                line = first_line(smail__span_from(text, i + 1));
            if (!is_base64(line))
                i += line.len - (line.data[line.len - 1] == '\n');
            continue;
        }
        end_group(&sink, bits, count);
        padded = padded || value == -1;
        bits = 0;
        count = 0;
    }
    end_group(&sink, bits, count);
    flush(&sink);
}

static int hex(char byte)
{
    if (smail__is_digit(byte))
        return byte - '0';
    byte = smail__lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Length of the white space and line end that begin `text`; 0 if a line does
 * not end there. */
static size_t soft_end(smail_span text)
{
    size_t at = 0;

    while (at < text.len && smail__is_space(text.data[at]))
        at++;
    if (at < text.len && text.data[at] == '\r')
        at++;
    if (at < text.len && text.data[at] == '\n')
        return at + 1;
    return at == text.len ? at : 0;
}

/* One '=' and what follows it: how much was used. */
static size_t decode_escape(struct smail__buf *out, smail_span text)
{
    size_t soft = soft_end(smail__span_from(text, 1));

    if (soft > 0 || text.len == 1)
        return 1 + soft;
    if (text.len >= 3) {
        int high = hex(text.data[1]);
        int low = hex(text.data[2]);

        if (high >= 0 && low >= 0) {
            smail__buf_putc(out, (char)(high << 4 | low));
            return 3;
        }
    }
    smail__buf_putc(out, '=');
    return 1;
}

void smail__decode_quoted_printable(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        size_t plain = 0;

        while (plain < text.len && text.data[plain] != '=' &&
               !smail__is_space(text.data[plain]))
            plain++;
        smail__buf_append(out, smail__span_slice(text, 0, plain));
        text = smail__span_from(text, plain);
        if (text.len == 0)
            break;
        if (text.data[0] == '=') {
            text = smail__span_from(text, decode_escape(out, text));
            continue;
        }
        /* RFC 2045, 6.7, rule 3: white space before a line end was added on
           the way. */
        size_t blank = 0;

        while (blank < text.len && smail__is_space(text.data[blank]))
            blank++;
        smail_span behind = smail__span_from(text, blank);

        if (!(behind.len > 0 && (behind.data[0] == '\n' ||
                                 (behind.len > 1 && behind.data[0] == '\r' &&
                                  behind.data[1] == '\n'))))
            smail__buf_append(out, smail__span_slice(text, 0, blank));
        text = behind;
    }
}

/* One line of uuencoded data: a length, then four characters for three. */
static void decode_uu_line(struct smail__buf *out, smail_span line)
{
    size_t len = line.len > 0 ? (size_t)((line.data[0] - ' ') & 63) : 0;

    for (size_t at = 1; len > 0 && at < line.len; at += 4) {
        uint32_t bits = 0;

        for (size_t i = 0; i < 4; i++)
            bits = bits << 6 |
                   (at + i < line.len ? (uint32_t)(line.data[at + i] - ' ') & 63
                                      : 0);
        char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
        size_t take = len < 3 ? len : 3;

        smail__buf_append(out, (smail_span){ bytes, take });
        len -= take;
    }
}

static void decode_uu(struct smail__buf *out, smail_span text)
{
    bool inside = false;

    while (text.len > 0) {
        smail_span line = smail__span_cut(&text, '\n');

        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (!inside)
            inside = line.len >= 6 && memcmp(line.data, "begin ", 6) == 0;
        else if (smail__span_is(line, "end"))
            break;
        else
            decode_uu_line(out, line);
    }
}

void smail__decode(struct smail__buf *out, enum smail__encoding encoding,
                   smail_span text)
{
    switch (encoding) {
    case SMAIL__ENCODING_BASE64:
        smail__decode_base64(out, text);
        break;
    case SMAIL__ENCODING_QUOTED_PRINTABLE:
        smail__decode_quoted_printable(out, text);
        break;
    case SMAIL__ENCODING_UUENCODE:
        decode_uu(out, text);
        break;
    default:
        smail__buf_append(out, text);
    }
}
