/* SPDX-License-Identifier: MIT */
/*
 * db/postgres_words.c - where our one text differs from what PostgreSQL reads.
 *
 * Three places, and no more: BEGIN, which also takes the store's lock (see
 * postgres_statement.c); CROSS JOIN ... ON, by which we tell SQLite where to
 * begin and which PostgreSQL decides itself; and the full-text index.
 */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "db/postgres.h"

/* The longest statement that we have is 2 KiB. */
#define SPELLED_MAX ((size_t)64 * 1024)

#define MATCH "email_text MATCH "

static const struct smail__db_word spellings[] = {
    { "CROSS JOIN", "JOIN" },
    { "INSERT INTO email_text (email_text) VALUES ('delete-all')",
      "DELETE FROM email_text" },
    { MATCH, "words @@ email_text_question(" },
    { NULL, NULL },
};

enum postgres_verb smail__postgres_verb(const char *sql)
{
    if (strcmp(sql, "BEGIN") == 0 || strcmp(sql, "BEGIN IMMEDIATE") == 0)
        return POSTGRES_BEGIN;
    return strcmp(sql, "COMMIT") == 0 ? POSTGRES_COMMIT : POSTGRES_OTHER;
}

static const struct smail__db_word *spelling_at(smail_span text)
{
    const struct smail__db_word *word = spellings;

    while (word->word != NULL) {
        smail_span own = smail__span(word->word);

        if (text.len >= own.len && memcmp(text.data, own.data, own.len) == 0)
            return word;
        word++;
    }
    return NULL;
}

/* "$2" at the front, and the parenthesis that MATCH opened; its number. */
static int cut_question(struct smail__buf *out, smail_span *left)
{
    smail_span digits = smail__span_from(*left, 1);
    size_t end = 0;
    uint64_t number = 0;

    while (end < digits.len && digits.data[end] >= '0' &&
           digits.data[end] <= '9')
        end++;
    smail__span_number(&number, smail__span_slice(digits, 0, end));
    smail__buf_append(out, smail__span_slice(*left, 0, end + 1));
    smail__buf_putc(out, ')');
    *left = smail__span_from(*left, end + 1);
    return (int)number;
}

/* Not within quotes; ours have no quotes within quotes. */
int smail__postgres_spell(struct smail__buf *out, int *question,
                          const char *sql, smail_error *err)
{
    smail_span left = smail__span(sql);
    bool is_quoted = false;

    smail__buf_init(out, SPELLED_MAX, NULL);
    *question = 0;
    while (left.len > 0) {
        const struct smail__db_word *word =
            is_quoted ? NULL : spelling_at(left);

        if (word != NULL) {
            smail__buf_puts(out, word->written);
            left = smail__span_from(left, strlen(word->word));
            if (strcmp(word->word, MATCH) == 0)
                *question = cut_question(out, &left);
            continue;
        }
        if (left.data[0] == '\'')
            is_quoted = !is_quoted;
        smail__buf_putc(out, left.data[0]);
        left = smail__span_from(left, 1);
    }
    smail__buf_putc(out, '\0');
    if (smail__buf_error(out) != 0)
        return smail__fail(err, smail__buf_error(out),
                           "a statement is too long");
    return 0;
}

/* --- Questions of the full-text index ------------------------------------ */

/* "{subject} : (" at the front; the weights that stand for it. */
static const char *cut_field(smail_span *left)
{
    static const struct {
        const char *field;
        const char *weight;
    } fields[] = {
        { "{subject} : (", "A" },
        { "{sender} : (", "B" },
        { "{recipients} : (", "C" },
        { "{body} : (", "D" },
        { "(", "" },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        smail_span own = smail__span(fields[i].field);

        if (left->len < own.len || memcmp(left->data, own.data, own.len) != 0)
            continue;
        *left = smail__span_from(*left, own.len);
        return fields[i].weight;
    }
    return "";
}

/* What is between the quotes; "" within them stands for one. */
static smail_span cut_phrase(smail_span *left)
{
    smail_span phrase = smail__span_from(*left, 1);
    size_t end = 0;

    while (end < phrase.len &&
           (phrase.data[end] != '"' ||
            (end + 1 < phrase.len && phrase.data[end + 1] == '"')))
        end += phrase.data[end] == '"' ? 2 : 1;
    *left = smail__span_from(phrase, end < phrase.len ? end + 1 : end);
    return smail__span_slice(phrase, 0, end);
}

/* Letters, digits and all that is not ASCII; the rest parts words. */
static bool is_letter(char byte)
{
    unsigned char octet = (unsigned char)byte;

    return octet >= 0x80 || (octet >= '0' && octet <= '9') ||
           (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
}

/* 'one' <-> 'two':*A */
static void put_phrase(struct smail__buf *out, smail_span phrase, bool goes_on,
                       const char *weight)
{
    bool is_first = true;
    size_t at = 0;

    while (at < phrase.len) {
        size_t end = at;

        while (end < phrase.len && is_letter(phrase.data[end]))
            end++;
        if (end == at) {
            at++;
            continue;
        }
        smail__buf_puts(out, is_first ? "'" : " <-> '");
        is_first = false;
        for (; at < end; at++)
            smail__buf_putc(out, smail__lower(phrase.data[at]));
        smail__buf_putc(out, '\'');
        while (at < phrase.len && !is_letter(phrase.data[at]))
            at++;
        if ((at == phrase.len && goes_on) || *weight != '\0')
            smail__buf_printf(out, ":%s%s",
                              at == phrase.len && goes_on ? "*" : "", weight);
    }
}

int smail__postgres_question(struct smail__buf *out, smail_span question)
{
    const char *weight = cut_field(&question);

    smail__buf_clear(out);
    while (question.len > 0) {
        size_t before = out->len;
        smail_span phrase;
        bool goes_on;

        if (question.data[0] != '"') {
            question = smail__span_from(question, 1);
            continue;
        }
        phrase = cut_phrase(&question);
        goes_on = question.len > 0 && question.data[0] == '*';
        if (before > 0)
            smail__buf_puts(out, " & ");
        put_phrase(out, phrase, goes_on, weight);
        if (before > 0 && out->len == before + 3)
            smail__buf_truncate(out, before);
    }
    return smail__buf_error(out);
}
