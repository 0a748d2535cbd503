/* SPDX-License-Identifier: MIT */
/*
 * jmap/snippet.c - what of a message matches a search (RFC 8621, 5): the
 * subject and a piece of the text, HTML-escaped, with the words marked.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "jmap/email_filter.h"
#include "jmap/method.h"
#include "jmap/view.h"
#include "message/header.h"
#include "message/word.h"

/* RFC 8621, 5: a snippet has at most 255 octets. */
#define SNIPPET_MAX ((size_t)255)

/* Words of the filter, messages of one call, text that is looked through. */
#define WORDS_MAX 20
#define EMAILS_MAX 100
#define TEXT_MAX ((size_t)1024 * 1024)

struct words {
    smail_span list[WORDS_MAX];
    size_t count;
};

static void add_words(struct words *words, const char *text)
{
    smail_span left = smail__span(text);

    while (left.len > 0 && words->count < WORDS_MAX) {
        smail_span word = smail__span_trim(smail__span_cut(&left, ' '));

        if (word.len > 0)
            words->list[words->count++] = word;
    }
}

/* Of all conditions that look for words and are not negated. */
static void collect(struct words *words, const struct smail__filter *filter)
{
    for (; filter != NULL; filter = filter->next) {
        if (filter->kind == SMAIL__FILTER_NOT)
            continue;
        if (filter->kind == SMAIL__FILTER_TEXT ||
            filter->kind == SMAIL__FILTER_BODY ||
            filter->kind == SMAIL__FILTER_SUBJECT)
            add_words(words, filter->text);
        collect(words, filter->first);
    }
}

/* Length of the word that stands at the front; 0: none. */
static size_t word_at(const struct words *words, smail_span text)
{
    for (size_t i = 0; i < words->count; i++)
        if (smail__span_iequal(smail__span_slice(text, 0, words->list[i].len),
                               words->list[i]))
            return words->list[i].len;
    return 0;
}

static bool is_word_start(smail_span text, size_t at)
{
    return at == 0 || (!smail__is_alnum(text.data[at - 1]) &&
                       (unsigned char)text.data[at - 1] < 0x80);
}

static size_t find_first(const struct words *words, smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_word_start(text, i) &&
            word_at(words, smail__span_from(text, i)) > 0)
            return i;
    return text.len;
}

static void put_escaped(struct smail__buf *out, char byte)
{
    if (byte == '<')
        smail__buf_puts(out, "&lt;");
    else if (byte == '>')
        smail__buf_puts(out, "&gt;");
    else if (byte == '&')
        smail__buf_puts(out, "&amp;");
    else if (byte == '"')
        smail__buf_puts(out, "&quot;");
    else
        smail__buf_putc(out, (unsigned char)byte < ' ' ? ' ' : byte);
}

/* From `start` on as much as fits, marks around the words. */
static void put_marked(struct smail__buf *out, const struct words *words,
                       smail_span text, size_t start)
{
    while (start < text.len) {
        smail_span rest = smail__span_from(text, start);
        size_t len = is_word_start(text, start) ? word_at(words, rest) : 0;
        bool marked = len > 0;
        uint32_t code;

        if (!marked)
            len = smail__utf8_next(&code, rest);
        if (len == 0)
            len = 1;
        if (out->len + 6 * len + 13 > SNIPPET_MAX)
            return;
        if (marked)
            smail__buf_puts(out, "<mark>");
        for (size_t i = 0; i < len; i++)
            put_escaped(out, rest.data[i]);
        if (marked)
            smail__buf_puts(out, "</mark>");
        start += len;
    }
}

/* Null when nothing in it matches. */
static void put_snippet(struct smail__json *json, const struct words *words,
                        smail_span text)
{
    size_t first = find_first(words, text);
    size_t start = first > 40 ? first - 40 : 0;
    struct smail__buf out;

    if (words->count == 0 || first == text.len) {
        smail__json_null(json);
        return;
    }
    while (start > 0 && start < first && text.data[start] != ' ')
        start++; /* not in the middle of a word, nor of a character */
    smail__buf_init(&out, SNIPPET_MAX, NULL);
    put_marked(&out, words, text, start);
    smail__json_text(json, smail__buf_span(&out));
    smail__buf_dispose(&out);
}

static int put_subject(struct smail__json *json, const struct words *words,
                       struct smail__jmap_view *view, smail_error *err)
{
    smail_span header, value = { NULL, 0 };
    struct smail__buf text;
    int code = smail__jmap_view_header(&header, view, err);

    if (code < 0)
        return code;
    (void)smail__header_find(&value, header, "Subject", 0);
    smail__buf_init(&text, TEXT_MAX, NULL);
    smail__words_display(&text, value);
    put_snippet(json, words, smail__buf_span(&text));
    smail__buf_dispose(&text);
    return 0;
}

/* The first part of the text that has a word. */
static int put_preview(struct smail__json *json, const struct words *words,
                       struct smail__jmap_view *view, smail_error *err)
{
    smail_message *message;
    const size_t *parts;
    size_t count;
    int code = smail__jmap_view_message(&message, view, err);

    if (code < 0)
        return code;
    parts = smail_message_body(&count, message, SMAIL_BODY_TEXT);
    for (size_t i = 0; i < count; i++) {
        const smail_part *part = smail_message_part(message, parts[i]);
        smail_buf text = SMAIL_BUF_INIT;
        smail_span span;

        if (!smail__span_is(smail__span(part->type), "text/plain"))
            continue;
        code = smail_message_text(&text, message, parts[i], err);
        if (code < 0)
            return code;
        span = smail__span_slice(smail__span_of(&text), 0, TEXT_MAX);
        if (find_first(words, span) < span.len) {
            put_snippet(json, words, span);
            smail_buf_dispose(&text);
            return 0;
        }
        smail_buf_dispose(&text);
    }
    smail__json_null(json);
    return 0;
}

static int put_one(struct smail__jmap_call *call, const struct words *words,
                   struct smail__jmap_view *view, smail_error *err)
{
    char id[SMAIL__JMAP_ID_SIZE];
    int code;

    smail__json_begin_object(&call->json);
    smail__json_key(&call->json, "emailId");
    smail__json_string(
        &call->json, smail__jmap_id_text(id, SMAIL__JMAP_EMAIL, view->row.id));
    smail__json_key(&call->json, "subject");
    code = put_subject(&call->json, words, view, err);
    smail__json_key(&call->json, "preview");
    if (code == 0)
        code = put_preview(&call->json, words, view, err);
    smail__json_end_object(&call->json);
    return code;
}

static int put_list(struct smail__jmap_call *call, struct smail__db *db,
                    const struct words *words,
                    const struct smail__json_value *ids, smail_error *err)
{
    struct smail__jmap_view view;
    struct smail__buf missing;
    struct smail__json missing_json;
    size_t count = smail__json_count(ids);
    int code = 0;

    smail__buf_init(&missing, (size_t)1024 * 1024, NULL);
    smail__json_init(&missing_json, &missing);
    smail__json_begin_array(&missing_json);
    smail__jmap_view_init(&view, call->jmap, db);
    for (size_t i = 0; code == 0 && i < count; i++) {
        smail_span text = { NULL, 0 };
        smail_id id;

        (void)smail__json_as_text(&text, smail__json_at(ids, i));
        if (smail__jmap_id(&id, call, SMAIL__JMAP_EMAIL, text))
            code = smail__jmap_view_email(&view, call->account, id, err);
        if (code > 0)
            code = put_one(call, words, &view, err);
        else if (code == 0)
            smail__json_text(&missing_json, text);
    }
    smail__jmap_view_dispose(&view);
    smail__json_end_array(&missing_json);
    smail__json_end_array(&call->json);
    smail__json_key(&call->json, "notFound");
    smail__json_raw(&call->json, smail__buf_span(&missing));
    smail__buf_dispose(&missing);
    return code;
}

static int run(struct smail__jmap_call *call,
               const struct smail__filter *filter,
               const struct smail__json_value *ids, smail_error *err)
{
    struct words words = { .count = 0 };
    char account[SMAIL__JMAP_ID_SIZE];
    struct smail__db *db;
    int code = smail__store_begin_read(&db, call->jmap->store, err);

    if (code < 0)
        return code;
    collect(&words, filter);
    smail__json_begin_object(&call->json);
    smail__json_key(&call->json, "accountId");
    smail__json_string(
        &call->json,
        smail__jmap_id_text(account, SMAIL__JMAP_ACCOUNT, call->account));
    smail__json_key(&call->json, "list");
    smail__json_begin_array(&call->json);
    code = put_list(call, db, &words, ids, err);
    smail__json_end_object(&call->json);
    smail__store_end_read(call->jmap->store, db);
    return code;
}

int smail__jmap_snippet_get(struct smail__jmap_call *call, smail_error *err)
{
    const struct smail__json_value *ids = NULL, *value = NULL;
    struct smail__filter *filter = NULL;
    int code = smail__jmap_arg_of(&ids, call, "emailIds", SMAIL__JSON_ARRAY);

    if (code == 0)
        code = smail__jmap_arg_of(&value, call, "filter", SMAIL__JSON_OBJECT);
    if (code == 0 && ids == NULL)
        code =
            smail__jmap_fail(call, "invalidArguments", "emailIds is missing");
    if (code == 0 && smail__json_count(ids) > EMAILS_MAX)
        code = smail__jmap_fail(call, "requestTooLarge",
                                "at most %d messages at once", EMAILS_MAX);
    if (code == 0)
        code = smail__jmap_email_filter(&filter, call, value, err);
    if (code == 0)
        code = run(call, filter, ids, err);
    smail__filter_free(filter);
    return code;
}
