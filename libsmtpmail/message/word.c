/* SPDX-License-Identifier: MIT */
/*
 * message/word.c - encoded words (RFC 2047). Ours because the packaged GMime
 * decodes consecutive words only up to the first one with padding.
 */
#include "message/word.h"

#include <string.h>

#include "base/span.h"
#include "base/utf8.h"
#include "message/charset.h"
#include "message/decode.h"

/* One field's text; what is longer is cut. */
#define WORDS_MAX (1024 * 1024)

/* RFC 2047, 2 says 75; senders say more. Bounds the look-ahead of each "=?". */
#define WORD_MAX 1000

struct word {
    smail_span charset;
    char encoding; /* 'b' or 'q' */
    smail_span text;
    size_t len; /* of the whole, from =? to ?= */
};

/* =?charset*language?encoding?text?= at the front of `text` (RFC 2047, 2;
 * RFC 2231, 5). Spaces inside are forgiven, the limit of 75 too. */
static bool read_word(struct word *out, smail_span text)
{
    smail_span rest = smail__span_slice(text, 2, WORD_MAX);
    smail_span encoding;

    if (text.len < 8 || text.data[0] != '=' || text.data[1] != '?')
        return false;
    out->charset = smail__span_cut(&rest, '?');
    encoding = smail__span_cut(&rest, '?');
    if (out->charset.len == 0 || encoding.len != 1)
        return false;
    out->charset =
        smail__span_slice(out->charset, 0, smail__span_find(out->charset, '*'));
    out->encoding = smail__lower(encoding.data[0]);
    if (out->encoding != 'b' && out->encoding != 'q')
        return false;
    for (size_t i = 0; i + 1 < rest.len; i++) {
        if (rest.data[i] == '\n')
            return false;
        if (rest.data[i] == '?' && rest.data[i + 1] == '=') {
            /* "=?q?=41?=" begins its text with what looks like the end. */
            if (out->encoding == 'q' && i == 0 && rest.len > 3 &&
                memchr(rest.data + 2, '?', rest.len - 2) == NULL)
                return false;
            out->text = smail__span_slice(rest, 0, i);
            out->len = (size_t)(rest.data + i + 2 - text.data);
            return true;
        }
    }
    return false;
}

size_t smail__word_length(smail_span text)
{
    struct word word;

    return read_word(&word, text) ? word.len : 0;
}

static void decode_word(struct smail__buf *out, const struct word *word)
{
    if (word->encoding == 'b') {
        smail__decode_base64(out, word->text);
        return;
    }
    /* RFC 2047, 4.2: '_' is a space; otherwise quoted-printable. */
    for (size_t i = 0; i < word->text.len;) {
        char byte = word->text.data[i];

        if (byte == '=' && i + 2 < word->text.len) {
            smail__decode_quoted_printable(out,
                                           smail__span_slice(word->text, i, 3));
            i += 3;
            continue;
        }
        smail__buf_putc(out, byte == '_' ? ' ' : byte);
        i++;
    }
}

/* White space between two words is not part of the text (RFC 2047, 6.2). */
static size_t blank_length(smail_span text)
{
    size_t at = 0;

    while (at < text.len && (smail__is_space(text.data[at]) ||
                             text.data[at] == '\r' || text.data[at] == '\n'))
        at++;
    return at;
}

/* A run of adjacent words in one charset; returns what it took. */
static size_t decode_run(struct smail__buf *out, smail_span text)
{
    struct smail__buf bytes;
    struct word word;
    smail_span charset = { NULL, 0 };
    size_t taken = 0;

    smail__buf_init(&bytes, WORDS_MAX, NULL);
    while (read_word(&word, smail__span_from(text, taken))) {
        if (charset.data == NULL)
            charset = word.charset;
        else if (!smail__span_iequal(charset, word.charset))
            break;
        decode_word(&bytes, &word);
        taken += word.len;

        smail_span behind = smail__span_from(text, taken);
        size_t blank = blank_length(behind);
        struct word next;

        if (!read_word(&next, smail__span_from(behind, blank)))
            break;
        taken += blank;
    }
    /* Octets over 127 do not belong into a word (RFC 2047, 2). Where they are
       UTF-8, somebody on the way has decoded what the charset spoke of. */
    if (!smail__is_ascii(smail__span_slice(text, 0, taken)) &&
        smail__utf8_valid(smail__buf_span(&bytes)))
        charset = SMAIL__SPAN("utf-8");
    (void)smail__charset_to_utf8(out, charset, smail__buf_span(&bytes));
    smail__buf_dispose(&bytes);
    return taken;
}

/* Text up to the next encoded word, folding undone. */
static size_t plain_length(smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        struct word word;

        if (text.data[i] == '=' && i + 1 < text.len &&
            text.data[i + 1] == '?' &&
            read_word(&word, smail__span_from(text, i)))
            return i;
    }
    return text.len;
}

static void put_plain(struct smail__buf *out, smail_span text)
{
    struct smail__buf unfolded;

    smail__buf_init(&unfolded, WORDS_MAX, NULL);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\r' && text.data[i] != '\n')
            smail__buf_putc(&unfolded, text.data[i]);
    (void)smail__charset_to_utf8(out, SMAIL__SPAN(""),
                                 smail__buf_span(&unfolded));
    smail__buf_dispose(&unfolded);
}

void smail__words_decode(struct smail__buf *out, smail_span value)
{
    value = smail__span_slice(value, 0, WORDS_MAX);
    while (value.len > 0) {
        size_t plain = plain_length(value);

        put_plain(out, smail__span_slice(value, 0, plain));
        value = smail__span_from(value, plain);
        if (value.len > 0)
            value = smail__span_from(value, decode_run(out, value));
    }
}

void smail__words_display(struct smail__buf *out, smail_span value)
{
    struct smail__buf decoded;
    bool blank = false;
    bool any = false;

    smail__buf_init(&decoded, 4 * WORDS_MAX, NULL);
    smail__words_decode(&decoded, smail__span_trim(value));
    smail_span text = smail__buf_span(&decoded);

    while (text.len > 0) {
        uint32_t code_point = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&code_point, text);

        text = smail__span_from(text, len > 0 ? len : 1);
        if (code_point <= ' ' || (code_point >= 0x7f && code_point < 0xa0) ||
            code_point == 0x2028 || code_point == 0x2029) {
            blank = any;
            continue;
        }
        if (blank)
            smail__buf_putc(out, ' ');
        smail__utf8_put(out, code_point);
        blank = false;
        any = true;
    }
    smail__buf_dispose(&decoded);
}
