/* SPDX-License-Identifier: MIT */
/*
 * Limits at, below and above: what a server session names, a client session
 * keeps; and what it does not name, it says no to, which the client hands on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "smtp/sparring.h"

#define RECIPIENTS_MAX 6
#define CONTENT_MAX 3000

/* One mail, and what became of it. */
struct bout {
    struct ring ring; /* first */
    smail_smtp_envelope envelope;
    smail_smtp_rcpt rcpts[RECIPIENTS_MAX];
    smail_span content;
    bool ready;
    size_t taken;   /* recipients */
    size_t refused; /* recipients, for now */
    int verdict;
    bool again;
    size_t envelope_id_len; /* as the server heard it */
    size_t auth_len;
    size_t orcpt_len;
    size_t stored; /* octets */
};

static void on_server(struct ring *ring, const smail_smtp_event *event)
{
    struct bout *b = (struct bout *)ring;

    switch (event->type) {
    case SMAIL_SMTP_STARTTLS:
    case SMAIL_SMTP_CLOSE:
    case SMAIL_SMTP_RESET:
        return;
    case SMAIL_SMTP_BODY:
        b->stored += event->body.len;
        return;
    case SMAIL_SMTP_MAIL:
        b->envelope_id_len = event->mail.envelope_id.len;
        b->auth_len = event->mail.auth.len;
        b->stored = 0;
        break;
    case SMAIL_SMTP_RCPT:
        b->orcpt_len = event->rcpt.orcpt_address.len;
        break;
    default:
        break;
    }
    assert_int_equal(smail_smtp_server_accept(ring->server), 0);
}

static void on_client(struct ring *ring, const smail_smtp_client_event *event)
{
    struct bout *b = (struct bout *)ring;

    switch (event->type) {
    case SMAIL_SMTP_CLIENT_READY:
        b->ready = true;
        break;
    case SMAIL_SMTP_CLIENT_RECIPIENT:
        b->taken += event->reply.code == 250;
        b->refused += event->again;
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        assert_int_equal(smail_smtp_client_body(ring->client, &b->content), 0);
        assert_int_equal(b->content.len, 0);
        assert_int_equal(smail_smtp_client_body_end(ring->client), 0);
        break;
    case SMAIL_SMTP_CLIENT_DONE:
        b->verdict = event->reply.code;
        b->again = event->again;
        break;
    default:
        break;
    }
}

static void on_turn(struct ring *ring)
{
    (void)ring;
}

static void until_ready(struct bout *b)
{
    b->ready = false;
    for (int turn = 0; !b->ready; turn++) {
        assert_true(turn < 100000);
        if (chance(2) == 0)
            ring_serve(&b->ring);
        else
            ring_ask(&b->ring);
    }
}

static void begin(struct bout *b, smail_smtp_server_options options)
{
    const smail_smtp_client_options client = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    const smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    memset(b, 0, sizeof(*b));
    srand(1);
    b->ring.on_server = on_server;
    b->ring.on_client = on_client;
    b->ring.on_turn = on_turn;
    b->envelope = envelope;
    b->envelope.recipients = b->rcpts;
    b->envelope.count = 1;
    for (size_t i = 0; i < RECIPIENTS_MAX; i++)
        b->rcpts[i].recipient =
            (smail_path){ SMAIL__SPAN("r"), SMAIL__SPAN("b.test") };
    ring_begin(&b->ring, options, client);
    until_ready(b);
}

/* It goes out; `verdict` is what DONE says. */
static void goes(struct bout *b, int verdict)
{
    b->taken = b->refused = 0;
    assert_int_equal(smail_smtp_client_send(b->ring.client, &b->envelope), 0);
    until_ready(b);
    assert_int_equal(b->verdict, verdict);
}

static void stays(struct bout *b, smail_smtp_obstacle_type type)
{
    assert_int_equal(smail_smtp_client_send(b->ring.client, &b->envelope),
                     SMAIL_ELIMIT);
    assert_int_equal(smail_smtp_client_obstacle(b->ring.client)->type, type);
}

static smail_smtp_server_options narrow(bool named)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;

    options.offer_limits = named;
    options.max_recipients = 3;
    options.max_mails = 4;
    options.max_recipient_domains = 2;
    return options;
}

/* RFC 9422, 4. */
static void limits_that_are_named(void **state)
{
    static struct bout b;

    (void)state;
    begin(&b, narrow(true));
    b.envelope.count = 2;
    goes(&b, 250);
    b.envelope.count = 3;
    goes(&b, 250);
    assert_int_equal(b.taken, 3);
    b.envelope.count = 4;
    stays(&b, SMAIL_SMTP_OBSTACLE_RECIPIENTS);
    b.envelope.count = 3;
    b.rcpts[0].recipient.domain = SMAIL__SPAN("c.test");
    goes(&b, 250);
    b.rcpts[1].recipient.domain = SMAIL__SPAN("d.test");
    stays(&b, SMAIL_SMTP_OBSTACLE_DOMAINS);
    b.envelope.count = 1;
    goes(&b, 250);
    stays(&b, SMAIL_SMTP_OBSTACLE_MAILS);
    ring_end(&b.ring);
}

static void limits_that_are_not(void **state)
{
    static struct bout b;

    (void)state;
    begin(&b, narrow(false));
    b.envelope.count = 4;
    goes(&b, 250);
    assert_int_equal(b.taken, 3);
    assert_int_equal(b.refused, 1);
    b.envelope.count = 3;
    b.rcpts[1].recipient.domain = SMAIL__SPAN("c.test");
    b.rcpts[2].recipient.domain = SMAIL__SPAN("d.test");
    goes(&b, 250);
    assert_int_equal(b.taken, 2);
    assert_int_equal(b.refused, 1);
    goes(&b, 250);
    goes(&b, 250);
    goes(&b, 452);
    assert_true(b.again);
    ring_end(&b.ring);
}

static void messages_have_a_size(void **state)
{
    static char lines[CONTENT_MAX];
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    static struct bout b;

    (void)state;
    memset(lines, 'x', sizeof(lines));
    for (size_t i = 98; i < sizeof(lines); i += 100)
        memcpy(lines + i, "\r\n", 2);
    memcpy(lines + 1997, "\r\nx", 3); /* so that 1999 octets end well */
    options.max_message_size = 1999;
    for (unsigned chunking = 0; chunking < 2; chunking++) {
        options.offer_chunking = chunking != 0;
        begin(&b, options);
        b.content = (smail_span){ lines, 1900 };
        b.envelope.mail.size = 1900;
        goes(&b, 250);
        assert_int_equal(b.stored, 1900);
        b.content = (smail_span){ lines, 1999 };
        b.envelope.mail.size = 1999;
        goes(&b, 250);
        assert_int_equal(b.stored, 1999);
        b.envelope.mail.size = 2000;
        stays(&b, SMAIL_SMTP_OBSTACLE_SIZE);
        b.envelope.mail.size = 0; /* not told, so found out */
        b.content = (smail_span){ lines, 2100 };
        goes(&b, 552);
        b.content = (smail_span){ lines, 1900 }; /* and it goes on */
        goes(&b, 250);
        ring_end(&b.ring);
    }
}

/* What is as long as it may be is taken by the server too. */
static void the_longest_values(void **state)
{
    static char much[600];
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    static struct bout b;

    (void)state;
    memset(much, 'x', sizeof(much));
    options.offer_dsn = true;
    options.auth_mechanisms = "PLAIN";
    options.auth_without_tls = true;
    begin(&b, options);
    b.envelope.mail.sender =
        (smail_path){ { much, 64 }, SMAIL__SPAN("b.test") };
    b.envelope.mail.envelope_id = (smail_span){ much, 100 };
    b.envelope.mail.auth = (smail_span){ much, 500 };
    b.envelope.mail.ret = SMAIL_SMTP_RET_FULL;
    b.envelope.mail.size = 1999;
    b.rcpts[0].notify = SMAIL_SMTP_NOTIFY_SUCCESS | SMAIL_SMTP_NOTIFY_FAILURE |
                        SMAIL_SMTP_NOTIFY_DELAY;
    b.rcpts[0].orcpt_type = SMAIL__SPAN("rfc822");
    b.rcpts[0].orcpt_address = (smail_span){ much, 493 };
    goes(&b, 250);
    assert_int_equal(b.envelope_id_len, 100);
    assert_int_equal(b.auth_len, 500);
    assert_int_equal(b.orcpt_len, 493);
    memset(much, '+', sizeof(much)); /* three octets each */
    b.envelope.mail.sender.local.len = 1;
    b.envelope.mail.envelope_id.len = 33;
    b.envelope.mail.auth.len = 166;
    b.rcpts[0].orcpt_address.len = 164;
    goes(&b, 250);
    assert_int_equal(b.envelope_id_len, 33);
    assert_int_equal(b.auth_len, 166);
    assert_int_equal(b.orcpt_len, 164);
    b.envelope.mail.envelope_id.len = 34;
    assert_int_equal(smail_smtp_client_send(b.ring.client, &b.envelope),
                     SMAIL_EINVAL);
    ring_end(&b.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_that_are_named),
        cmocka_unit_test(limits_that_are_not),
        cmocka_unit_test(messages_have_a_size),
        cmocka_unit_test(the_longest_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
