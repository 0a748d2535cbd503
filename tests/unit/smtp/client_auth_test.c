/* SPDX-License-Identifier: MIT */
/* AUTH, client side. */
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

static void begin(struct dialogue *d)
{
    dialogue_begin(d, plain);
    dialogue_hear(d, DIALOGUE_HELLO);
    assert_said(d, "EHLO c.example\r\n");
    assert_events(d, "ready; ");
}

static void with_an_initial_response(void **state)
{
    smail_span secret = SMAIL__SPAN("\0user\0pass");
    smail_span none = SMAIL__SPAN("");
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret), 0);
    assert_said(&d, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n");
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret),
                     SMAIL_ESTATE);
    dialogue_hear(&d, "535 5.7.8 no\r\n");
    assert_events(&d, "auth 535; ready; ");
    assert_int_equal(smail_smtp_client_auth(d.client, "plain", &none), 0);
    assert_said(&d, "AUTH plain =\r\n");
    assert_false(smail_smtp_client_is_authenticated(d.client));
    dialogue_hear(&d, "235 yes\r\n");
    assert_events(&d, "auth 235; ready; ");
    assert_true(smail_smtp_client_is_authenticated(d.client));
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret),
                     SMAIL_ESTATE); /* RFC 4954, 4: once */
    dialogue_end(&d);
}

static void step_by_step(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    assert_said(&d, "AUTH LOGIN\r\n");
    dialogue_hear(&d, "334 VXNlcm5hbWU6\r\n");
    assert_events(&d, "challenge Username:; ");
    assert_int_equal(smail_smtp_client_respond(d.client, SMAIL__SPAN("alice")),
                     0);
    assert_said(&d, "YWxpY2U=\r\n");
    dialogue_hear(&d, "334 \r\n");
    assert_events(&d, "challenge ; ");
    assert_int_equal(smail_smtp_client_cancel(d.client), 0);
    assert_said(&d, "*\r\n");
    dialogue_hear(&d, "501 cancelled\r\n");
    assert_events(&d, "auth 501; ready; ");
    assert_int_equal(smail_smtp_client_cancel(d.client), SMAIL_ESTATE);
    assert_int_equal(smail_smtp_client_respond(d.client, SMAIL__SPAN("")),
                     SMAIL_ESTATE);
    dialogue_end(&d);
}

static void only_what_is_offered(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "CRAM-MD5", NULL),
                     SMAIL_ENOTFOUND);
    assert_said(&d, "");
    dialogue_end(&d);
    dialogue_begin(&d, plain);
    dialogue_hear(&d, "220 x\r\n250 x\r\n");
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", NULL),
                     SMAIL_ENOTFOUND);
    dialogue_end(&d);
}

/* RFC 4954, 4: 12288 octets with CRLF; base64 of 9210 octets is 12280 long. */
static void an_initial_response_that_does_not_fit(void **state)
{
    static char much[9300];
    smail_span secret = { much, 9199 };
    struct dialogue d;
    smail_span said;

    (void)state;
    begin(&d); /* "AUTH PLAIN " and CRLF are 13: 12268 for the response */
    secret.len = 9201;
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret), 0);
    assert_int_equal(smail_smtp_client_output(d.client).len, 12268 + 13);
    dialogue_end(&d);
    for (secret.len = 9208; secret.len <= 9213; secret.len += 5) {
        begin(&d);
        assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret), 0);
        assert_said(&d, "AUTH PLAIN\r\n");
        dialogue_hear(&d, "334 \r\n");
        assert_events(&d, "");
        said = smail_smtp_client_output(d.client);
        assert_int_equal(said.len, (secret.len + 2) / 3 * 4 + 2);
        smail_smtp_client_sent(d.client, said.len);
        dialogue_hear(&d, "334 \r\n"); /* it has been said already */
        assert_events(&d, "challenge ; ");
        dialogue_end(&d);
    }
    begin(&d); /* 9214 octets fit nowhere */
    secret.len = 9214;
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret),
                     SMAIL_ELIMIT);
    secret.len = 9300;
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret),
                     SMAIL_ELIMIT);
    assert_said(&d, "");
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", NULL), 0);
    dialogue_end(&d);
}

/* A challenge with words in it is for the owner to answer. */
static void an_initial_response_that_was_not_asked_for(void **state)
{
    static char much[9210];
    smail_span secret = { much, sizeof(much) };
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret), 0);
    dialogue_hear(&d, "334 VXNlcm5hbWU6\r\n");
    assert_events(&d, "challenge Username:; ");
    assert_int_equal(smail_smtp_client_cancel(d.client), 0);
    assert_said(&d, "AUTH PLAIN\r\n*\r\n");
    dialogue_hear(&d, "501 cancelled\r\n");
    assert_events(&d, "auth 501; ready; ");
    dialogue_end(&d);
}

static void a_response_has_a_length(void **state)
{
    static char much[9214];
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "334 \r\n");
    assert_int_equal(
        smail_smtp_client_respond(d.client, (smail_span){ much, 9214 }),
        SMAIL_ELIMIT);
    assert_said(&d, "");
    assert_int_equal(
        smail_smtp_client_respond(d.client, (smail_span){ much, 9213 }), 0);
    assert_int_equal(smail_smtp_client_output(d.client).len, 12284 + 2);
    dialogue_end(&d);
}

static void a_reply_of_the_wrong_kind(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    dialogue_hear(&d, "354 go\r\n");
    assert_events(&d, "close nonsense; ");
    dialogue_end(&d);
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    dialogue_hear(&d, "421 no\r\n");
    assert_events(&d, "close refused; ");
    dialogue_end(&d);
}

static void nonsense_is_cancelled(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    dialogue_hear(&d, "334 not base64\r\n");
    assert_said(&d, "AUTH LOGIN\r\n*\r\n");
    dialogue_hear(&d, "501 so what\r\n");
    assert_events(&d, "auth 501; ready; ");
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "334-VXNlcm5h\r\n334 bWU6\r\n"); /* in two lines */
    assert_said(&d, "*\r\n");
    dialogue_end(&d);
}

static void a_server_that_asks_on_and_on(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "LOGIN", NULL), 0);
    for (int i = 0; i < 16; i++) {
        dialogue_hear(&d, "334 \r\n");
        assert_int_equal(smail_smtp_client_respond(d.client, SMAIL__SPAN("")),
                         0);
    }
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "334 \r\n");
    assert_said(&d, "*\r\n");
    dialogue_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_an_initial_response),
        cmocka_unit_test(step_by_step),
        cmocka_unit_test(only_what_is_offered),
        cmocka_unit_test(an_initial_response_that_does_not_fit),
        cmocka_unit_test(an_initial_response_that_was_not_asked_for),
        cmocka_unit_test(a_response_has_a_length),
        cmocka_unit_test(a_reply_of_the_wrong_kind),
        cmocka_unit_test(nonsense_is_cancelled),
        cmocka_unit_test(a_server_that_asks_on_and_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
