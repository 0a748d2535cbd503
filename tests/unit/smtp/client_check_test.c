/* SPDX-License-Identifier: MIT */
/* What keeps a mail from going to a server, found out before it is sent. */
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

static smail_smtp_rcpt people[SMAIL_SMTP_RECIPIENTS_MAX + 1];
static smail_smtp_envelope envelope;
static struct dialogue d;

static void reset(void)
{
    const smail_smtp_envelope empty = SMAIL_SMTP_ENVELOPE_INIT;

    envelope = empty;
    for (size_t i = 0; i <= SMAIL_SMTP_RECIPIENTS_MAX; i++)
        people[i] = (smail_smtp_rcpt){
            .recipient = { SMAIL__SPAN("r"), SMAIL__SPAN("b.test") },
        };
    envelope.recipients = people;
    envelope.count = 1;
}

static void greet(const char *offer)
{
    reset();
    dialogue_greet(&d, plain, offer);
}

/* send() says no for this reason; what check() says is the same. */
static void blocked(int error, smail_smtp_obstacle_type type, size_t recipient)
{
    const smail_smtp_obstacle *obstacle = smail_smtp_client_obstacle(d.client);

    assert_int_equal(smail_smtp_client_send(d.client, &envelope), error);
    assert_int_equal(obstacle->type, type);
    assert_true(obstacle->recipient == recipient);
    assert_true(obstacle->code >= 400 && obstacle->code <= 599);
    assert_int_equal(obstacle->status[0], '0' + obstacle->code / 100);
    assert_true(strlen(obstacle->text) > 0);
    assert_int_equal(smail_smtp_client_check(d.client, &envelope), error);
    assert_int_equal(obstacle->type, type);
    assert_said(&d, "");
}

static void fine(void)
{
    assert_int_equal(smail_smtp_client_check(d.client, &envelope), 0);
    assert_int_equal(smail_smtp_client_obstacle(d.client)->type,
                     SMAIL_SMTP_OBSTACLE_NONE);
}

static void address_of_rcpt(smail_span local, smail_span domain, bool good)
{
    people[1].recipient = (smail_path){ local, domain };
    envelope.count = 3;
    if (good)
        fine();
    else
        blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_ADDRESS, 1);
}

static void addresses(void **state)
{
    static char much[300];

    (void)state;
    greet("250 8BITMIME\r\n");
    memset(much, 'x', sizeof(much));
    address_of_rcpt(SMAIL__SPAN("a"), SMAIL__SPAN("b"), true);
    address_of_rcpt(SMAIL__SPAN("postmaster"), SMAIL__SPAN(""), true);
    address_of_rcpt(SMAIL__SPAN("\"a b\""), SMAIL__SPAN("[127.0.0.1]"), true);
    address_of_rcpt(SMAIL__SPAN("a b"), SMAIL__SPAN("c"), false);
    address_of_rcpt(SMAIL__SPAN("a"), SMAIL__SPAN(""), false);
    address_of_rcpt(SMAIL__SPAN(""), SMAIL__SPAN(""), false);
    address_of_rcpt(SMAIL__SPAN(""), SMAIL__SPAN("b"), false);
    address_of_rcpt(SMAIL__SPAN("a"), SMAIL__SPAN("b>\r\nRSET\r\n"), false);
    address_of_rcpt(SMAIL__SPAN("a\r\nRSET\r\nRCPT TO:<a"), SMAIL__SPAN("b"),
                    false);
    address_of_rcpt(SMAIL__SPAN("a"), SMAIL__SPAN("b> SIZE=1"), false);
    address_of_rcpt(SMAIL__SPAN("a"), SMAIL__SPAN("b\0c"), false);
    address_of_rcpt(SMAIL__SPAN("a\n"), SMAIL__SPAN("b"), false);
    address_of_rcpt(SMAIL__SPAN("@c:a"), SMAIL__SPAN("b"), false);
    address_of_rcpt(SMAIL__SPAN("a@b"), SMAIL__SPAN("c"), false);
    address_of_rcpt((smail_span){ much, 64 }, SMAIL__SPAN("b"), true);
    address_of_rcpt((smail_span){ much, 65 }, SMAIL__SPAN("b"), false);
    address_of_rcpt((smail_span){ much, 300 }, SMAIL__SPAN("b"), false);
    address_of_rcpt(SMAIL__SPAN("a"), (smail_span){ much, 300 }, false);
    reset();
    envelope.mail.sender =
        (smail_path){ SMAIL__SPAN("a"), SMAIL__SPAN("b>\r\nX") };
    blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_ADDRESS, SIZE_MAX);
    assert_string_equal(smail_smtp_client_obstacle(d.client)->status, "5.1.7");
    envelope.mail.sender =
        (smail_path){ SMAIL__SPAN("postmaster"), SMAIL__SPAN("") };
    blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_ADDRESS, SIZE_MAX);
    dialogue_end(&d);
}

/* RFC 5321, 4.5.3.1.3: 256 octets with the brackets. */
static void a_path_may_be_so_long(void **state)
{
    static char domain[256];

    (void)state;
    greet("250 8BITMIME\r\n");
    memset(domain, 'x', sizeof(domain));
    for (size_t i = 50; i < sizeof(domain); i += 50)
        domain[i] = '.';
    address_of_rcpt(SMAIL__SPAN("aaa"), (smail_span){ domain, 249 }, true);
    address_of_rcpt(SMAIL__SPAN("aaaa"), (smail_span){ domain, 249 }, true);
    address_of_rcpt(SMAIL__SPAN("aaaaa"), (smail_span){ domain, 249 }, false);
    dialogue_end(&d);
}

static void bad_mail(void)
{
    blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_PARAMETER, SIZE_MAX);
    envelope.mail = (smail_smtp_mail){ .size = 0 };
}

static void parameters_of_mail(void **state)
{
    static char much[502];
    smail_smtp_mail *mail = &envelope.mail;

    (void)state;
    greet("250-DELIVERBY\r\n250-FUTURERELEASE\r\n250 DSN\r\n");
    memset(much, 'x', sizeof(much));
    mail->envelope_id = (smail_span){ much, 99 };
    fine();
    mail->envelope_id = (smail_span){ much, 100 };
    fine();
    mail->envelope_id = (smail_span){ much, 101 };
    bad_mail();
    mail->envelope_id = SMAIL__SPAN("a\r\nRSET");
    bad_mail();
    mail->envelope_id = SMAIL__SPAN("a\0b");
    bad_mail();
    mail->envelope_id = SMAIL__SPAN("\xc3\xa4");
    bad_mail();
    mail->auth = (smail_span){ much, 500 };
    fine();
    mail->auth = (smail_span){ much, 501 };
    bad_mail();
    mail->auth = SMAIL__SPAN("a\nb");
    bad_mail();
    mail->auth = SMAIL__SPAN("\xff");
    bad_mail();
    mail->by_mode = SMAIL_SMTP_BY_RETURN;
    bad_mail(); /* within no time */
    mail->by_mode = SMAIL_SMTP_BY_NOTIFY;
    mail->by_time = 999999999;
    fine();
    mail->by_time = 1000000000;
    bad_mail();
    mail->by_mode = SMAIL_SMTP_BY_NOTIFY;
    mail->by_time = -1000000000;
    bad_mail();
    mail->by_mode = (smail_smtp_by_mode)3;
    bad_mail();
    mail->body = (smail_smtp_body_type)3;
    bad_mail();
    mail->ret = (smail_smtp_ret)3;
    bad_mail();
    mail->hold_for = 1000000000;
    bad_mail();
    mail->hold_for = 1;
    mail->hold_until = 1;
    bad_mail();
    mail->hold_until = -1;
    bad_mail();
    mail->priority = 10;
    bad_mail();
    mail->priority = -10;
    bad_mail();
    mail->priority = 9;
    fine();
    dialogue_end(&d);
}

static void orcpt(smail_span type, smail_span address, bool good)
{
    people[0].orcpt_type = type;
    people[0].orcpt_address = address;
    if (good)
        fine();
    else
        blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_PARAMETER, 0);
}

static void parameters_of_rcpt(void **state)
{
    static char much[600];

    (void)state;
    greet("250 DSN\r\n");
    memset(much, 'x', sizeof(much));
    orcpt(SMAIL__SPAN("rfc822"), SMAIL__SPAN("a"), true);
    orcpt(SMAIL__SPAN("rfc822"), (smail_span){ much, 492 }, true);
    orcpt(SMAIL__SPAN("rfc822"), (smail_span){ much, 493 }, true);
    orcpt(SMAIL__SPAN("rfc822"), (smail_span){ much, 494 }, false);
    orcpt(SMAIL__SPAN("rfc822"), SMAIL__SPAN(""), false);
    orcpt(SMAIL__SPAN(""), SMAIL__SPAN("a"), false);
    orcpt(SMAIL__SPAN("rf;c"), SMAIL__SPAN("a"), false);
    orcpt(SMAIL__SPAN("a\r\n"), SMAIL__SPAN("a"), false);
    orcpt((smail_span){ much, 32 }, SMAIL__SPAN("a"), true);
    orcpt((smail_span){ much, 33 }, SMAIL__SPAN("a"), false);
    orcpt(SMAIL__SPAN("rfc822"), SMAIL__SPAN("a\r\nb"), false);
    orcpt(SMAIL__SPAN("rfc822"), SMAIL__SPAN("\xc3\xa4"), false);
    orcpt(SMAIL__SPAN("UTF-8"), SMAIL__SPAN("\xc3\xa4"), true);
    orcpt(SMAIL__SPAN("utf-8"), SMAIL__SPAN("\xc3"), false);
    orcpt(SMAIL__SPAN("utf-8"), SMAIL__SPAN("a\nb"), false);
    orcpt(SMAIL__SPAN(""), SMAIL__SPAN(""), true);
    people[0].notify = SMAIL_SMTP_NOTIFY_NEVER | SMAIL_SMTP_NOTIFY_DELAY;
    blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_PARAMETER, 0);
    people[0].notify = 16;
    blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_PARAMETER, 0);
    dialogue_end(&d);
}

static void what_is_too_large(void **state)
{
    (void)state;
    greet("250 SIZE 1000\r\n");
    envelope.mail.size = 999;
    fine();
    envelope.mail.size = 1000;
    fine();
    envelope.mail.size = 1001;
    blocked(SMAIL_ELIMIT, SMAIL_SMTP_OBSTACLE_SIZE, SIZE_MAX);
    dialogue_end(&d);
    greet("250 SIZE 0\r\n");
    envelope.mail.size = 1001;
    fine();
    dialogue_end(&d);
}

static void content_that_is_not_taken(void **state)
{
    smail_smtp_client_options options = plain;

    (void)state;
    greet("250 X\r\n");
    envelope.mail.body = SMAIL_SMTP_BODY_8BITMIME;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_8BITMIME, SIZE_MAX);
    envelope.mail.body = SMAIL_SMTP_BODY_BINARYMIME;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_BINARYMIME, SIZE_MAX);
    dialogue_end(&d);
    greet("250-8BITMIME\r\n250 BINARYMIME\r\n");
    envelope.mail.body = SMAIL_SMTP_BODY_8BITMIME;
    fine();
    envelope.mail.body = SMAIL_SMTP_BODY_BINARYMIME; /* there is no BDAT */
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_BINARYMIME, SIZE_MAX);
    dialogue_end(&d);
    options.no_chunking = true;
    dialogue_greet(&d, options, "250-CHUNKING\r\n250 BINARYMIME\r\n");
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_BINARYMIME, SIZE_MAX);
    dialogue_end(&d);
    greet("250-CHUNKING\r\n250 BINARYMIME\r\n");
    envelope.mail.body = SMAIL_SMTP_BODY_BINARYMIME;
    fine();
    dialogue_end(&d);
}

static void what_is_not_ascii(void **state)
{
    const char *const offers[] = { "250 8BITMIME\r\n", "250 SMTPUTF8\r\n" };

    (void)state;
    for (size_t i = 0; i < 2; i++) { /* RFC 6531, 3.1: it takes both */
        greet(offers[i]);
        envelope.mail.smtputf8 = true;
        blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_SMTPUTF8, SIZE_MAX);
        assert_string_equal(smail_smtp_client_obstacle(d.client)->status,
                            "5.6.9");
        envelope.mail.smtputf8 = false;
        envelope.mail.sender =
            (smail_path){ SMAIL__SPAN("\xc3\xa4"), SMAIL__SPAN("b") };
        blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_SMTPUTF8, SIZE_MAX);
        assert_string_equal(smail_smtp_client_obstacle(d.client)->status,
                            "5.6.7");
        reset();
        envelope.count = 2;
        people[1].recipient.domain = SMAIL__SPAN("\xc3\xa4.test");
        blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_SMTPUTF8, 1);
        assert_int_equal(smail_smtp_client_obstacle(d.client)->code, 553);
        people[1].recipient.domain = SMAIL__SPAN("\xff.test");
        blocked(SMAIL_EINVAL, SMAIL_SMTP_OBSTACLE_ADDRESS, 1);
        dialogue_end(&d);
    }
}

/* RFC 8689, 4.2.1. */
static void tls_that_is_required(void **state)
{
    (void)state;
    greet("250 REQUIRETLS\r\n"); /* in the clear, so it promises nothing */
    envelope.mail.sender =
        (smail_path){ SMAIL__SPAN("s"), SMAIL__SPAN("a.test") };
    envelope.mail.require_tls = true;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_REQUIRETLS, SIZE_MAX);
    assert_string_equal(smail_smtp_client_obstacle(d.client)->status, "5.7.30");
    dialogue_end(&d);
    dialogue_begin(&d, plain);
    assert_int_equal(smail_smtp_client_secured(d.client), 0);
    dialogue_hear(&d, DIALOGUE_HELLO);
    smail_smtp_client_sent(d.client, 1000);
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_REQUIRETLS, SIZE_MAX);
    dialogue_end(&d);
}

/* RFC 8689, 5. */
static void a_bounce_does_not_insist_on_tls(void **state)
{
    (void)state;
    greet("250 REQUIRETLS\r\n");
    envelope.mail.require_tls = true;
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), 0);
    assert_said(&d, "MAIL FROM:<>\r\n");
    dialogue_end(&d);
}

static void times_that_are_not_kept(void **state)
{
    (void)state;
    greet("250 X\r\n");
    envelope.mail.hold_for = 1;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_FUTURERELEASE, SIZE_MAX);
    envelope.mail.hold_for = 0;
    envelope.mail.hold_until = 1;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_FUTURERELEASE, SIZE_MAX);
    envelope.mail.hold_until = 0;
    envelope.mail.by_mode = SMAIL_SMTP_BY_NOTIFY;
    fine();
    envelope.mail.by_mode = SMAIL_SMTP_BY_RETURN;
    envelope.mail.by_time = 100;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_DELIVERBY, SIZE_MAX);
    dialogue_end(&d);
    greet("250-DELIVERBY 60\r\n"
          "250 FUTURERELEASE 100 1970-01-01T00:01:40Z\r\n");
    envelope.mail.hold_for = 100;
    fine();
    envelope.mail.hold_for = 101;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_FUTURERELEASE, SIZE_MAX);
    envelope.mail.hold_for = 0;
    envelope.mail.hold_until = 100;
    fine();
    envelope.mail.hold_until = 101;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_FUTURERELEASE, SIZE_MAX);
    envelope.mail.hold_until = 0;
    envelope.mail.by_mode = SMAIL_SMTP_BY_RETURN;
    envelope.mail.by_time = 60;
    fine();
    envelope.mail.by_time = 59;
    blocked(SMAIL_ENOTFOUND, SMAIL_SMTP_OBSTACLE_DELIVERBY, SIZE_MAX);
    envelope.mail.by_mode = SMAIL_SMTP_BY_NOTIFY;
    fine();
    dialogue_end(&d);
}

/* RFC 9422, 4. */
static void limits_are_kept(void **state)
{
    (void)state;
    greet("250 LIMITS RCPTMAX=3 RCPTDOMAINMAX=2\r\n");
    envelope.count = 3;
    fine();
    envelope.count = 4;
    blocked(SMAIL_ELIMIT, SMAIL_SMTP_OBSTACLE_RECIPIENTS, SIZE_MAX);
    envelope.count = 3;
    people[1].recipient.domain = SMAIL__SPAN("B.TEST");
    people[2].recipient.domain = SMAIL__SPAN("c.test");
    fine();
    people[1].recipient.domain = SMAIL__SPAN("d.test");
    blocked(SMAIL_ELIMIT, SMAIL_SMTP_OBSTACLE_DOMAINS, SIZE_MAX);
    dialogue_end(&d);
    greet("250 X\r\n");
    envelope.count = SMAIL_SMTP_RECIPIENTS_MAX - 1;
    fine();
    envelope.count = SMAIL_SMTP_RECIPIENTS_MAX;
    fine();
    envelope.count = SMAIL_SMTP_RECIPIENTS_MAX + 1;
    blocked(SMAIL_ELIMIT, SMAIL_SMTP_OBSTACLE_RECIPIENTS, SIZE_MAX);
    dialogue_end(&d);
}

static void mails_are_counted(void **state)
{
    (void)state;
    greet("250 LIMITS MAILMAX=2\r\n");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(smail_smtp_client_send(d.client, &envelope), 0);
        dialogue_hear(&d, "550 no\r\n"); /* counts all the same */
        assert_events(&d, "done 550; ready; ");
        smail_smtp_client_sent(d.client, 1000);
    }
    blocked(SMAIL_ELIMIT, SMAIL_SMTP_OBSTACLE_MAILS, SIZE_MAX);
    dialogue_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(a_path_may_be_so_long),
        cmocka_unit_test(parameters_of_mail),
        cmocka_unit_test(parameters_of_rcpt),
        cmocka_unit_test(what_is_too_large),
        cmocka_unit_test(content_that_is_not_taken),
        cmocka_unit_test(what_is_not_ascii),
        cmocka_unit_test(tls_that_is_required),
        cmocka_unit_test(a_bounce_does_not_insist_on_tls),
        cmocka_unit_test(times_that_are_not_kept),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(mails_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
