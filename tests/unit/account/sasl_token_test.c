/* SPDX-License-Identifier: MIT */
/* OAUTHBEARER, XOAUTH2 and EXTERNAL, the server's side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account/sasl.h"
#include "base/span.h"

static enum smail__sasl_result step(const char *mechanism, smail_span response)
{
    struct smail__sasl *sasl = NULL;
    struct smail__sasl_action action;

    assert_int_equal(smail__sasl_new(&sasl, smail__span(mechanism), NULL, NULL),
                     0);
    smail__sasl_step(&action, sasl, response, true);
    smail__sasl_free(sasl);
    return action.result;
}

static void assert_all(const char *mechanism, const smail_span *responses,
                       size_t count, enum smail__sasl_result result)
{
    for (size_t i = 0; i < count; i++)
        if (step(mechanism, responses[i]) != result)
            fail_msg("%s: '%.*s'", mechanism, SMAIL__SPAN_ARG(responses[i]));
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void tokens_are_taken(void **state)
{
    static const smail_span bearer[] = {
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("y,,\x01"
                    "auth=bearer abc\x01\x01"),
        SMAIL__SPAN("n,a=u=2Cv,\x01host=h\x01port=1\x01"
                    "auth=Bearer a==\x01"
                    "x=y\x01\x01"),
    };
    static const smail_span xoauth2[] = {
        SMAIL__SPAN("user=u\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("auth=Bearer abc\x01\x01"),
    };

    (void)state;
    assert_all("OAUTHBEARER", bearer, COUNT(bearer), SMAIL__SASL_TOKEN);
    assert_all("XOAUTH2", xoauth2, COUNT(xoauth2), SMAIL__SASL_TOKEN);
}

static void what_makes_no_sense_fails(void **state)
{
    static const smail_span bearer[] = {
        SMAIL__SPAN(""),
        SMAIL__SPAN("\x01"),
        SMAIL__SPAN("n,,"),
        SMAIL__SPAN("n,,\x01"),
        SMAIL__SPAN("n,,\x01\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer abc"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer abc\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer abc\x01\x01x"),
        SMAIL__SPAN("n,,x\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Basic abc\x01\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer \x01\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer a b\x01\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer a\0b\x01\x01"),
        SMAIL__SPAN("n,,\x01"
                    "auth=Bearer a\x01"
                    "auth=Bearer b\x01\x01"),
        SMAIL__SPAN("n,b=u,\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("n,a=,\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("n,a=\xff,\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("p=tls-exporter,,\x01"
                    "auth=Bearer abc\x01\x01"),
    };
    static const smail_span xoauth2[] = {
        SMAIL__SPAN(""),
        SMAIL__SPAN("user=u\x01\x01"),
        SMAIL__SPAN("user=\x01"
                    "auth=Bearer abc\x01\x01"),
        SMAIL__SPAN("user=u\x01"
                    "auth=Bearer abc\x01"),
    };

    (void)state;
    assert_all("OAUTHBEARER", bearer, COUNT(bearer), SMAIL__SASL_FAIL);
    assert_all("XOAUTH2", xoauth2, COUNT(xoauth2), SMAIL__SASL_FAIL);
}

static void a_token_has_a_longest(void **state)
{
    static char response[SMAIL__SASL_TOKEN_MAX + 64];

    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t at = strlen("auth=Bearer ");

        memcpy(response, "auth=Bearer ", at);
        memset(response + at, 'x', SMAIL__SASL_TOKEN_MAX + extra);
        at += SMAIL__SASL_TOKEN_MAX + extra;
        memcpy(response + at, "\x01\x01", 2);
        assert_int_equal(step("XOAUTH2", (smail_span){ response, at + 2 }),
                         extra == 0 ? SMAIL__SASL_TOKEN : SMAIL__SASL_FAIL);
    }
}

static void a_bad_token_is_told_so_and_denied(void **state)
{
    struct smail__sasl *sasl = NULL;
    struct smail__sasl_action action;

    (void)state;
    assert_int_equal(
        smail__sasl_new(&sasl, SMAIL__SPAN("OAUTHBEARER"), NULL, NULL), 0);
    smail__sasl_no_token(&action, sasl);
    assert_int_equal(action.result, SMAIL__SASL_FAIL);
    smail__sasl_free(sasl);

    assert_int_equal(
        smail__sasl_new(&sasl, SMAIL__SPAN("OAUTHBEARER"), NULL, NULL), 0);
    smail__sasl_step(&action, sasl,
                     SMAIL__SPAN("n,a=u,\x01"
                                 "auth=Bearer abc\x01\x01"),
                     true);
    assert_true(smail__span_is(action.user, "u"));
    assert_true(smail__span_is(action.token, "abc"));
    smail__sasl_no_token(&action, sasl);
    assert_true(
        smail__span_is(action.challenge, "{\"status\":\"invalid_token\"}"));
    smail__sasl_step(&action, sasl, SMAIL__SPAN("\x01"), true);
    assert_int_equal(action.result, SMAIL__SASL_DENY);
    assert_true(smail__span_is(action.user, "u"));
    smail__sasl_free(sasl);
}

static void external_names_somebody_or_nobody(void **state)
{
    struct smail__sasl *sasl = NULL;
    struct smail__sasl_action action;

    (void)state;
    assert_int_equal(step("EXTERNAL", SMAIL__SPAN("a\0b")), SMAIL__SASL_FAIL);
    assert_int_equal(step("EXTERNAL", SMAIL__SPAN("")),
                     SMAIL__SASL_CERTIFICATE);
    assert_int_equal(
        smail__sasl_new(&sasl, SMAIL__SPAN("EXTERNAL"), NULL, NULL), 0);
    smail__sasl_step(&action, sasl, SMAIL__SPAN(""), false);
    assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
    smail__sasl_step(&action, sasl, SMAIL__SPAN("alice@example.org"), true);
    assert_int_equal(action.result, SMAIL__SASL_CERTIFICATE);
    assert_true(smail__span_is(action.user, "alice@example.org"));
    smail__sasl_free(sasl);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_taken),
        cmocka_unit_test(what_makes_no_sense_fails),
        cmocka_unit_test(a_token_has_a_longest),
        cmocka_unit_test(a_bad_token_is_told_so_and_denied),
        cmocka_unit_test(external_names_somebody_or_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
