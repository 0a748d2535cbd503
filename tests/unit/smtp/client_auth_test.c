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
    dialogue_hear(&d, "235 yes\r\n");
    assert_events(&d, "auth 235; ready; ");
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

static void too_long_a_line(void **state)
{
    static char much[10000];
    smail_span secret = { much, sizeof(much) };
    struct dialogue d;

    (void)state;
    begin(&d);
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", &secret),
                     SMAIL_ELIMIT);
    assert_said(&d, "");
    assert_int_equal(smail_smtp_client_auth(d.client, "PLAIN", NULL), 0);
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
        cmocka_unit_test(too_long_a_line),
        cmocka_unit_test(nonsense_is_cancelled),
        cmocka_unit_test(a_server_that_asks_on_and_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
