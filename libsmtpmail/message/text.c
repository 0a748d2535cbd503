/* SPDX-License-Identifier: MIT */
/*
 * message/text.c - text for lists and for the index: HTML stripped by libxml2
 * (which reads any HTML, never from the network), white space folded,
 * quotations left out of previews.
 */
#include <pthread.h>
#include <string.h>

#include <libxml/HTMLparser.h>
#include <libxml/xmlerror.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/parse.h"

/* What of one part is looked at for a preview. */
#define PREVIEW_INPUT_MAX 65536

/* HTML deeper than this is not a mail that a person wrote. */
#define HTML_DEPTH_MAX 256

struct sink {
    struct smail__buf *out;
    size_t max;
    int depth;
    int hidden; /* inside script, style and the like */
};

static bool is_hidden(const xmlChar *name)
{
    static const char *const names[] = { "script", "style",    "head",
                                         "title",  "template", "noscript" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (smail__span_iis(smail__span((const char *)name), names[i]))
            return true;
    return false;
}

/* Elements that stand in a line leave no gap; all others part words. */
static bool is_in_line(const xmlChar *name)
{
    static const char *const names[] = { "a",   "b",    "i",     "u",
                                         "em",  "span", "font",  "strong",
                                         "sub", "sup",  "small", "big",
                                         "s" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (smail__span_iis(smail__span((const char *)name), names[i]))
            return true;
    return false;
}

static void on_start(void *user, const xmlChar *name,
                     const xmlChar **attributes)
{
    struct sink *sink = user;

    (void)attributes;
    sink->depth++;
    if (is_hidden(name))
        sink->hidden++;
    if (!is_in_line(name) && sink->out->len < sink->max)
        smail__buf_putc(sink->out, '\n');
}

static void on_end(void *user, const xmlChar *name)
{
    struct sink *sink = user;

    sink->depth--;
    if (is_hidden(name) && sink->hidden > 0)
        sink->hidden--;
    if (!is_in_line(name) && sink->out->len < sink->max)
        smail__buf_putc(sink->out, '\n');
}

static void on_text(void *user, const xmlChar *text, int len)
{
    struct sink *sink = user;

    if (sink->hidden == 0 && sink->depth < HTML_DEPTH_MAX &&
        sink->out->len < sink->max)
        smail__buf_append(sink->out,
                          (smail_span){ (const char *)text, (size_t)len });
}

/* libxml2 sets itself up at the first use, which may be two at once. */
static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, xmlInitParser);
}

void smail__html_to_text(struct smail__buf *out, smail_span html, size_t max)
{
    struct sink sink = { .out = out, .max = max };
    xmlSAXHandler handler = {
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
    };

    init();
    htmlParserCtxtPtr context = htmlCreatePushParserCtxt(
        &handler, &sink, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);

    if (context == NULL)
        return;
    /* It is UTF-8 by now, whatever a <meta> in it says. */
    (void)htmlCtxtUseOptions(
        context, HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
                     HTML_PARSE_NOWARNING | HTML_PARSE_IGNORE_ENC);
    while (html.len > 0 && out->len < max) {
        int len = html.len < 4096 ? (int)html.len : 4096;

        (void)htmlParseChunk(context, html.data, len, 0);
        html = smail__span_from(html, (size_t)len);
    }
    (void)htmlParseChunk(context, NULL, 0, 1);
    if (context->myDoc != NULL)
        xmlFreeDoc(context->myDoc);
    htmlFreeParserCtxt(context);
}

/* A line that answers, not one that is answered. */
static bool is_quotation(smail_span line)
{
    return line.len > 0 && line.data[0] == '>';
}

/* Folded to one line, at most `max` octets, cut between code points. */
static void fold(struct smail__buf *out, smail_span text, size_t max)
{
    bool blank = false;

    while (text.len > 0 && out->len <= max) {
        uint32_t code_point = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&code_point, text);

        text = smail__span_from(text, len > 0 ? len : 1);
        if (code_point <= ' ' || code_point == 0xa0 || code_point == 0x200b ||
            code_point == 0xfeff || code_point == 0x200c ||
            (code_point >= 0x7f && code_point < 0xa0)) {
            blank = out->len > 0;
            continue;
        }
        if (blank)
            smail__buf_putc(out, ' ');
        blank = false;
        smail__utf8_put(out, code_point);
    }
    smail__buf_truncate(out, smail__utf8_clip(smail__buf_span(out), max).len);
}

static void drop_quotations(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        smail_span line = smail__span_cut(&text, '\n');

        if (is_quotation(line))
            continue;
        smail__buf_append(out, line);
        smail__buf_putc(out, '\n');
    }
}

static int part_text(struct smail__buf *out, const smail_message *message,
                     size_t index, smail_error *err)
{
    smail_buf utf8 = SMAIL_BUF_INIT;
    int rc =
        smail__message_front(&utf8, message, index, 3 * PREVIEW_INPUT_MAX, err);

    if (rc != 0)
        return rc;
    smail_span text =
        smail__span_slice(smail__span_of(&utf8), 0, PREVIEW_INPUT_MAX);

    if (strcmp(message->parts[index].type, "text/html") == 0)
        smail__html_to_text(out, text, PREVIEW_INPUT_MAX);
    else
        drop_quotations(out, text);
    smail_buf_dispose(&utf8);
    return 0;
}

int smail_message_preview(smail_buf *out, const smail_message *message,
                          size_t max, smail_error *err)
{
    size_t count;
    const size_t *body = smail_message_body(&count, message, SMAIL_BODY_TEXT);
    struct smail__buf text;
    struct smail__buf folded;
    int rc = 0;

    smail__buf_init(&text, 4 * PREVIEW_INPUT_MAX, NULL);
    smail__buf_init(&folded, max + 8, NULL);
    for (size_t i = 0; rc == 0 && i < count && text.len < 4 * max; i++)
        if (smail__span_istarts(smail__span(message->parts[body[i]].type),
                                "text/"))
            rc = part_text(&text, message, body[i], err);
    if (rc == 0) {
        fold(&folded, smail__buf_span(&text), max);
        rc = smail__buf_move(out, &folded);
        if (rc != 0)
            rc = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    smail__buf_dispose(&folded);
    smail__buf_dispose(&text);
    return rc;
}
