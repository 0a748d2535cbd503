/* SPDX-License-Identifier: MIT */
/* The client's side: which mechanism, and what it says. SCRAM has a test of
 * its own. */
#include "account/sasl_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "account/sasl.h"
#include "base/span.h"

static struct smail__sasl_credentials all(void)
{
    return (struct smail__sasl_credentials){
        .user = SMAIL__SPAN("alice@example.org"),
        .password = SMAIL__SPAN("secret"),
        .token = SMAIL__SPAN("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="),
        .host = SMAIL__SPAN("mail.example.org"),
        .port = 587,
        .end_point = SMAIL__SPAN("end"),
        .has_certificate = true,
        .is_secure = true,
    };
}

static struct smail__sasl_client *begin(
    const char *mechanism, const struct smail__sasl_credentials *credentials)
{
    struct smail__sasl_client *client = NULL;

    assert_int_equal(
        smail__sasl_client_new(&client, mechanism, credentials, NULL), 0);
    return client;
}

static void assert_chooses(struct smail__sasl_credentials credentials,
                           const char *offered, const char *expected)
{
    const char *name;

    credentials.offered = smail__span(offered);
    name = smail__sasl_client_choose(&credentials);
    if (expected == NULL)
        assert_null(name);
    else
        assert_string_equal(name, expected);
}

static void the_best_that_both_know_is_chosen(void **state)
{
    struct smail__sasl_credentials credentials = all();

    (void)state;
    assert_chooses(credentials, "PLAIN LOGIN EXTERNAL", "EXTERNAL");
    credentials.has_certificate = false;
    assert_chooses(credentials, "PLAIN XOAUTH2 OAUTHBEARER", "OAUTHBEARER");
    credentials.token = (smail_span){ "", 0 };
    assert_chooses(credentials, "PLAIN scram-sha-256 SCRAM-SHA-256-PLUS",
                   "SCRAM-SHA-256-PLUS");
    credentials.end_point = (smail_span){ "", 0 };
    assert_chooses(credentials, "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
                   "SCRAM-SHA-256");
    assert_chooses(credentials, "LOGIN PLAIN", "PLAIN");
    assert_chooses(credentials, "LOGIN", "LOGIN");
    assert_chooses(credentials, "GSSAPI CRAM-MD5", NULL);
    assert_chooses(credentials, "", NULL);
    credentials.is_secure = false;
    assert_chooses(credentials, "LOGIN PLAIN", NULL);
    assert_chooses(credentials, "LOGIN PLAIN SCRAM-SHA-256", "SCRAM-SHA-256");
}

static void assert_says(const char *mechanism, smail_span expected)
{
    struct smail__sasl_credentials credentials = all();
    struct smail__sasl_client *client = begin(mechanism, &credentials);
    smail_span response;

    assert_int_equal(smail__sasl_client_initial(&response, client, NULL), 1);
    if (!smail__span_equal(response, expected))
        fail_msg("%s says '%.*s'", mechanism, SMAIL__SPAN_ARG(response));
    assert_int_equal(smail__sasl_client_finish(client, NULL), 0);
    assert_true(smail__sasl_client_respond(&response, client, SMAIL__SPAN("?"),
                                           NULL) != 0);
    smail__sasl_client_free(client);
}

static void each_says_what_it_has_to_say(void **state)
{
    (void)state;
    assert_says("plain", SMAIL__SPAN("\0alice@example.org\0secret"));
    assert_says("EXTERNAL", SMAIL__SPAN("alice@example.org"));
    /* RFC 7628, 4.1 */
    assert_says("OAUTHBEARER",
                SMAIL__SPAN("n,a=alice@example.org,\x01host=mail.example.org"
                            "\x01port=587\x01"
                            "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEu"
                            "Y29tCg==\x01\x01"));
    assert_says("XOAUTH2",
                SMAIL__SPAN("user=alice@example.org\x01"
                            "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEu"
                            "Y29tCg==\x01\x01"));
}

static void login_waits_to_be_asked(void **state)
{
    struct smail__sasl_credentials credentials = all();
    struct smail__sasl_client *client = begin("LOGIN", &credentials);
    smail_span response;

    (void)state;
    assert_int_equal(smail__sasl_client_initial(&response, client, NULL), 0);
    assert_int_equal(smail__sasl_client_respond(&response, client,
                                                SMAIL__SPAN("Username:"), NULL),
                     0);
    assert_true(smail__span_is(response, "alice@example.org"));
    assert_int_equal(smail__sasl_client_respond(&response, client,
                                                SMAIL__SPAN("Password:"), NULL),
                     0);
    assert_true(smail__span_is(response, "secret"));
    assert_int_equal(smail__sasl_client_respond(
                         &response, client, SMAIL__SPAN("Shoe size:"), NULL),
                     SMAIL_EMALFORMED);
    smail__sasl_client_free(client);
}

static void what_cannot_be_sent_is_refused(void **state)
{
    struct smail__sasl_credentials credentials = all();
    struct smail__sasl_client *client = NULL;

    (void)state;
    assert_int_equal(
        smail__sasl_client_new(&client, "CRAM-MD5", &credentials, NULL),
        SMAIL_ENOTFOUND);
    credentials.user = SMAIL__SPAN("a\0b");
    assert_int_equal(
        smail__sasl_client_new(&client, "PLAIN", &credentials, NULL),
        SMAIL_EINVAL);
    credentials.user = SMAIL__SPAN("a\x01");
    assert_int_equal(
        smail__sasl_client_new(&client, "XOAUTH2", &credentials, NULL),
        SMAIL_EINVAL);
    credentials = all();
    credentials.password = SMAIL__SPAN("\xff");
    assert_int_equal(
        smail__sasl_client_new(&client, "PLAIN", &credentials, NULL),
        SMAIL_EINVAL);
    credentials.password = (smail_span){ "", 0 };
    assert_int_equal(
        smail__sasl_client_new(&client, "PLAIN", &credentials, NULL),
        SMAIL_EINVAL);
    credentials = all();
    credentials.is_secure = false;
    assert_int_equal(
        smail__sasl_client_new(&client, "PLAIN", &credentials, NULL),
        SMAIL_EINVAL);
}

/* The refused token: the server's reasons, then the end. */
static void a_refused_token_ends_in_words(void **state)
{
    static const char *const names[] = { "OAUTHBEARER", "XOAUTH2" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct smail__sasl_credentials credentials = all();
        struct smail__sasl_client *client = begin(names[i], &credentials);
        smail_error err = SMAIL_ERROR_INIT;
        struct smail__sasl *server = NULL;
        struct smail__sasl_action action;
        smail_span response;

        assert_int_equal(
            smail__sasl_new(&server, smail__span(names[i]), NULL, NULL), 0);
        smail__sasl_client_initial(&response, client, NULL);
        smail__sasl_step(&action, server, response, true);
        assert_int_equal(action.result, SMAIL__SASL_TOKEN);
        assert_true(smail__span_is(action.user, "alice@example.org"));
        assert_true(smail__span_equal(action.token, credentials.token));
        smail__sasl_no_token(&action, server);
        assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
        assert_int_equal(smail__sasl_client_respond(&response, client,
                                                    action.challenge, &err),
                         SMAIL_EAUTH);
        smail__sasl_step(&action, server, SMAIL__SPAN("\x01"), true);
        assert_int_equal(action.result, SMAIL__SASL_DENY);
        smail__sasl_client_free(client);
        smail__sasl_free(server);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_that_both_know_is_chosen),
        cmocka_unit_test(each_says_what_it_has_to_say),
        cmocka_unit_test(login_waits_to_be_asked),
        cmocka_unit_test(what_cannot_be_sent_is_refused),
        cmocka_unit_test(a_refused_token_ends_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
