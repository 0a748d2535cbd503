/* SPDX-License-Identifier: MIT */
/* The client session: greeting, TLS, taking leave, giving up. */
#include "smtp/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "smtp/dialogue.h"

static const smail_smtp_client_options plain = SMAIL_SMTP_CLIENT_OPTIONS_INIT;

static void options_are_checked(void **state)
{
    smail_smtp_client_options options = plain;
    smail_smtp_client *client = NULL;

    (void)state;
    assert_int_equal(smail_smtp_client_new(&client, &options), SMAIL_EINVAL);
    options.hostname = "a\r\nb";
    assert_int_equal(smail_smtp_client_new(&client, &options), SMAIL_EINVAL);
    options.hostname = "a";
    options.size = 0;
    assert_int_equal(smail_smtp_client_new(&client, &options), SMAIL_EINVAL);
    smail_smtp_client_free(NULL);
}

static void it_greets_and_takes_leave(void **state)
{
    struct dialogue d;

    (void)state;
    dialogue_begin(&d, plain);
    dialogue_hear(&d, "");
    assert_said(&d, "");
    dialogue_hear(&d, "220-mx\r\n220 hello\r\n");
    assert_said(&d, "EHLO c.example\r\n");
    dialogue_hear(&d, "250-mx\r\n250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n"
                      "250 8BITMIME\r\n");
    assert_events(&d, "ready; ");
    assert_int_equal(smail_smtp_client_offer(d.client)->max_size, 1000);
    assert_true(smail_smtp_client_offer(d.client)->eight_bit);
    assert_true(smail__span_is(smail_smtp_client_offer(d.client)->mechanisms,
                               "PLAIN LOGIN"));
    assert_int_equal(smail_smtp_client_quit(d.client), 0);
    assert_said(&d, "QUIT\r\n");
    dialogue_hear(&d, "221 bye\r\n");
    assert_events(&d, "close quit; ");
    dialogue_hear(&d, "250 what?\r\n");
    assert_events(&d, "");
    assert_int_equal(smail_smtp_client_quit(d.client), SMAIL_ESTATE);
    dialogue_end(&d);
}

static void who_does_not_know_ehlo_gets_helo(void **state)
{
    struct dialogue d;

    (void)state;
    dialogue_begin(&d, plain);
    dialogue_hear(&d, "220 mx\r\n502 what?\r\n");
    assert_said(&d, "EHLO c.example\r\nHELO c.example\r\n");
    dialogue_hear(&d, "250 mx\r\n");
    assert_events(&d, "ready; ");
    assert_int_equal(smail_smtp_client_offer(d.client)->mechanisms.len, 0);
    dialogue_end(&d);
}

static void what_is_offered_may_change(void **state)
{
    struct dialogue d;

    (void)state;
    dialogue_begin(&d, plain);
    assert_int_equal(smail_smtp_client_greet(d.client), SMAIL_ESTATE);
    dialogue_hear(&d, DIALOGUE_HELLO);
    assert_events(&d, "ready; ");
    smail_smtp_client_sent(d.client, 1000);
    assert_int_equal(smail_smtp_client_greet(d.client), 0);
    assert_said(&d, "EHLO c.example\r\n");
    assert_false(smail_smtp_client_offer(d.client)->pipelining);
    dialogue_hear(&d, "250-mx\r\n250 DSN\r\n");
    assert_events(&d, "ready; ");
    assert_true(smail_smtp_client_offer(d.client)->dsn);
    dialogue_end(&d);
}

/* RFC 5321, 4.1.1.10: not without QUIT, except where the server hangs up. */
static void a_server_may_refuse(void **state)
{
    static const char *const words[][2] = {
        { "554 no\r\n", "QUIT\r\n" },
        { "421 no\r\n", "" },
        { "220 mx\r\n421 no\r\n", "" },
        { "220 mx\r\n450 no\r\n", "EHLO c.example\r\nQUIT\r\n" },
        { "220 mx\r\n504 no\r\n500 no\r\n",
          "EHLO c.example\r\nHELO c.example\r\nQUIT\r\n" },
        { "220 mx\r\n550 no\r\n", "EHLO c.example\r\nQUIT\r\n" },
    };
    struct dialogue d;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        dialogue_begin(&d, plain);
        dialogue_hear(&d, words[i][0]);
        assert_events(&d, "close refused; ");
        assert_said(&d, words[i][1]);
        dialogue_end(&d);
    }
}

/* RFC 2033, 4.1: LMTP has no HELO to fall back to. */
static void lmtp_knows_no_helo(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    dialogue_begin(&d, options);
    dialogue_hear(&d, "220 mx\r\n");
    assert_string_equal(smail_smtp_client_phase(d.client), "LHLO");
    dialogue_hear(&d, "500 no\r\n");
    assert_events(&d, "close refused; ");
    assert_said(&d, "LHLO c.example\r\nQUIT\r\n");
    dialogue_end(&d);
}

static void nonsense_is_the_end(void **state)
{
    smail_span input = SMAIL__SPAN("SSH-2.0-x\r\n");
    const smail_smtp_client_event *event;
    struct dialogue d;

    (void)state;
    dialogue_begin(&d, plain);
    assert_int_equal(smail_smtp_client_feed(&event, d.client, &input), 0);
    assert_int_equal(event->type, SMAIL_SMTP_CLIENT_CLOSE);
    assert_int_equal(event->reason, SMAIL_SMTP_CLOSE_NONSENSE);
    assert_int_equal(event->reply.code, 0);
    assert_true(smail__span_is(event->reply.text, "SSH-2.0-x"));
    dialogue_end(&d);
    dialogue_begin(&d, plain);
    dialogue_hear(&d, DIALOGUE_HELLO "250 unasked\r\n");
    assert_events(&d, "ready; close nonsense; ");
    dialogue_end(&d);
    dialogue_begin(&d, plain);
    dialogue_hear(&d, DIALOGUE_HELLO "421 idle too long\r\n");
    assert_events(&d, "ready; close refused; ");
    dialogue_end(&d);
    dialogue_begin(&d, plain);
    dialogue_hear(&d, DIALOGUE_HELLO "451 I am tired\r\n");
    assert_events(&d, "ready; close refused; ");
    dialogue_end(&d);
}

static void a_reply_without_end(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.max_reply_lines = 2;
    dialogue_begin(&d, options);
    dialogue_hear(&d, "220-a\r\n220 b\r\n250-a\r\n250-b\r\n250 c\r\n");
    assert_events(&d, "close endless; ");
    dialogue_end(&d);
    options = plain;
    options.max_reply_octets = 10;
    dialogue_begin(&d, options);
    dialogue_hear(&d, "220 23456");
    assert_events(&d, "");
    dialogue_hear(&d, "890");
    assert_events(&d, "close endless; ");
    dialogue_end(&d);
    dialogue_begin(&d, plain);
    dialogue_hear(&d, "220 mx\r\n");
    for (int i = 0; i < 128; i++)
        dialogue_hear(&d, "250-again\r\n");
    assert_events(&d, "");
    dialogue_hear(&d, "250-again\r\n");
    assert_events(&d, "close endless; ");
    dialogue_end(&d);
}

static void starttls_drops_what_lies_behind_it(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.tls = SMAIL_SMTP_TLS_REQUIRED;
    dialogue_begin(&d, options);
    dialogue_hear(&d, DIALOGUE_HELLO);
    assert_said(&d, "EHLO c.example\r\nSTARTTLS\r\n");
    dialogue_hear(&d, "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n");
    assert_events(&d, "starttls; ");
    assert_said(&d, "");
    dialogue_hear(&d, "250 evil\r\n");
    assert_events(&d, "");
    assert_int_equal(smail_smtp_client_secured(d.client), 0);
    assert_true(smail_smtp_client_is_secured(d.client));
    assert_said(&d, "EHLO c.example\r\n");
    assert_int_equal(smail_smtp_client_offer(d.client)->mechanisms.len, 0);
    dialogue_hear(&d, "250-mx\r\n250 STARTTLS\r\n");
    assert_events(&d, "ready; ");
    assert_int_equal(smail_smtp_client_secured(d.client), SMAIL_ESTATE);
    dialogue_end(&d);
}

/* The words of the 220 are gone with all that was said in the clear. */
static void starttls_has_no_words(void **state)
{
    smail_smtp_client_options options = plain;
    const smail_smtp_client_event *event;
    smail_span input = SMAIL__SPAN("220 go ahead\r\n");
    struct dialogue d;

    (void)state;
    options.tls = SMAIL_SMTP_TLS_REQUIRED;
    dialogue_begin(&d, options);
    dialogue_hear(&d, DIALOGUE_HELLO);
    assert_int_equal(smail_smtp_client_feed(&event, d.client, &input), 0);
    assert_int_equal(event->type, SMAIL_SMTP_CLIENT_STARTTLS);
    assert_int_equal(event->reply.code, 0);
    assert_int_equal(event->reply.text.len, 0);
    dialogue_end(&d);
}

static void tls_that_cannot_be_had(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.tls = SMAIL_SMTP_TLS_REQUIRED;
    dialogue_begin(&d, options);
    dialogue_hear(&d, DIALOGUE_HELLO "454 not now\r\n");
    assert_events(&d, "close no-tls; ");
    dialogue_end(&d);
    dialogue_begin(&d, options);
    dialogue_hear(&d, "220 mx\r\n250 mx\r\n");
    assert_events(&d, "close no-tls; ");
    dialogue_end(&d);
    options.tls = SMAIL_SMTP_TLS_IF_OFFERED;
    dialogue_begin(&d, options);
    dialogue_hear(&d, DIALOGUE_HELLO "454 not now\r\n");
    assert_events(&d, "ready; ");
    dialogue_end(&d);
}

static void implicit_tls_needs_no_starttls(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.tls = SMAIL_SMTP_TLS_REQUIRED;
    dialogue_begin(&d, options);
    assert_int_equal(smail_smtp_client_secured(d.client), 0);
    dialogue_hear(&d, DIALOGUE_HELLO);
    assert_events(&d, "ready; ");
    dialogue_end(&d);
}

static void giving_up_is_possible_at_any_time(void **state)
{
    struct dialogue d;

    (void)state;
    dialogue_begin(&d, plain);
    smail_smtp_client_abandon(d.client);
    dialogue_hear(&d, DIALOGUE_HELLO);
    assert_events(&d, "close abandoned; ");
    smail_smtp_client_abandon(d.client);
    dialogue_hear(&d, "");
    assert_events(&d, "");
    dialogue_end(&d);
}

/* What is awaited, and for how long (RFC 5321, 4.5.3.2.1 to 4.5.3.2.6). */
static void stands(struct dialogue *d, const char *words, const char *phase,
                   unsigned patience)
{
    dialogue_hear(d, words);
    assert_string_equal(smail_smtp_client_phase(d->client), phase);
    assert_int_equal(smail_smtp_client_patience(d->client), patience);
}

static void it_is_patient(void **state)
{
    smail_smtp_rcpt rcpt = {
        .recipient = { SMAIL__SPAN("a"), SMAIL__SPAN("b.example") },
    };
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.tls = SMAIL_SMTP_TLS_IF_OFFERED;
    envelope.recipients = &rcpt;
    envelope.count = 1;
    dialogue_begin(&d, options);
    stands(&d, "", "greeting", 300);
    stands(&d, "220 mx\r\n", "EHLO", 300);
    stands(&d, "500 no\r\n", "HELO", 300);
    dialogue_end(&d);
    dialogue_begin(&d, options);
    stands(&d, DIALOGUE_HELLO, "STARTTLS", 300);
    stands(&d, "220 go\r\n", "TLS handshake", 300);
    assert_int_equal(smail_smtp_client_secured(d.client), 0);
    stands(&d, "250-mx\r\n250 AUTH LOGIN\r\n", "idle", 300);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    stands(&d, "", "AUTH", 300);
    stands(&d, "334 \r\n", "AUTH", 300);
    assert_int_equal(smail_smtp_client_cancel(d.client), 0);
    stands(&d, "501 no\r\n", "idle", 300);
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), 0);
    stands(&d, "", "MAIL", 300);
    stands(&d, "250 ok\r\n", "RCPT", 300);
    stands(&d, "250 ok\r\n", "DATA", 120);
    stands(&d, "354 go\r\n", "content", 180);
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    stands(&d, "", "end of content", 600);
    stands(&d, "250 ok\r\n", "idle", 300);
    assert_int_equal(smail_smtp_client_quit(d.client), 0);
    stands(&d, "", "QUIT", 300);
    stands(&d, "221 bye\r\n", "closed", 300);
    dialogue_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(it_greets_and_takes_leave),
        cmocka_unit_test(who_does_not_know_ehlo_gets_helo),
        cmocka_unit_test(what_is_offered_may_change),
        cmocka_unit_test(a_server_may_refuse),
        cmocka_unit_test(lmtp_knows_no_helo),
        cmocka_unit_test(nonsense_is_the_end),
        cmocka_unit_test(a_reply_without_end),
        cmocka_unit_test(starttls_drops_what_lies_behind_it),
        cmocka_unit_test(starttls_has_no_words),
        cmocka_unit_test(tls_that_cannot_be_had),
        cmocka_unit_test(implicit_tls_needs_no_starttls),
        cmocka_unit_test(giving_up_is_possible_at_any_time),
        cmocka_unit_test(it_is_patient),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
