/* SPDX-License-Identifier: MIT */
/* App passwords as SCRAM sees them. */
#include "account/app_password_keys.h"

#include "store_fixture.h"

#define NOW 1000000

static void add(char out[SMAIL__APP_PASSWORD_SIZE], smail_store *store,
                smail_id account, int64_t expires_at)
{
    smail_id id;

    assert_int_equal(smail__app_password_add(&id, out, store,
                                             &(struct smail__app_password_wish){
                                                 .account = account,
                                                 .name = SMAIL__SPAN("x"),
                                                 .expires_at = expires_at },
                                             NOW, NULL),
                     0);
}

static void get(struct smail__app_password_keys *out, smail_store *store,
                const char *user, int64_t now)
{
    assert_int_equal(
        smail__app_password_keys(out, store, smail__span(user), now, NULL), 0);
    assert_int_equal(out->scram[0].iterations, SMAIL__SCRAM_ITERATIONS);
}

static void all_passwords_of_an_account_share_a_salt(void **state)
{
    static struct smail__app_password_keys keys, none;
    char first[SMAIL__APP_PASSWORD_SIZE], second[SMAIL__APP_PASSWORD_SIZE];
    smail_id bob = add_account(*state, "bob@example.test");
    struct smail__scram expected;

    get(&none, *state, "bob@example.test", NOW);
    assert_int_equal(none.count, 0);
    add(first, *state, bob, 0);
    add(second, *state, bob, 0);
    get(&keys, *state, "Bob@example.TEST", NOW);
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.account, bob);
    assert_string_equal(keys.address, "bob@example.test");
    assert_memory_equal(keys.scram[0].salt, keys.scram[1].salt,
                        SMAIL__SCRAM_SALT_LEN);
    /* The first password has not changed what a stranger sees. */
    assert_memory_equal(keys.scram[0].salt, none.scram[0].salt,
                        SMAIL__SCRAM_SALT_LEN);
    expected = keys.scram[1];
    assert_int_equal(smail__scram_derive(&expected, smail__span(first), NULL),
                     0);
    assert_memory_equal(expected.stored_key, keys.scram[1].stored_key,
                        SMAIL__SHA256_LEN);
}

static void a_stranger_gets_a_salt_of_his_own_and_keeps_it(void **state)
{
    static struct smail__app_password_keys one, again, other, odd;

    get(&one, *state, "nobody@example.test", NOW);
    get(&again, *state, "NOBODY@example.test", NOW + 1);
    get(&other, *state, "somebody@example.test", NOW);
    get(&odd, *state, "no address", NOW);
    assert_int_equal(one.count + again.count + other.count + odd.count, 0);
    assert_int_equal(one.account, 0);
    assert_memory_equal(one.scram[0].salt, again.scram[0].salt,
                        SMAIL__SCRAM_SALT_LEN);
    assert_memory_not_equal(one.scram[0].salt, other.scram[0].salt,
                            SMAIL__SCRAM_SALT_LEN);
    assert_memory_not_equal(one.scram[0].salt, odd.scram[0].salt,
                            SMAIL__SCRAM_SALT_LEN);
}

static void what_is_over_is_not_there(void **state)
{
    static struct smail__app_password_keys keys;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id bob = add_account(*state, "bob@example.test");

    add(password, *state, bob, NOW + 10);
    get(&keys, *state, "bob@example.test", NOW + 9);
    assert_int_equal(keys.count, 1);
    get(&keys, *state, "bob@example.test", NOW + 10);
    assert_int_equal(keys.count, 0);
    assert_int_equal(smail_account_set_disabled(*state, bob, true, NULL), 0);
    get(&keys, *state, "bob@example.test", NOW);
    assert_int_equal(keys.count, 0);
}

static int give_another_salt(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__statement *statement;
    unsigned char packed[SMAIL__SCRAM_PACKED] = { 0, 0, 16, 0, 'o', 'l', 'd' };
    int rc = smail__db_prepare(&statement, smail__tx_db(tx),
                               "UPDATE app_password SET scram = $1", err);

    (void)arg;
    assert_int_equal(rc, 0);
    smail__bind_blob(statement, 1,
                     (smail_span){ (const char *)packed, sizeof(packed) });
    return smail__statement_run(statement, err);
}

/* One that was made before salts were shared still works by PLAIN. */
static void an_odd_salt_does_not_hide_the_others(void **state)
{
    static struct smail__app_password_keys keys;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id bob = add_account(*state, "bob@example.test");

    add(password, *state, bob, 0);
    assert_int_equal(smail__store_write(*state, give_another_salt, NULL, NULL),
                     0);
    get(&keys, *state, "bob@example.test", NOW);
    assert_int_equal(keys.count, 1);
    add(password, *state, bob, 0);
    get(&keys, *state, "bob@example.test", NOW);
    assert_int_equal(keys.count, 1);
    assert_memory_not_equal(keys.scram[0].salt, "old", 3);
}

static int note_last_used(const struct smail__app_password *password,
                          void *user)
{
    *(int64_t *)user = password->last_used;
    return 0;
}

static void its_use_is_written_down(void **state)
{
    static struct smail__app_password_keys keys;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id bob = add_account(*state, "bob@example.test");
    int64_t last_used = 0;

    add(password, *state, bob, 0);
    get(&keys, *state, "bob@example.test", NOW);
    smail__app_password_used(&keys, 0, *state, NOW);
    assert_int_equal(
        smail__app_password_list(*state, bob, note_last_used, &last_used, NULL),
        0);
    assert_int_equal(last_used, NOW);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(all_passwords_of_an_account_share_a_salt),
        STORE_TEST(a_stranger_gets_a_salt_of_his_own_and_keeps_it),
        STORE_TEST(what_is_over_is_not_there),
        STORE_TEST(an_odd_salt_does_not_hide_the_others),
        STORE_TEST(its_use_is_written_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
