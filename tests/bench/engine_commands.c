/* SPDX-License-Identifier: MIT */
/*
 * engine_commands.c - pipelined commands through the server session, beside a
 * bare loop that finds each line by memchr() and looks its verb up in a switch.
 *
 * The session checks line ends, order, grammar and limits, asks its caller
 * about each mail and recipient, and writes the replies; the loop does none of
 * it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpmail/smtp_server.h>

#include "stopwatch.h"

#define PIECE 16384 /* octets that arrive at a time */
#define COMMANDS 4000000

struct bench {
    char text[PIECE + 200];
    size_t len;
    size_t commands; /* in `text` */
};

static void die(const char *what)
{
    fprintf(stderr, "engine_commands: %s\n", what);
    exit(1);
}

/* Feed it all, say yes to everything; octets of replies. */
static uint64_t feed(smail_smtp_server *session, const char *text, size_t len)
{
    smail_span input = { text, len };
    const smail_smtp_event *event;
    uint64_t said = 0;

    while (smail_smtp_server_feed(&event, session, &input) == 0) {
        switch (event->type) {
        case SMAIL_SMTP_NEED_INPUT:
        case SMAIL_SMTP_WAIT:
            said += smail_smtp_server_output(session).len;
            smail_smtp_server_sent(session,
                                   smail_smtp_server_output(session).len);
            if (event->type == SMAIL_SMTP_NEED_INPUT)
                return said;
            break;
        case SMAIL_SMTP_RESET:
            break;
        case SMAIL_SMTP_CLOSE:
            die("the session ended");
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
    static const char hello[] = "EHLO a.example\r\n";
    smail_smtp_server *session;
    uint64_t said = 0;

    options.hostname = "mx.example";
    options.max_commands = UINT32_MAX;
    options.max_errors = 1;
    if (smail_smtp_server_new(&session, &options) != 0)
        die("no memory");
    (void)feed(session, hello, sizeof(hello) - 1);
    for (size_t i = 0; i < COMMANDS / bench->commands; i++)
        said += feed(session, bench->text, bench->len);
    smail_smtp_server_free(session);
    return said;
}

#define VERB(a, b, c, d)                                        \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | \
     (uint32_t)(d) << 24)

static unsigned look_up(const char *line, size_t len)
{
    uint32_t verb;

    if (len < 4)
        return 0;
    memcpy(&verb, line, sizeof(verb));
    switch (verb & 0xdfdfdfdf) {
    case VERB('H', 'E', 'L', 'O'):
        return 1;
    case VERB('E', 'H', 'L', 'O'):
        return 2;
    case VERB('M', 'A', 'I', 'L'):
        return 3;
    case VERB('R', 'C', 'P', 'T'):
        return 4;
    case VERB('D', 'A', 'T', 'A'):
        return 5;
    case VERB('R', 'S', 'E', 'T'):
        return 6;
    case VERB('N', 'O', 'O', 'P'):
        return 7;
    case VERB('Q', 'U', 'I', 'T'):
        return 8;
    case VERB('V', 'R', 'F', 'Y'):
        return 9;
    default:
        return 0;
    }
}

static uint64_t yardstick(void *user)
{
    const struct bench *bench = user;
    uint64_t counts[10] = { 0 };

    for (size_t i = 0; i < COMMANDS / bench->commands; i++) {
        const char *at = bench->text;
        const char *end = at + bench->len;

        while (at < end) {
            const char *lf = memchr(at, '\n', (size_t)(end - at));

            if (lf == NULL)
                break;
            counts[look_up(at, (size_t)(lf - at))]++;
            at = lf + 1;
        }
    }
    return counts[3] * 3 + counts[4] * 5 + counts[7];
}

static void fill(struct bench *bench, const char *const *lines, size_t count)
{
    bench->len = 0;
    bench->commands = 0;
    while (bench->len < PIECE - 1000)
        for (size_t i = 0; i < count; i++) {
            size_t len = strlen(lines[i]);

            memcpy(bench->text + bench->len, lines[i], len);
            bench->len += len;
            bench->commands++;
        }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
    static struct bench bench;
    static const char *const idle[] = { "NOOP\r\n", "RSET\r\n", "NOOP\r\n",
                                        "VRFY alice\r\n" };
    static const char *const envelope[] = {
        "MAIL FROM:<alice@example.org> SIZE=4096\r\n",
        "RCPT TO:<bob@example.org>\r\n", "RCPT TO:<carol@example.org>\r\n",
        "RCPT TO:<dave@example.org>\r\n", "RSET\r\n"
    };
    static const char *const mixed[] = { "NOOP\r\n",
                                         "MAIL FROM:<alice@example.org>\r\n",
                                         "RCPT TO:<bob@example.org>\r\n",
                                         "NOOP\r\n",
                                         "RSET\r\n",
                                         "NOOP\r\n" };

    fill(&bench, idle, COUNT(idle));
    stopwatch_compare("NOOP, RSET, VRFY", COMMANDS / 1e6, "M/s", ours,
                      yardstick, &bench);
    fill(&bench, envelope, COUNT(envelope));
    stopwatch_compare("MAIL, three RCPT, RSET", COMMANDS / 1e6, "M/s", ours,
                      yardstick, &bench);
    fill(&bench, mixed, COUNT(mixed));
    stopwatch_compare("mixed", COMMANDS / 1e6, "M/s", ours, yardstick, &bench);
    return 0;
}
