/* SPDX-License-Identifier: MIT */
/*
 * message/body.c - which parts a reader shows: textBody, htmlBody and
 * attachments (RFC 8621, 4.1.4), as that section's algorithm has them, with a
 * stack of our own in place of its recursion.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "message/parse.h"

struct lists {
    smail_message *message;
    size_t *text, *html, *attachments;
    size_t text_count, html_count, attachment_count;
};

/* What the algorithm knows on its way down. */
struct context {
    bool in_alternative;
    bool text_open; /* the list still takes parts */
    bool html_open;
};

static bool is_type(const smail_part *part, const char *type)
{
    return strcmp(part->type, type) == 0;
}

static bool begins(const char *text, const char *prefix)
{
    return smail__span_istarts(smail__span(text), prefix);
}

static bool is_inline_media(const smail_part *part)
{
    return begins(part->type, "image/") || begins(part->type, "audio/") ||
           begins(part->type, "video/");
}

/* RFC 8621, 4.1.4: shown in the text, unless it is meant to be saved, is not
 * of a kind that shows, or follows another part with a name of its own. */
static bool is_inline(const smail_part *part, size_t position,
                      const smail_part *around)
{
    bool shows = is_type(part, "text/plain") || is_type(part, "text/html") ||
                 is_inline_media(part);

    if (part->disposition != NULL &&
        strcmp(part->disposition, "attachment") == 0)
        return false;
    if (!shows)
        return false;
    if (position == 0)
        return true;
    return !(around != NULL && is_type(around, "multipart/related")) &&
           (is_inline_media(part) || part->name == NULL);
}

static void attach(struct lists *lists, size_t index)
{
    lists->attachments[lists->attachment_count++] = index;
}

/* In an alternative each kind has its own list. */
static void choose(struct lists *lists, size_t index)
{
    const smail_part *part = &lists->message->parts[index];

    if (is_type(part, "text/plain"))
        lists->text[lists->text_count++] = index;
    else if (is_type(part, "text/html"))
        lists->html[lists->html_count++] = index;
    else
        attach(lists, index);
}

/* `context` is that of the multipart around: what is found here closes a list
 * for the parts that follow in it. */
static void place_leaf(struct lists *lists, struct context *context,
                       size_t index, size_t position, const smail_part *around)
{
    const smail_part *part = &lists->message->parts[index];

    if (!is_inline(part, position, around)) {
        attach(lists, index);
        return;
    }
    if (around != NULL && is_type(around, "multipart/alternative")) {
        choose(lists, index);
        return;
    }
    if (context->in_alternative && is_type(part, "text/plain"))
        context->html_open = false;
    if (context->in_alternative && is_type(part, "text/html"))
        context->text_open = false;
    if (context->text_open)
        lists->text[lists->text_count++] = index;
    if (context->html_open)
        lists->html[lists->html_count++] = index;
    if ((!context->text_open || !context->html_open) && is_inline_media(part))
        attach(lists, index);
}

static size_t next_sibling(const smail_message *message, size_t index)
{
    size_t at = index + 1;

    while (at < message->structure.count &&
           message->parts[at].depth > message->parts[index].depth)
        at++;
    return at;
}

static void append_missing(size_t *to, size_t *to_count, const size_t *from,
                           size_t begin, size_t end)
{
    memcpy(to + *to_count, from + begin, (end - begin) * sizeof(*to));
    *to_count += end - begin;
}

/* The parts inside multipart `index`. Depth is bounded by the structure. */
static void walk(struct lists *lists, struct context context, size_t index)
{
    const smail_message *message = lists->message;
    const smail_part *around = &message->parts[index];
    bool alternative = is_type(around, "multipart/alternative");
    size_t text_before = lists->text_count;
    size_t html_before = lists->html_count;
    size_t end = next_sibling(message, index);
    size_t position = 0;

    for (size_t i = index + 1; i < end; i = next_sibling(message, i)) {
        const smail_part *part = &message->parts[i];

        if (part->is_multipart) {
            struct context inner = context;

            inner.in_alternative = context.in_alternative ||
                                   is_type(part, "multipart/alternative");
            walk(lists, inner, i);
        } else {
            place_leaf(lists, &context, i, position, around);
        }
        position++;
    }
    if (!alternative || !context.text_open || !context.html_open)
        return;
    /* One of the two was not offered: the other stands in for it. */
    if (lists->text_count == text_before && lists->html_count > html_before)
        append_missing(lists->text, &lists->text_count, lists->html,
                       html_before, lists->html_count);
    else if (lists->html_count == html_before &&
             lists->text_count > text_before)
        append_missing(lists->html, &lists->html_count, lists->text,
                       text_before, lists->text_count);
}

int smail__body_lists(smail_message *message)
{
    size_t room = 2 * message->structure.count;
    struct lists lists = { .message = message };
    struct context context = { .text_open = true, .html_open = true };

    for (size_t i = 0; i < 3; i++) {
        message->lists[i] = calloc(room, sizeof(size_t));
        if (message->lists[i] == NULL)
            return SMAIL_ENOMEM;
    }
    lists.text = message->lists[SMAIL_BODY_TEXT];
    lists.html = message->lists[SMAIL_BODY_HTML];
    lists.attachments = message->lists[SMAIL_BODY_ATTACHMENTS];
    if (message->parts[0].is_multipart) {
        context.in_alternative =
            is_type(&message->parts[0], "multipart/alternative");
        walk(&lists, context, 0);
    } else {
        place_leaf(&lists, &context, 0, 0, NULL);
    }
    message->list_counts[SMAIL_BODY_TEXT] = lists.text_count;
    message->list_counts[SMAIL_BODY_HTML] = lists.html_count;
    message->list_counts[SMAIL_BODY_ATTACHMENTS] = lists.attachment_count;
    return 0;
}
