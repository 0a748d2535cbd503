/* SPDX-License-Identifier: MIT */
/*
 * store/email_match.c - conditions of a message, by its row where that is
 * enough, by the full-text index, by its header last.
 *
 * A message that the index has not seen yet is found by its row: subject,
 * sender and recipients.
 */
#define _GNU_SOURCE
#include "store/email_match.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "message/fold.h"
#include "message/header.h"
#include "message/word.h"
#include "store/content.h"
#include "store/keyword.h"
#include "store/search.h"

/* Octets of a header that is looked at. */
#define HEADER_READ_MAX ((size_t)64 * 1024)

/* A decoded field is at most some times its encoding. */
#define DECODED_MAX ((size_t)8 * HEADER_READ_MAX)

/* For these a hit only says that it may be: the field itself decides. */
static bool is_narrowed(const struct smail__filter *filter)
{
    return filter->is_searched && (filter->kind == SMAIL__FILTER_FROM ||
                                   filter->kind == SMAIL__FILTER_TO ||
                                   filter->kind == SMAIL__FILTER_HEADER);
}

/* --- Words in fields ----------------------------------------------------- */

/* Where a letter or a digit ends, or none stands, a word may begin. */
static bool is_word_start(smail_span text, size_t at)
{
    size_t last = at;

    if (at == 0)
        return true;
    do
        last--;
    while (last > 0 && ((unsigned char)text.data[last] & 0xc0) == 0x80);
    return !smail__has_letter(smail__span_slice(text, last, at - last));
}

/* With `anywhere` also in the middle of a word, where the index would not find
 * it. */
static bool contains(smail_span text, smail_span word, bool anywhere)
{
    size_t at = 0;

    if (word.len == 0)
        return true;
    anywhere = anywhere || ((unsigned char)word.data[0] < 0x80 &&
                            !smail__is_alnum(word.data[0]));
    while (at + word.len <= text.len) {
        const char *found =
            memmem(text.data + at, text.len - at, word.data, word.len);

        if (found == NULL)
            return false;
        at = (size_t)(found - text.data);
        if (anywhere || is_word_start(text, at))
            return true;
        at++;
    }
    return false;
}

/* Every word and phrase of `words` occurs in the text, which is folded. */
static int text_has(smail_span text, const char *words, bool anywhere,
                    smail_error *err)
{
    smail_span left = smail__span(words);
    struct smail__search_token token;
    struct smail__buf word;
    bool all = true;
    int code = 0;

    smail__buf_init(&word, (size_t)32 * SMAIL__SEARCH_MAX, NULL);
    while (code == 0 && all && smail__search_next(&token, &left)) {
        bool goes_on = !token.is_phrase && token.len > 1 &&
                       token.text[token.len - 1] == '*';

        smail__buf_clear(&word);
        code = smail__fold_words(
            &word, (smail_span){ token.text, token.len - goes_on });
        all = code == 0 && contains(text, smail__buf_span(&word), anywhere);
    }
    smail__buf_dispose(&word);
    return code < 0 ? smail__fail(err, code, "the search is too long") : all;
}

static int field_has(smail_span field, const char *words, bool anywhere,
                     smail_error *err)
{
    struct smail__buf text, folded;
    int code;

    smail__buf_init(&text, DECODED_MAX, NULL);
    smail__buf_init(&folded, DECODED_MAX, NULL);
    smail__words_display(&text, field);
    code = smail__buf_error(&text);
    if (code == 0)
        code = smail__fold_words(&folded, smail__buf_span(&text));
    if (code == 0)
        code = text_has(smail__buf_span(&folded), words, anywhere, err);
    else
        smail__fail(err, code, "a field is too long to look into");
    smail__buf_dispose(&text);
    smail__buf_dispose(&folded);
    return code;
}

static int column_has(const struct smail__match *match,
                      enum smail__match_column column, const char *words,
                      smail_error *err)
{
    return field_has(smail__column_span(match->row, column), words, false, err);
}

static int read_header(char *out, size_t *len, struct smail__match *match,
                       smail_error *err)
{
    static const char sql[] =
        "SELECT blob FROM email WHERE account = $1 AND id = $2";
    smail_content *content = NULL;
    struct smail__statement *row;
    int64_t got = 0;
    int code;

    if (match->reads++ == SMAIL__FILTER_READS_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "that would read more than %d messages",
                           SMAIL__FILTER_READS_MAX);
    code = smail__db_prepare(&row, match->db, sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, match->account);
    smail__bind_int(row, 2, smail__column_int(match->row, SMAIL__MATCH_ID));
    code = smail__statement_step(row, err);
    if (code > 0)
        code = smail__content_open_blob(&content, match->store, match->db,
                                        smail__column_span(row, 0), err);
    smail__statement_reset(row);
    if (code == 0 && content != NULL)
        got = smail_content_read(out, content, 0, HEADER_READ_MAX, err);
    smail_content_close(content);
    *len = got > 0 ? (size_t)got : 0;
    return code < 0 ? code : got < 0 ? (int)got : 0;
}

static int header_has(struct smail__match *match,
                      const struct smail__filter *filter, smail_error *err)
{
    char *header = malloc(HEADER_READ_MAX);
    smail_span value;
    size_t len = 0;
    int code;

    if (header == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = read_header(header, &len, match, err);
    for (size_t i = 0;
         code == 0 && smail__header_find(&value, (smail_span){ header, len },
                                         filter->name, i);
         i++)
        code = filter->text == NULL
                   ? 1
                   : field_has(value, filter->text,
                               !smail__filter_is_indexed(filter), err);
    free(header);
    return code;
}

/* Has the index seen the candidate? */
static int is_indexed(struct smail__match *match, smail_error *err)
{
    static const char sql[] = "SELECT 1 FROM email_derived "
                              "WHERE account = $1 AND email = $2";
    int64_t found;
    int code =
        smail__db_value(&found, match->db, sql, match->account,
                        smail__column_int(match->row, SMAIL__MATCH_ID), err);

    return code == SMAIL_ENOTFOUND ? 0 : code < 0 ? code : 1;
}

/* What the index has not seen is looked up in the row. */
static int unindexed_has(struct smail__match *match,
                         const struct smail__filter *filter, smail_error *err)
{
    int code = is_indexed(match, err);

    if (code != 0 || filter->kind == SMAIL__FILTER_BODY)
        return code < 0 ? code : 0;
    code = column_has(match, SMAIL__MATCH_SUBJECT, filter->text, err);
    if (code == 0 && filter->kind == SMAIL__FILTER_TEXT)
        code = column_has(match, SMAIL__MATCH_SENDER, filter->text, err);
    if (code == 0 && filter->kind == SMAIL__FILTER_TEXT)
        code = column_has(match, SMAIL__MATCH_RECIPIENTS, filter->text, err);
    return code;
}

static int text_matches(struct smail__match *match,
                        const struct smail__filter *filter, smail_error *err)
{
    if (smail__filter_is_hit(filter,
                             smail__column_int(match->row, SMAIL__MATCH_ID)))
        return 1;
    return unindexed_has(match, filter, err);
}

/* --- Mailboxes, keywords ------------------------------------------------- */

static bool is_among(const struct smail__filter *filter, smail_id id)
{
    for (size_t i = 0; i < filter->count; i++)
        if (filter->ids[i] == id)
            return true;
    return false;
}

/* In one of the mailboxes, or in one that is none of them. */
static int in_mailbox(struct smail__match *match,
                      const struct smail__filter *filter, smail_error *err)
{
    static const char sql[] = "SELECT mailbox FROM email_mailbox "
                              "WHERE account = $1 AND email = $2";
    bool wanted = filter->kind == SMAIL__FILTER_IN_MAILBOX;
    struct smail__statement *row;
    bool found = false;
    int code = smail__db_prepare(&row, match->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, match->account);
    smail__bind_int(row, 2, smail__column_int(match->row, SMAIL__MATCH_ID));
    while (!found && (code = smail__statement_step(row, err)) > 0)
        found = is_among(filter, smail__column_int(row, 0)) == wanted;
    smail__statement_reset(row);
    return code < 0 ? code : found;
}

static bool has_keyword(unsigned flags, smail_span words, const char *keyword)
{
    struct smail__keywords wanted;
    bool has;

    smail__keywords_init(&wanted);
    has = smail__keywords_add(&wanted, keyword, NULL) == 0 &&
          smail__keywords_all(&wanted, flags, words);
    smail__keywords_dispose(&wanted);
    return has;
}

bool smail__match_keyword(struct smail__match *match, const char *keyword)
{
    return has_keyword(
        (unsigned)smail__column_int(match->row, SMAIL__MATCH_FLAGS),
        smail__column_span(match->row, SMAIL__MATCH_KEYWORDS), keyword);
}

int smail__match_thread(struct smail__match *match, smail_id thread,
                        const char *keyword, bool all, smail_error *err)
{
    static const char sql[] = "SELECT flags, keywords FROM email "
                              "WHERE account = $1 AND thread = $2";
    struct smail__statement *row;
    bool result = all;
    int code = smail__db_prepare(&row, match->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, match->account);
    smail__bind_int(row, 2, thread);
    while (result == all && (code = smail__statement_step(row, err)) > 0)
        result = has_keyword((unsigned)smail__column_int(row, 0),
                             smail__column_span(row, 1), keyword);
    smail__statement_reset(row);
    return code < 0 ? code : result;
}

static int in_thread(struct smail__match *match,
                     const struct smail__filter *filter, smail_error *err)
{
    smail_id thread = smail__column_int(match->row, SMAIL__MATCH_THREAD);
    bool all = filter->kind == SMAIL__FILTER_ALL_IN_THREAD;
    int code = smail__match_thread(match, thread, filter->text, all, err);

    if (code >= 0 && filter->kind == SMAIL__FILTER_NONE_IN_THREAD)
        return !code;
    return code;
}

static int has_attachment(struct smail__match *match,
                          const struct smail__filter *filter, smail_error *err)
{
    static const char sql[] = "SELECT has_attachment FROM email_derived "
                              "WHERE account = $1 AND email = $2";
    int64_t has = 0;
    int code =
        smail__db_value(&has, match->db, sql, match->account,
                        smail__column_int(match->row, SMAIL__MATCH_ID), err);

    if (code < 0 && code != SMAIL_ENOTFOUND)
        return code;
    return (has != 0) == (filter->number != 0);
}

/* --- All ----------------------------------------------------------------- */

static int match_others(struct smail__match *match,
                        const struct smail__filter *filter, smail_error *err)
{
    bool ends_at = filter->kind != SMAIL__FILTER_AND;

    for (const struct smail__filter *at = filter->first; at != NULL;
         at = at->next) {
        int code = smail__match(match, at, err);

        if (code < 0)
            return code;
        if ((code > 0) == ends_at)
            return filter->kind == SMAIL__FILTER_OR;
    }
    return filter->kind != SMAIL__FILTER_OR;
}

static bool match_number(const struct smail__match *match,
                         const struct smail__filter *filter)
{
    int64_t received = smail__column_int(match->row, SMAIL__MATCH_RECEIVED);
    int64_t size = smail__column_int(match->row, SMAIL__MATCH_SIZE);

    switch (filter->kind) {
    case SMAIL__FILTER_BEFORE:
        return received < filter->number;
    case SMAIL__FILTER_AFTER:
        return received >= filter->number;
    case SMAIL__FILTER_MIN_SIZE:
        return size >= filter->number;
    default:
        return size < filter->number;
    }
}

/* The index knows the candidate, and that it is no hit. */
static int is_ruled_out(struct smail__match *match,
                        const struct smail__filter *filter, smail_error *err)
{
    if (!is_narrowed(filter) ||
        smail__filter_is_hit(filter,
                             smail__column_int(match->row, SMAIL__MATCH_ID)))
        return 0;
    return is_indexed(match, err);
}

int smail__match(struct smail__match *match, const struct smail__filter *filter,
                 smail_error *err)
{
    int ruled_out = is_ruled_out(match, filter, err);

    if (ruled_out != 0)
        return ruled_out < 0 ? ruled_out : 0;
    switch (filter->kind) {
    case SMAIL__FILTER_AND:
    case SMAIL__FILTER_OR:
    case SMAIL__FILTER_NOT:
        return match_others(match, filter, err);
    case SMAIL__FILTER_IN_MAILBOX:
    case SMAIL__FILTER_IN_OTHER_THAN:
        return in_mailbox(match, filter, err);
    case SMAIL__FILTER_HAS_ATTACHMENT:
        return has_attachment(match, filter, err);
    case SMAIL__FILTER_KEYWORD:
        return smail__match_keyword(match, filter->text);
    case SMAIL__FILTER_NOT_KEYWORD:
        return !smail__match_keyword(match, filter->text);
    case SMAIL__FILTER_ALL_IN_THREAD:
    case SMAIL__FILTER_SOME_IN_THREAD:
    case SMAIL__FILTER_NONE_IN_THREAD:
        return in_thread(match, filter, err);
    case SMAIL__FILTER_TEXT:
    case SMAIL__FILTER_BODY:
    case SMAIL__FILTER_SUBJECT:
        return text_matches(match, filter, err);
    case SMAIL__FILTER_FROM:
        return column_has(match, SMAIL__MATCH_SENDER, filter->text, err);
    case SMAIL__FILTER_TO:
        return column_has(match, SMAIL__MATCH_RECIPIENTS, filter->text, err);
    case SMAIL__FILTER_HEADER:
        return header_has(match, filter, err);
    case SMAIL__FILTER_TRUE:
        return 1;
    default:
        return match_number(match, filter);
    }
}
