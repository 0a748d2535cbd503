/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <time.h>

#include "account/app_password.h"
#include "account/login.h"
#include "crypto/foreign.h"
#include "crypto/password.h"
#include "store/store.h"

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

static int login(smail_store *store, const char *user, const char *password)
{
    smail_id id = 0;
    int rc = smail_account_login(&id, store, smail__span(user),
                                 smail__span(password), NULL);

    assert_true((rc == 0) == (id != 0));
    return rc;
}

static void the_password_opens_and_nothing_else_does(void **state)
{
    add_bob(*state);
    add_account(*state, "carol@example.test");

    assert_int_equal(login(*state, "bob@example.test", SECRET), 0);
    assert_int_equal(login(*state, "Bob@EXAMPLE.test", SECRET), 0);
    assert_int_equal(login(*state, "bob@example.test", "Correct horse"),
                     SMAIL_EAUTH);
    assert_int_equal(login(*state, "bob@example.test", ""), SMAIL_EAUTH);
    assert_int_equal(login(*state, "bob", SECRET), SMAIL_EAUTH);
    assert_int_equal(login(*state, "", SECRET), SMAIL_EAUTH);
    assert_int_equal(login(*state, "nobody@example.test", SECRET), SMAIL_EAUTH);
    assert_int_equal(login(*state, "carol@example.test", SECRET), SMAIL_EAUTH);
    assert_int_equal(login(*state, "carol@example.test", ""), SMAIL_EAUTH);
    assert_int_equal(login(*state, "bob+x@example.test", SECRET), SMAIL_EAUTH);
}

static void nuls_and_lengths_are_harmless(void **state)
{
    char password[2000];
    smail_id id = 0;

    add_bob(*state);
    memset(password, 'x', sizeof(password));
    assert_int_equal(smail_account_login(&id, *state,
                                         SMAIL__SPAN("bob@example.test\0x"),
                                         SMAIL__SPAN(SECRET), NULL),
                     SMAIL_EAUTH);
    assert_int_equal(smail_account_login(&id, *state,
                                         SMAIL__SPAN("bob@example.test"),
                                         SMAIL__SPAN("correct\0horse"), NULL),
                     SMAIL_EAUTH);
    assert_int_equal(
        smail_account_login(&id, *state, SMAIL__SPAN("bob@example.test"),
                            (smail_span){ password, sizeof(password) }, NULL),
        SMAIL_EAUTH);
    assert_int_equal(
        smail_account_login(&id, *state,
                            (smail_span){ password, sizeof(password) },
                            SMAIL__SPAN(SECRET), NULL),
        SMAIL_EAUTH);
}

static void a_new_password_replaces_the_old_one(void **state)
{
    smail_id bob = add_bob(*state);

    assert_int_equal(smail_account_set_password(
                         *state, bob, SMAIL__SPAN("another one"), NULL),
                     0);
    assert_int_equal(login(*state, "bob@example.test", SECRET), SMAIL_EAUTH);
    assert_int_equal(login(*state, "bob@example.test", "another one"), 0);
    assert_int_equal(
        smail_account_set_password(*state, bob, SMAIL__SPAN("short"), NULL),
        SMAIL_EINVAL);
    assert_int_equal(login(*state, "bob@example.test", "another one"), 0);
}

static void a_disabled_account_is_closed(void **state)
{
    smail_id bob = add_bob(*state);

    assert_int_equal(smail_account_set_disabled(*state, bob, true, NULL), 0);
    assert_int_equal(login(*state, "bob@example.test", SECRET), SMAIL_EAUTH);
    assert_goes_to(*state, "bob@example.test", bob);
    assert_int_equal(smail_account_set_disabled(*state, bob, false, NULL), 0);
    assert_int_equal(login(*state, "bob@example.test", SECRET), 0);
}

/* --- Hashes of other servers ---------------------------------------------- */

#define HELLO_HASH "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"

/* Of 72 times 'a'. */
#define LONG_HASH "$2b$04$CCCCCCCCCCCCCCCCCCCCC.mDyzbhj.9K0apb9O/AGMWwoLXiYAu6u"

static void assert_stored(smail_store *store, const char *start)
{
    struct smail__statement *statement;
    struct smail__db *db;
    smail_span hash;

    assert_int_equal(smail__store_begin_read(&db, store, NULL), 0);
    assert_int_equal(smail__db_prepare(&statement, db,
                                       "SELECT password FROM account"
                                       " WHERE address = 'bob@example.test'",
                                       NULL),
                     0);
    assert_int_equal(smail__statement_step(statement, NULL), 1);
    hash = smail__column_span(statement, 0);
    assert_true(hash.len >= strlen(start));
    assert_memory_equal(hash.data, start, strlen(start));
    smail__statement_reset(statement);
    smail__store_end_read(store, db);
}

static void a_hash_of_another_server_becomes_ours_at_the_login(void **state)
{
    smail_id bob = add_bob(*state);

    assert_int_equal(
        smail_account_set_password_hash(
            *state, bob, SMAIL__SPAN("{SHA256-CRYPT}" HELLO_HASH), NULL),
        0);
    assert_int_equal(login(*state, "bob@example.test", SECRET), SMAIL_EAUTH);
    assert_stored(*state, HELLO_HASH);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(login(*state, "bob@example.test", "Hello world!"), 0);
        assert_stored(*state, "$scrypt$");
    }
    assert_int_equal(login(*state, "bob@example.test", "Hello world"),
                     SMAIL_EAUTH);
}

static void a_hash_that_is_not_taken_changes_nothing(void **state)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_id bob = add_bob(*state);

    assert_int_equal(smail_account_set_password_hash(
                         *state, bob, SMAIL__SPAN("$1$a$b"), NULL),
                     SMAIL_EINVAL);
    assert_int_equal(smail_account_set_password_hash(
                         *state, bob, (smail_span){ NULL, 0 }, NULL),
                     SMAIL_EINVAL);
    assert_int_equal(smail_account_set_password_hash(
                         *state, bob + 1000, SMAIL__SPAN(HELLO_HASH), NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(login(*state, "bob@example.test", SECRET), 0);
    options.password_hash = SMAIL__SPAN(HELLO_HASH);
    options.password = SMAIL__SPAN(SECRET);
    assert_int_equal(
        smail_account_add(NULL, *state, "carol@example.test", &options, NULL),
        SMAIL_EINVAL);
    options.password.len = 0;
    assert_int_equal(
        smail_account_add(NULL, *state, "carol@example.test", &options, NULL),
        0);
    assert_int_equal(login(*state, "carol@example.test", "Hello world!"), 0);
}

/* What bcrypt did not look at may be a slip: it must not become the password. */
static void a_password_beyond_bcrypt_is_not_hashed_anew(void **state)
{
    smail_id bob = add_bob(*state);
    char text[SMAIL__BCRYPT_PASSWORD_MAX + 2] = "";

    memset(text, 'a', SMAIL__BCRYPT_PASSWORD_MAX);
    assert_int_equal(smail_account_set_password_hash(
                         *state, bob, SMAIL__SPAN(LONG_HASH), NULL),
                     0);
    text[SMAIL__BCRYPT_PASSWORD_MAX] = 'x';
    assert_int_equal(login(*state, "bob@example.test", text), 0);
    assert_stored(*state, LONG_HASH);
    text[SMAIL__BCRYPT_PASSWORD_MAX] = '\0';
    assert_int_equal(login(*state, "bob@example.test", text), 0);
    assert_stored(*state, "$scrypt$");
}

/* --- App passwords ------------------------------------------------------- */

static int64_t last_use(smail_store *store)
{
    struct smail__statement *statement;
    struct smail__db *db;
    int64_t result;

    assert_int_equal(smail__store_begin_read(&db, store, NULL), 0);
    assert_int_equal(smail__db_prepare(&statement, db,
                                       "SELECT last_used FROM app_password",
                                       NULL),
                     0);
    assert_int_equal(smail__statement_step(statement, NULL), 1);
    result = smail__column_int(statement, 0);
    smail__statement_reset(statement);
    smail__store_end_read(store, db);
    return result;
}

static void an_app_password_opens_for_its_owner_alone(void **state)
{
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id bob = add_bob(*state), id, out;

    add_account(*state, "carol@example.test");
    assert_int_equal(smail__app_password_add(
                         &id, password, *state,
                         &(struct smail__app_password_wish){
                             .account = bob, .name = SMAIL__SPAN("phone") },
                         1000, NULL),
                     0);
    assert_int_equal(login(*state, "bob@example.test", password), 0);
    assert_int_equal(login(*state, "BOB@example.test", password), 0);
    assert_int_equal(login(*state, "carol@example.test", password),
                     SMAIL_EAUTH);
    assert_int_equal(login(*state, "bob", password), SMAIL_EAUTH);
    assert_int_equal(login(*state, "bob@example.test", SECRET), 0);
    assert_int_equal(smail__login_owner(&out, *state,
                                        SMAIL__SPAN("bob@example.test"),
                                        smail__span(password), NULL),
                     SMAIL_EAUTH);
    assert_int_equal(smail_account_set_disabled(*state, bob, true, NULL), 0);
    assert_int_equal(login(*state, "bob@example.test", password), SMAIL_EAUTH);
    assert_int_equal(smail_account_set_disabled(*state, bob, false, NULL), 0);
    assert_int_equal(smail__app_password_remove(*state, bob, id, NULL), 0);
    assert_int_equal(login(*state, "bob@example.test", password), SMAIL_EAUTH);
}

static void an_app_password_opens_what_it_is_for(void **state)
{
    static const enum smail__app_scope all[] = { SMAIL__SCOPE_ALL,
                                                 SMAIL__SCOPE_SMTP,
                                                 SMAIL__SCOPE_JMAP };
    const smail_span bob_name = SMAIL__SPAN("bob@example.test");
    char password[SMAIL__APP_PASSWORD_SIZE];
    struct smail__app_password_wish wish = { .name = SMAIL__SPAN("phone") };
    smail_id id, out;

    wish.account = add_bob(*state);
    for (size_t i = 0; i < 3; i++) {
        wish.scope = all[i];
        assert_int_equal(
            smail__app_password_add(&id, password, *state, &wish, 1000, NULL),
            0);
        for (size_t k = 0; k < 3; k++) {
            int expected =
                wish.scope == SMAIL__SCOPE_ALL || all[k] == wish.scope
                    ? 0
                    : SMAIL_EAUTH;

            assert_int_equal(
                smail__app_password_check(&out, *state, all[k], bob_name,
                                          smail__span(password), 1000, NULL),
                expected);
            assert_int_equal(smail__app_password_find(&out, *state, all[k],
                                                      smail__span(password),
                                                      1000, NULL),
                             expected);
        }
        assert_int_equal(login(*state, "bob@example.test", password),
                         i == 0 ? 0 : SMAIL_EAUTH);
    }
}

static void an_app_password_is_written_down_once_an_hour(void **state)
{
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_span bob_name = SMAIL__SPAN("bob@example.test");
    smail_id bob = add_bob(*state), id;
    static const struct {
        int64_t at, noted;
    } uses[] = { { 10000, 10000 },
                 { 10001, 10000 },
                 { 13599, 10000 },
                 { 13600, 13600 },
                 { 13601, 13600 } };

    assert_int_equal(smail__app_password_add(&id, password, *state,
                                             &(struct smail__app_password_wish){
                                                 .account = bob,
                                                 .name = SMAIL__SPAN("phone"),
                                                 .expires_at = 20000 },
                                             1000, NULL),
                     0);
    for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
        assert_int_equal(
            smail__app_password_check(&id, *state, SMAIL__SCOPE_ALL, bob_name,
                                      smail__span(password), uses[i].at, NULL),
            0);
        assert_int_equal(last_use(*state), uses[i].noted);
    }
    assert_int_equal(smail__app_password_check(&id, *state, SMAIL__SCOPE_ALL,
                                               bob_name, smail__span(password),
                                               19999, NULL),
                     0);
    assert_int_equal(smail__app_password_check(&id, *state, SMAIL__SCOPE_ALL,
                                               bob_name, smail__span(password),
                                               20000, NULL),
                     SMAIL_EAUTH);
}

/* --- Old hashes ---------------------------------------------------------- */

/* RFC 7914, 12: of "pleaseletmein", with lower costs than ours. */
#define OLD_HASH                                  \
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"  \
    "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofL" \
    "VQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"

static int put_hash(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx),
                               "UPDATE account SET password = $1", err);

    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(arg));
    return smail__statement_run(statement, err);
}

static void get_hash(char out[300], smail_store *store)
{
    struct smail__statement *statement;
    struct smail__db *db;

    assert_int_equal(smail__store_begin_read(&db, store, NULL), 0);
    assert_int_equal(
        smail__db_prepare(&statement, db, "SELECT password FROM account", NULL),
        0);
    assert_int_equal(smail__statement_step(statement, NULL), 1);
    smail__format(out, 300, "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 0)));
    smail__statement_reset(statement);
    smail__store_end_read(store, db);
}

static void an_old_hash_is_renewed_at_login(void **state)
{
    char hash[300], old[] = OLD_HASH;

    add_bob(*state);
    assert_int_equal(smail__store_write(*state, put_hash, old, NULL), 0);

    assert_int_equal(login(*state, "bob@example.test", "wrong"), SMAIL_EAUTH);
    get_hash(hash, *state);
    assert_string_equal(hash, OLD_HASH);
    assert_int_equal(login(*state, "bob@example.test", "pleaseletmein"), 0);
    get_hash(hash, *state);
    assert_false(smail__password_is_outdated(smail__span(hash)));
    assert_int_equal(login(*state, "bob@example.test", "pleaseletmein"), 0);
}

static void a_broken_hash_is_reported(void **state)
{
    char broken[] = "plain text";
    smail_id id;

    add_bob(*state);
    assert_int_equal(smail__store_write(*state, put_hash, broken, NULL), 0);
    assert_int_equal(smail_account_login(&id, *state,
                                         SMAIL__SPAN("bob@example.test"),
                                         SMAIL__SPAN("plain text"), NULL),
                     SMAIL_ECORRUPT);
}

/* --- Time ---------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void time_does_not_tell_what_was_wrong(void **state)
{
    static const char *const users[] = { "bob@example.test",
                                         "nobody@example.test",
                                         "not an address", "off@example.test" };
    double least[4] = { 1e9, 1e9, 1e9, 1e9 };
    smail_id off;

    add_bob(*state);
    off = add_account(*state, "off@example.test");
    assert_int_equal(
        smail_account_set_password(*state, off, SMAIL__SPAN(SECRET), NULL), 0);
    assert_int_equal(smail_account_set_disabled(*state, off, true, NULL), 0);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 4; i++) {
            double start = seconds();

            assert_int_equal(
                login(*state, users[i], i == 3 ? SECRET : "wrong one"),
                SMAIL_EAUTH);
            start = seconds() - start;
            least[i] = start < least[i] ? start : least[i];
        }
    }
    for (int i = 1; i < 4; i++)
        assert_true(least[i] > least[0] * 0.6 && least[i] < least[0] * 1.6);
}

static void a_right_app_password_costs_no_slow_hash(void **state)
{
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id bob = add_bob(*state), id;
    double slow, fast;

    assert_int_equal(smail__app_password_add(
                         &id, password, *state,
                         &(struct smail__app_password_wish){
                             .account = bob, .name = SMAIL__SPAN("phone") },
                         1000, NULL),
                     0);
    assert_int_equal(login(*state, "bob@example.test", password), 0);
    slow = seconds();
    assert_int_equal(login(*state, "bob@example.test", SECRET), 0);
    slow = seconds() - slow;
    fast = seconds();
    assert_int_equal(login(*state, "bob@example.test", password), 0);
    fast = seconds() - fast;
    assert_true(fast < slow / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_password_opens_and_nothing_else_does),
        STORE_TEST(nuls_and_lengths_are_harmless),
        STORE_TEST(a_new_password_replaces_the_old_one),
        STORE_TEST(a_disabled_account_is_closed),
        STORE_TEST(a_hash_of_another_server_becomes_ours_at_the_login),
        STORE_TEST(a_hash_that_is_not_taken_changes_nothing),
        STORE_TEST(a_password_beyond_bcrypt_is_not_hashed_anew),
        STORE_TEST(an_app_password_opens_for_its_owner_alone),
        STORE_TEST(an_app_password_opens_what_it_is_for),
        STORE_TEST(an_app_password_is_written_down_once_an_hour),
        STORE_TEST(a_right_app_password_costs_no_slow_hash),
        STORE_TEST(an_old_hash_is_renewed_at_login),
        STORE_TEST(a_broken_hash_is_reported),
        STORE_TEST(time_does_not_tell_what_was_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
