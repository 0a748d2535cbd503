/* SPDX-License-Identifier: MIT */
/*
 * A client session and a server session talk to each other in memory: what
 * one says, the other hears, in chunks of random size. Every message has to
 * arrive at every recipient the server took, octet by octet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include <smtpmail/smtp_client.h>
#include <smtpmail/smtp_server.h>

#include "base/buf.h"
#include "base/span.h"

#define MAILS 12
#define RECIPIENTS_MAX 9
#define CONTENT_MAX 20000
#define PIPE_MAX 10000000
#define TURNS_MAX 2000000 /* then they are stuck */

/* One bout, and what is known on both sides. */
struct bout {
    smail_smtp_server *server;
    smail_smtp_client *client;
    struct smail__buf to_server; /* on the wire */
    struct smail__buf to_client;
    smail_smtp_client_options client_options;
    smail_smtp_server_options server_options;
    bool server_closed;
    bool client_closed;

    /* client side */
    unsigned mails; /* sent, or tried */
    bool logged_in;
    char content[CONTENT_MAX + 4];
    smail_span unsent;
    bool sending;
    size_t recipients;
    bool wanted[RECIPIENTS_MAX];
    size_t granted;

    /* server side */
    struct smail__buf got;
    size_t taken;    /* recipients of this mail */
    unsigned stored; /* mails */
    unsigned settled;
    unsigned expected; /* mails that had to arrive */
};

static size_t chance(size_t n)
{
    return (size_t)rand() % n;
}

/* --- the server's side ----------------------------------------------------- */

static void decide(struct bout *b, smail_smtp_event_type type, bool wanted)
{
    switch (type) {
    case SMAIL_SMTP_MAIL:
        b->taken = 0;
        smail__buf_clear(&b->got);
        break;
    case SMAIL_SMTP_RCPT:
        if (!wanted) {
            assert_int_equal(smail_smtp_server_reject(b->server, 550, "5.1.1",
                                                      "No such user"),
                             0);
            return;
        }
        b->taken++;
        break;
    case SMAIL_SMTP_END_OF_DATA:
        assert_int_equal(b->got.len, strlen(b->content));
        assert_memory_equal(b->got.data != NULL ? b->got.data : "", b->content,
                            b->got.len);
        assert_int_equal(b->taken, b->granted);
        b->stored++;
        break;
    default:
        break;
    }
    assert_int_equal(smail_smtp_server_accept(b->server), 0);
}

/* LOGIN asks twice; PLAIN has no initial response here, so it asks once. */
static void authenticate(struct bout *b, const smail_smtp_auth *auth)
{
    bool login = smail__span_is(auth->mechanism, "LOGIN");

    if (auth->initial)
        assert_int_equal(
            smail_smtp_server_challenge(b->server, login ? SMAIL__SPAN("User:")
                                                         : SMAIL__SPAN("")),
            0);
    else if (smail__span_is(auth->response, "alice"))
        assert_int_equal(
            smail_smtp_server_challenge(b->server, SMAIL__SPAN("Password:")),
            0);
    else
        assert_int_equal(smail_smtp_server_accept(b->server), 0);
}

static bool is_wanted(const smail_smtp_event *event)
{
    return event->type != SMAIL_SMTP_RCPT ||
           event->rcpt.recipient.local.data[0] == 'y';
}

static void on_server_event(struct bout *b, const smail_smtp_event *event)
{
    switch (event->type) {
    case SMAIL_SMTP_BODY:
        smail__buf_append(&b->got, event->body);
        break;
    case SMAIL_SMTP_STARTTLS: /* what is on the wire now is the 220 alone */
        smail__buf_clear(&b->to_server);
        assert_int_equal(smail_smtp_server_secured(b->server), 0);
        break;
    case SMAIL_SMTP_CLOSE:
        b->server_closed = true;
        break;
    case SMAIL_SMTP_RESET:
        break;
    case SMAIL_SMTP_AUTH:
        authenticate(b, &event->auth);
        break;
    default:
        decide(b, event->type, is_wanted(event));
    }
}

static void serve(struct bout *b)
{
    smail_span all = smail__buf_span(&b->to_server);
    smail_span input = smail__span_slice(all, 0, 1 + chance(200));
    size_t len = input.len;
    const smail_smtp_event *event;

    for (;;) {
        assert_int_equal(smail_smtp_server_feed(&event, b->server, &input), 0);
        if (event->type == SMAIL_SMTP_NEED_INPUT ||
            event->type == SMAIL_SMTP_WAIT)
            break;
        if (event->type == SMAIL_SMTP_STARTTLS)
            len = 0; /* all of the wire is dropped */
        on_server_event(b, event);
        if (chance(3) == 0)
            break; /* the rest another time */
    }
    if (len > 0)
        smail__buf_consume(&b->to_server, len - input.len);

    smail_span output = smail__span_slice(smail_smtp_server_output(b->server),
                                          0, 1 + chance(100));

    smail__buf_append(&b->to_client, output);
    smail_smtp_server_sent(b->server, output.len);
}

/* --- the client's side ----------------------------------------------------- */

/* Lines of all kinds, many of them beginning with dots. */
static void invent_content(struct bout *b)
{
    size_t wanted = chance(10) == 0 ? 0 : chance(CONTENT_MAX);
    size_t len = 0;

    while (len < wanted) {
        size_t run = chance(90);

        while (chance(4) == 0 && len < wanted)
            b->content[len++] = '.';
        while (run-- > 0 && len < wanted)
            b->content[len++] =
                (char)(chance(20) != 0 ? 'a' + chance(26) : 0x80 + chance(127));
        b->content[len++] = '\r';
        b->content[len++] = '\n';
    }
    b->content[len] = '\0';
    b->unsent = (smail_span){ b->content, len };
}

/* Recipients whose name begins with `y` are good, those with `n` are not. */
static void send_mail(struct bout *b)
{
    static const smail_span domain = { "mx.example", 10 };
    char names[RECIPIENTS_MAX][8];
    smail_smtp_rcpt rcpts[RECIPIENTS_MAX] = { { .notify = 0 } };
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    envelope.recipients = rcpts;
    b->recipients = envelope.count = 1 + chance(RECIPIENTS_MAX);
    b->granted = 0;
    for (size_t i = 0; i < envelope.count; i++) {
        b->wanted[i] = chance(3) != 0;
        b->granted += b->wanted[i];
        snprintf(names[i], sizeof(names[i]), "%c%u", b->wanted[i] ? 'y' : 'n',
                 (unsigned)i);
        rcpts[i].recipient = (smail_path){ smail__span(names[i]), domain };
    }
    invent_content(b);
    if (chance(2) == 0)
        envelope.mail.sender = (smail_path){ SMAIL__SPAN("\"a b\""), domain };
    envelope.mail.size = b->unsent.len;
    envelope.mail.body = SMAIL_SMTP_BODY_8BITMIME;
    b->expected += b->granted > 0;
    b->mails++;
    assert_int_equal(smail_smtp_client_send(b->client, &envelope), 0);
}

static void on_ready(struct bout *b)
{
    if (b->server_options.require_auth && !b->logged_in)
        assert_int_equal(smail_smtp_client_auth(
                             b->client, chance(2) ? "PLAIN" : "LOGIN", NULL),
                         0);
    else if (b->mails < MAILS)
        send_mail(b);
    else
        assert_int_equal(smail_smtp_client_quit(b->client), 0);
}

static void on_challenge(struct bout *b, smail_span challenge)
{
    smail_span response = SMAIL__SPAN("sesame");

    if (smail__span_is(challenge, "User:"))
        response = SMAIL__SPAN("alice");
    assert_int_equal(smail_smtp_client_respond(b->client, response), 0);
}

static void on_done(struct bout *b, const smail_smtp_client_event *event)
{
    assert_int_equal(event->reply.code / 100, b->granted > 0 ? 2 : 5);
    if (b->client_options.protocol == SMAIL_SMTP_PROTOCOL_LMTP)
        assert_int_equal(b->settled, b->granted);
    b->settled = 0;
}

static void on_client_event(struct bout *b,
                            const smail_smtp_client_event *event)
{
    switch (event->type) {
    case SMAIL_SMTP_CLIENT_READY:
        on_ready(b);
        break;
    case SMAIL_SMTP_CLIENT_CHALLENGE:
        on_challenge(b, event->challenge);
        break;
    case SMAIL_SMTP_CLIENT_AUTH_DONE:
        assert_int_equal(event->reply.code, 235);
        b->logged_in = true;
        break;
    case SMAIL_SMTP_CLIENT_RECIPIENT:
        assert_int_equal(event->reply.code == 250, b->wanted[event->recipient]);
        break;
    case SMAIL_SMTP_CLIENT_SETTLED:
        assert_true(b->wanted[event->recipient]);
        assert_int_equal(event->reply.code, 250);
        b->settled++;
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        b->sending = true;
        break;
    case SMAIL_SMTP_CLIENT_DONE:
        on_done(b, event);
        break;
    case SMAIL_SMTP_CLIENT_STARTTLS:
        smail__buf_clear(&b->to_client);
        assert_int_equal(smail_smtp_client_secured(b->client), 0);
        break;
    default:
        assert_int_equal(event->reason, SMAIL_SMTP_CLOSE_QUIT);
        b->client_closed = true;
    }
}

static void send_content(struct bout *b)
{
    smail_span content = smail__span_slice(b->unsent, 0, 1 + chance(3000));
    size_t len = content.len;

    assert_int_equal(smail_smtp_client_body(b->client, &content), 0);
    b->unsent = smail__span_from(b->unsent, len - content.len);
    if (b->unsent.len > 0)
        return;
    b->sending = false;
    assert_int_equal(smail_smtp_client_body_end(b->client), 0);
}

static void ask(struct bout *b)
{
    smail_span all = smail__buf_span(&b->to_client);
    smail_span input = smail__span_slice(all, 0, 1 + chance(50));
    size_t len = input.len;
    const smail_smtp_client_event *event;

    for (;;) {
        assert_int_equal(smail_smtp_client_feed(&event, b->client, &input), 0);
        if (event->type == SMAIL_SMTP_CLIENT_NEED_INPUT ||
            event->type == SMAIL_SMTP_CLIENT_WAIT)
            break;
        if (event->type == SMAIL_SMTP_CLIENT_STARTTLS)
            len = 0;
        on_client_event(b, event);
    }
    if (len > 0)
        smail__buf_consume(&b->to_client, len - input.len);
    if (b->sending)
        send_content(b);

    smail_span output = smail__span_slice(smail_smtp_client_output(b->client),
                                          0, 1 + chance(2000));

    smail__buf_append(&b->to_server, output);
    smail_smtp_client_sent(b->client, output.len);
}

static void fight(struct bout *b)
{
    b->server_options.hostname = "mx.example";
    b->server_options.max_errors = 1000;
    b->server_options.auth_mechanisms = "PLAIN LOGIN";
    b->client_options.hostname = "client.example";
    b->client_options.protocol = b->server_options.protocol;
    smail__buf_init(&b->to_server, PIPE_MAX, NULL);
    smail__buf_init(&b->to_client, PIPE_MAX, NULL);
    smail__buf_init(&b->got, PIPE_MAX, NULL);
    assert_int_equal(smail_smtp_server_new(&b->server, &b->server_options), 0);
    assert_int_equal(smail_smtp_client_new(&b->client, &b->client_options), 0);
    for (int turn = 0; !b->client_closed; turn++) {
        assert_true(turn < TURNS_MAX);
        if (chance(2) == 0)
            serve(b);
        else
            ask(b);
    }
    assert_true(b->server_closed);
    assert_int_equal(b->mails, MAILS);
    assert_int_equal(b->stored, b->expected);
    smail_smtp_server_free(b->server);
    smail_smtp_client_free(b->client);
    smail__buf_dispose(&b->to_server);
    smail__buf_dispose(&b->to_client);
    smail__buf_dispose(&b->got);
}

/* Bit 0: LMTP, 1: no pipelining, 2: STARTTLS, 3: AUTH. */
static void every_mail_arrives(void **state)
{
    static struct bout b;

    (void)state;
    for (unsigned kind = 0; kind < 16; kind++) {
        memset(&b, 0, sizeof(b));
        srand(1000 + kind);
        b.server_options =
            (smail_smtp_server_options)SMAIL_SMTP_SERVER_OPTIONS_INIT;
        b.client_options =
            (smail_smtp_client_options)SMAIL_SMTP_CLIENT_OPTIONS_INIT;
        if ((kind & 1) != 0)
            b.server_options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
        b.client_options.no_pipelining = (kind & 2) != 0;
        b.server_options.offer_starttls = (kind & 4) != 0;
        b.server_options.require_tls = (kind & 4) != 0;
        b.client_options.tls = SMAIL_SMTP_TLS_IF_OFFERED;
        b.server_options.auth_without_tls = true;
        b.server_options.require_auth = (kind & 8) != 0;
        fight(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mail_arrives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
