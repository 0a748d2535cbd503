/* SPDX-License-Identifier: MIT */
/*
 * store/search.c - from words to a query of the full-text index. Each word is
 * quoted, so that none of it is an operator.
 */
#include "store/search.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/fold.h"

/* A letter becomes at most 18 when it is folded. */
#define FOLDED_MAX ((size_t)32 * SMAIL__SEARCH_MAX)

static bool is_blank(char byte)
{
    return (unsigned char)byte <= ' ' || byte == 0x7f;
}

static bool is_escape(smail_span text, size_t at)
{
    return text.data[at] == '\\' && at + 1 < text.len &&
           (text.data[at + 1] == '\\' || text.data[at + 1] == '"' ||
            text.data[at + 1] == '\'');
}

/* Where the quote at the front is matched; the length of all if nowhere. */
static size_t closing_quote(smail_span text)
{
    size_t at = 1;

    while (at < text.len && text.data[at] != text.data[0])
        at += is_escape(text, at) ? 2 : 1;
    return at < text.len ? at : text.len;
}

static void put(struct smail__search_token *token, smail_span text)
{
    for (size_t i = 0; i < text.len && token->len < SMAIL__SEARCH_MAX; i++) {
        if (token->is_phrase && is_escape(text, i))
            i++;
        token->text[token->len++] = text.data[i];
    }
    token->text[token->len] = '\0';
}

bool smail__search_next(struct smail__search_token *out, smail_span *left)
{
    smail_span text = *left;
    size_t end = 0;

    out->len = 0;
    out->is_phrase = false;
    while (text.len > 0 && is_blank(text.data[0]))
        text = smail__span_from(text, 1);
    if (text.len > 0 && (text.data[0] == '"' || text.data[0] == '\'')) {
        end = closing_quote(text);
        out->is_phrase = end < text.len;
    }
    if (out->is_phrase) {
        put(out, smail__span_slice(text, 1, end - 1));
        *left = smail__span_from(text, end + 1);
        return true;
    }
    end = 0;
    while (end < text.len && !is_blank(text.data[end]))
        end++;
    put(out, smail__span_slice(text, 0, end));
    *left = smail__span_from(text, end);
    return end > 0;
}

static void put_word(struct smail__buf *out, smail_span word)
{
    smail__buf_putc(out, '"');
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] == '"')
            smail__buf_putc(out, '"');
        smail__buf_putc(out, is_blank(word.data[i]) ? ' ' : word.data[i]);
    }
    smail__buf_putc(out, '"');
}

/* Is there more than one letter to begin with? */
static bool may_go_on(smail_span folded)
{
    uint32_t letter;

    return smail__utf8_next(&letter, folded) < smail__span_trim(folded).len;
}

/* No word between "AND"s: the index would find nothing where one has no
 * letters, as in "salt & pepper". */
static void put_all(struct smail__buf *out, smail_span left,
                    enum smail__search_open open)
{
    struct smail__search_token token;
    struct smail__buf folded;
    size_t words = 0;

    smail__buf_init(&folded, FOLDED_MAX, NULL);
    while (words < SMAIL__SEARCH_WORDS_MAX &&
           smail__search_next(&token, &left)) {
        smail_span word = { token.text, token.len };
        bool goes_on =
            !token.is_phrase && word.len > 1 && word.data[word.len - 1] == '*';

        if (word.len == 0)
            continue;
        smail__buf_clear(&folded);
        smail__fold_words(&folded,
                          smail__span_slice(word, 0, word.len - goes_on));
        if (words++ > 0)
            smail__buf_putc(out, ' ');
        put_word(out, smail__buf_span(&folded));
        if (open == SMAIL__SEARCH_ALL_OPEN ||
            (open == SMAIL__SEARCH_LAST_OPEN && !token.is_phrase &&
             smail__span_trim(left).len == 0))
            goes_on = true;
        if (goes_on && may_go_on(smail__buf_span(&folded)))
            smail__buf_putc(out, '*');
    }
    smail__buf_dispose(&folded);
}

int smail__search_parse(struct smail__buf *out, const char *text,
                        enum smail__search_open open, smail_error *err)
{
    struct smail__buf clean;
    int code;

    if (strlen(text) > SMAIL__SEARCH_MAX)
        return smail__fail(err, SMAIL_EINVAL, "a search has at most %d octets",
                           SMAIL__SEARCH_MAX);
    smail__buf_init(&clean, (size_t)4 * SMAIL__SEARCH_MAX, NULL);
    smail__utf8_scrub(&clean, smail__span(text));
    put_all(out, smail__buf_span(&clean), open);
    code = smail__buf_error(&clean) != 0 ? SMAIL_ENOMEM : smail__buf_error(out);
    smail__buf_dispose(&clean);
    return code < 0 ? smail__fail(err, code, "the search is too long") : 0;
}
