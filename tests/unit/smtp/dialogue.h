/* SPDX-License-Identifier: MIT */
/*
 * dialogue.h - a client session under test: what the server says goes in, the
 * events come out as text, and so does what the client says.
 */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include <smtpmail/smtp_client.h>

#include "base/buf.h"
#include "base/span.h"

#define DIALOGUE_HELLO                             \
    "220 mx ESMTP\r\n250-mx\r\n250-PIPELINING\r\n" \
    "250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n"    \
    "250-STARTTLS\r\n250 8BITMIME\r\n"

struct dialogue {
    smail_smtp_client *client;
    struct smail__buf events;
};

static inline void dialogue_begin(struct dialogue *d,
                                  smail_smtp_client_options options)
{
    options.hostname = "c.example";
    assert_int_equal(smail_smtp_client_new(&d->client, &options), 0);
    smail__buf_init(&d->events, 100000, NULL);
}

static inline void dialogue_end(struct dialogue *d)
{
    smail_smtp_client_free(d->client);
    smail__buf_dispose(&d->events);
}

static inline void dialogue_note(struct dialogue *d,
                                 const smail_smtp_client_event *event)
{
    static const char *const names[] = {
        [SMAIL_SMTP_CLIENT_READY] = "ready",
        [SMAIL_SMTP_CLIENT_CHALLENGE] = "challenge",
        [SMAIL_SMTP_CLIENT_AUTH_DONE] = "auth",
        [SMAIL_SMTP_CLIENT_RECIPIENT] = "rcpt",
        [SMAIL_SMTP_CLIENT_SEND_BODY] = "body",
        [SMAIL_SMTP_CLIENT_SETTLED] = "settled",
        [SMAIL_SMTP_CLIENT_DONE] = "done",
        [SMAIL_SMTP_CLIENT_STARTTLS] = "starttls",
        [SMAIL_SMTP_CLIENT_CLOSE] = "close",
    };
    static const char *const reasons[] = {
        [SMAIL_SMTP_CLOSE_QUIT] = "quit",
        [SMAIL_SMTP_CLOSE_REFUSED] = "refused",
        [SMAIL_SMTP_CLOSE_NO_TLS] = "no-tls",
        [SMAIL_SMTP_CLOSE_NONSENSE] = "nonsense",
        [SMAIL_SMTP_CLOSE_ENDLESS] = "endless",
        [SMAIL_SMTP_CLOSE_CONTENT] = "content",
        [SMAIL_SMTP_CLOSE_ABANDONED] = "abandoned",
        [SMAIL_SMTP_CLOSE_NOMEM] = "nomem",
    };
    struct smail__buf *out = &d->events;

    smail__buf_puts(out, names[event->type]);
    switch (event->type) {
    case SMAIL_SMTP_CLIENT_RECIPIENT:
    case SMAIL_SMTP_CLIENT_SETTLED:
        smail__buf_printf(out, " %zu %d", event->recipient, event->reply.code);
        break;
    case SMAIL_SMTP_CLIENT_DONE:
    case SMAIL_SMTP_CLIENT_AUTH_DONE:
        smail__buf_printf(out, " %d", event->reply.code);
        break;
    case SMAIL_SMTP_CLIENT_CHALLENGE:
        smail__buf_printf(out, " %.*s", SMAIL__SPAN_ARG(event->challenge));
        break;
    case SMAIL_SMTP_CLIENT_CLOSE:
        smail__buf_printf(out, " %s", reasons[event->reason]);
        break;
    default:
        break;
    }
    smail__buf_puts(out, "; ");
}

/* Feed `text` and note events until nothing more comes. */
static inline void dialogue_hear(struct dialogue *d, const char *text)
{
    smail_span input = smail__span(text);
    const smail_smtp_client_event *event;

    while (smail_smtp_client_feed(&event, d->client, &input) == 0 &&
           event->type != SMAIL_SMTP_CLIENT_NEED_INPUT &&
           event->type != SMAIL_SMTP_CLIENT_WAIT)
        dialogue_note(d, event);
}

/* Begin, and be greeted with these lines behind 250-, the last with "250 ". */
static inline void dialogue_greet(struct dialogue *d,
                                  smail_smtp_client_options options,
                                  const char *offer)
{
    smail_span said;

    dialogue_begin(d, options);
    dialogue_hear(d, "220 mx\r\n250-mx\r\n");
    dialogue_hear(d, offer);
    said = smail_smtp_client_output(d->client);
    smail_smtp_client_sent(d->client, said.len);
    assert_int_equal(d->events.len, strlen("ready; "));
    smail__buf_clear(&d->events);
}

/* These events came since the last look, and no others. */
#define assert_events(d, text)                                                \
    do {                                                                      \
        assert_string_equal((d)->events.data != NULL ? (d)->events.data : "", \
                            text);                                            \
        smail__buf_clear(&(d)->events);                                       \
    } while (0)

/* This was said since the last look. */
#define assert_said(d, text)                                             \
    do {                                                                 \
        smail_span said_ = smail_smtp_client_output((d)->client);        \
                                                                         \
        assert_string_equal(said_.data != NULL ? said_.data : "", text); \
        smail_smtp_client_sent((d)->client, said_.len);                  \
    } while (0)

#endif
