/* SPDX-License-Identifier: MIT */
/*
 * store/search_read.c - a person's question as a tree of conditions:
 *
 *    question = *( [ "-" ] condition [ "OR" ] )
 *    condition = word / phrase / name ":" ( word / phrase )
 */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "store/keyword.h"
#include "store/search.h"

struct reader {
    smail_store *store;
    smail_id account;
    smail_span left;
    struct smail__search_token token;
    struct smail__filter *all;  /* the tree so far */
    struct smail__filter *last; /* what may yet be joined by OR */
    size_t count;
    struct smail__filter *word; /* the last condition, if it is a word */
    smail_error *err;
};

struct term {
    const char *name;
    int (*read)(struct smail__filter *filter, struct reader *reader,
                const struct term *term);
    enum smail__filter_kind kind;
    const char *field; /* of the header */
};

static int no_memory(struct reader *reader)
{
    return smail__fail(reader->err, SMAIL_ENOMEM, "out of memory");
}

static smail_span value_of(const struct reader *reader)
{
    return (smail_span){ reader->token.text, reader->token.len };
}

/* --- Values -------------------------------------------------------------- */

static int set_text(char **out, struct reader *reader, const char *text)
{
    *out = smail__strdup(text);
    return *out != NULL ? 0 : no_memory(reader);
}

/* The condition takes words as they are typed: quotes and escapes go back. */
static int read_words(struct smail__filter *filter, struct reader *reader,
                      const struct term *term)
{
    smail_span value = value_of(reader);
    struct smail__buf text;
    int code;

    (void)term;
    if (!reader->token.is_phrase)
        return set_text(&filter->text, reader, reader->token.text);
    smail__buf_init(&text, (size_t)2 * SMAIL__SEARCH_MAX + 2, NULL);
    smail__buf_putc(&text, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\' ||
            value.data[i] == '\'')
            smail__buf_putc(&text, '\\');
        smail__buf_putc(&text, value.data[i]);
    }
    smail__buf_putc(&text, '"');
    code = smail__buf_error(&text) != 0
               ? no_memory(reader)
               : set_text(&filter->text, reader, text.data);
    smail__buf_dispose(&text);
    return code;
}

static int read_field(struct smail__filter *filter, struct reader *reader,
                      const struct term *term)
{
    int code = set_text(&filter->name, reader, term->field);

    return code == 0 ? read_words(filter, reader, term) : code;
}

static int read_keyword(struct smail__filter *filter, struct reader *reader,
                        const struct term *term)
{
    struct smail__keywords keywords;
    int code;

    (void)term;
    smail__keywords_init(&keywords);
    code = smail__keywords_add(&keywords, reader->token.text, reader->err);
    smail__keywords_dispose(&keywords);
    return code == 0 ? set_text(&filter->text, reader, reader->token.text)
                     : code;
}

static int read_is(struct smail__filter *filter, struct reader *reader,
                   const struct term *term)
{
    static const struct {
        const char *word;
        enum smail__filter_kind kind;
        const char *keyword;
    } states[] = {
        { "unread", SMAIL__FILTER_NOT_KEYWORD, "$seen" },
        { "read", SMAIL__FILTER_KEYWORD, "$seen" },
        { "starred", SMAIL__FILTER_KEYWORD, "$flagged" },
        { "flagged", SMAIL__FILTER_KEYWORD, "$flagged" },
        { "answered", SMAIL__FILTER_KEYWORD, "$answered" },
        { "forwarded", SMAIL__FILTER_KEYWORD, "$forwarded" },
        { "draft", SMAIL__FILTER_KEYWORD, "$draft" },
        { "important", SMAIL__FILTER_KEYWORD, "$important" },
    };

    (void)term;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (smail__span_iis(value_of(reader), states[i].word)) {
            filter->kind = states[i].kind;
            return set_text(&filter->text, reader, states[i].keyword);
        }
    return smail__fail(reader->err, SMAIL_EINVAL,
                       "is: knows unread, read, starred, answered, "
                       "forwarded, draft and important");
}

static int read_has(struct smail__filter *filter, struct reader *reader,
                    const struct term *term)
{
    (void)term;
    filter->number = 1;
    if (smail__span_iis(value_of(reader), "attachment"))
        return 0;
    return smail__fail(reader->err, SMAIL_EINVAL, "has: knows attachment");
}

static smail_role role_of(smail_span word)
{
    static const struct {
        const char *word;
        smail_role role;
    } roles[] = {
        { "inbox", SMAIL_ROLE_INBOX },     { "sent", SMAIL_ROLE_SENT },
        { "drafts", SMAIL_ROLE_DRAFTS },   { "trash", SMAIL_ROLE_TRASH },
        { "junk", SMAIL_ROLE_JUNK },       { "spam", SMAIL_ROLE_JUNK },
        { "archive", SMAIL_ROLE_ARCHIVE },
    };

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (smail__span_iis(word, roles[i].word))
            return roles[i].role;
    return SMAIL_ROLE_NONE;
}

/* By its path, else by what it is for. */
static int read_in(struct smail__filter *filter, struct reader *reader,
                   const struct term *term)
{
    smail_role role = role_of(value_of(reader));
    int code;

    (void)term;
    filter->ids = calloc(1, sizeof(*filter->ids));
    if (filter->ids == NULL)
        return no_memory(reader);
    filter->count = 1;
    code = smail_mailbox_find(filter->ids, reader->store, reader->account,
                              reader->token.text, reader->err);
    if (code == SMAIL_ENOTFOUND && role != SMAIL_ROLE_NONE)
        code = smail_mailbox_find_role(filter->ids, reader->store,
                                       reader->account, role, reader->err);
    return code;
}

/* "2026-11-23": its first second, UTC. */
static int read_day(struct smail__filter *filter, struct reader *reader,
                    const struct term *term)
{
    struct smail__buf text;
    int code;

    smail__buf_init(&text, (size_t)2 * SMAIL__SEARCH_MAX, NULL);
    smail__buf_append(&text, value_of(reader));
    if (reader->token.len == strlen("2026-11-23"))
        smail__buf_puts(&text, "T00:00:00Z");
    code = smail__buf_error(&text);
    if (code == 0)
        code =
            smail__date_parse_rfc3339(&filter->number, smail__buf_span(&text));
    smail__buf_dispose(&text);
    if (code != 0)
        return smail__fail(reader->err, SMAIL_EINVAL,
                           "%s: wants a day, as 2026-11-23", term->name);
    return 0;
}

/* "500", "10K", "2M", "1G". */
static int read_size(struct smail__filter *filter, struct reader *reader,
                     const struct term *term)
{
    static const char units[] = "kmg";
    smail_span digits = value_of(reader);
    unsigned shift = 0;
    uint64_t number;

    for (unsigned i = 0; digits.len > 0 && units[i] != '\0'; i++)
        if (smail__lower(digits.data[digits.len - 1]) == units[i]) {
            shift = 10 * (i + 1);
            digits.len--;
            break;
        }
    if (smail__span_number(&number, digits) != 0 ||
        number > (uint64_t)INT64_MAX >> (shift + 1))
        return smail__fail(reader->err, SMAIL_EINVAL,
                           "%s: wants octets, as 500K or 10M", term->name);
    filter->number = (int64_t)(number << shift);
    return 0;
}

/* --- Conditions ---------------------------------------------------------- */

static const struct term terms[] = {
    { "from", read_words, SMAIL__FILTER_FROM, NULL },
    { "to", read_words, SMAIL__FILTER_TO, NULL },
    { "cc", read_field, SMAIL__FILTER_HEADER, "Cc" },
    { "bcc", read_field, SMAIL__FILTER_HEADER, "Bcc" },
    { "subject", read_words, SMAIL__FILTER_SUBJECT, NULL },
    { "body", read_words, SMAIL__FILTER_BODY, NULL },
    { "in", read_in, SMAIL__FILTER_IN_MAILBOX, NULL },
    { "is", read_is, SMAIL__FILTER_KEYWORD, NULL },
    { "has", read_has, SMAIL__FILTER_HAS_ATTACHMENT, NULL },
    { "keyword", read_keyword, SMAIL__FILTER_KEYWORD, NULL },
    { "before", read_day, SMAIL__FILTER_BEFORE, NULL },
    { "after", read_day, SMAIL__FILTER_AFTER, NULL },
    { "larger", read_size, SMAIL__FILTER_MIN_SIZE, NULL },
    { "smaller", read_size, SMAIL__FILTER_MAX_SIZE, NULL },
};

static const struct term any_words = { NULL, read_words, SMAIL__FILTER_TEXT,
                                       NULL };

/* Cut "name:" off, when it is one of ours; "https://..." is a word. */
static const struct term *cut_name(smail_span *left)
{
    size_t len = smail__span_find(*left, ':');

    if (len == left->len)
        return &any_words;
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
        if (smail__span_iis(smail__span_slice(*left, 0, len), terms[i].name)) {
            *left = smail__span_from(*left, len + 1);
            return &terms[i];
        }
    return &any_words;
}

/* What was read is complete: no OR joins it any more. */
static void settle(struct reader *reader)
{
    if (reader->last != NULL)
        smail__filter_add(reader->all, reader->last);
    reader->last = NULL;
}

static int join(struct reader *reader, struct smail__filter *filter)
{
    if (reader->last->kind != SMAIL__FILTER_OR) {
        struct smail__filter *either = smail__filter_new(SMAIL__FILTER_OR);

        if (either == NULL) {
            smail__filter_free(filter);
            return no_memory(reader);
        }
        smail__filter_add(either, reader->last);
        reader->last = either;
    }
    smail__filter_add(reader->last, filter);
    return 0;
}

static int turn(struct smail__filter **filter, struct reader *reader)
{
    struct smail__filter *not = smail__filter_new(SMAIL__FILTER_NOT);

    if (not == NULL)
        return no_memory(reader);
    smail__filter_add(not, *filter);
    *filter = not ;
    return 0;
}

static int read_value(struct smail__filter *filter, struct reader *reader,
                      const struct term *term)
{
    bool is_there = reader->left.len > 0 &&
                    !smail__is_space(reader->left.data[0]) &&
                    smail__search_next(&reader->token, &reader->left);

    if (!is_there || reader->token.len == 0)
        return smail__fail(reader->err, SMAIL_EINVAL,
                           "%s: wants something behind it", term->name);
    return term->read(filter, reader, term);
}

static int read_condition(struct smail__filter **out, struct reader *reader)
{
    bool is_turned = reader->left.data[0] == '-' && reader->left.len > 1 &&
                     (unsigned char)reader->left.data[1] > ' ';
    const struct term *term;
    int code;

    if (++reader->count > SMAIL__SEARCH_WORDS_MAX)
        return smail__fail(reader->err, SMAIL_EINVAL,
                           "a search has at most %d words and conditions",
                           SMAIL__SEARCH_WORDS_MAX);
    if (is_turned)
        reader->left = smail__span_from(reader->left, 1);
    term = cut_name(&reader->left);
    *out = smail__filter_new(term->kind);
    if (*out == NULL)
        return no_memory(reader);
    (*out)->is_exact = true;
    code = read_value(*out, reader, term);
    reader->word = code == 0 && term == &any_words && !is_turned ? *out : NULL;
    if (code == 0 && is_turned)
        code = turn(out, reader);
    if (code < 0)
        smail__filter_free(*out);
    return code;
}

static bool skip_or(struct reader *reader)
{
    smail_span left = reader->left;

    if (left.len < 3 || memcmp(left.data, "OR", 2) != 0 ||
        !smail__is_space(left.data[2]))
        return false;
    reader->left = smail__span_trim(smail__span_from(left, 2));
    return reader->left.len > 0;
}

static int read_all(struct reader *reader)
{
    int code = 0;

    reader->left = smail__span_trim(reader->left);
    while (code == 0 && reader->left.len > 0) {
        struct smail__filter *filter;
        bool either = reader->last != NULL && skip_or(reader);

        code = read_condition(&filter, reader);
        reader->left = smail__span_trim(reader->left);
        if (code < 0)
            break;
        if (either) {
            code = join(reader, filter);
        } else {
            settle(reader);
            reader->last = filter;
        }
    }
    settle(reader);
    return code;
}

int smail__search_read(struct smail__filter **out, smail_store *store,
                       smail_id account, smail_span text, bool is_open,
                       smail_error *err)
{
    struct reader reader = {
        .store = store, .account = account, .left = text, .err = err
    };
    int code;

    if (reader.left.len > SMAIL__SEARCH_MAX)
        return smail__fail(err, SMAIL_EINVAL, "a search has at most %d octets",
                           SMAIL__SEARCH_MAX);
    if (!smail__utf8_valid(reader.left))
        return smail__fail(err, SMAIL_EINVAL, "the search is not UTF-8");
    reader.all = smail__filter_new(SMAIL__FILTER_AND);
    if (reader.all == NULL)
        return no_memory(&reader);
    code = read_all(&reader);
    if (code == 0 && is_open && reader.word != NULL)
        reader.word->is_exact = false;
    if (code == 0)
        *out = reader.all;
    else
        smail__filter_free(reader.all);
    return code;
}
