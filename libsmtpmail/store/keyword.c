/* SPDX-License-Identifier: MIT */
/* store/keyword.c - parse, join and compare lists of keywords. */
#include "store/keyword.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"

struct known {
    const char *name;
    unsigned flag;
};

/* Sorted by name. RFC 8621, 4.1.1; RFC 9051, 2.3.2; RFC 5788. */
static const struct known known[] = {
    { "$answered", SMAIL__FLAG_ANSWERED },
    { "$draft", SMAIL__FLAG_DRAFT },
    { "$flagged", SMAIL__FLAG_FLAGGED },
    { "$forwarded", SMAIL__FLAG_FORWARDED },
    { "$junk", SMAIL__FLAG_JUNK },
    { "$mdnsent", SMAIL__FLAG_MDNSENT },
    { "$notjunk", SMAIL__FLAG_NOTJUNK },
    { "$phishing", SMAIL__FLAG_PHISHING },
    { "$seen", SMAIL__FLAG_SEEN },
};
#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

void smail__keywords_init(struct smail__keywords *keywords)
{
    keywords->flags = 0;
    smail__buf_init(&keywords->words, SMAIL__WORDS_MAX, NULL);
}

void smail__keywords_dispose(struct smail__keywords *keywords)
{
    smail__buf_dispose(&keywords->words);
}

/* RFC 8621, 4.1.1: printable ASCII without ( ) { ] % * " \ */
static bool is_keyword(smail_span word)
{
    if (word.len == 0 || word.len > SMAIL_KEYWORD_MAX)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] <= 0x20 || word.data[i] >= 0x7f ||
            strchr("(){]%*\"\\", word.data[i]) != NULL)
            return false;
    return true;
}

static unsigned flag_of(smail_span word)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (smail__span_iis(word, known[i].name))
            return known[i].flag;
    return 0;
}

static bool has_word(smail_span words, smail_span word)
{
    while (words.len > 0)
        if (smail__span_iequal(smail__span_cut(&words, ' '), word))
            return true;
    return false;
}

static void put_word(struct smail__buf *out, smail_span word)
{
    if (out->len > 0)
        smail__buf_putc(out, ' ');
    for (size_t i = 0; i < word.len; i++)
        smail__buf_putc(out, smail__lower(word.data[i]));
}

static int compare_folded(smail_span a, smail_span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int difference = (unsigned char)smail__lower(a.data[i]) -
                         (unsigned char)smail__lower(b.data[i]);

        if (difference != 0)
            return difference;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

/* `words` again, with or without `word`, in order. */
static int rebuild(struct smail__buf *words, smail_span word, bool with,
                   smail_error *err)
{
    smail_span left = smail__buf_span(words);
    struct smail__buf out;
    bool done = !with;
    size_t count = 0;
    int code;

    smail__buf_init(&out, SMAIL__WORDS_MAX, NULL);
    for (; left.len > 0; count++) {
        smail_span next = smail__span_cut(&left, ' ');

        if (!done && compare_folded(word, next) < 0) {
            put_word(&out, word);
            done = true;
        }
        if (!smail__span_iequal(next, word))
            put_word(&out, next);
    }
    if (!done)
        put_word(&out, word);
    code = smail__buf_error(&out);
    if (code == 0 && with && count >= SMAIL_KEYWORDS_MAX)
        code = SMAIL_ELIMIT;
    if (code < 0) {
        smail__buf_dispose(&out);
        return smail__fail(err, code, "more than %d keywords",
                           SMAIL_KEYWORDS_MAX);
    }
    smail__buf_dispose(words);
    *words = out;
    return 0;
}

static int change(struct smail__keywords *keywords, const char *text, bool add,
                  smail_error *err)
{
    smail_span left = smail__span(text);
    int code = 0;

    while (code == 0 && left.len > 0) {
        smail_span word = smail__span_cut(&left, ' ');
        unsigned flag;

        if (word.len == 0)
            continue;
        if (!is_keyword(word))
            return smail__fail(err, SMAIL_EINVAL, "'%.*s' is not a keyword",
                               SMAIL__SPAN_ARG(word));
        flag = flag_of(word);
        if (flag != 0 && add)
            keywords->flags |= flag;
        else if (flag != 0)
            keywords->flags &= ~flag;
        else if (has_word(smail__buf_span(&keywords->words), word) != add)
            code = rebuild(&keywords->words, word, add, err);
    }
    return code;
}

int smail__keywords_add(struct smail__keywords *keywords, const char *text,
                        smail_error *err)
{
    return change(keywords, text, true, err);
}

int smail__keywords_remove(struct smail__keywords *keywords, const char *text,
                           smail_error *err)
{
    return change(keywords, text, false, err);
}

int smail__keywords_load(struct smail__keywords *keywords, unsigned flags,
                         smail_span words, smail_error *err)
{
    keywords->flags = flags;
    smail__buf_clear(&keywords->words);
    smail__buf_append(&keywords->words, words);
    if (smail__buf_error(&keywords->words) != 0)
        return smail__fail(err, smail__buf_error(&keywords->words),
                           "cannot hold the keywords");
    return 0;
}

/* Both lists are sorted: merge them. */
void smail__keywords_put(struct smail__buf *out, unsigned flags,
                         smail_span words)
{
    size_t start = out->len;
    smail_span next = smail__span_cut(&words, ' ');
    size_t at = 0;

    while (at < KNOWN_COUNT || next.len > 0) {
        smail_span flag = { NULL, 0 };

        if (at < KNOWN_COUNT && (flags & known[at].flag) == 0) {
            at++;
            continue;
        }
        if (at < KNOWN_COUNT)
            flag = smail__span(known[at].name);
        if (out->len > start)
            smail__buf_putc(out, ' ');
        if (next.len == 0 ||
            (flag.len > 0 && smail__span_compare(flag, next) < 0)) {
            smail__buf_append(out, flag);
            at++;
        } else {
            smail__buf_append(out, next);
            next = smail__span_cut(&words, ' ');
        }
    }
}

bool smail__keywords_all(const struct smail__keywords *wanted, unsigned flags,
                         smail_span words)
{
    smail_span left = smail__buf_span(&wanted->words);

    if ((flags & wanted->flags) != wanted->flags)
        return false;
    while (left.len > 0)
        if (!has_word(words, smail__span_cut(&left, ' ')))
            return false;
    return true;
}

bool smail__keywords_any(const struct smail__keywords *wanted, unsigned flags,
                         smail_span words)
{
    smail_span left = smail__buf_span(&wanted->words);

    if ((flags & wanted->flags) != 0)
        return true;
    while (left.len > 0)
        if (has_word(words, smail__span_cut(&left, ' ')))
            return true;
    return false;
}
