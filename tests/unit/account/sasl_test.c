/* SPDX-License-Identifier: MIT */
#include "account/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/account.h>

#include "base/span.h"

static struct smail__sasl *begin(const char *mechanism)
{
    struct smail__sasl *sasl = NULL;

    assert_int_equal(smail__sasl_new(&sasl, smail__span(mechanism), NULL, NULL),
                     0);
    return sasl;
}

static void assert_span(smail_span span, const char *text)
{
    assert_true(smail__span_is(span, text));
}

/* RFC 4616, 4: the first exchange there. */
static void plain_takes_an_initial_response(void **state)
{
    struct smail__sasl *sasl = begin("plain");
    struct smail__sasl_action action;

    (void)state;
    smail__sasl_step(&action, sasl, SMAIL__SPAN("\0tim\0tanstaaftanstaaf"),
                     true);

    assert_int_equal(action.result, SMAIL__SASL_CHECK);
    assert_span(action.user, "tim");
    assert_span(action.password, "tanstaaftanstaaf");
    smail__sasl_step(&action, sasl, SMAIL__SPAN("\0tim\0tanstaaftanstaaf"),
                     true);
    assert_int_equal(action.result, SMAIL__SASL_FAIL);
    smail__sasl_free(sasl);
}

static void plain_asks_with_an_empty_challenge(void **state)
{
    struct smail__sasl *sasl = begin("PLAIN");
    struct smail__sasl_action action;

    (void)state;
    smail__sasl_step(&action, sasl, SMAIL__SPAN(""), false);
    assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
    assert_int_equal(action.challenge.len, 0);

    smail__sasl_step(&action, sasl, SMAIL__SPAN("Tim\0tim\0secret"), true);
    assert_int_equal(action.result, SMAIL__SASL_CHECK);
    assert_span(action.user, "tim");
    smail__sasl_free(sasl);
}

static void plain_refuses_what_is_malformed(void **state)
{
    static const smail_span bad[] = {
        { "", 0 },
        { "\0", 1 },
        { "\0\0", 2 },
        { "tim", 3 },
        { "tim\0secret", 10 },
        { "\0tim", 4 },
        { "\0tim\0", 5 },
        { "\0\0secret", 8 },
        { "\0tim\0sec\0ret", 12 },
        { "\0tim\0secret\0", 12 },
        { "ursel\0kurt\0xipj3plmq", 20 },
        { "\0t\xffm\0secret", 11 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct smail__sasl *sasl = begin("PLAIN");
        struct smail__sasl_action action;

        smail__sasl_step(&action, sasl, bad[i], true);
        assert_int_equal(action.result, SMAIL__SASL_FAIL);
        assert_non_null(action.reason);
        smail__sasl_free(sasl);
    }
}

static void login_asks_for_user_and_password(void **state)
{
    struct smail__sasl *sasl = begin("LOGIN");
    struct smail__sasl_action action;

    (void)state;
    smail__sasl_step(&action, sasl, SMAIL__SPAN(""), false);
    assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
    assert_span(action.challenge, "Username:");
    smail__sasl_step(&action, sasl, SMAIL__SPAN("bob@example.test"), true);
    assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
    assert_span(action.challenge, "Password:");
    smail__sasl_step(&action, sasl, SMAIL__SPAN("sec\0ret"), true);

    assert_int_equal(action.result, SMAIL__SASL_CHECK);
    assert_span(action.user, "bob@example.test");
    assert_true(smail__span_equal(action.password, SMAIL__SPAN("sec\0ret")));
    smail__sasl_free(sasl);
}

static void login_takes_the_user_as_initial_response(void **state)
{
    struct smail__sasl *sasl = begin("login");
    struct smail__sasl_action action;

    (void)state;
    smail__sasl_step(&action, sasl, SMAIL__SPAN("bob@example.test"), true);
    assert_span(action.challenge, "Password:");
    smail__sasl_step(&action, sasl, SMAIL__SPAN(""), true);
    assert_int_equal(action.result, SMAIL__SASL_FAIL);
    smail__sasl_free(sasl);
}

static void lengths_are_bounded(void **state)
{
    char text[SMAIL_PASSWORD_MAX + 1];
    const char *mechanism[] = { "PLAIN", "LOGIN" };
    struct smail__sasl_action action;

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < 2; i++) {
        struct smail__sasl *sasl = begin(mechanism[i]);

        smail__sasl_step(&action, sasl, (smail_span){ text, sizeof(text) },
                         true);
        assert_int_equal(action.result, SMAIL__SASL_FAIL);
        smail__sasl_free(sasl);
    }
    for (size_t over = 0; over < 2; over++) {
        struct smail__sasl *sasl = begin("LOGIN");

        smail__sasl_step(&action, sasl,
                         (smail_span){ text, SMAIL__SASL_USER_MAX }, true);
        assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
        smail__sasl_step(&action, sasl,
                         (smail_span){ text, SMAIL_PASSWORD_MAX + over }, true);
        assert_int_equal(action.result,
                         over ? SMAIL__SASL_FAIL : SMAIL__SASL_CHECK);
        smail__sasl_free(sasl);
    }
}

static void every_mechanism_is_known_and_no_other(void **state)
{
    smail_span names = SMAIL__SPAN("plain LOGIN SCRAM-SHA-256 OAUTHBEARER "
                                   "SCRAM-SHA-256-PLUS XOAUTH2 EXTERNAL");
    struct smail__sasl *sasl = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    while (names.len > 0) {
        assert_int_equal(
            smail__sasl_new(&sasl, smail__span_cut(&names, ' '), NULL, &err),
            0);
        smail__sasl_free(sasl);
    }
    assert_int_equal(
        smail__sasl_new(&sasl, SMAIL__SPAN("CRAM-MD5"), NULL, &err),
        SMAIL_ENOTFOUND);
    assert_int_equal(smail__sasl_new(&sasl, SMAIL__SPAN(""), NULL, &err),
                     SMAIL_ENOTFOUND);
    smail__sasl_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_takes_an_initial_response),
        cmocka_unit_test(plain_asks_with_an_empty_challenge),
        cmocka_unit_test(plain_refuses_what_is_malformed),
        cmocka_unit_test(login_asks_for_user_and_password),
        cmocka_unit_test(login_takes_the_user_as_initial_response),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(every_mechanism_is_known_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
