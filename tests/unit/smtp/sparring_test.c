/* SPDX-License-Identifier: MIT */
/*
 * Every mail that a client session sends to a server session has to arrive at
 * every recipient the server took, octet by octet, whichever way it goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "smtp/sparring.h"

#define MAILS 8
#define RECIPIENTS_MAX 9
#define CONTENT_MAX 6000

/* One bout, and what is known on both sides. */
struct bout {
    struct ring ring; /* first */
    smail_smtp_client_options client_options;
    smail_smtp_server_options server_options;

    /* client side */
    unsigned mails; /* sent, or tried */
    bool logged_in;
    char content[CONTENT_MAX + 4];
    size_t content_len;
    smail_span unsent;
    bool sending;
    bool refused; /* the server is going to turn the content away */
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

/* --- the server's side ---------------------------------------------------- */

static void take_content(struct bout *b)
{
    assert_int_equal(b->got.len, b->content_len);
    assert_memory_equal(b->got.data != NULL ? b->got.data : "", b->content,
                        b->got.len);
    assert_int_equal(b->taken, b->granted);
    b->stored += !b->refused;
}

static void decide(struct bout *b, const smail_smtp_event *event)
{
    smail_smtp_server *server = b->ring.server;

    switch (event->type) {
    case SMAIL_SMTP_MAIL:
        b->taken = 0;
        smail__buf_clear(&b->got);
        break;
    case SMAIL_SMTP_RCPT:
        if (event->rcpt.recipient.local.data[0] != 'y') {
            assert_int_equal(
                smail_smtp_server_reject(server, 550, "5.1.1", "No such user"),
                0);
            return;
        }
        b->taken++;
        break;
    case SMAIL_SMTP_END_OF_DATA:
        take_content(b);
        if (b->refused) {
            assert_int_equal(
                smail_smtp_server_reject(server, 554, "5.6.0", "Not this"), 0);
            return;
        }
        break;
    default:
        break;
    }
    assert_int_equal(smail_smtp_server_accept(server), 0);
}

/* LOGIN asks twice; PLAIN has no initial response here, so it asks once. */
static void authenticate(struct bout *b, const smail_smtp_auth *auth)
{
    smail_smtp_server *server = b->ring.server;
    bool login = smail__span_is(auth->mechanism, "LOGIN");

    if (auth->initial)
        assert_int_equal(
            smail_smtp_server_challenge(server, login ? SMAIL__SPAN("User:")
                                                      : SMAIL__SPAN("")),
            0);
    else if (smail__span_is(auth->response, "alice"))
        assert_int_equal(
            smail_smtp_server_challenge(server, SMAIL__SPAN("Password:")), 0);
    else
        assert_int_equal(smail_smtp_server_accept(server), 0);
}

static void on_server(struct ring *ring, const smail_smtp_event *event)
{
    struct bout *b = (struct bout *)ring;

    switch (event->type) {
    case SMAIL_SMTP_BODY:
        smail__buf_append(&b->got, event->body);
        break;
    case SMAIL_SMTP_STARTTLS:
    case SMAIL_SMTP_CLOSE:
    case SMAIL_SMTP_RESET:
        break;
    case SMAIL_SMTP_AUTH:
        authenticate(b, &event->auth);
        break;
    default:
        decide(b, event);
    }
}

/* --- the client's side ---------------------------------------------------- */

/* Lines of all kinds, many of them beginning with dots. */
static void invent_text(struct bout *b)
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
    b->content_len = len;
}

static void invent_octets(struct bout *b)
{
    static const char often[] = "\r\n.\0";

    b->content_len = chance(CONTENT_MAX);
    for (size_t i = 0; i < b->content_len; i++)
        b->content[i] =
            (char)(chance(2) == 0 ? chance(256) : (size_t)often[chance(4)]);
}

/* Recipients whose name begins with `y` are good, those with `n` are not. */
static void send_mail(struct bout *b)
{
    static const smail_span domain = { "mx.example", 10 };
    char names[RECIPIENTS_MAX][8];
    smail_smtp_rcpt rcpts[RECIPIENTS_MAX] = { { .notify = 0 } };
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;
    bool binary = smail_smtp_client_offer(b->ring.client)->binary &&
                  !b->client_options.no_chunking && chance(2) == 0;

    envelope.recipients = rcpts;
    b->recipients = envelope.count = 1 + chance(RECIPIENTS_MAX);
    b->granted = 0;
    b->refused = chance(8) == 0;
    for (size_t i = 0; i < envelope.count; i++) {
        b->wanted[i] = chance(3) != 0;
        b->granted += b->wanted[i];
        snprintf(names[i], sizeof(names[i]), "%c%u", b->wanted[i] ? 'y' : 'n',
                 (unsigned)i);
        rcpts[i].recipient = (smail_path){ smail__span(names[i]), domain };
    }
    if (binary)
        invent_octets(b);
    else
        invent_text(b);
    b->unsent = (smail_span){ b->content, b->content_len };
    if (chance(2) == 0)
        envelope.mail.sender = (smail_path){ SMAIL__SPAN("\"a b\""), domain };
    envelope.mail.size = b->content_len;
    envelope.mail.body =
        binary ? SMAIL_SMTP_BODY_BINARYMIME : SMAIL_SMTP_BODY_8BITMIME;
    b->expected += b->granted > 0 && !b->refused;
    b->mails++;
    assert_int_equal(smail_smtp_client_send(b->ring.client, &envelope), 0);
}

static void on_ready(struct bout *b)
{
    smail_smtp_client *client = b->ring.client;

    b->sending = false;
    if (b->server_options.require_auth && !b->logged_in)
        assert_int_equal(
            smail_smtp_client_auth(client, chance(2) ? "PLAIN" : "LOGIN", NULL),
            0);
    else if (b->mails < MAILS)
        send_mail(b);
    else
        assert_int_equal(smail_smtp_client_quit(client), 0);
}

static void on_challenge(struct bout *b, smail_span challenge)
{
    smail_span response = SMAIL__SPAN("sesame");

    if (smail__span_is(challenge, "User:"))
        response = SMAIL__SPAN("alice");
    assert_int_equal(smail_smtp_client_respond(b->ring.client, response), 0);
}

static void on_done(struct bout *b, const smail_smtp_client_event *event)
{
    bool good = b->granted > 0 && !b->refused;

    assert_int_equal(event->reply.code / 100, good ? 2 : 5);
    assert_false(event->again);
    if (b->client_options.protocol == SMAIL_SMTP_PROTOCOL_LMTP)
        assert_int_equal(b->settled, b->granted);
    b->settled = 0;
    b->sending = false;
}

static void on_client(struct ring *ring, const smail_smtp_client_event *event)
{
    struct bout *b = (struct bout *)ring;

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
        assert_int_equal(event->reply.code, b->refused ? 554 : 250);
        b->settled++;
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        b->sending = true;
        break;
    case SMAIL_SMTP_CLIENT_DONE:
        on_done(b, event);
        break;
    case SMAIL_SMTP_CLIENT_CLOSE:
        assert_int_equal(event->reason, SMAIL_SMTP_CLOSE_QUIT);
        break;
    default:
        break;
    }
}

static void on_turn(struct ring *ring)
{
    struct bout *b = (struct bout *)ring;
    smail_span content = smail__span_slice(b->unsent, 0, 1 + chance(3000));
    size_t len = content.len;

    if (!b->sending)
        return;
    assert_int_equal(smail_smtp_client_body(ring->client, &content), 0);
    b->unsent = smail__span_from(b->unsent, len - content.len);
    if (b->unsent.len > 0)
        return;
    b->sending = false;
    assert_int_equal(smail_smtp_client_body_end(ring->client), 0);
}

static void fight(struct bout *b)
{
    b->ring.on_server = on_server;
    b->ring.on_client = on_client;
    b->ring.on_turn = on_turn;
    b->server_options.max_errors = 1000;
    b->server_options.auth_mechanisms = "PLAIN LOGIN";
    b->server_options.auth_without_tls = true;
    b->client_options.protocol = b->server_options.protocol;
    smail__buf_init(&b->got, PIPE_MAX, NULL);
    ring_begin(&b->ring, b->server_options, b->client_options);
    ring_fight(&b->ring);
    assert_true(b->ring.server_closed);
    assert_int_equal(b->mails, MAILS);
    assert_int_equal(b->stored, b->expected);
    ring_end(&b->ring);
    smail__buf_dispose(&b->got);
}

/*
 * Bit 0: LMTP, 1: no pipelining, 2: STARTTLS, 3: AUTH, 4: BDAT in chunks,
 * 5: early content.
 */
static void every_mail_arrives(void **state)
{
    static const uint32_t sizes[] = { 3, 20, 100, 5000, 0 };
    static struct bout b;

    (void)state;
    for (unsigned kind = 0; kind < 64; kind++) {
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
        b.server_options.require_auth = (kind & 8) != 0;
        b.server_options.offer_chunking = (kind & 16) != 0;
        b.server_options.offer_binarymime = (kind & 16) != 0;
        b.client_options.chunk_size = sizes[kind % 5];
        b.client_options.early_content = (kind & 32) != 0;
        b.client_options.no_chunking = kind % 7 == 6;
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
