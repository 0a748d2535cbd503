/* SPDX-License-Identifier: MIT */
/* The second factor of an account: in force or not, each code once. */
#include "store_fixture.h"

#include "account/app_password.h"
#include <smtpmail/totp.h>

#include "account/login.h"
#include "account/totp_code.h"
#include "base/format.h"
#include "store/store.h"

#define NOW 1800000000
#define SECRET "correct horse"

static smail_id add_bob(smail_store *store)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_id bob = 0;

    options.password = SMAIL__SPAN(SECRET);
    options.bare = true;
    assert_int_equal(
        smail_account_add(&bob, store, "bob@example.test", &options, NULL), 0);
    return bob;
}

static int login(smail_store *store)
{
    smail_id id;

    return smail_account_login(&id, store, SMAIL__SPAN("bob@example.test"),
                               SMAIL__SPAN(SECRET), NULL);
}

/* What an app makes of it (RFC 4648, 6). */
static smail_span code_at(char out[8], const smail_totp_secret *secret,
                          int64_t now)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char key[SMAIL__TOTP_SECRET_LEN];
    unsigned bits = 0, count = 0;
    size_t len = 0;

    for (const char *at = secret->text; *at != '\0'; at++) {
        bits = bits << 5 | (unsigned)(strchr(letters, *at) - letters);
        count += 5;
        if (count >= 8) {
            count -= 8;
            key[len++] = (char)(bits >> count);
        }
    }
    assert_int_equal(len, sizeof(key));
    smail__format(
        out, 8, "%06u",
        (unsigned)smail__hotp((smail_span){ key, len }, (uint64_t)now / 30, 6));
    return (smail_span){ out, 6 };
}

static void enable(smail_totp_codes *codes, smail_totp_secret *secret,
                   smail_store *store, smail_id bob)
{
    char code[8];

    assert_int_equal(smail_totp_begin(secret, store, bob, NULL, NULL), 0);
    assert_int_equal(smail_totp_confirm(codes, store, bob,
                                        code_at(code, secret, NOW), NOW, NULL),
                     0);
}

static void a_password_alone_opens_nothing_while_it_is_in_force(void **state)
{
    smail_totp_secret secret;
    smail_totp_codes codes;
    smail_totp_status status;
    smail_id bob = add_bob(*state);
    char code[8];

    assert_int_equal(smail_totp_begin(&secret, *state, bob, NULL, NULL), 0);
    assert_int_equal(login(*state), 0);
    assert_int_equal(
        smail_totp_check(*state, bob, code_at(code, &secret, NOW), NOW, NULL),
        SMAIL_EAUTH);
    assert_int_equal(smail_totp_confirm(&codes, *state, bob,
                                        SMAIL__SPAN("abcdef"), NOW, NULL),
                     SMAIL_EAUTH);
    assert_int_equal(smail_totp_confirm(&codes, *state, bob,
                                        code_at(code, &secret, NOW), NOW, NULL),
                     0);
    assert_int_equal(login(*state), SMAIL_EAUTH);
    assert_int_equal(smail_totp_get(&status, *state, bob, NULL), 0);
    assert_int_equal(status.confirmed_at, NOW);
    assert_int_equal(status.codes_left, SMAIL_TOTP_CODES);
    assert_int_equal(smail_totp_begin(&secret, *state, bob, NULL, NULL),
                     SMAIL_ESTATE);

    assert_int_equal(smail_totp_disable(*state, bob, NULL), 0);
    assert_int_equal(login(*state), 0);
    assert_int_equal(smail_totp_get(&status, *state, bob, NULL), 0);
    assert_int_equal(status.confirmed_at, 0);
}

static void each_code_is_taken_once(void **state)
{
    smail_totp_secret secret;
    smail_totp_codes codes;
    smail_id bob = add_bob(*state);
    char code[8];

    enable(&codes, &secret, *state, bob);
    assert_int_equal(
        smail_totp_check(*state, bob, code_at(code, &secret, NOW), NOW, NULL),
        SMAIL_EAUTH);
    code_at(code, &secret, NOW + 30);
    assert_int_equal(
        smail_totp_check(*state, bob, (smail_span){ code, 6 }, NOW + 30, NULL),
        0);
    assert_int_equal(
        smail_totp_check(*state, bob, (smail_span){ code, 6 }, NOW + 30, NULL),
        SMAIL_EAUTH);
}

static void recovery_codes_stand_in_once(void **state)
{
    smail_totp_secret secret;
    smail_totp_codes codes, renewed;
    smail_totp_status status;
    smail_id bob = add_bob(*state);

    assert_int_equal(smail_totp_renew_codes(&codes, *state, bob, NULL),
                     SMAIL_ESTATE);
    enable(&codes, &secret, *state, bob);
    for (int i = 0; i < SMAIL_TOTP_CODES; i++)
        for (int k = 0; k < 2; k++)
            assert_int_equal(smail_totp_check(*state, bob,
                                              smail__span(codes.text[i]), NOW,
                                              NULL),
                             k == 0 ? 0 : SMAIL_EAUTH);
    assert_int_equal(smail_totp_get(&status, *state, bob, NULL), 0);
    assert_int_equal(status.codes_left, 0);
    assert_int_equal(smail_totp_renew_codes(&renewed, *state, bob, NULL), 0);
    assert_int_equal(
        smail_totp_check(*state, bob, smail__span(codes.text[0]), NOW, NULL),
        SMAIL_EAUTH);
    assert_int_equal(
        smail_totp_check(*state, bob, smail__span(renewed.text[9]), NOW, NULL),
        0);
}

static int guess(smail_store *store, smail_id bob, int64_t now)
{
    return smail_totp_check(store, bob, SMAIL__SPAN("000000"), now, NULL);
}

static void guessing_is_bounded(void **state)
{
    smail_totp_secret secret;
    smail_totp_codes codes;
    smail_id bob = add_bob(*state);
    int64_t now = NOW + 3600;
    char code[8];

    enable(&codes, &secret, *state, bob);
    for (int i = 0; i < SMAIL_TOTP_TRIES - 1; i++)
        assert_int_equal(guess(*state, bob, now), SMAIL_EAUTH);
    assert_int_equal(
        smail_totp_check(*state, bob, code_at(code, &secret, now), now, NULL),
        0); /* one below: and that forgives them */
    for (int i = 0; i < SMAIL_TOTP_TRIES; i++)
        assert_int_equal(guess(*state, bob, now), SMAIL_EAUTH);
    now += SMAIL_TOTP_TRY_SECONDS - 1;
    assert_int_equal(
        smail_totp_check(*state, bob, code_at(code, &secret, now), now, NULL),
        SMAIL_EBUSY); /* nothing is learned of the code then */
    assert_int_equal(
        smail_totp_check(*state, bob, smail__span(codes.text[0]), now, NULL),
        SMAIL_EBUSY);
    now++;
    assert_int_equal(guess(*state, bob, now), SMAIL_EAUTH);
    assert_int_equal(guess(*state, bob, now), SMAIL_EBUSY);
    now += SMAIL_TOTP_TRY_SECONDS;
    assert_int_equal(
        smail_totp_check(*state, bob, code_at(code, &secret, now), now, NULL),
        0);
}

static void an_app_is_told_for_whom(void **state)
{
    smail_id bob = add_bob(*state);
    smail_totp_secret secret;
    char issuer[1000];

    assert_int_equal(smail_totp_begin(&secret, *state, bob, NULL, NULL), 0);
    assert_non_null(strstr(
        secret.uri, "otpauth://totp/example.test:bob%40example.test?secret="));
    assert_non_null(strstr(secret.uri, secret.text));
    memset(issuer, 'x', sizeof(issuer) - 1);
    issuer[sizeof(issuer) - 1] = '\0';
    assert_int_equal(smail_totp_begin(&secret, *state, bob, issuer, NULL),
                     SMAIL_ELIMIT);
    assert_int_equal(smail_totp_begin(&secret, *state, bob + 1, NULL, NULL),
                     SMAIL_ENOTFOUND);
}

static void app_passwords_still_open(void **state)
{
    smail_totp_secret secret;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_totp_codes codes;
    smail_id bob = add_bob(*state), id = 0;

    enable(&codes, &secret, *state, bob);
    assert_int_equal(smail__app_password_add(
                         &id, password, *state,
                         &(struct smail__app_password_wish){
                             .account = bob, .name = SMAIL__SPAN("phone") },
                         NOW, NULL),
                     0);
    assert_int_equal(smail_account_login(&id, *state,
                                         SMAIL__SPAN("bob@example.test"),
                                         smail__span(password), NULL),
                     0);
    assert_int_equal(id, bob);
    assert_int_equal(login(*state), SMAIL_EAUTH);
}

static bool has_hash(smail_store *store, const char *start)
{
    struct smail__statement *statement;
    struct smail__db *db;
    smail_span hash;
    bool result;

    assert_int_equal(smail__store_begin_read(&db, store, NULL), 0);
    assert_int_equal(
        smail__db_prepare(&statement, db, "SELECT password FROM account", NULL),
        0);
    assert_int_equal(smail__statement_step(statement, NULL), 1);
    hash = smail__column_span(statement, 0);
    result = hash.len > strlen(start) &&
             memcmp(hash.data, start, strlen(start)) == 0;
    smail__statement_reset(statement);
    smail__store_end_read(store, db);
    return result;
}

/* Of "Hello world!". At the page, which asks for the code, it becomes ours. */
static void a_hash_of_another_server_opens_nothing_either(void **state)
{
    smail_span hash = SMAIL__SPAN(
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
    smail_span user = SMAIL__SPAN("bob@example.test");
    smail_totp_secret secret;
    smail_totp_codes codes;
    smail_id bob = add_bob(*state), id = 0;
    bool wants_code = false;

    enable(&codes, &secret, *state, bob);
    assert_int_equal(smail_account_set_password_hash(*state, bob, hash, NULL),
                     0);
    assert_int_equal(smail_account_login(&id, *state, user,
                                         SMAIL__SPAN("Hello world!"), NULL),
                     SMAIL_EAUTH);
    assert_true(has_hash(*state, "$5$"));
    assert_int_equal(smail__login_first(&id, &wants_code, *state, user,
                                        SMAIL__SPAN("Hello world!"), NULL),
                     0);
    assert_true(wants_code);
    assert_true(has_hash(*state, "$scrypt$"));
    assert_int_equal(smail_account_set_password_hash(*state, bob, hash, NULL),
                     0);
    assert_int_equal(smail_totp_disable(*state, bob, NULL), 0);
    assert_int_equal(smail_account_login(&id, *state, user,
                                         SMAIL__SPAN("Hello world!"), NULL),
                     0);
}

static void an_account_goes_with_its_second_factor(void **state)
{
    smail_totp_secret secret;
    smail_totp_codes codes;
    smail_id bob = add_bob(*state);

    enable(&codes, &secret, *state, bob);
    assert_int_equal(smail_account_remove(*state, bob, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_password_alone_opens_nothing_while_it_is_in_force),
        STORE_TEST(each_code_is_taken_once),
        STORE_TEST(recovery_codes_stand_in_once),
        STORE_TEST(guessing_is_bounded),
        STORE_TEST(an_app_is_told_for_whom),
        STORE_TEST(app_passwords_still_open),
        STORE_TEST(a_hash_of_another_server_opens_nothing_either),
        STORE_TEST(an_account_goes_with_its_second_factor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
