/* SPDX-License-Identifier: MIT */
/* base/utf8.c - RFC 3629, section 4. */
#include "base/utf8.h"

#include <string.h>

#include "base/span.h"

struct form {
    unsigned char mask; /* bits of the lead byte that tell the form */
    unsigned char lead; /* what those bits are */
    size_t len;
    uint32_t smallest; /* less would be overlong */
};

static const struct form forms[] = {
    { 0x80, 0x00, 1, 0 },
    { 0xe0, 0xc0, 2, 0x80 },
    { 0xf0, 0xe0, 3, 0x800 },
    { 0xf8, 0xf0, 4, 0x10000 },
};

static bool is_scalar(uint32_t code_point)
{
    return code_point <= 0x10ffff &&
           !(code_point >= 0xd800 && code_point <= 0xdfff);
}

static size_t read_form(uint32_t *out, const struct form *form, smail_span text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    uint32_t code_point = bytes[0] & (unsigned char)~form->mask;

    if (text.len < form->len)
        return 0;
    for (size_t i = 1; i < form->len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code_point = code_point << 6 | (bytes[i] & 0x3f);
    }
    if (code_point < form->smallest || !is_scalar(code_point))
        return 0;
    *out = code_point;
    return form->len;
}

size_t smail__utf8_next(uint32_t *out, smail_span text)
{
    if (text.len == 0)
        return 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (((unsigned char)text.data[0] & forms[i].mask) == forms[i].lead)
            return read_form(out, &forms[i], text);
    return 0;
}

/* Octets of ASCII at the front: most of all mail is nothing else, so they are
 * looked at by the word. */
static size_t ascii_length(smail_span text)
{
    size_t at = 0;

    for (; text.len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, text.data + at, sizeof(word));
        if ((word & 0x8080808080808080u) != 0)
            break;
    }
    while (at < text.len && (unsigned char)text.data[at] < 0x80)
        at++;
    return at;
}

bool smail__utf8_valid(smail_span text)
{
    for (;;) {
        uint32_t code_point;
        size_t len;

        text = smail__span_from(text, ascii_length(text));
        if (text.len == 0)
            return true;
        len = smail__utf8_next(&code_point, text);
        if (len == 0)
            return false;
        text = smail__span_from(text, len);
    }
}

bool smail__is_ascii(smail_span text)
{
    return ascii_length(text) == text.len;
}

size_t smail__utf8_encode(char bytes[4], uint32_t code_point)
{
    size_t len = 1;

    if (!is_scalar(code_point))
        code_point = SMAIL__UTF8_REPLACEMENT;
    while (len < 4 && code_point >= forms[len].smallest)
        len++;
    for (size_t i = len; i-- > 1; code_point >>= 6)
        bytes[i] = (char)(0x80 | (code_point & 0x3f));
    bytes[0] = (char)(forms[len - 1].lead | code_point);
    return len;
}

void smail__utf8_put(struct smail__buf *out, uint32_t code_point)
{
    char bytes[4];
    size_t len = smail__utf8_encode(bytes, code_point);

    smail__buf_append(out, (smail_span){ bytes, len });
}

void smail__utf8_scrub(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        uint32_t code_point;
        size_t len = ascii_length(text);

        if (len == 0)
            len = smail__utf8_next(&code_point, text);
        if (len == 0) {
            smail__utf8_put(out, SMAIL__UTF8_REPLACEMENT);
            len = 1;
        } else {
            smail__buf_append(out, smail__span_slice(text, 0, len));
        }
        text = smail__span_from(text, len);
    }
}

smail_span smail__utf8_clip(smail_span text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.data[max] & 0xc0) == 0x80)
        max--;
    return smail__span_slice(text, 0, max);
}
