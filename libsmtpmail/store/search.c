/* SPDX-License-Identifier: MIT */
/*
 * store/search.c - from words to a query of the full-text index.
 *
 * Each word is quoted, so that none of it is an operator; all must occur; the
 * last may go on, as it does while it is being typed.
 */
#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "store/cursor.h"

#define WORDS_MAX 32
#define TEXT_MAX 1000

static void put_word(struct smail__buf *out, smail_span word)
{
    smail__buf_putc(out, '"');
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] == '"')
            smail__buf_putc(out, '"');
        smail__buf_putc(out, word.data[i]);
    }
    smail__buf_putc(out, '"');
}

int smail__search_parse(struct smail__buf *out, const char *text,
                        smail_error *err)
{
    struct smail__buf clean;
    smail_span left = smail__span(text);
    size_t words = 0;
    int code;

    if (left.len > TEXT_MAX)
        return smail__fail(err, SMAIL_EINVAL, "a search has at most %d octets",
                           TEXT_MAX);
    smail__buf_init(&clean, (size_t)4 * TEXT_MAX, NULL);
    smail__utf8_scrub(&clean, left);
    for (size_t i = 0; i < clean.len; i++)
        if ((unsigned char)clean.data[i] <= 0x20 || clean.data[i] == 0x7f)
            clean.data[i] = ' ';
    left = smail__buf_span(&clean);
    while (left.len > 0 && words < WORDS_MAX) {
        smail_span word = smail__span_cut(&left, ' ');

        if (word.len == 0)
            continue;
        if (words++ > 0)
            smail__buf_puts(out, " AND ");
        put_word(out, word);
    }
    if (words > 0)
        smail__buf_puts(out, " *");
    code = smail__buf_error(&clean) != 0 ? SMAIL_ENOMEM : smail__buf_error(out);
    smail__buf_dispose(&clean);
    return code < 0 ? smail__fail(err, code, "the search is too long") : 0;
}
