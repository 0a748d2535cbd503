/* SPDX-License-Identifier: MIT */
/*
 * engine_data.c - content through the server session, beside memchr() for LF
 * over the same bytes.
 *
 * The session looks for CR, LF, NUL and dots at the start of lines, counts, and
 * hands out runs; the yardstick finds line ends and does nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpmail/smtp_server.h>

#include "stopwatch.h"

#define PIECE 65536                       /* octets that arrive at a time */
#define TOTAL ((size_t)512 * 1024 * 1024) /* octets in one round */

struct bench {
    char content[PIECE];
    size_t len; /* of whole lines */
    const char *verb;
    const char *body;
};

static void die(const char *what)
{
    fprintf(stderr, "engine_data: %s\n", what);
    exit(1);
}

/* Feed it all, say yes to everything; octets of content. */
static uint64_t feed(smail_smtp_server *session, const char *text, size_t len)
{
    smail_span input = { text, len };
    const smail_smtp_event *event;
    uint64_t content = 0;

    while (smail_smtp_server_feed(&event, session, &input) == 0) {
        switch (event->type) {
        case SMAIL_SMTP_BODY:
            content += event->body.len;
            break;
        case SMAIL_SMTP_NEED_INPUT:
            smail_smtp_server_sent(session,
                                   smail_smtp_server_output(session).len);
            return content;
        case SMAIL_SMTP_RESET:
        case SMAIL_SMTP_CLOSE:
            die("the content was refused");
            break;
        default:
            smail_smtp_server_accept(session);
        }
    }
    die("no memory");
    return 0;
}

static uint64_t ours(void *user)
{
    const struct bench *bench = user;
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;
    char text[300];
    uint64_t content = 0;
    size_t rounds = TOTAL / bench->len;

    options.hostname = "mx.example";
    options.max_message_size = UINT64_MAX;
    options.offer_chunking = true;
    options.offer_binarymime = true;
    if (smail_smtp_server_new(&session, &options) != 0)
        die("no memory");
    (void)snprintf(text, sizeof(text),
                   "EHLO a.example\r\nMAIL FROM:<a@b.example> BODY=%s\r\n"
                   "RCPT TO:<c@d.example>\r\n",
                   bench->body);
    (void)feed(session, text, strlen(text));
    if (strcmp(bench->verb, "BDAT") == 0)
        (void)snprintf(text, sizeof(text), "BDAT %zu LAST\r\n",
                       rounds * bench->len);
    else
        (void)snprintf(text, sizeof(text), "DATA\r\n");
    (void)feed(session, text, strlen(text));
    for (size_t i = 0; i < rounds; i++)
        content += feed(session, bench->content, bench->len);
    if (content < rounds * bench->len / 2)
        die("content is missing");
    smail_smtp_server_free(session);
    return content;
}

static uint64_t yardstick(void *user)
{
    const struct bench *bench = user;
    uint64_t lines = 0;

    for (size_t i = 0; i < TOTAL / bench->len; i++) {
        const char *at = bench->content;
        const char *end = at + bench->len;

        while (at < end) {
            const char *lf = memchr(at, '\n', (size_t)(end - at));

            lines++;
            at = lf != NULL ? lf + 1 : end;
        }
    }
    return lines;
}

/* Lines of `shortest` to `longest` octets; each `dotted`th begins with dots. */
static void fill(struct bench *bench, size_t shortest, size_t longest,
                 int dotted)
{
    size_t len = 0;

    srand(1);
    for (int line = 1;; line++) {
        size_t octets = shortest + (size_t)rand() % (longest - shortest + 1);

        if (len + octets + 2 > sizeof(bench->content))
            break;
        for (size_t i = 0; i < octets; i++)
            bench->content[len + i] =
                (char)(rand() % 40 == 0  ? '.'
                       : rand() % 6 == 0 ? ' '
                                         : 'a' + rand() % 26);
        bench->content[len] = 'a';
        if (dotted > 0 && line % dotted == 0)
            memcpy(bench->content + len, "..", 2);
        memcpy(bench->content + len + octets, "\r\n", 2);
        len += octets + 2;
    }
    bench->len = len;
}

int main(void)
{
    static struct bench bench;
    static const struct {
        const char *title;
        const char *verb;
        const char *body;
        size_t shortest;
        size_t longest;
        int dotted;
    } cases[] = {
        { "DATA, lines of 78", "DATA", "8BITMIME", 78, 78, 0 },
        { "DATA, lines of 20 to 78", "DATA", "8BITMIME", 20, 78, 0 },
        { "DATA, every 20th line dotted", "DATA", "8BITMIME", 20, 78, 20 },
        { "DATA, lines of 998", "DATA", "8BITMIME", 998, 998, 0 },
        { "BDAT, lines of 78", "BDAT", "8BITMIME", 78, 78, 0 },
        { "BDAT, BINARYMIME", "BDAT", "BINARYMIME", 78, 78, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bench.verb = cases[i].verb;
        bench.body = cases[i].body;
        fill(&bench, cases[i].shortest, cases[i].longest, cases[i].dotted);
        stopwatch_compare(cases[i].title, (double)TOTAL / 1e9, "GB/s", ours,
                          yardstick, &bench);
    }
    return 0;
}
