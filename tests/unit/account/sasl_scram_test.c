/* SPDX-License-Identifier: MIT */
/* SCRAM-SHA-256 and -PLUS on both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account/sasl.h"
#include "account/sasl_client.h"
#include "base/base64.h"
#include "base/span.h"

/* The exchange that RFC 7677, 3 prints. */
#define CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define NONCE CLIENT_NONCE SERVER_NONCE
#define CLIENT_FIRST "n,,n=user,r=" CLIENT_NONCE
#define SERVER_FIRST "r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL \
    "c=biws,r=" NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static const struct smail__sasl_channel clear = {
    .nonce = { SERVER_NONCE, sizeof(SERVER_NONCE) - 1 },
};

/* Bindings of a connection. */
static const struct smail__sasl_channel bound = {
    .end_point = { "\x01\x02\x03\x04", 4 },
    .exporter = { "\x05\x06\x07\x08\x09", 5 },
    .offers_plus = true,
};

static struct smail__scram key_of(const char *password)
{
    struct smail__scram key = { .iterations = 4096 };
    struct smail__buf salt;

    smail__buf_init(&salt, 16, NULL);
    assert_int_equal(
        smail__base64_decode(&salt, SMAIL__SPAN("W22ZaJ0SNY7soEsUEjb6gQ==")),
        0);
    memcpy(key.salt, salt.data, sizeof(key.salt));
    smail__buf_dispose(&salt);
    assert_int_equal(smail__scram_derive(&key, smail__span(password), NULL), 0);
    return key;
}

static struct smail__sasl *begin(const char *mechanism,
                                 const struct smail__sasl_channel *channel)
{
    struct smail__sasl *sasl = NULL;

    assert_int_equal(
        smail__sasl_new(&sasl, smail__span(mechanism), channel, NULL), 0);
    return sasl;
}

static void assert_span(smail_span span, const char *text)
{
    if (!smail__span_is(span, text))
        fail_msg("'%.*s' is not '%s'", SMAIL__SPAN_ARG(span), text);
}

/* --- The server ----------------------------------------------------------- */

static void the_server_says_what_the_rfc_says(void **state)
{
    struct smail__sasl *sasl = begin("scram-sha-256", &clear);
    struct smail__scram key = key_of("pencil");
    struct smail__sasl_action action;

    (void)state;
    smail__sasl_step(&action, sasl, SMAIL__SPAN(CLIENT_FIRST), true);
    assert_int_equal(action.result, SMAIL__SASL_KEYS);
    assert_span(action.user, "user");
    smail__sasl_keys(&action, sasl, &key, 1);
    assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
    assert_span(action.challenge, SERVER_FIRST);
    smail__sasl_step(&action, sasl, SMAIL__SPAN(CLIENT_FINAL), true);
    assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
    assert_span(action.challenge, SERVER_FINAL);
    smail__sasl_step(&action, sasl, SMAIL__SPAN(""), true);
    assert_int_equal(action.result, SMAIL__SASL_ACCEPT);
    assert_span(action.user, "user");
    assert_int_equal(action.index, 0);
    smail__sasl_step(&action, sasl, SMAIL__SPAN(""), true);
    assert_int_equal(action.result, SMAIL__SASL_FAIL);
    smail__sasl_free(sasl);
}

/* What the server makes of the last message, with these keys. */
static enum smail__sasl_result settle(const char *first, const char *final,
                                      const struct smail__scram *keys,
                                      size_t count, size_t *index)
{
    struct smail__sasl *sasl = begin("SCRAM-SHA-256", &clear);
    struct smail__sasl_action action;
    enum smail__sasl_result result;

    smail__sasl_step(&action, sasl, smail__span(first), true);
    if (action.result == SMAIL__SASL_KEYS) {
        smail__sasl_keys(&action, sasl, keys, count);
        assert_int_equal(action.result, SMAIL__SASL_CHALLENGE);
        assert_span(action.challenge, SERVER_FIRST);
        smail__sasl_step(&action, sasl, smail__span(final), true);
    }
    if (action.result == SMAIL__SASL_CHALLENGE)
        smail__sasl_step(&action, sasl, SMAIL__SPAN(""), true);
    result = action.result;
    *index = action.index;
    smail__sasl_free(sasl);
    return result;
}

static void any_of_the_keys_will_do(void **state)
{
    struct smail__scram keys[SMAIL__SASL_KEYS_MAX + 1];
    size_t index;

    (void)state;
    for (size_t i = 0; i <= SMAIL__SASL_KEYS_MAX; i++)
        keys[i] = key_of("another");
    keys[SMAIL__SASL_KEYS_MAX - 1] = key_of("pencil");
    assert_int_equal(
        settle(CLIENT_FIRST, CLIENT_FINAL, keys, SMAIL__SASL_KEYS_MAX, &index),
        SMAIL__SASL_ACCEPT);
    assert_int_equal(index, SMAIL__SASL_KEYS_MAX - 1);
    assert_int_equal(settle(CLIENT_FIRST, CLIENT_FINAL, keys,
                            SMAIL__SASL_KEYS_MAX - 1, &index),
                     SMAIL__SASL_DENY);

    /* One too many is not looked at. */
    keys[SMAIL__SASL_KEYS_MAX - 1] = keys[0];
    keys[SMAIL__SASL_KEYS_MAX] = key_of("pencil");
    assert_int_equal(settle(CLIENT_FIRST, CLIENT_FINAL, keys,
                            SMAIL__SASL_KEYS_MAX + 1, &index),
                     SMAIL__SASL_DENY);
}

static void a_user_who_is_not_there_is_asked_all_the_same(void **state)
{
    struct smail__scram key = key_of("pencil");
    size_t index;

    (void)state;
    assert_int_equal(settle(CLIENT_FIRST, CLIENT_FINAL, &key, 0, &index),
                     SMAIL__SASL_DENY);
}

static void first_messages_that_make_no_sense_fail(void **state)
{
    static const char *const bad[] = {
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=user",
        "n,,r=abc",
        "n,,n=,r=abc",
        "n,,n=user,r=",
        "n,,n=user,r=a\x7f",
        "n,,n=user,r=a b",
        "n,,n=us=er,r=abc",
        "n,,n=us=2cer,r=abc",
        "n,,n=us=2,r=abc",
        "n,,m=x,n=user,r=abc",
        "n,,n=user,r=abc,m=x",
        "n,,n=user,r=abc,=x",
        "n,,n=user,r=abc,x",
        "n,a=other,n=user,r=abc",
        "n,a=,n=user,r=abc",
        "n,b=user,n=user,r=abc",
        "p=tls-exporter,,n=user,r=abc",
        "q,,n=user,r=abc",
        "nn,,n=user,r=abc",
        "n,,n=\xff,r=abc",
    };
    struct smail__scram key = key_of("pencil");
    size_t index;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (settle(bad[i], CLIENT_FINAL, &key, 1, &index) != SMAIL__SASL_FAIL)
            fail_msg("'%s' is taken", bad[i]);
}

static void last_messages_that_make_no_sense_fail(void **state)
{
#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    static const struct {
        const char *final;
        enum smail__sasl_result result;
    } bad[] = {
        { "", SMAIL__SASL_FAIL },
        { "c=biws", SMAIL__SASL_FAIL },
        { "c=biws,r=" NONCE, SMAIL__SASL_FAIL },
        { "c=biws,r=" NONCE ",p=", SMAIL__SASL_FAIL },
        { "c=biws,r=" NONCE ",p=AAAA", SMAIL__SASL_FAIL },
        { CLIENT_FINAL ",", SMAIL__SASL_FAIL },
        { CLIENT_FINAL ",x=y", SMAIL__SASL_FAIL },
        { "c=biws,r=" NONCE ",m=x,p=" PROOF, SMAIL__SASL_FAIL },
        { "p=" PROOF, SMAIL__SASL_FAIL },
        { "c=eSws,r=" NONCE ",p=" PROOF, SMAIL__SASL_DENY },
        { "c=biw,r=" NONCE ",p=" PROOF, SMAIL__SASL_DENY },
        { "c=biws,r=" NONCE "x,p=" PROOF, SMAIL__SASL_DENY },
        { "c=biws,r=" CLIENT_NONCE ",p=" PROOF, SMAIL__SASL_DENY },
        { "c=biws,r=" NONCE ",x=y,p=" PROOF, SMAIL__SASL_DENY },
    };
    struct smail__scram key = key_of("pencil");
    size_t index;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (settle(CLIENT_FIRST, bad[i].final, &key, 1, &index) !=
            bad[i].result)
            fail_msg("'%s' comes out otherwise", bad[i].final);
}

static void nonces_and_names_have_a_longest(void **state)
{
    struct smail__sasl_action action;
    char first[2000];

    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct smail__sasl *sasl = begin("SCRAM-SHA-256", NULL);
        size_t at = 0;

        memcpy(first, "n,,n=", 5);
        at = 5;
        memset(first + at, 'u', SMAIL__SASL_USER_MAX);
        at += SMAIL__SASL_USER_MAX;
        memcpy(first + at, ",r=", 3);
        at += 3;
        memset(first + at, 'x', SMAIL__SASL_NONCE_MAX + extra);
        at += SMAIL__SASL_NONCE_MAX + extra;
        smail__sasl_step(&action, sasl, (smail_span){ first, at }, true);
        assert_int_equal(action.result,
                         extra == 0 ? SMAIL__SASL_KEYS : SMAIL__SASL_FAIL);
        smail__sasl_free(sasl);

        sasl = begin("SCRAM-SHA-256", NULL);
        at = 5;
        memset(first + at, 'u', SMAIL__SASL_USER_MAX + extra);
        at += SMAIL__SASL_USER_MAX + extra;
        memcpy(first + at, ",r=x", 4);
        at += 4;
        smail__sasl_step(&action, sasl, (smail_span){ first, at }, true);
        assert_int_equal(action.result,
                         extra == 0 ? SMAIL__SASL_KEYS : SMAIL__SASL_FAIL);
        smail__sasl_free(sasl);
    }
}

static void nonces_are_never_the_same(void **state)
{
    struct smail__scram key = key_of("pencil");
    char before[200] = "";

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct smail__sasl *sasl = begin("SCRAM-SHA-256", NULL);
        struct smail__sasl_action action;

        smail__sasl_step(&action, sasl, SMAIL__SPAN(CLIENT_FIRST), true);
        smail__sasl_keys(&action, sasl, &key, 1);
        assert_true(action.challenge.len < sizeof(before));
        assert_memory_not_equal(before, action.challenge.data,
                                action.challenge.len);
        memcpy(before, action.challenge.data, action.challenge.len);
        smail__sasl_free(sasl);
    }
}

/* --- Channel binding ------------------------------------------------------ */

static void flags_are_held_against_what_was_offered(void **state)
{
    static const struct {
        const char *mechanism, *flag;
        const struct smail__sasl_channel *channel;
        enum smail__sasl_result result;
    } cases[] = {
        { "SCRAM-SHA-256", "n", &bound, SMAIL__SASL_KEYS },
        /* Somebody has taken -PLUS out of what we offered. */
        { "SCRAM-SHA-256", "y", &bound, SMAIL__SASL_FAIL },
        { "SCRAM-SHA-256", "y", NULL, SMAIL__SASL_KEYS },
        { "SCRAM-SHA-256", "p=tls-exporter", &bound, SMAIL__SASL_FAIL },
        { "SCRAM-SHA-256-PLUS", "n", &bound, SMAIL__SASL_FAIL },
        { "SCRAM-SHA-256-PLUS", "y", &bound, SMAIL__SASL_FAIL },
        { "SCRAM-SHA-256-PLUS", "p=tls-exporter", &bound, SMAIL__SASL_KEYS },
        { "SCRAM-SHA-256-PLUS", "p=tls-server-end-point", &bound,
          SMAIL__SASL_KEYS },
        { "SCRAM-SHA-256-PLUS", "p=tls-unique", &bound, SMAIL__SASL_FAIL },
        { "SCRAM-SHA-256-PLUS", "p=", &bound, SMAIL__SASL_FAIL },
        { "SCRAM-SHA-256-PLUS", "p=tls-exporter", NULL, SMAIL__SASL_FAIL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__sasl *sasl = begin(cases[i].mechanism, cases[i].channel);
        struct smail__sasl_action action;
        struct smail__buf first;

        smail__buf_init(&first, 200, NULL);
        smail__buf_printf(&first, "%s,,n=user,r=abc", cases[i].flag);
        smail__sasl_step(&action, sasl, smail__buf_span(&first), true);
        if (action.result != cases[i].result)
            fail_msg("%s, flag %s", cases[i].mechanism, cases[i].flag);
        smail__buf_dispose(&first);
        smail__sasl_free(sasl);
    }
}

/* --- Both sides ----------------------------------------------------------- */

struct talk {
    const char *mechanism;
    struct smail__sasl_credentials credentials;
    const struct smail__sasl_channel *channel;
    const struct smail__scram *key;
};

/* How it ends for the server; `*finish` how for the client. */
static enum smail__sasl_result talk(const struct talk *talk, int *finish)
{
    struct smail__sasl *server = begin(talk->mechanism, talk->channel);
    struct smail__sasl_client *client = NULL;
    struct smail__sasl_action action;
    enum smail__sasl_result result;
    smail_span response;
    int rc;

    assert_int_equal(smail__sasl_client_new(&client, talk->mechanism,
                                            &talk->credentials, NULL),
                     0);
    rc = smail__sasl_client_initial(&response, client, NULL);
    assert_int_equal(rc, 1);
    smail__sasl_step(&action, server, response, true);
    if (action.result == SMAIL__SASL_KEYS)
        smail__sasl_keys(&action, server, talk->key, 1);
    rc = 0;
    while (action.result == SMAIL__SASL_CHALLENGE && rc == 0) {
        rc = smail__sasl_client_respond(&response, client, action.challenge,
                                        NULL);
        if (rc == 0)
            smail__sasl_step(&action, server, response, true);
    }
    result = action.result;
    *finish = rc != 0 ? rc : smail__sasl_client_finish(client, NULL);
    smail__sasl_client_free(client);
    smail__sasl_free(server);
    return result;
}

static void both_sides_agree(void **state)
{
    struct smail__scram key = key_of("pe,n=cil");
    struct talk with = {
        .mechanism = "SCRAM-SHA-256",
        .credentials = { .user = SMAIL__SPAN("u,s=er"),
                         .password = SMAIL__SPAN("pe,n=cil") },
        .key = &key,
    };
    int finish;

    (void)state;
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_ACCEPT);
    assert_int_equal(finish, 0);

    with.credentials.password = SMAIL__SPAN("another");
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_DENY);
    assert_int_equal(finish, SMAIL_EAUTH);
}

/* RFC 5802, 2.2: however it is typed. */
static void the_client_prepares_the_password(void **state)
{
    struct smail__scram key = key_of("p\u00e4ss");
    struct talk with = {
        .mechanism = "SCRAM-SHA-256",
        .credentials = { .user = SMAIL__SPAN("user"),
                         .password = SMAIL__SPAN("pa\u0308\u00adss") },
        .key = &key,
    };
    int finish;

    (void)state;
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_ACCEPT);
    assert_int_equal(finish, 0);
}

static void a_binding_must_be_that_of_both_ends(void **state)
{
    struct smail__scram key = key_of("pencil");
    struct talk with = {
        .mechanism = "SCRAM-SHA-256-PLUS",
        .credentials = { .user = SMAIL__SPAN("user"),
                         .password = SMAIL__SPAN("pencil"),
                         .offered = SMAIL__SPAN("SCRAM-SHA-256-PLUS"),
                         .exporter = bound.exporter },
        .channel = &bound,
        .key = &key,
    };
    int finish;

    (void)state;
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_ACCEPT);
    with.credentials.exporter = (smail_span){ "", 0 };
    with.credentials.end_point = bound.end_point;
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_ACCEPT);

    /* There is somebody in between. */
    with.credentials.end_point = bound.exporter;
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_DENY);

    /* He has taken -PLUS out of the offer. */
    with.mechanism = "SCRAM-SHA-256";
    with.credentials.end_point = bound.end_point;
    with.credentials.offered = SMAIL__SPAN("SCRAM-SHA-256 PLAIN");
    assert_int_equal(talk(&with, &finish), SMAIL__SASL_FAIL);
}

/* --- The client ----------------------------------------------------------- */

static struct smail__sasl_client *rfc_client(void)
{
    struct smail__sasl_credentials credentials = {
        .user = SMAIL__SPAN("user"),
        .password = SMAIL__SPAN("pencil"),
        .nonce = SMAIL__SPAN(CLIENT_NONCE),
    };
    struct smail__sasl_client *client = NULL;
    smail_span response;

    assert_int_equal(
        smail__sasl_client_new(&client, "SCRAM-SHA-256", &credentials, NULL),
        0);
    assert_int_equal(smail__sasl_client_initial(&response, client, NULL), 1);
    assert_span(response, CLIENT_FIRST);
    return client;
}

static void the_client_says_what_the_rfc_says(void **state)
{
    struct smail__sasl_client *client = rfc_client();
    smail_span response;

    (void)state;
    assert_int_equal(smail__sasl_client_respond(
                         &response, client, SMAIL__SPAN(SERVER_FIRST), NULL),
                     0);
    assert_span(response, CLIENT_FINAL);
    assert_int_equal(smail__sasl_client_finish(client, NULL), SMAIL_EAUTH);
    assert_int_equal(smail__sasl_client_respond(
                         &response, client, SMAIL__SPAN(SERVER_FINAL), NULL),
                     0);
    assert_int_equal(response.len, 0);
    assert_int_equal(smail__sasl_client_finish(client, NULL), 0);
    assert_int_equal(smail__sasl_client_respond(
                         &response, client, SMAIL__SPAN(SERVER_FINAL), NULL),
                     SMAIL_EMALFORMED);
    smail__sasl_client_free(client);
}

static void the_client_refuses_what_makes_no_sense(void **state)
{
#define SALT ",s=W22ZaJ0SNY7soEsUEjb6gQ=="
    static const struct {
        const char *challenge;
        int code;
    } bad[] = {
        { "", SMAIL_EMALFORMED },
        { "r=" NONCE, SMAIL_EMALFORMED },
        { "r=" NONCE SALT, SMAIL_EMALFORMED },
        { "r=" NONCE SALT ",i=", SMAIL_EMALFORMED },
        { "r=" NONCE SALT ",i=-1", SMAIL_EMALFORMED },
        { "r=" NONCE SALT ",i=0", SMAIL_ELIMIT },
        { "r=" NONCE SALT ",i=1000000", 0 },
        { "r=" NONCE SALT ",i=1000001", SMAIL_ELIMIT },
        { "r=" NONCE SALT ",i=99999999999999999999", SMAIL_EMALFORMED },
        { "r=" NONCE ",s=,i=4096", SMAIL_EMALFORMED },
        { "r=" NONCE ",s=!,i=4096", SMAIL_EMALFORMED },
        { "m=x,r=" NONCE SALT ",i=4096", SMAIL_EMALFORMED },
        { "r=" NONCE SALT ",i=4096,m=x", SMAIL_EMALFORMED },
        { "r=" NONCE SALT ",i=4096,x=y", 0 },
        { "r=" CLIENT_NONCE SALT ",i=4096", SMAIL_EAUTH },
        { "r=x" NONCE SALT ",i=4096", SMAIL_EAUTH },
        { "r=x" SALT ",i=4096", SMAIL_EAUTH },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct smail__sasl_client *client = rfc_client();
        smail_span response;
        int rc = smail__sasl_client_respond(
            &response, client, smail__span(bad[i].challenge), NULL);

        if (rc != bad[i].code)
            fail_msg("'%s': %d", bad[i].challenge, rc);
        smail__sasl_client_free(client);
    }
}

static void the_client_wants_proof_of_the_server(void **state)
{
    static const char *const last[] = {
        "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "v=", "",
        "e=other-error", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        struct smail__sasl_client *client = rfc_client();
        smail_span response;

        assert_int_equal(smail__sasl_client_respond(&response, client,
                                                    SMAIL__SPAN(SERVER_FIRST),
                                                    NULL),
                         0);
        assert_true(smail__sasl_client_respond(
                        &response, client, smail__span(last[i]), NULL) != 0);
        assert_int_equal(smail__sasl_client_finish(client, NULL), SMAIL_EAUTH);
        smail__sasl_client_free(client);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_says_what_the_rfc_says),
        cmocka_unit_test(any_of_the_keys_will_do),
        cmocka_unit_test(a_user_who_is_not_there_is_asked_all_the_same),
        cmocka_unit_test(first_messages_that_make_no_sense_fail),
        cmocka_unit_test(last_messages_that_make_no_sense_fail),
        cmocka_unit_test(nonces_and_names_have_a_longest),
        cmocka_unit_test(nonces_are_never_the_same),
        cmocka_unit_test(flags_are_held_against_what_was_offered),
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(the_client_prepares_the_password),
        cmocka_unit_test(a_binding_must_be_that_of_both_ends),
        cmocka_unit_test(the_client_says_what_the_rfc_says),
        cmocka_unit_test(the_client_refuses_what_makes_no_sense),
        cmocka_unit_test(the_client_wants_proof_of_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
