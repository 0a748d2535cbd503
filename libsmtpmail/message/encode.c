/* SPDX-License-Identifier: MIT */
/* message/encode.c - see message/encode.h. */
#include "message/encode.h"

#include <string.h>

#include "base/base64.h"
#include "base/span.h"
#include "base/utf8.h"

/* Octets in one word: "=?utf-8?B?", 60 digits, "?=" (RFC 2047, 2: 75). */
#define WORD_OCTETS 45

/* A line may have 998 (RFC 5322, 2.1.1): longer words are encoded. */
#define ASCII_WORD_MAX 900

void smail__encode_begin(struct smail__encoder *encoder, struct smail__buf *out,
                         const char *name)
{
    smail__buf_puts(out, name);
    smail__buf_putc(out, ':');
    *encoder = (struct smail__encoder){
        .out = out,
        .column = strlen(name) + 1,
        .is_empty = true,
    };
}

void smail__encode_word(struct smail__encoder *encoder, smail_span word)
{
    bool fits = encoder->column + 1 + word.len <= SMAIL__LINE_WANTED;

    /* Not before the first: a line of white space alone ends headers for
     * some. */
    if (!fits && !encoder->is_empty) {
        smail__buf_puts(encoder->out, "\r\n");
        encoder->column = 0;
    }
    smail__buf_putc(encoder->out, ' ');
    smail__buf_append(encoder->out, word);
    encoder->column += 1 + word.len;
    encoder->is_empty = false;
}

void smail__encode_end(struct smail__encoder *encoder)
{
    smail__buf_puts(encoder->out, "\r\n");
}

/* Printable ASCII that no reader takes for an encoded word, and that can be
 * folded. White space at the ends or twice would be lost in folding. */
static bool is_plain(smail_span text)
{
    size_t word = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        if (byte < ' ' || byte >= 0x7f)
            return false;
        if (byte == '=' && i + 1 < text.len && text.data[i + 1] == '?')
            return false;
        if (byte == ' ' && (word == 0 || i + 1 == text.len))
            return false;
        word = byte == ' ' ? 0 : word + 1;
        if (word > ASCII_WORD_MAX)
            return false;
    }
    return true;
}

static void put_words(struct smail__encoder *encoder, smail_span text)
{
    while (text.len > 0) {
        smail_span rest = text;
        smail_span word = smail__span_cut(&rest, ' ');

        smail__encode_word(encoder, word);
        text = rest;
    }
}

/* Each encoded word holds whole characters (RFC 2047, 5). */
static void put_encoded(struct smail__encoder *encoder, smail_span text)
{
    while (text.len > 0) {
        smail_span piece = smail__utf8_clip(text, WORD_OCTETS);
        struct smail__buf word;

        if (piece.len == 0) /* no UTF-8: just bytes */
            piece = smail__span_slice(text, 0, WORD_OCTETS);
        smail__buf_init(&word, 200, NULL);
        smail__buf_puts(&word, "=?utf-8?B?");
        smail__base64_encode(&word, piece);
        smail__buf_puts(&word, "?=");
        smail__encode_word(encoder, smail__buf_span(&word));
        if (encoder->out->error == 0)
            encoder->out->error = smail__buf_error(&word);
        smail__buf_dispose(&word);
        text = smail__span_from(text, piece.len);
    }
}

void smail__encode_text(struct smail__encoder *encoder, smail_span text)
{
    if (is_plain(text))
        put_words(encoder, text);
    else
        put_encoded(encoder, text);
}

/* RFC 5322, 3.2.3: atoms and the spaces between them. */
static bool is_atoms(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) &&
            strchr(" !#$%&'*+-/=?^_`{|}~", text.data[i]) == NULL)
            return false;
    return true;
}

void smail__encode_phrase(struct smail__encoder *encoder, smail_span text)
{
    struct smail__buf quoted;

    if (!is_plain(text) || text.len > SMAIL__LINE_WANTED) {
        put_encoded(encoder, text);
        return;
    }
    if (is_atoms(text)) {
        put_words(encoder, text);
        return;
    }
    smail__buf_init(&quoted, 2 * SMAIL__LINE_WANTED + 2, NULL);
    smail__buf_putc(&quoted, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            smail__buf_putc(&quoted, '\\');
        smail__buf_putc(&quoted, text.data[i]);
    }
    smail__buf_putc(&quoted, '"');
    smail__encode_word(encoder, smail__buf_span(&quoted));
    if (encoder->out->error == 0)
        encoder->out->error = smail__buf_error(&quoted);
    smail__buf_dispose(&quoted);
}
