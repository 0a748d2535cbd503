/* SPDX-License-Identifier: MIT */
/* The second factor of an account: in force or not, each code once. */
#include "store_fixture.h"

#include "account/app_password.h"
#include "account/totp.h"
#include "base/format.h"

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

static smail_span code_at(char out[8], const unsigned char *secret, int64_t now)
{
    smail_span key = { (const char *)secret, SMAIL__TOTP_SECRET_LEN };

    smail__format(out, 8, "%06u",
                  (unsigned)smail__hotp(key, (uint64_t)now / 30, 6));
    return (smail_span){ out, 6 };
}

static void enable(struct smail__recovery_codes *codes, unsigned char *secret,
                   smail_store *store, smail_id bob)
{
    char code[8];

    assert_int_equal(smail__totp_begin(secret, store, bob, NULL), 0);
    assert_int_equal(smail__totp_confirm(codes, store, bob,
                                         code_at(code, secret, NOW), NOW, NULL),
                     0);
}

static void a_password_alone_opens_nothing_while_it_is_in_force(void **state)
{
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    struct smail__recovery_codes codes;
    struct smail__totp_status status;
    smail_id bob = add_bob(*state);
    char code[8];

    assert_int_equal(smail__totp_begin(secret, *state, bob, NULL), 0);
    assert_int_equal(login(*state), 0);
    assert_int_equal(
        smail__totp_check(*state, bob, code_at(code, secret, NOW), NOW, NULL),
        SMAIL_EAUTH);
    assert_int_equal(smail__totp_confirm(&codes, *state, bob,
                                         SMAIL__SPAN("abcdef"), NOW, NULL),
                     SMAIL_EAUTH);
    assert_int_equal(smail__totp_confirm(&codes, *state, bob,
                                         code_at(code, secret, NOW), NOW, NULL),
                     0);
    assert_int_equal(login(*state), SMAIL_EAUTH);
    assert_int_equal(smail__totp_status(&status, *state, bob, NULL), 0);
    assert_int_equal(status.confirmed_at, NOW);
    assert_int_equal(status.codes_left, SMAIL__RECOVERY_CODES);
    assert_int_equal(smail__totp_begin(secret, *state, bob, NULL),
                     SMAIL_ESTATE);

    assert_int_equal(smail__totp_disable(*state, bob, NULL), 0);
    assert_int_equal(login(*state), 0);
    assert_int_equal(smail__totp_status(&status, *state, bob, NULL), 0);
    assert_int_equal(status.confirmed_at, 0);
}

static void each_code_is_taken_once(void **state)
{
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    struct smail__recovery_codes codes;
    smail_id bob = add_bob(*state);
    char code[8];

    enable(&codes, secret, *state, bob);
    assert_int_equal(
        smail__totp_check(*state, bob, code_at(code, secret, NOW), NOW, NULL),
        SMAIL_EAUTH);
    code_at(code, secret, NOW + 30);
    assert_int_equal(
        smail__totp_check(*state, bob, (smail_span){ code, 6 }, NOW + 30, NULL),
        0);
    assert_int_equal(
        smail__totp_check(*state, bob, (smail_span){ code, 6 }, NOW + 30, NULL),
        SMAIL_EAUTH);
}

static void recovery_codes_stand_in_once(void **state)
{
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    struct smail__recovery_codes codes, renewed;
    struct smail__totp_status status;
    smail_id bob = add_bob(*state);

    assert_int_equal(smail__totp_renew_codes(&codes, *state, bob, NULL),
                     SMAIL_ESTATE);
    enable(&codes, secret, *state, bob);
    for (int i = 0; i < SMAIL__RECOVERY_CODES; i++)
        for (int k = 0; k < 2; k++)
            assert_int_equal(smail__totp_check(*state, bob,
                                               smail__span(codes.text[i]), NOW,
                                               NULL),
                             k == 0 ? 0 : SMAIL_EAUTH);
    assert_int_equal(smail__totp_status(&status, *state, bob, NULL), 0);
    assert_int_equal(status.codes_left, 0);
    assert_int_equal(smail__totp_renew_codes(&renewed, *state, bob, NULL), 0);
    assert_int_equal(
        smail__totp_check(*state, bob, smail__span(codes.text[0]), NOW, NULL),
        SMAIL_EAUTH);
    assert_int_equal(
        smail__totp_check(*state, bob, smail__span(renewed.text[9]), NOW, NULL),
        0);
}

static void app_passwords_still_open(void **state)
{
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    char password[SMAIL__APP_PASSWORD_SIZE];
    struct smail__recovery_codes codes;
    smail_id bob = add_bob(*state), id = 0;

    enable(&codes, secret, *state, bob);
    assert_int_equal(smail__app_password_add(&id, password, *state, bob,
                                             SMAIL__SPAN("phone"), 0, NOW,
                                             NULL),
                     0);
    assert_int_equal(smail_account_login(&id, *state,
                                         SMAIL__SPAN("bob@example.test"),
                                         smail__span(password), NULL),
                     0);
    assert_int_equal(id, bob);
    assert_int_equal(login(*state), SMAIL_EAUTH);
}

/* Of "Hello world!". */
static void a_hash_of_another_server_opens_nothing_either(void **state)
{
    smail_span hash = SMAIL__SPAN(
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
    smail_span user = SMAIL__SPAN("bob@example.test");
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    struct smail__recovery_codes codes;
    smail_id bob = add_bob(*state), id = 0;

    enable(&codes, secret, *state, bob);
    assert_int_equal(smail_account_set_password_hash(*state, bob, hash, NULL),
                     0);
    assert_int_equal(smail_account_login(&id, *state, user,
                                         SMAIL__SPAN("Hello world!"), NULL),
                     SMAIL_EAUTH);
    assert_int_equal(smail__totp_disable(*state, bob, NULL), 0);
    assert_int_equal(smail_account_login(&id, *state, user,
                                         SMAIL__SPAN("Hello world!"), NULL),
                     0);
}

static void an_account_goes_with_its_second_factor(void **state)
{
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    struct smail__recovery_codes codes;
    smail_id bob = add_bob(*state);

    enable(&codes, secret, *state, bob);
    assert_int_equal(smail_account_remove(*state, bob, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_password_alone_opens_nothing_while_it_is_in_force),
        STORE_TEST(each_code_is_taken_once),
        STORE_TEST(recovery_codes_stand_in_once),
        STORE_TEST(app_passwords_still_open),
        STORE_TEST(a_hash_of_another_server_opens_nothing_either),
        STORE_TEST(an_account_goes_with_its_second_factor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
