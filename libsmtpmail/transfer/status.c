/* SPDX-License-Identifier: MIT */
/* transfer/status.c - see transfer/status.h. */
#include "transfer/status.h"

#include <string.h>

#include "base/span.h"
#include "message/header.h"
#include "message/word.h"

static const struct {
    char letter;
    const char *keyword;
} letters_known[] = {
    { 'D', "$draft" },    { 'F', "$flagged" }, { 'P', "$forwarded" },
    { 'R', "$answered" }, { 'S', "$seen" },    { 'T', "$deleted" },
};

#define LETTERS (sizeof(letters_known) / sizeof(letters_known[0]))

/* --- Lists --------------------------------------------------------------- */

bool smail__status_has(smail_span keywords, const char *keyword)
{
    while (keywords.len > 0)
        if (smail__span_iis(smail__span_cut(&keywords, ' '), keyword))
            return true;
    return false;
}

/* As RFC 8621, 4.1.1 has them. */
static bool is_keyword(smail_span word)
{
    if (word.len == 0 || word.len > SMAIL_KEYWORD_MAX)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char byte = (unsigned char)word.data[i];

        if (byte <= 0x20 || byte >= 0x7f || strchr("(){]%*\"\\", byte) != NULL)
            return false;
    }
    return true;
}

static size_t count_of(smail_span list)
{
    size_t count = 0;

    for (; list.len > 0; count++)
        (void)smail__span_cut(&list, ' ');
    return count;
}

static bool is_there(smail_span list, smail_span word)
{
    while (list.len > 0)
        if (smail__span_iequal(smail__span_cut(&list, ' '), word))
            return true;
    return false;
}

void smail__status_add(struct smail__buf *keywords, smail_span word)
{
    static const struct {
        const char *theirs, *ours;
    } names[] = {
        { "Junk", "$junk" },         { "NonJunk", "$notjunk" },
        { "NotJunk", "$notjunk" },   { "Forwarded", "$forwarded" },
        { "\\Seen", "$seen" },       { "\\Answered", "$answered" },
        { "\\Flagged", "$flagged" }, { "\\Draft", "$draft" },
        { "\\Deleted", "$deleted" },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (smail__span_iis(word, names[i].theirs))
            word = smail__span(names[i].ours);
    if (!is_keyword(word) || is_there(smail__buf_span(keywords), word) ||
        count_of(smail__buf_span(keywords)) >= SMAIL_KEYWORDS_MAX)
        return;
    if (keywords->len > 0)
        smail__buf_putc(keywords, ' ');
    smail__buf_append(keywords, word);
}

void smail__status_add_all(struct smail__buf *keywords, smail_span list)
{
    for (size_t i = 0; i < list.len; i++) {
        size_t start = i;

        while (i < list.len && !smail__is_space(list.data[i]) &&
               list.data[i] != '\r' && list.data[i] != '\n' &&
               list.data[i] != ',')
            i++;
        smail__status_add(keywords, smail__span_slice(list, start, i - start));
    }
}

/* --- Fields -------------------------------------------------------------- */

/* What each letter of Status and X-Status says. */
static void read_letters(struct smail__buf *keywords, smail_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        switch (value.data[i]) {
        case 'R':
            smail__status_add(keywords, SMAIL__SPAN("$seen"));
            break;
        case 'A':
            smail__status_add(keywords, SMAIL__SPAN("$answered"));
            break;
        case 'F':
            smail__status_add(keywords, SMAIL__SPAN("$flagged"));
            break;
        case 'T':
            smail__status_add(keywords, SMAIL__SPAN("$draft"));
            break;
        case 'D':
            smail__status_add(keywords, SMAIL__SPAN("$deleted"));
            break;
        default:
            break;
        }
    }
}

/* Bits of X-Mozilla-Status. */
#define MOZILLA_READ 0x0001u
#define MOZILLA_REPLIED 0x0002u
#define MOZILLA_MARKED 0x0004u
#define MOZILLA_EXPUNGED 0x0008u
#define MOZILLA_FORWARDED 0x1000u

static unsigned hex_value(smail_span text)
{
    unsigned value = 0;

    text = smail__span_trim(text);
    for (size_t i = 0; i < text.len && i < 8; i++) {
        char byte = smail__lower(text.data[i]);

        if (smail__is_digit(byte))
            value = value * 16 + (unsigned)(byte - '0');
        else if (byte >= 'a' && byte <= 'f')
            value = value * 16 + (unsigned)(byte - 'a') + 10;
        else
            return 0;
    }
    return value;
}

/* Gone, but the file was not written anew since: true. */
static bool read_mozilla(struct smail__buf *keywords, smail_span value)
{
    static const struct {
        unsigned bit;
        const char *keyword;
    } known[] = {
        { MOZILLA_READ, "$seen" },
        { MOZILLA_REPLIED, "$answered" },
        { MOZILLA_MARKED, "$flagged" },
        { MOZILLA_FORWARDED, "$forwarded" },
    };
    unsigned bits = hex_value(value);

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (bits & known[i].bit)
            smail__status_add(keywords, smail__span(known[i].keyword));
    return (bits & MOZILLA_EXPUNGED) != 0;
}

/* --- Labels -------------------------------------------------------------- */

#define LABELS_MAX ((size_t)64 * 1024)

/* The next of a list parted by commas, where quotes protect one. */
static bool next_label(smail_span *out, smail_span *rest)
{
    *rest = smail__span_trim(*rest);
    if (rest->len == 0)
        return false;
    if (rest->data[0] == '"') {
        *rest = smail__span_from(*rest, 1);
        *out = smail__span_cut(rest, '"');
        (void)smail__span_cut(rest, ',');
    } else {
        *out = smail__span_trim(smail__span_cut(rest, ','));
    }
    return true;
}

static bool is_state(smail_span label)
{
    static const char *const states[] = { "Unread", "Opened", "Starred",
                                          "Important" };

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (smail__span_iis(label, states[i]))
            return true;
    return smail__span_istarts(label, "Category ");
}

static void label_keyword(struct smail__buf *keywords, smail_span label)
{
    if (smail__span_iis(label, "Starred"))
        smail__status_add(keywords, SMAIL__SPAN("$flagged"));
    else if (smail__span_iis(label, "Important"))
        smail__status_add(keywords, SMAIL__SPAN("$important"));
    else if (smail__span_iis(label, "Drafts") ||
             smail__span_iis(label, "Draft"))
        smail__status_add(keywords, SMAIL__SPAN("$draft"));
}

static void read_labels(struct smail__buf *keywords, struct smail__buf *paths,
                        smail_span value)
{
    struct smail__buf text;
    smail_span rest, label;
    bool is_unread = false;

    smail__buf_init(&text, LABELS_MAX, NULL);
    smail__words_decode(&text, value);
    rest = smail__buf_span(&text);
    while (next_label(&label, &rest)) {
        is_unread |= smail__span_iis(label, "Unread");
        if (keywords != NULL)
            label_keyword(keywords, label);
        if (paths == NULL || label.len == 0 || is_state(label) ||
            smail__span_find(label, '\n') < label.len)
            continue;
        smail__buf_append(paths, label);
        smail__buf_putc(paths, '\n');
    }
    if (keywords != NULL && !is_unread)
        smail__status_add(keywords, SMAIL__SPAN("$seen"));
    smail__buf_dispose(&text);
}

void smail__labels_read(struct smail__buf *paths, smail_span header)
{
    smail_span value;

    if (smail__header_find(&value, header, "X-Gmail-Labels", 0))
        read_labels(NULL, paths, value);
}

bool smail__status_read(struct smail__buf *keywords, smail_span header)
{
    struct smail__header_scan scan;
    struct smail__header_field field;
    bool is_deleted = false;

    smail__header_begin(&scan, header);
    while (smail__header_next(&field, &scan)) {
        if (smail__lower(field.name.data[0]) != 'x' &&
            smail__lower(field.name.data[0]) != 's')
            continue;
        if (smail__span_iis(field.name, "Status") ||
            smail__span_iis(field.name, "X-Status"))
            read_letters(keywords, field.value);
        else if (smail__span_iis(field.name, "X-Keywords") ||
                 smail__span_iis(field.name, "X-Mozilla-Keys"))
            smail__status_add_all(keywords, field.value);
        else if (smail__span_iis(field.name, "X-Mozilla-Status"))
            is_deleted |= read_mozilla(keywords, field.value);
        else if (smail__span_iis(field.name, "X-Gmail-Labels"))
            read_labels(keywords, NULL, field.value);
    }
    return !is_deleted;
}

/* --- Maildir ------------------------------------------------------------- */

void smail__status_letters(struct smail__buf *keywords, smail_span letters,
                           const smail_span *words)
{
    for (size_t i = 0; i < letters.len; i++) {
        char letter = letters.data[i];

        for (size_t j = 0; j < LETTERS; j++)
            if (letter == letters_known[j].letter)
                smail__status_add(keywords,
                                  smail__span(letters_known[j].keyword));
        if (letter >= 'a' && letter <= 'z' && words != NULL)
            smail__status_add(keywords, words[letter - 'a']);
    }
}

void smail__status_to_letters(char out[SMAIL__LETTERS_MAX],
                              const char *keywords)
{
    size_t len = 0;

    for (size_t i = 0; i < LETTERS; i++)
        if (smail__status_has(smail__span(keywords), letters_known[i].keyword))
            out[len++] = letters_known[i].letter;
    out[len] = '\0';
}

bool smail__status_is_letter(smail_span keyword)
{
    for (size_t i = 0; i < LETTERS; i++)
        if (smail__span_iis(keyword, letters_known[i].keyword))
            return true;
    return false;
}
